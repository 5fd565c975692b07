"""Full-batch training of one member past its first minimum, with a checkpoint for each region."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from betenet.ensemble.checkpoint import read_state
from betenet.errors import ConfigError
from betenet.json_input import decode_json
from betenet.network.batch import Geometry
from betenet.network.config import NetworkConfig
from betenet.network.layers import Parameters
from betenet.network.model import initialise, member_parameters
from betenet.runs import replace_file
from betenet.training.finite import check_losses, check_weights
from betenet.training.full_batch import CrystalLoss, FullBatch
from betenet.training.regions import REGIONS, Patience, Region, ThreeRegions

STATE, LOG, SUMMARY = "state.safetensors", "log.jsonl", "summary.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class FullBatchConfig:
    """How a member is trained; the defaults are the published ones."""

    loss: str = "mse"
    """Key of ``spectrum_losses.LOSSES``."""
    loss_scale: float = 1.0
    learning_rate: float = 0.005
    weight_decay: float = 0.0
    epochs: int = 100_000
    patience: Patience = field(default_factory=Patience)
    log_every: int = 10
    """Epochs between two records of the log."""
    save_every: int = 500
    """Epochs that a kill can lose."""

    def __post_init__(self) -> None:
        for name in ("learning_rate", "epochs", "log_every", "save_every"):
            if getattr(self, name) <= 0:
                raise ConfigError(
                    f"{name} = {getattr(self, name)} trains nothing.",
                    "It must be above zero.",
                    f"Set {name} in the recipe.",
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class FullBatchData:
    """What a member learns from.

    Attributes
    ----------
    geometry
        All crystals.
    loss
        Loss of each crystal.
    train, held_out
        Weight of each crystal in the two losses (crystal,).
    """

    geometry: Geometry
    loss: CrystalLoss
    train: Tensor
    held_out: Tensor


@dataclass(slots=True)
class _Course:
    """A training under way: what a restart needs."""

    trainer: FullBatch
    regions: ThreeRegions
    kept: dict[str, Parameters]
    found: dict[str, dict[str, float]] = field(default_factory=dict)
    seconds: float = 0.0

    def look(self, train: Tensor, held_out: Tensor) -> None:
        """Keep weights that are a region's best, before the step that changes them."""
        epoch, losses = self.regions.epoch, (float(train[0]), float(held_out[0]))
        check_losses(epoch, training=losses[0], validation=losses[1])
        found = self.regions.take(losses[1])
        if found is not None:
            self.kept[found] = self.trainer.parameters
            self.found[found] = {
                "epoch": epoch,
                "train_loss": losses[0],
                "validation_loss": losses[1],
            }

    def save(self, folder: Path) -> None:
        tensors = {f"now/{name}": value for name, value in self.trainer.parameters.items()}
        for region, table in self.kept.items():
            tensors |= {f"{region}/{name}": value for name, value in table.items()}
        optimizer = self.trainer.optimizers[0].state_dict()["state"]
        for index, moments in optimizer.items():
            tensors |= {f"adam/{index}/{key}": torch.as_tensor(v) for key, v in moments.items()}
        state = {
            "regions": self.regions.state(),
            "found": self.found,
            "seconds": self.seconds,
        }
        content = {k: v.detach().clone() for k, v in tensors.items()}
        replace_file(folder / STATE, save(content, {"state": json.dumps(state)}))

    def restore(self, folder: Path) -> None:
        path = folder / STATE
        state, stored = read_state(path)
        self.regions = ThreeRegions.restore(state["regions"])
        self.found, self.seconds = state["found"], state["seconds"]
        tables: dict[str, dict[str, Tensor]] = {}
        for key, value in stored.items():
            table, name = key.split("/", 1)
            tables.setdefault(table, {})[name] = value
        self.trainer.load_parameters(tables.pop("now"))
        moments: dict[int, dict[str, Tensor]] = {}
        for key, value in tables.pop("adam", {}).items():
            index, name = key.split("/")
            moments.setdefault(int(index), {})[name] = value
        optimizer = self.trainer.optimizers[0]
        optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
        self.kept = tables


