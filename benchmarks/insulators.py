"""Train and measure the judge of insulators that ships, `src/betenet/known/insulators.safetensors`.

    python benchmarks/insulators.py [--write] [--cache FOLDER]

A few minutes on one core; with a cache it goes on after a kill. Compositions: `metals/` of the
training data. Crystals: the metals of BETE-NET's training set, Alexandria and JARVIS, and those of
`insulator_crystals.py` and `insulator_families.py`; all but Alexandria's once more as supercells
with noise. Left out of training: the compositions and insulating crystals of
`tests/reference/insulators.csv`, on which it is judged, and held-out formulas. Printed are the
false alarms on each set of metals, cross-validated by reduced formula, and what of the insulators
is missed.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers
from insulator_crystals import made_crystals
from insulator_families import family_crystals
from safetensors.numpy import load_file, save_file
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from common_insulators import common_insulators

import betenet.known
from betenet.datasets.folds import fold_of, reduced_formula
from betenet.datasets.held_out_formulas import held_out_formulas
from betenet.datasets.rows import data_folder
from betenet.datasets.training_rows import read_rows
from betenet.known.composition_features import composition_features
from betenet.known.forest import Forest
from betenet.known.insulators import LIKELY, MODEL, POSSIBLE, crystal_features
from betenet.known.structure_features import structure_features
from betenet.structures import standardise

N_FOLDS = 5
SOURCES = ("bete_net", "alexandria", "jarvis")
MEASURED_WEIGHT = 2.0
LARGE_SET_WEIGHT = 0.5  # Alexandria has ten times the rows of the others, and few doubtful ones
NOISY_WEIGHT = 0.25  # of a copy in a supercell with noise, relative to the crystal
NOISE = 0.02  # standard deviation of each coordinate [Å]
MOST_REPEATED = 6  # atoms in a cell that is repeated; in larger ones noise breaks enough
INSULATORS_SHARE = 1.0  # weight of all insulating crystals, relative to that of all metals


@dataclass(frozen=True, slots=True, eq=False)
class Compositions:
    """Labelled compositions; a formula may have several entries."""

    formulas: list[str]
    features: np.ndarray
    row: np.ndarray
    metal: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Crystals:
    """Crystals with their label (1 for a metal) and the set that they are of."""

    formulas: list[str]
    source: np.ndarray
    composition: np.ndarray
    structure: np.ndarray
    metal: np.ndarray
    weight: np.ndarray
    learnt: np.ndarray

    @property
    def fold(self) -> np.ndarray:
        """By reduced formula."""
        return folds(self.formulas)


def main() -> None:
    """Print the measured numbers, and write the model if asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true", help="write the model")
    parser.add_argument("--cache", type=Path, help="folder that keeps the forests on compositions")
    arguments = parser.parse_args()
    judged = common_insulators()
    held = set(held_out_formulas(data_folder()))
    skip = held | {formula_of(one.atoms) for one in judged}
    labels = read_labels(data_folder() / "metals")
    firsts = composition_forests(labels, skip, arguments.cache)
    crystals = gather_crystals(labels, held, skip)
    logits, scores = cross_validated(firsts, crystals)
    report(crystals, logits, scores)
    # it learns from answers of forests that have not seen the formula: others are too certain
    second = crystal_trees(crystals, logits, crystals.learnt)
    forests = firsts[-1], exported(second)
    check_export(forests[1], second, crystal_rows(crystals, logits)[::97])
    report_insulators(forests)
    if arguments.write:
        path = Path(betenet.known.__file__).parent / MODEL
        save_file(forests[0].to_tensors("composition") | forests[1].to_tensors("crystal"), path)
        print(f"wrote {path}, {path.stat().st_size / 1024:.0f} KiB")


