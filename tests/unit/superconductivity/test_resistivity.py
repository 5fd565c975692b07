import itertools
import json

import numpy as np
import pytest
from scipy import constants
from scipy.integrate import quad

from betenet.errors import ConfigError, SpectrumError
from betenet.superconductivity.moments import coupling_constant
from betenet.superconductivity.resistivity import (
    DEFAULT_PLASMA_ENERGY,
    VACUUM_PERMITTIVITY,
    resistivity,
)
from betenet.units import KELVIN_TO_MEV

BINS = np.arange(0.25, 101.0, 2.0)
DEBYE = 25.0  # meV


def debye_spectrum(power):
    """α²F = (ω/ω_D)^power, which has λ = 2/power."""
    omega = np.linspace(0.01, 1.0, 2000) * DEBYE
    return omega, (omega / DEBYE) ** power


def bloch_grueneisen(order, ratio):
    """(T/Θ)^order ∫ z^order e^z/(e^z-1)² dz from 0 to Θ/T, at T = ratio Θ."""

    def integrand(z):
        return z**order * np.exp(-z) / np.expm1(-z) ** 2

    return ratio**order * quad(integrand, 0.0, min(1.0 / ratio, 700.0), epsabs=0.0, limit=200)[0]


@pytest.mark.parametrize("ratio", [0.02, 0.05, 0.1, 0.3, 1.0, 10.0])
def test_debye_transport_spectrum_is_bloch_and_grueneisens_law(ratio):
    omega, a2f = debye_spectrum(4)
    thermal = ratio * DEBYE
    expected = 8.0 * np.pi * 0.5 * DEBYE * bloch_grueneisen(5, ratio)
    result = resistivity([thermal / KELVIN_TO_MEV], omega, a2f, is_transport=True)
    assert result.scattering_rate[0] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("power", "exponent"), [(2, 3.0), (4, 5.0)])
def test_low_temperatures_follow_the_power_of_the_onset(power, exponent):
    omega, a2f = debye_spectrum(power)
    kelvin = np.array([0.02, 0.03]) * DEBYE / KELVIN_TO_MEV
    low, high = resistivity(kelvin, omega, a2f).resistivity
    assert np.log(high / low) / np.log(1.5) == pytest.approx(exponent, abs=0.01)


def test_far_below_the_first_sample_the_onset_still_gives_the_cube_of_the_temperature():
    a2f = np.exp(-(((BINS - 30.0) / 15.0) ** 2))
    kelvin = np.array([1e-3, 1e-2, 1e-1, 1.0])
    rho = resistivity(kelvin, BINS, a2f).resistivity
    np.testing.assert_allclose(rho / kelvin**3, np.full(4, rho[0] / 1e-9), rtol=1e-4)


@pytest.mark.parametrize("kelvin", [5.0, 40.0, 300.0])
def test_einstein_mode(kelvin):
    omega = np.linspace(29.0, 31.0, 2001)
    peak = np.exp(-(((omega - 30.0) / 0.1) ** 2) / 2.0)
    a2f = 0.8 * 15.0 * peak / (peak.sum() * 0.001)  # λ = 2·area/30 = 0.8
    thermal = kelvin * KELVIN_TO_MEV
    x = 15.0 / thermal
    expected = 2.0 * np.pi * 0.8 * thermal * (x / np.sinh(x)) ** 2
    rate = resistivity([kelvin], omega, a2f).scattering_rate[0]
    # the width of the peak is felt once k_B T is small against it
    assert rate == pytest.approx(expected, rel=5e-2 if kelvin < 10.0 else 1e-3)


def test_high_temperature_slope_in_si_units():
    # m/(ne²τ) with ħ/τ = 2πλ k_B T, all from scipy's constants: copper's density of electrons
    density = 8.47e28
    squared = density * constants.e**2 / (constants.epsilon_0 * constants.m_e)
    energy = constants.hbar * np.sqrt(squared) / constants.e
    a2f = np.exp(-(((BINS - 20.0) / 5.0) ** 2))
    coupling = float(coupling_constant(BINS, a2f))
    rate = 2.0 * np.pi * coupling * constants.k * 1.0 / constants.hbar
    slope = 1e8 * constants.m_e * rate / (density * constants.e**2)
    cold, hot = resistivity([5000.0, 6000.0], BINS, a2f, plasma_energy=energy).resistivity
    assert (hot - cold) / 1000.0 == pytest.approx(slope, rel=2e-4)


