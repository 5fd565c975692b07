"""A forecast for a terminal."""

from __future__ import annotations

from betenet.screening.forecast import Forecast, StageForecast
from betenet.screening.intervals import Interval

HEADS = ("stage", "threshold", "in", "out", "precision", "recall", "core-hours")


def forecast_text(found: Forecast) -> str:
    """Stages in a table, the whole, and what to mind; intervals of 95 % in brackets."""
    lines = [HEADS, *(_line(stage) for stage in found.stages)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADS))]
    table = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    table.insert(1, "─" * (sum(widths) + 2 * (len(widths) - 1)))
    rows = f"{found.rows} rows of {found.table}"
    if found.reweighted:
        rows += f", weighted to the candidates' scores: as good as {found.n_effective:.0f}"
    precision, recall = (one.as_text(percent=True) for one in (found.precision, found.recall))
    shares = f"precision {precision}, recall {recall}"
    whole = [
        "",
        f"Of {_count(found.n_candidates)} candidates {found.positives.as_text()} are to be found.",
        f"The shortlist has {found.shortlist.as_text()}; {shares}.",
        f"It costs {found.core_hours.as_text()} core-hours.",
        f"Intervals of 95 % in brackets, from {rows}.",
    ]
    if found.direct is not None:
        whole.append(
            f"By the sum of their probabilities {found.direct.promised:.3g} are to be found; on "
            f"the table {found.direct.kept.as_text(percent=True)} of such a sum came true: "
            f"{found.direct.positives.as_text()}."
        )
    doubt = f"An extrapolation, not a forecast: {found.extrapolated}."
    first = [doubt] if found.extrapolated else []
    return "\n".join([*first, *table, *whole, *(f"! {one}" for one in found.warnings)])


def _line(stage: StageForecast) -> tuple[str, ...]:
    threshold = "–" if stage.threshold is None else f"{stage.threshold.value:.3g}"
    if stage.threshold is not None and stage.threshold.criterion != "threshold":
        threshold += f" ({stage.threshold.criterion} {stage.threshold.wanted:g})"
    return (
        stage.name,
        threshold,
        _rounded(stage.entering),
        _rounded(stage.passing),
        stage.precision.as_text(percent=True),
        stage.recall.as_text(percent=True),
        stage.core_hours.as_text(),
    )


def _rounded(count: Interval) -> str:
    names = ("value", "low_68", "high_68", "low_95", "high_95")
    return Interval(**{name: round(getattr(count, name)) for name in names}).as_text()


def _count(value: int) -> str:
    return f"{value:,}".replace(",", " ")
