"""Figures of hulls show the phases where they are."""

import numpy as np
import pytest
from ase.build import bulk
from tests.unit.search.conftest import made_phase

from betenet.search import hull_of
from betenet.search.figures import draw_hull, draw_pressures

ALLOY = bulk("CuAu", "cesiumchloride", a=3.0)


def test_the_curve_goes_through_the_stable_phases() -> None:
    phases = [
        made_phase(0, bulk("Cu"), 0.0),
        made_phase(1, bulk("Au"), 0.0),
        made_phase(2, ALLOY, -0.05),
    ]
    axes = draw_hull(hull_of(phases, ["Au", "Cu"]), ["Au", "Cu"], 20.0)
    curve = np.array(axes.lines[-1].get_data())
    assert curve[0] == pytest.approx([0.0, 0.5, 1.0])
    assert curve[1] == pytest.approx([0.0, -50.0, 0.0])
    assert "20 GPa" in axes.get_title()


def test_three_elements_have_a_corner_each() -> None:
    phases = [made_phase(k, bulk(one), 0.0) for k, one in enumerate(("Cu", "Au", "Ag"))]
    axes = draw_hull(
        hull_of([*phases, made_phase(3, ALLOY, -0.1)], ["Ag", "Au", "Cu"]), ["Ag", "Au", "Cu"], 0
    )
    points = {
        tuple(np.round([*map(float, np.ravel(line.get_data()))], 3)) for line in axes.lines[1:]
    }
    assert {(0.0, 0.0), (1.0, 0.0), (0.5, 0.866), (0.75, 0.433)} <= points


def test_pressures_are_drawn_in_mev() -> None:
    axes = draw_pressures({"Cu": [(0.0, 0.001, 0.0005), (10.0, 0.002, np.nan)]}, "enthalpy")
    assert np.array(axes.lines[0].get_data()[1]) == pytest.approx([1.0, 2.0])
