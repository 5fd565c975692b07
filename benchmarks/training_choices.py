"""Is the second descent worth its cost? Long training, early stopping, averaged weights, losses.

    betenet train recipes/paper-cso.toml --members 0-1 --out runs/paper-cso
    python benchmarks/training_choices.py runs/paper-cso --out runs/training-choices

Every choice has the rights of the long members of the given run: it learns from the same bag, is
stopped by the rows outside it, and is judged on them. (The choice of an epoch is one number, so
that flatters all of them a little.) Short courses stop once neither the weights nor their running
average have had a lower validation loss for 50 epochs; they differ in their loss and their first
weights. "averaged on" goes on for 1000 epochs from the weights of the modern region and averages
them. What is there is not trained again. Prints one table, with the cost in epochs of one member.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from betenet.datasets.rows import TARGETS, data_folder
from betenet.datasets.training_rows import read_rows
from betenet.evaluation.metrics import table
from betenet.network.layers import Parameters
from betenet.network.model import forward, initialise
from betenet.runs import replacing
from betenet.superconductivity.binned import BINS
from betenet.superconductivity.moments import moments
from betenet.training.bags import bag_of
from betenet.training.full_batch import FullBatch
from betenet.training.full_batch_member import FullBatchData
from betenet.training.full_batch_recipe import FullBatchRecipe, read_recipe
from betenet.training.full_batch_run import FullBatchLoad, member_folder
from betenet.training.regions import REGIONS
from betenet.training.run import train_all
from betenet.training.spectrum_losses import make_loss
from betenet.units import MEV_TO_KELVIN

LOSSES = {"mse": 1.0, "huber": 0.1, "wasserstein": 1.0, "curvature": 1.0, "moments": 0.03}
"""Scale of each, from what its terms are worth at the first minimum; none was tuned."""
PATIENCE = 50
"""Epochs without a lower validation loss after which a short course is over."""
KEPT = {"short": 0.97, "long": 0.99}
"""What a running average keeps of itself at each epoch."""
LOOK_EVERY = 5
"""Epochs between two looks at the average's validation loss."""
GO_ON = 1000
"""Epochs for which the weights of the modern region are averaged."""
RECIPE = Path("recipes/paper-cso.toml")


@dataclass(frozen=True, slots=True)
class Job:
    """A network on the bag of a long member: a loss and a seed, or what that member itself did."""

    course: str
    bag: int
    seed: int = 0

    def file(self, out: Path) -> Path:
        """Where its predictions for the rows outside the bag are kept."""
        return out / f"{self.course}-{self.bag}-{self.seed}.npz"


class Best:
    """The lowest validation loss of something, and its weights."""

    def __init__(self) -> None:
        self.loss, self.epoch, self.weights = float("inf"), -1, Parameters()

    def take(self, loss: float, epoch: int, weights: Parameters) -> None:
        """Keep the weights if their loss is the lowest so far."""
        if loss < self.loss:
            self.loss, self.epoch = loss, epoch
            self.weights = {name: value.clone() for name, value in weights.items()}


def main() -> None:
    """Train what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of a run of the paper's recipe")
    parser.add_argument("--out", type=Path, required=True, help="folder for what is trained here")
    parser.add_argument("--seeds", type=int, default=4, help="short courses for a loss and bag")
    parser.add_argument("--mse-seeds", type=int, default=16, help="the same, published loss")
    parser.add_argument("--workers", type=int, help="processes; one a core if absent")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    bags = [int(p.parent.name[-3:]) for p in sorted(arguments.run.glob("member-*/summary.json"))]
    jobs = [Job("long", bag) for bag in bags]
    for loss in LOSSES:
        seeds = arguments.mse_seeds if loss == "mse" else arguments.seeds
        jobs += [Job(loss, bag, seed) for seed in range(seeds) for bag in bags]
    waiting = [job for job in jobs if not job.file(arguments.out).exists()]
    folders = (arguments.run, arguments.out)
    train_all(waiting, make_trainer, folders, of=len(jobs), workers=arguments.workers)
    report(arguments.out, jobs)


# ---------------------------------------------------------------------------------------- training


def make_trainer(run: Path, out: Path) -> Callable[[Job], dict[str, Any]]:
    """Load the data in a process of its own; the function that does a job there."""
    torch.set_num_threads(1)
    recipe = the_recipe()
    load = load_rows(recipe)

    def train(job: Job) -> dict[str, Any]:
        loss = "mse" if job.course == "long" else job.course
        settings = replace(recipe.training, loss=loss, loss_scale=LOSSES[loss])
        counts = bag_of(recipe, load.rows, job.bag, data_folder())
        data = load.data(replace(recipe, training=settings), counts)
        if job.course == "long":
            found = long_course(recipe, data, member_folder(run, job.bag))
        else:
            found = short_course(recipe, data, 1000 + job.seed)
        rows = np.flatnonzero(counts == 0)
        result: dict[str, Any] = {"rows": rows}
        for name, best in found.items():
            result[f"{name}/a2f"] = predict(recipe, best.weights, data)[rows].double().numpy()
            result[f"{name}/epochs"] = 1 + best.epoch
        with replacing(job.file(out)) as unfinished, unfinished.open("wb") as file:
            np.savez_compressed(file, **result)
        return {"job": f"{job.course}-{job.bag}-{job.seed}"}

    return train


def the_recipe(path: Path = RECIPE) -> FullBatchRecipe:
    """The paper's, or another of its kind."""
    recipe = read_recipe(path)
    assert isinstance(recipe, FullBatchRecipe)
    return recipe


