"""Training of one member: bootstrap, one-cycle schedule, out-of-bag stopping, safe restart."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Int
from safetensors.torch import load_file, save
from torch import Tensor

from betenet.datasets.folds import bootstrap_counts
from betenet.ensemble.checkpoint import read_state
from betenet.network.layers import Parameters
from betenet.network.model import NetworkOutput, forward_member, initialise, member_parameters
from betenet.runs import replace_file
from betenet.training.batch_loss import batch_loss, vibrations_loss
from betenet.training.finite import check_bag, check_losses, check_weights
from betenet.training.losses import GridMoments, moment_loss
from betenet.training.recipe import Recipe
from betenet.training.training_set import TrainingSet, batch_geometry

EVALUATION_BATCH = 128
MEMBER, STATE = "member.safetensors", "state.safetensors"
"""Files of a member that is trained, and of one in training."""


@dataclass(slots=True)
class _State:
    """What a restart needs; written after every epoch."""

    current: Parameters
    average: Parameters
    best: Parameters
    optimizer: torch.optim.AdamW
    epoch: int = 0
    best_epoch: int = -1
    best_loss: float = float("inf")

    def save(self, folder: Path) -> None:
        tensors: dict[str, Tensor] = {}
        for kind, table in (("now", self.current), ("mean", self.average), ("best", self.best)):
            tensors |= {f"{kind}/{k}": v.detach().clone() for k, v in table.items()}
        for name, value in self.current.items():
            moments = self.optimizer.state.get(value, {})
            tensors |= {f"adam/{name}/{k}": torch.as_tensor(v).clone() for k, v in moments.items()}
        numbers = {"epoch": self.epoch, "best_epoch": self.best_epoch, "best_loss": self.best_loss}
        replace_file(folder / STATE, save(tensors, metadata={"state": json.dumps(numbers)}))

    def restore(self, folder: Path) -> None:
        numbers, tensors = read_state(folder / STATE)
        with torch.no_grad():
            for kind, table in (("now", self.current), ("mean", self.average), ("best", self.best)):
                for name in table:
                    table[name].copy_(tensors[f"{kind}/{name}"])
        for name, value in self.current.items():
            prefix = f"adam/{name}/"
            self.optimizer.state[value] = {
                k.removeprefix(prefix): v.to(value.device)
                for k, v in tensors.items()
                if k.startswith(prefix)
            }
        self.epoch, self.best_epoch = numbers["epoch"], numbers["best_epoch"]
        self.best_loss = numbers["best_loss"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one member learns from, and where it starts.

    Attributes
    ----------
    in_bag
        Indices of the rows to learn from (learnt,).
    held_out
        Indices of the rows that tell when to stop (judged,); none if the weights of the last epoch
        are kept.
    weights
        Weight of each of all rows (row,).
    start
        Parameters to start from, without the member axis; drawn anew if absent.
    pull
        Strength of the pull back to the start: in each step a share ``learning rate * pull`` of
        what a parameter is away from it is taken back [1].
    """

    in_bag: Int[np.ndarray, " learnt"]
    held_out: Int[np.ndarray, " judged"]
    weights: Tensor
    start: Parameters | None = None
    pull: float = 0.0


def in_bag_counts(
    recipe: Recipe, formulas: Sequence[str], allowed: Bool[np.ndarray, " row"], seed: int
) -> Int[np.ndarray, " row"]:
    """Bootstrap multiplicity of each row; zero out of the bag and for rows that are not allowed."""
    counts = np.zeros(len(formulas), dtype=np.int64)
    chosen = np.flatnonzero(allowed)
    names = [formulas[k] for k in chosen.tolist()]
    counts[chosen] = bootstrap_counts(names, recipe.training.draws, seed)
    return counts if recipe.training.repeats else np.minimum(counts, 1)


def predict_spectra(
    recipe: Recipe, parameters: Parameters, data: TrainingSet, rows: Int[np.ndarray, " row"]
) -> Tensor:
    """α²F of one member for some rows, each at its own level of theory (row, frequency)."""
    outputs = _outputs(recipe, parameters, data, rows)
    return torch.cat([output.a2f.cpu() for _, output in outputs])


