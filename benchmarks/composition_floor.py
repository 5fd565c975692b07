"""How well Tc can be told from composition at most: scatter of reports, and learning curves.

    python benchmarks/composition_floor.py [--trees 12] [--rows 3000]

One report of a composition against the median of the others: what a model that knew every
composition would be off by. Then extremely randomised trees, trained on a share of the chemical
systems and judged on systems that they have not seen; and at random, with relatives of what is
judged among the training.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping

import numpy as np
from composition_forests import RANDOMISED
from composition_models import some
from composition_scores import line
from measured_superconductors import Compound, Measured, read_compounds, read_measured
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.metrics import roc_auc_score

from betenet.datasets.rows import data_folder
from betenet.known.composition_model import THRESHOLD
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
    single_reports(measured, read_compounds(folder))
    curves(measured, chosen.trees)


def single_reports(measured: Measured, reports: Mapping[str, Compound]) -> None:
    """How far one report is from the median of the others of its composition.

    The families weigh as much as they do among all compositions, and so does each composition of a
    family that has several reports.
    """
    values = [
        np.array([one.tc for one in reports[key].reports if one.source == "nims"])
        for key in measured.key
    ]
    several = np.array([len(one) > 1 for one in values])
    row = np.concatenate([np.full(len(values[k]), k) for k in np.flatnonzero(several)])
    one = np.concatenate([values[k] for k in np.flatnonzero(several)])
    known = np.concatenate([others(values[k]) for k in np.flatnonzero(several)])
    error = np.abs(one - known)
    weight = 1.0 / np.bincount(row, minlength=len(values))[row]
    for name, rows in measured.kinds().items():
        if name != "all":
            weight[rows[row]] *= rows.sum() / max((rows & several).sum(), 1)
    for name, rows in measured.kinds().items():
        part = rows[row]
        if len(set(one[part] > THRESHOLD)) < 2:
            continue
        mean = np.average(error[part], weights=weight[part])
        middle = np.average(one[part], weights=weight[part])
        lost = np.average((one - known)[part] ** 2, weights=weight[part])
        r2 = 1.0 - lost / np.average((one[part] - middle) ** 2, weights=weight[part])
        auc = roc_auc_score(one[part] > THRESHOLD, known[part], sample_weight=weight[part])
        print(
            f"one report, {name}: {(rows & several).sum()} compositions, mean {mean:.2f} K", end=""
        )
        print(f", median {np.median(error[part]):.2f} K, R² {r2:.3f}, AUC {auc:.4f}")


def others(values: np.ndarray) -> np.ndarray:
    """Median of the other reports, for each [K]."""
    return np.array([np.median(np.delete(values, place)) for place in range(len(values))])


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
            auc = roc_auc_score(measured.tc > THRESHOLD, found)
            print(f"{way}, {share:.3f} of the training: AUC {auc:.3f}", flush=True)
            for name, rows in measured.kinds().items():
                line(name, measured.tc[rows], found[rows])


if __name__ == "__main__":
    main()
