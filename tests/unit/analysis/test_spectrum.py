import dataclasses
import json
import math

import numpy as np
import pytest

from betenet.analysis.settings import AnalysisSettings
from betenet.analysis.spectrum import analyse, analyse_each, analyse_moments
from betenet.errors import SpectrumError
from betenet.spectrum import Spectrum
from betenet.superconductivity.critical_temperature import ALL_METHODS, METHODS_OF_SPECTRA
from betenet.superconductivity.moments import omega_log
from betenet.superconductivity.quality import assess
from betenet.units import MEV_TO_KELVIN

OMEGA = np.linspace(0.1, 40.0, 400)
A2F = 0.6 * (OMEGA / 25.0) ** 2 * (OMEGA < 25.0) + 0.5 * np.exp(-((OMEGA - 32.0) ** 2))


@pytest.fixture
def spectrum():
    return Spectrum(OMEGA, A2F)


def test_tc_scales_with_the_phonons(spectrum):
    stiffer = analyse(Spectrum(1.7 * OMEGA, A2F))
    for row in analyse(spectrum, AnalysisSettings(methods=METHODS_OF_SPECTRA)).methods:
        scaled = stiffer.method(row.method)
        assert row.tc > 0.0
        assert scaled.tc == pytest.approx(1.7 * row.tc, rel=1e-5)


def test_all_methods_agree_where_all_are_in_range():
    # Θ_D/1.45 = ω_log/1.2: where McMillan's two prefactors are the same
    debye = 1.45 / 1.2 * float(omega_log(OMEGA, A2F)) * MEV_TO_KELVIN
    settings = AnalysisSettings(debye_temperature=debye)
    found = analyse(Spectrum(OMEGA, 1.4 * A2F), settings)
    assert tuple(row.method for row in found.methods) == ALL_METHODS
    in_range = [row for row in found.methods if not row.remark]
    assert len(in_range) >= 5
    equations = found.method("eliashberg").tc
    assert found.best.method == "eliashberg"
    assert found.best.tc == equations
    for row in in_range:
        assert row.tc == pytest.approx(equations, rel=0.15)


def test_measured_tc_gives_back_the_repulsion(spectrum):
    tc = analyse(spectrum, AnalysisSettings(mu_star=0.137)).best.tc
    found = analyse(spectrum, AnalysisSettings(mu_star=0.1, measured_tc=tc))
    assert float(found.fitted.mu_star) == pytest.approx(0.137, rel=1e-4)
    assert found.to_dict()["measured"]["mu_star"] == float(found.fitted.mu_star)


def test_own_cutoff_without_rescaling_is_that_of_other_codes(spectrum):
    plain = AnalysisSettings(mu_star=0.12, cutoff=400.0, mu_star_frequency=400.0)
    rescaled = AnalysisSettings(mu_star=0.12, cutoff=400.0)
    as_it_is, usual = analyse(spectrum, plain), analyse(spectrum, rescaled)
    assert as_it_is.transition.coulomb.mu_star_cutoff[0] == 0.12
    assert usual.transition.coulomb.mu_star_cutoff[0] > 0.15
    assert as_it_is.best.tc > usual.best.tc


def test_state_belongs_to_the_tc_that_is_shown(spectrum):
    found = analyse(spectrum, AnalysisSettings(mu_star=0.12, with_state=True))
    assert float(found.state.transition.tc) == pytest.approx(found.best.tc, rel=1e-9)
    data = found.to_dict()["state"]
    ratio = 2.0 * data["gap_mev"] * MEV_TO_KELVIN / found.best.tc
    assert data["gap_ratio"] == pytest.approx(ratio)
    assert 3.53 < ratio < 4.5
    assert 0.3 < found.response.isotope_coefficient < 0.5


def test_resistivity_only_where_it_is_asked_for(spectrum):
    assert analyse(spectrum).resistivity is None
    rho = [
        analyse(
            spectrum,
            AnalysisSettings(resistivity_temperatures=(1000.0, 2000.0), plasma_energy=energy),
        ).resistivity.resistivity
        for energy in (2.0, 4.0)
    ]
    np.testing.assert_allclose(rho[0], 4.0 * rho[1])
    assert rho[0][1] / rho[0][0] == pytest.approx(2.0, rel=0.02)


def test_each_of_a_batch_is_as_alone():
    factors = (0.4, 1.0, 2.5)
    batch = Spectrum(OMEGA, np.outer(factors, A2F))
    settings = AnalysisSettings(debye_temperature=300.0)
    for member, found in zip(batch.members, analyse_each(batch, settings), strict=True):
        alone = analyse(member, settings)
        assert found.quantities == pytest.approx(alone.quantities)
        assert [row.tc for row in found.methods] == pytest.approx(
            [row.tc for row in alone.methods], rel=1e-7
        )
        np.testing.assert_array_equal(found.spectrum.a2f, member.a2f)


