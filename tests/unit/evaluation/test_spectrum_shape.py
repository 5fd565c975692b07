"""Scores of the shape of α²F, against closed forms, scipy and scikit-learn."""

import json

import numpy as np
import pytest
from scipy.stats import wasserstein_distance
from sklearn.metrics import r2_score
from tests.real_spectra import our_spectrum

from betenet.errors import SpectrumError
from betenet.evaluation.spectrum_shape import (
    SHAPE_SCORES,
    peak_overlap,
    r2_at_true_area,
    shape_scores,
    wasserstein,
)
from betenet.spectrum import Spectrum
from betenet.superconductivity.binned import BINS, binned

OMEGA = np.linspace(0.05, 120.0, 2400)
WIDTH = 2.0


def peaks(*centres: float, weights: tuple[float, ...] = (), omega: np.ndarray = OMEGA) -> Spectrum:
    """Gaussians of one width, of weight 1 unless told otherwise."""
    a2f = np.zeros_like(omega)
    for centre, weight in zip(centres, weights or (1.0,) * len(centres), strict=True):
        a2f += weight * np.exp(-0.5 * ((omega - centre) / WIDTH) ** 2)
    return Spectrum(omega, a2f)


@pytest.mark.parametrize("resolution", [0.0, 2.0, 5.0])
@pytest.mark.parametrize("shift", [-5.0, 0.5, 12.0])
def test_a_shift_is_a_distance_over_the_mean_frequency(shift: float, resolution: float) -> None:
    found = wasserstein(peaks(40.0), peaks(40.0 + shift), resolution=resolution)
    assert found == pytest.approx(abs(shift) / 40.0, rel=1e-4)


@pytest.mark.parametrize("resolution", [0.0, 2.0])
@pytest.mark.parametrize("factor", [0.7, 1.1, 1.5])
def test_a_stretch_by_a_factor_is_its_distance_from_one(factor: float, resolution: float) -> None:
    known = peaks(20.0, 35.0, 60.0)
    stretched = Spectrum(known.frequencies * factor, known.a2f)
    found = wasserstein(known, stretched, resolution=resolution)
    assert found == pytest.approx(abs(factor - 1.0), rel=2e-3)


@pytest.mark.parametrize("factor", [1e-3, 1.0, 50.0])
def test_a_scaled_curve_has_the_same_shape(factor: float) -> None:
    known = peaks(15.0, 30.0, 33.0, weights=(1.0, 3.0, 0.5))
    found = shape_scores(known, Spectrum(OMEGA, factor * known.a2f))
    assert found.wasserstein == pytest.approx(0.0, abs=1e-12)
    assert found.r2_at_true_area == pytest.approx(1.0, abs=1e-12)
    assert found.peak_overlap == found.peaks.recall == found.peaks.precision == 1.0


def test_exchanged_weights_move_weight_and_keep_the_peaks() -> None:
    known = peaks(20.0, 60.0, weights=(1.0, 3.0))
    found = shape_scores(known, peaks(20.0, 60.0, weights=(3.0, 1.0)), resolution=0.0, top=80.0)
    assert found.wasserstein == pytest.approx(0.5 * 40.0 / 50.0, rel=1e-4)
    one, square = WIDTH * np.sqrt(2.0 * np.pi), WIDTH * np.sqrt(np.pi)
    variance = 10.0 * square - (4.0 * one) ** 2 / 80.0
    assert found.r2_at_true_area == pytest.approx(1.0 - 8.0 * square / variance, rel=1e-4)
    assert found.peak_overlap == 1.0


def test_the_box_of_the_true_area_explains_no_variance() -> None:
    known = peaks(20.0, 60.0, weights=(1.0, 3.0))
    box = Spectrum(np.array([0.01, 80.0, 80.01]), np.array([1.0, 1.0, 0.0]))
    # continued to zero with ω² below 0.01 meV, and not at all beyond 80 meV
    assert r2_at_true_area(known, box, resolution=0.0, top=80.0) == pytest.approx(0.0, abs=1e-3)


def test_agrees_with_scipy_and_scikit_learn() -> None:
    known, predicted = our_spectrum("Nb"), peaks(12.0, 20.0)
    grid = np.arange(0.1, 40.0, 0.1)
    y, p = (one.resample(grid).a2f for one in (known, predicted))
    p = p * y.sum() / p.sum()
    w1 = wasserstein_distance(grid, grid, y, p)
    expected = w1 / (grid @ y / y.sum())
    assert wasserstein(known, predicted, resolution=0.0) == pytest.approx(expected, rel=1e-6)
    end = grid[-1]
    found = r2_at_true_area(known, predicted, resolution=0.0, top=end)
    assert found == pytest.approx(r2_score(y, p), abs=1e-6)


def test_r2_is_measured_up_to_the_end_of_the_known_curve_whatever_the_grids() -> None:
    known, predicted = our_spectrum("Nb"), peaks(12.0, 20.0)
    end = known.frequencies[-1]
    longer = np.append(known.frequencies, [end + 0.05, 400.0])
    padded = Spectrum(longer, np.append(known.a2f, [0.0, 0.0]))
    plain = shape_scores(known, predicted)
    same = shape_scores(padded, predicted)
    assert same.r2_at_true_area == pytest.approx(plain.r2_at_true_area)
    assert (same.wasserstein, same.peaks) == (pytest.approx(plain.wasserstein), plain.peaks)
    far = Spectrum(np.append(OMEGA, 400.0), np.append(predicted.a2f, 0.0))
    assert shape_scores(known, far).r2_at_true_area == pytest.approx(plain.r2_at_true_area)
    flattered = r2_at_true_area(known, predicted, top=400.0)
    assert flattered > plain.r2_at_true_area


