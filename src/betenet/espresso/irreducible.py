"""How many points of a grid symmetry leaves to be computed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from ase import Atoms
from jaxtyping import Bool, Float, Int

from betenet.espresso.grids import Grid
from betenet.structures import find_symmetry
from betenet.structures.cell import cell_vectors

_SAME = 1e-6

Operations = Int[np.ndarray, "op 3 3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IrreduciblePoints:
    """One point of each set that symmetry makes equal.

    Attributes
    ----------
    points
        In units of the reciprocal vectors.
    weights
        How many points of the grid each stands for.
    """

    points: Float[np.ndarray, "point 3"]
    weights: Int[np.ndarray, " point"]


def reciprocal_operations(atoms: Atoms) -> Operations:
    """Operations of the crystal on coordinates in units of the reciprocal vectors.

    Notes
    -----
    A point and its negative are equal too, by the reversal of time; the functions here add that.
    """
    lattice = cell_vectors(atoms)
    rotations = find_symmetry(atoms).rotations
    # Cartesian R acts on a row of coordinates c of c·B as c·B Rᵀ B⁻¹, with B⁻¹ the lattice
    turned = np.linalg.inv(lattice).T @ rotations.transpose(0, 2, 1) @ lattice.T
    return np.unique(np.round(turned).astype(int), axis=0)


def irreducible_points(grid: Grid, operations: Operations) -> IrreduciblePoints:
    """Points of a grid with Γ that symmetry does not give.

    Examples
    --------
    A cubic crystal with 4 × 4 × 4 points:

    >>> from ase.build import bulk
    >>> found = irreducible_points((4, 4, 4), reciprocal_operations(bulk("Al", "fcc", a=4.04)))
    >>> len(found.points), int(found.weights.sum())
    (8, 64)
    """
    signed = np.concatenate([operations, -operations])
    first, counts = _orbits(grid, signed)
    return IrreduciblePoints(points=_grid_points(grid)[first] / np.array(grid), weights=counts)


def irreducible_pairs(grid: Grid, operations: Operations, q: Float[np.ndarray, " 3"]) -> int:
    """Points k of a grid for which k and k + q have to be computed.

    Parameters
    ----------
    grid
        Of the points k.
    operations
        As of `reciprocal_operations`.
    q
        In units of the reciprocal vectors.

    Notes
    -----
    Only operations that leave q where it is relate two such points; one that turns q around does so
    together with the reversal of time.
    """
    moved = q @ operations
    kept = operations[_equal(moved, q)]
    reversed_ = -operations[_equal(moved, -q)]
    return len(_orbits(grid, np.concatenate([kept, reversed_]))[0])


def _orbits(
    grid: Grid, operations: Operations
) -> tuple[Int[np.ndarray, " point"], Int[np.ndarray, " point"]]:
    """Lowest index in each set of equal points, and the size of the set."""
    points, shape = _grid_points(grid), np.array(grid)
    lowest = np.arange(len(points))
    for operation in operations:
        turned = np.asarray((points / shape) @ operation * shape, dtype=np.float64)
        near = np.rint(turned).astype(np.int64)
        # a grid need not have the symmetry of the lattice: some points are mapped between its own
        maps = np.abs(turned - near).max(axis=1) < _SAME
        images = np.ravel_multi_index(tuple((near[maps] % shape).T), grid)
        lowest[maps] = np.minimum(lowest[maps], images)
    first, counts = np.unique(lowest, return_counts=True)
    return first, counts


def _grid_points(grid: Grid) -> Int[np.ndarray, "point 3"]:
    return np.array(list(product(*map(range, grid))))


def _equal(
    moved: Float[np.ndarray, "op 3"], point: Float[np.ndarray, " 3"]
) -> Bool[np.ndarray, " op"]:
    apart = moved - point
    return np.abs(apart - np.round(apart)).max(axis=1) < _SAME
