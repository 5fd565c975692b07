"""A whole training run: every member of the ensemble and of every fold, one worker a core.

The run is a manifest and one folder for each member. A second start skips what is done and goes
on inside a member that was killed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor
from tqdm import tqdm

from betenet.datasets.folds import fold_of
from betenet.datasets.rows import Row, data_digest, spectra_digest
from betenet.datasets.training_rows import read_rows, tell_nobody
from betenet.ensemble.device import choose_place
from betenet.ensemble.site_phonons import MOST_IMAGINARY
from betenet.graphs import CrystalGraph
from betenet.network.phonon_shares import phonon_shares
from betenet.phonons.library import PhononLibrary
from betenet.runs import WorkerPool, lock_folder
from betenet.training.manifest import Told, begin_training
from betenet.training.member import MEMBER, train_member
from betenet.training.recipe import Recipe
from betenet.training.training_set import TrainingSet
from betenet.training.usable_rows import usable_rows

FULL = "full"
"""Folder of the members that see every fold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Data of a run, ready for training.

    Attributes
    ----------
    rows, graphs
        Usable rows and their graphs.
    data
        These rows as tensors.
    folds
        Fold of each row (row,).
    refused
        Rows that could not be used, with the reason.
    """

    recipe: Recipe
    rows: list[Row]
    graphs: list[CrystalGraph]
    data: TrainingSet
    folds: np.ndarray
    refused: list[str]

    @classmethod
    def load(cls, recipe: Recipe, folder: Path) -> Workload:
        """Read the recipe's sources and build every graph.

        Raises
        ------
        DataError
            If the data are absent.
        """
        found = usable_rows(read_rows(folder, recipe.data.sources), recipe.network)
        load = cls(
            recipe=recipe,
            rows=found.rows,
            graphs=found.graphs,
            data=TrainingSet.build(found.rows, found.crystals, recipe),
            folds=np.array([fold_of(row.formula, recipe.data.n_folds) for row in found.rows]),
            refused=found.refused,
        )
        if recipe.network.readout != "vibrations":
            return load
        return load.with_site_dos(recipe.data.learnt_phonons())

    def with_site_dos(self, library: PhononLibrary) -> Workload:
        """Data with the phonons of a library, where it has them.

        Those with more than `MOST_IMAGINARY` of imaginary modes are left out.
        """
        config = self.recipe.network
        found: list[Tensor] = []
        for row, graph in zip(self.rows, self.graphs, strict=True):
            shares = np.zeros((graph.n_sites, config.frequency_count))
            entry = library.find(row.id, graph.numbers.tolist())
            if entry is not None and entry.imaginary <= MOST_IMAGINARY:
                shares = phonon_shares(config.frequencies, entry.dos())
            found.append(torch.tensor(shares, dtype=torch.float32))
        return replace(self, data=replace(self.data, site_dos=tuple(found)))

    def allowed(self, fold: int | None) -> Bool[np.ndarray, " row"]:
        """Rows that may be trained on: not in the fold, and λ within the recipe's limit.

        For networks that learn vibrations: rows that have them.
        """
        others = np.asarray(self.folds != fold)
        if self.data.site_dos:
            return others & np.array([bool(one.any()) for one in self.data.site_dos])
        coupling = np.array([row.targets[0] for row in self.rows])
        return (coupling <= self.recipe.data.coupling_max) & others


@dataclass(frozen=True, slots=True)
class Job:
    """One member of one fold; the fold is None for the ensemble that sees everything."""

    fold: int | None
    member: int

    def seed(self, recipe: Recipe) -> int:
        """Every member of every fold has its own."""
        return (
            recipe.training.first_seed
            + self.member
            + 1000 * (0 if self.fold is None else self.fold + 1)
        )

    def __str__(self) -> str:
        run = "the ensemble" if self.fold is None else f"fold {self.fold}"
        return f"member {self.member} of {run}"

    def folder(self, out: Path) -> Path:
        """Where it is kept."""
        part = FULL if self.fold is None else f"fold-{self.fold}"
        return out / part / f"member-{self.member:02d}"


def run_training(
    recipe: Recipe,
    data: Path,
    out: Path,
    *,
    cross_validation_members: int = 0,
    ensemble: bool = True,
    workers: int | None = None,
    device: str = "cpu",
    told: Callable[[str], None] = tell_nobody,
) -> None:
    """Train what is not trained yet.

    Parameters
    ----------
    recipe
        Settings.
    data
        Folder of the first-principles data.
    out
        Folder of the run.
    cross_validation_members
        Members of each fold's ensemble; 0 for no cross-validation.
    ensemble
        Train the ensemble that sees every fold.
    workers
        Processes; one for each core if absent.
    device
        Where the networks run.
    told
        Called with a sentence on rows that are left out.

    Raises
    ------
    ConfigError
        If the folder holds a run with other settings, or the device cannot be used.
    DataError
        If the data or a library of phonons are absent, or the data have changed since the run was
        begun.
    """
    choose_place(device)
    for library in recipe.data.phonons:
        PhononLibrary.read(Path(library))  # the card needs it, hours later
    out.mkdir(parents=True, exist_ok=True)
    rows = read_rows(data, recipe.data.sources, told=told)
    learnt = Told(recipe.to_dict(), data_digest(rows), spectra_digest(rows))
    jobs = [Job(None, m) for m in range(recipe.training.members if ensemble else 0)]
    jobs += [
        Job(fold, m) for m in range(cross_validation_members) for fold in range(recipe.data.n_folds)
    ]
    with lock_folder(out):
        waiting = [job for job in jobs if not (job.folder(out) / MEMBER).exists()]
        begin_training(out, learnt)
        train_all(waiting, make_trainer, (recipe, data, out, device), of=len(jobs), workers=workers)


def train_all(
    waiting: Sequence[Any],
    make_work: Callable[..., Callable[[Any], dict[str, Any]]],
    arguments: tuple[Any, ...],
    *,
    of: int,
    workers: int | None,
) -> None:
    """Train members side by side, one process a core, with a bar.

    Parameters
    ----------
    waiting
        Members that are to be trained, as the work takes them.
    make_work, arguments
        As of `WorkerPool`; what the work returns is shown beside the bar.
    of
        Members of the run, with those that were trained before.
    workers
        Processes; one for each core if absent.

    Raises
    ------
    WorkerKilledError
        If a process was killed; the message names the member.
    Exception
        What else ended a member, once the others that were begun are done.
    """
    if not waiting:
        return
    count = min(workers or os.cpu_count() or 1, len(waiting))
    with (
        WorkerPool(count, make_work, arguments) as pool,
        tqdm(total=of, initial=of - len(waiting), unit=" members") as bar,
    ):
        failed: list[Exception] = []
        for _, answer in pool.work_through(one for one in waiting if not failed):
            if isinstance(answer, Exception):  # the others in hand go on, and keep their work
                pool.forget_waiting()
                failed.append(answer)
                bar.write(f"betenet: a member failed, no other is begun: {answer}", sys.stderr)
                continue
            bar.set_postfix(answer)
            bar.update()
    if failed:
        raise failed[0]


def make_trainer(
    recipe: Recipe, data: Path, out: Path, device: str = "cpu"
) -> Callable[[Job], dict[str, Any]]:
    """Load the data in a process of its own; the function that trains a member there."""
    torch.set_num_threads(1)
    load = Workload.load(recipe, data)

    def train(job: Job) -> dict[str, Any]:
        last: dict[str, Any] = {}
        allowed, seed = load.allowed(job.fold), job.seed(recipe)
        train_member(recipe, load.data, allowed, seed, job.folder(out), last.update, device)
        loss = last.get("out_of_bag_loss")
        return {"fold": job.fold, "member": job.member, "out_of_bag": loss}

    return train
