import dataclasses
import json

import numpy as np
import pytest

from betenet.errors import SpectrumError
from betenet.spectrum import INTEGRATION_RULES, Spectrum, check_a2f, check_frequencies, check_rule

OMEGA = np.array([1.0, 2.0, 3.0, 4.0])
A2F = np.array([[0.1, 0.4, 0.2, 0.0], [0.3, 0.0, 0.6, 0.1]])


def gaussian_peak(omega, centre, width):
    return np.exp(-(((omega - centre) / width) ** 2) / 2.0)


def test_arrays_are_copied_and_read_only():
    omega, a2f = OMEGA.copy(), A2F.copy()
    spectrum = Spectrum(omega, a2f)
    omega[0], a2f[0, 0] = 0.5, 9.0
    assert spectrum.frequencies[0] == 1.0
    assert spectrum.a2f[0, 0] == 0.1
    with pytest.raises(ValueError, match="read-only"):
        spectrum.a2f[0, 0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        spectrum.frequencies[0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        spectrum.rule = "published"


def test_shapes_members_and_mean():
    spectrum = Spectrum(OMEGA, A2F, rule="published")
    assert (spectrum.n_freq, spectrum.batch_shape) == (4, (2,))
    members = spectrum.members
    assert [member.batch_shape for member in members] == [(), ()]
    np.testing.assert_array_equal(members[1].a2f, A2F[1])
    np.testing.assert_allclose(spectrum.mean().a2f, A2F.mean(axis=0))
    assert members[0].rule == spectrum.mean().rule == "published"


def test_a_single_spectrum_has_no_members():
    single = Spectrum(OMEGA, A2F[0])
    with pytest.raises(SpectrumError, match="leading axis"):
        _ = single.members
    with pytest.raises(SpectrumError, match="averaged"):
        single.mean()


@pytest.mark.parametrize(
    ("frequencies", "message"),
    [
        ([0.0, 1.0, 2.0], "lowest frequency is 0 meV"),
        ([-1.0, 1.0, 2.0], "lowest frequency is -1 meV"),
        ([1.0, 2.0, 2.0], r"Frequency 2 \(2 meV\) is not above frequency 1"),
        ([1.0, 3.0, 2.0], "increase strictly"),
        ([1.0, np.nan, 2.0], "Frequency 1 is not a finite number"),
        ([1.0, 2.0, np.inf], "Frequency 2 is not a finite number"),
        ([1.0], "at least two"),
        ([[1.0, 2.0]], "one axis"),
    ],
)
def test_bad_frequencies(frequencies, message):
    with pytest.raises(SpectrumError, match=message):
        check_frequencies(frequencies)


def test_shape_mismatch():
    with pytest.raises(SpectrumError, match=r"shape \(4, 2\), but there are 4 frequencies"):
        check_a2f(A2F.T, 4)


def test_value_that_is_not_finite_is_located():
    a2f = A2F.copy()
    a2f[1, 2] = np.nan
    with pytest.raises(SpectrumError, match=r"1 values .* index \(1, 2\)"):
        Spectrum(OMEGA, a2f)


def test_negative_a2f_is_measured_and_located_unless_allowed():
    a2f = A2F.copy()
    a2f[1, 1], a2f[0, 3] = -0.25, -0.1
    with pytest.raises(
        SpectrumError, match=r"2 of 8 samples, down to -0.25 at 2 meV \(index \(1, 1\)\)"
    ):
        Spectrum(OMEGA, a2f)
    kept = Spectrum(OMEGA, a2f, allow_negative=True)
    assert kept.a2f.min() == -0.25
    assert kept.resample(OMEGA).a2f.min() == -0.25


def test_unknown_rule_lists_the_valid_ones():
    with pytest.raises(SpectrumError, match=", ".join(INTEGRATION_RULES)):
        check_rule("simpson")
    with pytest.raises(SpectrumError, match="simpson"):
        Spectrum.from_dict(Spectrum(OMEGA, A2F).to_dict() | {"rule": "simpson"})


@pytest.mark.parametrize("a2f", [A2F, A2F[0], A2F / 3.0, A2F[None]])
def test_json_round_trip_is_exact(a2f, tmp_path):
    spectrum = Spectrum(OMEGA / 7.0, a2f, rule="trapezoid")
    spectrum.write_json(tmp_path / "spectrum.json")
    for copy in (
        Spectrum.read_json(tmp_path / "spectrum.json"),
        Spectrum.from_json(spectrum.to_json()),
        Spectrum.from_dict(spectrum.to_dict()),
    ):
        np.testing.assert_array_equal(copy.frequencies, spectrum.frequencies)
        np.testing.assert_array_equal(copy.a2f, spectrum.a2f)
        assert copy.rule == "trapezoid"
    assert list(json.loads(spectrum.to_json())) == ["frequencies_mev", "a2f", "rule"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON"),
        ("[1, 2]", "not an object"),
        ('{"frequencies_mev": [1, 2]}', r"missing keys \['a2f'\]"),
        ('{"frequencies_mev": [1, 2], "a2f": [0, 0], "unit": "K"}', r"unknown keys \['unit'\]"),
        ('{"frequencies_mev": [1, 2], "a2f": [[0, 0], [0]]}', "a2f is not an array"),
        ('{"frequencies_mev": [1, "x"], "a2f": [0, 0]}', "frequencies_mev is not an array"),
        ('{"frequencies_mev": [1, 2], "a2f": [0, 0], "rule": "x"}', "Unknown integration rule"),
    ],
)
def test_broken_file_is_named_with_the_reason(text, message, tmp_path):
    path = tmp_path / "broken.json"
    path.write_text(text)
    with pytest.raises(SpectrumError, match=message) as caught:
        Spectrum.read_json(path)
    assert str(path) in str(caught.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(SpectrumError, match=r"nowhere\.json"):
        Spectrum.read_json(tmp_path / "nowhere.json")


def test_resample_is_linear_inside_square_below_and_zero_above():
    spectrum = Spectrum(OMEGA, A2F).resample([0.25, 0.5, 1.0, 1.5, 2.75, 4.0, 4.5])
    np.testing.assert_allclose(
        spectrum.a2f[0], [0.1 / 16, 0.1 / 4, 0.1, 0.25, 0.25, 0.0, 0.0], atol=1e-15
    )
    np.testing.assert_allclose(spectrum.a2f[1, -2:], [0.1, 0.0])


def test_resample_onto_the_same_grid_changes_nothing():
    np.testing.assert_allclose(Spectrum(OMEGA, A2F).resample(OMEGA).a2f, A2F, rtol=1e-15)


def test_gaussian_smoothing_adds_widths_in_quadrature():
    omega = np.arange(0.1, 60.0, 0.1)
    spectrum = Spectrum(omega, gaussian_peak(omega, 30.0, 3.0)).smooth(4.0)
    expected = 3.0 / 5.0 * gaussian_peak(omega, 30.0, 5.0)
    np.testing.assert_allclose(spectrum.a2f, expected, atol=1e-4)
    assert spectrum.a2f.sum() == pytest.approx(gaussian_peak(omega, 30.0, 3.0).sum(), rel=1e-6)


def test_savitzky_golay_keeps_cubics_and_sets_undershoot_to_zero():
    omega = np.arange(0.25, 101.0, 0.1)
    cubic = 0.1 + 1e-6 * omega**3
    np.testing.assert_allclose(
        Spectrum(omega, cubic).smooth(10.1, "savitzky_golay").a2f, cubic, rtol=1e-9
    )
    box = np.where(np.abs(omega - 50.0) < 10.0, 1.0, 0.0)
    assert Spectrum(omega, box).smooth(10.1, "savitzky_golay").a2f.min() == 0.0
    raw = Spectrum(omega, box, allow_negative=True).smooth(10.1, "savitzky_golay")
    assert raw.a2f.min() < -0.01


@pytest.mark.parametrize(
    ("omega", "width", "method", "message"),
    [
        ([1.0, 2.0, 4.0, 5.0], 1.0, "gaussian", "not uniform"),
        (OMEGA, 0.0, "gaussian", "width"),
        (OMEGA, np.nan, "gaussian", "width"),
        (OMEGA, 1.0, "boxcar", "gaussian, savitzky_golay"),
        (OMEGA, 5.0, "savitzky_golay", "window of 5 samples"),
        (OMEGA, 1.0, "savitzky_golay", "window of 1 samples"),
    ],
)
def test_smoothing_that_cannot_be_done(omega, width, method, message):
    with pytest.raises(SpectrumError, match=message):
        Spectrum(np.array(omega), A2F).smooth(width, method)
