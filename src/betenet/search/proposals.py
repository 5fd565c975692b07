"""The next candidates of a search: by chance, from prototypes, or made of what was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from ase import Atoms

from betenet.errors import StructureError
from betenet.search.composition import Counts, SearchSpace, counts_of, reduced
from betenet.search.crowding import is_crowded
from betenet.search.hull import HullEntry
from betenet.search.phases import Phase
from betenet.search.random_crystals import random_crystal, redrawn
from betenet.search.repeats import Tried, description_of
from betenet.search.settings import SearchSettings
from betenet.search.variation import (
    composition_distance,
    counts_for,
    distorted,
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
_ATTEMPTS = 40
_ALONE = 4
"""Attempts at a new crystal of one element in a system."""
_SWELLINGS = (1.0, 1.1, 1.25, 1.5)
"""Factors of the volume by which a child whose atoms are too near may be saved."""
_SHARES: Mapping[str, float] = {
    "splice": 0.3,
    "strain": 0.1,
    "distort": 0.15,
    "redraw": 0.3,
    "permute": 0.15,
    "exchange": 0.2,
}
_NEAR = ("strain", "distort")
"""Operators whose children are not chosen by their energy: the nearest to the parent would win."""


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
    description
        Its space group and sites; empty for a prototype.
    others
        Crystals of the same composition, and their descriptions, that one energy each decides
        between.
    """

    number: int
    origin: str
    parents: tuple[int, ...] = ()
    atoms: Atoms | None = None
    description: str = ""
    others: Sequence[tuple[Atoms, str]] = ()


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

    def batch(self, batch: int, entries: Sequence[HullEntry], tried: Tried) -> list[Candidate]:
        """The candidates of a batch, none of which repeats others or one that was tried.

        Parameters
        ----------
        batch
            Number of the batch.
        entries
            What earlier generations have found, the lowest first.
        tried
            What was tried before; the candidates are added.
        """
        begin, candidates = batch * self._settings.together, list[Candidate]()
        for number in range(begin, begin + self._settings.together):
            one = self.propose(number, entries, tried)
            tried.add([one.description, *(description for _, description in one.others)])
            candidates.append(one)
        return candidates

    def propose(
        self, number: int, entries: Sequence[HullEntry], tried: Tried | None = None
    ) -> Candidate:
        """The candidate of a number.

        Parameters
        ----------
        number
            Its number within the search.
        entries
            What earlier generations have found, the lowest first.
        tried
            What was tried before; nothing if absent.
        """
        tried = tried or Tried()
        if number < len(self._prototypes):
            name, atoms = self._prototypes[number]
            return Candidate(number=number, origin=f"prototype {name}", atoms=atoms.copy())
        rng = np.random.default_rng([self._settings.seed, number])
        place = number - len(self._prototypes)
        chance = place < self._settings.first or rng.random() < self._settings.random_share
        population = self._population(entries)
        if not chance and population:
            for _ in range(_TRIALS):
                child = self._child(number, population, rng, tried)
                if child is not None:
                    return child
        return self._random(number, place, rng, tried)

    def _random(self, number: int, place: int, rng: np.random.Generator, tried: Tried) -> Candidate:
        """A crystal of chance; in a system every element alone comes early, now and then."""
        space, pressure = self._space, self._settings.pressure
        for attempt in range(_ATTEMPTS):
            counts = space.random_counts(rng)
            alone = place % 4 == 0 and place < self._settings.first and attempt < _ALONE
            if space.is_system and alone:
                element = space.elements[(place // 4) % len(space.elements)]
                counts = {element: int(rng.integers(1, min(space.most_atoms, 8) + 1))}

            def made(counts: Counts = counts) -> Atoms | None:
                own = counts if space.is_system else space.random_counts(rng)
                return random_crystal(own, pressure, rng)

            found = self._new(number, "random", (), made, tried)
            if found is not None:
                return found
        return Candidate(
            number=number,
            origin="random",
            atoms=random_crystal(space.random_counts(rng), pressure, rng),
        )

    def _new(
        self,
        number: int,
        origin: str,
        parents: tuple[int, ...],
        made: Callable[[], Atoms | None],
        tried: Tried,
    ) -> Candidate | None:
        """A candidate of crystals that were not tried often enough; None where there are none."""
        wanted = 1 if origin in _NEAR else self._settings.choices
        tried, found, first = tried.copy(), list[tuple[Atoms, str]](), Counts()
        for _ in range(2 * wanted):
            atoms = made()
            if atoms is None:
                continue
            own = reduced(counts_of(atoms.get_chemical_symbols()))
            description, freedom = description_of(atoms)
            if tried.is_worn(description, freedom) or (found and own != first):
                continue
            first = own
            tried.add([description])
            found.append((atoms, description))
            if len(found) == wanted:
                break
        if not found:
            return None
        (atoms, description), *others = found
        return Candidate(
            number=number,
            origin=origin,
            parents=parents,
            atoms=atoms,
            description=description,
            others=others,
        )

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
        self, number: int, population: Sequence[Phase], rng: np.random.Generator, tried: Tried
    ) -> Candidate | None:
        """A crystal made of the population; None where it is none that is allowed."""
        names = [one for one in _SHARES if one != "exchange" or self._space.is_system]
        shares = np.array([_SHARES[one] for one in names])
        name = str(rng.choice(names, p=shares / shares.sum()))
        ranks = 1.0 - np.arange(len(population)) / len(population)
        parent = population[int(rng.choice(len(population), p=ranks / ranks.sum()))]
        parents = (parent.number,)
        make = partial(self._varied, name, parent.atoms, rng)
        if name == "splice":
            mate = self._mate(parent, population, ranks, rng)
            parents, make = (parent.number, mate.number), partial(self._spliced, parent, mate, rng)
        return self._new(number, name, parents, lambda: self._usable(make()), tried)

    def _varied(self, name: str, parent: Atoms, rng: np.random.Generator) -> Atoms | None:
        """A crystal made of one other by the operator of a name."""
        most, elements = self._space.most_atoms, self._space.elements
        make: dict[str, Callable[[], Atoms | None]] = {
            "strain": partial(strained, parent, rng),
            "distort": partial(distorted, parent, rng, most_atoms=most),
            "redraw": partial(redrawn, parent, rng),
            "permute": partial(permuted, parent, rng),
            "exchange": partial(exchanged, parent, elements, rng),
        }
        try:
            return make[name]()
        except StructureError:
            return None

    def _spliced(self, parent: Phase, mate: Phase, rng: np.random.Generator) -> Atoms:
        """A crystal made of two others; of the composition of the search if it has one."""
        counts, most = None, self._space.most_atoms
        if not self._space.is_system:
            larger = max(parent.atoms, mate.atoms, key=len)
            counts = counts_for(larger, dict(self._space.unit), most)
        return spliced(parent.atoms, mate.atoms, rng, counts=counts, most_atoms=most)

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