def test_any_spectrum_against_numerical_integration():
    a2f = np.random.default_rng(0).uniform(0.0, 1.0, BINS.size)
    grid, values = BINS[1:], a2f[1:]  # the first bin is not resolved
    thermal = 40.0 * KELVIN_TO_MEV

    def integrand(omega):
        inside = values[0] * (omega / grid[0]) ** 2
        curve = inside if omega < grid[0] else np.interp(omega, grid, values)
        return curve / omega * (omega / 2.0 / thermal / np.sinh(omega / 2.0 / thermal)) ** 2

    edges = [1e-9, *grid]
    pieces = itertools.pairwise(edges)
    integral = sum(quad(integrand, *piece, epsabs=1e-14)[0] for piece in pieces)
    rate = resistivity([40.0], BINS, a2f).scattering_rate[0]
    assert rate == pytest.approx(4.0 * np.pi * thermal * integral, rel=1e-5)


def test_batch_equals_single_and_scale_of_frequencies():
    a2f = np.random.default_rng(1).uniform(0.0, 1.0, (2, 3, BINS.size))
    kelvin = np.array([0.0, 10.0, 300.0])
    batch = resistivity(kelvin, BINS, a2f)
    assert batch.resistivity.shape == (2, 3, 3)
    assert np.all(batch.resistivity[..., 0] == 0.0)
    single = resistivity(kelvin, BINS, a2f[1, 2])
    np.testing.assert_allclose(batch.resistivity[1, 2], single.resistivity, rtol=1e-12)
    # ω → sω at sT multiplies ħ/τ with s and leaves λ_tr as it is
    scaled = resistivity(2.0 * kelvin, 2.0 * BINS, a2f[1, 2])
    np.testing.assert_allclose(scaled.scattering_rate, 2.0 * single.scattering_rate, rtol=1e-12)
    assert scaled.coupling_tr == pytest.approx(float(single.coupling_tr), rel=1e-12)


def test_what_the_number_rests_on_is_said():
    a2f = np.exp(-(((BINS - 20.0) / 5.0) ** 2))
    default = resistivity([300.0], BINS, a2f)
    assert (default.plasma_energy, default.plasma_energy_is_default) == (
        DEFAULT_PLASMA_ENERGY,
        True,
    )
    assert len(default.warnings) == 2
    assert "α²_tr F ≈ α²F" in default.warnings[0]
    assert "default" in default.warnings[1]
    given = resistivity([300.0], BINS, a2f, plasma_energy=2 * DEFAULT_PLASMA_ENERGY)
    assert given.resistivity[0] == pytest.approx(default.resistivity[0] / 4.0)
    assert len(given.warnings) == 1
    exact = resistivity([300.0], BINS, a2f, plasma_energy=9.0, is_transport=True)
    assert exact.warnings == ()
    data = json.loads(json.dumps(default.to_dict()))
    assert data["resistivity_microohm_cm"] == default.resistivity.tolist()
    assert data["warnings"] == list(default.warnings)


def test_vacuum_permittivity():
    # scipy may follow a later adjustment of the constants, which differs in the tenth digit
    assert pytest.approx(constants.epsilon_0, rel=1e-9) == VACUUM_PERMITTIVITY


def test_bad_input():
    a2f = np.ones(BINS.size)
    with pytest.raises(ConfigError, match="zero or positive"):
        resistivity([-1.0, 5.0], BINS, a2f)
    with pytest.raises(ConfigError, match="plasma energy is 0 eV"):
        resistivity([5.0], BINS, a2f, plasma_energy=0.0)
    with pytest.raises(SpectrumError, match="not finite"):
        resistivity([5.0], BINS, np.full(BINS.size, np.nan))
