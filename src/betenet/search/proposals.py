"""The next candidates of a search: by chance, from prototypes, or made of what was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from ase import Atoms

from betenet.search.composition import SearchSpace, counts_of
from betenet.search.crowding import is_crowded
from betenet.search.hull import HullEntry
from betenet.search.phases import Phase
from betenet.search.random_crystals import random_crystal
from betenet.search.settings import SearchSettings
from betenet.search.variation import (
    composition_distance,
    counts_for,
    exchanged,
    permuted,
    spliced,
    strained,
)

POPULATION = 20
"""Crystals that parents are chosen of."""
OF_A_COMPOSITION = 3
"""Most parents of one composition in a system."""
_TRIALS = 20
_ATTEMPTS = 10
_SWELLINGS = (1.0, 1.1, 1.25, 1.5)
"""Factors of the volume by which a child whose atoms are too near may be saved."""
_SHARES: Mapping[str, float] = {"splice": 0.45, "strain": 0.2, "permute": 0.15, "exchange": 0.2}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Candidate:
    """A crystal before its relaxation.

    Attributes
    ----------
    number
        Number within its search.
    origin
        How it was made.
    parents
        Numbers of the crystals that it was made of.
    atoms
        The crystal; None where nothing could be made.
    """

    number: int
    origin: str
    parents: tuple[int, ...] = ()
    atoms: Atoms | None = None


class Proposer:
    """Proposes candidates, each from the seed, its number and what earlier generations found.

    Parameters
    ----------
    space
        What is searched.
    settings
        Settings of the search.
    prototypes
        Names and crystals that come first.
    """

    def __init__(
        self,
        space: SearchSpace,
        settings: SearchSettings,
        prototypes: Sequence[tuple[str, Atoms]] = (),
    ) -> None:
        self._space = space
        self._settings = settings
        self._prototypes = prototypes

    def propose(self, number: int, entries: Sequence[HullEntry]) -> Candidate:
        """The candidate of a number.

        Parameters
        ----------
        number
            Its number within the search.
        entries
            What earlier generations have found, the lowest first.
        """
        if number < len(self._prototypes):
            name, atoms = self._prototypes[number]
            return Candidate(number=number, origin=f"prototype {name}", atoms=atoms.copy())
        rng = np.random.default_rng([self._settings.seed, number])
        place = number - len(self._prototypes)
        chance = place < self._settings.first or rng.random() < self._settings.random_share
        population = self._population(entries)
        if not chance and population:
            for _ in range(_TRIALS):
                child = self._child(number, population, rng)
                if child is not None:
                    return child
        return self._random(number, place, rng)

    def _random(self, number: int, place: int, rng: np.random.Generator) -> Candidate:
        """A crystal of chance; in a system every element alone comes early, now and then."""
        space = self._space
        for attempt in range(_ATTEMPTS):
            counts = space.random_counts(rng)
            alone = place % 4 == 0 and place < self._settings.first and attempt == 0
            if space.is_system and alone:
                element = space.elements[(place // 4) % len(space.elements)]
                counts = {element: int(rng.integers(1, min(space.most_atoms, 8) + 1))}
            atoms = random_crystal(counts, self._settings.pressure, rng)
            if atoms is not None:
                return Candidate(number=number, origin="random", atoms=atoms)
        return Candidate(number=number, origin="random")

    def _population(self, entries: Sequence[HullEntry]) -> list[Phase]:
        chosen: list[Phase] = []
        of: dict[str, int] = {}
        for one in entries:
            key = one.phase.composition
            if self._space.is_system and of.get(key, 0) == OF_A_COMPOSITION:
                continue
            of[key] = of.get(key, 0) + 1
            chosen.append(one.phase)
            if len(chosen) == POPULATION:
                break
        return chosen

    def _child(
        self, number: int, population: Sequence[Phase], rng: np.random.Generator
    ) -> Candidate | None:
        """A crystal made of the population; None where it is none that is allowed."""
        names = [one for one in _SHARES if one != "exchange" or self._space.is_system]
        shares = np.array([_SHARES[one] for one in names])
        name = str(rng.choice(names, p=shares / shares.sum()))
        ranks = 1.0 - np.arange(len(population)) / len(population)
        parent = population[int(rng.choice(len(population), p=ranks / ranks.sum()))]
        parents = (parent.number,)
        if name == "splice":
            mate = self._mate(parent, population, ranks, rng)
            parents = (parent.number, mate.number)
            counts = None
            if not self._space.is_system:
                larger = max(parent.atoms, mate.atoms, key=len)
                counts = counts_for(larger, dict(self._space.unit), self._space.most_atoms)
            child = spliced(
                parent.atoms,
                mate.atoms,
                rng,
                counts=counts,
                most_atoms=self._space.most_atoms,
            )
        else:
            make: dict[str, Callable[[], Atoms | None]] = {
                "strain": partial(strained, parent.atoms, rng),
                "permute": partial(permuted, parent.atoms, rng),
                "exchange": partial(exchanged, parent.atoms, self._space.elements, rng),
            }
            child = make[name]()
        usable = self._usable(child)
        if usable is None:
            return None
        return Candidate(number=number, origin=name, parents=parents, atoms=usable)

    def _mate(
        self,
        parent: Phase,
        population: Sequence[Phase],
        ranks: np.ndarray,
        rng: np.random.Generator,
    ) -> Phase:
        """The other parent: low, and near in composition."""
        weight = self._settings.composition_weight if self._space.is_system else 0.0
        near = np.array([1.0 - composition_distance(parent.atoms, one.atoms) for one in population])
        chances = (1.0 - weight) * ranks + weight * near
        if len(population) > 1:
            chances[[one is parent for one in population]] = 0.0
        return population[int(rng.choice(len(population), p=chances / chances.sum()))]

    def _usable(self, child: Atoms | None) -> Atoms | None:
        """The child, swollen where atoms are too near; None where that does not help."""
        if child is None or not len(child):
            return None
        if not self._space.allows(counts_of(child.get_chemical_symbols())):
            return None
        for factor in _SWELLINGS:
            swollen = child.copy()
            swollen.set_cell(child.cell.array * factor ** (1 / 3), scale_atoms=True)
            if not is_crowded(swollen):
                return swollen
        return None
