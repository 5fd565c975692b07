"""The funnel of a screening: how many went into each stage, and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from math import log1p

from betenet.pages.html import section, warning_box
from betenet.printable import escape
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
    items = "".join(
        f"<li><strong>{_count(n)}</strong>{escape(text)}</li>" for text, n in shown.items()
    )
    return warning_box(unfinished) + f'<ul class="facts">{items}</ul>'


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
    rows = "\n".join(
        _row(stage, found.stages[stage.name], widest, first=not index)
        for index, stage in enumerate(found.run.stages)
    )
    key = "".join(f'<i class="{outcome}"></i>{outcome}' for outcome in OUTCOMES)
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("stage", "in", *OUTCOMES, "computing")
    )
    return section(
        "Funnel",
        f'<div class="wide" tabindex="0"><table id="funnel"><caption>Candidates at each stage. '
        f'Widths are logarithmic, the parts of a bar are not. <span class="key">{key}</span>'
        f"</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>",
    )


def _row(stage: RunStage, tally: StageTally, widest: int, *, first: bool) -> str:
    detail = "read, filters, duplicates" if first else _detail(stage)
    numbers = "".join(f"<td>{_count(tally.outcomes[outcome])}</td>" for outcome in OUTCOMES)
    parts = "".join(
        f'<i class="{outcome}" style="--n:{tally.outcomes[outcome]}"></i>' for outcome in OUTCOMES
    )
    width = 100.0 * log1p(tally.taken) / log1p(max(widest, 1))
    bar = (
        f'<div class="stack" aria-hidden="true" style="--w:{width:.1f}">{parts}</div>'
        if tally.taken
        else ""
    )
    return (
        f'<tr><th scope="row">{escape(stage.name)}<small>{escape(detail)}</small>{bar}</th>'
        f"<td>{_count(tally.taken)}</td>{numbers}<td>{_duration(tally.seconds)}</td></tr>"
    )


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
    rows = [f"<tr><td>{_count(n)}</td><td>{escape(r)}</td></tr>" for r, n in listed[:MOST_LISTED]]
    if rest := listed[MOST_LISTED:]:
        rest_count = _count(sum(n for _, n in rest))
        rows.append(f"<tr><td>{rest_count}</td><td>{len(rest)} other kinds of reasons</td></tr>")
    caption = f"{stage}: {outcome}, {_count(of_this.total())}"
    return (
        f'<div class="wide" tabindex="0"><table class="words"><caption>{escape(caption)}</caption>'
        '<thead><tr><th scope="col">number</th><th scope="col">reason</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )
