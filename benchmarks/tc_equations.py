"""Formulas for Tc beside solutions of the Eliashberg equations, and how they are found.

    betenet spectra solve bimodal_einstein:15000 … --out solved/
    python benchmarks/tc_equations.py solved/ [--refit] [--search] [--figures FOLDER]

Errors: every formula on the spectra of each maker, and on the 29 materials of Allen and Dynes with
their measured Tc. --refit fits the numbers of the formula of two modes again without one maker
after the other, and judges it on that one. --search finds the equation of 2019 again (features with
dimensions), and the front of genetic programming with its most frequent forms. Allen and Dynes'
deviation is told by ω_2/ω_log. What μ* means is said by each table. --figures draws parity, that
deviation, and the latent plane of the autoencoder with spectra over it.
"""

from __future__ import annotations

import argparse
import csv
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares
from tc_equations_figures import NEW, OLD, draw_figures

from betenet.datasets.rows import data_folder
from betenet.errors import DataError
from betenet.superconductivity.critical_temperature import FORMULAS_OF_MOMENTS, critical_temperature
from betenet.superconductivity.eliashberg import rescale
from betenet.superconductivity.tc_formulas import Inputs
from betenet.superconductivity.two_modes import FITTED, Coefficients, error_of_two_modes, modes_tc
from betenet.tc_equations.feature_selection import Feature, bootstrap_frequencies, grow, select
from betenet.tc_equations.formula_errors import (
    CONVENTIONS,
    describe_solutions,
    formula_tc,
    judged,
)
from betenet.tc_equations.genetic_search import genetic_front, stable_forms
from betenet.tc_equations.makers import MAKERS, make_spectra
from betenet.tc_equations.solutions import UNSCALED_CUTOFF, read_solutions, solve_spectra
from betenet.units import MEV_TO_KELVIN

ROWS_OF_A_MAKER = 800
INPUTS = ("coupling", "omega_log", "omega_2", "omega_1", "omega_max", "mu_star")
RATIOS = (1.0, 1.1, 1.2, 1.4, 1.7, 2.2, 10.0)


def read(folder: str | None, count: int) -> dict[str, np.ndarray]:
    """Solutions of a folder, or of some models that are solved now."""
    if folder:
        return read_solutions(folder)
    parts = [
        solve_spectra(make_spectra(maker, count)) for maker in MAKERS if not MAKERS[maker].real
    ]
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def subset(columns: dict[str, np.ndarray], chosen: np.ndarray) -> dict[str, np.ndarray]:
    """Some rows of the solutions."""
    return {key: values[chosen] for key, values in columns.items()}


def print_roadmap_range(columns: dict[str, np.ndarray]) -> None:
    """Bimodal spectra with λ of 0.4 to 5, a ratio of frequencies from 0.1 and Tc > 1 K."""
    low = np.array([_lowest(name) for name in columns["name"].tolist()])
    chosen = judged(columns) & (columns["maker"] == "bimodal_einstein") & (low >= 10.0)
    chosen &= (columns["coupling"] >= 0.4) & (columns["coupling"] <= 5.0)
    chosen &= columns["tc_kelvin"] > 1.0
    for usual in (False, True):
        rows = subset(columns, chosen & ((columns["mu_star"] == 0.10) | (not usual)))
        told = ", μ* = 0.10" if usual else ""
        for formula in FORMULAS_OF_MOMENTS:
            error = formula_tc(formula, rows) / rows["tc_kelvin"] - 1.0
            print(
                f"bimodal, λ 0.4 to 5, ratio 0.1 to 1{told}: {formula:<19} n {len(error)}  "
                f"rmse {np.sqrt(np.mean(error**2)):.2%}  median {np.median(error):+.2%}"
            )


def _lowest(name: str) -> float:
    return float(name.split(" at ", 2)[1].split(" ", 1)[0]) if " at " in name else 0.0


