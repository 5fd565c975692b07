"""Measured Tc of the 29 materials of Allen and Dynes beside every formula, and the equations.

    python benchmarks/allen_dynes_table.py [--figure docs/figures/allen_dynes.png]

λ, ω_log, ω_1, ω_2 and μ* are from tunnelling (Phys. Rev. B 12, 905 (1975), Table I; the file
`allen_dynes/allen_dynes_1975.csv` of the training data). The μ* of most rows was chosen by the
authors of that table so that the Eliashberg equations give the measured Tc, so the row of the
equations says how well two peaks stand for the spectra, which the table does not print: their
positions and weights are those with the table's ω_log, ω_1 and ω_2.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import least_squares

from betenet.datasets.rows import data_folder
from betenet.evaluation.metrics import mae, r2, rmse
from betenet.superconductivity.critical_temperature import (
    FORMULAS_OF_MOMENTS,
    critical_temperature,
)
from betenet.superconductivity.eliashberg import eliashberg_tc
from betenet.units import KELVIN_TO_MEV

EQUATIONS = "eliashberg"


def read_table() -> dict[str, np.ndarray]:
    """Columns of the table; frequencies in meV."""
    path = data_folder() / "allen_dynes" / "allen_dynes_1975.csv"
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    table = {"material": np.array([row["material"] for row in rows])}
    for key in ("tc_kelvin", "coupling", "mu_star"):
        table[key] = np.array([float(row[key]) for row in rows])
    for key in ("omega_log", "omega_1", "omega_2", "omega_max"):
        table[key] = KELVIN_TO_MEV * np.array([float(row[f"{key}_kelvin"]) for row in rows])
    return table


def two_peaks(row: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """ω and α²F of two narrow peaks with the row's λ, ω_log, ω_1 and ω_2."""

    def misfit(parameters: np.ndarray) -> list[float]:
        share = 1.0 / (1.0 + np.exp(-parameters[0]))
        soft, hard = np.exp(parameters[1:])
        return [
            share * np.log(soft) + (1.0 - share) * np.log(hard) - np.log(row["omega_log"]),
            np.log(share * soft + (1.0 - share) * hard) - np.log(row["omega_1"]),
            0.5 * np.log(share * soft**2 + (1.0 - share) * hard**2) - np.log(row["omega_2"]),
        ]

    start = [0.0, np.log(0.7 * row["omega_log"]), np.log(1.4 * row["omega_2"])]
    found = least_squares(misfit, start).x
    share = 1.0 / (1.0 + np.exp(-found[0]))
    omega = np.linspace(0.02, 2.0 * row["omega_max"], 1500)
    a2f = np.zeros_like(omega)
    for weight, centre in ((share, np.exp(found[1])), (1.0 - share, np.exp(found[2]))):
        peak = np.maximum(1.0 - np.abs(omega - centre) / (0.02 * centre + 0.02), 0.0)
        a2f += weight * row["coupling"] * peak / (2.0 * np.trapezoid(peak / omega, omega))
    return omega, a2f


def by_equations(table: dict[str, np.ndarray]) -> np.ndarray:
    """Tc of the two-peak spectra; μ* is taken at the table's highest frequency [K]."""
    tc = []
    for index in range(len(table["material"])):
        row = {key: float(table[key][index]) for key in table if key != "material"}
        omega, a2f = two_peaks(row)
        solved = eliashberg_tc(omega, a2f, row["mu_star"], mu_star_frequency=row["omega_max"])
        tc.append(float(solved.tc))
    return np.array(tc)


def draw(measured: np.ndarray, found: dict[str, np.ndarray], path: Path) -> None:
    """Calculated over measured Tc, a panel for each method."""
    figure = Figure(figsize=(7.2, 2.15), layout="constrained")
    panels = figure.subplots(1, len(found), sharey=True)
    for axes, (method, tc) in zip(panels, found.items(), strict=True):
        axes.plot([1, 11], [1, 11], color="0.7", lw=0.8)
        axes.plot(measured, tc, "o", ms=3.2, color="#1f4e79", alpha=0.8)
        axes.set_title(f"{method}\nRMSE {rmse(measured, tc):.2f} K", fontsize=7.5)
        axes.set(xlim=(1.5, 10.2), ylim=(1.5, 10.2), xticks=range(2, 11, 2), yticks=range(2, 11, 2))
        axes.set_aspect("equal")
        axes.tick_params(direction="in", labelsize=7)
        axes.set_xlabel(r"measured $T_\mathrm{c}$ (K)", fontsize=7.5)
    panels[0].set_ylabel(r"calculated $T_\mathrm{c}$ (K)", fontsize=7.5)
    figure.savefig(path, dpi=200)


def main() -> None:
    """Print the table and the errors of each method; draw them if asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figure", type=Path, help="file to draw into")
    arguments = parser.parse_args()
    table = read_table()
    found = {
        method: critical_temperature(
            method,
            coupling=table["coupling"],
            omega_log=table["omega_log"],
            omega_2=table["omega_2"],
            mu_star=table["mu_star"],
        )
        for method in FORMULAS_OF_MOMENTS  # the table has no Debye temperatures
    }
    found[EQUATIONS] = by_equations(table)
    measured = table["tc_kelvin"]
    print(f"{'material':<20}{'λ':>6}{'measured':>10}" + "".join(f"{m:>13}" for m in found))
    for index, material in enumerate(table["material"]):
        numbers = "".join(f"{tc[index]:13.2f}" for tc in found.values())
        print(f"{material:<20}{table['coupling'][index]:6.2f}{measured[index]:10.2f}{numbers}")
    print(f"\n{'method':<20}{'RMSE (K)':>10}{'MAE (K)':>10}{'R²':>8}{'largest':>10}")
    for method, tc in found.items():
        largest = np.max(np.abs(tc / measured - 1.0))
        errors = f"{rmse(measured, tc):10.3f}{mae(measured, tc):10.3f}{r2(measured, tc):8.3f}"
        print(f"{method:<20}{errors}{largest:10.0%}")
    if arguments.figure is not None:
        draw(measured, found, arguments.figure)


if __name__ == "__main__":
    main()