def train_full_batch_member(
    network: NetworkConfig,
    config: FullBatchConfig,
    data: FullBatchData,
    *,
    seed: int,
    folder: Path,
    progress: Callable[[dict[str, Any]], None] | None = None,
) -> dict[Region, Parameters]:
    """Train one member until its regions are over; a second call goes on where one was killed.

    Parameters
    ----------
    network, config
        Settings.
    data
        Crystals and their losses.
    seed
        Seed of the initial weights.
    folder
        Receives the log, the state while training, and at the end one file of weights for each
        region and a summary, which says the epoch and the losses of each.
    progress
        Called with every record.

    Returns
    -------
    dict
        Weights at the extremum of the validation loss in each region that was reached, without
        the member axis.

    Raises
    ------
    DataError
        If a loss or a weight is not a finite number; the folder then holds the last state that was
        saved, and no weights.
    """
    done = folder / SUMMARY
    if done.exists():
        return {r: load_file(p) for r in REGIONS if (p := folder / f"{r}.safetensors").exists()}
    folder.mkdir(parents=True, exist_ok=True)
    optimizer = partial(
        torch.optim.AdamW,
        lr=config.learning_rate,
        weight_decay=config.weight_decay,
        fused=True,
    )
    device = data.geometry.numbers.device
    trainer = FullBatch(
        network,
        {name: value.to(device) for name, value in initialise(network, [seed]).items()},
        data.geometry,
        data.loss,
        train=data.train[None],
        held_out=data.held_out[None],
        make_optimizer=optimizer,
    )
    course = _Course(trainer, ThreeRegions(config.patience), {})
    if (folder / STATE).exists():
        course.restore(folder)
    _run(course, config, folder, progress)
    for region, table in course.kept.items():
        check_weights(table)
        weights = {k: v.contiguous() for k, v in member_parameters(table, 0).items()}
        replace_file(folder / f"{region}.safetensors", save(weights))
    summary = {
        "epochs": course.regions.epoch,
        "seconds": round(course.seconds, 1),
        "regions": course.found,
    }
    replace_file(done, json.dumps(summary) + "\n")
    (folder / STATE).unlink(missing_ok=True)
    return {r: member_parameters(course.kept[r], 0) for r in REGIONS if r in course.kept}


def _run(
    course: _Course,
    config: FullBatchConfig,
    folder: Path,
    progress: Callable[[dict[str, Any]], None] | None,
) -> None:
    regions = course.regions
    _drop_records_after(folder / LOG, regions.epoch)
    while regions.region is not None and regions.epoch < config.epochs:
        started, epoch = time.perf_counter(), regions.epoch
        train, held_out = (float(value[0]) for value in course.trainer.step(course.look))
        course.seconds += time.perf_counter() - started
        if epoch % config.log_every == 0:
            record = {
                "epoch": epoch,
                "train_loss": train,
                "validation_loss": held_out,
                "region": regions.region,
                "seconds": round(course.seconds, 2),
            }
            with (folder / LOG).open("a", encoding="utf-8") as log:
                log.write(json.dumps(record) + "\n")
            if progress is not None:
                progress(record)
        if regions.epoch % config.save_every == 0:
            course.save(folder)


def _drop_records_after(log: Path, epoch: int) -> None:
    """Epochs that a kill has lost will be written again."""
    if log.exists():
        lines = log.read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if _epoch_of(line) < epoch]
        replace_file(log, "".join(f"{line}\n" for line in kept))


def _epoch_of(line: str) -> float:
    """Epoch of a record; infinite for one that a kill has cut off."""
    try:
        return float(decode_json(line)["epoch"])
    except (ValueError, TypeError, KeyError):
        return math.inf
