import inspect
import re
from pathlib import Path

import numpy as np
import pytest

import betenet
from betenet.cli import _parser
from betenet.ensemble import Ensemble
from betenet.errors import ConfigError
from betenet.evaluation.evaluate import Settings
from betenet.superconductivity.critical_temperature import (
    DEFAULT_METHOD,
    DEFAULT_MU_STAR,
    FORMULAS,
    SIMPLE_METHOD,
    XIE_2022_POLE_HALF_WIDTH,
    allen_dynes,
    allen_dynes_simple,
    critical_temperature,
    mcmillan,
    xie_2019,
    xie_2022,
)
from betenet.units import MEV_TO_KELVIN

ROOT = Path(betenet.__file__).parent
HOMES = {
    ROOT / "__init__.py",
    ROOT / "superconductivity" / "critical_temperature.py",
    ROOT / "superconductivity" / "tc_formulas.py",
    ROOT / "superconductivity" / "two_modes.py",
}


def test_no_formula_is_named_but_in_its_table_and_the_exports():
    name = re.compile(rf"\b({'|'.join(FORMULAS)})\b")
    files = [path for kind in ("*.py", "*.md", "*.html") for path in ROOT.rglob(kind)]
    assert {*files} > HOMES
    named = {path for path in files if name.search(path.read_text("utf-8"))}
    assert named == HOMES


def test_the_page_has_the_table():
    page = (Path(__file__).parents[3] / "docs" / "superconductivity.md").read_text("utf-8")
    for key, formula in FORMULAS.items():
        assert f"| `{key}` | {formula.expression} | {formula.range} | {formula.reference} |" in page


def by_method(method, coupling, omega_log=10.0, omega_2=12.0, mu_star=0.1):
    return critical_temperature(
        method,
        coupling=coupling,
        omega_log=omega_log,
        omega_2=omega_2,
        mu_star=mu_star,
        debye_temperature=20.0 * omega_log,
    )


@pytest.mark.parametrize("method", FORMULAS)
def test_methods_broadcast_and_equal_their_scalars(method):
    coupling = np.array([[0.4], [0.9], [2.5]])
    mu_star = np.array([0.08, 0.13])
    batch = by_method(method, coupling, mu_star=mu_star)
    assert batch.shape == (3, 2)
    for i, j in np.ndindex(3, 2):
        single = by_method(method, float(coupling[i, 0]), mu_star=float(mu_star[j]))
        assert single.shape == ()
        assert batch[i, j] == pytest.approx(float(single), rel=1e-14)


@pytest.mark.parametrize("method", FORMULAS)
def test_tc_scales_with_the_frequencies(method):
    coupling = np.linspace(0.3, 4.0, 50)
    np.testing.assert_allclose(
        by_method(method, coupling, omega_log=35.0, omega_2=42.0),
        3.5 * by_method(method, coupling),
        rtol=1e-12,
    )


@pytest.mark.parametrize("method", FORMULAS)
def test_no_weight_no_tc(method):
    tc = by_method(
        method,
        np.array([0.0, 0.0, -0.2, 1.0, 1.0, 1.0]),
        omega_log=np.array([np.nan, 10.0, 10.0, np.nan, 0.0, -1.0]),
    )
    np.testing.assert_array_equal(tc, np.zeros(6))


@pytest.mark.parametrize("method", FORMULAS)
def test_unknown_coupling_gives_unknown_tc(method):
    assert np.isnan(by_method(method, np.nan))


@pytest.mark.parametrize("method", ["mcmillan", "allen_dynes_simple", "allen_dynes", "xie_2022"])
def test_tc_is_zero_where_the_repulsion_wins(method):
    threshold = 0.1 / (1.0 - 0.062)  # λ = μ*(1+0.62λ) at μ* = 0.1
    below, above = by_method(method, np.array([threshold * 0.999, threshold * 2.0]))
    assert below == 0.0
    assert above > 0.0


@pytest.mark.parametrize("method", FORMULAS)
@pytest.mark.parametrize("mu_star", [0.0, 0.1, 0.3])
def test_extreme_couplings_stay_finite_and_silent(method, mu_star):
    coupling = np.array([1e-300, 1e-12, 1e-3, 0.1, 1.0, 10.0, 1e3, 1e12])
    tc = by_method(method, coupling, mu_star=mu_star)
    assert np.all(np.isfinite(tc))
    assert np.all(tc >= 0.0)


