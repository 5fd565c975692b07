"""Which atoms are displaced, and where to, so that symmetry gives the rest of the force constants.

A displacement along an axis or in a mirror plane leaves some symmetry, and a force field that uses
it computes a fraction of the atoms. So the cheapest displacements are not the fewest: for the
corner of a cube one along an axis leaves eight operations, one along a face diagonal four.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from ase import Atoms
from jaxtyping import Float, Int

from betenet.phonons.space_group import SpaceGroup

EACH = 0.02
"""What a displaced supercell costs beside its atoms, relative to one without any symmetry."""
INDEPENDENT = 0.01
"""Least determinant of the mean of d dᵀ, summed over the displacements d and all that symmetry
makes of them; 1/27 for three at right angles to each other, or for one in a cube."""
_SAME = 1e-3
_MOST_TIMES = 6
_DIAGONALS = np.array([d for d in product((-1, 0, 1), repeat=3) if d > (0, 0, 0)])


@dataclass(frozen=True, slots=True, eq=False)
class Displacement:
    """One atom moved.

    Attributes
    ----------
    atom
        Index in the primitive cell.
    vector
        From its place (3,) [Å].
    operations
        Operations of the space group that change neither the atom's place nor the vector.
    """

    atom: int
    vector: Float[np.ndarray, "3"]
    operations: Int[np.ndarray, " op"]


def choose_displacements(
    atoms: Atoms, group: SpaceGroup, length: float, *, fewest: bool = False
) -> list[Displacement]:
    """Cheapest displacements that determine all force constants.

    Parameters
    ----------
    atoms
        A primitive cell.
    group
        Its space group.
    length
        Length of each displacement [Å].
    fewest
        Whether each costs the same, for a force field that does not use the symmetry that is left.

    Returns
    -------
    list[Displacement]
        Of one atom of each orbit. Where no operation turns a displacement around, its opposite
        follows it, so that the cubic terms of the energy drop out.

    Examples
    --------
    Niobium's atom is moved along an axis of the cube, which leaves 8 of 48 operations:

    >>> from ase.build import bulk
    >>> from betenet.phonons.space_group import find_space_group
    >>> atoms = bulk("Nb", "bcc", a=3.3)
    >>> found = choose_displacements(atoms, find_space_group(atoms, 1e-3), 0.01)
    >>> len(found), abs(found[0].vector).round(3).tolist(), len(found[0].operations)
    (1, [0.0, 0.0, 0.01], 8)
    """
    lattices = (atoms.cell.array, group.conventional(atoms.cell.array))
    chosen: list[Displacement] = []
    for atom in np.unique(group.orbits).tolist():
        operations = group.site_operations(atom)
        turns = group.cartesian[operations]
        for direction in _directions(lattices, turns, fewest=fewest):
            kept = np.linalg.norm(turns @ direction - direction, axis=1) < _SAME
            vector = (turns[kept] @ direction).mean(axis=0)
            vector *= length / np.linalg.norm(vector)
            chosen.append(Displacement(atom, vector, operations[kept]))
            if _needs_opposite(turns, direction):
                chosen.append(Displacement(atom, -vector, operations[kept]))
    return chosen


def _directions(
    lattices: tuple[np.ndarray, np.ndarray], turns: Float[np.ndarray, "op 3 3"], *, fewest: bool
) -> Float[np.ndarray, "direction 3"]:
    """Directions whose images span the space, at the least cost."""
    candidates = _candidates(lattices, turns)
    images = np.einsum("oij,dj->doi", turns, candidates)
    left = (np.linalg.norm(images - candidates[:, None], axis=2) < _SAME).sum(axis=1)
    opposite = np.array([_needs_opposite(turns, one) for one in candidates])
    # of the fewest the most symmetric
    shares = EACH / left + 1.0 if fewest else 1.0 / left + EACH
    costs = (1.0 + opposite) * shares
    spreads = np.einsum("doi,doj->dij", images, images) / len(turns)
    # those that symmetry turns into each other are as good as one another
    keys = np.column_stack([costs, spreads.reshape(-1, 9)]).round(6)
    order = np.sort(np.unique(keys, axis=0, return_index=True)[1])
    costs, spreads, candidates = costs[order], spreads[order], candidates[order]
    best, least = np.arange(0), np.inf
    for size in (1, 2, 3):
        sets = np.array(list(combinations(range(len(costs)), size))).reshape(-1, size)
        spans = np.linalg.det(spreads[sets].sum(axis=1)) > INDEPENDENT
        totals = np.where(spans, costs[sets].sum(axis=1), np.inf)
        if len(sets) and totals.min() < least - 1e-9:
            best, least = sets[totals.argmin()], totals.min()
    return candidates[best]


def _candidates(
    lattices: tuple[np.ndarray, np.ndarray], turns: Float[np.ndarray, "op 3 3"]
) -> Float[np.ndarray, "direction 3"]:
    """Axes of symmetry, lattice vectors and what lies between them, one of two opposite ones."""
    proper = turns * np.sign(np.linalg.det(turns))[:, None, None]
    # what a rotation by an angle other than zero leaves as it is: the rows of the sum of its powers
    powers = np.mean([np.linalg.matrix_power(proper, k) for k in range(12)], axis=0)
    axes = powers[np.abs(np.trace(powers, axis1=1, axis2=2) - 1.0) < 0.1]
    longest = np.linalg.norm(axes, axis=2).argmax(axis=1)
    units = [one / np.linalg.norm(one, axis=1, keepdims=True) for one in lattices]
    found = np.concatenate(
        [axes[np.arange(len(axes)), longest], *(_DIAGONALS @ unit for unit in units)]
    )
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    largest = np.abs(found).round(4).argmax(axis=1)
    found *= np.sign(found[np.arange(len(found)), largest])[:, None]
    found = found[np.unique(found.round(4), axis=0, return_index=True)[1]]
    # in an order that does not depend on how the crystal is turned
    return found[np.argsort(_repeats(lattices[0], found).round(3), kind="stable")]


def _repeats(
    lattice: Float[np.ndarray, "3 3"], directions: Float[np.ndarray, "direction 3"]
) -> Float[np.ndarray, " direction"]:
    """Length of the shortest lattice vector along each direction [Å]."""
    along = directions @ np.linalg.inv(lattice)
    along /= np.abs(np.where(np.abs(along) > _SAME, along, np.inf)).min(axis=1, keepdims=True)
    lengths = np.full(len(directions), np.inf)
    for times in range(_MOST_TIMES, 0, -1):
        whole = np.rint(times * along)
        fits = np.abs(times * along - whole).max(axis=1) < times * 10 * _SAME
        lengths[fits] = np.linalg.norm(whole[fits] @ lattice, axis=1)
    return lengths


def _needs_opposite(turns: Float[np.ndarray, "op 3 3"], direction: np.ndarray) -> bool:
    """Whether no operation turns a direction around."""
    return bool(np.linalg.norm(turns @ direction + direction, axis=1).min() > _SAME)
