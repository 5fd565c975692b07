"""What a full-batch training has left in its folder: logs, regions and their weights.

A run that is still going on can be read, too: its members keep a state, with the weights of the
regions that they have reached so far.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
from jaxtyping import Float, Int, Shaped
from safetensors.torch import load_file

from betenet.datasets.training_rows import read_rows
from betenet.ensemble.checkpoint import read_state
from betenet.errors import ConfigError, DataError, ModelError
from betenet.json_input import decode_json, read_json
from betenet.network.layers import Parameters
from betenet.network.model import member_parameters
from betenet.runs import MANIFEST
from betenet.training.bags import bag_of
from betenet.training.full_batch_member import LOG, STATE, SUMMARY, FullBatchData
from betenet.training.full_batch_recipe import KIND, FullBatchRecipe
from betenet.training.full_batch_run import FullBatchLoad, member_folder, what_is_told
from betenet.training.manifest import TRAINING, Told, check_unchanged
from betenet.training.regions import REGIONS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LearningCurve:
    """Losses of one member at the recorded epochs.

    Attributes
    ----------
    epochs
        Epochs, the first one is 0.
    train, validation
        Losses [the loss's own].
    regions
        Region of the training at each of them; ``""`` after the last one.
    seconds
        Time that the training has taken up to the last record [s].
    """

    epochs: Int[np.ndarray, " record"]
    train: Float[np.ndarray, " record"]
    validation: Float[np.ndarray, " record"]
    regions: Shaped[np.ndarray, " record"]
    seconds: float


@dataclass(frozen=True, kw_only=True, eq=False)
class FullBatchResults:
    """A full-batch run, finished or under way.

    Attributes
    ----------
    folder
        Folder of the run.
    recipe
        Its settings.
    data
        Folder of the first-principles data.
    told
        What its manifest says of the recipe and of the data.
    """

    folder: Path
    recipe: FullBatchRecipe
    data: Path
    told: Told
    _bags: dict[int, np.ndarray] = field(default_factory=dict[int, np.ndarray])

    @classmethod
    def open(cls, folder: str | Path, data: str | Path) -> FullBatchResults:
        """Read the settings of a run from its manifest.

        Raises
        ------
        ConfigError
            If it is no folder of a full-batch run.
        """
        path = Path(folder) / MANIFEST
        try:
            manifest: Any = read_json(path)
            told = TRAINING.parse(manifest)
            kind = told.recipe.get("method")
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(
                f"{folder} is not the folder of a training run.",
                f"Its {MANIFEST} cannot be read: {error}.",
                "Give the folder that `betenet train RECIPE --out DIR` has written.",
            ) from error
        if kind != KIND:
            raise ConfigError(
                f"{folder} holds a training that is not full batch.",
                "It has no regions of a double descent, and no weights of them.",
                f'Give the folder of a run whose recipe says method = "{KIND}".',
            )
        recipe = FullBatchRecipe.from_dict(told.recipe)
        return cls(folder=Path(folder), recipe=recipe, data=Path(data), told=told)

    @property
    def members(self) -> tuple[int, ...]:
        """Members that have begun."""
        paths = self.folder.glob(f"member-*/{LOG}")
        return tuple(sorted(int(path.parent.name.removeprefix("member-")) for path in paths))

    @property
    def members_with_weights(self) -> tuple[int, ...]:
        """Members whose training is over."""
        return tuple(m for m in self.members if (self._member(m) / SUMMARY).exists())

    def curve(self, member: int) -> LearningCurve:
        """Losses of a member, without a last record that is still being written.

        Raises
        ------
        DataError
            If it has no record yet.
        """
        path = self._member(member) / LOG
        records: list[Mapping[str, Any]] = []
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                records.append(cast("dict[str, Any]", decode_json(line)))
            except ValueError:
                continue  # cut off
        if not records:
            raise DataError(
                f"Member {member} of {self.folder} has no record.",
                f"{path} is empty: its first epochs are not done.",
                "Wait, or choose another member.",
            )
        return LearningCurve(
            epochs=np.array([record["epoch"] for record in records], dtype=np.int64),
            train=np.array([record["train_loss"] for record in records], dtype=np.float64),
            validation=np.array([r["validation_loss"] for r in records], dtype=np.float64),
            regions=np.array([record["region"] or "" for record in records]),
            seconds=float(records[-1]["seconds"]),
        )

    def extrema(self, member: int) -> dict[str, dict[str, float]]:
        """Epoch, training and validation loss of the extremum of each region reached so far."""
        summary = self._member(member) / SUMMARY
        if summary.exists():
            return cast("Any", read_json(summary))["regions"]
        found = self._state(member)[0].get("found", {})
        return {region: found[region] for region in REGIONS if region in found}

    def weights(self, member: int) -> dict[str, Parameters]:
        """Weights at those extrema, without the member axis."""
        folder = self._member(member)
        paths = {region: folder / f"{region}.safetensors" for region in REGIONS}
        kept = {region: load_file(path) for region, path in paths.items() if path.exists()}
        if kept:
            return kept
        stored = self._state(member)[1]
        for region in REGIONS:
            table = {
                name.removeprefix(f"{region}/"): value
                for name, value in stored.items()
                if name.startswith(f"{region}/")
            }
            if table:
                kept[region] = member_parameters(table, 0)
        return kept

    @cached_property
    def load(self) -> FullBatchLoad:
        """Rows of the run, with their geometry and their targets.

        Raises
        ------
        DataError
            If the data cannot be read, or are not those that the run has learnt from.
        """
        rows = read_rows(self.data, self.recipe.sources)
        listed = [int(member) for member in self.told.bags]
        now = what_is_told(self.recipe, rows, self.data, listed)
        check_unchanged(self.folder, self.told, now)
        return FullBatchLoad.build(rows, self.recipe.network, self.recipe.phonon_dos)

    def bag(self, member: int) -> Int[np.ndarray, " row"]:
        """How often each row is in a member's bag; 0 for those that validate."""
        if member not in self._bags:
            self._bags[member] = bag_of(self.recipe, self.load.rows, member, self.data)
        return self._bags[member]

    def learned(self, member: int) -> FullBatchData:
        """What a member learns from."""
        return self.load.data(self.recipe, self.bag(member))

    def _state(self, member: int) -> tuple[dict[str, Any], dict[str, Any]]:
        path = self._member(member) / STATE
        try:
            return read_state(path) if path.exists() else ({}, {})
        except ModelError:  # the training is over now, or has just replaced it
            return {}, {}

    def _member(self, member: int) -> Path:
        return member_folder(self.folder, member)
