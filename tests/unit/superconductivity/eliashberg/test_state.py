from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.interpolate import CubicSpline
from tests.reference.real_axis import broad_mode

from betenet.errors import ConfigError, SpectrumError
from betenet.superconductivity.eliashberg import state as state_module
from betenet.superconductivity.eliashberg.continuation import gap_edge
from betenet.superconductivity.eliashberg.real_axis import continue_to_real_axis
from betenet.superconductivity.eliashberg.state import REDUCED_TEMPERATURES, superconducting_state
from betenet.superconductivity.eliashberg.status import Status
from betenet.superconductivity.eliashberg.transition import eliashberg_tc
from betenet.units import KELVIN_TO_MEV


@cache
def state_of(coupling, mu_star=0.0, **settings):
    grid, a2f = broad_mode(coupling)
    return superconducting_state(grid, a2f, mu_star, **settings)


def test_weak_coupling_is_that_of_bcs():
    state = state_of(0.2)
    assert state.gap_ratio == pytest.approx(3.528, rel=5e-4)
    assert state.specific_heat_jump == pytest.approx(1.426, rel=1e-3)
    assert state.condensation_ratio == pytest.approx(0.1683, rel=5e-4)
    assert state.deviation.min() == pytest.approx(-0.037, abs=5e-4)
    assert state.problems == ()


def test_ratios_rise_with_the_coupling():
    states = [state_of(coupling) for coupling in (0.2, 0.5, 1.0, 1.5, 2.0, 3.0)]
    assert np.all(np.diff([state.gap_ratio for state in states]) > 0.0)
    assert np.all(np.diff([state.condensation_ratio for state in states]) < 0.0)
    # the jump passes a maximum near λ = 2
    jumps = [state.specific_heat_jump for state in states]
    assert int(np.argmax(jumps)) == 4
    assert np.all(np.diff(jumps[:5]) > 0.0)


def test_numbers_belong_to_each_other():
    state = state_of(1.0, 0.1)
    tc = float(state.transition.tc)
    grid, a2f = broad_mode(1.0)
    assert tc == float(eliashberg_tc(grid, a2f, 0.1).tc)
    assert state.tc_status is state.gap_status is Status.CONVERGED
    np.testing.assert_allclose(state.temperatures, tc * np.array(REDUCED_TEMPERATURES))
    assert state.gap_ratio == pytest.approx(2.0 * state.gap / (tc * KELVIN_TO_MEV))
    assert state.gap == state.gaps[0]
    assert state.gap_spread < 1e-3
    t = np.array(REDUCED_TEMPERATURES)
    np.testing.assert_allclose(state.deviation, state.critical_field_ratio - 1.0 + t**2)
    np.testing.assert_allclose(
        state.critical_field_ratio**2 / state.critical_field_ratio[0] ** 2,
        state.free_energy / state.free_energy[0],
    )
    assert np.all(np.diff(state.critical_field_ratio) < 0.0)
    assert state.critical_field_ratio[0] < 1.0
    lists = (state.solutions, state.gap_statuses, state.gaps, state.continued)
    assert {len(each) for each in lists} == {t.size}


def test_density_of_states():
    state = state_of(1.0, 0.1)
    energies, dos = state.dos_energies, state.dos
    assert np.all(np.diff(energies) > 0.0)
    # nothing in the gap but what the broadening by 0.01 leaves, and a peak at the edge
    assert np.all(dos[energies < 0.5 * state.gap] < 0.02)
    assert energies[dos.argmax()] == pytest.approx(state.gap, rel=0.01)
    # less than in the metal where the phonons repel, as much far above them
    assert dos[(energies > 25.0) & (energies < 45.0)].max() < 1.0
    assert dos[-1] == pytest.approx(1.0, abs=1e-3)
    assert energies[-1] > 100.0
    # states are moved, not made
    moved = CubicSpline(energies, dos - 1.0).integrate(0.0, energies[-1])
    assert float(moved) == pytest.approx(0.0, abs=2e-3 * state.gap)


