"""Phonon densities of states on the grid of a network."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float

from betenet.phonon_dos import PhononDos

SMOOTHING = 1.0
"""Standard deviation of the Gaussian that smooths a density of states [meV]: what the mesh of q
points and the grid of 0.5 meV leave of noise goes, peaks stay."""
_NARROWEST = 0.5
"""Least standard deviation, in steps of the grid."""


def phonon_shares(
    grid: Float[np.ndarray, " frequency"], dos: PhononDos
) -> Float[np.ndarray, "atom frequency"]:
    """Share of each atom's vibrations at each frequency of a network's grid.

    Parameters
    ----------
    grid
        Frequencies of the network, at equal steps of ln ω [meV].
    dos
        With the share of each atom of the cell, or in total alone, which then counts as one atom;
        states at ω ≤ 0 do not count.

    Returns
    -------
    Float[ndarray, "atom frequency"]
        A row adds up to one, or is zero if the atom has no state at ω > 0.
    """
    real = dos.positive()
    sites = real.total[None] if real.sites is None else real.sites
    # each frequency stands for the states around it
    edges = np.concatenate(
        [
            [max(0.0, 1.5 * real.frequencies[0] - 0.5 * real.frequencies[1])],
            0.5 * (real.frequencies[1:] + real.frequencies[:-1]),
            [1.5 * real.frequencies[-1] - 0.5 * real.frequencies[-2]],
        ]
    )
    states = (sites * np.diff(edges)).cumsum(axis=1)
    below = np.column_stack([np.zeros(len(states)), states])
    cells, smoothing = _cells(grid), _smoothing(tuple(grid.tolist()))
    counts = np.diff(np.array([np.interp(cells, edges, row) for row in below]), axis=1)
    smooth = np.maximum(counts @ smoothing.T, 0.0)
    total = smooth.sum(axis=1, keepdims=True)
    return np.divide(smooth, total, out=np.zeros_like(smooth), where=total > 0.0)


def _cells(grid: Float[np.ndarray, " frequency"]) -> Float[np.ndarray, " edge"]:
    """Edges of the cells around the points of the grid [meV]; the first one is zero."""
    logarithms = np.log(grid)
    middles = 0.5 * (logarithms[1:] + logarithms[:-1])
    last = 1.5 * logarithms[-1] - 0.5 * logarithms[-2]
    return np.concatenate([[0.0], np.exp(middles), [np.exp(last)]])


@lru_cache(maxsize=4)
def _smoothing(frequencies: tuple[float, ...]) -> Float[np.ndarray, "frequency frequency"]:
    """From counts in cells to smoothed ones; no state is lost."""
    grid = np.array(frequencies)
    widths = np.gradient(grid)
    sigma = np.maximum(SMOOTHING, _NARROWEST * widths)
    kernel = np.exp(-0.5 * ((grid[:, None] - grid) / sigma) ** 2) * widths[:, None]
    return kernel / kernel.sum(axis=0)
