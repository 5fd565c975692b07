"""The ranked candidates as a table that a reader can sort, search and page through."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from betenet.ensemble.prediction import TC_PROBABILITY
from betenet.printable import escape
from betenet.quantities import QUANTITIES
from betenet.screening.candidates import BAND_GAP, HULL_DISTANCE
from betenet.screening.kinds import IMAGINARY
from betenet.screening.report.summary import Summary
from betenet.screening.rows import Row, score_column
from betenet.structures.as_read import ANGLES, LENGTHS

MOST_WORDS = 200
"""Letters of one cell's text: a source's words could be endless."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table.

    Attributes
    ----------
    key
        Word that it is sorted by in an address, as ``#sort=tc_kelvin``.
    heading
        Heading of the column, as HTML.
    cell
        Function that gives the HTML of a row.
    number
        Function that gives the number by which it is sorted; by its text without.
    """

    key: str
    heading: str
    cell: Callable[[Row], str]
    number: Callable[[Row], float] | None = None


def ranked_table(found: Summary) -> str:
    """The table as HTML, complete without a script.

    Parameters
    ----------
    found
        The screening, whose best rows are shown.
    """
    shown = _columns(found)
    heading = "".join(f'<th scope="col" data-key="{c.key}">{c.heading}</th>' for c in shown)
    lines = "\n".join(_line(rank, row, shown) for rank, row in enumerate(found.best, start=1))
    return (
        f'{_CONTROLS}<div class="wide" tabindex="0" id="ranking-frame">'
        f'<table id="ranking"><caption>{escape(_caption(found))}</caption>\n<thead><tr>'
        f'<th scope="col" data-key="rank">#</th>{heading}</tr></thead>\n'
        f"<tbody>\n{lines}\n</tbody></table></div>{_PAGER}"
    )


def _caption(found: Summary) -> str:
    rows, last = len(found.best), found.ranking.last
    passed = min(found.shortlisted, rows)
    text = f"{passed} candidates passed {last!r}, the best first"
    if rows > passed:
        text += f"; below them {rows - passed} that reached it and did not pass"
    if rows < found.ranked:
        text += f". Only the first {rows} of {found.ranked} are on this page: report.csv has all"
    return text + "."


def _columns(found: Summary) -> list[Column]:
    top = max((_of(row, "tc_kelvin_high_68") for row in found.best), default=1.0)
    top = max(top, max((_of(row, "tc_kelvin") for row in found.best), default=1.0), 1e-9)
    numbers = {
        "n_atoms": ("atoms", "{:.0f}"),
        HULL_DISTANCE: ("above hull<br><small>eV/atom</small>", "{:.3f}"),
        BAND_GAP: ("gap<br><small>eV</small>", "{:.2f}"),
    }
    candidates = [
        Column("formula", "formula", lambda row: _words(row["formula"])),
        Column(
            "tc_kelvin",
            "Tc<br><small>K, with 68 %</small>",
            lambda row: _bar(row, top),
            lambda row: _of(row, "tc_kelvin"),
        ),
        _plain(TC_PROBABILITY, "P<br><small>Tc&nbsp;&gt;&nbsp;5&nbsp;K</small>", "{:.2f}"),
        *(_interval(key) for key in ("coupling", "omega_log", "omega_2")),
        _plain(IMAGINARY, "imaginary<br><small>of modes</small>", "{:.1%}"),
        *(_plain(*of) for of in _earlier_scores(found)),
        *(_plain(key, *how) for key, how in numbers.items()),
        Column("space_group", "space group", _group, lambda row: _of(row, "space_group_number")),
        _plain("volume_per_atom_angstrom3", "volume<br><small>Å³/atom</small>", "{:.1f}"),
        Column("flags", "flags", _flags, _flag_count),
        Column("outcome", "result", _outcome),
        Column("name", "name", lambda row: _words(row["name"])),
    ]
    # what nobody knows has no column
    return [c for c in candidates if any(c.cell(row) for row in found.best) or c.key == "formula"]


def _earlier_scores(found: Summary) -> Iterable[tuple[str, str, str]]:
    """Scores that the other columns do not show: of the stages before the one that ranks."""
    for stage in found.run.stages[1:]:
        column = score_column(stage.name)
        if stage.name != found.ranking.by and stage.rules.ranks:
            words = escape(stage.score_in_words)
            heading = f"{escape(stage.name)}<br><small>{words}</small>"
            yield column, heading, "{:.3g}"


def _line(rank: int, row: Row, shown: Sequence[Column]) -> str:
    cells: list[str] = []
    for column in shown:
        tag, end = ('th scope="row"', "th") if column.key == "formula" else ("td", "td")
        number = "" if column.number is None else _attribute(column.number(row))
        kind = ' class="text"' if column.number is None and end == "td" else ""
        cells.append(f"<{tag}{kind}{number}>{column.cell(row)}</{end}>")
    return f'<tr data-outcome="{escape(str(row["outcome"]))}"><td>{rank}</td>{"".join(cells)}</tr>'


def _attribute(number: float) -> str:
    return f' data-v="{number:.6g}"' if math.isfinite(number) else ""


def _plain(key: str, heading: str, form: str) -> Column:
    def cell(row: Row) -> str:
        number = _of(row, key)
        return form.format(number).replace("-", "−") if math.isfinite(number) else ""

    return Column(key, heading, cell, lambda row: _of(row, key))


def _interval(key: str) -> Column:
    """A value with its 68 % interval in small letters."""
    quantity = QUANTITIES[key]
    column, digits = quantity.export_key, 2 if quantity.export_unit == "1" else 0
    unit = "" if quantity.export_unit == "1" else f"<br><small>{quantity.export_unit}</small>"

    def cell(row: Row) -> str:
        value, low, high = (_of(row, column + end) for end in ("", "_low_68", "_high_68"))
        if not math.isfinite(value):
            return ""
        text = f"{value:.{digits}f}"
        if math.isfinite(low) and math.isfinite(high):
            text += f"<br><small>{low:.{digits}f}–{high:.{digits}f}</small>"
        return text

    return Column(column, quantity.symbol + unit, cell, lambda row: _of(row, column))


def _bar(row: Row, top: float) -> str:
    """Tc, its interval in small letters, and both on a scale that all rows share."""
    value, low, high = (_of(row, f"tc_kelvin{end}") for end in ("", "_low_68", "_high_68"))
    if not math.isfinite(value):
        return ""
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"{value:.1f}"
    places = ";".join(
        f"--{name}:{100.0 * number / top:.1f}"
        for name, number in (("a", low), ("b", high), ("m", value))
    )
    return (
        f'{value:.1f} <small>{low:.1f}–{high:.1f}</small><span class="bar" style="{places}"></span>'
    )


def _outcome(row: Row) -> str:
    outcome = escape(str(row["outcome"]))
    badge = f'<span class="badge {outcome}">{outcome}</span>'
    reason = row["reason"]
    return f"{badge}<br><small>{_words(reason)}</small>" if reason else badge


def _group(row: Row) -> str:
    """Space group, and in small letters the cell as it was read."""
    if not row.get("space_group"):
        return ""
    lengths, angles = (
        " ".join(f"{_of(row, key):.{digits}f}" for key in keys)
        for keys, digits in ((LENGTHS, 3), (ANGLES, 1))
    )
    number, sites = _of(row, "space_group_number"), _of(row, "n_sites")
    cell = f"{lengths} Å, {angles}°, {sites:.0f} site{'s' if sites != 1 else ''}"
    return f"{_words(row['space_group'])} ({number:.0f})<br><small>{cell}</small>"


def _flags(row: Row) -> str:
    flags = _warnings(row)
    if not flags:
        return ""
    items = "".join(f"<li>{_words(flag)}</li>" for flag in flags)
    count = f"{len(flags)} flag{'s' if len(flags) > 1 else ''}"
    found = _words(str(row.get("findings") or "").replace("_", " "))
    heading = f"{count}: {found}" if found else count
    return f"<details><summary>{heading}</summary><ul>{items}</ul></details>"


def _flag_count(row: Row) -> float:
    return float(len(_warnings(row)))


def _warnings(row: Row) -> list[str]:
    warnings = row["warnings"]
    return warnings if isinstance(warnings, list) else []


def _words(text: object) -> str:
    plain = str(text)
    return escape(plain if len(plain) <= MOST_WORDS else plain[: MOST_WORDS - 1] + "…")


def _of(row: Row, key: str) -> float:
    value = row.get(key)
    return float(value) if isinstance(value, int | float) else math.nan


_CONTROLS = """<form id="controls" hidden role="search" autocomplete="off">
<label>Search <input type="search" id="query" placeholder="Nb N -U  or  mp-12"
 aria-describedby="query-help"></label>
<label>Result <select id="outcome"><option value="">all</option><option>passed</option>
<option>rejected</option><option>failed</option></select></label>
<label>Rows <select id="size"><option>25</option><option selected>50</option>
<option>200</option><option>1000</option></select></label>
<small id="query-help">Elements as written (Nb), parts of formulas and names; all must be there;
a minus sign in front excludes. The address keeps search and order: share it as a link.</small>
</form>
<p id="shown" role="status" hidden></p>
"""
_PAGER = """<nav id="pager" hidden aria-label="Pages of the table">
<button type="button" data-step="first">« first</button>
<button type="button" data-step="previous">‹ previous</button>
<span id="page"></span>
<button type="button" data-step="next">next ›</button>
<button type="button" data-step="last">last »</button></nav>
"""
