"""Numbers from the literature and from other codes; their sources are in the JSON file."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from betenet.quantities import export
from betenet.spectrum import Spectrum
from betenet.superconductivity.critical_temperature import FORMULAS_OF_MOMENTS, critical_temperature
from betenet.superconductivity.moments import coupling_constant, moments, omega_log
from betenet.units import convert_frequency

REFERENCE = json.loads(Path(__file__).with_name("superconductivity.json").read_text("utf-8"))
BINS = np.arange(0.25, 101.0, 2.0)


def in_mev(row, key):
    if f"{key}_mev" in row:
        return float(row[f"{key}_mev"])
    return float(convert_frequency(float(row[f"{key}_kelvin"]), "K", "meV"))


@pytest.mark.parametrize("row", REFERENCE["critical_temperature"], ids=lambda row: row["name"])
def test_critical_temperature_from_moments(row):
    for method, expected in row["tc_kelvin"].items():
        tc = critical_temperature(
            method,
            coupling=row["coupling"],
            omega_log=in_mev(row, "omega_log"),
            omega_2=in_mev(row, "omega_2"),
            mu_star=row["mu_star"],
        )
        assert tc == pytest.approx(expected, rel=row["relative_tolerance"]), method


def shape_factor(r_in_lambda_2, coupling, omega_log, omega_2, mu_star):
    """f₂ of Allen and Dynes, with r = ω_2/ω_log in Λ₂ or with what another code has there."""
    r = omega_2 / omega_log
    lambda_2 = 1.82 * (1.0 + 6.3 * mu_star) * (r if r_in_lambda_2 is None else r_in_lambda_2)
    return 1.0 + (r - 1.0) * coupling**2 / (coupling**2 + lambda_2**2)


@pytest.mark.data
@pytest.mark.parametrize("row", REFERENCE["spectra"], ids=lambda row: row["name"])
def test_moments_and_critical_temperature_of_a_spectrum(row, read_spectrum):
    spectrum = read_spectrum(row["name"])
    computed = moments(spectrum.frequencies, spectrum.a2f)
    arguments = {key: computed[key] for key in ("coupling", "omega_log", "omega_2")}
    arguments["mu_star"] = row["mu_star"]
    exported = export(computed)
    for key, expected in row["moments"].items():
        assert exported[key] == pytest.approx(expected, rel=row["moments_relative_tolerance"]), key
    for method, expected in row["tc_kelvin"].items():
        tc = critical_temperature(method, **arguments)
        assert tc == pytest.approx(expected, rel=row["tc_relative_tolerance"]), method
    if "tc_without_shape_in_lambda_2_kelvin" in row:
        tc = critical_temperature("allen_dynes", **arguments)
        tc *= shape_factor(1.0, **arguments) / shape_factor(None, **arguments)
        assert tc == pytest.approx(
            row["tc_without_shape_in_lambda_2_kelvin"], rel=row["tc_relative_tolerance"]
        )


@pytest.mark.data
@pytest.mark.parametrize("rule", ["onset", "trapezoid", "published"])
def test_niobium_on_coarse_bins(rule, read_spectrum):
    reference = REFERENCE["binned_niobium"]
    known = read_spectrum(reference["name"])
    spectrum = (
        Spectrum(known.frequencies, known.a2f)
        .resample(np.arange(0.25, 101.0, 0.1))
        .smooth(10.1, "savitzky_golay")
        .resample(BINS)
    )
    tolerance = reference[rule]["relative_tolerance"]
    coupling = coupling_constant(spectrum.frequencies, spectrum.a2f, rule)
    logarithmic = convert_frequency(omega_log(spectrum.frequencies, spectrum.a2f, rule), "meV", "K")
    assert coupling == pytest.approx(reference[rule]["coupling"], rel=tolerance)
    assert logarithmic == pytest.approx(reference[rule]["omega_log_kelvin"], rel=tolerance)


# Largest deviation from the measured Tc of the 29 materials, as a share of it, and its mean.
ALLEN_DYNES_TABLE = {
    "allen_dynes_simple": (0.33, 0.13),
    "allen_dynes": (0.13, 0.05),
    "xie_2019": (0.13, 0.04),
    "xie_2022": (0.16, 0.06),
    "two_modes": (0.14, 0.03),
}


@pytest.mark.data
@pytest.mark.parametrize("method", FORMULAS_OF_MOMENTS)
def test_measured_tc_of_the_allen_dynes_table(method, data_folder):
    with (data_folder / "allen_dynes" / "allen_dynes_1975.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 29
    tc = critical_temperature(
        method,
        coupling=[float(row["coupling"]) for row in rows],
        omega_log=[in_mev(row, "omega_log") for row in rows],
        omega_2=[in_mev(row, "omega_2") for row in rows],
        mu_star=[float(row["mu_star"]) for row in rows],
        omega_1=[in_mev(row, "omega_1") for row in rows],
        omega_max=[in_mev(row, "omega_max") for row in rows],
    )
    measured = np.array([float(row["tc_kelvin"]) for row in rows])
    deviation = np.abs(tc / measured - 1.0)
    largest, mean = ALLEN_DYNES_TABLE[method]
    assert deviation.max() < largest
    assert deviation.mean() < mean
