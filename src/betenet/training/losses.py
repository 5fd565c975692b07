"""Losses on what is known of a spectrum: its moments everywhere, its shape where there is one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from betenet.datasets.rows import TARGETS
from betenet.errors import ConfigError
from betenet.superconductivity.integration import log_moment_weights, moment_weights
from betenet.superconductivity.moments import OMEGA_MAX_FRACTION

GRID_SUM = "grid-sum"
MOMENTS = {GRID_SUM: "trapezoid", "onset": "onset"}
"""Integration rule (`superconductivity.moments`) of each way to take the moments of a loss.

``"grid-sum"`` takes ω_max where `TOP_SHARE` of the area is above it, as the shipped models were
trained; ``"onset"`` takes what the package computes everywhere else, ω_max included.
"""
TOP_SHARE = 0.005
"""Share of the area of α²F that lies above ω_max of the grid sum [1]."""
TINY = 1e-12
TYPICAL = tuple(np.log([0.36, 18.0, 20.0, 22.0, 24.0, 40.0]).tolist())
"""Logarithms of typical targets, in the order of `TARGETS` [ln 1, ln meV]."""


@dataclass(frozen=True, slots=True)
class GridMoments:
    """Moments of α²F on one grid, differentiable.

    Attributes
    ----------
    frequencies
        ω of the grid [meV] (frequency,).
    weights
        Trapezoid weights [meV] (frequency,).
    integrals
        Weights of ∫α²F k dω for k of 1/ω, ln ω/ω, 1, ω and ω² [meV^n] (frequency, kernel).
    kind
        Key of `MOMENTS`.
    """

    frequencies: Tensor
    weights: Tensor
    integrals: Tensor
    kind: str

    @classmethod
    def on(
        cls,
        frequencies: Float[np.ndarray, " n_freq"],
        dtype: torch.dtype = torch.float32,
        kind: str = GRID_SUM,
        device: torch.device | str = "cpu",
    ) -> GridMoments:
        """Moments on a grid [meV]."""
        rule = MOMENTS[kind]
        kernels = [moment_weights(frequencies, 0, rule), log_moment_weights(frequencies, rule)]
        kernels += [moment_weights(frequencies, n, rule) for n in (1, 2, 3)]
        arrays = (
            frequencies,
            moment_weights(frequencies, 1, "trapezoid"),
            np.stack(kernels, axis=-1),
        )
        grid, weights, integrals = (
            torch.tensor(array, dtype=dtype, device=device) for array in arrays
        )
        return cls(grid, weights, integrals, kind)

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
        half_coupling, *rest = (a2f @ self.integrals).unbind(-1)
        half_coupling = half_coupling.clamp(min=TINY)
        log_integral, *powers = (integral / half_coupling for integral in rest)
        columns = [(2 * half_coupling).log(), log_integral]
        columns += [power.clamp(min=TINY).log() / n for n, power in enumerate(powers, start=1)]
        return torch.stack([*columns, self._log_omega_max(a2f)], dim=-1)

    def _log_omega_max(self, a2f: Tensor) -> Tensor:
        """Ln ω_max, between grid points linear."""
        if self.kind == GRID_SUM:
            area = (a2f * self.weights).cumsum(-1)
            below = area / area[..., -1:].clamp(min=TINY)
            upper = (below < 1 - TOP_SHARE).sum(-1, keepdim=True)
            return self._crossing(below, 1 - TOP_SHARE, upper)
        height = a2f / a2f.amax(-1, keepdim=True).clamp(min=TINY)
        places = torch.arange(1, a2f.shape[-1] + 1)
        upper = (places * (height > OMEGA_MAX_FRACTION)).amax(-1, keepdim=True)
        return self._crossing(height, OMEGA_MAX_FRACTION, upper)

    def _crossing(self, values: Tensor, level: float, upper: Tensor) -> Tensor:
        """Ln ω where values reach a level in the interval that ends at a grid point."""
        log_frequencies = self.frequencies.log()
        upper = upper.clamp(1, values.shape[-1] - 1)
        low, high = values.gather(-1, upper - 1), values.gather(-1, upper)
        step = high - low
        away = torch.where(step.abs() < TINY, torch.full_like(step, TINY), step)
        share = ((level - low) / away).clamp(0, 1)
        first = log_frequencies[upper - 1]
        return (first + share * (log_frequencies[upper] - first)).squeeze(-1)


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
    """Weight of an error of a frequency grows with the target to this power."""
    moments: str = GRID_SUM
    """Key of `MOMENTS`: how λ, the mean frequencies and ω_max of a prediction are taken."""

    def __post_init__(self) -> None:
        if self.moments not in MOMENTS:
            raise ConfigError(
                f"[loss] moments = {self.moments!r} is unknown.",
                "It says how moments of the predicted spectrum are taken.",
                f"Use one of {', '.join(MOMENTS)}.",
            )


def moment_loss(config: LossConfig, predicted: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Huber loss on logarithms of moments; unknown targets do not count.

    Parameters
    ----------
    predicted
        (crystal, target), from `GridMoments.log_moments`.
    targets
        Known values in that form, NaN where unknown.
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


def phonon_dos_loss(log_shares: Tensor, known: Tensor) -> Tensor:
    """Relative entropy of known vibrations to predicted ones, mean over the atoms.

    Parameters
    ----------
    log_shares
        Logarithm of the predicted share of an atom's states at each frequency (atom, frequency).
    known
        Known shares; rows of zeros do not count (atom, frequency).
    """
    own = torch.special.xlogy(known, known).sum(1)
    counted = (known.sum(1) > 0).sum().clamp(min=1)
    return (own - (known * log_shares).sum(1)).sum() / counted


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
