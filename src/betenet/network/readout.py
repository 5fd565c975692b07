"""From the scalars of each site to its share of the spectrum, never negative."""

from __future__ import annotations

from math import log, pi, sqrt

import torch
from ase.data import atomic_masses
from torch import Tensor
from torch.nn import functional

from betenet.network.batch import Geometry
from betenet.network.config import NetworkConfig
from betenet.network.layers import Parameters, silu

# The peaks start out spread over the acoustic and optical range of a typical metal [ln meV].
CENTRE = log(20.0)
SPREAD = 0.9
TYPICAL_MASS = 60.0
"""Mass at which peaks start at `CENTRE` [u]."""
TYPICAL_STRENGTH = -0.87
"""softplus of it is 0.35, the λ of a typical metal."""
LOWEST, HIGHEST = 0.6, 420.0
"""Where centres of peaks end, as the grids of the shipped networks do: beyond, a spectrum would be
lost, and with it λ. Crystals far from any training would have none otherwise [meV]."""
NARROWEST = 0.09
"""Smallest width of a peak in ln ω; about the grid's own resolution."""


def lognormal_readout(
    config: NetworkConfig,
    parameters: Parameters,
    scalars: Tensor,
    source: Tensor,
    g: Geometry,
    dropout: float = 0.0,
) -> tuple[Tensor, Tensor]:
    r"""Spectrum of each site as a sum of log-normal peaks, and its electronic density of states.

    .. math:: \alpha^2F(\omega) = \tfrac12 \sum_k \lambda_k \,
              \mathcal{N}(\ln\omega;\, \mu_k, \sigma_k)

    so that 2∫α²F/ω dω = Σλ_k: coupling strengths, frequencies and widths are learnt on their own
    scales, and α²F falls faster than ω² below the lowest peak.

    Parameters
    ----------
    scalars
        (site, channel).
    source
        Index of the level of theory of each crystal (crystal,).
    dropout
        Share of the hidden units left out, in training.

    Returns
    -------
    Tensor
        α²F (site, frequency) [1].
    Tensor
        Electronic density of states at the Fermi level (site,) [1/eV]. It only serves training:
        λ is proportional to it, and many more materials tell it than tell a spectrum.
    """
    labels = parameters["readout.source"][source][g.crystal]
    raw = two_layers(config, parameters, "readout", readout_inputs(scalars, g), labels, dropout)
    strength, centre, width, shift = raw.split([config.peaks] * 3 + [3], dim=1)
    start = torch.linspace(-SPREAD, SPREAD, config.peaks, dtype=raw.dtype, device=raw.device)
    centre = CENTRE + start + centre + shift[:, 1:2]
    if config.mass_scaling:
        masses = torch.as_tensor(atomic_masses, dtype=raw.dtype, device=raw.device)[g.numbers]
        centre = centre - 0.5 * torch.log(masses / TYPICAL_MASS)[:, None]
    dos = torch.exp(shift[:, 2].clamp(max=6.0))
    # softplus grows linearly where exp would run away: one odd site cannot rule the ensemble.
    strength = functional.softplus(shift[:, :1] + TYPICAL_STRENGTH) * torch.softmax(strength, 1)
    width = NARROWEST + functional.softplus(width - 1.5)
    grid = torch.as_tensor(config.frequencies, dtype=raw.dtype, device=raw.device).log()
    centre = centre.clamp(log(LOWEST), log(HIGHEST))
    scaled = (grid - centre[:, :, None]) / width[:, :, None]
    height = strength / width / (2 * sqrt(2 * pi))
    site = torch.einsum("sk,skf->sf", height, torch.exp(-0.5 * scaled**2))
    return site, dos


def readout_inputs(scalars: Tensor, g: Geometry) -> Tensor:
    """Scalars of each site, of its crystal and of its composition (site, input)."""
    crystal = torch.cat([g.pool @ scalars, g.statistics], dim=1)
    return torch.cat([scalars, crystal[g.crystal]], dim=1)


def two_layers(
    config: NetworkConfig,
    parameters: Parameters,
    name: str,
    inputs: Tensor,
    labels: Tensor | float,
    dropout: float,
) -> Tensor:
    """Outputs of a neural network with two hidden layers (site, output).

    Parameters
    ----------
    name
        What its parameters are called before the dot.
    inputs
        (site, input).
    labels
        Added to the first hidden layer (site, hidden).
    dropout
        Share of the hidden units left out.
    """
    hidden = silu(inputs @ parameters[f"{name}.in"] / sqrt(inputs.shape[1]) + labels)
    hidden = functional.dropout(hidden, dropout, training=dropout > 0)
    hidden = silu(hidden @ parameters[f"{name}.mid"] / sqrt(config.hidden))
    hidden = functional.dropout(hidden, dropout, training=dropout > 0)
    return hidden @ parameters[f"{name}.out"] / sqrt(config.hidden) + parameters[f"{name}.bias"]


def bins_readout(scalars: Tensor) -> Tensor:
    """One rectified value for each frequency, as published."""
    return torch.relu(scalars)
