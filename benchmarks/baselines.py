"""What any network must beat: the mean, a linear model of densities of states, and trees.

    python benchmarks/baselines.py [--database FOLDER] [--trees 400]

Grouped 5-fold cross-validation by reduced formula; every block compares its models on the same
rows. The features of the linear model are ω_log, ω_2 and ω_max of the phonon DOS taken as if it
were α²F, and N(E_F) for each atom. BETE-NET's base model is of this kind (electronic DOS and
coarse phonon DOS, linear). 1/ω_2², on which λ should depend, is left out: a few soft crystals
decide its weight, and with it R² falls from 0.04 to -0.94 for λ of JARVIS's rows and from 0.75 to
0.40 for ω_log of BETE-NET's.

What there is: JARVIS has a total phonon DOS for 486 materials and no N(E_F); Alexandria has
N(E_F) and no phonon DOS; BETE-NET's rows here have neither. So its rows borrow the DOS of the
JARVIS entry of the same formula and number of atoms, and JARVIS's rows Alexandria's N(E_F).
With --database, the published database (`betenet data`) gives both, and is judged on its own
published split where it has one.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from composition_trees import COLUMNS, COUPLING_MAX, N_FOLDS, new_trees
from sklearn.dummy import DummyRegressor

from betenet.datasets.folds import fold_of
from betenet.datasets.published_rows import published_rows
from betenet.datasets.rows import Row, data_folder
from betenet.datasets.training_rows import read_rows
from betenet.evaluation.metrics import mae, r2, rmse
from betenet.network.elements import composition_statistics
from betenet.paper.base_model import LinearModel, base_features, phonon_moments
from betenet.units import MEV_TO_KELVIN, convert_frequency

JARVIS_GRID = np.linspace(-290.0, 1010.0, 66)  # cm⁻¹, middles of bins (the file has their edges)
TARGET_NAMES = ("λ", "ω_log (K)", "ω_2 (K)")
SHAPES = ("omega_log", "omega_2", "omega_max")

Key = tuple[str, int]


Regressor = Callable[[np.ndarray, np.ndarray], Any]
"""From features (row, feature) and a target (row,) to a model that predicts it."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """Rows on which models are compared; targets are λ, ω_log and ω_2 [K], NaN where unknown."""

    name: str
    folds: np.ndarray
    targets: np.ndarray
    composition: np.ndarray
    densities: dict[str, np.ndarray]


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", type=Path, help="folder of the published database")
    parser.add_argument("--trees", type=int, default=400, help="in a forest")
    chosen = parser.parse_args()
    folder: Path | None = chosen.database
    print(f"{'rows and model':<62}" + "".join(f"{name:>22}" for name in TARGET_NAMES))
    print(f"{'':<62}" + 3 * f"{'R²/MAE/RMSE':>22}")
    for block in [*shared_data(), *([published_database(folder)] if folder else [])]:
        print(f"{block.name}, {len(block.targets)} rows")
        show(block, "mean of the training folds", DummyRegressor().fit, block.composition)
        for name, features in block.densities.items():
            show(block, f"linear, {name}", linear, features)
        show(block, "trees, composition", new_trees(chosen.trees).fit, block.composition)


def linear(features: np.ndarray, target: np.ndarray) -> LinearModel:
    """Ordinary least squares."""
    return LinearModel.fit(features, target[:, None])


def show(block: Block, name: str, fit: Regressor, features: np.ndarray) -> None:
    """One line: scores of the rows that were tested."""
    cells = []
    for target in block.targets.T:
        known = np.isfinite(target)
        if not known.any():
            cells.append("–")
            continue
        predicted = cross_validated(fit, features[known], target[known], block.folds[known])
        tested = np.isfinite(predicted)
        pair = (target[known][tested], predicted[tested])
        cells.append(f"{r2(*pair):.2f}/{mae(*pair):.3g}/{rmse(*pair):.3g}")
    print(f"  {name:<60}" + "".join(f"{cell:>22}" for cell in cells))


def cross_validated(
    fit: Regressor, features: np.ndarray, target: np.ndarray, folds: np.ndarray
) -> np.ndarray:
    """Prediction of each row by a model of the other folds; NaN in fold -1, which only trains."""
    predicted = np.full(target.size, np.nan)
    for fold in set(folds.tolist()) - {-1}:
        test = folds == fold
        model = fit(features[~test], target[~test])
        predicted[test] = np.ravel(model.predict(features[test]))
    return predicted


def shared_data() -> list[Block]:
    """Rows of the data folder, by what is known of their densities of states."""
    data = data_folder()
    rows = {source: read_rows(data, [source]) for source in ("bete_net", "alexandria", "jarvis")}
    phonons = jarvis_phonons(data)
    by_name = {row.id.removeprefix("jarvis-"): row for row in rows["jarvis"]}
    dos = {
        row.id: features
        for name, features in phonons.items()
        if (row := by_name.get(name)) is not None and row.targets[0] <= COUPLING_MAX
    }
    by_key = {key(row): dos[row.id] for row in reversed(rows["jarvis"]) if row.id in dos}
    fermi = {key(row): row.fermi_dos for row in reversed(rows["alexandria"])}
    jarvis = [row for row in rows["jarvis"] if row.id in dos]
    both = [row for row in jarvis if np.isfinite(fermi.get(key(row), np.nan))]
    borrowed = [row for row in rows["bete_net"] if key(row) in by_key]
    known = [row for row in rows["alexandria"] if np.isfinite(row.fermi_dos)]
    known = [row for row in known if row.targets[0] <= COUPLING_MAX]
    fermi_both = np.array([fermi[key(row)] for row in both])
    shapes_both = np.array([dos[row.id] for row in both])
    return [
        block("BETE-NET", rows["bete_net"], {}),
        block(
            "BETE-NET with the phonon DOS of JARVIS",
            borrowed,
            {"phonon DOS": np.array([by_key[key(row)] for row in borrowed])},
        ),
        block(
            "JARVIS with its phonon DOS",
            jarvis,
            {"phonon DOS": np.array([dos[row.id] for row in jarvis])},
        ),
        block(
            "JARVIS with its phonon DOS and the N(E_F) of Alexandria",
            both,
            {
                "phonon DOS": shapes_both,
                "N(E_F)": fermi_both[:, None],
                "phonon DOS and N(E_F)": np.column_stack([shapes_both, fermi_both]),
            },
        ),
        block(
            "Alexandria with its N(E_F)",
            known,
            {"N(E_F)": np.array([[row.fermi_dos] for row in known])},
        ),
    ]


def block(name: str, rows: list[Row], densities: dict[str, np.ndarray]) -> Block:
    """Targets, folds and composition of the rows."""
    targets = np.stack([row.targets for row in rows])[:, COLUMNS]
    targets[:, 1:] *= MEV_TO_KELVIN
    return Block(
        name=name,
        folds=np.array([fold_of(row.formula, N_FOLDS) for row in rows]),
        targets=targets,
        composition=np.stack([composition_statistics(row.atoms.numbers) for row in rows]),
        densities=densities,
    )


def key(row: Row) -> Key:
    """Rows of two sources are taken for the same material if this is equal."""
    return row.formula, len(row.atoms)


def jarvis_phonons(data: Path) -> dict[str, np.ndarray]:
    """Features of the phonon DOS by JARVIS's id."""
    grid = np.asarray(convert_frequency(JARVIS_GRID, "cm-1", "meV"))
    found: dict[str, np.ndarray] = {}
    with gzip.open(data / "jarvis" / "superconductors.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            dos = entry.get("phonon_dos")
            if dos and (features := phonon_features(grid, np.array(dos))) is not None:
                found[entry["id"]] = features
    return found


def phonon_features(frequencies: np.ndarray, total: np.ndarray) -> np.ndarray | None:
    """Moments of g(ω) as if it were α²F [meV]; None if too much of it is imaginary."""
    shape = phonon_moments(frequencies, total)
    return None if shape is None else np.array([shape[name] for name in SHAPES])


def published_database(folder: Path) -> Block:
    """The published database: coarse phonon DOS and electronic DOS at the Fermi level."""
    shapes, fermi, rows = [], [], []
    found = published_rows(folder)
    for row, raw in zip(found.rows, found.database, strict=True):
        coarse, states = raw.phonon_dos.get("coarse"), base_features(raw)[0]
        if coarse is None or np.isnan(states):
            continue
        features = phonon_features(coarse.frequencies, coarse.total)
        if features is not None:
            shapes.append(features)
            fermi.append(states)
            rows.append(row)
    names = ("coupling", "omega_log_kelvin", "omega_2_kelvin")
    judged = {"train": -1, "test": 0}
    split = all(row.get("split") in judged for row in rows)
    folds = [judged[row["split"]] if split else fold_of(row["formula"], N_FOLDS) for row in rows]
    return Block(
        name="Published database" + (", its own split" if split else ""),
        folds=np.array(folds),
        targets=np.array([[row[name] for name in names] for row in rows]),
        composition=np.stack([composition_statistics(numbers(row)) for row in rows]),
        densities={
            "phonon DOS": np.array(shapes),
            "phonon DOS and N(E_F)": np.column_stack([shapes, fermi]),
        },
    )


def numbers(row: dict) -> np.ndarray:
    """Atomic numbers of a row."""
    from ase.data import atomic_numbers

    return np.array([atomic_numbers[symbol] for symbol in row["structure"]["species"]])


if __name__ == "__main__":
    main()
