"""What a run was told: written once, and compared each time that the run goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from betenet.errors import ConfigError, DataError
from betenet.input_files import in_short
from betenet.json_differences import differences
from betenet.json_input import decode_json, read_json
from betenet.screening.records import MANIFEST, storable

FORMAT = 1
COMPARED = ("format", "source", "filters", "mu_star", "stages")
"""Keys that may not change in a run."""


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
    kept = {key: found.get(key) for key in COMPARED}
    apart = differences(kept, decode_json(json.dumps({key: wanted.get(key) for key in COMPARED})))
    if apart:
        raise ConfigError(
            f"{folder} holds a screening with other settings.",
            f"{apart}.",
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
        table = read_json(path)
        if not isinstance(table, dict):
            raise TypeError("it is no table")
        _check_stages(cast("dict[str, Any]", table).get("stages", []))
    except FileNotFoundError as error:
        raise DataError(
            f"There is no screening in {folder}.",
            f"It has no {path.name}.",
            "Give the folder that `betenet screen run --out` was given.",
        ) from error
    except (OSError, ValueError, TypeError) as error:
        raise DataError(
            f"The screening in {folder} cannot be read.",
            f"{path.name} is damaged: {in_short(error)}.",
            "Restore it from a copy; the records are in another file, and are kept.",
        ) from error
    return cast("dict[str, Any]", table)


def _check_stages(stages: object) -> None:
    if not isinstance(stages, list) or not all(
        isinstance(stage, dict) and isinstance(cast("dict[str, Any]", stage).get("name"), str)
        for stage in cast("list[object]", stages)
    ):
        raise ValueError("its stages are no list of tables with names")


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
            file.write(storable(json.dumps(table, ensure_ascii=False, indent=2)) + "\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(folder / MANIFEST)
    except OSError as error:
        raise DataError(
            f"Cannot write to {folder}.", f"{error}.", "Give a folder that can be written to."
        ) from error
