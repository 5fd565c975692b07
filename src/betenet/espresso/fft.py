"""Grids of fast Fourier transforms, as pw.x chooses them, and where it must be told another."""

from __future__ import annotations

import math

import numpy as np
from ase.units import Bohr
from jaxtyping import Float

from betenet.espresso.grids import APART, Grid, Groups, alike


def fft_grid(cell: Float[np.ndarray, "3 3"], cutoff: float) -> Grid:
    """Grid in real space that holds all plane waves of a density.

    Parameters
    ----------
    cell
        Vectors as rows [Å].
    cutoff
        Kinetic energy of the plane waves [Ry].
    """
    longest = math.sqrt(cutoff) / (2.0 * math.pi)
    lengths = np.linalg.norm(cell, axis=1) / Bohr
    first, second, third = (_good_size(2 * math.floor(longest * x) + 1) for x in lengths)
    return first, second, third


def symmetric_fft_grid(
    cell: Float[np.ndarray, "3 3"], cutoff: float, groups: Groups = APART
) -> Grid | None:
    """Grid that pw.x must be told, as its own would not have the symmetry of the crystal.

    Parameters
    ----------
    cell, cutoff
        As of `fft_grid`.
    groups
        As of `mixed_axes`.

    Returns
    -------
    tuple of int or None
        None where axes that symmetry mixes have equal lengths: then pw.x chooses well. They differ
        in face-centred orthorhombic crystals; ph.x refuses the density of such a grid.
    """
    lengths = np.linalg.norm(cell, axis=1)
    if all(math.isclose(x, lengths[n], rel_tol=1e-4) for x, n in zip(lengths, groups, strict=True)):
        return None
    return alike(fft_grid(cell, cutoff), groups)


def _good_size(least: int) -> int:
    """The next size with the factors 2, 3 and 5 only."""
    size = least
    while True:
        rest = size
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return size
        size += 1
