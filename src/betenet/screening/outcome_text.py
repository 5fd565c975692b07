"""How a screening ended, for a terminal: the best, what to expect, what was left out and why."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

from betenet.ensemble.estimate import Estimate
from betenet.ensemble.prediction import TC_PROBABILITY
from betenet.printable import from_cell, printable
from betenet.quantities import QUANTITIES
from betenet.screening.intervals import Interval
from betenet.screening.records import UNKNOWN
from betenet.screening.results import RANKED
from betenet.screening.store import RecordStore

BEST = 10
"""Candidates that are named."""
REASONS = 4
"""Reasons that are told of each stage; the others are counted."""
_NUMBER = re.compile(r" = \S+ is ")
_TC = QUANTITIES["tc"].export_key


def outcome_text(folder: Path, store: RecordStore, forecast: Mapping[str, Any] | None) -> str:
    """What came out of a screening whose results are written.

    Parameters
    ----------
    folder
        The folder of the run.
    store
        Records of the run.
    forecast
        Forecast that is kept with the run, as `Forecast.to_dict` gives it; None if there is none.
    """
    lines = [*_best(folder / RANKED), *expected_lines(forecast), *left_out_lines(store)]
    return "\n".join(lines)


def _best(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="") as file:
        ranked = csv.DictReader(file)
        rows = list(islice(takewhile(lambda row: row["outcome"] == "passed", ranked), BEST))
    if not rows:
        yield "nothing has passed"
        return
    cells = [("the best", "formula", "Tc (K)", "P(Tc > 5 K)", "found"), *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield line.rstrip()


def _cells(row: Mapping[str, str]) -> tuple[str, ...]:
    low, high = (float(row[f"{_TC}_{end}_68"] or math.nan) for end in ("low", "high"))
    tc = Estimate(
        key="tc",
        value=float(row[_TC] or math.nan),
        std=math.nan,
        interval_68=(low, high),
        interval_95=(math.nan, math.nan),
    )
    chance = row.get(TC_PROBABILITY)
    found = (row.get("findings") or "").replace("_", " ")
    return (
        printable(from_cell(row["name"])),
        printable(from_cell(row["formula"])),
        tc.as_text(unit=False),
        f"{float(chance):.2f}" if chance else "unknown",
        found,
    )


def expected_lines(forecast: Mapping[str, Any] | None) -> Iterator[str]:
    """What was to be expected of a screening; nothing without a forecast."""
    if forecast is None:
        return
    if forecast.get("extrapolated"):
        yield f"no forecast: {forecast['extrapolated']}"
        return
    precision, recall = (
        Interval.from_dict(forecast[key]).as_text(percent=True) for key in ("precision", "recall")
    )
    yield (
        f"to be expected: {precision} of what passed have Tc > 5 K, and {recall} of all that have "
        "it passed (95 % intervals)"
    )


def left_out_lines(store: RecordStore) -> Iterator[str]:
    """How many candidates each stage has left out, and for which reasons."""
    by_stage: dict[str, Counter[str]] = {}
    for stage, outcome, reason, count in store.reasons():
        kind = _kind(reason, failed=outcome == "failed")
        by_stage.setdefault(stage, Counter())[kind] += count
    if by_stage:
        yield "left out:"
    for stage, kinds in by_stage.items():
        told = [f"{count} {kind}" for kind, count in kinds.most_common(REASONS)]
        rest = sum(kinds.values()) - sum(count for _, count in kinds.most_common(REASONS))
        others = [f"{rest} for other reasons (report.html)"] if rest else []
        yield f"  {stage}: {'; '.join([*told, *others])}"
    kinds_of_all = [kind for kinds in by_stage.values() for kind in kinds]
    if any(kind.startswith(UNKNOWN) for kind in kinds_of_all):
        yield "  (keep_unknown = true of a stage lets pass what the model does not know)"


def _kind(reason: str, *, failed: bool) -> str:
    """A reason without its numbers and names: what many have in common."""
    if failed:  # the message of an error, which begins with the name
        summary = reason.split(" Reason: ", maxsplit=1)[0]
        return f"failed: {printable(summary.partition(': ')[2] or summary)}"
    return printable(_NUMBER.sub(" is ", reason))
