"""What a training was told: the recipe, and the digest of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from betenet.runs import ManifestKind, digest
from betenet.training.losses import GRID_SUM

NOT_IN_TRAINING = ("phonons", "phonons_of_files")
"""Data that the members do not depend on."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a training was told.

    Attributes
    ----------
    recipe
        The recipe as plain JSON values.
    rows
        Digest of the rows that it trains on.
    """

    recipe: Mapping[str, Any]
    rows: str


def begin_training(folder: Path, recipe: Mapping[str, Any], rows: str) -> None:
    """Begin a training, or go on with the one that is in the folder.

    Parameters
    ----------
    folder
        Folder of the run.
    recipe, rows
        As of `Told`. What the members do not depend on may differ from the beginning; the manifest
        then holds what is given now.

    Raises
    ------
    ConfigError
        If the run in the folder has another recipe or other rows: its members and new ones would
        not belong together. The message lists what differs.
    DataError
        If its manifest is damaged, or cannot be written.
    """
    told = Told(recipe, rows)
    if TRAINING.begin(folder, told) != told:
        TRAINING.write(folder, told)


def _decisive(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a recipe that decides the members."""
    table = dict(recipe)
    if isinstance(table.get("data"), dict):
        table["data"] = {k: v for k, v in table["data"].items() if k not in NOT_IN_TRAINING}
    if isinstance(table.get("loss"), dict) and table["loss"].get("moments") == GRID_SUM:
        # runs that were begun before the sum could be chosen go on
        table["loss"] = {k: v for k, v in table["loss"].items() if k != "moments"}
    return table


def _parse(table: dict[str, Any]) -> Told:
    told = Told(table["recipe"], table["data"])
    if table["settings"] != digest(_decisive(told.recipe)):
        raise ValueError("its recipe does not have the digest that it states")
    return told


TRAINING = ManifestKind(
    run="run",
    format=1,
    settings=lambda table: {**_decisive(table["recipe"]), "rows": table["data"]},
    parse=_parse,
    dump=lambda told: {
        "settings": digest(_decisive(told.recipe)),
        "data": told.rows,
        "recipe": told.recipe,
    },
    absent="Give the folder of a training.",
    remedy="Restore it from a copy, or remove it if the folder holds a run of this recipe.",
)
"""Manifests of trainings; under ``settings`` stands the digest of the recipe."""
