"""The funnel of a screening: how many went into each stage, and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from math import log1p
from typing import Any

from betenet.pages.html import parts, section, warning_box
from betenet.screening.filters import INSULATOR
from betenet.screening.records import OUTCOMES, SOURCE
from betenet.screening.report.summary import StageTally, Summary
from betenet.screening.run_stage import RunStage

MOST_LISTED = 25
"""Kinds of reasons listed for each stage."""


def facts(found: Summary) -> str:
    """The numbers that a reader looks for first, and what is not done yet."""
    read, unfinished = found.stages[found.run.names[0]].taken, _open_stages(found)
    shortlist = f"passed {found.ranking.last!r} so far" if unfinished else "on the shortlist"
    dropped = sum(
        number
        for (outcome, reason), number in found.stages[SOURCE].reasons.items()
        if outcome == "rejected" and reason.partition(";")[0] == INSULATOR
    )
    shown = {
        "candidates read": read,
        **({"left out as likely insulators": dropped} if dropped else {}),
        "taken to the first stage": found.stages[found.run.names[0]].outcomes["passed"],
        shortlist: found.shortlisted,
    }
    return warning_box(unfinished) + parts(__name__).facts(
        [(_count(number), text) for text, number in shown.items()]
    )


def _open_stages(found: Summary) -> list[str]:
    """The first stage that has not taken all that passed the one before: later ones wait for it."""
    for before, stage in pairwise(found.run.stages):
        due = found.stages[before.name].outcomes["passed"]
        done = found.stages[stage.name].taken
        if done < due:
            text = f"This screening is not done: stage {stage.name!r} has taken {_count(done)} of "
            return [f"{text}{_count(due)} candidates. All numbers below may still change."]
    return []


def funnel_section(found: Summary) -> str:
    """A table with a bar for each stage."""
    widest = max(tally.taken for tally in found.stages.values())
    rows = [
        _row(stage, found.stages[stage.name], widest, first=not index)
        for index, stage in enumerate(found.run.stages)
    ]
    return section("Funnel", parts(__name__).funnel(OUTCOMES, rows))


def _row(stage: RunStage, tally: StageTally, widest: int, *, first: bool) -> dict[str, Any]:
    """What the table shows of a stage; without a bar where it has taken nothing."""
    width = 100.0 * log1p(tally.taken) / log1p(max(widest, 1))
    return {
        "stage": stage.name,
        "detail": "read, filters, duplicates" if first else _detail(stage),
        "width": f"{width:.1f}" if tally.taken else None,
        "taken": _count(tally.taken),
        "numbers": {outcome: tally.outcomes[outcome] for outcome in OUTCOMES},
        "shown": {outcome: _count(tally.outcomes[outcome]) for outcome in OUTCOMES},
        "seconds": _duration(tally.seconds),
    }


def _detail(stage: RunStage) -> str:
    parts = [stage.rules.text.format(stage.by)]
    if stage.wish:
        parts.append(f"{stage.score_in_words}: {stage.wish}")
    return "; ".join(part for part in parts if part)


def _duration(seconds: float) -> str:
    """Examples: 12 s, 3.4 min, 5.1 h.

    >>> _duration(12.3), _duration(200.0), _duration(7200.0), _duration(0.0)
    ('12 s', '3.3 min', '2.0 h', '–')
    """
    if seconds <= 0.0:
        return "–"
    if seconds < 100.0:
        return f"{seconds:.0f} s" if seconds >= 10.0 else f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 6000.0 else f"{seconds / 3600:.1f} h"


def _count(number: int) -> str:
    """With narrow spaces between the thousands, which no language takes for a decimal point."""
    return f"{number:,}".replace(",", "\u202f")


def reason_section(found: Summary) -> str:
    """Why candidates did not pass, counted."""
    blocks = [
        _reasons(stage.name, outcome, found.stages[stage.name].reasons)
        for stage in found.run.stages
        for outcome in ("failed", "rejected")
    ]
    shown = [block for block in blocks if block]
    return section("Why the others did not pass", *shown) if shown else ""


def _reasons(stage: str, outcome: str, counted: Mapping[tuple[str, str], int]) -> str:
    of_this = Counter({reason: n for (kind, reason), n in counted.items() if kind == outcome})
    if not of_this:
        return ""
    listed = sorted(of_this.items(), key=lambda item: (-item[1], item[0]))
    rows = [(_count(number), reason) for reason, number in listed[:MOST_LISTED]]
    if rest := listed[MOST_LISTED:]:
        rows.append((_count(sum(n for _, n in rest)), f"{len(rest)} other kinds of reasons"))
    caption = f"{stage}: {outcome}, {_count(of_this.total())}"
    return parts(__name__).words(caption, ["number", "reason"], rows, named=False)