def test_does_not_depend_on_the_samples() -> None:
    uneven = np.geomspace(0.5, 120.0, 1500)
    plain = shape_scores(peaks(20.0, 41.0), peaks(22.0, 39.0, 55.0))
    other = shape_scores(peaks(20.0, 41.0, omega=uneven), peaks(22.0, 39.0, 55.0, omega=uneven))
    assert other.wasserstein == pytest.approx(plain.wasserstein, rel=1e-3)
    assert other.r2_at_true_area == pytest.approx(plain.r2_at_true_area, abs=1e-3)
    assert other.peaks == plain.peaks


def test_smoothing_moves_curves_together_and_keeps_soft_ones_whole() -> None:
    two, one = peaks(14.0, 26.0), peaks(20.0)
    apart = [wasserstein(two, one, resolution=width) for width in (0.0, 1.0, 2.0, 8.0)]
    assert apart[0] == pytest.approx((6.0 - WIDTH * np.sqrt(2.0 / np.pi)) / 20.0, rel=1e-3)
    assert apart == sorted(apart, reverse=True)
    # a shift cannot be smoothed away, at zero frequency no more than elsewhere
    soft = peaks(7.0), peaks(8.0)
    assert wasserstein(*soft, resolution=8.0) == pytest.approx(1.0 / 7.0, rel=0.01)


@pytest.mark.parametrize(("name", "r2", "moved"), [("Al", 0.99, 0.005), ("Pb", 0.9, 0.07)])
def test_the_published_bins_cost_little_at_the_resolution(
    name: str, r2: float, moved: float
) -> None:
    whole = our_spectrum(name)
    known = Spectrum(whole.frequencies, np.maximum(whole.a2f, 0.0))
    coarse = Spectrum(BINS, binned(known.frequencies, known.a2f))
    assert r2_at_true_area(known, coarse) > r2 > r2_at_true_area(known, coarse, resolution=0.0)
    assert wasserstein(known, coarse) < moved  # more where all modes lie below 9 meV
    assert peak_overlap(known, coarse).f_score == 1.0
    assert peak_overlap(known, coarse, resolution=0.0).f_score < 1.0


def test_nothing_is_asked_above_a_known_curve_that_is_cut_off() -> None:
    inside = OMEGA <= 40.0
    whole, known = peaks(20.0, 40.0), peaks(20.0, 40.0, omega=OMEGA[inside])
    for weight in (1.0, 5.0):
        found = shape_scores(known, peaks(20.0, 40.0, 90.0, weights=(1.0, 1.0, weight)))
        assert found.wasserstein == pytest.approx(0.0, abs=1e-3)
        assert found.r2_at_true_area == pytest.approx(1.0, abs=1e-3)
    assert shape_scores(whole, peaks(20.0, 40.0, 90.0)).wasserstein > 0.5
    # one that ends by itself says that there is nothing above
    ended = peaks(20.0, 40.0, omega=OMEGA[OMEGA <= 48.0])
    assert shape_scores(ended, peaks(20.0, 40.0, 90.0)).wasserstein > 0.5


def test_peaks_are_matched_one_to_one_within_the_distance() -> None:
    known = peaks(20.0, 40.0, 80.0)
    assert peak_overlap(known, peaks(21.5, 41.5, 83.5)).common == 3  # 5 % of 80 meV is 4 meV
    assert peak_overlap(known, peaks(22.5, 42.5, 84.5)).common == 0
    assert peak_overlap(known, peaks(20.0)).recall == pytest.approx(1.0 / 3.0)
    assert peak_overlap(known, peaks(20.0)).precision == 1.0
    both = peak_overlap(peaks(76.5, 83.5), peaks(80.0))
    assert (both.known, both.predicted, both.common) == (2, 1, 1)
    assert both.f_score == pytest.approx(2.0 / 3.0)


def test_a_shoulder_and_a_ripple_are_no_peaks() -> None:
    ripple = peaks(20.0, 50.0, weights=(1.0, 0.04))
    assert peak_overlap(ripple, ripple).known == 1
    assert peak_overlap(peaks(30.0, 33.0), peaks(30.0)).known == 1
    assert peak_overlap(peaks(30.0, 35.0), peaks(30.0), resolution=0.0).known == 2


def test_numbers_for_json() -> None:
    plain = shape_scores(peaks(20.0), peaks(25.0)).to_dict()
    assert set(plain) == {*SHAPE_SCORES, "peak_recall", "peak_precision"}
    assert json.loads(json.dumps(plain)) == plain


def test_what_has_no_shape_is_refused() -> None:
    zero = Spectrum(OMEGA, np.zeros_like(OMEGA))
    with pytest.raises(SpectrumError, match="zero wherever"):
        shape_scores(zero, peaks(20.0))
    batch = Spectrum(OMEGA, np.ones((2, OMEGA.size)))
    with pytest.raises(SpectrumError, match="predicted spectrum is a batch"):
        shape_scores(peaks(20.0), batch)
    with pytest.raises(SpectrumError, match="resolution of -1"):
        shape_scores(peaks(20.0), peaks(20.0), resolution=-1.0)
    with pytest.raises(SpectrumError, match=r"constant up to 0\.05 meV"):
        r2_at_true_area(peaks(60.0), peaks(20.0), resolution=0.0, top=0.05)
