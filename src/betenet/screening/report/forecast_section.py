"""What was expected of a screening before it ran, beside what it found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from betenet.pages.html import paragraph, parts, section, table, warning_box, with_small
from betenet.screening.report.summary import Summary

FORECAST = "forecast"


def forecast_section(found: Summary) -> str:
    """The forecast of the manifest, stage by stage; nothing without one.

    Parameters
    ----------
    found
        The screening. A forecast is a table as `Forecast.to_dict` writes it, or a text.
    """
    forecast = found.run.manifest.get(FORECAST)
    if not forecast:
        return ""
    title = "Forecast"
    if not isinstance(forecast, dict):
        return section(title, parts(__name__).frozen(str(forecast)))
    known = cast("dict[str, Any]", forecast)
    rows = [_row(stage, found) for stage in known.get("stages", ()) if isinstance(stage, dict)]
    head = ["stage", "pass, forecast", "passed", "precision", "recall", "core-hours"]
    return section(
        title,
        _whole(known),
        table("Made before the run; intervals of 95 % in small letters", head, rows),
        warning_box([str(text) for text in known.get("warnings", ())]),
    )


def _row(stage: Mapping[str, Any], found: Summary) -> list[str]:
    name = str(stage.get("name", ""))
    tally = found.stages.get(name)
    return [
        name,
        _cell(stage.get("passing"), 1.0, ".0f"),
        "–" if tally is None else str(tally.outcomes["passed"]),
        _cell(stage.get("precision"), 100.0, ".0f", " %"),
        _cell(stage.get("recall"), 100.0, ".0f", " %"),
        _cell(stage.get("core_hours"), 1.0, ".3g"),
    ]


def _whole(forecast: Mapping[str, Any]) -> str:
    """Sentence on what the forecast rests on."""
    parts = [
        f"{text}: {forecast[key]}"
        for key, text in (("n_candidates", "candidates"), ("table", "calibration table"))
        if key in forecast
    ]
    if parts:
        parts.append("precision and recall are of Tc from first principles above the threshold")
    return paragraph("; ".join(parts) + ".") if parts else ""


def _cell(interval: object, factor: float, form: str, unit: str = "") -> str:
    """A number with the ends of its 95 % interval."""
    if not isinstance(interval, dict):
        return "–"
    known = cast("dict[str, Any]", interval)
    numbers = [known.get(key) for key in ("value", "low_95", "high_95")]
    value, low, high = (factor * n if isinstance(n, int | float) else None for n in numbers)
    if value is None:
        return "–"
    text = f"{value:{form}}{unit}"
    if low is not None and high is not None:
        return with_small(text, f"{low:{form}}–{high:{form}}")
    return text