def test_gap_over_temperature():
    state = state_of(0.2)
    assert all(status is Status.CONVERGED for status in state.gap_statuses)
    shares = dict(zip(REDUCED_TEMPERATURES, state.gaps / state.gap, strict=True))
    # solutions of BCS's gap equation
    expected = {0.1: 1.0, 0.5: 0.95689, 0.8: 0.71105, 0.95: 0.38032}
    for reduced, share in expected.items():
        assert shares[reduced] == pytest.approx(share, rel=5e-4)


@pytest.mark.parametrize("coupling", [1.0, 3.0, 10.0])
def test_gap_falls_with_temperature(coupling):
    state = state_of(coupling)
    good = [status is Status.CONVERGED for status in state.gap_statuses]
    assert sum(good) >= 9
    # that of the strongest coupling rises by 1e-5 before, as thermal phonons push states up
    assert np.all(np.diff(state.gaps[good]) < 1e-3 * state.gap)
    assert state.gaps[good][-1] < 0.9 * state.gap


def test_where_no_edge_is_left():
    state = state_of(30.0, reduced_temperatures=(0.1, 0.3, 0.5, 0.7, 0.9, 0.99))
    none = [status is Status.NO_EDGE for status in state.gap_statuses]
    assert none == sorted(none)
    assert 0 < sum(none) < len(none)
    lowest = np.array([solution.gap[0] for solution in state.solutions])
    np.testing.assert_array_equal(state.gaps[none], lowest[none])
    # the first of them and no other, for each temperature its own
    named = [problem for problem in state.problems if Status.NO_EDGE.text in problem]
    assert len(named) == sum(none)
    assert named[0].startswith(f"gap at {state.temperatures[none.index(True)]:.4g} K: ")
    # what the temperature does to N(ω) is in the state too
    assert state.continued[none.index(True)].dos[0] > 0.3


def test_gaps_are_those_of_the_continuation():
    state = state_of(1.0, reduced_temperatures=(0.02, 0.1, 0.5))
    edges = [axis.edge for axis in state.continued]
    assert state.gaps.tolist() == edges
    # frozen below 0.1 Tc
    assert edges[0] == edges[1] == state.gap
    np.testing.assert_array_equal(state.dos, state.continued[1].dos)


FAILURES = {
    "both agree": (0.0, Status.CONVERGED, Status.CONVERGED, "exact"),
    "they do not": (0.02, Status.CONVERGED, Status.CONTINUATION_UNSTABLE, "exact"),
    "the exact one fails": (0.0, Status.NOT_CONVERGED, Status.CONTINUATION_UNSTABLE, "Padé"),
}


@pytest.mark.parametrize(("apart", "status", "expected", "taken"), FAILURES.values(), ids=FAILURES)
def test_two_continuations_check_each_other(apart, status, expected, taken, monkeypatch):
    def quick(kernel, solution):
        edge = gap_edge(kernel, solution)
        return replace(edge, gap=edge.gap * (1.0 + apart))

    def exact(*spectrum, **settings):
        return replace(continue_to_real_axis(*spectrum, **settings), status=status)

    monkeypatch.setattr(state_module, "gap_edge", quick)
    monkeypatch.setattr(state_module, "continue_to_real_axis", exact)
    grid, a2f = broad_mode(1.0)
    state = superconducting_state(grid, a2f, 0.0, reduced_temperatures=(0.1,))
    assert state.gap_status is expected
    assert state.gap == pytest.approx(state_of(1.0).gap, rel=1e-5)
    lowest = float(state.solutions[0].gap[0])
    assert state.gaps.tolist() == [state.gap if taken == "exact" else lowest]
    assert state.gap_statuses == (status,)


@pytest.mark.parametrize("scale", [1e-2, 1e3])
def test_scale_of_the_frequencies(scale):
    grid, a2f = broad_mode(1.0)
    here = state_of(1.0)
    there = superconducting_state(scale * grid, a2f, 0.0)
    assert float(there.transition.tc) == pytest.approx(scale * float(here.transition.tc), rel=1e-6)
    assert there.gap == pytest.approx(scale * here.gap, rel=1e-5)
    for name in ("gap_ratio", "specific_heat_jump", "condensation_ratio"):
        assert getattr(there, name) == pytest.approx(getattr(here, name), rel=1e-5), name
    np.testing.assert_allclose(there.free_energy, scale**2 * here.free_energy, rtol=1e-5)
    np.testing.assert_allclose(there.deviation, here.deviation, atol=1e-6)