def read_labels(folder: Path) -> dict[str, list[tuple[int, float, str]]]:
    """Entries by reduced formula: metal or not, weight, formula as written."""
    found: dict[str, list[tuple[int, float, str]]] = defaultdict(list)
    for name, weight in (("mp", 1.0), ("expt", MEASURED_WEIGHT)):
        with gzip.open(folder / f"{name}_is_metal.csv.gz", "rt", encoding="utf-8") as lines:
            entries: dict[str, list[tuple[int, str]]] = defaultdict(list)
            for row in csv.DictReader(lines):
                formula = row["formula"].replace("[", "(").replace("]", ")")
                key = normalised(amounts_of(formula))
                entries[key].append((int(float(row["target"])), formula))
        for key, of_it in entries.items():
            found[key].extend((metal, weight / len(of_it), f) for metal, f in of_it)
    return found


def amounts_of(formula: str) -> dict[str, float]:
    """Amount of each element; `ase.formula` takes whole numbers only."""
    stack: list[dict[str, float]] = [{}]
    token = re.compile(r"([A-Z][a-z]?)([\d.]*)|(\()|(\))([\d.]*)")
    for symbol, number, opens, closes, times in token.findall(formula):
        if symbol:
            stack[-1][symbol] = stack[-1].get(symbol, 0.0) + float(number or 1)
        elif opens:
            stack.append({})
        elif closes:
            for element, amount in stack.pop().items():
                added = amount * float(times or 1)
                stack[-1][element] = stack[-1].get(element, 0.0) + added
    return stack[0]


def normalised(amounts: Mapping[str, float]) -> str:
    """Reduced formula; of amounts that are not whole, four digits of the fractions."""
    numbers = np.array(list(amounts.values()))
    if np.allclose(numbers, np.round(numbers)):
        return reduced_formula([s for s, n in amounts.items() for _ in range(round(n))])
    fractions = np.round(numbers / numbers.sum(), 4)
    return "".join(f"{s}{n:g}" for s, n in sorted(zip(amounts, fractions, strict=True)))


def formula_of(atoms: Atoms) -> str:
    """Reduced formula."""
    return reduced_formula(atoms.get_chemical_symbols())


def gather_compositions(
    labels: Mapping[str, Sequence[tuple[int, float, str]]], skip: set[str]
) -> Compositions:
    """Features of every labelled composition."""
    formulas: list[str] = []
    features: list[np.ndarray] = []
    entries: list[tuple[int, int, float]] = []
    for key, of_it in sorted(labels.items()):
        amounts = amounts_of(of_it[0][2])
        if key in skip or any(s not in atomic_numbers for s in amounts):
            continue
        numbers = np.array([atomic_numbers[s] for s in amounts])
        entries += [(len(formulas), metal, weight) for metal, weight, _ in of_it]
        formulas.append(key)
        features.append(composition_features(numbers, np.array(list(amounts.values()))))
    row, metal, weight = map(np.array, zip(*entries, strict=True))
    print(f"{len(row)} labelled compositions, {len(formulas)} formulas")
    return Compositions(formulas, np.array(features, dtype=np.float32), row, metal, weight)


def gather_crystals(
    labels: Mapping[str, Sequence[tuple[int, float, str]]], held: set[str], skip: set[str]
) -> Crystals:
    """Metals that superconductivity was computed for, and made crystals."""
    shares: dict[str, float] = {}
    for key, of_it in labels.items():
        measured = [metal for metal, weight, _ in of_it if weight > 1.0]
        shares[key] = float(np.mean(measured or [metal for metal, _, _ in of_it]))
    rows = list(metals())
    source = [source for source, _ in rows]
    atoms = [crystal for _, crystal in rows]
    weight = [LARGE_SET_WEIGHT if s == "alexandria" else 2.0 for s in source]
    made = [*made_crystals(shares, skip), *family_crystals(skip)]
    insulating = np.array([one.weight * (not one.metal) for one in made])
    scale = INSULATORS_SHARE * (sum(weight) + sum(one.weight for one in made if one.metal))
    scale /= insulating.sum()
    atoms += [one.atoms for one in made]
    weight += [one.weight * (1.0 if one.metal else scale) for one in made]
    source += ["made"] * len(made)
    metal = [1] * len(rows) + [one.metal for one in made]
    rng, twice = np.random.default_rng(7), [s != "alexandria" for s in source]
    atoms += [noisy(one, rng) for one, again in zip(atoms, twice, strict=True) if again]
    weight += [NOISY_WEIGHT * one for one, again in zip(weight, twice, strict=True) if again]
    metal += [one for one, again in zip(metal, twice, strict=True) if again]
    source += ["noisy"] * sum(twice)
    formulas = [formula_of(one) for one in atoms]
    print(f"{len(rows)} metals; {len(made)} made crystals, {(insulating > 0).sum()} insulators")
    return Crystals(
        formulas=formulas,
        source=np.array(source),
        composition=np.array([composition_of(one) for one in atoms], dtype=np.float32),
        structure=np.array([structure_features(one) for one in atoms], dtype=np.float32),
        metal=np.array(metal),
        weight=np.array(weight),
        learnt=np.array([formula not in held for formula in formulas]),
    )


