from functools import cache

import numpy as np
import pytest
from tests.reference.real_axis import broad_mode

from betenet.errors import ConfigError
from betenet.superconductivity.eliashberg import eliashberg_gap, eliashberg_tc
from betenet.superconductivity.eliashberg import gap as gap_module
from betenet.superconductivity.eliashberg.continuation import GapEdge
from betenet.superconductivity.eliashberg.state import superconducting_state
from betenet.superconductivity.eliashberg.status import Status
from betenet.units import KELVIN_TO_MEV

GRID, UNIT = broad_mode(1.0)
COUPLING = np.array([[0.3, 1.0, 3.0], [0.0, 0.02, 10.0]])


@cache
def batch():
    return eliashberg_gap(GRID, COUPLING[..., None] * UNIT, 0.1)


@pytest.mark.parametrize("row", list(np.ndindex(2, 3)))
def test_batch_is_as_single(row):
    single = eliashberg_gap(GRID, COUPLING[row] * UNIT, 0.1)
    assert single.gap.shape == ()
    assert float(single.gap) == pytest.approx(float(batch().gap[row]), rel=1e-9)
    assert single.status[()] is batch().status[row]
    np.testing.assert_allclose(single.gap_ratio, batch().gap_ratio[row], rtol=1e-9)


def test_gap_and_ratio_belong_to_tc():
    found = batch()
    tc = eliashberg_tc(GRID, COUPLING[..., None] * UNIT, 0.1).tc
    np.testing.assert_allclose(found.transition.tc, tc)
    pairs = tc > 0.0
    assert pairs.tolist() == [[True, True, True], [False, False, True]]
    ratio = 2.0 * found.gap[pairs] / (KELVIN_TO_MEV * tc[pairs])
    np.testing.assert_allclose(found.gap_ratio[pairs], ratio)
    assert np.all(np.diff(ratio) > 0.0)
    assert all(status is Status.CONVERGED for status in found.status[pairs])


def test_no_transition():
    found = batch()
    assert found.status[1, 0] is Status.NO_COUPLING
    assert found.status[1, 1] is Status.NOT_SUPERCONDUCTING
    assert found.gap[1, :2].tolist() == [0.0, 0.0]
    assert np.isnan(found.gap_ratio[1, :2]).all()


@pytest.mark.parametrize(("coupling", "accuracy"), [(0.3, 1e-5), (1.0, 1e-4), (10.0, 1e-3)])
def test_edge_is_the_exact_one(coupling, accuracy):
    quick = eliashberg_gap(GRID, coupling * UNIT, 0.1)
    exact = superconducting_state(GRID, coupling * UNIT, 0.1, reduced_temperatures=(0.1,))
    assert float(quick.gap) == pytest.approx(exact.gap, rel=accuracy)


def test_status_of_the_continuation_is_passed_on(monkeypatch):
    def unstable(kernel, solution):
        del kernel, solution
        return GapEdge(gap=1.0, spread=0.5, continued=None, status=Status.CONTINUATION_UNSTABLE)

    monkeypatch.setattr(gap_module, "gap_edge", unstable)
    found = eliashberg_gap(GRID, np.stack([0.0 * UNIT, UNIT]), 0.1)
    assert found.status.tolist() == [Status.NO_COUPLING, Status.CONTINUATION_UNSTABLE]


def test_options_of_tc_are_passed_on():
    settings = {"cutoff": 300.0, "mu_star_frequency": 300.0, "rule": "trapezoid"}
    found = eliashberg_gap(GRID, UNIT, 0.15, **settings)
    assert float(found.transition.tc) == float(eliashberg_tc(GRID, UNIT, 0.15, **settings).tc)
    assert float(eliashberg_gap(GRID, UNIT, 0.1, lowest=100.0).gap) == 0.0
    with pytest.raises(ConfigError):
        eliashberg_gap(GRID, UNIT, -0.1)
