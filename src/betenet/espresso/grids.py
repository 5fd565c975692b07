"""Grids of k- and q-points and of Fourier transforms, and what symmetry leaves of them to compute.

k- and q-grids are chosen as for BETE-NET's training data, those of Fourier transforms as pw.x does.
"""

from __future__ import annotations

import importlib
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms
from ase.units import Bohr
from jaxtyping import Float, Int

from betenet.errors import ConfigError
from betenet.structures import find_symmetry
from betenet.structures.cell import call_spglib, cell_vectors

Grid = tuple[int, int, int]
"""Points along each reciprocal axis."""
Groups = tuple[int, int, int]
"""Number of the first axis that symmetry mixes each axis with; its own if there is none."""
Operations = Int[np.ndarray, "op 3 3"]
"""Point group of a crystal, acting on rows of coordinates in units of the reciprocal vectors."""

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


def reciprocal_operations(atoms: Atoms) -> Operations:
    """Operations of the crystal on coordinates in units of the reciprocal vectors.

    Notes
    -----
    A point and its negative are equal too, by the reversal of time; `irreducible_points` and
    `irreducible_pairs` add that.
    """
    lattice = cell_vectors(atoms)
    rotations = find_symmetry(atoms).rotations
    # Cartesian R acts on a row of coordinates c of c·B as c·B Rᵀ B⁻¹, with B⁻¹ the lattice
    turned = np.linalg.inv(lattice).T @ rotations.transpose(0, 2, 1) @ lattice.T
    return np.unique(np.round(turned).astype(int), axis=0)


def mixed_axes(operations: Operations) -> Groups:
    """Axes that must have equal numbers of points, for a grid to have the symmetry of the crystal.

    Parameters
    ----------
    operations
        All operations of the point group, from `reciprocal_operations`.

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


def symmetric_grid(grid: Grid, groups: Groups) -> Grid:
    """The grid with the largest number of each group along all its axes.

    Examples
    --------
    >>> symmetric_grid((4, 2, 3), (0, 0, 2))
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
    """Choose the k-, dense k- and q-grid of a cell.

    Parameters
    ----------
    cell
        Vectors as rows [Å].
    groups
        Axes that symmetry mixes, from `mixed_axes`; all axes of a group get the number of points of
        the longest.
    k_density, q_density
        Densities of k- and q-points as `grid_of_density` takes them [Å].
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
    k_wanted = symmetric_grid(grid_of_density(cell, k_density), groups)
    q_wanted = symmetric_grid(grid_of_density(cell, q_density), groups)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class IrreduciblePoints:
    """One point of each set that symmetry makes equal.

    Attributes
    ----------
    points
        Coordinates of the points in units of the reciprocal vectors.
    weights
        Number of points of the grid that each stands for.
    """

    points: Float[np.ndarray, "point 3"]
    weights: Int[np.ndarray, " point"]


def irreducible_points(
    grid: Grid, operations: Operations, stable: Float[np.ndarray, "q 3"] | None = None
) -> IrreduciblePoints:
    """Points of a grid with Γ that symmetry and the reversal of time do not give.

    Parameters
    ----------
    grid
        Points along each axis; it has the symmetry of the crystal (see `symmetric_grid`).
    operations
        Point group of the crystal, from `reciprocal_operations`.
    stable
        Points that the operations must leave where they are; None for all operations.

    References
    ----------
    Togo, Shinohara and Tanaka, Sci. Technol. Adv. Mater. Meth. 4, 2384822 (2024) (spglib).

    Examples
    --------
    A cubic crystal with 4 × 4 × 4 points:

    >>> from ase.build import bulk
    >>> found = irreducible_points((4, 4, 4), reciprocal_operations(bulk("Al", "fcc", a=4.04)))
    >>> len(found.points), int(found.weights.sum())
    (8, 64)
    """
    mesh = call_spglib("get_stabilized_reciprocal_mesh", grid, operations, qpoints=stable)
    assert mesh is not None, "spglib takes every grid of every point group"
    representative, addresses = mesh
    first, weights = np.unique(representative, return_counts=True)
    return IrreduciblePoints(points=addresses[first] / np.array(grid), weights=weights)


def irreducible_pairs(grid: Grid, operations: Operations, q: Float[np.ndarray, " 3"]) -> int:
    """Number of points k of a grid for which k and k + q have to be computed.

    Parameters
    ----------
    grid, operations
        Grid of the points k and point group, as `irreducible_points` takes them.
    q
        Wavevector in units of the reciprocal vectors.

    Notes
    -----
    Only operations that leave q where it is relate two such points; one that turns q around does so
    together with the reversal of time.
    """
    return len(irreducible_points(grid, operations, q[None]).points)


def fft_grid(cell: Float[np.ndarray, "3 3"], cutoff: float) -> Grid:
    """Grid in real space that holds all plane waves of a density, as pw.x chooses it.

    Parameters
    ----------
    cell
        Vectors as rows [Å].
    cutoff
        Kinetic energy of the plane waves [Ry].
    """
    longest = math.sqrt(cutoff) / (2.0 * math.pi)
    lengths = np.linalg.norm(cell, axis=1) / Bohr
    # untyped; sizes have the factors 2, 3 and 5 only
    good_size: Any = importlib.import_module("scipy.fft").next_fast_len
    first, second, third = (
        int(good_size(2 * math.floor(longest * x) + 1, real=True)) for x in lengths
    )
    return first, second, third


def symmetric_fft_grid(
    cell: Float[np.ndarray, "3 3"], cutoff: float, groups: Groups = APART
) -> Grid | None:
    """Grid that pw.x must be told, as its own would not have the symmetry of the crystal.

    Parameters
    ----------
    cell, cutoff
        Vectors as rows [Å], and kinetic energy of the plane waves [Ry].
    groups
        Axes that symmetry mixes, from `mixed_axes`.

    Returns
    -------
    tuple of int or None
        None where axes that symmetry mixes have equal lengths: then pw.x chooses well. They differ
        in face-centred orthorhombic crystals; ph.x refuses the density of such a grid.
    """
    lengths = np.linalg.norm(cell, axis=1)
    if all(math.isclose(x, lengths[n], rel_tol=1e-4) for x, n in zip(lengths, groups, strict=True)):
        return None
    return symmetric_grid(fft_grid(cell, cutoff), groups)
