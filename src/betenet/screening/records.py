"""What is kept of one structure at one stage of a screening, and as what row of the database."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from betenet.json_input import decode_json

Outcome = Literal["passed", "rejected", "failed"]
RECORDS = "records.sqlite"
"""Name of the file of records in the folder of a run."""
SOURCE = "source"
"""Name of the stage that reads the source; no stage of a funnel has this name."""
UNDECIDED = "the best are chosen once every score is known"
"""Reason of a record of a stage with a budget, until the stage is done."""
UNKNOWN = "the model does not know it"
"""How the reason begins for a crystal that a stage leaves out because of what was found."""
DAMAGED = "its record is damaged"
"""Reason of a record that cannot be read."""
COLUMNS = "e.name, r.stage, r.outcome, r.reason, r.formula, r.score, r.content"
"""What `record_of` takes, in the order of a query over records r and entries e."""

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
_KEPT = (float, int, str, type(None))
_TEXTS = ("name", "stage", "outcome", "reason", "formula")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One structure at one stage.

    Attributes
    ----------
    name
        Name of the candidate.
    stage
        ``"source"`` (read, filters, duplicates), or the name of a stage of the funnel.
    outcome
        ``"failed"`` is an error, ``"rejected"`` a decision.
    reason
        Why it did not pass, in one line; empty if it did.
    formula
        Reduced formula; empty if it is not known.
    score
        Number that the stage decides by; nan if there is none.
    values
        Numbers and words of the stage under the names of `Prediction.csv_row` and `PhononFacts`,
        rounded to six significant digits; those of the database for ``"source"``.
    warnings
        Warnings that a user should know.
    seconds
        Time that the stage took for this structure [s].
    """

    name: str
    stage: str
    outcome: Outcome
    reason: str = ""
    formula: str = ""
    score: float = math.nan
    values: Mapping[str, float | str | None] = field(default_factory=dict[str, float | str | None])
    warnings: tuple[str, ...] = ()
    seconds: float = math.nan


def storable(text: str) -> str:
    r"""A text that any file takes: the name of a file may hold bytes that are no text.

    Examples
    --------
    >>> storable("Nb\udcff.cif")
    'Nb\\udcff.cif'
    """
    return text.encode("utf-8", "backslashreplace").decode()


def six_digits(number: float) -> float:
    """A number rounded to six significant digits.

    The sums of a network are rounded by the order in which they are taken, which depends on the
    structures computed together. In double precision that is at the thirteenth digit or so.

    Examples
    --------
    >>> six_digits(9.123456789)
    9.12346
    """
    return float(f"{number:.6g}")


def kept_number(number: float) -> float | None:
    """A number with six significant digits; None if it is not finite: JSON has no nan."""
    return six_digits(number) if math.isfinite(number) else None


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
        outcome is none of `OUTCOMES`. Whoever asks whether a record is damaged asks this.
    """
    for what, text in zip(_TEXTS, row, strict=False):
        if not isinstance(text, str):
            raise ValueError(f"its {what} is no text")
    name, stage, outcome, reason, formula, score, text = row
    if outcome not in OUTCOMES:
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
        outcome=outcome,
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
        if not isinstance(value, _KEPT):
            raise ValueError(f"its value {key[:40]!r} is neither a number nor a text")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"its value {key[:40]!r} is not finite")
    return cast("dict[str, float | str | None]", values)
