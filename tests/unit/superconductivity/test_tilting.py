"""The tilted spectrum: scipy's minimiser as the oracle, and what any such spectrum obeys."""

import numpy as np
import pytest
from scipy.optimize import minimize

from betenet.superconductivity.integration import moment_weights
from betenet.superconductivity.moments import moments
from betenet.superconductivity.tilting import CLOSE, tilted

GRID = np.geomspace(0.6, 420.0, 132)
NAMES = ("coupling", "omega_log", "omega_2")


def two_peaks(low: float = 12.0, high: float = 35.0) -> np.ndarray:
    """A density of states with a wide acoustic and a narrow optical part."""
    wide = np.exp(-0.5 * (np.log(GRID / low) / 0.4) ** 2)
    return wide + 0.8 * np.exp(-0.5 * (np.log(GRID / high) / 0.1) ** 2)


def moments_of(a2f: np.ndarray) -> np.ndarray:
    found = moments(GRID, a2f)
    return np.stack([found[name] for name in NAMES], axis=-1)


def test_a_spectrum_with_its_own_moments_stays_as_it_is():
    base = two_peaks()
    spectra, reached = tilted(GRID, base, moments_of(base)[None])
    assert reached.all()
    assert spectra[0] == pytest.approx(base, abs=2e-3)


@pytest.mark.parametrize("change", [(1.0, 1.1, 1.05), (2.0, 0.95, 1.0), (0.5, 1.2, 1.1)])
def test_moments_are_met_and_peaks_stay(change):
    base = two_peaks()
    target = moments_of(base) * np.array(change)
    spectra, reached = tilted(GRID, base, target[None])
    assert reached.all()
    assert moments_of(spectra[0]) == pytest.approx(target, rel=1e-4)
    optical = GRID > 28.0
    places = [curve[optical].argmax() for curve in (spectra[0], base)]
    assert abs(places[0] - places[1]) <= 1  # a step of the grid, a third of the peak's width


def test_it_is_the_nearest_in_relative_entropy():
    """The dual by scipy: ln Z(θ) is least where the means are as asked."""
    base = two_peaks()
    target = moments_of(base) * np.array([1.0, 1.15, 1.1])
    weights = base * moment_weights(GRID, 0)
    features = np.stack([np.log(GRID / target[1]), (GRID / target[2]) ** 2 - 1.0])

    def dual(theta: np.ndarray) -> float:
        exponent = theta @ features
        top = exponent.max()
        return float(top + np.log(weights @ np.exp(exponent - top)))

    theta = minimize(dual, np.zeros(2), method="Nelder-Mead", tol=1e-10).x
    oracle = base * np.exp(theta @ features)
    oracle *= target[0] / moments_of(oracle)[0]
    spectra, _ = tilted(GRID, base, target[None])
    assert spectra[0] == pytest.approx(oracle, abs=1e-2 * oracle.max())


def test_each_spectrum_has_its_own_moments():
    base = two_peaks()
    targets = moments_of(base) * np.array([[1.0, 1.0, 1.0], [0.3, 1.1, 1.1], [2.0, 0.95, 0.95]])
    spectra, reached = tilted(GRID, base, targets)
    assert reached.all()
    assert moments_of(spectra) == pytest.approx(targets, rel=1e-4)


@pytest.mark.parametrize("factor", [0.2, 6.0])
def test_moments_beyond_the_vibrations_are_not_reached(factor):
    omega_2 = 20.0
    base = np.where((GRID > 15.0) & (GRID < 25.0), 1.0, 0.0)
    target = np.array([0.5, 0.98 * factor * omega_2, factor * omega_2])
    spectra, reached = tilted(GRID, base, target[None])
    assert not reached.any()
    assert np.isfinite(spectra).all()
    assert moments_of(spectra[0])[0] == pytest.approx(0.5)


def test_a_smooth_peak_cannot_be_made_narrower_than_asked_for():
    """ω_2 < ω_log is no spectrum's: it is told, not drawn."""
    target = np.array([0.5, 20.0, 19.0])
    _, reached = tilted(GRID, two_peaks(), target[None])
    assert not reached.any()
    assert 0.0 < CLOSE < 0.05


def test_no_spectrum_stands_on_vibrations_off_the_grid():
    targets = np.array([[0.5, 20.0, 24.0], [1.0, 5.0, 8.0]])
    spectra, reached = tilted(GRID, np.zeros_like(GRID), targets)
    assert not reached.any()
    assert spectra.shape == (2, len(GRID))
    assert not spectra.any()
