"""What is kept of one structure at one stage of a screening."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Outcome = Literal["passed", "rejected", "failed"]
MANIFEST, RECORDS = "manifest.json", "records.sqlite"
"""Files of a run's folder."""
SOURCE = "source"
"""Stage of what is read; no stage of a funnel has this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One structure at one stage.

    Attributes
    ----------
    name
        Of the candidate.
    stage
        ``"source"`` (read, filters, duplicates), then the names of the funnel's stages.
    outcome
        ``"failed"`` is an error, ``"rejected"`` a decision.
    reason
        Why it did not pass, in one line; empty if it did.
    formula
        Reduced formula; empty if it is not known.
    score
        What the stage decides by; nan if there is none.
    values
        Numbers and words of the stage under the names of `Prediction.csv_row` and `PhononFacts`,
        rounded to six significant digits; those of the database for ``"source"``.
    warnings
        What a user should know.
    seconds
        That the stage took for this structure.
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
