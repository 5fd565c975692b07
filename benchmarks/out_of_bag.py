"""Tc of a model on the rows that its own members have not seen, by both formulas and both rules.

    python benchmarks/out_of_bag.py cso-1 phonons-1
    python benchmarks/out_of_bag.py cso-1 phonons-1 --write

A shipped model keeps its members, and its card their seeds: the bag of each is drawn again, and its
members predict what is outside. Nothing is trained. The first line of each model says how far λ,
ω_log and ω_2 come out as on its card (half-precision parameters move the last digit). With --write
the card gets the Tc of these rows by the full formula of Allen and Dynes.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
from safetensors.torch import save_file

from betenet.datasets.folds import fold_of
from betenet.datasets.rows import data_digest, data_folder
from betenet.datasets.training_rows import read_rows
from betenet.ensemble.checkpoint import CARD
from betenet.ensemble.ensemble import Ensemble
from betenet.ensemble.estimates import TC_THRESHOLD
from betenet.ensemble.phonon_correction import PhononCorrection
from betenet.evaluation.card import METRICS_NOTE, RESAMPLES
from betenet.evaluation.held_out import (
    HeldOut,
    coverages,
    out_of_bag,
    screening_precision,
)
from betenet.evaluation.metrics import average_precision, mae
from betenet.evaluation.phonon_corrected import PhononCorrector
from betenet.evaluation.row_rules import ROW_RULES, TcColumns, count_rows
from betenet.graphs import build_graph
from betenet.network.geometry import crystal_geometry
from betenet.phonons.library import PhononLibrary
from betenet.runs import replace_file
from betenet.structures import find_symmetry, standardise
from betenet.superconductivity.critical_temperature import DEFAULT_METHOD, SIMPLE_METHOD
from betenet.toml_input import read_toml
from betenet.training.member import MEMBER
from betenet.training.recipe import Recipe
from betenet.training.run import Job, Workload
from betenet.training.training_set import TrainingSet

MOMENTS = ("coupling", "omega_log", "omega_2")


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="+", metavar="MODEL")
    parser.add_argument("--recipes", type=Path, default=Path("recipes"))
    parser.add_argument("--write", action="store_true", help="write the Tc into the card")
    chosen = parser.parse_args()
    for name in chosen.models:
        model = Ensemble.load(name)
        load = first_source(Recipe.read(chosen.recipes / f"{model.name}.toml"), model)
        card = read_toml(model.path / CARD)
        for part, held_out in measured(load, model, card):
            told = part["metrics"]["out_of_bag"]
            tell(name, held_out, told)
            part["metrics"]["note"] = METRICS_NOTE
            part["metrics"]["cross_validation"].setdefault("tc_method", SIMPLE_METHOD)
            told |= {"tc_method": held_out.tc_method, "tc": tc_scores(load, held_out)}
            narrow, wide = coverages(load, held_out, part["calibration"])["tc"]
            part["coverage"]["out_of_bag"]["tc"] = {
                "interval_68": round(narrow, 3),
                "interval_95": round(wide, 3),
            }
            print(f"  in the card: {told['tc']}, coverage {narrow:.3f}, {wide:.3f}")
        if chosen.write:
            replace_file(model.path / CARD, tomli_w.dumps(card))


def first_source(recipe: Recipe, model: Ensemble) -> Workload:
    """The rows of a model's training, with the graphs of those that it is judged on."""
    rows = list(read_rows(data_folder(), recipe.data.sources))
    if data_digest(rows) != model.card["data_digest"]:
        raise SystemExit(f"The data are not those that {model.name} was trained on.")
    judged = [row for row in rows if row.source == recipe.data.sources[0]]
    assert rows[: len(judged)] == judged
    graphs = [build_graph(standardise(row.atoms), recipe.network.cutoff) for row in judged]
    crystals = [
        crystal_geometry(graph, recipe.network, find_symmetry(standardise(row.atoms)))
        for graph, row in zip(graphs, judged, strict=True)
    ]
    return Workload(
        recipe=recipe,
        rows=rows,
        graphs=graphs,
        data=TrainingSet.build(rows, crystals, recipe),
        folds=np.array([fold_of(row.formula, recipe.data.n_folds) for row in rows]),
        refused=[],
    )


def measured(
    load: Workload, model: Ensemble, card: dict[str, Any]
) -> Iterator[tuple[dict[str, Any], HeldOut]]:
    """Part of the card and predictions: without phonons, then with those of each library."""
    with tempfile.TemporaryDirectory() as folder:
        for member in range(model.n_members):
            path = Job(None, member).folder(Path(folder))
            path.mkdir(parents=True)
            weights = {k: v[member].contiguous() for k, v in model.parameters.items()}
            save_file(weights, path / MEMBER)
        plain = out_of_bag(load, Path(folder))
    yield card, plain
    for path in load.recipe.data.phonons:
        library = PhononLibrary.read(Path(path))
        part = card["with_phonons"][library.force_field]
        line = PhononCorrection.from_dict(part["correction"])
        yield part, PhononCorrector(load, plain, library).corrected(line)


def tell(name: str, held_out: HeldOut, told: dict[str, Any]) -> None:
    """Print how far the moments are those of the card, and Tc by each formula and rule."""
    scores = held_out.table()
    apart = max(
        abs(scores[key][measure].value / told[key][measure][0] - 1.0)
        for key in MOMENTS
        for measure in ("r2", "mae", "rmse")
    )
    print(f"{name}: {len(held_out.rows)} rows, moments as on its card within {apart:.1e}")
    known = held_out.subset(held_out.has_tc_by(DEFAULT_METHOD))
    for method in (SIMPLE_METHOD, DEFAULT_METHOD):
        true, predicted = known.true_tc(method), known.predicted_tc(method)
        columns = TcColumns(coupling=known.reference[:, 0], reference=true, predicted=predicted)
        for rule in ROW_RULES:
            rows = count_rows(rule, columns).counted
            positive = true[rows] > TC_THRESHOLD
            print(
                f"  {method}, rows {rule}: {rows.sum()} rows, {positive.sum()} above "
                f"{TC_THRESHOLD:g} K; MAE {mae(true[rows], predicted[rows]):.3f} K, of Tc = 0 K "
                f"{true[rows].mean():.3f} K; AP {average_precision(positive, predicted[rows]):.3f}"
            )


def tc_scores(load: Workload, held_out: HeldOut) -> dict[str, list[float]]:
    """Scores of Tc for the card: each value with the ends of its 95 % interval."""
    scores = held_out.table(n_resamples=RESAMPLES)["tc"]
    found = {name: (one.value, one.low, one.high) for name, one in scores.items()}
    found["average_precision_by_probability"] = screening_precision(load, held_out)
    return {
        name: [round(float(x), 4) for x in values if x is not None]
        for name, values in found.items()
    }


if __name__ == "__main__":
    main()
