"""Fine-tuning: every member of a model goes on from its parameters, on rows of one's own.

Two things keep it from forgetting: crystals of which it goes on saying what it said before
(`training.rehearsal`), and a pull of every parameter back to where it started (L2-SP).

References
----------
Li, Grandvalet and Davoine, ICML, PMLR 80, 2825 (2018); Li and Hoiem, IEEE Trans. Pattern Anal.
Mach. Intell. 40, 2935 (2018); Robins, Connection Science 7, 123 (1995).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase import Atoms
from jaxtyping import Bool, Int

from betenet.datasets.folds import fold_of, reduced_formula
from betenet.datasets.rows import TARGETS, Row, data_digest, spectra_digest
from betenet.ensemble.checkpoint import PARAMETERS
from betenet.ensemble.device import choose_place
from betenet.ensemble.ensemble import Ensemble
from betenet.errors import ConfigError
from betenet.graphs import CrystalGraph
from betenet.network.model import member_parameters
from betenet.runs import lock_folder
from betenet.toml_input import configure
from betenet.training.losses import LossConfig
from betenet.training.manifest import Told, begin_training
from betenet.training.member import MEMBER, Sample, row_weights, train_on_sample
from betenet.training.recipe import DataConfig, Recipe, TrainingConfig
from betenet.training.rehearsal import remembered_crystals, remembering
from betenet.training.run import train_all
from betenet.training.training_set import TrainingSet
from betenet.training.usable_rows import usable_rows

REHEARSAL = "rehearsal"
"""Source of the rows that are there against forgetting."""
HELD_OUT_FOLDS = 5
"""Each member leaves out one of so many parts of the own formulas, to choose when to stop."""
FEWEST_FORMULAS = 5
"""With fewer formulas of one's own none is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningConfig:
    """Schedule of a fine-tuning."""

    epochs: int = 10
    """Times that each own row is seen at most."""
    learning_rate: float = 1e-3
    """Peak of the one-cycle schedule; the shipped models were trained with 0.012."""
    pull: float = 1.0
    """Strength of the pull back to the start (`training.member.Sample`)."""
    rehearsal: int = 400
    """Crystals of the model's training that it goes on saying the same of."""
    rehearsal_weight: float = 2.0
    """Weight of all of these together beside that of all own rows."""
    dropout: float = 0.1
    batch_size: int = 32

    def __post_init__(self) -> None:
        for name in ("epochs", "learning_rate", "batch_size"):
            if getattr(self, name) <= 0:
                raise ConfigError(
                    f"{name} = {getattr(self, name)} tunes nothing.",
                    "It must be above zero.",
                    f"Give another {name}, or leave it out.",
                )
        for name in ("pull", "rehearsal", "rehearsal_weight", "dropout"):
            if getattr(self, name) < 0:
                raise ConfigError(
                    f"{name} = {getattr(self, name)} is below zero.",
                    "Nothing can be pulled or rehearsed by less than nothing.",
                    f"Give another {name}, or leave it out.",
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """What a fine-tuning learns from, ready for training.

    Attributes
    ----------
    recipe
        The model's network and loss with the schedule of the tuning.
    rows, graphs
        Own rows that can be used, then the crystals of the rehearsal.
    n_own
        Number of own rows.
    data
        These rows as tensors.
    refused
        Rows that cannot be used, with the reason.
    """

    recipe: Recipe
    config: TuningConfig
    rows: list[Row]
    graphs: list[CrystalGraph]
    n_own: int
    data: TrainingSet
    refused: list[str]

    @classmethod
    def load(
        cls, model: Ensemble, rows: Sequence[Row], others: Sequence[Atoms], config: TuningConfig
    ) -> Tuning:
        """Build the graph of every row and of every crystal of the rehearsal.

        Parameters
        ----------
        model
            The model that is tuned.
        rows
            Own rows; the source of each is one of the model's levels of theory.
        others
            Further crystals to rehearse on.
        config
            Settings.
        """
        recipe = tuning_recipe(model, config)
        crystals = [*remembered_crystals(model.training, config.rehearsal), *others]
        own = {row.formula for row in rows}
        rehearsed = [one for k, atoms in enumerate(crystals) for one in _rehearsed(k, atoms, own)]
        found = usable_rows([*rows, *rehearsed], recipe.network)
        return cls(
            recipe=recipe,
            config=config,
            rows=found.rows,
            graphs=found.graphs,
            n_own=sum(row.source != REHEARSAL for row in found.rows),
            data=TrainingSet.build(found.rows, found.crystals, recipe),
            refused=found.refused,
        )

    def held_out(self, member: int) -> Bool[np.ndarray, " row"]:
        """Own rows that a member does not learn from: those of one part of the formulas."""
        formulas = sorted({row.formula for row in self.rows[: self.n_own]}, key=_shuffled)
        if len(formulas) < FEWEST_FORMULAS:
            return np.zeros(len(self.rows), dtype=bool)
        part = formulas[member % HELD_OUT_FOLDS :: HELD_OUT_FOLDS]
        own = np.arange(len(self.rows)) < self.n_own
        return own & np.array([row.formula in part for row in self.rows])

    @property
    def rehearsal(self) -> Int[np.ndarray, " row"]:
        """Indices of the rows of the rehearsal (row,)."""
        return np.arange(self.n_own, len(self.rows))

    def train(self, model: Ensemble, member: int, folder: Path, device: str) -> dict[str, Any]:
        """Tune one member, from its parameters; the last record of its training."""
        start = {k: v.to(device) for k, v in member_parameters(model.parameters, member).items()}
        data = remembering(self.recipe, start, self.data, self.rehearsal)
        out = self.held_out(member)
        counts = torch.tensor((~out).astype(int))
        weights = row_weights(self.recipe, data, counts) * counts
        if len(self.rehearsal):
            own, others = weights[: self.n_own].sum(), weights[self.n_own :].sum()
            weights[self.n_own :] *= self.config.rehearsal_weight * own / others
            weights /= weights[counts > 0].mean()
        sample = Sample(
            in_bag=np.flatnonzero(~out),
            held_out=np.flatnonzero(out),
            weights=weights.float(),
            start=start,
            pull=self.config.pull,
        )
        last: dict[str, Any] = {}
        recipe = self.recipe
        if not out.any():
            recipe = replace(recipe, training=replace(recipe.training, keep="last"))
        train_on_sample(recipe, data, sample, member, folder, last.update, device)
        return {"member": member, "held_out": last.get("out_of_bag_loss")}


def _shuffled(formula: str) -> str:
    """Key that puts formulas into an order that is the same everywhere, and not alphabetical."""
    return f"{fold_of(formula, 1 << 30):010}{formula}"


def _rehearsed(number: int, atoms: Atoms, own: set[str]) -> list[Row]:
    """A crystal of the rehearsal as a row; none where own rows tell what its formula should be."""
    formula = reduced_formula(atoms.get_chemical_symbols())
    if formula in own:
        return []
    unknown = np.full(len(TARGETS), np.nan)
    name = f"{REHEARSAL}-{number}"
    return [Row(id=name, source=REHEARSAL, atoms=atoms, formula=formula, targets=unknown)]


def tuning_recipe(model: Ensemble, config: TuningConfig) -> Recipe:
    """The model's network and loss, with the schedule of a tuning.

    Parameters
    ----------
    model
        The model that is tuned.
    config
        Settings.

    Raises
    ------
    ConfigError
        If the model cannot be tuned: its networks take phonons, or it was not trained by a recipe
        of members in small batches.
    """
    if model.config.takes_phonons or "loss" not in model.card:
        why = "It has no record of the loss that it was trained with."
        if model.config.takes_phonons:
            why = "Its networks take the phonon density of states of each site."
        raise ConfigError(
            f"{model.name} cannot be tuned.",
            why,
            "Start from a model that was trained in small batches, as the shipped ones were.",
        )
    sources = (*model.config.sources, REHEARSAL)
    return Recipe(
        name=f"{model.name}-tuned",
        data=DataConfig(
            sources=sources,
            source_weights=(1.0,) * len(sources),
            levels=(*model.config.sources, model.config.sources[0]),
        ),
        network=model.config,
        loss=configure(LossConfig, model.card["loss"], "loss"),
        training=TrainingConfig(
            members=model.n_members,
            epochs=config.epochs,
            patience=config.epochs,
            batch_size=config.batch_size,
            learning_rate=config.learning_rate,
            weight_decay=0.0,
            dropout=config.dropout,
            average=0.9,
        ),
    )


def run_tuning(
    model: Ensemble,
    rows: Sequence[Row],
    others: Sequence[Atoms],
    config: TuningConfig,
    out: Path,
    *,
    workers: int | None = None,
    device: str = "cpu",
) -> None:
    """Tune the members that are not tuned yet.

    Parameters
    ----------
    model, rows, others, config
        As of `Tuning.load`.
    out
        Folder of the run.
    workers
        Processes; one for each core if absent.
    device
        Where the networks run.

    Raises
    ------
    ConfigError
        If the folder holds a run with other settings, or the model cannot be tuned.
    DataError
        If the rows have changed since the run was begun, or a loss is not a finite number.
    """
    choose_place(device)
    out.mkdir(parents=True, exist_ok=True)
    recipe = tuning_recipe(model, config)
    begun = hashlib.sha256((model.path / PARAMETERS).read_bytes()).hexdigest()
    rehearsed = [one for k, atoms in enumerate(others) for one in _rehearsed(k, atoms, set())]
    told = Told(
        {**recipe.to_dict(), "tuning": asdict(config), "start": begun},
        data_digest([*rows, *rehearsed]),
        spectra_digest(rows),
    )
    with lock_folder(out):
        members = range(model.n_members)
        waiting = [k for k in members if not (member_folder(out, k) / MEMBER).exists()]
        begin_training(out, told)
        arguments = (model.path, list(rows), list(others), config, out, device)
        train_all(waiting, make_tuner, arguments, of=len(members), workers=workers)


def member_folder(out: Path, member: int) -> Path:
    """Where a member of a tuning is kept."""
    return out / "full" / f"member-{member:02d}"


def make_tuner(
    path: Path,
    rows: Sequence[Row],
    others: Sequence[Atoms],
    config: TuningConfig,
    out: Path,
    device: str,
) -> Callable[[int], dict[str, Any]]:
    """Load model and rows in a process of its own; the function that tunes a member there."""
    torch.set_num_threads(1)
    model = Ensemble.load(path)
    tuning = Tuning.load(model, rows, others, config)

    def tune(member: int) -> dict[str, Any]:
        return tuning.train(model, member, member_folder(out, member), device)

    return tune
