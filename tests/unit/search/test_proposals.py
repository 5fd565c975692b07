"""Candidates follow from the seed, their number, and what was found."""

import numpy as np
from ase.build import bulk
from tests.unit.search.conftest import made_phase

from betenet.search import SearchSettings, hull_of, search_space
from betenet.search.proposals import POPULATION, Proposer
from betenet.search.repeats import Tried, description_of
from betenet.search.variation import composition_distance

GENETIC = SearchSettings(target="Cu-Au", first=2, random_share=0.0, most_atoms=6, choices=2)
SPACE = search_space("Cu-Au", 6)


def entries():
    gold = bulk("Cu", cubic=True)
    gold.symbols[0] = "Au"
    crystals = [bulk("Cu"), bulk("Au"), bulk("CuAu", "cesiumchloride", a=3.0), gold]
    return hull_of([made_phase(k, one, -0.1 * k) for k, one in enumerate(crystals)], SPACE.elements)


def test_a_candidate_is_the_same_whenever_it_is_proposed() -> None:
    proposer, found = Proposer(SPACE, GENETIC), entries()
    one, again = proposer.propose(17, found), Proposer(SPACE, GENETIC).propose(17, found)
    assert one.atoms is not None
    assert again.atoms is not None
    assert np.array_equal(one.atoms.positions, again.atoms.positions)
    assert one.origin == again.origin
    other = proposer.propose(18, found)
    assert other.atoms is not None
    assert other.atoms.cell.volume != one.atoms.cell.volume


def test_all_operators_are_used_and_name_their_parents() -> None:
    proposer, found = Proposer(SPACE, GENETIC), entries()
    made = [proposer.propose(number, found) for number in range(2, 50)]
    operators = {"splice", "strain", "distort", "redraw", "permute", "exchange"}
    assert {one.origin for one in made} >= operators
    for one in made:
        assert one.atoms is not None
        assert len(one.atoms) <= 6
        if one.origin != "random":
            assert one.parents
            assert set(one.parents) <= {0, 1, 2, 3}


def test_prototypes_come_first_then_chance() -> None:
    proposer = Proposer(SPACE, GENETIC, [("fcc", bulk("Cu"))])
    assert proposer.propose(0, []).origin == "prototype fcc"
    assert [proposer.propose(n, entries()).origin for n in (1, 2)] == ["random", "random"]


def test_the_population_is_small_and_has_several_compositions() -> None:
    phases = [made_phase(k, bulk("Cu", a=3.0 + 0.01 * k), 0.01 * k) for k in range(40)]
    phases.append(made_phase(99, bulk("Au"), 0.0))
    proposer = Proposer(SPACE, GENETIC)
    chosen = proposer._population(hull_of(phases, SPACE.elements))
    assert len(chosen) <= POPULATION
    assert sum(one.composition == "Cu" for one in chosen) == 3
    assert any(one.composition == "Au" for one in chosen)


def test_crystals_with_nothing_free_are_proposed_once() -> None:
    settings = SearchSettings(target="Cu", most_atoms=2, choices=3)
    proposer, tried = Proposer(search_space("Cu", 2), settings), Tried()
    rigid: list[str] = []
    for batch in range(3):
        for one in proposer.batch(batch, [], tried):
            assert one.atoms is not None
            for atoms in (one.atoms, *(atoms for atoms, _ in one.others)):
                description, freedom = description_of(atoms)
                if freedom == 0:
                    rigid.append(description)
    assert len(set(rigid)) > 2
    assert len(rigid) == len(set(rigid))


def test_candidates_that_one_energy_decides_between_have_one_composition() -> None:
    proposer, found = Proposer(SPACE, GENETIC), entries()
    several = [proposer.propose(number, found) for number in range(2, 14)]
    assert max(len(one.others) for one in several) == GENETIC.choices - 1
    for one in several:
        assert one.atoms is not None
        for atoms, _ in one.others:
            assert composition_distance(one.atoms, atoms) < 1e-9
