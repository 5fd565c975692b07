import json
from dataclasses import replace

import numpy as np
import pytest
from tests.espresso_runs import with_a2f

from betenet.espresso.quality import judge
from betenet.espresso.record import make_record
from betenet.superconductivity.binned import BINS, binned
from betenet.superconductivity.critical_temperature import allen_dynes_simple
from betenet.superconductivity.moments import coupling_constant, omega_log
from betenet.units import KELVIN_TO_MEV

USED = 3  # 0.02 Ry
SETTINGS = {"protocol": {"cutoff": 60.0}, "pressure_gpa": 0.0}


def record_of(results):
    return make_record("al", results, SETTINGS, judge(results))


def test_the_row_of_the_smearing_that_is_used(results):
    row = record_of(results)
    # matdyn.x: λ = 0.7170 and ω_log = 178.45 K at 0.020 Ry, summed over modes, not over α²F
    assert row["coupling"] == pytest.approx(0.7170, rel=0.01)
    assert row["omega_log_kelvin"] == pytest.approx(178.45, rel=0.01)
    spectrum = {key: np.array(row["spectrum"][key]) for key in ("frequencies_mev", "a2f")}
    grid, a2f = spectrum.values()
    assert row["coupling"] == pytest.approx(float(coupling_constant(grid, a2f)), rel=1e-4)
    omega = float(omega_log(grid, a2f))
    assert row["omega_log_kelvin"] * KELVIN_TO_MEV == pytest.approx(omega, rel=1e-4)
    tc = float(allen_dynes_simple(row["coupling"], omega, row["mu_star"]))
    assert row["tc_kelvin"] == pytest.approx(tc, rel=1e-4)
    assert (row["id"], row["formula"], row["mu_star"]) == ("al", "Al", 0.1)
    assert row["structure"]["lattice"] == results.atoms.cell.array.tolist()
    assert row["dos_fermi"] == pytest.approx(results.electronic.at_fermi(), rel=1e-5)


def test_site_densities_on_the_grid_of_other_datasets(results):
    sites = record_of(results)["site_phonon_dos"]
    assert sites["frequencies_mev"] == BINS.tolist()
    expected = binned(results.fine.frequencies, results.fine.sites)
    np.testing.assert_allclose(sites["fine_per_mev"], expected, rtol=1e-4)
    assert np.shape(sites["coarse_per_mev"]) == (1, BINS.size)
    # three modes for the atom
    assert np.sum(sites["fine_per_mev"]) * 2.0 == pytest.approx(3.0, rel=0.05)


def test_all_else_is_in_one_key(results):
    found = record_of(results)["calculation"]
    assert found["kept"] is True
    assert found["reasons"] == []
    assert found["settings"] == SETTINGS
    assert found["smearings"]["coupling"] == [2.5503, 1.3536, 0.8754, 0.717, 0.6723]
    assert found["plateau"] is None
    rescaled = 0.7170 * results.electronic.at_fermi() / results.by_smearing.fermi_dos[USED]
    assert found["smearings"]["coupling_rescaled"][USED] == pytest.approx(rescaled, rel=1e-4)
    assert found["versions"] == {"quantum_espresso": ["6.7MaX"]}
    hours = sum(time.cpu for time in results.wall_times.values()) / 3600.0
    assert found["core_hours"] == pytest.approx(hours, rel=1e-4)
    assert found["electrons"]["count"] == 11.0
    assert found["lowest_frequency_mev"] == pytest.approx(results.lowest_frequency, rel=1e-5)


def test_q_points_hold_the_modes_of_the_smearing_that_is_used(results):
    gamma, zone_edge, corner = record_of(results)["calculation"]["q_points"]
    assert gamma["q"] == [0.0, 0.0, 0.0]
    assert gamma["coupling"] == [None, None, None]
    assert corner["coupling"] == [1.7727, 1.2021, 0.1599]
    assert [gamma["weight"], zone_edge["weight"], corner["weight"]] == [1, 4, 3]
    total = sum(
        point["weight"] * sum(x or 0.0 for x in point["coupling"])
        for point in (gamma, zone_edge, corner)
    )
    over_q = record_of(results)["calculation"]["smearings"]["coupling_over_q"][USED]
    assert total / 8.0 == pytest.approx(over_q, rel=1e-4)


def test_it_is_plain_json_and_small(results):
    text = json.dumps(record_of(results), allow_nan=False)
    assert len(text) < 60_000
    assert json.loads(text) == record_of(results)


def test_rounding_errors_below_zero_become_zero_and_are_counted(results):
    size = 2e-4 * np.abs(results.a2f[USED]).sum()

    def change(a2f):
        a2f[USED, -1] = -size

    row = record_of(with_a2f(results, change))
    assert row["calculation"]["clipped"] == 1
    assert min(row["spectrum"]["a2f"]) == 0.0
    assert record_of(results)["calculation"]["clipped"] == 0


def test_larger_negative_values_stay(results):
    """No reader of datasets takes such a row, and nobody is told a spectrum that was repaired."""

    def change(a2f):
        a2f[USED, -1] = -2.0

    row = record_of(with_a2f(results, change))
    assert row["spectrum"]["a2f"][-1] == -2.0
    assert row["calculation"]["clipped"] == 0
    assert row["calculation"]["reasons"][0]["rule"] == "negative"


def test_nan_leaves_moments_and_spectrum_out(results):
    def change(a2f):
        a2f[USED, 40] = np.nan
        a2f[0] = np.nan

    changed = with_a2f(results, change)
    row = record_of(changed)
    json.dumps(row, allow_nan=False)
    assert "coupling" not in row
    assert "spectrum" not in row
    assert row["calculation"]["kept"] is False


def test_a_plateau_is_written_down(results):
    listed = replace(results.by_smearing, coupling=np.array([2.0, 1.0, 1.0, 1.02, 1.5]))
    found = record_of(replace(results, by_smearing=listed))["calculation"]["plateau"]
    assert found == {
        "lowest_ry": 0.01,
        "highest_ry": 0.02,
        "coupling": 1.01,
        "spread": pytest.approx(0.01 / 1.01, abs=1e-4),
        "holds_used": True,
    }


def test_without_sites_there_is_no_density_by_site(results):
    fine = replace(results.fine, sites=None)
    assert "site_phonon_dos" not in record_of(replace(results, fine=fine))
