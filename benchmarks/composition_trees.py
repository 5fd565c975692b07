"""Peer for accuracy: extremely randomised trees on composition, same rows, folds and sources.

    python benchmarks/composition_trees.py

Grouped 5-fold cross-validation over the BETE-NET training rows. Targets that only BETE-NET has
(ω_2) are learnt from its rows alone; λ and ω_log from all three sources, with the source as a
feature, and once more from BETE-NET alone.
"""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import ExtraTreesRegressor

from betenet.ensemble.dataset import TARGETS, data_folder, read_rows
from betenet.ensemble.folds import fold_of
from betenet.evaluation.metrics import table
from betenet.network.elements import composition_statistics
from betenet.units import MEV_TO_KELVIN

SOURCES = ("bete_net", "alexandria", "jarvis")
BETE_NET_WEIGHT = 3.0
COUPLING_MAX = 4.0
N_FOLDS = 5
COLUMNS = [TARGETS.index(name) for name in ("coupling", "omega_log", "omega_2")]


def new_trees() -> ExtraTreesRegressor:
    """Trees that have learnt nothing yet."""
    return ExtraTreesRegressor(400, max_features=0.33, n_jobs=-1, random_state=0)


def main() -> None:
    """Print the table of results for each choice of sources."""
    rows = read_rows(data_folder(), SOURCES)
    source = np.array([SOURCES.index(row.source) for row in rows])
    folds = np.array([fold_of(row.formula, N_FOLDS) for row in rows])
    targets = np.stack([row.targets for row in rows])[:, COLUMNS]
    targets[:, 1:] *= MEV_TO_KELVIN
    features = np.stack([composition_statistics(row.atoms.numbers) for row in rows])
    features = np.column_stack([features, source])
    usable = targets[:, 0] <= COUPLING_MAX
    judged = source == 0
    for name, allowed in (("all sources", usable), ("BETE-NET alone", usable & judged)):
        predicted = np.full_like(targets, np.nan)
        for fold in range(N_FOLDS):
            test = judged & (folds == fold)
            for column in range(targets.shape[1]):
                train = allowed & (folds != fold) & np.isfinite(targets[:, column])
                trees = new_trees()
                weights = np.where(judged[train], BETE_NET_WEIGHT, 1.0)
                trees.fit(features[train], targets[train, column], sample_weight=weights)
                predicted[test, column] = trees.predict(features[test])
        keys = ("coupling", "omega_log", "omega_2")
        scores = table(
            {key: targets[judged, k] for k, key in enumerate(keys)},
            {key: predicted[judged, k] for k, key in enumerate(keys)},
        )
        print(f"trees, {name}, {judged.sum()} rows, {N_FOLDS} folds by formula")
        for quantity, measures in scores.items():
            numbers = "  ".join(f"{key} {score.value:.3f}" for key, score in measures.items())
            print(f"  {quantity:<12}{numbers}")


if __name__ == "__main__":
    main()
