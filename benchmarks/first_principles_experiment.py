"""Predictions from structure against measured Tc: 3DSC's crystals through `betenet predict`.

    tar xzf $BETENET_DATA/supercon/3dsc_mp_cifs.tar.gz -C DIR   # leave *synth_doped* out
    betenet predict DIR/cifs --phonons none --csv none.csv
    betenet predict DIR/cifs --phonons auto --phonon-cache DIR/phonons --csv auto.csv
    python benchmarks/first_principles_experiment.py none.csv [--figure parity.png]
    python benchmarks/first_principles_experiment.py auto.csv --beside none.csv

By family: how far the predicted Tc is from the measured one, and how well it and P(Tc > 5 K) rank
measured Tc above 5 K. Then trees on composition alone, and the same trees with the predicted λ,
ω_log, ω_2 and Tc, on the same rows: with chemical systems apart, and trained on what was reported
up to 2000. With --beside, the crystals that the first tables have phonons for are compared with
those of another table: predicted without.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from ase.data import atomic_numbers
from composition_forests import exported, fit
from sklearn.metrics import average_precision_score, roc_auc_score

from betenet.datasets.folds import fold_of
from betenet.datasets.rows import data_folder
from betenet.known.composition_families import composition_families
from betenet.known.elements import MAX_NUMBER
from betenet.known.formula import read_formula
from betenet.known.measured import measured_table
from betenet.known.superconductor_features import superconductor_features

WARM = 5.0
YEAR = 2000
KEYS = (
    "coupling",
    "omega_log_kelvin",
    "omega_2_kelvin",
    "tc_kelvin",
    "probability_tc_above_5_kelvin",
)
UNCONVENTIONAL = ("cuprate", "iron_based", "heavy_fermion", "fulleride")
ON_TOP = {"num_leaves": 15, "min_child_samples": 10, "learning_rate": 0.05}


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """One row a composition: the crystals matched to it, averaged with their weights."""

    amounts: np.ndarray
    measured: np.ndarray
    predicted: np.ndarray
    """(row, key of `KEYS`)"""
    system: np.ndarray
    family: np.ndarray
    first: np.ndarray
    seen: np.ndarray
    """Whether the networks were trained with a crystal of this formula."""


Told = dict[str, dict[str, str]]


def main() -> None:
    """Print the comparison, and draw the parity if asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "predictions", type=Path, nargs="+", help="tables of `betenet predict --csv`"
    )
    parser.add_argument("--figure", type=Path, help="file for the figure of parity")
    parser.add_argument("--trees", type=int, default=200)
    parser.add_argument("--beside", type=Path, nargs="+", help="tables without phonons")
    chosen = parser.parse_args()
    folder = data_folder() / "supercon"
    told = read_told(chosen.predictions)
    if chosen.beside:
        other = read_told(chosen.beside)
        names = {name for name, row in told.items() if row["phonons"] != "none" and name in other}
        told = {name: row for name, row in told.items() if name in names}
        print(f"{len(names)} crystals with phonons; the same without:")
        judge(read_rows(folder, {name: other[name] for name in names}), chosen, None)
        print("\nWith phonons:")
    judge(read_rows(folder, told), chosen, chosen.figure)


def judge(rows: Rows, chosen: argparse.Namespace, figure: Path | None) -> None:
    """Print what one set of predictions is worth."""
    by_family(rows)
    conventional = select(rows, ~np.isin(rows.family, UNCONVENTIONAL))
    if figure is not None:
        draw(figure, conventional)
    print("\nTrees on the compositions, conventional alone")
    folds = np.array([fold_of(system) for system in conventional.system])
    on_top("systems apart", conventional, [folds == k for k in range(5)], chosen.trees)
    later = conventional.first > YEAR
    early = conventional.first <= YEAR
    on_top(f"up to {YEAR}, later", conventional, [later], chosen.trees, early)


def read_told(paths: list[Path]) -> Told:
    """What was predicted of each crystal, by the name of its file."""
    found: Told = {}
    for path in paths:
        with path.open(encoding="utf-8", newline="") as lines:
            found |= {Path(row["name"]).name: row for row in csv.DictReader(lines)}
    return {name: row for name, row in found.items() if row["coupling"]}


