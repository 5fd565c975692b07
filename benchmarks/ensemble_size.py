"""Mean of n full-batch members against n; whether the second descent pays for its cost.

    betenet train recipes/paper-cso.toml --members 0-11 --out runs/paper-cso
    python benchmarks/ensemble_size.py runs/paper-cso --out runs/ensemble-size [--short 100]

Each row is judged by members whose bag it is not in, and by nothing else. *Long* members are those
of the run, by the weights that were kept in each region. *Short* ones learn from the published bags
as `training_choices` has it: stopped at the lowest validation loss, or a running average of the
weights. For one set of rows, the mean of 1, 2, 4 … members that have not seen a row, drawn again
and again, as far as every row of the set has so many; then all of them. The cost is in epochs of
all members together, until the kept weights are known to be kept. What is there is not trained
again; predictions of every member are kept in the folder, in one small file each.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from double_descent import spectra
from training_choices import (
    in_kelvin,
    load_rows,
    predict,
    scores_of,
    short_course,
    show,
    show_heading,
    the_recipe,
)

from betenet.datasets.rows import TARGETS, data_folder
from betenet.runs import replacing
from betenet.superconductivity.binned import BINS
from betenet.training.bags import bag_of
from betenet.training.full_batch_member import SUMMARY
from betenet.training.full_batch_results import FullBatchResults
from betenet.training.full_batch_run import member_folder
from betenet.training.regions import REGIONS
from betenet.training.run import train_all
from betenet.training.spectrum_losses import make_loss

DRAWS = 20
"""Times that members are drawn for each row, for a mean of fewer than all."""
SIZES = (1, 2, 4, 8, 16, 32)


@dataclass(frozen=True, kw_only=True)
class Members:
    """Spectra of some members (member, row, bin), whether they saw a row, epochs of them all."""

    name: str
    a2f: np.ndarray
    seen: np.ndarray
    epochs: int


def main() -> None:
    """Train and predict what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of a run of the paper's recipe")
    parser.add_argument("--out", type=Path, required=True, help="folder for the predictions")
    parser.add_argument("--short", type=int, default=100, help="short members")
    parser.add_argument(
        "--unseen", type=int, default=4, help="long members that a row must be unseen by"
    )
    parser.add_argument("--workers", type=int, help="processes; one a core if absent")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.out.mkdir(parents=True, exist_ok=True)
    predict_long(arguments.run, arguments.out)
    waiting = [m for m in range(arguments.short) if not short_file(arguments.out, m).exists()]
    train_all(waiting, make_short, (arguments.out,), of=arguments.short, workers=arguments.workers)
    report(arguments.out, arguments.unseen)


def short_file(out: Path, member: int) -> Path:
    """Predictions of a short member."""
    return out / f"short-{member:03d}.npz"


def write(path: Path, result: dict[str, Any]) -> None:
    """Keep predictions; a kill leaves none or all."""
    with replacing(path) as unfinished, unfinished.open("wb") as file:
        np.savez_compressed(file, **result)


def predict_long(run: Path, out: Path) -> None:
    """Predictions of every member of the run that is over, by the weights of each region."""
    finished = FullBatchResults.open(run, data_folder())
    for member in finished.members_with_weights:
        path = out / f"long-{member:03d}.npz"
        if path.exists() or not (member_folder(run, member) / SUMMARY).exists():
            continue
        curve = finished.curve(member)
        result: dict[str, Any] = {"seen": finished.bag(member) > 0}
        for region, a2f in spectra(finished, member).items():
            last = int(curve.epochs[curve.regions == region].max())
            result |= {f"{region}/a2f": a2f.astype(np.float32), f"{region}/epochs": 1 + last}
        write(path, result)


def make_short(out: Path) -> Callable[[int], dict[str, Any]]:
    """Load the data in a process of its own; the function that trains a short member there."""
    torch.set_num_threads(1)
    recipe = the_recipe()
    load = load_rows(recipe)

    def train(member: int) -> dict[str, Any]:
        counts = bag_of(recipe, load.rows, member, data_folder())
        data = load.data(recipe, counts)
        result: dict[str, Any] = {"seen": counts > 0}
        for name, best in short_course(recipe, data, member).items():
            a2f = predict(recipe, best.weights, data).numpy()
            result |= {f"{name}/a2f": a2f.astype(np.float32), f"{name}/epochs": 1 + best.epoch}
        write(short_file(out, member), result)
        return {"member": member}

    return train


def read_members(out: Path, kind: str, name: str) -> Members:
    """Predictions of all members of a kind."""
    files = [np.load(path) for path in sorted(out.glob(f"{kind}-*.npz"))]
    having = [file for file in files if f"{name}/a2f" in file]
    return Members(
        name=f"{kind}, {name}",
        a2f=np.stack([file[f"{name}/a2f"] for file in having]),
        seen=np.stack([file["seen"] for file in having]),
        epochs=sum(int(file[f"{name}/epochs"]) for file in having),
    )


def report(out: Path, enough: int) -> None:
    """Print the table, and write it beside the predictions."""
    load = load_rows(the_recipe())
    targets = np.stack([row.targets for row in load.rows])
    long = [read_members(out, "long", region) for region in REGIONS]
    short = [read_members(out, "short", name) for name in ("stopped early", "averaged")]
    judged = np.flatnonzero(np.all([(~m.seen).sum(0) >= enough for m in long + short], axis=0))
    known = in_kelvin(dict(zip(TARGETS, targets[judged].T, strict=True)))
    print(f"{len(judged)} of {len(targets)} rows are unseen by {enough} long members or more")
    distance = make_loss("wasserstein", BINS, load.targets[judged], 0.0)
    show_heading()
    lines: list[dict[str, Any]] = []
    for members in long + short:
        fewest = int((~members.seen[:, judged]).sum(0).min())
        for size in [n for n in SIZES if n <= fewest] + [0]:
            draws = 1 if size == 0 else DRAWS
            rng = np.random.default_rng(0)
            found = [mean_of_unseen(members, judged, size, rng) for _ in range(draws)]
            shapes = [float(distance(torch.as_tensor(a2f)).median()) for a2f in found]
            line: dict[str, Any] = {
                "choice": f"{members.name}, {size or 'all'}",
                "members": len(members.a2f),
                "epochs": members.epochs * (size or len(members.a2f)) / len(members.a2f),
                "wasserstein": float(np.mean(shapes)),
                "scores": averaged([scores_of(known, a2f) for a2f in found]),
            }
            lines.append(line)
            show(line)
    (out / "table.json").write_text(json.dumps(lines, indent=1), encoding="utf-8")


def mean_of_unseen(
    members: Members, rows: np.ndarray, size: int, rng: np.random.Generator
) -> np.ndarray:
    """Mean spectrum of each row (row, bin) over members that have not seen it; 0 means all."""
    result = []
    for row in rows:
        unseen = np.flatnonzero(~members.seen[:, row])
        chosen = rng.choice(unseen, size, replace=False) if size else unseen
        result.append(members.a2f[chosen, row].mean(0))
    return np.stack(result).astype(np.float64)


def averaged(found: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Mean over the draws of every score."""
    return {
        quantity: {m: float(np.mean([one[quantity][m] for one in found])) for m in measures}
        for quantity, measures in found[0].items()
    }


if __name__ == "__main__":
    main()
