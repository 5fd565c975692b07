"""The space group of a primitive cell, in a tenth of the time that a general search takes."""

from __future__ import annotations

from functools import cache, lru_cache
from itertools import product

import numpy as np
from ase import Atoms
from jaxtyping import Float, Int

from betenet.structures.cell import call_spglib, cell_vectors

Operations = tuple[Int[np.ndarray, "op 3 3"], Float[np.ndarray, "op 3"]]
"""Rotations, acting on columns of fractional coordinates, and translations."""

_SHORT = np.array([v for v in product((-1.0, 0.0, 1.0), repeat=3) if any(v)])
"""Images that a vector of a Niggli-reduced cell can have under an operation: none is as short."""
_AT_ONCE = 20_000
"""Distances that are compared at a time."""
_STEPS = 100_000
"""Steps of a lattice vector to which the translations of a known group are rounded."""
_ROUNDING = 5
"""Steps by which a product of two rounded translations may miss the third."""


def find_space_group(atoms: Atoms, symprec: float) -> tuple[str, int]:
    """Short Hermann–Mauguin symbol and number of the space group.

    Parameters
    ----------
    atoms
        Primitive, Niggli-reduced cell, as `standardise` returns it.
    symprec
        Distance within which an operation maps each atom and lattice vector [Å].

    Returns
    -------
    tuple
        ``("", 0)`` if there is none within the tolerance.

    Notes
    -----
    Screening asks this of every crystal. Operations are found with numpy and named by spglib, once
    for all crystals that have the same; where they are no group, as may be at the edge of the
    tolerance, spglib searches on its own.

    References
    ----------
    Togo, Shinohara and Tanaka, Sci. Technol. Adv. Mater. Meth. 4, 2384822 (2024) (spglib).

    Examples
    --------
    >>> from ase.build import bulk
    >>> from betenet.structures import standardise
    >>> find_space_group(standardise(bulk("Nb", cubic=True)), 1e-3)
    ('Im-3m', 229)
    """
    lattice = cell_vectors(atoms)
    places = np.linalg.solve(lattice.T, atoms.positions.T).T
    numbers = np.array(atoms.numbers, dtype=np.intc)
    first = int(np.argmin(np.bincount(numbers)[numbers]))  # of the rarest element
    operations = find_operations(lattice, places - places[first], numbers, symprec)
    known = _by_operations(operations) or _named(operations, lattice, symprec)
    if known is not None:
        return known
    found = call_spglib("get_symmetry_dataset", (lattice, places, numbers), symprec=symprec)
    return ("", 0) if found is None else (str(found.international), int(found.number))


def _by_operations(operations: Operations) -> tuple[str, int] | None:
    """Name of a group that is known by its operations alone; None where they are no group."""
    rotations, shifts = operations
    steps = np.round(shifts * _STEPS).astype(np.int64) % _STEPS
    return _known_group(rotations.tobytes(), steps.tobytes())


@lru_cache(maxsize=4096)
def _known_group(rotations: bytes, steps: bytes) -> tuple[str, int] | None:
    """What most crystals of a database ask for again: from an origin on an atom, many are alike."""
    turned = np.frombuffer(rotations, dtype=np.intc).reshape(-1, 3, 3)
    moved = np.frombuffer(steps, dtype=np.int64).reshape(-1, 3)
    if not _is_group(turned, moved):
        return None
    return _named((turned, moved / _STEPS), None, 1e-3)


def _is_group(rotations: Int[np.ndarray, "op 3 3"], steps: Int[np.ndarray, "op 3"]) -> bool:
    """Whether the product of any two operations is one of them; each rotation is there once."""
    places = {one.tobytes(): place for place, one in enumerate(rotations)}
    products = (rotations[:, None] @ rotations).reshape(-1, 3, 3)
    found = np.array([places.get(one.tobytes(), -1) for one in products])
    if len(places) < len(rotations) or (found < 0).any():
        return False
    away = (rotations[:, None] @ steps[None, :, :, None])[..., 0] + steps[:, None]
    away = (away.reshape(-1, 3) - steps[found] + _STEPS // 2) % _STEPS - _STEPS // 2
    return bool((abs(away) <= _ROUNDING).all())


def _named(
    operations: Operations, lattice: Float[np.ndarray, "3 3"] | None, symprec: float
) -> tuple[str, int] | None:
    """Symbol and number of the space group of operations; None unless it has as many of them."""
    rotations, shifts = operations
    ask = "get_spacegroup_type_from_symmetry"
    found = call_spglib(ask, rotations, shifts, lattice, symprec=symprec)
    if found is None or _order(found.hall_number) != len(rotations):
        return None
    return str(found.international_short), int(found.number)


@cache
def _order(hall_number: int) -> int:
    """Number of different rotations of a space group."""
    every = call_spglib("get_symmetry_from_database", hall_number)["rotations"]
    return len({one.tobytes() for one in every})


def find_operations(
    lattice: Float[np.ndarray, "3 3"],
    places: Float[np.ndarray, "site 3"],
    numbers: Int[np.ndarray, " site"],
    symprec: float,
) -> Operations:
    """Rotations and translations that map a Niggli-reduced crystal on itself."""
    rotations = _rotations(lattice, symprec)
    elements, counts = np.unique(numbers, return_counts=True)
    rarest = elements[np.argsort(counts, kind="stable")]
    ends = places[numbers == rarest[0]]
    # every operation takes the first atom of the rarest element to one of them
    shifts = (ends[None] - (rotations @ ends[0])[:, None]).reshape(-1, 3)
    rotations = np.repeat(rotations, len(ends), axis=0)
    for element in rarest:
        alike = places[numbers == element]
        step = max(1, _AT_ONCE // max(1, len(rotations) * len(alike)))
        for start in range(0, len(alike), step):
            ends = alike[start : start + step] @ rotations.transpose(0, 2, 1) + shifts[:, None]
            apart: np.ndarray = ends[:, :, None] - alike
            vectors = (apart - np.round(apart)).reshape(-1, 3) @ lattice
            squares = (vectors**2).sum(axis=1).reshape(apart.shape[:3])
            kept = (squares.min(axis=2) < symprec**2).all(axis=1)
            rotations, shifts = rotations[kept], shifts[kept]
    return np.round(rotations).astype(np.intc), shifts % 1.0


def _rotations(
    lattice: Float[np.ndarray, "3 3"], symprec: float
) -> Float[np.ndarray, "rotation 3 3"]:
    """Integer matrices that take the lattice to itself; their columns are the new vectors."""
    metric = lattice @ lattice.T
    lengths = np.sqrt(np.diag(metric))
    dots = _SHORT @ metric @ _SHORT.T
    reach = np.sqrt(np.diag(dots))
    allowed = symprec * (lengths[:, None] + lengths) / 2
    first, second, third = (np.flatnonzero(abs(reach - length) < symprec) for length in lengths)
    i, j = np.nonzero(abs(dots[np.ix_(first, second)] - metric[0, 1]) < allowed[0, 1])
    i, j = first[i], second[j]
    fits = abs(dots[i][:, third] - metric[0, 2]) < allowed[0, 2]
    fits &= abs(dots[j][:, third] - metric[1, 2]) < allowed[1, 2]
    pair, k = np.nonzero(fits)
    columns = np.stack([_SHORT[i[pair]], _SHORT[j[pair]], _SHORT[third[k]]], axis=2)
    return columns[abs(abs(np.linalg.det(columns)) - 1) < 0.5]
