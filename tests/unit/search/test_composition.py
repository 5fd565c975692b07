"""What is searched: formulas, systems and their limits."""

import numpy as np
import pytest
from ase.calculators.emt import EMT

from betenet.errors import ConfigError
from betenet.phonons import ForceField
from betenet.search.composition import check_known, reduced, search_space


def test_cells_of_a_formula_hold_whole_formula_units() -> None:
    space = search_space("Ca2H12", 30)
    rng = np.random.default_rng(0)
    sizes = {sum(space.random_counts(rng).values()) for _ in range(40)}
    assert sizes == {7, 14, 21, 28}
    assert all(reduced(space.random_counts(rng)) == {"Ca": 1, "H": 6} for _ in range(10))


def test_cells_of_a_system_have_every_ratio_and_stay_small() -> None:
    space = search_space("H-Ca", 14)
    rng = np.random.default_rng(1)
    found = [space.random_counts(rng) for _ in range(400)]
    assert all(space.allows(one) for one in found)
    ratios = {tuple(reduced(one).items()) for one in found}
    assert {(("Ca", 1), ("H", 6)), (("Ca", 1),), (("H", 1),), (("Ca", 1), ("H", 1))} <= ratios


@pytest.mark.parametrize(
    ("target", "most", "said"),
    [
        ("Ca-Xx", 10, "no chemical system"),
        ("Nb0.5Ti0.5", 10, "whole numbers"),
        ("hull", 10, "no formula"),
        ("Ca-Ca", 10, "twice"),
        ("LaH10", 8, "has 11 atoms"),
        ("Ca-H", 1, "2 elements"),
        ("Ca-H", 500, "500 atoms"),
        ("Li-Be-B-C-N-O", 20, "6 elements"),
    ],
)
def test_what_cannot_be_searched_is_named(target: str, most: int, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        search_space(target, most)


def test_elements_that_the_force_field_does_not_know() -> None:
    field = ForceField(EMT(), "emt", "of gold", known_elements=frozenset({29, 79}))
    check_known(search_space("Cu-Au", 4), field)
    with pytest.raises(ConfigError, match="does not know Nb"):
        check_known(search_space("Cu-Nb", 4), field)
