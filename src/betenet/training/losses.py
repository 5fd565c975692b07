"""Losses on what is known of a spectrum: its moments everywhere, its shape where there is one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from betenet.datasets.rows import TARGETS

TOP_SHARE = 0.005
"""Share of the area of α²F that may lie above ω_max."""
TINY = 1e-12
TYPICAL = tuple(np.log([0.36, 18.0, 20.0, 22.0, 24.0, 40.0]).tolist())
"""Logarithms of typical targets, in the order of `TARGETS` [ln 1, ln meV]."""


@dataclass(frozen=True, slots=True)
class GridMoments:
    """Moments of α²F on one grid, differentiable.

    Attributes
    ----------
    frequencies
        The grid [meV] (frequency,).
    weights
        Trapezoid weights [meV] (frequency,).
    """

    frequencies: Tensor
    weights: Tensor

    @classmethod
    def on(
        cls, frequencies: Float[np.ndarray, " n_freq"], dtype: torch.dtype = torch.float32
    ) -> GridMoments:
        """For a grid [meV]."""
        steps = np.diff(frequencies)
        weights = 0.5 * (np.append(steps, 0) + np.append(0, steps))
        return cls(torch.tensor(frequencies, dtype=dtype), torch.tensor(weights, dtype=dtype))

    def log_moments(self, a2f: Tensor) -> Tensor:
        """Natural logarithms of λ, ω_log, ω_1, ω_2, ω_3 and ω_max [ln 1, ln meV].

        Parameters
        ----------
        a2f
            (…, frequency) [1].

        Returns
        -------
        Tensor
            (…, target), in the order of `TARGETS`.
        """
        log_frequencies = self.frequencies.log()
        density = a2f * (2 * self.weights / self.frequencies)
        coupling = density.sum(-1).clamp(min=TINY)
        share = density / coupling[..., None]
        columns = [coupling.log(), share @ log_frequencies]
        columns += [(share @ self.frequencies**n).clamp(min=TINY).log() / n for n in (1, 2, 3)]
        area = (a2f * self.weights).cumsum(-1)
        below = area / area[..., -1:].clamp(min=TINY)
        columns.append(self._crossing(below, log_frequencies))
        return torch.stack(columns, dim=-1)

    @staticmethod
    def _crossing(below: Tensor, log_frequencies: Tensor) -> Tensor:
        """Ln ω where the cumulative area reaches 1 - TOP_SHARE, between grid points linear."""
        level = 1 - TOP_SHARE
        upper = (below < level).sum(-1, keepdim=True).clamp(1, below.shape[-1] - 1)
        low, high = below.gather(-1, upper - 1), below.gather(-1, upper)
        share = ((level - low) / (high - low).clamp(min=TINY)).clamp(0, 1)
        step = log_frequencies[1:] - log_frequencies[:-1]
        position = log_frequencies[upper - 1] + share * step[upper - 1]
        return position.squeeze(-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LossConfig:
    """Weights of the parts of the loss."""

    coupling: float = 1.0
    omega_log: float = 1.0
    omega_1: float = 0.5
    omega_2: float = 1.0
    omega_3: float = 0.5
    omega_max: float = 0.25
    fermi_dos: float = 0.5
    """Electronic density of states at the Fermi level, where it is known."""
    spectrum: float = 0.3
    """Wasserstein-1 distance between normalised spectra, relative to ω_1."""
    smoothness: float = 0.0
    """Mean squared second difference of the normalised spectrum along the grid."""
    huber: float = 0.3
    """Errors of a logarithm beyond this count linearly."""
    coupling_power: float = 0.0
    """Weight of an error of λ grows with the target to this power: 0 asks for relative errors, 1
    for mean absolute, 2 for mean squared ones."""
    frequency_power: float = 1.0
    """Power of the target by which an error of a frequency grows, as that of λ does."""


def moment_loss(config: LossConfig, predicted: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Huber loss on logarithms of moments; unknown targets do not count.

    Parameters
    ----------
    predicted
        (crystal, target), from `GridMoments.log_moments`.
    targets
        Known values of them, NaN where unknown.
    weights
        Weight of each crystal (crystal,).
    """
    parts = torch.tensor([getattr(config, name) for name in TARGETS], dtype=predicted.dtype)
    error = _known_error(config, predicted, targets)
    # Relative to typical values; clamped, so that one extreme row cannot rule a batch.
    relative = (targets - torch.tensor(TYPICAL, dtype=targets.dtype)).nan_to_num(0.0)
    powers = [config.coupling_power] + [config.frequency_power] * (len(TARGETS) - 1)
    growth = torch.exp(torch.tensor(powers, dtype=targets.dtype) * relative.clamp(-1.5, 1.5))
    error = error * growth
    return (error * parts * weights[:, None]).sum() / weights.sum().clamp(min=TINY)


def dos_loss(config: LossConfig, predicted: Tensor, log_dos: Tensor, weights: Tensor) -> Tensor:
    """Huber loss on ln N(E_F); unknown values do not count.

    Parameters
    ----------
    predicted
        [1/eV] (crystal,).
    log_dos
        Natural logarithm of the targets, NaN where unknown (crystal,).
    weights
        Weight of each crystal (crystal,).
    """
    error = _known_error(config, predicted.clamp(min=TINY).log(), log_dos)
    return (error * weights).sum() / weights.sum().clamp(min=TINY)


def _known_error(config: LossConfig, predicted: Tensor, targets: Tensor) -> Tensor:
    """Huber loss of each logarithm; zero, with zero gradient, where the target is NaN."""
    known = torch.where(torch.isfinite(targets), targets, predicted)
    return functional.huber_loss(predicted, known, reduction="none", delta=config.huber)


def smoothness_loss(moments: GridMoments, a2f: Tensor) -> Tensor:
    """Mean squared second difference of ω-weighted, normalised spectra."""
    density = a2f / (a2f * moments.weights / moments.frequencies).sum(-1, keepdim=True).clamp(TINY)
    second = density[..., 2:] - 2 * density[..., 1:-1] + density[..., :-2]
    return second.square().mean()


def spectrum_loss(moments: GridMoments, a2f: Tensor, known: Tensor) -> Tensor:
    """Wasserstein-1 distance between normalised α²F, relative to the mean frequency.

    Parameters
    ----------
    a2f, known
        On the same grid (crystal, frequency).
    """
    cumulative: list[Tensor] = []
    for spectrum in (a2f, known):
        area = (spectrum * moments.weights).cumsum(-1)
        cumulative.append(area / area[..., -1:].clamp(min=TINY))
    distance = ((cumulative[0] - cumulative[1]).abs() * moments.weights).sum(-1)
    share = known * moments.weights
    mean = (share @ moments.frequencies) / share.sum(-1).clamp(min=TINY)
    return (distance / mean).mean()