def print_deviation(columns: dict[str, np.ndarray]) -> None:
    """Allen and Dynes' error by ω_2/ω_log, and the share of its variance that this explains."""
    rows = subset(columns, judged(columns))
    ratio = rows["omega_2"] / rows["omega_log"]
    print("\nerror of Tc by ω_2/ω_log, all makers; μ* at ω_max, rescaled to the cutoff")
    print("ω_2/ω_log      n    λ < 1.5: allen_dynes  two_modes    λ ≥ 1.5: allen_dynes  two_modes")
    errors = {name: formula_tc(name, rows) / rows["tc_kelvin"] - 1.0 for name in (OLD, NEW)}
    strong = rows["coupling"] >= 1.5
    for low, high in pairwise(RATIOS):
        here = (ratio >= low) & (ratio < high)
        cells = [
            f"{np.sqrt(np.mean(errors[name][here & side] ** 2)):.1%} "
            f"({np.median(errors[name][here & side]):+.1%})"
            for side in (~strong, strong)
            for name in (OLD, NEW)
            if np.any(here & side)
        ]
        print(f"{low:.1f} to {high:<5.1f} {here.sum():>6}    {'   '.join(cells)}")
    squares = errors[OLD] ** 2
    near = ratio < 1.1
    print(
        f"of the sum of its squared errors {squares[~near].sum() / squares.sum():.1%} belongs to "
        f"the {np.mean(~near):.0%} of spectra with ω_2 > 1.1 ω_log"
    )


def print_converted(columns: dict[str, np.ndarray]) -> None:
    """Two modes beside the other convention, with μ* brought from 10 ω_max to ω_max."""
    rows = subset(columns, judged(columns, "tc_unscaled_kelvin"))
    converted = rows | {"mu_star": rescale(rows["mu_star"], UNSCALED_CUTOFF, 1.0)}
    for name in (OLD, NEW):
        error = formula_tc(name, converted) / rows["tc_unscaled_kelvin"] - 1.0
        print(
            f"{CONVENTIONS['tc_unscaled_kelvin']}, its μ* brought to ω_max: {name:<12} "
            f"n {len(error)}  rmse {np.sqrt(np.mean(error**2)):.1%}  median {np.median(error):+.1%}"
        )


def print_measured() -> None:
    """The 29 materials of Allen and Dynes beside their measured Tc; their μ* were fitted to it."""
    rows = read_29()
    if not rows:
        return
    known = {
        "coupling": rows["lambda"],
        "mu_star": rows["mu_star"],
        **{
            key: rows[f"{key}_K"] / MEV_TO_KELVIN
            for key in ("omega_log", "omega_1", "omega_2", "omega_max")
        },
    }
    print("\n29 materials, measured Tc; the μ* of the table were fitted to it")
    for name in FORMULAS_OF_MOMENTS:
        error = critical_temperature(name, **known) / rows["tc_K"] - 1.0
        print(
            f"{name:<19} rmse {np.sqrt(np.mean(error**2)):.1%}  mean {np.mean(np.abs(error)):.1%}  "
            f"worst {np.abs(error).max():.1%}"
        )


def read_29() -> dict[str, np.ndarray]:
    """The table of 29 materials; empty without the data."""
    try:
        path = data_folder() / "tc_equations" / "allen_dynes_29.csv"
    except DataError as error:
        print(error)
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        key: np.array([float(row[key]) for row in rows]) for key in rows[0] if key != "material"
    }


