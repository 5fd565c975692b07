import numpy as np
import pytest

from betenet.errors import ConfigError
from betenet.superconductivity.eliashberg import superconducting_state
from betenet.superconductivity.eliashberg.status import Status
from betenet.superconductivity.moments import coupling_constant
from betenet.superconductivity.observables import density_of_states, invert_tunnelling

# like lead: a transverse and a longitudinal peak
GRID = np.linspace(0.1, 10.0, 100)
A2F = 0.85 * np.exp(-(((GRID - 4.4) / 0.9) ** 2)) + 0.7 * np.exp(-(((GRID - 8.4) / 0.6) ** 2))
A2F *= np.minimum(GRID / 3.0, 1.0) ** 2


@pytest.mark.slow
def test_alpha2f_comes_back_from_its_own_density_of_states():
    state = superconducting_state(GRID, A2F, 0.12, reduced_temperatures=(0.1,))
    energies = np.linspace(state.gap + 0.4, state.gap + 15.0, 120)
    random = np.random.default_rng(0)
    dos = density_of_states(state.continued[0], energies)
    dos = dos + 2e-4 * random.normal(size=dos.size)
    found = invert_tunnelling(energies, dos, state.gap, 10.2, noise=2e-4)
    assert found.status is Status.CONVERGED
    coupling = float(coupling_constant(GRID, A2F))
    assert abs(found.coupling - coupling) < max(3.0 * found.coupling_error, 0.02 * coupling)
    assert found.mu_star == pytest.approx(0.12, abs=0.01)
    # Tc goes as λ to the power of two and a half here, and λ is known to a percent or two
    assert found.tc == pytest.approx(float(state.transition.tc), rel=0.04)
    true = np.interp(found.frequencies, GRID, A2F, right=0.0)
    assert np.sqrt(np.mean((found.a2f - true) ** 2)) < 0.12 * A2F.max()


def test_data_must_reach_over_the_phonons():
    with pytest.raises(ConfigError, match="above the edge"):
        invert_tunnelling(np.linspace(2.0, 8.0, 50), np.ones(50), 1.0, 10.0)
    with pytest.raises(ConfigError, match="edge at"):
        invert_tunnelling(np.linspace(0.5, 18.0, 50), np.ones(50), 1.0, 10.0)


def test_a_normal_metal_is_refused():
    with pytest.raises(ConfigError, match="normal metal"):
        invert_tunnelling(np.linspace(1.2, 18.0, 50), np.ones(50), 1.0, 10.0)
