"""The supercell in which an atom is displaced: few atoms, far images, all of the symmetry."""

from __future__ import annotations

from itertools import product

import numpy as np
from jaxtyping import Float, Int

MOST_REPEATS = 12
"""Along one axis; a cell of 1 Å then reaches the usual distances."""

# Sublattices of a lattice that keep its point group in some crystal system: the lattice itself,
# face, body and base centred (of doubled axes), and √3 × √3 of a hexagonal one.
_CENTRINGS = np.array(
    [
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [[0, 1, 1], [1, 0, 1], [1, 1, 0]],
        [[-1, 1, 1], [1, -1, 1], [1, 1, -1]],
        [[1, 1, 0], [-1, 1, 0], [0, 0, 1]],
        [[2, 1, 0], [-1, 1, 0], [0, 0, 1]],
    ]
)
_NEAR = np.array([c for c in product(range(-2, 3), repeat=3) if c > (0, 0, 0)])
_INTEGER = 1e-3


def supercell_matrix(
    lattice: Float[np.ndarray, "3 3"],
    rotations: Int[np.ndarray, "op 3 3"],
    conventional: Float[np.ndarray, "3 3"],
    *,
    distance: float,
    most_cells: int,
    vacuum_axis: int | None = None,
) -> Int[np.ndarray, "3 3"]:
    r"""Smallest supercell whose images of an atom are far apart and which keeps the point group.

    Parameters
    ----------
    lattice
        Vectors of the primitive cell as rows [Å].
    rotations
        Rotations of the crystal's space group, on fractional coordinates of that cell.
    conventional
        Vectors of the conventional cell as rows; a lattice of their integer sums is a sublattice
        of the primitive one [Å].
    distance
        Least distance of an atom from its nearest image [Å].
    most_cells
        Most primitive cells in the supercell.
    vacuum_axis
        Vector across the vacuum of a layer: it is not repeated, and images in the plane count.

    Returns
    -------
    Int[ndarray, "3 3"]
        M with rows such that M · lattice are the vectors of the supercell. Where ``most_cells``
        allows no such distance: the supercell with the farthest images among those allowed.

    Notes
    -----
    Tried are :math:`\mathrm{diag}(n_1, n_2, n_3)` times the primitive lattice, the conventional
    one, and their centred sublattices. What breaks the point group is left out: it would need more
    displacements, and force constants would not have the crystal's symmetry.

    Examples
    --------
    For fcc the primitive cell repeated n times has its nearest images at n · a/√2:

    >>> fcc = 4.0 * (np.ones((3, 3)) - np.eye(3)) / 2
    >>> identity = np.eye(3, dtype=int)[None]
    >>> matrix = supercell_matrix(fcc, identity, 4.0 * np.eye(3), distance=8.4, most_cells=99)
    >>> round(abs(np.linalg.det(matrix)))
    27
    """
    candidates = _candidates(lattice, conventional, most_cells)
    if vacuum_axis is not None:
        candidates = candidates[_keeps_vector(candidates, vacuum_axis)]
    cells = np.abs(np.round(np.linalg.det(candidates))).astype(int)
    # no image is nearer than the shortest of the vectors, and most are too near by that alone
    vectors = np.linalg.norm(candidates @ lattice, axis=2)
    if vacuum_axis is not None:
        vectors = np.delete(vectors, vacuum_axis, axis=1)
    may_do = vectors.min(axis=1) >= distance - _INTEGER
    for size in np.unique(cells[may_do]):
        some = candidates[may_do & (cells == size)]
        apart = nearest_images(some @ lattice, vacuum_axis)
        # of equal size, the farthest
        for best in np.lexsort((*some.reshape(-1, 9).T[::-1], -apart.round(3))):
            if apart[best] >= distance - _INTEGER and _keeps(some[best], rotations):
                return some[best]
    apart = nearest_images(candidates @ lattice, vacuum_axis)
    order = np.lexsort((*candidates.reshape(-1, 9).T[::-1], cells, -apart.round(3)))
    return next(candidates[best] for best in order if _keeps(candidates[best], rotations))


def nearest_image(lattice: Float[np.ndarray, "3 3"], vacuum_axis: int | None = None) -> float:
    """Length of the shortest vector of a lattice whose basis is not strongly skewed [Å].

    Parameters
    ----------
    lattice
        Vectors as rows [Å].
    vacuum_axis
        Vector across the vacuum of a layer: only those in the plane of the others count.
    """
    return float(nearest_images(lattice[None], vacuum_axis)[0])


def nearest_images(
    lattices: Float[np.ndarray, "lattice 3 3"], vacuum_axis: int | None = None
) -> Float[np.ndarray, " lattice"]:
    """Length of the shortest vector of each of several lattices, as `nearest_image` has it [Å]."""
    near = _NEAR if vacuum_axis is None else _NEAR[_NEAR[:, vacuum_axis] == 0]
    return np.sqrt(((near @ lattices) ** 2).sum(axis=2).min(axis=1))


def _candidates(
    lattice: np.ndarray, conventional: np.ndarray, most_cells: int
) -> Int[np.ndarray, "candidate 3 3"]:
    repeats = np.array(list(product(range(1, MOST_REPEATS + 1), repeat=3)))[:, :, None]
    found = [np.eye(3, dtype=int)[None]]
    for basis in (lattice, conventional):
        in_primitive = basis @ np.linalg.inv(lattice)
        for centring in _CENTRINGS:
            each = abs(float(np.linalg.det(centring) * np.linalg.det(in_primitive)))
            few = repeats[repeats.prod(axis=1)[:, 0] * each < most_cells + 0.5]
            # repeats of the sublattice, and the sublattice of the repeated axes
            for matrices in (few * (centring @ in_primitive), centring @ (few * in_primitive)):
                whole = np.abs(matrices - np.round(matrices)).max(axis=(1, 2)) < _INTEGER
                found.append(np.round(matrices[whole]).astype(int))
    return np.concatenate(found)


def _keeps(matrix: Int[np.ndarray, "3 3"], rotations: Int[np.ndarray, "op 3 3"]) -> bool:
    """Whether each rotation maps a superlattice on itself."""
    # a column x of fractional coordinates turns into W x; rows m of M are such vectors
    inside = matrix @ rotations.transpose(0, 2, 1) @ np.linalg.inv(matrix)
    return bool(np.abs(inside - np.round(inside)).max() < _INTEGER)


def _keeps_vector(matrices: Int[np.ndarray, "candidate 3 3"], axis: int) -> np.ndarray:
    """Whether one vector of each superlattice stays as it is and the others have none of it."""
    along = np.abs(matrices[:, axis, axis]) == 1
    others = np.delete(np.arange(3), axis)
    return (
        along
        & (matrices[:, axis, others] == 0).all(axis=1)
        & (matrices[:, others, axis] == 0).all(axis=1)
    )
