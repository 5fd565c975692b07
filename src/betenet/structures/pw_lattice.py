"""The fourteen lattices of Quantum ESPRESSO (``ibrav``) and their vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite, sqrt

import numpy as np
from jaxtyping import Float

from betenet.errors import StructureError

Vectors = Float[np.ndarray, "3 3"]


def lattice(ibrav: int, celldm: Mapping[int, float]) -> Vectors:
    """Lattice vectors as rows, in the units of ``celldm(1)``.

    Parameters
    ----------
    ibrav
        Number of the lattice; not 0.
    celldm
        Lattice parameters by their index from 1: a, then the ratios b/a and c/a and the cosines
        that the lattice needs.

    Raises
    ------
    StructureError
        If there is no such lattice, or a parameter that it needs is missing or impossible.

    References
    ----------
    INPUT_PW of Quantum ESPRESSO 7.3, ``ibrav``; the vectors are those that pw.x prints.

    Examples
    --------
    >>> (2 * lattice(2, {1: 1.0})).tolist()
    [[-1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [-1.0, 1.0, 0.0]]
    """
    if ibrav not in _LATTICES:
        raise StructureError(
            f"There is no lattice ibrav = {ibrav}.",
            f"pw.x knows {', '.join(map(str, _LATTICES))}, and 0 for a cell of one's own.",
            "Write ibrav = 0 and a card CELL_PARAMETERS angstrom with the three vectors.",
        )
    needed, vectors = _LATTICES[ibrav]
    for index in (1, *needed):
        value = celldm.get(index, 0.0)
        # a cosine may be 0; a length may not
        possible = -1 < value < 1 if index > 3 else value > 0
        if not possible or not isfinite(value):
            raise StructureError(
                f"ibrav = {ibrav} needs celldm({index}), or {_LETTERS[index]} instead.",
                f"celldm({index}) is {value:g}." if index in celldm else "It is not given.",
                f"Give {', '.join(f'celldm({i})' for i in (1, *needed))}.",
            )
    with np.errstate(invalid="ignore"):
        rows = np.array(vectors({i: celldm.get(i, 0.0) for i in range(2, 7)})) * celldm[1]
    if not np.isfinite(rows).all():
        raise StructureError(
            f"No cell has the angles that ibrav = {ibrav} is given.",
            "Their cosines contradict each other.",
            "Check celldm(4) to celldm(6), or cosAB, cosAC, cosBC.",
        )
    return rows


_LETTERS = {1: "A", 2: "A and B", 3: "A and C", 4: "a cosine", 5: "cosAC", 6: "cosAB"}
_Rows = list[list[float]]
_Given = Mapping[int, float]
"""``celldm`` by its index: 2 is b/a, 3 is c/a, 4 to 6 are cosines."""


def _rhombohedral(given: _Given) -> _Rows:
    cos = given[4]
    x, y, z = np.sqrt([(1 - cos) / 2, (1 - cos) / 6, (1 + 2 * cos) / 3])
    return [[x, -y, z], [0, 2 * y, z], [-x, -y, z]]


def _rhombohedral_along_diagonal(given: _Given) -> _Rows:
    y, z = np.sqrt([(1 - given[4]) / 6, (1 + 2 * given[4]) / 3])
    u, v = (z - 2 * sqrt(2) * y) / sqrt(3), (z + sqrt(2) * y) / sqrt(3)
    return [[u, v, v], [v, u, v], [v, v, u]]


def _c_unique(given: _Given) -> list[float]:
    """Second vector of a monoclinic cell whose angle is between a and b."""
    return [given[2] * given[4], given[2] * sqrt(1 - given[4] ** 2), 0]


def _b_unique(given: _Given) -> list[float]:
    """Third vector of a monoclinic cell whose angle is between a and c."""
    return [given[3] * given[5], 0, given[3] * sqrt(1 - given[5] ** 2)]


def _triclinic(given: _Given) -> _Rows:
    b, c, bc, ac, ab = (given[index] for index in range(2, 7))
    sine = sqrt(1 - ab**2)
    height = np.sqrt(1 + 2 * bc * ac * ab - bc**2 - ac**2 - ab**2) / sine
    return [[1, 0, 0], [b * ab, b * sine, 0], [c * ac, c * (bc - ac * ab) / sine, c * height]]


def _half(*rows: list[float]) -> _Rows:
    return [[x / 2 for x in row] for row in rows]


_LATTICES: dict[int, tuple[tuple[int, ...], Callable[[_Given], _Rows]]] = {
    1: ((), lambda _: [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
    2: ((), lambda _: _half([-1, 0, 1], [0, 1, 1], [-1, 1, 0])),
    3: ((), lambda _: _half([1, 1, 1], [-1, 1, 1], [-1, -1, 1])),
    -3: ((), lambda _: _half([-1, 1, 1], [1, -1, 1], [1, 1, -1])),
    4: ((3,), lambda d: [[1, 0, 0], [-1 / 2, sqrt(3) / 2, 0], [0, 0, d[3]]]),
    5: ((4,), _rhombohedral),
    -5: ((4,), _rhombohedral_along_diagonal),
    6: ((3,), lambda d: [[1, 0, 0], [0, 1, 0], [0, 0, d[3]]]),
    7: ((3,), lambda d: _half([1, -1, d[3]], [1, 1, d[3]], [-1, -1, d[3]])),
    8: ((2, 3), lambda d: [[1, 0, 0], [0, d[2], 0], [0, 0, d[3]]]),
    9: ((2, 3), lambda d: _half([1, d[2], 0], [-1, d[2], 0], [0, 0, 2 * d[3]])),
    -9: ((2, 3), lambda d: _half([1, -d[2], 0], [1, d[2], 0], [0, 0, 2 * d[3]])),
    91: ((2, 3), lambda d: _half([2, 0, 0], [0, d[2], -d[3]], [0, d[2], d[3]])),
    10: ((2, 3), lambda d: _half([1, 0, d[3]], [1, d[2], 0], [0, d[2], d[3]])),
    11: ((2, 3), lambda d: _half([1, d[2], d[3]], [-1, d[2], d[3]], [-1, -d[2], d[3]])),
    12: ((2, 3, 4), lambda d: [[1, 0, 0], _c_unique(d), [0, 0, d[3]]]),
    -12: ((2, 3, 5), lambda d: [[1, 0, 0], [0, d[2], 0], _b_unique(d)]),
    13: ((2, 3, 4), lambda d: [[1 / 2, 0, -d[3] / 2], _c_unique(d), [1 / 2, 0, d[3] / 2]]),
    -13: ((2, 3, 5), lambda d: [[1 / 2, d[2] / 2, 0], [-1 / 2, d[2] / 2, 0], _b_unique(d)]),
    14: ((2, 3, 4, 5, 6), _triclinic),
}
"""Parameters that a lattice needs besides celldm(1), and its vectors for a = 1."""
