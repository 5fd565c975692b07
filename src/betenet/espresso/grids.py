"""Grids of k- and q-points, chosen as for BETE-NET's training data."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from betenet.errors import ConfigError

Grid = tuple[int, int, int]
"""Points along each reciprocal axis."""


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
    k_density, q_density
        As of `grid_of_density` [Å].
    dense_factor
        Points of the dense grid for each of the coarse one, along an axis.

    Raises
    ------
    ConfigError
        If the q-grid has Γ only: its acoustic modes do not couple, and λ of the others says nothing
        of the rest of the zone.

    Notes
    -----
    Axes that symmetry makes equal have equal lengths, and so equal numbers of points.

    References
    ----------
    Gibson et al., npj Comput. Mater. 11, 7 (2025), Methods.

    Examples
    --------
    >>> choose_grids(4.0 * np.eye(3), k_density=40.0, q_density=15.0, dense_factor=2)
    Grids(coarse=(9, 9, 9), dense=(18, 18, 18), q=(3, 3, 3))
    """
    wanted = zip(grid_of_density(cell, k_density), grid_of_density(cell, q_density), strict=True)
    first, second, third = (commensurate(k, q) for k, q in wanted)
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
