import itertools

import numpy as np
import pytest
from scipy.integrate import quad

from betenet.errors import SpectrumError
from betenet.spectrum import INTEGRATION_RULES
from betenet.superconductivity.integration import kernel_weights, log_moment_weights, moment_weights
from betenet.superconductivity.moments import (
    coupling_constant,
    cumulative_coupling,
    moments,
    omega_1,
    omega_2,
    omega_3,
    omega_log,
    omega_max,
    omega_n,
)

BINS = np.arange(0.25, 101.0, 2.0)
FREQUENCY_KEYS = ("omega_log", "omega_1", "omega_2", "omega_3", "omega_max")


def random_spectra(*shape):
    return np.random.default_rng(0).uniform(0.0, 1.0, shape)


@pytest.mark.parametrize("power", [2, 3, 4])
def test_power_law_closed_form(power):
    # α²F = ω^p up to W: λ = 2W^p/p, ω_log = W e^(-1/p), ω_n = W [p/(p+n)]^(1/n)
    width = 20.0
    omega = np.linspace(0.01, width, 4000)
    a2f = omega**power
    assert coupling_constant(omega, a2f) == pytest.approx(2.0 * width**power / power, rel=1e-5)
    assert omega_log(omega, a2f) == pytest.approx(width * np.exp(-1.0 / power), rel=1e-5)
    for n in (1, 2, 3):
        expected = width * (power / (power + n)) ** (1.0 / n)
        assert omega_n(omega, a2f, n) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("grid", [BINS, np.array([0.3, 1.0, 3.0, 10.0, 30.0, 100.0])])
def test_onset_rule_integrates_a_line_exactly_on_a_coarse_grid(grid):
    # α²F linear from the second sample, with a ω² onset below it: all in closed form
    low, high = grid[1], grid[-1]
    a2f = grid.copy()
    line = high - low
    line_log = (high * np.log(high) - high) - (low * np.log(low) - low)
    line_2 = (high**3 - low**3) / 3.0
    onset, onset_log, onset_2 = low / 2.0, low * (np.log(low) / 2.0 - 0.25), low**3 / 4.0
    half = line + onset
    assert coupling_constant(grid, a2f) == pytest.approx(2.0 * half, rel=1e-8)
    assert omega_log(grid, a2f) == pytest.approx(np.exp((line_log + onset_log) / half), rel=1e-8)
    assert omega_2(grid, a2f) == pytest.approx(np.sqrt((line_2 + onset_2) / half), rel=1e-8)


@pytest.mark.parametrize("rule", INTEGRATION_RULES)
def test_narrow_peak_is_an_einstein_mode(rule):
    omega = np.arange(0.01, 50.0, 0.01)
    peak = np.exp(-(((omega - 30.0) / 0.2) ** 2) / 2.0)
    a2f = 0.4 * 30.0 * peak / (peak.sum() * 0.01)  # λ = 2·area/30 = 0.8
    result = moments(omega, a2f, rule)
    assert result["coupling"] == pytest.approx(0.8, rel=1e-4)
    for key in ("omega_log", "omega_1", "omega_2", "omega_3"):
        assert result[key] == pytest.approx(30.0, rel=1e-4)


@pytest.mark.parametrize("rule", INTEGRATION_RULES)
@pytest.mark.parametrize("grid", [BINS, np.linspace(0.2, 40.0, 51)])
def test_scaled_frequencies_keep_the_coupling_and_scale_the_moments(rule, grid):
    a2f = random_spectra(3, 51)
    result, scaled = moments(grid, a2f, rule), moments(2.7 * grid, a2f, rule)
    np.testing.assert_allclose(scaled["coupling"], result["coupling"], rtol=1e-12)
    for key in FREQUENCY_KEYS:
        np.testing.assert_allclose(scaled[key], 2.7 * result[key], rtol=1e-12)


@pytest.mark.parametrize("rule", INTEGRATION_RULES)
def test_scaled_a2f_scales_the_coupling_alone(rule):
    a2f = random_spectra(51)
    result, scaled = moments(BINS, a2f, rule), moments(BINS, 3.0 * a2f, rule)
    assert scaled["coupling"] == pytest.approx(3.0 * result["coupling"], rel=1e-12)
    for key in FREQUENCY_KEYS:
        assert scaled[key] == pytest.approx(result[key], rel=1e-12)


@pytest.mark.parametrize("rule", INTEGRATION_RULES)
def test_batch_equals_single(rule):
    a2f = random_spectra(2, 3, 51)
    batch = moments(BINS, a2f, rule)
    for index in np.ndindex(2, 3):
        single = moments(BINS, a2f[index], rule)
        for key, value in single.items():
            assert value.shape == ()
            assert batch[key].shape == (2, 3)
            np.testing.assert_allclose(batch[key][index], value, rtol=1e-14)


@pytest.mark.parametrize("rule", INTEGRATION_RULES)
def test_frequencies_are_ordered_as_power_means(rule):
    result = moments(BINS, random_spectra(50, 51), rule)
    ordered = np.stack([result[key] for key in FREQUENCY_KEYS])
    assert np.all(np.diff(ordered, axis=0) > 0.0)


def test_trapezoid_and_published_are_the_sums_they_are_named_after():
    a2f = random_spectra(51)
    f = a2f / BINS
    trapezoid = sum((f[i] + f[i - 1]) / 2.0 * (BINS[i] - BINS[i - 1]) for i in range(1, 51))
    published = sum(f[i] * (BINS[i] - BINS[i - 1]) for i in range(1, 51))
    assert coupling_constant(BINS, a2f, "trapezoid") == pytest.approx(2.0 * trapezoid)
    assert coupling_constant(BINS, a2f, "published") == pytest.approx(2.0 * published)


