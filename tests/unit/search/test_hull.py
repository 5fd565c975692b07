"""Hulls: those that can be worked out by hand."""

import math

import pytest
from ase.build import bulk
from tests.unit.search.conftest import made_phase

from betenet.search.hull import hull_of

MG, NI = bulk("Mg"), bulk("Ni")
MG_NI = bulk("MgNi", "cesiumchloride", a=3.0)
MG3_NI = bulk("Mg", "fcc", a=4.2, cubic=True)
MG3_NI.symbols[0] = "Ni"


def test_a_phase_above_the_line_decomposes_by_the_lever_rule() -> None:
    phases = [
        made_phase(0, MG, -1.0),
        made_phase(1, NI, -5.0),
        made_phase(2, MG_NI, -3.4),  # 0.4 eV below the elements
        made_phase(3, MG3_NI, -2.1),  # the line from Mg to MgNi is at -2.2
        made_phase(4, MG_NI, -3.3),
    ]
    found = {one.phase.number: one for one in hull_of(phases, ["Mg", "Ni"])}
    assert [one for one in found if found[one].is_stable] == [1, 2, 0]
    assert found[2].formation == pytest.approx(-0.4)
    assert found[3].above == pytest.approx(0.1)
    assert found[3].decomposition == pytest.approx({0: 0.5, 2: 0.5})
    assert found[3].formation == pytest.approx(-0.1)
    assert found[4].above == pytest.approx(0.1)
    assert found[4].formation == pytest.approx(-0.3)


def test_without_an_element_phases_of_a_composition_are_compared() -> None:
    low, high = hull_of([made_phase(1, MG_NI, -3.3), made_phase(2, MG_NI, -3.4)], ["Mg", "Ni"])
    assert low.phase.number == 2
    assert high.above == pytest.approx(0.1)
    assert high.decomposition == {2: 1.0}
    assert math.isnan(high.formation)


def test_an_element_alone() -> None:
    low, high = hull_of([made_phase(0, MG, -1.0), made_phase(1, MG, -1.2)], ["Mg"])
    assert (low.phase.number, low.above, low.formation) == (1, 0.0, 0.0)
    assert high.above == pytest.approx(0.2)
