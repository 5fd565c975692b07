"""Functions of the distance between two atoms."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from betenet.network.config import NetworkConfig

GAUSSIAN_NORM = 1.12
"""Brings the second moment of the soft one-hot to about one (e3nn's constant)."""


def radial_basis(
    config: NetworkConfig, lengths: Float[np.ndarray, " edge"]
) -> Float[np.ndarray, "edge basis"]:
    """Radial basis functions, without the cutoff.

    Parameters
    ----------
    lengths
        Distances [Å].

    Returns
    -------
    Float[ndarray, "edge basis"]
        For `gaussian`, √size × the soft one-hot on [0, cutoff]; for `bessel`,
        sin(nπr/r_c)/(nπr/r_c), finite at zero distance [1].
    """
    size = config.radial_size
    if config.radial_basis == "gaussian":
        centres = np.linspace(0.0, config.cutoff, size)
        step = centres[1] - centres[0]
        scaled = (lengths[:, None] - centres) / step
        return np.sqrt(size) / GAUSSIAN_NORM * np.exp(-(scaled**2))
    orders = np.arange(1, size + 1)
    # √size × growth with the order keeps every function at a similar size over the shell of
    # neighbours, where sinc(n r/r_c) falls as 1/n.
    return np.sinc(orders * lengths[:, None] / config.cutoff) * orders


def smooth_cutoff(config: NetworkConfig, lengths: Float[np.ndarray, " edge"]) -> np.ndarray:
    """One up to half the cutoff, then sin²(πr/r_c), zero from the cutoff on."""
    ramp = np.sin(np.pi * np.clip(lengths / config.cutoff, 0.5, 1.0)) ** 2
    return np.where(lengths < config.cutoff / 2, 1.0, ramp)
