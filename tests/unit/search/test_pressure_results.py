"""Hulls at pressures as text and curves."""

import numpy as np
import pytest
from ase.build import bulk
from tests.unit.search.conftest import made_phase

from betenet.search import PressureHull, hull_of
from betenet.search.doubts import Doubt
from betenet.search.pressure_results import hull_rows, hulls_text, pressure_curves


def hull_at(pressure: float, high: float) -> PressureHull:
    phases = [
        made_phase(0, bulk("Cu"), 0.01 * pressure),
        made_phase(1, bulk("Cu", "hcp", a=2.55), 0.01 * pressure + high),
    ]
    return PressureHull(
        pressure=pressure,
        entries=hull_of(phases, ["Cu"]),
        second={1: 0.02},
        doubts={1: Doubt(0.01, "second force field")},
    )


def test_curves_follow_a_phase_through_the_pressures() -> None:
    curves = pressure_curves([hull_at(10.0, -0.01), hull_at(0.0, 0.01)])
    assert np.array(curves["Cu Fm-3m #0"])[:, :2] == pytest.approx(
        np.array([(0.0, 0.0), (10.0, 0.01)])
    )
    assert np.array(curves["Cu P6_3/mmc #1"])[:, :2] == pytest.approx(
        np.array([(0.0, 0.01), (10.0, 0)])
    )


def test_rows_and_text_have_the_uncertainty() -> None:
    hull = hull_at(5.0, 0.01)
    rows = hull_rows(hull)
    assert [row["uncertainty_ev_per_atom"] for row in rows] == [None, pytest.approx(0.01)]
    assert [row["uncertainty_from"] for row in rows] == ["", "second force field"]
    text = hulls_text([hull])
    assert "10.0 ± 10.0" in text
    assert "5 GPa" in text
