"""From the scalars of each site to its phonon density of states."""

from __future__ import annotations

import torch
from ase.data import atomic_masses
from torch import Tensor
from torch.nn import functional

from betenet.network.batch import Geometry
from betenet.network.config import NetworkConfig
from betenet.network.layers import Parameters
from betenet.network.readout import CENTRE, SPREAD, TYPICAL_MASS, readout_inputs, two_layers

NARROWEST = 0.07
"""Smallest width of a peak in ln ω."""
TYPICAL_WIDTH = -1.7
"""softplus of it is 0.17, the width that peaks start with beyond `NARROWEST`."""
STATES = 3.0
"""∫g dω of an atom."""


def outputs_of_vibrations(config: NetworkConfig) -> int:
    """Outputs of a site: share, centre and width of each peak, and a shift of all."""
    return 3 * config.peaks + 1


def vibrations_readout(
    config: NetworkConfig,
    parameters: Parameters,
    scalars: Tensor,
    g: Geometry,
    dropout: float = 0.0,
) -> Tensor:
    """Phonon density of states of each site, as a sum of log-normal peaks.

    Parameters
    ----------
    scalars
        (site, channel).
    dropout
        Share of the hidden units left out, in training.

    Returns
    -------
    Tensor
        g(ω), with ∫g dω = 3 over the grid (site, frequency) [1/meV].
    """
    inputs = readout_inputs(scalars, g)
    raw = two_layers(config, parameters, "readout", inputs, 0.0, dropout)
    share, centre, width, shift = raw.split([config.peaks] * 3 + [1], dim=1)
    masses = torch.as_tensor(atomic_masses, dtype=raw.dtype, device=raw.device)[g.numbers]
    start = torch.linspace(-SPREAD, SPREAD, config.peaks, dtype=raw.dtype, device=raw.device)
    middle = CENTRE + start + centre + shift - 0.5 * torch.log(masses / TYPICAL_MASS)[:, None]
    width = NARROWEST + functional.softplus(width + TYPICAL_WIDTH)
    grid = torch.as_tensor(config.frequencies, dtype=raw.dtype, device=raw.device)
    scaled = (grid.log() - middle[:, :, None]) / width[:, :, None]
    heights = torch.log_softmax(share, 1) - width.log()
    shares = torch.softmax(torch.logsumexp(heights[:, :, None] - 0.5 * scaled**2, 1), 1)
    return STATES * shares / (grid * (grid[1] / grid[0]).log())
