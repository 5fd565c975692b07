"""The ranked candidates as a table that a reader can sort, search and page through."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from betenet.ensemble.prediction import TC_PROBABILITY
from betenet.known.candidate_rules import BAND_GAP, HULL_DISTANCE
from betenet.known.look_up import KNOWN_TC, NEAREST_KNOWN
from betenet.pages.html import above_small, parts
from betenet.quantities import QUANTITIES
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
    rows = [(str(row["outcome"]), _cells(row, shown)) for row in found.best]
    return parts(__name__).ranking(_caption(found), shown, rows)


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
        HULL_DISTANCE: (above_small("above hull", "eV/atom"), "{:.3f}"),
        BAND_GAP: (above_small("gap", "eV"), "{:.2f}"),
    }
    candidates = [
        Column("formula", "formula", lambda row: _words(row["formula"])),
        Column(
            "tc_kelvin",
            above_small("Tc", "K, with 68 %"),
            lambda row: _bar(row, top),
            lambda row: _of(row, "tc_kelvin"),
        ),
        _plain(TC_PROBABILITY, above_small("P", "Tc\u00a0>\u00a05\u00a0K"), "{:.2f}"),
        *(_interval(key) for key in ("coupling", "omega_log", "omega_2")),
        _plain(IMAGINARY, above_small("imaginary", "of modes"), "{:.1%}"),
        *(_plain(*of) for of in _earlier_scores(found)),
        *(_plain(key, *how) for key, how in numbers.items()),
        Column(
            KNOWN_TC, above_small("measured Tc", "K, and the nearest"), _known, _of_key(KNOWN_TC)
        ),
        Column("space_group", "space group", _group, lambda row: _of(row, "space_group_number")),
        _plain("volume_per_atom_angstrom3", above_small("volume", "Å³/atom"), "{:.1f}"),
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
            yield column, above_small(stage.name, stage.score_in_words), "{:.3g}"


def _cells(row: Row, shown: Sequence[Column]) -> list[dict[str, Any]]:
    """Content of each cell of a row, and the number that it is sorted by."""
    cells: list[dict[str, Any]] = []
    for column in shown:
        number = math.nan if column.number is None else column.number(row)
        cells.append(
            {
                "named": column.key == "formula",
                "text": column.number is None,
                "number": f"{number:.6g}" if math.isfinite(number) else None,
                "content": column.cell(row),
            }
        )
    return cells


def _plain(key: str, heading: str, form: str) -> Column:
    def cell(row: Row) -> str:
        number = _of(row, key)
        return form.format(number).replace("-", "−") if math.isfinite(number) else ""

    return Column(key, heading, cell, lambda row: _of(row, key))


def _interval(key: str) -> Column:
    """A value with its 68 % interval in small letters."""
    quantity = QUANTITIES[key]
    column, digits = quantity.export_key, 2 if quantity.export_unit == "1" else 0
    heading = quantity.symbol
    if quantity.export_unit != "1":
        heading = above_small(heading, quantity.export_unit)

    def cell(row: Row) -> str:
        value, low, high = (_of(row, column + end) for end in ("", "_low_68", "_high_68"))
        if not math.isfinite(value):
            return ""
        text = f"{value:.{digits}f}"
        if math.isfinite(low) and math.isfinite(high):
            return above_small(text, f"{low:.{digits}f}–{high:.{digits}f}")
        return text

    return Column(column, heading, cell, lambda row: _of(row, column))


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
    return parts(__name__).bar(f"{value:.1f}", f"{low:.1f}", f"{high:.1f}", places)


def _outcome(row: Row) -> str:
    badge = parts(__name__).badge(str(row["outcome"]))
    reason = row["reason"]
    return above_small(badge, _words(reason)) if reason else badge


def _of_key(key: str) -> Callable[[Row], float]:
    return lambda row: _of(row, key)


def _known(row: Row) -> str:
    """Measured Tc of the composition, and in small letters the nearest known superconductors."""
    value, near = _of(row, KNOWN_TC), _words(row.get(NEAREST_KNOWN) or "")
    text = f"{value:.3g}" if math.isfinite(value) else "no report"
    return above_small(text, near) if near else text if math.isfinite(value) else ""


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
    return above_small(f"{_words(row['space_group'])} ({number:.0f})", cell)


def _flags(row: Row) -> str:
    flags = _warnings(row)
    if not flags:
        return ""
    count = f"{len(flags)} flag{'s' if len(flags) > 1 else ''}"
    found = _words(str(row.get("findings") or "").replace("_", " "))
    heading = f"{count}: {found}" if found else count
    return parts(__name__).flags(heading, [_words(flag) for flag in flags])


def _flag_count(row: Row) -> float:
    return float(len(_warnings(row)))


def _warnings(row: Row) -> list[str]:
    warnings = row["warnings"]
    return warnings if isinstance(warnings, list) else []


def _words(text: object) -> str:
    plain = str(text)
    return plain if len(plain) <= MOST_WORDS else plain[: MOST_WORDS - 1] + "…"


def _of(row: Row, key: str) -> float:
    value = row.get(key)
    return float(value) if isinstance(value, int | float) else math.nan