def test_temperatures_of_ones_own_in_any_order():
    state = state_of(1.0, reduced_temperatures=(0.5, 0.2, 1.0, 1.2))
    tc = float(state.transition.tc)
    np.testing.assert_allclose(state.temperatures, tc * np.array([0.5, 0.2, 1.0, 1.2]))
    assert state.gap_statuses[2:] == (Status.ABOVE_TC, Status.ABOVE_TC)
    assert state.gaps[1] > state.gaps[0] > 0.0
    assert state.gaps[2:].tolist() == state.critical_field_ratio[2:].tolist() == [0.0, 0.0]
    assert state.gap == state_of(1.0).gap
    # that a metal is normal above its Tc is no problem
    assert state.problems == ()


def test_rule_cutoff_and_the_frequency_of_mu_star_are_passed_on():
    settings = {"cutoff": 300.0, "mu_star_frequency": 300.0, "rule": "trapezoid"}
    state = state_of(1.0, 0.15, **settings)
    grid, a2f = broad_mode(1.0)
    expected = eliashberg_tc(grid, a2f, 0.15, **settings)
    assert float(state.transition.tc) == float(expected.tc)
    assert state.transition.coulomb.cutoff.tolist() == [300.0]
    assert state.solutions[0].mu_star_cutoff == 0.15


# ------------------------------------------------------------------------------------- problems


@pytest.mark.parametrize(
    ("strength", "status"), [(0.0, Status.NO_COUPLING), (0.05, Status.NOT_SUPERCONDUCTING)]
)
def test_no_transition(strength, status):
    grid, a2f = broad_mode(1.0)
    state = superconducting_state(grid, strength * a2f, 0.2)
    assert state.tc_status is state.gap_status is status
    assert state.gap == 0.0
    assert np.isnan([state.gap_ratio, state.specific_heat_jump, state.condensation_ratio]).all()
    arrays = (state.temperatures, state.gaps, state.free_energy, state.dos, state.dos_energies)
    assert all(array.size == 0 for array in arrays)
    assert state.solutions == state.continued == state.gap_statuses == ()
    # that there is no transition is an answer, that nothing couples is a fault
    assert bool(state.problems) is not status.is_good
    assert all(status.text in problem for problem in state.problems)


def test_coupling_as_strong_as_it_gets():
    state = state_of(100.0)
    # Tc is near the asymptote 0.1827 √λ Ω
    asymptote = 0.1827 * 10.0 * 20.0 / KELVIN_TO_MEV
    assert float(state.transition.tc) == pytest.approx(asymptote, rel=0.02)
    assert state.gap_status is Status.CONVERGED
    assert set(state.gap_statuses) == {Status.CONVERGED, Status.NO_EDGE}
    assert np.all(np.isfinite(state.gaps))


def test_a_cutoff_that_is_too_low_is_named():
    state = state_of(1.0, 0.1, cutoff=30.0, reduced_temperatures=(0.5,))
    assert state.tc_status is Status.CUTOFF_TOO_LOW
    assert f"Tc: {Status.CUTOFF_TOO_LOW.text}" in state.problems


# --------------------------------------------------------------------------------------- errors


def test_one_spectrum_only():
    grid, a2f = broad_mode(1.0)
    unchecked = getattr(superconducting_state, "__wrapped__", superconducting_state)
    with pytest.raises(SpectrumError, match="one spectrum at a time"):
        unchecked(grid, np.stack([a2f, a2f]))
    with pytest.raises(SpectrumError):
        unchecked(grid, a2f[:-1])


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"cutoff": -1.0}, ConfigError),
        ({"mu_star_frequency": np.nan}, ConfigError),
        ({"mu_star": -0.1}, ConfigError),
        ({"rule": "simpson"}, SpectrumError),
    ],
)
def test_numbers_out_of_range(settings, error):
    with pytest.raises(error):
        superconducting_state(*broad_mode(1.0), **settings)


@pytest.mark.parametrize("reduced", [0.0, -0.5, np.nan, np.inf])
def test_temperatures_are_above_zero(reduced):
    with pytest.raises(ConfigError):
        superconducting_state(*broad_mode(1.0), reduced_temperatures=(reduced, 0.5))
