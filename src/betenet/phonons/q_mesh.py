"""Meshes of q points that have the symmetry of a crystal, and their irreducible points."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

Mesh = tuple[Float[np.ndarray, "q 3"], Float[np.ndarray, " q"]]

_WHOLE = 1e-5


def mesh_of_length(
    lattice: Float[np.ndarray, "3 3"],
    rotations: Int[np.ndarray, "op 3 3"],
    conventional: Float[np.ndarray, "3 3"],
    length: float,
) -> Mesh:
    """Irreducible points of the mesh that has the crystal's symmetry, Γ among them.

    Parameters
    ----------
    lattice
        Vectors of the primitive cell as rows [Å].
    rotations
        Rotations of the space group, on columns of fractional coordinates.
    conventional
        Vectors of the conventional cell as rows [Å].
    length
        Number of points along a reciprocal vector, divided by its length without 2π [Å].

    Returns
    -------
    Mesh
        Points in reciprocal vectors, and the share of the zone that each stands for.

    Notes
    -----
    Where the symmetry does not keep a mesh of the primitive cell, as in most centred lattices, it
    is one of the conventional cell, as dense; phonopy chooses both in the same way.

    Examples
    --------
    >>> simple = 3.0 * np.eye(3)
    >>> points, weights = mesh_of_length(simple, -np.eye(3, dtype=int)[None], simple, 6.0)
    >>> len(points), float(weights.sum())            # 2 x 2 x 2
    (8, 1.0)
    """
    numbers = _even(points_along(lattice, length), rotations)
    for matrix in (np.diag(numbers), _of_conventional(lattice, conventional, length)):
        if matrix is not None and _is_kept(matrix, rotations):
            return irreducible_points(matrix, rotations)
    return irreducible_points(np.diag(numbers), rotations)


def points_along(lattice: Float[np.ndarray, "3 3"], length: float) -> Int[np.ndarray, "3"]:
    """Number of points along each reciprocal vector of a cell, at least one."""
    lengths = np.linalg.norm(np.linalg.inv(lattice), axis=0)
    return np.maximum(1, np.rint(length * lengths)).astype(np.int64)


def irreducible_points(
    matrix: Int[np.ndarray, "3 3"], rotations: Int[np.ndarray, "op 3 3"]
) -> Mesh:
    """Points q with whole numbers M q, one of those that symmetry or time reversal makes equal.

    Parameters
    ----------
    matrix
        M; the inverse lattice vectors of the mesh.
    rotations
        Rotations of the space group; none is used of a mesh that they do not keep.
    """
    # whole numbers M q modulo M: of the triangular form of M they are a box
    form = _hermite_form(matrix)
    box = tuple(int(side) for side in form.diagonal())
    grid = np.indices(box, dtype=np.int32).reshape(3, -1)
    # a wave q turns into W⁻ᵀ q
    used = rotations if _is_kept(matrix, rotations) else rotations[:0]
    waves = np.concatenate([np.eye(3)[None], np.linalg.inv(used).transpose(0, 2, 1)])
    turns = np.rint(matrix @ waves @ np.linalg.inv(matrix)).astype(np.int32)
    turns = np.unique(np.concatenate([turns, -turns]), axis=0)
    first = np.arange(grid.shape[1])
    for turn, order in _cyclic_factors(turns):
        image = _place(turn @ grid, form)
        # the first of the points that the powers of the operation lead to
        known = 1
        while known < order:
            first = np.minimum(first, first[image])
            image, known = image[image], 2 * known
    weights = np.bincount(first)
    chosen = np.flatnonzero(weights)
    points = grid[:, chosen].T @ np.linalg.inv(matrix).T
    return points - np.rint(points), weights[chosen] / len(first)


def _even(
    numbers: Int[np.ndarray, "3"], rotations: Int[np.ndarray, "op 3 3"]
) -> Int[np.ndarray, "3"]:
    """Numbers of points, the same along reciprocal vectors that symmetry makes equal."""
    same = numbers.copy()
    for one, other in ((1, 2), (2, 0), (0, 1)):
        unit = np.zeros(3, dtype=np.int64)
        unit[other] = 1
        rows = np.abs(rotations[:, one])
        if (rows == unit).all(axis=1).any() and same[one] != same[other]:
            same[[one, other]] = max(same[one], same[other])
    return same


def _of_conventional(
    lattice: np.ndarray, conventional: np.ndarray, length: float
) -> Int[np.ndarray, "3 3"] | None:
    """Inverse vectors of the mesh of the conventional cell; None if that is none of the lattice."""
    cells = conventional @ np.linalg.inv(lattice)
    if np.abs(cells - np.rint(cells)).max() > _WHOLE:
        return None
    return np.rint(cells).astype(np.int64) * points_along(conventional, length)[:, None]


def _is_kept(matrix: Int[np.ndarray, "3 3"], rotations: Int[np.ndarray, "op 3 3"]) -> bool:
    """Whether each rotation maps the mesh on itself."""
    turned = matrix @ np.linalg.inv(rotations).transpose(0, 2, 1) @ np.linalg.inv(matrix)
    return bool(np.abs(turned - np.rint(turned)).max() < _WHOLE)


def _hermite_form(matrix: Int[np.ndarray, "3 3"]) -> Int[np.ndarray, "3 3"]:
    """Lower triangular matrix whose columns span the same lattice as those of the matrix."""
    form = [[int(number) for number in row] for row in matrix]
    for row in range(3):
        for column in range(row + 1, 3):
            while form[row][column]:
                times = form[row][row] // form[row][column]
                for line in form:
                    line[row], line[column] = line[column], line[row] - times * line[column]
    whole = np.array(form, dtype=np.int32)
    return whole * np.sign(whole.diagonal())


def _place(numbers: Int[np.ndarray, "3 q"], form: Int[np.ndarray, "3 3"]) -> Int[np.ndarray, " q"]:
    """Index in the box of what whole numbers are modulo the lattice of a triangular matrix."""
    left = list(numbers)
    for axis in range(3):
        times, left[axis] = np.divmod(left[axis], form[axis, axis])
        for later in range(axis + 1, 3):
            if form[later, axis]:
                left[later] = left[later] - times * form[later, axis]
    return (left[0] * form[1, 1] + left[1]) * form[2, 2] + left[2]


def _cyclic_factors(
    group: Int[np.ndarray, "op 3 3"],
) -> list[tuple[Int[np.ndarray, "3 3"], int]]:
    """Operations and their orders, of whose powers, one each, all of a group are products.

    Examples
    --------
    >>> [order for _, order in _cyclic_factors(np.array([-np.eye(3), np.eye(3)], dtype=int))]
    [2]
    """
    count = len(group)
    _, names = np.unique(
        np.concatenate([group[:, None] @ group, group[None]]).reshape(-1, 9),
        axis=0,
        return_inverse=True,
    )
    names = names.reshape(count + 1, count)
    table = np.argsort(names[-1])[names[:-1]]
    identity = int(np.flatnonzero((table == np.arange(count)).all(axis=1))[0])
    powers: list[list[int]] = []
    for one in range(count):
        of_one = [identity]
        while (following := int(table[of_one[-1], one])) != identity:
            of_one.append(following)
        powers.append(of_one)
    reached = np.array([identity])
    chosen: list[tuple[np.ndarray, int]] = []
    while len(reached) < count:
        # the operation whose powers lead to most others
        found = [np.unique(table[of_one][:, reached]) for of_one in powers]
        best = int(np.argmax([len(each) for each in found]))
        reached = found[best]
        chosen.append((group[best], len(powers[best])))
    return chosen