def test_methods_come_in_the_order_asked_for(spectrum):
    settings = AnalysisSettings(methods=("xie_2019", "mcmillan"))
    found = analyse(spectrum, settings)
    assert [row.method for row in found.methods] == ["xie_2019", "mcmillan"]
    assert found.transition is None
    assert found.best.method == "xie_2019"
    assert found.method("allen_dynes") is None


def test_impossible_moments_are_told_and_not_used():
    # negative weight at the top: ∫ω α²F gets smaller than λ ω_log²/2
    a2f = np.exp(-((OMEGA - 10.0) ** 2)) - 0.3 * np.exp(-((OMEGA - 30.0) ** 2))
    found = analyse(Spectrum(OMEGA, a2f, allow_negative=True))
    assert found.quantities["omega_2"] < found.quantities["omega_log"]
    row = found.method("allen_dynes")
    assert row.tc is None
    assert "negative" in row.remark
    assert found.quality["negative"].severity == "error"


def test_no_coupling_is_an_answer():
    found = analyse(
        Spectrum(OMEGA, np.zeros_like(OMEGA)),
        AnalysisSettings(with_state=True, measured_tc=1.0, debye_temperature=300.0),
    )
    assert [row.tc for row in found.methods] == [0.0] * len(ALL_METHODS)
    assert all(row.remark for row in found.methods)
    data = found.to_dict()
    assert data["omega_log_kelvin"] is None
    assert data["state"]["temperatures_kelvin"] == []
    assert data["measured"]["status"] == "needs_attraction"


def test_moments_alone_leave_out_what_needs_more():
    found = analyse_moments({"coupling": 0.94, "omega_log": 13.5}, AnalysisSettings(mu_star=0.12))
    assert {row.method for row in found.methods if row.tc is None} == {
        *("mcmillan", "allen_dynes", "xie_2022", "two_modes", "eliashberg"),
    }
    assert found.best.method == "allen_dynes_simple"
    assert found.best.tc == pytest.approx(8.86, abs=0.05)
    assert found.to_dict()["spectrum"] is None


def test_given_quality_is_kept(spectrum):
    raw = assess(np.append(-1.0, OMEGA), np.append(0.5, A2F))
    assert analyse(spectrum, quality=raw).quality is raw
    assert analyse(spectrum).quality.severity == "ok"


def test_plain_table_is_json_with_units(spectrum):
    settings = AnalysisSettings(
        with_state=True, measured_tc=500.0, resistivity_temperatures=(0.0, 300.0)
    )
    found = analyse(spectrum, settings)
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert data["tc_kelvin"] == found.best.tc
    assert data["omega_log_kelvin"] == pytest.approx(found.quantities["omega_log"] * MEV_TO_KELVIN)
    assert data["eliashberg"]["cutoff_mev"] == pytest.approx(30.0 * data["omega_max_mev"])
    assert data["measured"]["mu_star"] is None
    assert data["spectrum"]["a2f"] == A2F.tolist()
    assert "spectrum" not in found.to_dict(with_spectrum=False)


def test_a_batch_is_not_one_spectrum():
    with pytest.raises(SpectrumError, match="leading axes"):
        analyse(Spectrum(OMEGA, A2F[None]))


def test_result_is_frozen(spectrum):
    with pytest.raises(dataclasses.FrozenInstanceError):
        analyse(spectrum).fitted = None


def test_rule_of_the_spectrum_is_used():
    by_rule = {
        rule: analyse(Spectrum(OMEGA, A2F + 0.01, rule=rule)) for rule in ("onset", "trapezoid")
    }
    couplings = [found.quantities["coupling"] for found in by_rule.values()]
    assert not math.isclose(*couplings, rel_tol=1e-3)
    assert [found.to_dict()["rule"] for found in by_rule.values()] == list(by_rule)


@pytest.mark.parametrize("name", ["as-is", "elk", "a2f"])
def test_the_gap_belongs_to_the_tc_of_the_convention(spectrum, name):
    settings = AnalysisSettings(mu_star=0.12, convention=name, with_state=True)
    found = analyse(spectrum, settings)
    assert found.transition is not None
    assert found.state is not None
    assert found.equivalent_mu_star is not None
    # less repulsion than 0.12 at ω_max: that is what these conventions mean
    assert found.equivalent_mu_star < 0.12
    tc = float(found.transition.tc[0])
    assert float(found.state.transition.tc) == pytest.approx(tc, rel=1e-4)
    usual = analyse(spectrum, AnalysisSettings(mu_star=found.equivalent_mu_star, with_state=True))
    assert usual.state is not None
    assert found.state.gap == pytest.approx(usual.state.gap, rel=1e-6)
    assert analyse(spectrum, AnalysisSettings(convention=name)).equivalent_mu_star is None