def fitted_to(columns: dict[str, np.ndarray], begin: Coefficients = FITTED) -> Coefficients:
    """The numbers of the formula of two modes, fitted to some solutions from others on."""
    exact = np.log(columns["tc_kelvin"] / MEV_TO_KELVIN)
    inputs = [columns[key] for key in INPUTS]

    def residuals(numbers: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            tc = np.log(modes_tc(*inputs, Coefficients(*numbers.tolist())))
        return np.nan_to_num(tc - exact, nan=5.0, posinf=5.0, neginf=-5.0)

    start = np.array(begin)
    found = least_squares(
        residuals, start, loss="soft_l1", f_scale=0.05, x_scale=0.3 * start, max_nfev=15
    )
    return Coefficients(*found.x.tolist())


def fitted_rows(
    columns: dict[str, np.ndarray], rows: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Some of the rows to fit to: more of the wide and weakly coupled ones, which are rare."""
    width = np.log(columns["omega_2"][rows] / columns["omega_log"][rows])
    weight = 0.3 + width * np.where(columns["coupling"][rows] < 1.5, 3.0, 1.0)
    count = min(ROWS_OF_A_MAKER, len(rows) // 2)
    return rng.choice(rows, count, replace=False, p=weight / weight.sum())


def print_refit(columns: dict[str, np.ndarray]) -> None:
    """Errors on each class of models when the formula is fitted to the others."""
    models = [name for name in ("bimodal_einstein", "multimodal_einstein", "gaussian", "log_normal",
                                "maximum_entropy") if name in columns["maker"]]  # fmt: skip
    rng, good = np.random.default_rng(0), judged(columns)
    picked = {
        name: rng.permutation(np.flatnonzero(good & (columns["maker"] == name))) for name in models
    }
    of_fit = {name: fitted_rows(columns, rows, rng) for name, rows in picked.items()}
    print("\nfitted without a class, and judged on it; μ* at ω_max, rescaled to the cutoff")
    for left_out in models:
        others = [of_fit[name] for name in models if name != left_out]
        numbers = fitted_to(subset(columns, np.concatenate(others)))
        rows = subset(columns, picked[left_out])
        tc = MEV_TO_KELVIN * modes_tc(*(rows[key] for key in INPUTS), numbers)
        error = tc / rows["tc_kelvin"] - 1.0
        shipped = formula_tc(NEW, rows) / rows["tc_kelvin"] - 1.0
        old = formula_tc(OLD, rows) / rows["tc_kelvin"] - 1.0
        rmse = [np.sqrt(np.mean(one**2)) for one in (error, shipped, old)]
        print(
            f"{left_out:<20} n {len(error):>5}  without it {rmse[0]:.2%}  shipped {rmse[1]:.2%}  "
            f"allen_dynes {rmse[2]:.2%}"
        )


def print_explained(columns: dict[str, np.ndarray]) -> None:
    """Share of the variance of ln(Tc/Tc exact) of Allen and Dynes that quantities explain.

    By the means over cells of a tenth of the spectra along each.
    """
    rows = subset(columns, judged(columns))
    error = np.log(formula_tc(OLD, rows) / rows["tc_kelvin"])
    known = {
        "ω_2/ω_log": rows["omega_2"] / rows["omega_log"],
        "λ": rows["coupling"],
        "μ*": rows["mu_star"],
        "ω_1/ω_log": rows["omega_1"] / rows["omega_log"],
    }
    cell = np.zeros(len(error), dtype=int)
    for count, values in enumerate(known.values()):
        edges = np.quantile(values, np.linspace(0.1, 0.9, 9))
        cell = 10 * cell + np.searchsorted(edges, values)
        means = np.bincount(cell, error) / np.maximum(np.bincount(cell), 1)
        spent = len(np.unique(cell)) / len(error)  # a cell's own mean explains by chance
        left = np.mean((error - means[cell]) ** 2) / error.var() / (1.0 - spent)
        print(f"variance of ln(Tc/exact) explained by {', '.join([*known][: count + 1])}: "
              f"{1.0 - left:.0%}")  # fmt: skip


def print_coverage(columns: dict[str, np.ndarray]) -> None:
    """Share of spectra within the relative error that the formula states, by maker and width."""
    rows = subset(columns, judged(columns))
    size = np.abs(formula_tc(NEW, rows) / rows["tc_kelvin"] - 1.0)
    keys = ("coupling", "omega_log", "omega_2", "mu_star", "omega_1", "omega_max")
    inputs = [
        Inputs(lam, log, second, mu, None, first, top)
        for lam, log, second, mu, first, top in zip(*(rows[k].tolist() for k in keys), strict=True)
    ]
    stated = np.array([error_of_two_modes(one) for one in inputs])
    print("\nwithin the error that is stated for 95 %; μ* at ω_max, rescaled to the cutoff")
    ratio = rows["omega_2"] / rows["omega_log"]
    groups = {name: rows["maker"] == name for name in sorted(set(rows["maker"].tolist()))}
    groups |= {f"ω_2/ω_log {a} to {b}": (ratio >= a) & (ratio < b) for a, b in pairwise(RATIOS)}
    for name, chosen in groups.items():
        if np.any(chosen):
            print(
                f"{name:<22} n {chosen.sum():>5}  within {np.mean((size <= stated)[chosen]):.1%}  "
                f"stated {np.mean(stated[chosen]):.1%}  worst {size[chosen].max():.1%}"
            )


def print_search(columns: dict[str, np.ndarray], draws: int, evaluations: int) -> None:
    """The equation of 2019 found again, and the front of genetic programming."""
    table = read_29()
    if table:
        primary = [
            Feature("λ", table["lambda"], 0.0, 0),
            Feature("μ", table["mu_star"], 0.0, 0),
            Feature("ω", table["omega_log_K"], 1.0, 0),
        ]
        rung = grow(grow(primary))
        print(f"\n29 materials, {len(rung)} features below the last rung; the best formulas:")
        for one in select(rung, table["tc_K"], 5):
            print(
                f"  {one.factor:.5f} {one.text}  rmse {one.rmse:.4f} K, {one.operations} operations"
            )
        print(f"most frequent best form of {draws} resampled tables:")
        for text, count in bootstrap_frequencies(rung, table["tc_K"], draws).most_common(5):
            print(f"  {count}  {text}")
    rng, good = np.random.default_rng(0), np.flatnonzero(judged(columns))
    train, test = np.split(rng.permutation(good)[:3000], [1500])
    inputs = {
        "lam": columns["coupling"],
        "mu": columns["mu_star"],
        **{
            short: np.log(columns[key] / columns["omega_log"])
            for short, key in (("s1", "omega_1"), ("s2", "omega_2"), ("smax", "omega_max"))
        },
    }
    target = np.log(columns["tc_kelvin"] / formula_tc(OLD, columns))
    for names in (("lam", "mu", "s2"), ("lam", "mu", "s1", "s2", "smax")):
        chosen = {name: inputs[name][train] for name in names}
        front = genetic_front(chosen, target[train], longest=40, evaluations=evaluations)
        print(f"\nln(Tc/allen_dynes) of {', '.join(names)}, n {len(train)}: front")
        for one in front[:: max(1, len(front) // 6)]:
            print(f"  length {one.length:>2}  rmse {one.rmse:.3f}  {one.text[:90]}")
        frequent = stable_forms(chosen, target[train], draws=max(2, draws // 10), length=9,
                                evaluations=evaluations // 4)  # fmt: skip
        print("  most frequent forms of at most 9 nodes:", frequent.most_common(3))
    rest = subset(columns, test)
    spread = np.std(np.log(formula_tc(NEW, rest) / rest["tc_kelvin"]))
    print(f"  for comparison, two_modes: {spread:.3f} on {len(test)} other rows")


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", help="folder of `betenet spectra solve`")
    parser.add_argument("--count", type=int, default=200, help="models of each maker without one")
    parser.add_argument("--refit", action="store_true")
    parser.add_argument("--search", action="store_true")
    parser.add_argument("--draws", type=int, default=50, help="resampled sets of a search")
    parser.add_argument("--evaluations", type=int, default=200_000)
    parser.add_argument("--figures", type=Path, metavar="FOLDER", help="draw all figures")
    arguments = parser.parse_args()
    columns = read(arguments.folder, arguments.count)
    if arguments.folder:
        print(describe_solutions(arguments.folder))
    print(f"\nbelow: {CONVENTIONS['tc_kelvin']}")
    print_roadmap_range(columns)
    print_deviation(columns)
    print_explained(columns)
    print_coverage(columns)
    print_converted(columns)
    print_measured()
    if arguments.refit:
        print_refit(columns)
    if arguments.search:
        print_search(columns, arguments.draws, arguments.evaluations)
    if arguments.figures:
        draw_figures(columns, arguments.figures)


if __name__ == "__main__":
    main()
