"""What a run was told: written once, and compared each time that the run goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from betenet.errors import ConfigError, DataError
from betenet.screening.records import MANIFEST

FORMAT = 1
COMPARED = ("format", "source", "filters", "mu_star", "stages")
"""Keys that may not change in a run."""
SHOWN = 8
"""Differences that are listed."""


def agree_on(folder: Path, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Write the manifest of a new run, or compare it with that of the run that is there.

    Returns
    -------
    dict
        The manifest that is in the folder.

    Raises
    ------
    ConfigError
        If the run in the folder was told something else; the message lists what.
    DataError
        If its manifest cannot be read or written.
    """
    path = folder / MANIFEST
    if not path.exists():
        write_manifest(folder, wanted)
        return dict(wanted)
    found = read_manifest(folder)
    differences = [line for key in COMPARED for line in _differ(key, found, wanted)]
    if differences:
        more = "" if len(differences) <= SHOWN else f"; and {len(differences) - SHOWN} more"
        raise ConfigError(
            f"{folder} holds a screening with other settings.",
            "; ".join(differences[:SHOWN]) + more + ".",
            "Give another folder, or the settings of that screening.",
        )
    return found


def keep_forecast(folder: Path, forecast: Mapping[str, Any]) -> None:
    """Add to a manifest what is expected now; what was expected before the run stays.

    Raises
    ------
    DataError
        If the manifest cannot be read or written.
    """
    table = read_manifest(folder)
    if "forecast" in table:
        table.setdefault("forecast_before", table["forecast"])
    write_manifest(folder, {**table, "forecast": dict(forecast)})


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a run.

    Raises
    ------
    DataError
        If there is none, or it is damaged.
    """
    path = folder / MANIFEST
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(table, dict):
            raise TypeError("it is no table")
    except (OSError, ValueError, TypeError) as error:
        raise DataError(
            f"There is no screening in {folder}.",
            f"{path.name} cannot be read: {error}.",
            "Give the folder that `betenet screen run --out` was given.",
        ) from error
    return cast("dict[str, Any]", table)


def write_manifest(folder: Path, table: Mapping[str, Any]) -> None:
    """Write the manifest: the file appears whole or not at all.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    part = folder / f"{MANIFEST}.part"
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(json.dumps(table, ensure_ascii=False, indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(folder / MANIFEST)
    except OSError as error:
        raise DataError(
            f"Cannot write to {folder}.", f"{error}.", "Give a folder that can be written to."
        ) from error


def _differ(key: str, found: object, wanted: object) -> Iterator[str]:
    """Lines that say where two values under a key differ."""
    *_, last = key.split(".")
    old, new = _item(found, last), _item(wanted, last)
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*cast("dict[str, Any]", old), *cast("dict[str, Any]", new)}):
            yield from _differ(f"{key}.{name}", old, new)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):  # pyright: ignore[reportUnknownArgumentType]
        for index in range(len(new)):  # pyright: ignore[reportUnknownArgumentType]
            yield from _differ(f"{key}.{index}", old, new)
    else:
        yield f"{key} is {json.dumps(old)} there and {json.dumps(new)} here"


def _item(table: object, key: str) -> object:
    if isinstance(table, list):
        return cast("list[object]", table)[int(key)]
    return cast("dict[str, object]", table).get(key)