def noisy(atoms: Atoms, rng: np.random.Generator) -> Atoms:
    """Supercell of a crystal whose atoms are a little displaced: its label is the same."""
    repeat = (2, 2, 1) if len(atoms) <= MOST_REPEATED else (1, 1, 1)
    cell = atoms.repeat(repeat)
    cell.positions += NOISE * rng.standard_normal((len(cell), 3))
    return cell


def metals() -> Iterator[tuple[str, Atoms]]:
    """Crystals of the training sets of α²F, with their source."""
    for row in read_rows(data_folder(), SOURCES):
        yield row.source, standardise(row.atoms, symprec=0.01)


def composition_of(atoms: Atoms) -> np.ndarray:
    """Features of a cell's composition."""
    numbers, counts = np.unique(atoms.numbers, return_counts=True)
    return composition_features(numbers, counts.astype(float))


def folds(formulas: Sequence[str]) -> np.ndarray:
    """Fold of each formula."""
    return np.array([fold_of(formula, N_FOLDS) for formula in formulas])


def composition_trees(data: Compositions, rows: np.ndarray) -> HistGradientBoostingClassifier:
    """Trees on compositions."""
    trees = HistGradientBoostingClassifier(
        max_iter=160,
        learning_rate=0.15,
        max_leaf_nodes=31,
        l2_regularization=1.0,
        min_samples_leaf=20,
        max_features=0.3,
        random_state=0,
    )
    return trees.fit(data.features[data.row[rows]], data.metal[rows], data.weight[rows])


def crystal_trees(
    data: Crystals, logits: np.ndarray, rows: np.ndarray
) -> list[HistGradientBoostingClassifier]:
    """Two forests on crystals; more metal by composition never means less metal."""
    features = crystal_rows(data, logits)
    monotonic = [1] + [0] * (features.shape[1] - 1)
    return [
        HistGradientBoostingClassifier(
            max_iter=600,
            learning_rate=0.05,
            max_leaf_nodes=12,
            l2_regularization=5.0,
            min_samples_leaf=8,
            max_features=0.3,
            monotonic_cst=monotonic,
            random_state=seed,
        ).fit(features[rows], data.metal[rows], data.weight[rows])
        for seed in range(2)
    ]


def crystal_rows(data: Crystals, logits: np.ndarray) -> np.ndarray:
    """Features of the second forest."""
    rows = zip(logits, data.composition, data.structure, strict=True)
    return np.array([crystal_features(*row) for row in rows], dtype=np.float32)


def composition_forests(
    labels: Mapping[str, Sequence[tuple[int, float, str]]], skip: set[str], cache: Path | None
) -> list[Forest]:
    """Forests on compositions: one for each fold that it has not seen, and one of all."""
    paths = [None if cache is None else cache / f"{k}.safetensors" for k in range(N_FOLDS + 1)]
    data: Compositions | None = None
    found: list[Forest] = []
    for k, path in enumerate(paths):
        if path is None or not path.exists():
            data = data or gather_compositions(labels, skip)
            rows = folds(data.formulas)[data.row] != k  # none is in the last one
            trees = composition_trees(data, rows)
            forest = exported([trees])
            check_export(forest, [trees], data.features[::997])
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                save_file(forest.to_tensors("composition"), path)
            found.append(forest)
        else:
            found.append(Forest.from_tensors(load_file(path), "composition"))
    return found


