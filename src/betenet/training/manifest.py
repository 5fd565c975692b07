"""What a training was told: the recipe, and the digests of its rows, their spectra and its bags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from betenet.errors import DataError
from betenet.runs import ManifestKind, digest
from betenet.training.losses import GRID_SUM

NOT_IN_TRAINING = ("phonons", "phonons_of_files")
"""Data that the members do not depend on."""
SHOWN = 8
"""Members that are listed where their bags have changed."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a training was told.

    Attributes
    ----------
    recipe
        The recipe as plain JSON values.
    rows
        Digest of the rows that it trains on.
    spectra
        Digest of their spectra; empty if the run was begun when that was not kept.
    bags
        Digest of the published bag of each member, by its number, as far as they were read.
    """

    recipe: Mapping[str, Any]
    rows: str
    spectra: str = ""
    bags: Mapping[str, str] = field(default_factory=dict[str, str])


def begin_training(folder: Path, told: Told) -> None:
    """Begin a training, or go on with the one that is in the folder.

    Parameters
    ----------
    folder
        Folder of the run.
    told
        What it is told now. What the members do not depend on may differ from the beginning; the
        manifest then holds what is given now. What it did not hold yet is added to it.

    Raises
    ------
    ConfigError
        If the run in the folder has another recipe or other rows: its members and new ones would
        not belong together. The message lists what differs.
    DataError
        If the spectra of the rows or the bags have changed since it was begun; or if the manifest
        is damaged, or cannot be written.
    """
    before = TRAINING.begin(folder, told)
    check_unchanged(folder, before, told)
    bags = {**before.bags, **told.bags}
    now = replace(told, spectra=told.spectra or before.spectra, bags=bags)
    if before != now:
        TRAINING.write(folder, now)


def check_unchanged(folder: Path, before: Told, now: Told) -> None:
    """Check that data are those that a training has learnt from, as far as its manifest tells.

    Parameters
    ----------
    folder
        Folder of the run.
    before, now
        What it was told, and what is there now.

    Raises
    ------
    DataError
        If rows, their spectra or a bag have changed.
    """
    changed = ["the rows"] if before.rows != now.rows else []
    if before.spectra and now.spectra and before.spectra != now.spectra:
        changed.append("the spectra of the rows")
    bags = [name for name in sorted(now.bags, key=int) if name in before.bags]
    others = [name for name in bags if before.bags[name] != now.bags[name]]
    if others:
        shown = ", ".join(others[:SHOWN]) + (" and others" if others[SHOWN:] else "")
        changed.append(f"the published bags of members {shown}")
    if changed:
        raise DataError(
            f"{folder} holds a run that has learnt from other data.",
            f"Changed since it was begun: {'; '.join(changed)}.",
            "Give the data that it was begun with, or another folder.",
        )


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
    told = Told(
        recipe=table["recipe"],
        rows=table["data"],
        spectra=table.get("spectra", ""),
        bags=dict(table.get("bags", {})),
    )
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
        **({"spectra": told.spectra} if told.spectra else {}),
        **({"bags": told.bags} if told.bags else {}),
        "recipe": told.recipe,
    },
    absent="Give the folder of a training.",
    remedy="Restore it from a copy, or remove it if the folder holds a run of this recipe.",
)
"""Manifests of trainings; under ``settings`` stands the digest of the recipe."""
