"""Which atom of one phase becomes which of another: the lattices and atoms that lie nearest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product
from math import inf, lcm

import numpy as np
from ase import Atoms
from jaxtyping import Float, Int
from scipy.optimize import linear_sum_assignment

from betenet.errors import StructureError
from betenet.search.composition import counts_of, reduced
from betenet.structures import standardise
from betenet.structures.cell import reduce_cell

_LATTICES = 24
"""Pairs of lattices, those of the least strain, whose atoms are matched."""
_ROUNDS = 6
"""Times that the shift of the crystals and the matching follow from each other."""


@dataclass(frozen=True, slots=True, eq=False)
class Mapping:
    """Two crystals of the same atoms in the same order, cells that go over into each other.

    Attributes
    ----------
    start, end
        The crystals; that at the end is turned so that the strain between them turns nothing.
    strain
        Root of the sum of the squares of the principal strains, as logarithms of lengths [1].
    displacement
        Root of the mean square of the displacements of the atoms within the cell [Å].
    """

    start: Atoms
    end: Atoms
    strain: float
    displacement: float


def nearest_mapping(start: Atoms, end: Atoms, most_atoms: int = 4) -> Mapping:
    r"""Cells and atoms of two crystals that need the least strain and the shortest ways.

    Parameters
    ----------
    start, end
        Crystals of one composition.
    most_atoms
        Most atoms of the cells; where the two primitive cells have no common multiple below it, the
        least common multiple.

    Raises
    ------
    StructureError
        If the compositions differ, or a cell cannot be reduced.

    Notes
    -----
    All cells of each crystal that hold a number of atoms are tried, reduced, in all bases that are
    near; for those of the least strain atoms are matched so that the sum of the squares of the
    displacements is least (Hungarian method). The least of :math:`\bar{u^2} + (\epsilon r)^2`,
    with r the mean distance of atoms, wins. It is a way, not the only one, and not always the
    easiest.

    References
    ----------
    Therrien, Graf and Stevanović, J. Chem. Phys. 152, 074106 (2020); Stevanović, Trottier, Musgrave
    et al., Phys. Rev. Mater. 2, 033802 (2018).

    Examples
    --------
    The path of Bain, from the body-centred to the face-centred lattice:

    >>> from ase.build import bulk
    >>> found = nearest_mapping(bulk("Fe", "bcc", a=2.0), bulk("Fe", "fcc", a=2.0 * 2 ** (1 / 3)))
    >>> round(found.strain, 3), round(found.displacement, 3)
    (0.283, 0.0)
    """
    one, other = standardise(start), standardise(end)
    if reduced(counts_of(one.get_chemical_symbols())) != reduced(
        counts_of(other.get_chemical_symbols())
    ):
        raise StructureError(
            f"{one.symbols} and {other.symbols} have different compositions.",
            "A path leads from each atom of one phase to one of the other.",
            "Give two phases of one composition.",
        )
    least = lcm(len(one), len(other))
    best: Mapping | None = None
    score = inf
    for size in range(least, max(least, most_atoms) + 1, least):
        for pair in _near_lattices(one, other, size):
            found = _matched(*pair)
            value = _distance(found)
            if value < score - 1e-6:
                best, score = found, value
    assert best is not None
    return best


def _distance(found: Mapping) -> float:
    """How far apart two crystals are on a mapping, for each atom [Å²]."""
    radius = (found.start.cell.volume / len(found.start)) ** (1 / 3)
    return found.displacement**2 + (found.strain * radius) ** 2


def _near_lattices(one: Atoms, other: Atoms, size: int) -> list[tuple[Atoms, Atoms]]:
    """Cells of a number of atoms of two crystals between which the strain is least."""
    found: list[tuple[float, int, Atoms, Atoms]] = []
    bases = _near_bases()
    for first in _supercells(one, size // len(one)):
        inverse = np.linalg.inv(first.cell.array)
        for second in _supercells(other, size // len(other)):
            squares = _squared_strains(inverse @ (bases @ second.cell.array))
            nearest = np.argsort(squares, kind="stable")[:_LATTICES].tolist()
            found += [(float(squares[place]), place, first, second) for place in nearest]
    found.sort(key=lambda each: each[0])
    return [
        (first, _in_basis(second, bases[place])) for _, place, first, second in found[:_LATTICES]
    ]


def _squared_strains(deformations: Float[np.ndarray, "basis 3 3"]) -> Float[np.ndarray, " basis"]:
    """Squares of the strain tensors of Green and Lagrange, of each deformation and its inverse."""
    squares = np.swapaxes(deformations, 1, 2) @ deformations
    there, back = (np.square(one - np.eye(3)) for one in (squares, np.linalg.inv(squares)))
    return (there + back).sum(axis=(1, 2)) / 8.0


@cache
def _near_bases() -> Int[np.ndarray, "basis 3 3"]:
    """Matrices of -1, 0 and 1 that make a basis of a reduced one and keep its hand."""
    every = np.array(list(product((-1, 0, 1), repeat=9))).reshape(-1, 3, 3)
    return every[np.rint(np.linalg.det(every)) == 1]


def _supercells(crystal: Atoms, factor: int) -> list[Atoms]:
    """Reduced cells of a crystal that hold so many primitive ones, one of each metric.

    Notes
    -----
    Their matrices are Hermite normal forms.
    """
    found: dict[tuple[int, ...], Atoms] = {}
    for a in _divisors(factor):
        for b in _divisors(factor // a):
            c = factor // a // b
            for d, e, f in product(range(b), range(c), range(c)):
                matrix = np.array([[a, d, e], [0, b, f], [0, 0, c]])
                cell = reduce_cell(matrix @ crystal.cell.array)
                key = tuple(np.rint(1e3 * np.abs(cell @ cell.T)).astype(int).ravel().tolist())
                if key not in found:
                    found[key] = _in_cell(crystal, cell)
    return list(found.values())


def _divisors(number: int) -> list[int]:
    return [one for one in range(1, number + 1) if number % one == 0]


def _in_cell(crystal: Atoms, cell: Float[np.ndarray, "3 3"]) -> Atoms:
    """A crystal in a larger cell of its lattice."""
    matrix = np.rint(cell @ np.linalg.inv(crystal.cell.array)).astype(int)
    factor = round(abs(np.linalg.det(matrix)))
    reach = range(-int(np.abs(matrix).sum()), int(np.abs(matrix).sum()) + 1)
    inverse = np.linalg.inv(matrix)
    points: dict[tuple[int, ...], np.ndarray] = {}
    for point in product(reach, repeat=3):
        place = np.array(point) @ inverse
        place -= np.floor(place + 1e-9)
        key = tuple(np.rint(place * 1e6).astype(int).tolist())
        points.setdefault(key, np.array(point))
        if len(points) == factor:
            break
    positions = np.concatenate(
        [crystal.positions + shift @ crystal.cell.array for shift in points.values()]
    )
    numbers = np.tile(crystal.numbers, factor)
    return Atoms(numbers, positions=positions, cell=cell, pbc=True)


def _in_basis(crystal: Atoms, basis: Int[np.ndarray, "3 3"]) -> Atoms:
    same = crystal.copy()
    same.set_cell(basis @ crystal.cell.array)
    return same


def _matched(start: Atoms, end: Atoms) -> Mapping:
    """Turn the crystal at the end, shift it, and put its atoms into the order of the other's."""
    deformation = np.linalg.solve(start.cell.array, end.cell.array)
    left, stretches, _ = np.linalg.svd(deformation)
    stretch = left @ np.diag(stretches) @ left.T  # deformation = stretch · rotation
    cell = start.cell.array @ stretch
    mean = (start.cell.array + cell) / 2.0
    here = start.get_scaled_positions(wrap=False)
    there = end.get_scaled_positions(wrap=False)
    rarest = min(set(start.numbers.tolist()), key=start.numbers.tolist().count)
    first = int(np.flatnonzero(start.numbers == rarest)[0])
    best: tuple[float, np.ndarray] | None = None
    for other in np.flatnonzero(end.numbers == rarest).tolist():
        shifted = there + (here[first] - there[other])
        value, ways = _ways(here, shifted, start.numbers, end.numbers, mean)
        if best is None or value < best[0] - 1e-9:
            best = value, ways
    assert best is not None
    turned = Atoms(start.numbers, positions=(here + best[1]) @ cell, cell=cell, pbc=True)
    return Mapping(
        start=start,
        end=turned,
        strain=float(np.sqrt(np.square(np.log(stretches)).sum())),
        displacement=float(np.sqrt(max(best[0], 0.0))),
    )


def _ways(
    here: Float[np.ndarray, "atom 3"],
    there: Float[np.ndarray, "atom 3"],
    numbers: Int[np.ndarray, " atom"],
    others: Int[np.ndarray, " atom"],
    cell: Float[np.ndarray, "3 3"],
) -> tuple[float, Float[np.ndarray, "atom 3"]]:
    """Mean square of the displacements [Å²], and them as fractions of the cell: the least."""
    value, ways = inf, np.zeros_like(here)
    for _ in range(_ROUNDS):
        apart = there[None] - here[:, None]
        apart -= np.rint(apart)
        squares = np.square(apart @ cell).sum(axis=2)
        squares[numbers[:, None] != others] = 1e6
        rows, columns = linear_sum_assignment(squares)
        found = apart[rows, columns]
        drift = found.mean(axis=0)
        found -= drift
        mean = float(np.square(found @ cell).sum(axis=1).mean())
        if mean > value - 1e-9:
            break
        value, ways, there = mean, found, there - drift
    return value, ways
