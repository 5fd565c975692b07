"""Distances of compositions, against transport worked out by hand and by scipy."""

import itertools

import numpy as np
import pytest
from ase.data import atomic_numbers
from scipy.stats import wasserstein_distance

from betenet.known.composition_distance import composition_distances, composition_profile
from betenet.known.elements import element_facts


def distance(one: dict[str, float], other: dict[str, float]) -> float:
    profiles = composition_profile(one), composition_profile(other)[None]
    return float(composition_distances(*profiles)[0])


def place(symbol: str) -> float:
    names, facts = element_facts()
    return facts[atomic_numbers[symbol] - 1, names.index("mendeleev_number")]


COMPOSITIONS: list[dict[str, float]] = [
    {"Nb": 3, "Sn": 1},
    {"V": 3, "Si": 1},
    {"Nb": 1},
    {"Y": 1, "Ba": 2, "Cu": 3, "O": 7},
    {"La": 1.85, "Sr": 0.15, "Cu": 1, "O": 4},
    {"H": 10, "La": 1},
]


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(COMPOSITIONS, 2)))
def test_is_the_earth_movers_distance(one: dict[str, float], other: dict[str, float]) -> None:
    sides = [(list(map(place, side)), list(side.values())) for side in (one, other)]
    expected = wasserstein_distance(sides[0][0], sides[1][0], sides[0][1], sides[1][1])
    assert distance(one, other) == pytest.approx(expected, abs=1e-4)
    assert distance(other, one) == pytest.approx(distance(one, other), abs=1e-5)


def test_a_quarter_of_the_atoms_that_moves_by_one_step() -> None:
    assert place("Sn") - place("Ge") in {1.0, -1.0}
    assert distance({"Nb": 3, "Sn": 1}, {"Nb": 3, "Ge": 1}) == pytest.approx(0.25, abs=1e-6)


def test_the_same_composition_in_other_units() -> None:
    assert distance({"Nb": 3, "Sn": 1}, {"Sn": 0.25, "Nb": 0.75}) == pytest.approx(0.0, abs=1e-6)


def test_every_element_has_a_place() -> None:
    profiles = np.stack(
        [composition_profile({symbol: 1.0}) for symbol in atomic_numbers if symbol != "X"]
    )
    assert np.all(profiles[:, -1] == 1.0)


def test_blocks_do_not_change_the_order() -> None:
    shares = np.linspace(0.01, 0.99, 700)
    profiles = np.stack([composition_profile({"Nb": x, "Sn": 1.0 - x}) for x in shares])
    found = composition_distances(composition_profile({"Nb": 1.0}), profiles)
    apart = abs(place("Nb") - place("Sn"))
    assert found == pytest.approx((1.0 - shares) * apart, abs=1e-3)
