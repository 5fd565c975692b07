"""The Eliashberg equations as a function of λ, ω_log and ω_2, against the equations themselves."""

import numpy as np
import pytest

from betenet.ensemble.estimates import GAP, summarise
from betenet.ensemble.tc_surface import EliashbergSurface, FormulaSurface
from betenet.spectrum import Spectrum
from betenet.superconductivity.critical_temperature import allen_dynes
from betenet.superconductivity.eliashberg import eliashberg_gap, eliashberg_tc
from betenet.superconductivity.moments import moments

FREQUENCIES = np.arange(0.5, 70.0, 0.5)
MU_STAR = 0.12


def two_peaks(height: float = 0.8, stretch: float = 1.0, soft: float = 0.6) -> np.ndarray:
    omega = FREQUENCIES / stretch
    peaks = soft * np.exp(-(((omega - 14.0) / 3.0) ** 2)) + np.exp(-(((omega - 26.0) / 3.0) ** 2))
    return height * peaks * np.minimum(1.0, (omega / 8.0) ** 2)


def logs_of(a2f: np.ndarray) -> np.ndarray:
    found = moments(FREQUENCIES, np.atleast_2d(a2f))
    return np.log(np.stack([found[key] for key in ("coupling", "omega_log", "omega_2")], axis=-1))


@pytest.fixture(scope="module")
def surface() -> EliashbergSurface:
    return EliashbergSurface(Spectrum(FREQUENCIES, two_peaks()), MU_STAR, reach=1.0)


def test_a_formula_is_the_formula():
    logs = np.log([[1.0, 15.0, 18.0], [0.4, 30.0, 31.0]])
    expected = allen_dynes(*np.exp(logs).T, MU_STAR)
    surface = FormulaSurface("allen_dynes", MU_STAR, Spectrum(FREQUENCIES, two_peaks()))
    assert surface.tc(logs) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("factor", [0.4, 0.55, 0.8, 1.0, 1.3, 1.9, 2.6])
def test_a_multiple_of_the_spectrum_has_its_own_tc_and_gap(factor, surface):
    a2f = factor * two_peaks()
    exact = eliashberg_gap(FREQUENCIES, a2f, MU_STAR)
    assert surface.tc(logs_of(a2f))[0] == pytest.approx(float(exact.transition.tc), rel=0.01)
    assert surface.gap(logs_of(a2f))[0] == pytest.approx(float(exact.gap), rel=0.01)


def test_a_stretched_spectrum_has_a_stretched_tc(surface):
    stretched = two_peaks(stretch=1.5)
    exact = float(eliashberg_tc(FREQUENCIES, stretched, MU_STAR).tc)
    assert surface.tc(logs_of(stretched))[0] == pytest.approx(exact, rel=0.005)


@pytest.mark.parametrize("soft", [0.2, 0.4, 0.9, 1.3])
def test_another_shape_is_taken_with_a_few_per_cent(soft, surface):
    a2f = two_peaks(soft=soft)
    exact = float(eliashberg_tc(FREQUENCIES, a2f, MU_STAR).tc)
    assert surface.tc(logs_of(a2f))[0] == pytest.approx(exact, rel=0.04)


def test_weak_coupling_ends_at_zero():
    surface = EliashbergSurface(Spectrum(FREQUENCIES, two_peaks(0.2)), MU_STAR, reach=1.0)
    tc = surface.tc(logs_of(np.array([two_peaks(0.2 * factor) for factor in (0.5, 1.0, 2.0)])))
    assert tc[0] == pytest.approx(0.0, abs=1e-6)
    assert tc[2] > 0.01
    assert np.all(np.diff(tc) >= 0.0)


def test_an_ensemble_carries_its_spread_to_tc_and_gap():
    members = np.array([two_peaks(0.8 * factor) for factor in (0.8, 0.9, 1.0, 1.1, 1.2)])
    exact = eliashberg_gap(FREQUENCIES, two_peaks(), MU_STAR)
    median = float(exact.transition.tc)
    spectrum = Spectrum(FREQUENCIES, members)
    summary = summarise(spectrum, MU_STAR, "eliashberg", "onset", threshold=median)
    tc, gap = summary.estimates["tc"], summary.estimates[GAP]
    assert tc.value == pytest.approx(median, rel=1e-6)
    assert gap.value == pytest.approx(float(exact.gap), rel=1e-6)
    # one standard deviation of ln λ up and down, through the equations
    spread = np.std(logs_of(members)[:, 0], ddof=1)
    ends = eliashberg_gap(FREQUENCIES, two_peaks() * np.exp([[-spread], [spread]]), MU_STAR)
    assert tc.interval_68 == pytest.approx(tuple(ends.transition.tc), rel=0.02)
    assert gap.interval_68 == pytest.approx(tuple(ends.gap), rel=0.02)
    assert summary.tc_probability == pytest.approx(0.5, abs=0.01)
    assert summary.warnings == ()


def test_one_spectrum_has_no_spread_and_none_without_weight_has_a_tc():
    single = summarise(Spectrum(FREQUENCIES, two_peaks()), MU_STAR, "eliashberg", "onset")
    assert np.isnan(single.estimates["tc"].std)
    assert single.estimates[GAP].value > 0.0
    empty = Spectrum(FREQUENCIES, np.zeros((3, FREQUENCIES.size)))
    nothing = summarise(empty, MU_STAR, "eliashberg", "onset")
    assert nothing.estimates["tc"].value == 0.0
    assert "λ ≤ 0" in nothing.warnings[0]
