"""Crystals made of crystals: the operators of the genetic search.

The package ase-ga has such operators for parents of one size and composition, tied to its data
base; a search through a whole system needs parents of different ones.

References
----------
Deaven and Ho, Phys. Rev. Lett. 75, 288 (1995) (cut and splice); Glass, Oganov and Hansen, Comput.
Phys. Commun. 175, 713 (2006) (lattices, permutation); Tipton and Hennig, J. Phys.: Condens. Matter
25, 495401 (2013) (compositions).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from ase import Atoms
from ase.geometry import cellpar_to_cell
from jaxtyping import Float, Int

from betenet.phonons.space_group import find_space_group
from betenet.search.composition import Counts, counts_of

STRAIN = 0.15
"""Standard deviation of the strains of a lattice [1]."""
RATTLE = 0.08
"""Standard deviation of the displacements that come with them, as a share of the mean distance."""
_DOUBLED = 0.5
"""How often a crystal is distorted in two of its cells."""
_DISTORTION = (0.03, 0.25)
"""Least and largest displacements then, as shares of the mean distance."""
_SYMPREC = 1e-3
_SIMILAR = 0.7
"""Share of the atoms of the larger parent up to which the smaller one is repeated."""


def spliced(
    one: Atoms,
    other: Atoms,
    rng: np.random.Generator,
    *,
    counts: Mapping[str, int] | None = None,
    most_atoms: int = 60,
) -> Atoms:
    """A slab of one crystal and one of another, in a lattice between theirs.

    Parameters
    ----------
    one, other
        Parents.
    rng
        Source of chance.
    counts
        Atoms that the child has to have; whatever the slabs hold if absent.
    most_atoms
        Most atoms that a parent is repeated to.

    Returns
    -------
    Atoms
        The child; it may have no atoms where no ``counts`` are given.
    """
    one, other = _of_similar_size(one, other, most_atoms), _of_similar_size(other, one, most_atoms)
    axis, weight = int(rng.integers(3)), float(rng.uniform(0.3, 0.7))
    cut = float(rng.uniform(0.25, 0.75))
    cell = cellpar_to_cell(weight * one.cell.cellpar() + (1.0 - weight) * other.cell.cellpar())
    points, symbols, kept = list[np.ndarray](), list[str](), list[bool]()
    for parent, below in ((one, True), (other, False)):
        shift = rng.random(3)
        places = (parent.get_scaled_positions() + shift) % 1.0
        points += list(places)
        symbols += parent.get_chemical_symbols()
        kept += ((places[:, axis] < cut) == below).tolist()
    chosen = [place for place, inside in enumerate(kept) if inside]
    if counts is not None:
        chosen = _adjusted(chosen, symbols, counts, rng)
    child = Atoms(
        [symbols[place] for place in chosen],
        cell=cell,
        scaled_positions=np.array([points[place] for place in chosen]).reshape(-1, 3),
        pbc=True,
    )
    if len(child):
        per_atom = weight * _per_atom(one) + (1.0 - weight) * _per_atom(other)
        child.set_cell(cell * (per_atom * len(child) / child.cell.volume) ** (1 / 3), True)
    return child


def strained(parent: Atoms, rng: np.random.Generator) -> Atoms:
    """A crystal whose lattice is strained by chance, its volume kept, and whose atoms have moved.

    Parameters
    ----------
    parent
        Crystal.
    rng
        Source of chance.
    """
    child = parent.copy()
    strain = rng.normal(0.0, STRAIN, size=(3, 3))
    deformed = np.eye(3) + (strain + strain.T) / 2.0
    deformed /= abs(np.linalg.det(deformed)) ** (1 / 3)
    child.set_cell(child.cell.array @ deformed, scale_atoms=True)
    spread = RATTLE * _per_atom(parent) ** (1 / 3)
    child.positions += rng.normal(0.0, spread, size=child.positions.shape)
    return child


def distorted(parent: Atoms, rng: np.random.Generator, *, most_atoms: int) -> Atoms:
    """A crystal that keeps one operation of its symmetry, in one or two cells, and breaks others.

    Parameters
    ----------
    parent
        Crystal.
    rng
        Source of chance.
    most_atoms
        Most atoms of the child.

    Raises
    ------
    StructureError
        If the symmetry of the parent cannot be found.
    """
    child = parent.copy()
    if 2 * len(parent) <= most_atoms and rng.random() < _DOUBLED:
        repeats = np.ones(3, dtype=int)
        repeats[int(rng.integers(3))] = 2
        child = parent.repeat(repeats.tolist())
    group = find_space_group(child, _SYMPREC)
    kept = int(rng.integers(len(group.cartesian)))
    turn, images = group.cartesian[kept], group.images[kept]
    share = float(rng.uniform(*_DISTORTION))
    strain = rng.normal(0.0, share / 2.0, size=(3, 3))
    away = rng.normal(0.0, share * _per_atom(parent) ** (1 / 3), size=(len(child), 3))
    strain, away = _averaged((strain + strain.T) / 2.0, away, turn, images)
    deformed = np.eye(3) + strain
    deformed /= abs(np.linalg.det(deformed)) ** (1 / 3)
    child.positions += away
    child.set_cell(child.cell.array @ deformed, scale_atoms=True)
    return child


def _averaged(
    strain: Float[np.ndarray, "3 3"],
    away: Float[np.ndarray, "atom 3"],
    turn: Float[np.ndarray, "3 3"],
    images: Int[np.ndarray, " atom"],
) -> tuple[Float[np.ndarray, "3 3"], Float[np.ndarray, "atom 3"]]:
    """A strain and displacements that an operation leaves as they are: means over its powers."""
    strains, aways = [strain], [away]
    place, turned = images.copy(), turn.copy()
    while not (np.array_equal(place, np.arange(len(away))) and np.allclose(turned, np.eye(3))):
        moved = np.empty_like(away)
        moved[place] = away @ turned.T
        strains.append(turned @ strain @ turned.T)
        aways.append(moved)
        place, turned = images[place], turn @ turned
    return np.mean(strains, axis=0), np.mean(aways, axis=0)


def permuted(parent: Atoms, rng: np.random.Generator) -> Atoms | None:
    """A crystal in which some atoms of different elements have changed their places.

    Parameters
    ----------
    parent
        Crystal.
    rng
        Source of chance.

    Returns
    -------
    Atoms or None
        None for an element.
    """
    child = parent.copy()
    if len(set(child.numbers.tolist())) < 2:
        return None
    for _ in range(int(rng.integers(1, 1 + max(1, len(child) // 3)))):
        first = int(rng.integers(len(child)))
        others = np.flatnonzero(child.numbers != child.numbers[first])
        second = int(rng.choice(others))
        child.numbers[[first, second]] = child.numbers[[second, first]]
    return child


def exchanged(parent: Atoms, elements: tuple[str, ...], rng: np.random.Generator) -> Atoms | None:
    """A crystal in which some atoms have become others of the system, or are gone.

    Parameters
    ----------
    parent
        Crystal.
    elements
        Elements of the system.
    rng
        Source of chance.

    Returns
    -------
    Atoms or None
        None where there is one element, or one atom would be left without neighbours.
    """
    if len(elements) < 2:
        return None
    child = parent.copy()
    symbols = child.get_chemical_symbols()
    n = int(rng.integers(1, 1 + max(1, len(child) // 4)))
    for place in rng.permutation(len(child))[:n].tolist():
        symbols[place] = str(rng.choice([one for one in elements if one != symbols[place]]))
    child.set_chemical_symbols(symbols)
    if len(child) > 2 and rng.random() < 0.3:
        del child[int(rng.integers(len(child)))]
    return child


def _adjusted(
    chosen: list[int], symbols: list[str], counts: Mapping[str, int], rng: np.random.Generator
) -> list[int]:
    """Places with the wanted atoms of each element: too many go, missing ones come from outside."""
    inside = set(chosen)
    result: list[int] = []
    for symbol, count in counts.items():
        own = [place for place, name in enumerate(symbols) if name == symbol]
        here = [place for place in own if place in inside]
        there = [place for place in own if place not in inside]
        order = [*rng.permutation(here).tolist(), *rng.permutation(there).tolist()]
        result += [int(place) for place in order[:count]]
    return result


def _of_similar_size(one: Atoms, other: Atoms, most_atoms: int) -> Atoms:
    """A crystal repeated along its shortest vector until it is about as large as another."""
    found = one
    while len(found) < _SIMILAR * len(other) and 2 * len(found) <= most_atoms:
        repeats = np.ones(3, dtype=int)
        repeats[int(np.argmin(found.cell.lengths()))] = 2
        found = found.repeat(repeats.tolist())
    return found


def _per_atom(atoms: Atoms) -> float:
    return float(atoms.cell.volume) / len(atoms)


def counts_for(one: Atoms, unit: Mapping[str, int], most_atoms: int) -> Counts:
    """Atoms of a child of a fixed composition: as many formula units as a parent has.

    Parameters
    ----------
    one
        Parent.
    unit
        Formula unit.
    most_atoms
        Most atoms of a cell.
    """
    size = sum(unit.values())
    units = max(1, min(len(one) // size, most_atoms // size))
    return {symbol: count * units for symbol, count in unit.items()}


def composition_distance(one: Atoms, other: Atoms) -> float:
    """Half the sum of the differences of the shares of the elements: 0 to 1.

    Parameters
    ----------
    one, other
        Crystals.
    """
    first, second = (counts_of(each.get_chemical_symbols()) for each in (one, other))
    apart: Float[np.ndarray, " element"] = np.array(
        [
            first.get(symbol, 0) / len(one) - second.get(symbol, 0) / len(other)
            for symbol in {*first, *second}
        ]
    )
    return float(np.abs(apart).sum() / 2.0)