def cross_validated(firsts: Sequence[Forest], crystals: Crystals) -> tuple[np.ndarray, np.ndarray]:
    """What forests say that have not seen a crystal's formula: by composition, and by all."""
    fold, scores = crystals.fold, np.empty(len(crystals.metal))
    asked = zip(fold, crystals.composition, strict=True)
    logits = np.array([firsts[k].score(features) for k, features in asked])
    features = crystal_rows(crystals, logits)
    for k in range(N_FOLDS):
        forests = crystal_trees(crystals, logits, crystals.learnt & (fold != k))
        judged = [forest.decision_function(features[fold == k]) for forest in forests]
        scores[fold == k] = np.mean(judged, axis=0)
    return logits, scores


def report(crystals: Crystals, logits: np.ndarray, scores: np.ndarray) -> None:
    """False alarms on metals, and what is missed of made insulators."""
    print(f"AUC {roc_auc_score(crystals.metal, scores):.4f}", end=", ")
    print(f"by composition alone {roc_auc_score(crystals.metal, logits):.4f}")
    for source in SOURCES:
        of_it = scores[crystals.source == source]
        third = np.quantile(of_it, 0.03)
        print(
            f"{source}: {len(of_it)} metals, {(of_it < LIKELY).mean():.2%} likely insulators, "
            f"{((of_it >= LIKELY) & (of_it < POSSIBLE)).mean():.2%} possibly; 3 % at {third:.2f}"
        )
    of_it = scores[crystals.metal == 0]
    print(f"made insulators: {(of_it >= POSSIBLE).mean():.2%} missed by both levels", end=", ")
    print(f"{(of_it >= LIKELY).mean():.2%} not likely")


def report_insulators(forests: tuple[Forest, Forest]) -> None:
    """What is missed of the common insulators."""
    levels: dict[str, list[str]] = {"likely": [], "possibly": [], "missed": []}
    for one in common_insulators():
        composition = composition_of(one.atoms)
        logit = forests[0].score(composition)
        features = crystal_features(logit, composition, structure_features(one.atoms))
        score = forests[1].score(features)
        level = "likely" if score < LIKELY else "possibly" if score < POSSIBLE else "missed"
        levels[level].append(f"{one.name} {score:.1f}")
    for level, names in levels.items():
        print(f"{level}: {len(names)}" + ("" if level == "likely" else f": {', '.join(names)}"))


def check_export(
    forest: Forest, trees: Sequence[HistGradientBoostingClassifier], rows: np.ndarray
) -> None:
    """Raise if the arrays do not say what the trees say."""
    wanted = np.mean([one.decision_function(rows) for one in trees], axis=0)
    found = [forest.score(row) for row in rows]
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


def exported(forests: Sequence[HistGradientBoostingClassifier]) -> Forest:
    """The mean of forests as arrays."""
    parts: dict[str, list[np.ndarray]] = defaultdict(list)
    roots: list[int] = []
    start, offset = 0, 0.0
    for forest in forests:
        offset += float(forest._baseline_prediction.item()) / len(forests)  # noqa: SLF001
        for (tree,) in forest._predictors:  # noqa: SLF001
            nodes = tree.nodes
            leaf = nodes["is_leaf"].astype(bool)
            roots.append(start)
            parts["feature"].append(np.where(leaf, -1, nodes["feature_idx"]).astype(np.int16))
            parts["threshold"].append(nodes["num_threshold"].astype(np.float32))
            for side in ("left", "right"):
                parts[side].append(np.where(leaf, 0, nodes[side] + start).astype(np.int32))
            parts["unknown_left"].append(nodes["missing_go_to_left"].astype(bool))
            values = np.where(leaf, nodes["value"] / len(forests), 0.0)
            parts["value"].append(values.astype(np.float32))
            start += len(nodes)
    arrays = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    return Forest(roots=np.array(roots, dtype=np.int32), offset=offset, **arrays)


if __name__ == "__main__":
    main()
