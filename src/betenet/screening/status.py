"""How far a screening is, and what of it is damaged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from betenet.screening.damage import Damage, find_damage
from betenet.screening.filters import INSULATOR
from betenet.screening.manifest import SCREENING
from betenet.screening.records import OUTCOMES, RECORDS, SOURCE
from betenet.screening.store import RecordStore
from betenet.tables import html_of_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How far a screening is.

    Attributes
    ----------
    folder
        Folder of the screening.
    stages
        A table for each stage: its name as ``stage``, the number of records by outcome, the number
        of structures that it has to do as ``of`` (None while the stage before is not done), and
        whether it is ``finished``.
    likely_insulators
        Number of candidates that were left out as likely insulators.
    damage
        Records that were changed from outside, or lost by the disk.
    """

    folder: Path
    stages: tuple[Mapping[str, Any], ...]
    likely_insulators: int
    damage: tuple[Damage, ...] = field(repr=False)

    def __repr__(self) -> str:
        stages = ", ".join(f"{row['stage']} {_state(row)}" for row in self.stages)
        return f"Status({self.folder}: {stages})"

    def _repr_html_(self) -> str:
        return html_of_rows(f"{self.folder}", self.to_rows())

    def to_rows(self) -> list[dict[str, Any]]:
        """One row for each stage, for `betenet.tables.to_dataframe`."""
        return [dict(row) for row in self.stages]

    def to_dict(self) -> dict[str, Any]:
        """Table for JSON, without the damage."""
        found = {"folder": str(self.folder), "stages": self.to_rows()}
        return found | {"likely_insulators": self.likely_insulators}

    def as_text(self) -> str:
        """Table of the stages for a terminal."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        width = max(len(row["stage"]) for row in self.stages)
        yield f"{'stage':<{width}}" + "".join(f"{word:>10}" for word in OUTCOMES)
        for row in self.stages:
            numbers = "".join(f"{row[outcome]:>10}" for outcome in OUTCOMES)
            yield f"{row['stage']:<{width}}{numbers}  {_state(row)}"
        if self.likely_insulators:
            plural = "s" if self.likely_insulators > 1 else ""
            count = f"{self.likely_insulators} likely insulator{plural}"
            yield f"left out: {count} (filter keep_insulators = true lets them pass)"


def status_of(folder: str | Path) -> Status:
    """How far a screening is, also while it is running.

    Parameters
    ----------
    folder
        Folder of the screening.

    Raises
    ------
    DataError
        If there is no screening in the folder, or it cannot be read.
    """
    folder = Path(folder)
    names = [SOURCE, *(str(stage["name"]) for stage in SCREENING.read(folder).get("stages", []))]
    store = RecordStore(folder / RECORDS)
    counts, finished = store.counts(), store.finished()
    stages: list[dict[str, Any]] = []
    expected: int | None = None
    for name in names:
        row = {outcome: counts.get(name, {}).get(outcome, 0) for outcome in OUTCOMES}
        stages.append({"stage": name, **row, "of": expected, "finished": name in finished})
        expected = row["passed"] if name in finished else None
    return Status(
        folder=folder,
        stages=tuple(stages),
        likely_insulators=store.count_of(SOURCE, INSULATOR),
        damage=tuple(find_damage(store, names)),
    )


def _state(row: Mapping[str, Any]) -> str:
    if row["finished"]:
        return "done"
    done = sum(row[outcome] for outcome in OUTCOMES)
    if done == 0:
        return "not begun"
    return f"{done} done" if row["of"] is None else f"{done} of {row['of']}"
