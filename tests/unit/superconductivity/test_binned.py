import json
from pathlib import Path

import numpy as np
import pytest
from tests.real_spectra import record_of

from betenet.errors import SpectrumError
from betenet.superconductivity.binned import BINS, binned, share_above
from betenet.superconductivity.moments import coupling_constant, omega_log
from betenet.units import MEV_TO_KELVIN

OMEGA = np.linspace(0.05, 120.0, 700)
PEAKS = np.exp(-(((OMEGA - 20.0) / 3.0) ** 2)) + 0.5 * np.exp(-(((OMEGA - 43.0) / 0.8) ** 2))
RAMP = 0.01 * OMEGA


def plain(frequencies, values):
    """The same steps: a cubic fitted to 101 samples around each, those at an end by one fit."""
    fine = np.arange(0.25, 101.0, 0.1)
    samples = np.interp(fine, frequencies, values)
    smooth = np.empty_like(samples)
    for i in range(samples.size):
        centre = min(max(i, 50), samples.size - 51)
        window = slice(centre - 50, centre + 51)
        x = (fine[window] - fine[centre]) / 5.0
        cubic = np.linalg.lstsq(np.vander(x, 4), samples[window], rcond=None)[0]
        smooth[i] = np.polyval(cubic, (fine[i] - fine[centre]) / 5.0)
    return [max(float(np.interp(x, fine, smooth)), 0.0) for x in 0.25 + 2.0 * np.arange(51)]


@pytest.mark.parametrize("values", [PEAKS, RAMP, -RAMP + 0.3], ids=["peaks", "ramp", "negative"])
def test_it_is_a_cubic_fit_in_each_window(values):
    assert binned(OMEGA, values) == pytest.approx(plain(OMEGA, values), abs=1e-10)


def test_a_batch_is_every_curve_alone():
    batch = np.array([[PEAKS, RAMP], [RAMP, 2.0 * PEAKS]])
    result = binned(OMEGA, batch)
    assert result.shape == (2, 2, 51)
    for i, j in np.ndindex(2, 2):
        assert result[i, j] == pytest.approx(binned(OMEGA, batch[i, j]), rel=1e-9)


def test_both_ends_are_held():
    frequencies = np.array([20.0, 40.0])
    result = binned(frequencies, np.array([1.0, 2.0]))
    assert result[BINS < 15.0] == pytest.approx(1.0)
    assert result[BINS > 46.0] == pytest.approx(2.0)


def test_negative_values_become_zero_and_a_narrow_peak_undershoots():
    peak = np.exp(-(((OMEGA - 50.0) / 0.5) ** 2))
    result = binned(OMEGA, peak)
    assert result.min() == 0.0
    assert np.all(result[np.abs(BINS - 50.0) > 6.0] < 1e-12)  # half the window
    assert 0.0 < result.max() < 0.5  # 1 before: a peak narrower than the window is cut down


@pytest.mark.parametrize("name", ["Al", "Mo", "Pb", "TiN", "V"])
def test_our_spectra_keep_their_moments(name, read_spectrum):
    spectrum, record = read_spectrum(name), record_of(name)
    a2f = binned(spectrum.frequencies, spectrum.a2f)
    coupling = coupling_constant(BINS, a2f, "published")
    assert coupling == pytest.approx(record["coupling"], rel=0.02)
    logarithmic = MEV_TO_KELVIN * omega_log(BINS, a2f, "published")
    assert logarithmic == pytest.approx(record["omega_log_kelvin"], rel=0.02)


@pytest.mark.data
def test_niobium_has_the_published_moments(read_spectrum):
    niobium = read_spectrum("Nb_c15")
    path = Path(__file__).parents[2] / "reference" / "superconductivity.json"
    expected = json.loads(path.read_text("utf-8"))["binned_niobium"]["published"]
    a2f = binned(niobium.frequencies, niobium.a2f)
    tolerance = expected["relative_tolerance"]
    coupling = coupling_constant(BINS, a2f, "published")
    assert coupling == pytest.approx(expected["coupling"], rel=tolerance)
    logarithmic = MEV_TO_KELVIN * omega_log(BINS, a2f, "published")
    assert logarithmic == pytest.approx(expected["omega_log_kelvin"], rel=tolerance)


@pytest.mark.parametrize(
    ("limit", "share"), [(0.5, 1.0), (10.0, 1.0), (12.5, 0.5625), (20.0, 0.0), (30.0, 0.0)]
)
def test_share_above(limit, share):
    # a triangle that falls from 10 to 20: (20 - ω)²/100 lies above ω
    frequencies = np.array([10.0, 20.0])
    assert share_above(frequencies, np.array([1.0, 0.0]), limit) == pytest.approx(share)


def test_nothing_has_no_share():
    assert share_above(OMEGA, np.zeros_like(OMEGA), 1.0) == 0.0
    assert share_above(OMEGA, -PEAKS, 1.0) == 0.0


@pytest.mark.parametrize(
    ("frequencies", "values", "message"),
    [
        ([1.0, 2.0, 2.0], [1.0, 1.0, 1.0], "increase"),
        ([1.0, np.nan, 3.0], [1.0, 1.0, 1.0], "increase"),
        ([1.0, 2.0], [1.0, 1.0, 1.0], "shape"),
        ([1.0, 2.0, 3.0], [1.0, np.nan, 1.0], "not finite"),
    ],
)
@pytest.mark.parametrize("function", [binned, share_above])
def test_what_cannot_be_binned(function, frequencies, values, message):
    with pytest.raises(SpectrumError, match=message):
        function.__wrapped__(np.array(frequencies), np.array(values))


@pytest.mark.parametrize("count", [26, 101, 401])
def test_bins_of_another_width_scale_the_filter_with_them(count):
    """A spectrum stretched with its bins gives the same numbers: nothing knows of 2 meV."""
    bins = np.linspace(0.25, 100.25, count)
    steps = np.linspace(0.0, count + 1.0, 1000)
    curve = np.random.default_rng(count).random(1000).cumsum()
    found = binned(0.25 + steps * (bins[1] - bins[0]), curve, bins)
    published = binned(0.25 + 2.0 * steps, curve, 0.25 + 2.0 * np.arange(count))
    assert found == pytest.approx(published, rel=1e-9)


def test_what_is_on_the_bins_is_not_smoothed_again():
    values = np.random.default_rng(5).standard_normal((3, BINS.size))
    assert np.array_equal(binned(BINS, values), np.maximum(values, 0.0))


@pytest.mark.parametrize("bins", [np.geomspace(1.0, 100.0, 51), np.linspace(1.0, 9.0, 5)])
def test_bins_that_are_unequal_or_too_few_are_refused(bins):
    with pytest.raises(SpectrumError, match="cannot be smoothed onto"):
        binned(np.linspace(0.0, 100.0, 200), np.ones(200), bins)