def _outputs(
    recipe: Recipe, parameters: Parameters, data: TrainingSet, rows: Int[np.ndarray, " row"]
) -> Iterator[tuple[Int[np.ndarray, " row"], NetworkOutput]]:
    """Some rows, a batch at a time, and what the member says of them, without gradients."""
    for start in range(0, len(rows), EVALUATION_BATCH):
        batch = rows[start : start + EVALUATION_BATCH]
        geometry, sources = batch_geometry(recipe, parameters, data, batch)
        with torch.no_grad():
            output = forward_member(recipe.network, parameters, geometry, sources)
        yield batch, output


def predict_log_moments(
    recipe: Recipe, parameters: Parameters, data: TrainingSet, rows: Int[np.ndarray, " row"]
) -> Tensor:
    """Log-moments of one member for some rows, each at its own level of theory (row, target)."""
    moments = GridMoments.on(recipe.network.frequencies, kind=recipe.loss.moments)
    return moments.log_moments(predict_spectra(recipe, parameters, data, rows))


def train_member(
    recipe: Recipe,
    data: TrainingSet,
    allowed: Bool[np.ndarray, " row"],
    seed: int,
    folder: Path,
    progress: Callable[[dict[str, Any]], None] | None = None,
    device: str = "cpu",
) -> Parameters:
    """Train one member; a second call goes on where the first was killed.

    Parameters
    ----------
    recipe
        Settings of the run.
    data
        All rows.
    allowed
        Rows that may be drawn (row,).
    seed
        Seed of the bootstrap, the initial weights and the order of the batches.
    folder
        Receives `log.jsonl` (one record an epoch), `state.safetensors` while training and
        `member.safetensors` at the end.
    progress
        Called with every record.
    device
        Where the network runs; the loss is computed on the CPU.

    Returns
    -------
    dict
        The averaged parameters that the recipe keeps, without the member axis.

    Raises
    ------
    DataError
        If the bag is empty, or a loss or a weight is not a finite number.
    """
    if (folder / MEMBER).exists():
        return load_file(folder / MEMBER)
    counts = in_bag_counts(recipe, data.formulas, allowed, seed)
    check_bag(counts)
    in_bag = np.flatnonzero(counts)
    out_of_bag = np.flatnonzero(allowed & (counts == 0) & data.first_source)
    weights = row_weights(recipe, data, torch.tensor(counts))
    sample = Sample(in_bag=in_bag, held_out=out_of_bag, weights=weights)
    return train_on_sample(recipe, data, sample, seed, folder, progress, device)


def row_weights(recipe: Recipe, data: TrainingSet, counts: Tensor) -> Tensor:
    """Weight of each row in the loss, 1 on average over those that are in the bag (row,).

    Parameters
    ----------
    recipe
        Settings of the run.
    data
        All rows.
    counts
        How often each row is in the bag (row,).
    """
    weights = torch.tensor(recipe.data.source_weights)[data.sources] * data.weights
    weights = weights * counts
    return (weights / weights[np.flatnonzero(counts.numpy())].mean()).float()


def train_on_sample(
    recipe: Recipe,
    data: TrainingSet,
    sample: Sample,
    seed: int,
    folder: Path,
    progress: Callable[[dict[str, Any]], None] | None = None,
    device: str = "cpu",
) -> Parameters:
    """Train one member on the rows that are chosen for it; go on where it was killed.

    Parameters
    ----------
    recipe, data, seed, folder, progress, device
        As of `train_member`.
    sample
        Rows to learn from, rows that tell when to stop, and where to start.

    Returns
    -------
    dict
        The averaged parameters that the recipe keeps, without the member axis; those of the start
        where no epoch was better.

    Raises
    ------
    DataError
        If a loss or a weight is not a finite number.
    """
    done = folder / MEMBER
    if done.exists():
        return load_file(done)
    folder.mkdir(parents=True, exist_ok=True)
    state = _start(recipe, sample, seed, device)
    if (folder / STATE).exists():
        state.restore(folder)
    elif sample.start is not None and len(sample.held_out):
        state.best_loss = _out_of_bag_loss(recipe, state.best, data, sample.held_out)
    settings = recipe.training
    while state.epoch < settings.epochs and state.epoch - state.best_epoch <= settings.patience:
        started = time.perf_counter()
        train_loss = _run_epoch(recipe, data, sample, state, seed)
        held_out = train_loss
        if len(sample.held_out) or sample.start is None:
            held_out = _out_of_bag_loss(recipe, state.average, data, sample.held_out)
        check_losses(state.epoch, training=train_loss, validation=held_out)
        if held_out < state.best_loss or settings.keep == "last":
            state.best_loss, state.best_epoch = held_out, state.epoch
            for name, value in state.average.items():
                state.best[name].copy_(value)
        record = {
            "epoch": state.epoch,
            "train_loss": train_loss,
            "out_of_bag_loss": held_out,
            "best_epoch": state.best_epoch,
            "seconds": round(time.perf_counter() - started, 2),
        }
        state.epoch += 1
        state.save(folder)
        with (folder / "log.jsonl").open("a") as log:
            log.write(json.dumps(record) + "\n")
        if progress is not None:
            progress(record)
    check_weights(state.best)
    replace_file(done, save(state.best))
    (folder / STATE).unlink(missing_ok=True)
    return state.best


