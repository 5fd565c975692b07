import numpy as np
import pytest
from tests.reference import dense_eliashberg as dense

from betenet.superconductivity.eliashberg import Status, eliashberg_gap, superconducting_state
from betenet.superconductivity.full_bandwidth import ElectronDos, band_state

GRID, A2F = dense.SPECTRA["acoustic"]
ENERGIES = np.arange(-4000.0, 4001.0, 8.0)


def test_a_flat_band_has_the_gap_of_a_constant_density_of_states():
    flat = ElectronDos(ENERGIES, np.ones(ENERGIES.size))
    found = band_state(GRID, 3.0 * A2F, flat, 0.1, reduced_temperatures=(0.1, 0.9))
    expected = eliashberg_gap(GRID, 3.0 * A2F, 0.1)
    assert found.gap == pytest.approx(float(expected.gap), rel=1e-6)
    state = superconducting_state(GRID, 3.0 * A2F, 0.1, reduced_temperatures=(0.1, 0.9))
    for ours, theirs in zip(found.solutions, state.solutions, strict=True):
        assert ours.gap == pytest.approx(theirs.gap, rel=1e-6)
        assert ours.renormalisation == pytest.approx(theirs.renormalisation, rel=1e-3)
        assert ours.shift == pytest.approx(0.0, abs=1e-9)


def test_with_a_peak_the_equations_hold_at_each_temperature():
    dos = ElectronDos(ENERGIES, 1.0 + 2.0 * np.exp(-(((ENERGIES - 30.0) / 60.0) ** 2)))
    found = band_state(GRID, 3.0 * A2F, dos, 0.1, reduced_temperatures=(0.1, 0.9, 0.98))
    assert found.gap_status is Status.CONVERGED
    assert 3.5 < found.gap_ratio < 6.0
    gaps = [float(solution.gap[0]) for solution in found.solutions]
    assert gaps == sorted(gaps, reverse=True)
    last = found.solutions[-1]
    assert last.mu == pytest.approx(float(found.transition.chemical_potential), rel=5e-3)
    # near Tc the gap goes as √(1 - t)
    assert gaps[-1] / gaps[-2] == pytest.approx(np.sqrt(0.2), rel=0.1)
    assert last.pairing == pytest.approx(last.renormalisation * last.gap)


def test_without_a_transition_there_is_no_gap():
    found = band_state(GRID, 0.05 * A2F, ElectronDos.constant(), 0.3)
    assert (found.gap, found.solutions) == (0.0, ())
    assert found.gap_status is Status.NOT_SUPERCONDUCTING
