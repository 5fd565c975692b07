"""How sure hulls are."""

import math

import pytest
from ase.build import bulk
from tests.unit.search.conftest import made_phase

from betenet.search.doubts import known_doubts, known_error, rivals
from betenet.search.hull import hull_of


def _cells() -> list:
    return [
        made_phase(0, bulk("Cu"), 0.0),
        made_phase(1, bulk("Au"), 0.0),
        made_phase(2, bulk("CuAu", "cesiumchloride", a=3.1), -0.1),
        made_phase(3, bulk("CuAu", "rocksalt", a=5.6), -0.02),
        made_phase(4, bulk("Cu", "bcc", a=2.9), 0.03),
    ]


def test_a_phase_of_the_hull_is_against_what_would_take_its_place() -> None:
    entries = {one.phase.number: one for one in hull_of(_cells(), ["Au", "Cu"])}
    every = list(entries.values())
    assert rivals(entries[3], every, ["Au", "Cu"]) == {2: 1.0}
    assert rivals(entries[2], every, ["Au", "Cu"]) == {3: 1.0}
    assert rivals(entries[0], every, ["Au", "Cu"]) == {4: 1.0}
    assert rivals(entries[1], every, ["Au", "Cu"]) == {}  # there is no other gold
    fewer = [one for one in every if one.phase.number != 3]
    assert rivals(entries[2], fewer, ["Au", "Cu"]) == {
        0: pytest.approx(0.5),
        1: pytest.approx(0.5),
    }


def test_errors_that_are_alike_add_up_by_their_shares() -> None:
    entries = hull_of(_cells(), ["Au", "Cu"])
    found = known_doubts(entries, ["Au", "Cu"], 0.02)
    assert found[3].deviation == pytest.approx(0.02 * math.sqrt(2.0))
    assert 1 not in found


def test_known_errors_are_of_the_force_field_and_the_pressure() -> None:
    found = known_error("mattersim-1m", ["Ca", "H"], 150.0)
    assert found is not None
    assert found.elements == ("H",)
    assert 0.05 < found.error < 0.5
    assert known_error("emt", ["Ca", "H"], 150.0) is None
