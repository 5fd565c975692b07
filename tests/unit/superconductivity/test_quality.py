import json
import re

import numpy as np
import pytest

from betenet.errors import SpectrumError
from betenet.superconductivity.moments import coupling_constant, omega_log
from betenet.superconductivity.quality import LIMITS, assess, assess_batch

OMEGA = np.arange(0.1, 30.0, 0.1)
DEBYE = 20.0  # meV


def debye(power=2.0):
    """α²F = (ω/ω_D)^power up to ω_D."""
    return np.where(OMEGA <= DEBYE, (OMEGA / DEBYE) ** power, 0.0)


def peak(centre, width, omega=OMEGA):
    return np.exp(-(((omega - centre) / width) ** 2))


def test_a_clean_spectrum_has_no_problem():
    report = assess(OMEGA, debye())
    assert report.severity == "ok"
    assert report.problems == ()
    assert [finding.key for finding in report.findings] == list(LIMITS)


def with_nan():
    a2f = debye()
    a2f[[40, 60]] = np.nan
    return OMEGA, a2f


def with_imaginary_modes():
    omega = np.concatenate([[-1.0, -0.5, 0.0], OMEGA])
    return omega, np.concatenate([[0.0, 0.3, 0.2], debye()])


def with_negative_values():
    return OMEGA, debye() - 0.4 * peak(25.0, 1.0)


def truncated():
    return OMEGA[:150], debye()[:150]


def unresolved_first_bin():
    omega = np.arange(0.25, 101.0, 2.0)
    return omega, peak(20.0, 8.0, omega) + 0.05 * (omega < 1.0)


def two_spikes_on_a_coarse_grid():
    omega = np.arange(2.0, 30.0, 2.0)
    return omega, np.where(np.isin(omega, [10.0, 20.0]), 1.0, 0.0)


@pytest.mark.parametrize(
    ("spectrum", "key", "severity", "words"),
    [
        (with_nan, "not_finite", "error", "2 values are not finite, from 4.1 to 6.1 meV"),
        (with_imaginary_modes, "not_positive_frequency", "error", "3 rows.*acoustic sum rule"),
        (with_negative_values, "negative", "error", "denser grids"),
        (truncated, "truncation", "error", "longer grid"),
        (unresolved_first_bin, "rule", "error", "finer grid"),
        (two_spikes_on_a_coarse_grid, "grid", "error", "finer frequency grid"),
        (lambda: (OMEGA, np.zeros_like(OMEGA)), "no_weight", "error", "no coupling"),
        (lambda: (OMEGA, -debye()), "no_weight", "error", "no coupling"),
        (lambda: (OMEGA, debye(1.0)), "onset", "warning", "acoustic sum rule"),
    ],
)
def test_each_defect_is_found_and_has_a_remedy(spectrum, key, severity, words):
    report = assess(*spectrum())
    finding = report[key]
    assert finding.severity == severity
    assert report.severity == severity
    assert re.search(words, finding.text)


def test_negative_share_is_that_of_the_areas():
    # two boxes far from each other on a fine grid: shares in closed form
    omega = np.arange(0.005, 30.0, 0.01)
    a2f = np.where((omega > 10.0) & (omega < 12.0), 1.0, 0.0)
    a2f -= np.where((omega > 20.0) & (omega < 22.0), 0.1, 0.0)
    negative = assess(omega, a2f)["negative"]
    area = 0.1 / 1.1
    coupling = 0.1 * np.log(1.1) / (np.log(1.2) + 0.1 * np.log(1.1))
    assert negative.value == pytest.approx(max(area, coupling), rel=1e-3)
    assert f"{coupling:.2%} of λ" in negative.text


@pytest.mark.parametrize("power", [2.0, 3.0, 4.0])
def test_an_onset_as_steep_as_debyes_is_fine(power):
    assert assess(OMEGA, debye(power))["onset"].value < 1e-3


def test_onset_of_a_linear_spectrum():
    # λ(ω) = (2ω-ω₀)/ω_D and α²F = ω/ω_D, so (ω-ω₀)/ω_D of λ = 2 is too much at each ω; it is
    # taken at the last sample below a tenth of the mean frequency 2ω_D/3
    value = assess(OMEGA, debye(1.0))["onset"].value
    assert value == pytest.approx((1.3 - 0.1) / DEBYE / 2.0, rel=0.01)


def test_a_soft_mode_is_not_taken_for_a_wrong_onset():
    a2f = peak(20.0, 2.0) + 0.2 * peak(4.0, 0.5)
    assert assess(OMEGA, a2f)["onset"].severity == "ok"


def test_a_floor_at_zero_frequency_is_found_however_fine_the_grid():
    for step in (0.01, 0.1, 0.4):
        omega = np.arange(step, 30.0, step)
        a2f = peak(15.0, 3.0, omega) + 0.03 * np.exp(-omega)
        assert assess(omega, a2f)["onset"].severity != "ok"


