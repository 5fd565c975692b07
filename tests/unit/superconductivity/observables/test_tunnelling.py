import numpy as np
import pytest
from tests.reference import dense_eliashberg as dense

from betenet.errors import ConfigError
from betenet.superconductivity.eliashberg import superconducting_state
from betenet.superconductivity.observables import conductance, density_of_states

GRID, A2F = dense.SPECTRA["acoustic"]
STATE = superconducting_state(GRID, 1.5 * A2F, 0.1, reduced_temperatures=(0.1,))
AXIS = STATE.continued[0]


def test_without_more_broadening_it_is_the_solutions_density_of_states():
    assert density_of_states(AXIS, AXIS.energies) == pytest.approx(AXIS.dos, abs=1e-9)
    assert density_of_states(AXIS, -AXIS.energies[:9]) == pytest.approx(AXIS.dos[:9], abs=1e-9)


def test_states_are_conserved_and_a_hot_probe_sees_none_of_the_gap():
    volts = np.array([0.0, 2.0, 60.0])
    hot, _ = conductance(AXIS, volts, 300.0)
    assert hot == pytest.approx(1.0, abs=0.08)
    cold, _ = conductance(AXIS, np.array([0.0, 0.3 * STATE.gap]), 0.2 * float(STATE.transition.tc))
    assert np.all(cold < 0.1)


def test_the_second_derivative_is_that_of_the_first():
    volts = np.linspace(STATE.gap + 5.0, STATE.gap + 30.0, 251)
    first, second = conductance(AXIS, volts, 1.0, 0.05)
    numeric = np.gradient(first, volts)
    assert second[5:-5] == pytest.approx(numeric[5:-5], abs=0.05 * np.max(np.abs(numeric)))
    # the peak of α²F makes a dip of d²I/dV² near Δ₀ + ω
    peak = GRID[np.argmax(A2F)]
    beyond = volts > STATE.gap + 0.6 * peak
    dip = volts[beyond][np.argmin(second[beyond])]
    assert dip == pytest.approx(STATE.gap + peak, abs=3.0)


def test_broadening_fills_the_gap():
    sharp, dynes = (conductance(AXIS, np.zeros(1), 1.0, g)[0][0] for g in (0.0, 0.3))
    assert sharp < 0.05 < dynes
    with pytest.raises(ConfigError, match="above zero"):
        conductance(AXIS, np.zeros(1), 0.0)
