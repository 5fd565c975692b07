"""What a screening was told: written once, and compared each time that the run goes on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from betenet.runs.manifest import ManifestKind

FORMAT = 1
COMPARED = ("format", "source", "filters", "mu_star", "stages")
"""Keys that may not change in a run."""


def _checked(table: dict[str, Any]) -> dict[str, Any]:
    stages = table.get("stages", [])
    if not isinstance(stages, list) or not all(
        isinstance(stage, dict) and isinstance(cast("dict[str, Any]", stage).get("name"), str)
        for stage in cast("list[object]", stages)
    ):
        raise ValueError("its stages are no list of tables with names")
    return table


def _settings(table: dict[str, Any]) -> dict[str, Any]:
    return {key: table.get(key) for key in COMPARED}


SCREENING: ManifestKind[dict[str, Any]] = ManifestKind(
    run="screening",
    format=FORMAT,
    settings=_settings,
    parse=_checked,
    dump=dict,
    absent="Give the folder that `betenet screen run --out` was given.",
    remedy="Restore it from a copy; the records are in another file, and are kept.",
)
"""Manifests of screenings: tables with the funnel, the stages and the digests of models."""


def keep_forecast(folder: Path, forecast: Mapping[str, Any]) -> None:
    """Add to a manifest what is expected now; what was expected before the run stays.

    Raises
    ------
    DataError
        If the manifest cannot be read or written.
    """
    table = SCREENING.read(folder)
    if "forecast" in table:
        table.setdefault("forecast_before", table["forecast"])
    SCREENING.write(folder, {**table, "forecast": dict(forecast)})
