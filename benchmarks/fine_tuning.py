"""A shipped model tuned on crystals that it is blind to: what is won, and what is forgotten.

    python benchmarks/fine_tuning.py [--model cso-1] [--members 4] [--run runs/fine-tuning]

The own rows are hydrides and crystals under pressure from the literature, parted by formula: half
of the formulas are tuned on, the other half judge. Beside them stand ordinary crystals of BETE-NET
and Alexandria, which the model was trained on: their errors tell what was forgotten. Peers are the
model as it is, plain fine-tuning, and each of the two means against forgetting alone.
"""

from __future__ import annotations

import argparse
import resource
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from betenet.datasets.folds import fold_of
from betenet.datasets.jsonl_rows import Entry, write_jsonl
from betenet.datasets.pressure_rows import pressure_rows
from betenet.datasets.rows import Row, data_folder
from betenet.datasets.training_rows import read_rows
from betenet.ensemble.checkpoint import write_checkpoint
from betenet.ensemble.ensemble import Ensemble
from betenet.errors import BetenetError
from betenet.evaluation.held_out import summarise_spectra
from betenet.evaluation.tuned_model import tune
from betenet.graphs import CrystalGraph, build_graph
from betenet.structures import check_structure, standardise
from betenet.superconductivity.critical_temperature import SIMPLE_METHOD, critical_temperature
from betenet.training.tuning import TuningConfig
from betenet.units import MEV_TO_KELVIN

KINDS: Mapping[str, TuningConfig] = {
    "plain": TuningConfig(pull=0.0, rehearsal=0),
    "pull alone": TuningConfig(rehearsal=0),
    "rehearsal alone": TuningConfig(pull=0.0),
    "as shipped": TuningConfig(),
    "faster": TuningConfig(learning_rate=5e-3),
    "slower": TuningConfig(learning_rate=1e-3),
}
"""Ways to tune, by name."""
MOST_ATOMS = 16
"""Atoms of the largest cell that is taken."""


def smaller(model: Ensemble, members: int, folder: Path) -> Ensemble:
    """The first members of a model, as a model."""
    card = {**model.card, "members": members, "name": folder.name}
    card.pop("format_version", None)
    parameters = {name: value[:members].half() for name, value in model.parameters.items()}
    write_checkpoint(folder, card, parameters, model.applicability.to_tensors(), model.training)
    return Ensemble.load(folder)


def hydrides(folder: Path) -> list[Row]:
    """Rows of the literature with a cell, one for each state, small cells only."""
    found, seen = [], set()
    for one in pressure_rows(folder)[0]:
        row = one.entry.row
        state = (row.formula, round(row.atoms.get_volume() / len(row.atoms), 1))
        if len(row.atoms) <= MOST_ATOMS and state not in seen:
            seen.add(state)
            found.append(replace(row, id=f"{row.id}-{len(found)}"))
    return found


def graphs_of(rows: list[Row], cutoff: float) -> tuple[list[Row], list[CrystalGraph]]:
    """Rows that can be used, and their graphs."""
    usable, graphs = [], []
    for row in rows:
        try:
            check_structure(row.atoms)
            graphs.append(build_graph(standardise(row.atoms), cutoff))
        except BetenetError:
            continue
        usable.append(row)
    return usable, graphs


def errors(model: Ensemble, rows: list[Row], graphs: list[CrystalGraph]) -> dict[str, float]:
    """Mean absolute errors: of λ, of ω_log and Tc in K, and the median one of ln λ."""
    spectra = []
    for start in range(0, len(graphs), 16):
        a2f, _ = model.spectra(graphs[start : start + 16])
        spectra += list(np.swapaxes(a2f, 0, 1))
    predicted, _ = summarise_spectra(model.frequencies, spectra)
    true = np.stack([row.targets for row in rows])
    tc = [
        critical_temperature(SIMPLE_METHOD, coupling=one[:, 0], omega_log=one[:, 1])
        for one in (true, predicted)
    ]
    return {
        "coupling": float(np.mean(np.abs(predicted[:, 0] - true[:, 0]))),
        "omega_log": MEV_TO_KELVIN * float(np.mean(np.abs(predicted[:, 1] - true[:, 1]))),
        "tc": float(np.mean(np.abs(tc[1] - tc[0]))),
    }


def main() -> None:
    """Tune in each way, judge, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", default="cso-1")
    parser.add_argument("--members", type=int, default=4)
    parser.add_argument("--ordinary", type=int, default=300)
    parser.add_argument("--run", type=Path, default=Path("runs/fine-tuning"))
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    told = parser.parse_args()
    torch.set_num_threads(1)
    folder = data_folder()
    told.run.mkdir(parents=True, exist_ok=True)
    start = smaller(Ensemble.load(told.model), told.members, told.run / "start")
    rows, half = hydrides(folder), {}
    for part in (0, 1):
        half[part] = [row for row in rows if fold_of(row.formula, 2) == part]
    own = told.run / "own.jsonl"
    write_jsonl(own, [Entry(row=row) for row in half[0]])
    ordinary = read_rows(folder, ["bete_net", "alexandria"])
    chosen = np.random.default_rng(0).choice(len(ordinary), told.ordinary, replace=False)
    judged = {
        "own": graphs_of(half[1], start.config.cutoff),
        "ordinary": graphs_of([ordinary[k] for k in chosen], start.config.cutoff),
    }
    formulas = [len({row.formula for row in part}) for part in half.values()]
    print(
        f"tuned on {len(half[0])} rows of {formulas[0]} formulas; judged on "
        f"{len(judged['own'][0])} of {formulas[1]} others, {len(judged['ordinary'][0])} ordinary"
    )
    before = {name: errors(start, *of) for name, of in judged.items()}
    report("as it is", before, before, 0.0)
    for kind in told.kinds:
        place = told.run / kind.replace(" ", "-")
        began = spent()
        tune(start.path, own, place, model=place / "model", workers=1, config=KINDS[kind])
        seconds = spent() - began
        after = {name: errors(Ensemble.load(place / "model"), *of) for name, of in judged.items()}
        report(kind, before, after, seconds)


def spent() -> float:
    """Time that this process and those that it has waited for were computing [s]."""
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    used = [resource.getrusage(one) for one in both]
    return sum(one.ru_utime + one.ru_stime for one in used)


def report(kind: str, before: dict, after: dict, seconds: float) -> None:
    """Print a line for each set of crystals."""
    for name, now in after.items():
        ratio = {key: now[key] / before[name][key] for key in now}
        print(
            f"{kind:16} {name:9} MAE of λ {now['coupling']:.3f} (x {ratio['coupling']:.2f}), "
            f"ω_log {now['omega_log']:.0f} K (x {ratio['omega_log']:.2f}), Tc {now['tc']:.1f} K "
            f"(x {ratio['tc']:.2f}); {seconds:.0f} s of one core",
            flush=True,
        )


if __name__ == "__main__":
    main()