def load_rows(recipe: FullBatchRecipe) -> FullBatchLoad:
    """The recipe's rows with their geometry."""
    rows = read_rows(data_folder(), recipe.sources)
    return FullBatchLoad.build(rows, recipe.network, recipe.phonon_dos)


def predict(recipe: FullBatchRecipe, weights: Parameters, data: FullBatchData) -> torch.Tensor:
    """α²F of every crystal (crystal, bin)."""
    with torch.no_grad():
        return forward(recipe.network, weights, data.geometry).a2f[0]


def new_trainer(recipe: FullBatchRecipe, data: FullBatchData, weights: Parameters) -> FullBatch:
    """One member with the published optimiser."""
    return FullBatch(
        recipe.network,
        weights,
        data.geometry,
        data.loss,
        train=data.train[None],
        held_out=data.held_out[None],
        make_optimizer=partial(torch.optim.AdamW, lr=recipe.training.learning_rate),
    )


def short_course(recipe: FullBatchRecipe, data: FullBatchData, seed: int) -> dict[str, Best]:
    """Until nothing has improved for a while."""
    trainer = new_trainer(recipe, data, initialise(recipe.network, [seed]))
    stopped, averaged = follow(
        recipe, data, trainer, KEPT["short"], lambda epoch, last: epoch - last > PATIENCE
    )
    return {"stopped early": stopped, "averaged": averaged}


def long_course(recipe: FullBatchRecipe, data: FullBatchData, folder: Path) -> dict[str, Best]:
    """What is kept of each region, and the average of what follows the last."""
    log = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in log]
    found: dict[str, Best] = {}
    for region in REGIONS:
        weights = load_file(folder / f"{region}.safetensors")
        found[region] = Best()
        found[region].weights = {name: value[None] for name, value in weights.items()}
        # a region is known to be over only by what follows it
        found[region].epoch = max(r["epoch"] for r in records if r["region"] == region)
    trainer = new_trainer(recipe, data, found["modern"].weights)
    _, averaged = follow(recipe, data, trainer, KEPT["long"], lambda epoch, _: epoch >= GO_ON)
    averaged.epoch += found["modern"].epoch
    return found | {"averaged on": averaged}


def follow(
    recipe: FullBatchRecipe,
    data: FullBatchData,
    trainer: FullBatch,
    kept: float,
    over: Callable[[int, int], bool],
) -> tuple[Best, Best]:
    """Train until it is over; the best weights and the best of their running average.

    ``over`` is asked with the epoch and that of the last improvement of either.
    """
    stopped, averaged, average = Best(), Best(), Parameters()
    epoch = 0
    while not over(epoch, max(stopped.epoch, averaged.epoch, 0)):
        before = trainer.parameters
        stopped.take(float(trainer.step()[1][0]), epoch, before)
        average = average or {name: value.clone() for name, value in before.items()}
        for name, value in before.items():
            average[name].lerp_(value, 1.0 - kept)
        if epoch % LOOK_EVERY == 0:
            loss = data.loss(predict(recipe, average, data)) * data.held_out
            averaged.take(float(loss.sum()), epoch, average)
        epoch += 1
    return stopped, averaged


