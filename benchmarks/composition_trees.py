"""Peer for accuracy: extremely randomised trees on composition, same rows, folds and sources.

    python benchmarks/composition_trees.py [--across] [--trees 400]

Grouped 5-fold cross-validation over the BETE-NET training rows. Targets that only BETE-NET has
(ω_2) are learnt from its rows alone; λ and ω_log from all three sources, with the source as a
feature, and once more from BETE-NET alone. With --across instead: trained on all rows of one of
BETE-NET and Alexandria, judged on those of the other whose formula the first does not have, beside
the mean of the training rows; and, as the floor of all such errors, how far the two calculations
are apart where both have the crystal (formula, number of atoms, space group).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import spglib
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import ExtraTreesRegressor

from betenet.datasets.folds import fold_of
from betenet.datasets.rows import TARGETS, Row, data_folder
from betenet.datasets.training_rows import read_rows
from betenet.evaluation.metrics import Score, table
from betenet.network.elements import composition_statistics
from betenet.structures import standardise
from betenet.units import MEV_TO_KELVIN

SOURCES = ("bete_net", "alexandria", "jarvis")
BETE_NET_WEIGHT = 3.0
COUPLING_MAX = 4.0
N_FOLDS = 5
SYMMETRY_TOLERANCE = 0.05  # Å; some CIFs carry five digits only
KEYS = ("coupling", "omega_log", "omega_2")
COLUMNS = [TARGETS.index(name) for name in KEYS]
NewTrees = Callable[[], ExtraTreesRegressor]


def new_trees(count: int = 400) -> ExtraTreesRegressor:
    """Trees that have learnt nothing yet."""
    return ExtraTreesRegressor(count, max_features=0.33, n_jobs=-1, random_state=0)


def main() -> None:
    """Print the tables of one of the two comparisons."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--across", action="store_true", help="train on one set, judge another")
    parser.add_argument("--trees", type=int, default=400, help="in a forest")
    chosen = parser.parse_args()
    new = partial(new_trees, chosen.trees)
    if chosen.across:
        across("bete_net", "alexandria", new)
        across("alexandria", "bete_net", new)
        agreement("alexandria", "bete_net")
    else:
        within(new)


def within(new_trees: NewTrees) -> None:
    """Cross-validation on BETE-NET's rows for each choice of sources."""
    rows = read_rows(data_folder(), SOURCES)
    source = np.array([SOURCES.index(row.source) for row in rows])
    folds = np.array([fold_of(row.formula, N_FOLDS) for row in rows])
    targets, features = targets_of(rows), np.column_stack([composition_of(rows), source])
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
        scores = table(
            {key: targets[judged, k] for k, key in enumerate(KEYS)},
            {key: predicted[judged, k] for k, key in enumerate(KEYS)},
        )
        print(f"trees, {name}, {judged.sum()} rows, {N_FOLDS} folds by formula")
        show(scores)


def across(trained: str, judged: str, new_trees: NewTrees) -> None:
    """Trees and mean of one source on the formulas of the other that it does not have."""
    rows = read_rows(data_folder(), [trained])
    targets, features = targets_of(rows), composition_of(rows)
    formulas = {row.formula for row in rows}
    unseen = [row for row in read_rows(data_folder(), [judged]) if row.formula not in formulas]
    reference, asked = targets_of(unseen), composition_of(unseen)
    for name, new in (("trees", new_trees), ("mean", DummyRegressor)):
        predicted: dict[str, np.ndarray] = {}
        for column, key in enumerate(KEYS):
            train = (targets[:, 0] <= COUPLING_MAX) & np.isfinite(targets[:, column])
            if train.any():
                model = new().fit(features[train], targets[train, column])
                predicted[key] = model.predict(asked)
        known = {key: reference[:, k] for k, key in enumerate(KEYS)}
        print(f"{name} of {trained} on {judged}, {len(unseen)} rows of other formulas")
        show(table(known, predicted, n_resamples=1000))


def agreement(predicting: str, judged: str) -> None:
    """One source's calculations taken as predictions of the other's."""
    twins = {crystal_of(row): row for row in read_rows(data_folder(), [predicting])}
    rows = read_rows(data_folder(), [judged])
    pairs = [(twins[key], row) for row in rows if (key := crystal_of(row)) in twins]
    ours, theirs = (targets_of([pair[side] for pair in pairs]) for side in (0, 1))
    volumes = [one.atoms.get_volume() / other.atoms.get_volume() for one, other in pairs]
    print(f"{predicting} as {judged}, {len(pairs)} crystals that both have")
    sides = ({key: side[:, k] for k, key in enumerate(KEYS[:2])} for side in (theirs, ours))
    show(table(*sides, n_resamples=1000))
    print(f"  volume      median {np.median(volumes):.3f} of that of {judged}")


def crystal_of(row: Row) -> tuple[str, int, str | None]:
    """Rows of two sources are taken for the same crystal if this is equal."""
    atoms = standardise(row.atoms)
    cell = (atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers)
    return row.formula, len(atoms), spglib.get_spacegroup(cell, symprec=SYMMETRY_TOLERANCE)


def targets_of(rows: list[Row]) -> np.ndarray:
    """λ, ω_log and ω_2 in K; NaN where unknown."""
    targets = np.stack([row.targets for row in rows])[:, COLUMNS]
    targets[:, 1:] *= MEV_TO_KELVIN
    return targets


def composition_of(rows: list[Row]) -> np.ndarray:
    """Statistics of each row's composition."""
    return np.stack([composition_statistics(row.atoms.numbers) for row in rows])


def show(scores: Mapping[str, Mapping[str, Score]]) -> None:
    """One line for each quantity."""
    for quantity, measures in scores.items():
        numbers = (f"{key} {text(score)}" for key, score in measures.items())
        print(f"  {quantity:<12}{'  '.join(numbers)}")


def text(score: Score) -> str:
    """A score, with its interval where there is one."""
    ends = "" if score.low is None else f" [{score.low:.3f}, {score.high:.3f}]"
    return f"{score.value:.3f}{ends}"


if __name__ == "__main__":
    main()
