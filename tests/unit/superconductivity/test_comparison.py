import numpy as np
import pytest

from betenet.errors import ConfigError
from betenet.superconductivity.comparison import MethodResult, compare_methods, method_remark
from betenet.superconductivity.critical_temperature import FORMULAS, xie_2022

# the MgB2 test of EPW, in meV, and the Tc that EPW prints for it
MGB2 = {"coupling": 0.8714948, "omega_log": 61.4704, "omega_2": 70.6457}
EPW_TC = {
    0.16: {"allen_dynes_simple": 26.4082, "allen_dynes": 27.4569, "xie_2022": 31.5015},
    0.15: {"allen_dynes_simple": 28.4619, "allen_dynes": 29.6373, "xie_2022": 31.8262},
}


def by_method(**inputs):
    return {row.method: row for row in compare_methods(**inputs)}


@pytest.mark.parametrize("mu_star", EPW_TC)
def test_every_method_side_by_side(mu_star):
    rows = by_method(**MGB2, mu_star=mu_star)
    assert list(rows) == list(FORMULAS)
    for method, tc in EPW_TC[mu_star].items():
        assert rows[method].tc == pytest.approx(tc, rel=3e-5)
        assert rows[method].remark == ""


def test_mcmillan_needs_the_debye_temperature_and_nothing_else_beside_the_coupling():
    row = by_method(coupling=0.82, omega_log=13.0, mu_star=0.13)["mcmillan"]
    assert row.tc is None
    assert "--debye" in row.remark
    rows = by_method(coupling=0.82, omega_log=None, mu_star=0.13, debye_temperature=277.0)
    assert rows["mcmillan"].tc == pytest.approx(9.2, abs=0.1)  # niobium, with McMillan's λ
    assert rows["mcmillan"].remark == ""
    assert {row.tc for name, row in rows.items() if name != "mcmillan"} == {None}


@pytest.mark.parametrize("debye", [0.0, -300.0, np.nan, np.inf])
def test_a_debye_temperature_that_is_none_is_refused(debye):
    with pytest.raises(ConfigError, match="Debye temperature"):
        compare_methods(coupling=0.8, omega_log=13.0, debye_temperature=debye)


def test_without_omega_2_two_methods_have_no_tc():
    rows = by_method(coupling=0.8, omega_log=13.0, debye_temperature=270.0)
    assert {method for method, row in rows.items() if row.tc is None} == {
        method for method, row in rows.items() if "needs ω_2" in row.remark
    }
    assert rows["allen_dynes"].tc is None
    assert rows["mcmillan"].tc > 0.0


@pytest.mark.parametrize(
    ("coupling", "method", "remark"),
    [
        (0.1, "mcmillan", "repulsion wins"),
        (0.1, "allen_dynes", "repulsion wins"),
        (0.1, "xie_2022", "repulsion wins"),
        (0.68, "xie_2019", "learnt from"),
        (0.69, "xie_2019", ""),
        (2.59, "xie_2019", ""),
        (2.6, "xie_2019", "learnt from"),
        (1.5, "mcmillan", ""),
        (1.51, "mcmillan", "too low"),
        (1.51, "allen_dynes_simple", "too low"),
        (5.0, "allen_dynes", ""),
        (1.0, "xie_2022", "pole"),
        (1.3, "xie_2022", ""),
    ],
)
def test_doubts_are_named_where_a_range_ends(coupling, method, remark):
    inputs = {"coupling": coupling, "omega_log": 10.0, "omega_2": 11.0, "debye_temperature": 200.0}
    found = by_method(**inputs)[method].remark
    assert remark in found
    assert bool(remark) == bool(found)


@pytest.mark.parametrize(("share", "wins"), [(0.5, True), (0.999, True), (1.05, False)])
def test_the_repulsion_wins_up_to_the_coupling_where_mcmillans_bracket_vanishes(share, wins):
    mu_star = 0.12
    coupling = share * mu_star / (1.0 - 0.62 * mu_star)
    rows = by_method(coupling=coupling, omega_log=10.0, mu_star=mu_star, debye_temperature=200.0)
    for row in (rows["mcmillan"], rows["allen_dynes_simple"]):
        assert ("repulsion wins" in row.remark) == wins
        assert (row.tc == 0.0) == wins


def test_the_pole_is_named_exactly_where_it_is_bridged():
    # Where f_μ is the published expression, Tc is; where it is not, there is a remark.
    omega_log, omega_2, mu_star = 10.0, 12.0, 0.15
    for coupling in np.linspace(0.7, 1.4, 71):
        ratio = omega_log / omega_2
        distance = 1.0 / coupling - mu_star - ratio
        f_omega = 1.92 * (coupling + ratio - np.cbrt(mu_star)) / np.sqrt(coupling)
        factor = f_omega / np.exp(ratio) - 0.08
        published = factor * (1.0 + 6.86 * np.exp(-coupling / mu_star) / distance)
        inputs = {"coupling": float(coupling), "omega_log": omega_log, "mu_star": mu_star}
        plain = by_method(**inputs)["allen_dynes_simple"].tc * published
        bridged = float(xie_2022(coupling, omega_log, omega_2, mu_star)) != pytest.approx(plain)
        remark = method_remark("xie_2022", omega_2=omega_2, **inputs)
        assert bridged == ("pole" in remark)


@pytest.mark.parametrize(
    ("coupling", "omega_log"), [(0.0, 10.0), (-0.1, 10.0), (0.0, np.nan), (1.0, np.nan)]
)
def test_a_spectrum_without_coupling_is_said_to_have_none(coupling, omega_log):
    rows = compare_methods(coupling=coupling, omega_log=omega_log, omega_2=12.0)
    rows = [row for row in rows if row.method != "mcmillan"]
    assert all(row.tc == 0.0 for row in rows)
    assert all("no coupling" in row.remark for row in rows)


def test_exchanged_frequencies_are_refused():
    with pytest.raises(ConfigError, match=r"omega_2 \(12 meV\) is below omega_log \(15 meV\)"):
        compare_methods(coupling=1.0, omega_log=15.0, omega_2=12.0)
    assert compare_methods(coupling=1.0, omega_log=15.0, omega_2=14.999)[1].tc > 0.0


def test_a_row_of_the_caller_comes_last():
    row = MethodResult(method="eliashberg", tc=9.1, remark="", source="isotropic equations")
    rows = compare_methods(coupling=1.0, omega_log=13.0, further=[row])
    assert [found.method for found in rows] == [*FORMULAS, "eliashberg"]
    assert rows[-1].to_dict()["tc_kelvin"] == 9.1


def test_without_omega_log_no_method_has_a_tc():
    rows = by_method(coupling=0.8, omega_log=None)
    assert {row.tc for row in rows.values()} == {None}
    assert {row.remark for name, row in rows.items() if name != "mcmillan"} == {"needs ω_log"}