@pytest.mark.parametrize("points", [20, 40, 80])
def test_grid_error_is_that_against_a_fine_grid(points):
    def both(number):
        omega = np.linspace(2.0, 30.0, number)
        a2f = peak(12.0, 3.0, omega) + 0.5 * peak(22.0, 2.0, omega)
        return omega, a2f, np.array([coupling_constant(omega, a2f), omega_log(omega, a2f)])

    omega, a2f, found = both(points)
    true_error = np.max(np.abs(found / both(5000)[2] - 1.0))
    estimate = assess(omega, a2f)["grid"].value
    assert true_error / 3.0 < estimate < 10.0 * true_error


def test_rule_finding_holds_the_numbers_of_every_rule():
    omega, a2f = unresolved_first_bin()
    text = assess(omega, a2f)["rule"].text
    for rule in ("onset", "trapezoid", "published"):
        assert f"λ = {float(coupling_constant(omega, a2f, rule)):.4g}" in text


def test_rows_that_cannot_be_integrated_do_not_hide_the_rest():
    omega, a2f = with_imaginary_modes()
    report, clean = assess(omega, a2f), assess(OMEGA, debye())
    assert report.problems == (report["not_positive_frequency"],)
    assert report["rule"] == clean["rule"]
    a2f[50] = np.nan
    gap = assess(omega, a2f)
    assert gap["not_finite"].severity == "error"
    assert gap["rule"] == assess(np.delete(omega, 50), np.delete(a2f, 50))["rule"]


@pytest.mark.parametrize("a2f", [np.full(OMEGA.size, np.nan), np.r_[1.0, [np.nan] * 298]])
def test_nothing_left_to_judge(a2f):
    report = assess(OMEGA, a2f)
    assert report["no_weight"].severity == "error"
    with pytest.raises(KeyError):
        report["rule"]


def test_batch_is_a_list_of_single_reports():
    a2f = np.stack([debye(), -debye(), debye(1.0)])
    reports = assess_batch(OMEGA, a2f)
    assert reports == [assess(OMEGA, row) for row in a2f]
    assert [report.severity for report in reports] == ["ok", "error", "warning"]
    assert assess_batch(OMEGA, debye()) == [assess(OMEGA, debye())]


def test_report_as_text_and_json():
    report = assess(*truncated())
    data = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert data["severity"] == "error"
    assert [finding["key"] for finding in data["findings"]] == list(LIMITS)
    lines = report.as_text().splitlines()
    assert len(lines) == len(report.findings)
    assert any(line.startswith("error    At the top") for line in lines)


@pytest.mark.parametrize(
    ("frequencies", "a2f", "words"),
    [
        ([1.0, 2.0], [[1.0, 2.0]], "one spectrum"),
        ([1.0, 2.0, 3.0], [1.0, 2.0], "same length"),
        ([1.0, 1.0], [1.0, 2.0], "increase strictly"),
        ([1.0, np.nan], [1.0, 2.0], "not finite"),
    ],
)
def test_arrays_that_are_no_spectrum(frequencies, a2f, words):
    with pytest.raises(SpectrumError, match=words):
        assess(frequencies, a2f)


@pytest.mark.parametrize(
    ("name", "problems"),
    [
        *((name, set()) for name in ("Al", "Be", "In", "Mg", "Mo", "Nb", "Pb", "Ta", "TiN", "V")),
        ("MgB2", {"negative"}),
        ("Li-30GPa", {"onset", "rule", "grid"}),
    ],
)
def test_our_spectra(name, problems, read_spectrum):
    spectrum = read_spectrum(name)
    found = assess(spectrum.frequencies, spectrum.a2f).problems
    assert {finding.key for finding in found} == problems


@pytest.mark.data
def test_literature_spectra(data_folder):
    spectra = json.loads((data_folder / "spectra" / "literature_a2f.json").read_text("utf-8"))
    problems = {
        name: {finding.key for finding in assess(row["frequencies_mev"], row["a2f"]).problems}
        for name, row in spectra.items()
    }
    assert problems["Nb_c15"] == problems["LaH10"] == problems["V_10"] == set()
    assert "negative" in problems["Pb_nishan_c5"]
    assert "negative" in problems["Al_qe_5"]
    assert problems["CaH6_150"] == {"truncation"}


@pytest.mark.parametrize(("factor", "severity"), [(1.0, "ok"), (10.0, "warning"), (100.0, "error")])
def test_no_superconductor_has_so_large_a_coupling(factor, severity):
    finding = assess(OMEGA, factor * debye())["strength"]
    assert finding.severity == severity
    if severity != "ok":
        assert "without a factor" in finding.text
