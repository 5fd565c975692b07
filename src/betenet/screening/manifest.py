"""What a screening was told: written once, and compared each time that the run goes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from betenet.errors import ConfigError
from betenet.runs.manifest import MANIFEST, ManifestKind
from betenet.superconductivity.critical_temperature import SIMPLE_METHOD

FORMAT = 1
COMPARED = ("format", "source", "filters", "mu_star", "stages")
"""Keys that may not change in a run."""
TC_LABELS = "tc_labels"
"""Key of the formula of the Tc that thresholds were chosen by; absent, it is the simplified one."""
_MODEL_DIGEST, _PREDICTION_DIGEST = "model_digest", "prediction_digest"
SAME_PREDICTIONS: Mapping[str, str] = MappingProxyType(
    {
        # cso-1 and phonons-1, before the Tc of their cards were those of the full formula
        "e61fcc753314e4d8eef7810e0ca58defce418befdd6c859d4b542326c1cccd6e": (
            "96aa66fd0b1ae11e09f4e7e5e413b265a27a8fedff7a5d0b9155226a1ba63633"
        ),
        "f1c59d63f59454680749504d88c53c02d796262f5b171711366416b15ac52809": (
            "0ffcf199948f9141516592dbdec917879b6a69f0647622c7a9b0bb94fb300136"
        ),
    }
)
"""Digests of shipped models of earlier versions, and of those that predict the same to the last
digit: files of the network, its calibration and its correction are equal, the metrics of the card
are not. A screening that was begun with the former goes on with the latter. Manifests that have a
digest of what predicts alone need no such table."""


def _checked(table: dict[str, Any]) -> dict[str, Any]:
    stages = table.get("stages", [])
    if not isinstance(stages, list) or not all(
        isinstance(stage, dict) and isinstance(cast("dict[str, Any]", stage).get("name"), str)
        for stage in cast("list[object]", stages)
    ):
        raise ValueError("its stages are no list of tables with names")
    return table


def _settings(table: dict[str, Any]) -> dict[str, Any]:
    stages = [_compared(stage) for stage in table.get("stages", [])]
    return {**{key: table.get(key) for key in COMPARED}, "stages": stages}


def _compared(stage: dict[str, Any]) -> dict[str, Any]:
    """A stage without the digest of all files of its model, where what predicts has its own."""
    if _PREDICTION_DIGEST not in stage:
        return stage
    return {key: value for key, value in stage.items() if key != _MODEL_DIGEST}


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


def begin_screening(folder: Path, table: dict[str, Any]) -> None:
    """Begin a screening, or go on with the one that is in the folder.

    Parameters
    ----------
    folder
        Folder of the screening.
    table
        What it is told now.

    Raises
    ------
    ConfigError
        If the screening in the folder was told something else; the message lists what.
    DataError
        If its manifest is damaged, or cannot be written.

    Notes
    -----
    To a manifest of before, which had the digest of all files of a model, that of what predicts is
    added if the model is still the same.
    """
    if (folder / MANIFEST).exists():
        begun = SCREENING.read(folder)
        before, now = begun.get("stages", []), table["stages"]
        stages = [*map(_completed, before, now), *before[len(now) :]]
        if stages != before:
            SCREENING.write(folder, {**begun, "stages": stages})
    SCREENING.begin(folder, table)


def _completed(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """A stage of before with the digest of what predicts, if its model is that of now."""
    digest = before.get(_MODEL_DIGEST)
    if _PREDICTION_DIGEST in before or not isinstance(digest, str):
        return before
    if SAME_PREDICTIONS.get(digest, digest) != now.get(_MODEL_DIGEST):
        return before
    return {**before, _PREDICTION_DIGEST: now[_PREDICTION_DIGEST]}


def check_labels(folder: Path, tc_labels: str, table: str) -> None:
    """Check that a screening goes on by labels of the formula that its thresholds were chosen by.

    Parameters
    ----------
    folder
        Folder of the screening, which may not have begun.
    tc_labels
        Formula of the first-principles Tc of the calibration table.
    table
        Name of the table.

    Raises
    ------
    ConfigError
        If thresholds of the screening in the folder were chosen by labels of another formula.
    DataError
        If its manifest is damaged.
    """
    if not (folder / MANIFEST).exists():
        return
    begun = SCREENING.read(folder)
    before = begun.get(TC_LABELS, SIMPLE_METHOD)
    if before == tc_labels or not wishes(begun.get("stages", ())):
        return
    raise ConfigError(
        f"{folder} holds a screening whose thresholds were chosen by Tc of {before}.",
        f"The labels of {table} are by {tc_labels}: two scales of Tc would be mixed.",
        "Give the calibration table that it was begun with, finish it with the version of betenet "
        "in its manifest, or begin anew in another folder.",
    )


def wishes(stages: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a threshold of the stages was chosen from a calibration table."""
    return any("precision" in stage or "recall" in stage for stage in stages)


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