def test_onset_rule_is_not_moved_by_an_unresolved_first_bin():
    a2f = np.exp(-(((BINS - 20.0) / 5.0) ** 2))
    raised = a2f.copy()
    raised[0] = 0.05
    clean = coupling_constant(BINS, a2f)
    assert coupling_constant(BINS, raised) == clean
    assert coupling_constant(BINS, raised, "trapezoid") > clean + 0.3


def test_onset_rule_counts_a_resolved_first_sample():
    omega = np.arange(10.0, 20.0)
    a2f = np.where(omega == 10.0, 1.0, 0.0)
    onset = 1.0
    triangle = 2.0 * (11.0 * np.log(1.1) - 1.0)
    assert coupling_constant(omega, a2f) == pytest.approx(onset + triangle, rel=1e-12)


def test_zero_spectrum_has_no_coupling_and_no_frequencies():
    a2f = np.zeros((2, 51))
    a2f[1, 10] = 1.0
    result = moments(BINS, a2f)
    assert result["coupling"][0] == 0.0
    for key in FREQUENCY_KEYS:
        assert np.isnan(result[key][0])
        assert np.isfinite(result[key][1])


def test_negative_coupling_has_no_frequencies():
    result = moments(BINS, np.full(51, -0.1))
    assert result["coupling"] < 0.0
    assert all(np.isnan(result[key]) for key in FREQUENCY_KEYS)


@pytest.mark.parametrize("rule", INTEGRATION_RULES)
@pytest.mark.parametrize("grid", [BINS, np.linspace(0.5, 40.0, 51)])
def test_cumulative_coupling_rises_to_the_coupling(rule, grid):
    a2f = random_spectra(2, 51)
    running = cumulative_coupling(grid, a2f, rule)
    assert running.shape == (2, 51)
    assert np.all(np.diff(running, axis=-1) > 0.0)
    np.testing.assert_allclose(running[:, -1], coupling_constant(grid, a2f, rule), rtol=1e-12)


@pytest.mark.parametrize("rule", INTEGRATION_RULES)
def test_weights_give_the_moments(rule):
    a2f = random_spectra(51)
    half = moment_weights(BINS, 0, rule) @ a2f
    logarithm = log_moment_weights(BINS, rule) @ a2f / half
    assert 2.0 * half == pytest.approx(float(coupling_constant(BINS, a2f, rule)))
    assert np.exp(logarithm) == pytest.approx(float(omega_log(BINS, a2f, rule)))
    third = np.cbrt(moment_weights(BINS, 3, rule) @ a2f / half)
    assert third == pytest.approx(float(omega_3(BINS, a2f, rule)))


def test_kernel_weights_integrate_the_curve_against_any_kernel():
    # plain form: the curve that the onset rule names, integrated numerically piece by piece
    omega = np.linspace(1.0, 40.0, 51)
    a2f = random_spectra(51)

    def integrand(x):
        curve = a2f[0] * (x / omega[0]) ** 2 if x < omega[0] else np.interp(x, omega, a2f)
        return curve * 2.0 * x / (x**2 + 3.0**2)

    pieces = itertools.pairwise([0.0, *omega])
    expected = sum(quad(integrand, *piece, epsabs=1e-13)[0] for piece in pieces)
    weights = kernel_weights(omega, lambda x: 2.0 * x / (x**2 + 3.0**2))
    assert weights @ a2f == pytest.approx(expected, rel=1e-11)


def test_single_precision_is_integrated_in_double():
    a2f = random_spectra(51).astype(np.float32)
    result = omega_1(BINS, a2f)
    assert result.dtype == np.float64
    assert result == omega_1(BINS, a2f.astype(np.float64))


def test_omega_max_ignores_tails_below_the_fraction():
    a2f = np.array([[0.0, 1.0, 0.5, 0.02, 0.0], [0.0, 0.0, 0.0, 0.0, 1e-9]])
    omega = np.arange(1.0, 6.0)
    np.testing.assert_array_equal(omega_max(omega, a2f), [3.0, 5.0])
    np.testing.assert_array_equal(omega_max(omega, a2f, fraction=0.0), [4.0, 5.0])
    with pytest.raises(SpectrumError, match="out of range"):
        omega_max(omega, a2f, fraction=1.0)


@pytest.mark.parametrize("function", [coupling_constant, omega_log, omega_2, moments])
def test_unknown_rule_lists_the_valid_ones(function):
    with pytest.raises(SpectrumError, match="onset, trapezoid, published"):
        function(BINS, random_spectra(51), "simpson")


def test_bad_input():
    with pytest.raises(SpectrumError, match="order 0"):
        omega_n(BINS, random_spectra(51), 0)
    with pytest.raises(SpectrumError, match="ω > 0"):
        coupling_constant(BINS - 0.25, random_spectra(51))
    with pytest.raises(SpectrumError, match="not finite"):
        coupling_constant(BINS, np.full(51, np.nan))


def test_weights_may_be_changed_by_who_was_given_them():
    omega = np.linspace(1.0, 30.0, 30)
    kept = moment_weights(omega, 0).copy()
    moment_weights(omega, 0)[:] = 0.0
    assert np.array_equal(moment_weights(omega, 0), kept)
    assert np.array_equal(kept, kernel_weights(omega, lambda x: 1.0 / x))
