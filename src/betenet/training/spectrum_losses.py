"""Losses between predicted and known spectra on one grid, each crystal for itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from betenet.errors import ConfigError
from betenet.training.losses import TINY, GridMoments

CrystalLoss = Callable[[Tensor], Tensor]
"""From α²F (crystal, frequency) to the loss of each crystal (crystal,)."""
Maker = Callable[[GridMoments, Tensor, float], CrystalLoss]


def mean_squared(moments: GridMoments, known: Tensor, scale: float) -> CrystalLoss:
    """Mean squared difference over the bins, as published."""
    del moments, scale
    return lambda a2f: (a2f - known).square().mean(-1)


def huber(moments: GridMoments, known: Tensor, scale: float) -> CrystalLoss:
    """Squared up to a difference of ``scale``, linear beyond."""
    del moments
    return lambda a2f: torch.nn.functional.huber_loss(
        a2f, known, reduction="none", delta=scale
    ).mean(-1)


def wasserstein(moments: GridMoments, known: Tensor, scale: float) -> CrystalLoss:
    """Area between the running integrals over ω, relative to the known ω_1 and area.

    The Wasserstein-1 distance of the two shapes, plus what the areas differ by: weight that sits
    at a wrong frequency costs by how far off it is. ``scale`` weights the difference of the areas.
    """
    weights = moments.weights
    area = (known * weights).sum(-1).clamp(min=TINY)
    mean = (known * weights * moments.frequencies).sum(-1) / area

    def loss(a2f: Tensor) -> Tensor:
        found = (a2f * weights).clamp(min=0.0)
        total = found.sum(-1).clamp(min=TINY)
        between = found.cumsum(-1) / total[..., None] - (known * weights).cumsum(-1) / area[:, None]
        distance = (between.abs() * weights).sum(-1) / mean
        return distance + scale * (total / area - 1.0).abs()

    return loss


def curvature(moments: GridMoments, known: Tensor, scale: float) -> CrystalLoss:
    """Mean squared difference, and ``scale`` times the mean squared second difference.

    The penalty is on the prediction, not on its error: it keeps spikes out.
    """
    plain = mean_squared(moments, known, scale)

    def loss(a2f: Tensor) -> Tensor:
        second = a2f[..., 2:] - 2.0 * a2f[..., 1:-1] + a2f[..., :-2]
        return plain(a2f) + scale * second.square().mean(-1)

    return loss


def log_moments(moments: GridMoments, known: Tensor, scale: float) -> CrystalLoss:
    """Mean squared difference, and ``scale`` times that of ln λ, ln ω_log and ln ω_2."""
    plain = mean_squared(moments, known, scale)
    chosen = [0, 1, 3]
    targets = moments.log_moments(known)[..., chosen]

    def loss(a2f: Tensor) -> Tensor:
        found = moments.log_moments(a2f.clamp(min=0.0) + 1e-7)[..., chosen]
        return plain(a2f) + scale * (found - targets).square().mean(-1)

    return loss


LOSSES: Mapping[str, Maker] = MappingProxyType(
    {
        "mse": mean_squared,
        "huber": huber,
        "wasserstein": wasserstein,
        "curvature": curvature,
        "moments": log_moments,
    }
)
"""Losses by name."""


def make_loss(
    name: str,
    frequencies: Float[np.ndarray, " n_freq"],
    known: Any,
    scale: float = 1.0,
) -> CrystalLoss:
    """A loss against known spectra.

    Parameters
    ----------
    name
        Key of :data:`LOSSES`.
    frequencies
        The grid [meV].
    known
        α²F of each crystal on it (crystal, frequency) [1].
    scale
        What it means is said by each loss.

    Raises
    ------
    ConfigError
        If there is no such loss.
    """
    if name not in LOSSES:
        raise ConfigError(
            f"Unknown loss {name!r}.", "It is not implemented.", f"Use one of {', '.join(LOSSES)}."
        )
    targets = torch.as_tensor(known)
    moments = GridMoments.on(frequencies, targets.dtype, device=targets.device)
    return LOSSES[name](moments, targets, scale)
