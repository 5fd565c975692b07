"""Records as rows of the database, and what makes a row a damaged one."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args

from betenet.json_input import decode_json
from betenet.screening.records import Outcome, Record, storable

DAMAGED = "its record is damaged"
"""Reason of a record that cannot be read."""
COLUMNS = "e.name, r.stage, r.outcome, r.reason, r.formula, r.score, r.content"
"""What `record_of` takes, in the order of a query over records r and entries e."""

_OUTCOMES: dict[str, Outcome] = {name: name for name in get_args(Outcome)}
_TEXTS = ("name", "stage", "outcome", "reason", "formula")


def row_of(record: Record) -> tuple[str, str, str, str, str, float | None, str]:
    """A record as a row: name, stage, outcome, reason, formula, score, and the rest as JSON."""
    content = {
        "values": dict(record.values),
        "warnings": list(record.warnings),
        "seconds": None if math.isnan(record.seconds) else record.seconds,
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    score = record.score if math.isfinite(record.score) else None
    texts = (record.name, record.stage, record.outcome, record.reason, record.formula)
    name, stage, outcome, reason, formula = map(storable, texts)
    return name, stage, outcome, reason, formula, score, storable(text)


def record_of(row: Sequence[Any]) -> Record:
    """The record of a row; of a damaged one what says so, and counts as failed."""
    try:
        return checked_record(row)
    except ValueError as error:
        name, stage = as_text(row[0]), as_text(row[1])
        return Record(name=name, stage=stage, outcome="failed", reason=f"{DAMAGED}: {error}")


def checked_record(row: Sequence[Any]) -> Record:
    """The record of a row.

    Raises
    ------
    ValueError
        If it is damaged: a value has another type than `row_of` gives it, is not finite, or the
        outcome is none. Whoever asks whether a record is damaged asks this.
    """
    for what, text in zip(_TEXTS, row, strict=False):
        if not isinstance(text, str):
            raise ValueError(f"its {what} is no text")
    name, stage, outcome, reason, formula, score, text = row
    if outcome not in _OUTCOMES:
        raise ValueError(f"its outcome is {outcome[:40]!r}")
    if not isinstance(text, str):
        raise ValueError("its content is no text")
    content = decode_json(text)
    if not isinstance(content, dict):
        raise ValueError("its content is no table")
    table = cast("dict[str, Any]", content)
    warnings = table.get("warnings")
    if not isinstance(warnings, list) or not all(
        isinstance(one, str) for one in cast("list[object]", warnings)
    ):
        raise ValueError("its warnings are no list of texts")
    return Record(
        name=name,
        stage=stage,
        outcome=_OUTCOMES[outcome],
        reason=reason,
        formula=formula,
        score=_number(score, "score"),
        values=_values(table.get("values")),
        warnings=tuple(cast("list[str]", warnings)),
        seconds=_number(table.get("seconds"), "time"),
    )


def as_text(value: object) -> str:
    """A text of a row; of what was put in its place, what can be shown."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return str(value)


def _number(value: object, what: str) -> float:
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"its {what} is no number")
    return float(value)


def _values(values: object) -> dict[str, float | str | None]:
    if not isinstance(values, dict):
        raise ValueError("its values are no table")
    for key, value in cast("Mapping[str, object]", values).items():
        if not isinstance(value, float | int | str | None):
            raise ValueError(f"its value {key[:40]!r} is neither a number nor a text")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"its value {key[:40]!r} is not finite")
    return cast("dict[str, float | str | None]", values)