def test_both_prefactors_without_repulsion():
    # exp[-1.04(1+λ)/λ] with λ = 1.04 is exp(-2.04)
    expected = 12.0 * MEV_TO_KELVIN / 1.2 * np.exp(-2.04)
    assert allen_dynes_simple(1.04, 12.0, 0.0) == pytest.approx(expected, rel=1e-14)
    tc = mcmillan(1.04, debye_temperature=145.0, mu_star=0.0)
    assert tc == pytest.approx(100.0 * np.exp(-2.04), rel=1e-14)


def test_lead_by_hand_in_both_scales():
    """λ 1.55, ω_log 56 K, ω_2 65 K, μ* 0.105 of Allen and Dynes (1975); measured are 7.2 K."""
    moments = {"coupling": 1.55, "omega_log": 56.0 / MEV_TO_KELVIN, "omega_2": 65.0 / MEV_TO_KELVIN}
    # 46.667 K · exp(−2.652/1.34410) = 6.4877 K; f₁ = 1.30225^(1/3), f₂ = 1 + 0.160714 · 0.163190
    simple = critical_temperature(SIMPLE_METHOD, mu_star=0.105, **moments)
    assert float(simple) == pytest.approx(6.488, abs=0.002)
    full = critical_temperature(mu_star=0.105, **moments)
    assert float(full) == pytest.approx(6.488 * 1.30225 ** (1 / 3) * 1.026227, abs=0.003)
    assert float(full) == pytest.approx(7.27, abs=0.005)


def test_one_formula_is_the_default_everywhere():
    defaults = {
        Settings().tc_method,
        inspect.signature(critical_temperature).parameters["method"].default,
        inspect.signature(Ensemble.predict).parameters["tc_method"].default,
        inspect.signature(Ensemble.stream).parameters["tc_method"].default,
    }
    defaults |= {
        _parser().parse_args([verb, *words]).tc_method
        for verb, words in (("predict", ["x.cif"]), ("evaluate", ["model", "rows.jsonl"]))
    }
    assert defaults == {DEFAULT_METHOD} == {allen_dynes.__name__}
    assert SIMPLE_METHOD == FORMULAS[DEFAULT_METHOD].simplified == allen_dynes_simple.__name__


# Tc (K), Θ_D (K) and λ as they are quoted from McMillan, Phys. Rev. 167, 331 (1968). The table
# itself was not at hand, so this holds formula and quoted numbers together; μ* is 0.13 for the
# transition metals and 0.10 for the simple ones.
MCMILLAN_1968 = {
    "Nb": (9.22, 277.0, 0.82, 0.13),
    "Ta": (4.48, 258.0, 0.65, 0.13),
    "V": (5.30, 399.0, 0.60, 0.13),
    "Mo": (0.92, 460.0, 0.41, 0.13),
    "Re": (1.69, 415.0, 0.46, 0.13),
    "Ru": (0.49, 550.0, 0.38, 0.13),
    "Zr": (0.55, 290.0, 0.41, 0.13),
    "Al": (1.16, 428.0, 0.38, 0.10),
    "Sn": (3.72, 200.0, 0.60, 0.10),
    "Hg": (4.16, 72.0, 1.00, 0.10),
    "Zn": (0.85, 309.0, 0.38, 0.10),
}


@pytest.mark.parametrize("metal", MCMILLAN_1968)
def test_mcmillan_has_the_measured_tc_between_the_neighbours_of_his_rounded_coupling(metal):
    tc, debye, coupling, mu_star = MCMILLAN_1968[metal]
    low, high = mcmillan(
        [coupling - 0.0075, coupling + 0.0075], debye_temperature=debye, mu_star=mu_star
    )
    assert low < tc < high


def test_the_two_formulas_are_the_same_where_the_prefactors_are():
    coupling = np.linspace(0.2, 3.0, 30)
    debye = 10.0 * MEV_TO_KELVIN * 1.45 / 1.2
    np.testing.assert_allclose(
        mcmillan(coupling, debye_temperature=debye), allen_dynes_simple(coupling, 10.0), rtol=1e-14
    )


def test_the_simple_form_is_the_limit_of_allen_dynes():
    assert allen_dynes(0.15, 10.0, 10.0, 0.0) == pytest.approx(
        float(allen_dynes_simple(0.15, 10.0, 0.0)), rel=6e-3
    )


