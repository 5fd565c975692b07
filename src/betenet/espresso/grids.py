"""Grids of k- and q-points, chosen as for BETE-NET's training data."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from betenet.errors import ConfigError

Grid = tuple[int, int, int]
"""Points along each reciprocal axis."""
Groups = tuple[int, int, int]
"""For each axis the first one that symmetry mixes it with; its own number if there is none."""

APART: Groups = (0, 1, 2)
"""No axis is mixed with another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grids:
    """Grids of a calculation, all with Γ.

    Attributes
    ----------
    coarse
        k-points of the phonons: the self-consistent density and its response.
    dense
        k-points of the double delta function at the Fermi level.
    q
        Phonons and electron-phonon matrix elements; divides ``coarse`` axis by axis.
    """

    coarse: Grid
    dense: Grid
    q: Grid

    def to_dict(self) -> dict[str, list[int]]:
        """Plain lists."""
        return {"coarse": list(self.coarse), "dense": list(self.dense), "q": list(self.q)}


def grid_of_density(cell: Float[np.ndarray, "3 3"], density: float) -> Grid:
    """Points along each reciprocal axis, in proportion to its length.

    Parameters
    ----------
    cell
        Vectors as rows [Å].
    density
        Points per length of a reciprocal vector, which is without 2π [Å].

    Returns
    -------
    tuple of int
        Rounded to the nearest whole number, a half up; at least one.

    Examples
    --------
    The reciprocal axes of a cube of 4 Å are 1/4 Å⁻¹ long:

    >>> grid_of_density(4.0 * np.eye(3), 40.0)
    (10, 10, 10)
    """
    lengths = np.linalg.norm(np.linalg.inv(cell), axis=0)
    # the margin keeps axes that symmetry makes equal on one side of a half
    first, second, third = (max(1, math.floor(density * x + 0.5 + 1e-6)) for x in lengths)
    return first, second, third


def mixed_axes(operations: Int[np.ndarray, "op 3 3"]) -> Groups:
    """Axes that must have equal numbers of points, for a grid to have the symmetry of the crystal.

    Parameters
    ----------
    operations
        On coordinates in units of the reciprocal vectors, as rows; all of the point group.

    Notes
    -----
    An operation that takes one axis to a sum of several mixes all of them, whatever their lengths:
    those of a body-centred tetragonal crystal differ, and 4 × 4 × 2 points are no grid of it. What
    is mixed in reciprocal space is mixed in real space, too.

    Examples
    --------
    A quarter turn of a simple tetragonal crystal:

    >>> mixed_axes(np.array([[[0, 1, 0], [-1, 0, 0], [0, 0, 1]]]))
    (0, 0, 2)
    """
    mixes = np.any(operations != 0, axis=0) | np.eye(3, dtype=bool)
    mixes |= mixes.T
    mixes = (mixes @ mixes).astype(bool)  # of three axes two steps reach all
    first, second, third = (int(row.argmax()) for row in mixes)
    return first, second, third


def alike(grid: Grid, groups: Groups) -> Grid:
    """The grid with the largest number of each group along all its axes.

    Examples
    --------
    >>> alike((4, 2, 3), (0, 0, 2))
    (4, 4, 3)
    """
    first, second, third = (
        max(n for n, other in zip(grid, groups, strict=True) if other == own) for own in groups
    )
    return first, second, third


def commensurate(k: int, q: int) -> tuple[int, int]:
    """Points of one axis such that every q connects two points k.

    Parameters
    ----------
    k, q
        Wanted numbers of points, at least one.

    Returns
    -------
    tuple of int
        k, else k + 1, else k - 1, whichever q divides first; if it divides none, the same with
        q - 1, down to q = 1, which divides everything.

    Examples
    --------
    >>> commensurate(17, 6), commensurate(19, 6), commensurate(21, 9)
    ((18, 6), (18, 6), (21, 7))
    """
    for fewer in range(q, 0, -1):
        for near in (k, k + 1, k - 1):
            if near > 0 and near % fewer == 0:
                return near, fewer
    raise AssertionError("1 divides everything")


def choose_grids(
    cell: Float[np.ndarray, "3 3"],
    groups: Groups = APART,
    *,
    k_density: float,
    q_density: float,
    dense_factor: int,
) -> Grids:
    """Grids of a cell.

    Parameters
    ----------
    cell
        Vectors as rows [Å].
    groups
        As of `mixed_axes`; the axes of a group get the number of points that the longest wants.
    k_density, q_density
        As of `grid_of_density` [Å].
    dense_factor
        Points of the dense grid for each of the coarse one, along an axis.

    Raises
    ------
    ConfigError
        If the q-grid has Γ only: its acoustic modes do not couple, and λ of the others says nothing
        of the rest of the zone.

    References
    ----------
    Gibson et al., npj Comput. Mater. 11, 7 (2025), Methods.

    Examples
    --------
    >>> choose_grids(4.0 * np.eye(3), k_density=40.0, q_density=15.0, dense_factor=2)
    Grids(coarse=(9, 9, 9), dense=(18, 18, 18), q=(3, 3, 3))
    """
    k_wanted = alike(grid_of_density(cell, k_density), groups)
    q_wanted = alike(grid_of_density(cell, q_density), groups)
    first, second, third = (commensurate(k, q) for k, q in zip(k_wanted, q_wanted, strict=True))
    coarse, q = (first[0], second[0], third[0]), (first[1], second[1], third[1])
    if q == (1, 1, 1):
        raise ConfigError(
            f"The q-grid is 1 × 1 × 1 (k-grid {' × '.join(map(str, coarse))}).",
            f"The cell is too large for a q-density of {q_density:g} Å, or no larger q-grid "
            "divides the k-grid.",
            "Raise q_density, or change k_density a little.",
        )
    dense = (coarse[0] * dense_factor, coarse[1] * dense_factor, coarse[2] * dense_factor)
    return Grids(coarse=coarse, dense=dense, q=q)
