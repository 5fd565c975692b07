"""How well Tc can be told from composition at most: scatter of reports, and learning curves.

    python benchmarks/composition_floor.py [--trees 12] [--rows 3000]

One report of a composition against the median of the others: what a model that knew every
composition would be off by. Then extremely randomised trees, trained on a share of the chemical
systems and judged on systems that they have not seen; and at random, with relatives of what is
judged among the training.
"""

from __future__ import annotations

import argparse

import numpy as np
from composition_forests import RANDOMISED
from composition_models import line, some
from measured_superconductors import Measured, read_compounds, read_measured
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.metrics import roc_auc_score

from betenet.datasets.rows import data_folder
from betenet.known.superconductor_features import superconductor_features

N_FOLDS = 5
SHARES = (0.125, 0.25, 0.5, 1.0)


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trees", type=int, default=12)
    parser.add_argument("--rows", type=int, help="take so many compositions alone, for a trial")
    chosen = parser.parse_args()
    folder = data_folder() / "supercon"
    measured = some(read_measured(folder), chosen.rows)
    reports = {key: one.reports for key, one in read_compounds(folder).items()}
    single_reports(measured, reports)
    curves(measured, chosen.trees)


def single_reports(measured: Measured, reports: dict[str, list]) -> None:
    """How far one report is from the median of the others of its composition."""
    values = [[one.tc for one in reports[key] if one.source == "nims"] for key in measured.key]
    found = np.array([apart(one) for one in values])
    total = 0.0
    for name, rows in measured.kinds().items():
        there = rows & np.isfinite(found)
        if name != "all":
            total += float(found[there].mean() * rows.mean())
            print(f"one report, {name}: {there.sum()} compositions, mean", end=" ")
            print(f"{found[there].mean():.2f} K, median {np.median(found[there]):.2f} K")
    print(f"with the families' shares of all compositions: {total:.2f} K")


def apart(values: list[float]) -> float:
    """Mean distance of each value from the median of the others; NaN for one value [K]."""
    if len(values) < 2:
        return np.nan
    each = np.array(values)
    others = [np.median(np.delete(each, place)) for place in range(len(each))]
    return float(np.abs(each - others).mean())


def curves(measured: Measured, count: int) -> None:
    """Trees on a share of the systems, and of the compositions at random."""
    features, random = superconductor_features(measured.amounts), np.random.default_rng(0)
    names, places = np.unique(measured.system, return_inverse=True)
    drawn = random.random(len(names))[places]
    ways = {
        "systems apart": (measured.folds(N_FOLDS), drawn),
        "at random": (random.integers(0, N_FOLDS, len(drawn)), random.random(len(drawn))),
    }
    for way, (folds, rank) in ways.items():
        for share in SHARES:
            found = np.empty(len(drawn))
            for fold in range(N_FOLDS):
                test = folds == fold
                train = ~test & (rank < share)
                trees = ExtraTreesRegressor(count, **RANDOMISED)
                found[test] = trees.fit(features[train], measured.tc[train]).predict(features[test])
            auc = roc_auc_score(measured.tc > 10.0, found)
            print(f"{way}, {share:.3f} of the training: AUC {auc:.3f}", flush=True)
            for name, rows in measured.kinds().items():
                line(name, measured.tc[rows], found[rows])


if __name__ == "__main__":
    main()