def read_rows(folder: Path, told: Told) -> Rows:
    """Compositions of the table of measured superconductors with a predicted crystal of 3DSC."""
    table = measured_table()
    entries: defaultdict[int, list[tuple[list[float], float, str, bool]]] = defaultdict(list)
    with gzip.open(folder / "3dsc_mp.csv.gz", "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            found = told.get(Path(row["cif"]).name)
            same = [] if found is None else table.same(read_formula(row["formula_sc"]).amounts)
            if found is None or not same or table[same[0]].conditions:
                continue
            values = [float(found[name] or "nan") for name in KEYS]
            seen = bool(found["in_training"])
            entries[same[0]].append((values, float(row["weight"]), row["chemical_system"], seen))
    kept = list(entries)
    amounts = np.zeros((len(kept), MAX_NUMBER))
    for row, place in enumerate(kept):
        for symbol, share in table.shares(place).items():
            amounts[row, atomic_numbers[symbol] - 1] = share
    return Rows(
        amounts=amounts,
        measured=np.array([table[place].tc for place in kept]),
        predicted=np.array([weighted(entries[place]) for place in kept]),
        system=np.array([entries[place][0][2] for place in kept]),
        family=np.array(composition_families(amounts)),
        first=np.array([table[place].first_year or np.nan for place in kept]),
        seen=np.array([any(one[3] for one in entries[place]) for place in kept]),
    )


def weighted(entries: list[tuple[list[float], float, str, bool]]) -> np.ndarray:
    """Mean of what was predicted for the crystals of one composition."""
    values, weights = (np.array([one[k] for one in entries]) for k in (0, 1))
    there = np.isfinite(values)
    total = (weights[:, None] * there).sum(axis=0)
    mean = (weights[:, None] * np.where(there, values, 0.0)).sum(axis=0)
    return np.where(total > 0.0, mean / np.where(total > 0.0, total, 1.0), np.nan)


def select(rows: Rows, chosen: np.ndarray) -> Rows:
    """Some of the rows."""
    return Rows(*(getattr(rows, name)[chosen] for name in rows.__dataclass_fields__))


def by_family(rows: Rows) -> None:
    """Errors and ranking by family."""
    print(f"{len(rows.measured)} compositions with a measured Tc and a predicted crystal")
    heads = "bias (K)  MAE (K)  of the median  rank corr.  AUC > 5 K, AP, base"
    print(f"{'family':<16}{'rows':>5}  {heads}")
    for name, chosen in groups(rows):
        measured, predicted = rows.measured[chosen], rows.predicted[chosen, KEYS.index("tc_kelvin")]
        if len(measured) < 10:
            continue
        error = predicted - measured
        ranks = [np.argsort(np.argsort(one)) for one in (measured, predicted)]
        floor = np.abs(measured - np.median(measured)).mean()
        print(
            f"{name:<16}{len(measured):>5}  {error.mean():8.2f}  {np.abs(error).mean():7.2f}"
            f"  {floor:11.2f}  {np.corrcoef(*ranks)[0, 1]:14.2f}  {ranking(measured, predicted)}"
        )
    known = np.isfinite(rows.predicted[:, -1])
    for name, chosen in groups(rows):
        one = chosen & known
        if name in {"all", "conventional"}:
            text = ranking(rows.measured[one], rows.predicted[one, -1])
            print(f"by P(Tc > 5 K), {name}, where it is known: {one.sum()} rows, {text}")
            calibration(rows.measured[one], rows.predicted[one, -1])


def groups(rows: Rows) -> Iterator[tuple[str, np.ndarray]]:
    """All rows, the conventional ones, and each family."""
    yield "all", np.ones(len(rows.measured), dtype=bool)
    conventional = ~np.isin(rows.family, UNCONVENTIONAL)
    yield "conventional", conventional
    yield "… seen", conventional & rows.seen
    yield "… not seen", conventional & ~rows.seen
    for name in sorted(set(rows.family)):
        yield str(name), rows.family == name


def ranking(measured: np.ndarray, score: np.ndarray) -> str:
    """AUC and average precision of measured Tc above 5 K."""
    warm = measured > WARM
    if warm.all() or not warm.any():
        return ""
    auc, precision = roc_auc_score(warm, score), average_precision_score(warm, score)
    return f"{auc:.2f}  {precision:.2f}  {warm.mean():.2f}"


def calibration(measured: np.ndarray, probability: np.ndarray) -> None:
    """Share of measured Tc above 5 K in classes of the predicted probability."""
    edges = np.array([0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 1.01])
    for low, high in pairwise(edges):
        one = (probability >= low) & (probability < high)
        if one.any():
            share = (measured[one] > WARM).mean()
            classes = f"P from {low:.2f} to {min(high, 1.0):.2f}"
            print(f"    {classes}: {one.sum():>4} rows, {share:.2f} of them are")


def on_top(
    name: str, rows: Rows, tests: list[np.ndarray], trees: int, among: np.ndarray | None = None
) -> None:
    """Trees with and without what was predicted, on the same rows."""
    composition = superconductor_features(rows.amounts)
    with np.errstate(divide="ignore"):
        physics = np.nan_to_num(np.log(np.maximum(rows.predicted, 1e-3)), nan=-9.0)
    ways = {
        "composition": composition,
        "predicted": physics,
        "both": np.column_stack([physics, composition]),
    }
    for way, features in ways.items():
        found = np.full(len(rows.measured), np.nan)
        for test in tests:
            train = ~test if among is None else among
            target = np.log1p(rows.measured[train])
            forest = exported(fit(features[train], target, trees, **ON_TOP))
            found[test] = np.expm1(forest.scores(features[test].astype(np.float32)))
        there = np.isfinite(found)
        tc, error = rows.measured[there], found[there] - rows.measured[there]
        r2 = 1.0 - (error**2).sum() / ((tc - tc.mean()) ** 2).sum()
        print(
            f"{name}, {way:<12}{there.sum():>5} rows  R² {r2:.3f}  MAE {np.abs(error).mean():.2f} K"
            f"  Tc > 5 K: AUC, AP, base {ranking(tc, found[there])}"
        )


def draw(path: Path, rows: Rows) -> None:
    """Predicted against measured Tc."""
    figure, axis = plt.subplots(figsize=(5.2, 5.0), layout="constrained")
    predicted = rows.predicted[:, KEYS.index("tc_kelvin")]
    for name in sorted(set(rows.family)):
        one = rows.family == name
        axis.scatter(
            np.maximum(rows.measured[one], 0.03),
            np.maximum(predicted[one], 0.03),
            s=7,
            alpha=0.5,
            linewidths=0,
            label=f"{name.replace('_', ' ')} ({one.sum()})",
        )
    axis.plot([0.03, 50], [0.03, 50], color="0.5", linewidth=0.8)
    axis.set(
        xscale="log", yscale="log", xlabel="measured Tc (K)", ylabel="predicted Tc (K), μ* 0.10"
    )
    axis.legend(loc="lower right", fontsize=8)
    figure.savefig(path, dpi=130)
    plt.close(figure)


if __name__ == "__main__":
    main()