# ------------------------------------------------------------------------------------------ report


def report(out: Path, jobs: list[Job]) -> None:
    """Print the table, and write it beside the results."""
    load = load_rows(the_recipe())
    targets = np.stack([row.targets for row in load.rows])
    lines: list[dict[str, Any]] = []
    show_heading()
    for name, rows, seeds, epochs in choices(out, jobs):
        known = in_kelvin(dict(zip(TARGETS, targets[rows].T, strict=True)))
        spectra = seeds.mean(0)
        distance = make_loss("wasserstein", BINS, load.targets[rows], 0.0)
        line: dict[str, Any] = {
            "choice": name,
            "epochs": epochs,
            "wasserstein": float(distance(torch.as_tensor(spectra)).median()),
            "scores": scores_of(known, spectra),
        }
        if len(seeds) > 1:
            each = [scores_of(known, one) for one in seeds]
            line["scatter"] = [
                float(np.std([one[key]["r2"] for one in each], ddof=1))
                for key in ("coupling", "omega_log")
            ]
        lines.append(line)
        show(line)
    (out / "table.json").write_text(json.dumps(lines, indent=1), encoding="utf-8")


def scores_of(known: Mapping[str, np.ndarray], spectra: np.ndarray) -> dict[str, dict[str, float]]:
    """Published table of some spectra, as plain numbers."""
    scores = table(known, in_kelvin(moments(BINS, spectra)))
    return {
        quantity: {measure: score.value for measure, score in measures.items()}
        for quantity, measures in scores.items()
    }


def in_kelvin(found: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What the published table is made of; a spectrum that is zero has frequencies of zero."""
    return {
        "coupling": found["coupling"],
        "omega_log": np.nan_to_num(found["omega_log"]) * MEV_TO_KELVIN,
        "omega_2": np.nan_to_num(found["omega_2"]) * MEV_TO_KELVIN,
    }


def choices(out: Path, jobs: list[Job]) -> Iterator[tuple[str, np.ndarray, np.ndarray, float]]:
    """Every choice: rows outside each bag, spectra (seed, row, bin), epochs it cost for one bag.

    With several seeds: the first alone, and all.
    """
    for course in dict.fromkeys(job.course for job in jobs):
        of_course = [job for job in jobs if job.course == course]
        bags = dict.fromkeys(job.bag for job in of_course)
        with np.load(of_course[0].file(out)) as found:
            names = [key.removesuffix("/a2f") for key in found if key.endswith("/a2f")]
        for name in names:
            for members in sorted({1, len(of_course) // len(bags)}):
                rows, spectra, epochs = [], [], 0.0
                for bag in bags:
                    files = [np.load(Job(course, bag, m).file(out)) for m in range(members)]
                    rows.append(files[0]["rows"])
                    spectra.append(np.stack([file[f"{name}/a2f"] for file in files]))
                    epochs += sum(int(file[f"{name}/epochs"]) for file in files) / len(bags)
                title = f"{course}, {name}, {members}"
                yield title, np.concatenate(rows), np.concatenate(spectra, axis=1), epochs


def show_heading() -> None:
    """Print the names of the columns."""
    print(
        f"{'choice, members':<32}{'epochs':>8}{'λ R²/MAE/RMSE':>22}{'ω_log (K)':>22}{'ω_2 (K)':>22}"
        f"{'Tc MAE/AP':>13}{'W₁/ω_1':>8}  scatter of R² between seeds (λ, ω_log)"
    )


def show(line: dict[str, Any]) -> None:
    """One line of the table."""
    scores = line["scores"]
    cells = [
        f"{scores[key]['r2']:6.3f}/{scores[key]['mae']:.3g}/{scores[key]['rmse']:.3g}"
        for key in ("coupling", "omega_log", "omega_2")
    ]
    tc = f"{scores['tc']['mae']:.2f}/{scores['tc']['average_precision']:.3f}"
    print(
        f"{line['choice']:<32}{line['epochs']:>8.0f}"
        + "".join(f"{cell:>22}" for cell in cells)
        + f"{tc:>13}{line['wasserstein']:>8.3f}"
        + "".join(f"{value:7.3f}" for value in line.get("scatter", ()))
    )


if __name__ == "__main__":
    main()