def _start(recipe: Recipe, sample: Sample, seed: int, device: str) -> _State:
    drawn = sample.start or member_parameters(initialise(recipe.network, [seed]), 0)
    first = {name: value.to(device) for name, value in drawn.items()}
    current = {name: value.clone().requires_grad_() for name, value in first.items()}
    optimizer = torch.optim.AdamW(
        current.values(),
        lr=recipe.training.learning_rate,
        weight_decay=recipe.training.weight_decay,
        fused=True,
    )
    average = {name: value.clone() for name, value in first.items()}
    best = {name: value.clone() for name, value in first.items()}
    return _State(current, average, best, optimizer)


def learning_rate(recipe: Recipe, share: float) -> float:
    """One cycle: a cosine up over the first tenth, a cosine down to nothing over the rest."""
    peak = recipe.training.learning_rate
    if share < 0.1:
        return peak * (0.04 + 0.96 * 0.5 * (1 - np.cos(np.pi * share / 0.1)))
    return peak * max(0.5 * (1 + np.cos(np.pi * (share - 0.1) / 0.9)), 1e-4)


def _run_epoch(
    recipe: Recipe,
    data: TrainingSet,
    sample: Sample,
    state: _State,
    seed: int,
) -> float:
    settings = recipe.training
    # Seeded by epoch, so that a restart repeats what an undisturbed run would have done.
    order = np.random.default_rng([seed, state.epoch]).permutation(sample.in_bag)
    torch.manual_seed(seed * 10_007 + state.epoch)
    batches = max(len(order) // settings.batch_size, 1)
    moments = GridMoments.on(recipe.network.frequencies, kind=recipe.loss.moments)
    total = 0.0
    for index, batch in enumerate(np.array_split(order, batches)):
        step = state.epoch * batches + index
        for group in state.optimizer.param_groups:
            group["lr"] = learning_rate(recipe, step / (settings.epochs * batches))
        loss = batch_loss(recipe, data, batch, sample.weights, state.current, moments)
        state.optimizer.zero_grad()
        loss.backward()
        values = list(state.current.values())
        torch.nn.utils.clip_grad_norm_(values, settings.clip_norm)
        state.optimizer.step()
        _pull_back(sample, state)
        # The average forgets the random start quickly.
        share = 1 - min(settings.average, (step + 1) / (step + 11))
        with torch.no_grad():
            for mean, value in zip(state.average.values(), values, strict=True):
                mean.lerp_(value, share)
        total += float(loss.detach())
    return total / batches


def _pull_back(sample: Sample, state: _State) -> None:
    """Take back a share of what the parameters are away from where they started."""
    if sample.start is None or sample.pull == 0.0:
        return
    rate = float(state.optimizer.param_groups[0]["lr"])
    with torch.no_grad():
        for name, value in state.current.items():
            value.lerp_(sample.start[name].to(value), min(rate * sample.pull, 1.0))


def _out_of_bag_loss(
    recipe: Recipe, parameters: Parameters, data: TrainingSet, rows: Int[np.ndarray, " row"]
) -> float:
    if recipe.network.readout == "vibrations":
        # relative entropy over the crystals that the bag does not hold, each batch alike
        outputs = _outputs(recipe, parameters, data, rows)
        losses = [
            float(vibrations_loss(recipe, output.site_a2f.cpu(), data, batch))
            for batch, output in outputs
        ]
        return float(np.mean(losses))
    predicted = predict_log_moments(recipe, parameters, data, rows)
    return float(moment_loss(recipe.loss, predicted, data.targets[rows], torch.ones(len(rows))))
