import itertools
from functools import partial

import numpy as np
import pytest
from scipy.integrate import quad
from tests.reference.dense_eliashberg import SPECTRA, einstein_mode, sampled_kernel

from betenet.errors import SpectrumError
from betenet.spectrum import INTEGRATION_RULES
from betenet.superconductivity.eliashberg.kernel import BELOW, PairingKernel, pole
from betenet.superconductivity.integration import kernel_weights
from betenet.superconductivity.moments import coupling_constant

NU = np.geomspace(1e-6, 1e5, 67)
# Cubics through points 0.04 apart in ln ν: 3/128 0.04⁴ of the fourth derivative, which for a
# logistic step and for the 1/ν² above it is of the order of the kernel itself; with some room.
TABLE = 2e-6


def kernel_at(spectrum, nu, rule="onset"):
    nu = np.asarray(nu)
    return PairingKernel(spectrum[0], spectrum[1][None], float(nu.max()), rule)(nu[None])[0]


def tolerance(nu, lowest):
    """Relative; the table is flat below a hundredth of the lowest frequency."""
    return TABLE + BELOW**2 * (np.asarray(nu) < BELOW * lowest)


def by_quadrature(spectrum, nu):
    """∫ over the onset and over each interval, with α²F as it is defined between samples."""
    grid, a2f = spectrum

    def integral(low, high, value):
        return quad(lambda x: 2 * x * value(x) / (x**2 + nu**2), low, high, epsrel=1e-11)[0]

    pairs = itertools.pairwise(grid)
    within = [integral(low, high, lambda x: np.interp(x, grid, a2f)) for low, high in pairs]
    return sum(within) + integral(0.0, grid[0], lambda x: a2f[0] * (x / grid[0]) ** 2)


@pytest.mark.parametrize("nu", [1e-6, 0.01, 0.3, 2.0, 7.7, 30.0, 200.0, 1e4, 1e5])
def test_numerical_integrals(nu):
    grid = np.sort(np.random.default_rng(2).uniform(1.0, 40.0, 12))
    spectrum = np.stack([grid, np.random.default_rng(3).uniform(0.0, 1.0, 12)])
    expected = by_quadrature(spectrum, nu)
    assert kernel_at(spectrum, [nu])[0] == pytest.approx(expected, rel=tolerance(nu, grid[0]))
    # the oracle of the other tests, too, must be the integral
    assert sampled_kernel(*spectrum)(np.array([nu]))[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", [name for name in SPECTRA if name != "Einstein"])
def test_closed_form_of_piecewise_linear_spectra(name):
    expected = sampled_kernel(*SPECTRA[name])(NU)
    np.testing.assert_allclose(kernel_at(SPECTRA[name], NU), expected, rtol=TABLE)


@pytest.mark.parametrize("omega", [0.01, 1.0, 500.0])
def test_einstein_limit(omega):
    nu = omega * np.geomspace(1e-6, 1e3, 60)
    ratio = kernel_at(einstein_mode(1.5, omega), nu) * (1.0 + (nu / omega) ** 2) / 1.5
    assert np.all(np.abs(ratio - 1.0) < tolerance(nu, omega))


@pytest.mark.parametrize("debye", [0.5, 40.0])
def test_debye_spectrum(debye):
    # α²F = λ(ω/ω_D)²: λ(iν) = λ[1 - ν²/ω_D² ln(1 + ω_D²/ν²)]; the samples of a parabola every
    # 1/2000 of ω_D give it to 1e-6
    grid = np.linspace(debye / 2000.0, debye, 2000)
    nu = debye * np.geomspace(1e-5, 30.0, 40)
    share = (debye / nu) ** 2
    expected = 0.8 * (1.0 - np.log1p(share) / share)
    found = kernel_at(np.stack([grid, 0.8 * (grid / debye) ** 2]), nu)
    np.testing.assert_allclose(found, expected, rtol=2.0 * TABLE)


@pytest.mark.parametrize("rule", INTEGRATION_RULES)
def test_each_rule_is_that_of_the_moments(rule):
    grid, a2f = SPECTRA["acoustic"]
    found = kernel_at((grid, a2f), [0.0, 3.0, 50.0], rule)
    assert found[0] == pytest.approx(coupling_constant(grid, a2f, rule), rel=TABLE)
    for value, nu in zip(found[1:], (3.0, 50.0), strict=True):
        expected = a2f @ kernel_weights(grid, partial(pole, nu), rule)
        assert value == pytest.approx(expected, rel=TABLE)


def test_even_in_nu_and_the_argument_is_left_alone():
    nu = np.array([[0.0, -3.0, 3.0, -40.0, 40.0]])
    before = nu.copy()
    grid, a2f = SPECTRA["acoustic"]
    found = PairingKernel(grid, a2f[None], 100.0)(nu)[0]
    np.testing.assert_array_equal(nu, before)
    np.testing.assert_array_equal(found[[1, 3]], found[[2, 4]])
    assert np.all(np.diff(found[[0, 2, 4]]) < 0.0)


def test_linear_in_the_spectrum():
    grid = SPECTRA["acoustic"][0]
    a2f = np.random.default_rng(0).uniform(-0.2, 1.0, (2, grid.size))
    nu = np.broadcast_to(NU, (3, NU.size))
    both = PairingKernel(grid, np.concatenate([a2f, a2f.sum(0, keepdims=True)]), 1e5)(nu)
    np.testing.assert_allclose(both[0] + both[1], both[2], atol=1e-13)


def test_rows_are_the_same_kernels():
    grid = SPECTRA["acoustic"][0]
    a2f = np.random.default_rng(0).uniform(0.0, 1.0, (4, grid.size))
    kernel = PairingKernel(grid, a2f, 300.0)
    nu = np.random.default_rng(1).uniform(0.0, 300.0, (4, 3, 5))
    whole = kernel(nu)
    np.testing.assert_array_equal(kernel.rows(np.array([2, 0]))(nu[[2, 0]]), whole[[2, 0]])
    for row in range(4):
        single = PairingKernel(grid, a2f[row : row + 1], 300.0)
        np.testing.assert_allclose(single(nu[row : row + 1])[0], whole[row], rtol=1e-12)


def test_bad_grid_and_rule():
    with pytest.raises(SpectrumError, match="lowest frequency"):
        PairingKernel(np.array([0.0, 1.0]), np.ones((1, 2)), 10.0)
    with pytest.raises(SpectrumError, match="Unknown integration rule"):
        PairingKernel(np.array([1.0, 2.0]), np.ones((1, 2)), 10.0, "simpson")