def test_mcmillan_of_the_frequency_is_no_silent_mistake():
    with pytest.raises(TypeError):
        mcmillan(0.87, 61.5, 0.16)
    with pytest.raises(ConfigError, match=r"Debye[\s\S]*allen_dynes_simple"):
        critical_temperature("mcmillan", coupling=0.87, omega_log=61.5)


def test_allen_dynes_asymptote():
    # their fit of exact results: Tc -> 0.18 √λ ω_2 for λ -> ∞ at μ* = 0 (exact: 0.1827)
    tc = allen_dynes(1e8, 10.0, 13.0, 0.0) / MEV_TO_KELVIN
    assert tc == pytest.approx(0.1827 * np.sqrt(1e8) * 13.0, rel=0.05)


def test_xie_2019_by_hand():
    # λ = 1, μ* = 0.25: 0.09525/(1+0.5)
    assert xie_2019(1.0, 15.0, 0.25) == pytest.approx(0.9525 * MEV_TO_KELVIN, rel=1e-14)


def published_xie_2022(coupling, omega_log, omega_2, mu_star):
    ratio = omega_log / omega_2
    f_omega = (
        1.92 * (coupling + ratio - mu_star ** (1 / 3)) / (np.sqrt(coupling) * np.exp(ratio)) - 0.08
    )
    f_mu = 1.0 + 6.86 * np.exp(-coupling / mu_star) / (1.0 / coupling - mu_star - ratio)
    return f_omega * f_mu * allen_dynes_simple(coupling, omega_log, mu_star)


def test_xie_2022_is_the_published_formula_away_from_its_pole():
    coupling = np.linspace(0.25, 4.0, 4001)
    distance = 1.0 / coupling - 0.1 - 10.0 / 12.0
    away = np.abs(distance) > XIE_2022_POLE_HALF_WIDTH
    assert 0 < np.sum(~away) < 400
    np.testing.assert_allclose(
        xie_2022(coupling[away], 10.0, 12.0, 0.1),
        published_xie_2022(coupling[away], 10.0, 12.0, 0.1),
        rtol=1e-12,
    )


@pytest.mark.parametrize("mu_star", [0.05, 0.1, 0.16])
def test_xie_2022_is_continuous_through_its_pole(mu_star):
    pole = 1.0 / (mu_star + 10.0 / 12.0)
    coupling = pole + np.linspace(-0.2, 0.2, 40001)
    tc = xie_2022(coupling, 10.0, 12.0, mu_star)
    assert np.max(np.abs(np.diff(tc))) < 1e-3 * tc.max()
    without_f_mu = published_xie_2022(pole, 10.0, 12.0, 1e-9) / allen_dynes_simple(pole, 10.0, 1e-9)
    shift = 1.92 * (np.cbrt(1e-9) - np.cbrt(mu_star)) / (np.sqrt(pole) * np.exp(10.0 / 12.0))
    expected = (without_f_mu + shift) * allen_dynes_simple(pole, 10.0, mu_star)
    assert xie_2022(pole, 10.0, 12.0, mu_star) == pytest.approx(float(expected), rel=1e-9)


@pytest.mark.parametrize("method", FORMULAS)
def test_default_mu_star(method):
    assert DEFAULT_MU_STAR == 0.10
    tc = critical_temperature(
        method, coupling=0.9, omega_log=10.0, omega_2=12.0, debye_temperature=200.0
    )
    assert tc == by_method(method, 0.9, mu_star=0.10)


def test_unknown_method_lists_the_valid_ones():
    with pytest.raises(ConfigError, match=", ".join(FORMULAS)):
        by_method("bcs", 1.0)


@pytest.mark.parametrize("method", ["allen_dynes", "xie_2022"])
def test_missing_omega_2_is_an_error_with_a_way_out(method):
    with pytest.raises(ConfigError, match=r"needs omega_2[\s\S]*allen_dynes_simple"):
        critical_temperature(method, coupling=1.0, omega_log=10.0)


@pytest.mark.parametrize("mu_star", [-0.1, np.nan, np.inf])
def test_bad_mu_star(mu_star):
    with pytest.raises(ConfigError, match="mu_star"):
        allen_dynes_simple(1.0, 10.0, mu_star)
    with pytest.raises(ConfigError, match="mu_star"):
        mcmillan(1.0, debye_temperature=200.0, mu_star=mu_star)


def test_shapes_that_do_not_broadcast():
    with pytest.raises(ConfigError, match="do not broadcast"):
        allen_dynes_simple(np.ones(3), np.ones(2))
