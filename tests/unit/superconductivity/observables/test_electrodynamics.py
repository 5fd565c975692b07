import numpy as np
import pytest
from tests.reference import dense_eliashberg as dense

from betenet.errors import ConfigError
from betenet.superconductivity.eliashberg import superconducting_state
from betenet.superconductivity.observables import (
    clean_penetration_depth,
    dirty_penetration_depth,
    pippard_length,
    sommerfeld_constant,
)

GRID = np.linspace(9.9, 10.1, 41)
WEAK = 125.0 * np.maximum(0.1 - np.abs(GRID - 10.0), 0.0)  # λ = 0.25
STATE = superconducting_state(GRID, WEAK, 0.0, reduced_temperatures=(0.1, 0.5))


def test_sommerfeld_constants_of_the_handbook():
    # N(E_F) of calculations and λ of tunnelling; γ of Kittel's table: Al 1.35, Nb 7.79
    assert sommerfeld_constant(0.41, 0.43) == pytest.approx(1.35, rel=0.05)
    assert sommerfeld_constant(1.49, 1.22) == pytest.approx(7.79, rel=0.05)
    assert sommerfeld_constant(2 * 1.49, 1.22, 2) == pytest.approx(sommerfeld_constant(1.49, 1.22))
    # MgB2: 0.355 states of each spin and λ = 0.87 (Kong et al., Phys. Rev. B 64, 020501 (2001));
    # 3.1 ± 0.1 is measured (Kremer et al., arXiv:cond-mat/0102432)
    assert sommerfeld_constant(0.71, 0.87) == pytest.approx(3.1, abs=0.1)
    with pytest.raises(ConfigError, match="above zero"):
        sommerfeld_constant(-1.0, 0.5)


def test_the_dirty_depth_at_weak_coupling_is_mattis_and_bardeens():
    # 1/λ² = π μ₀ Δ tanh(Δ/2T)/(ħ ρ₀)
    hbar, mu_0, e = 1.054571817e-34, 1.25663706212e-6, 1.602176634e-19
    for solution in STATE.solutions:
        gap, kt = float(solution.gap[0]), float(solution.sums.temperature[0])
        energy = np.pi * gap * np.tanh(gap / (2 * kt)) * 1e-3 * e
        expected = 1e9 / np.sqrt(mu_0 * energy / (hbar * 2e-8))
        assert dirty_penetration_depth(solution, 2.0) == pytest.approx(expected, rel=0.01)


def test_londons_depth_at_weak_coupling():
    # c/ω_p √(1+λ) at T = 0
    cold = clean_penetration_depth(STATE.solutions[0], 9.0)
    assert cold == pytest.approx(197.327 / 9.0 * np.sqrt(1.25), rel=0.01)
    assert clean_penetration_depth(STATE.solutions[1], 9.0) > cold


def test_niobium():
    # ħω_p 9.2 eV; Maxfield, McLean, Phys. Rev. 139, A1515 (1965): λ_L(0) = 32 nm, ξ₀ = 39 nm
    grid, a2f = dense.SPECTRA["acoustic"]
    state = superconducting_state(grid, 0.95 * a2f, 0.25, reduced_temperatures=(0.1,))
    assert clean_penetration_depth(state.solutions[0], 9.2) == pytest.approx(32.0, rel=0.1)
    assert pippard_length(0.57, 1.52, 0.98) == pytest.approx(39.0, rel=0.1)
