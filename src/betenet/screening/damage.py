"""What is wrong in the records of a screening: found in one place, told by status and report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from betenet.errors import BetenetError, DataError
from betenet.screening.records import SOURCE, as_text, checked_record
from betenet.screening.store import RecordStore
from betenet.screening.structure_bytes import structure_from_bytes


@dataclass(frozen=True, slots=True)
class Damage:
    """Something that was changed from outside, or lost by the disk.

    Attributes
    ----------
    what
        Name of the record, the structure or the stage.
    why
        Reason, as a clause.
    """

    what: str
    why: str

    def as_error(self) -> BetenetError:
        """Error that says what it means for the screening."""
        return BetenetError(
            f"{self.what} is damaged: {self.why}.",
            "The file was changed from outside, or the disk is failing.",
            "A damaged record counts as failed, the others are as they were; screen again in a "
            "new folder.",
        )


def find_damage(store: RecordStore, stages: Sequence[str]) -> list[Damage]:
    """Everything that is damaged, in the order of the records.

    Parameters
    ----------
    store
        Records of a run.
    stages
        Names of the run's stages in their order, ``"source"`` first.
    """
    return [*_of_records(store, stages), *_of_counts(store, stages)]


def _of_records(store: RecordStore, stages: Sequence[str]) -> Iterator[Damage]:
    for number, row, structure in store.raw_rows():
        name = f"number {number}" if row[0] is None else as_text(row[0])
        what = f"The record of {name} at stage {as_text(row[1])!r}"
        try:
            stage = checked_record(row).stage
        except ValueError as error:
            yield Damage(what, str(error))
            continue
        if stage not in stages:
            yield Damage(what, "the screening has no such stage")
        elif structure is not None:
            try:
                if not isinstance(structure, bytes):
                    raise DataError("It is no structure.")
                structure_from_bytes(structure)
            except DataError:
                yield Damage(f"The structure of {name}", "its bytes are something else")


def _of_counts(store: RecordStore, stages: Sequence[str]) -> Iterator[Damage]:
    """Stages that are done, but for fewer or more than passed the stage before."""
    counts, finished = store.counts(), store.finished()
    for unknown in sorted(finished - set(stages)):
        yield Damage(f"The note that stage {unknown!r} is done", "the screening has no such stage")
    expected: int | None = store.n_entries()
    for stage in stages:
        found = counts.get(stage, {})
        total = sum(found.values())
        if stage in finished and expected is not None and total != expected:
            before = "were read" if stage == SOURCE else "passed the stage before"
            why = f"it is done, with {total} records where {expected} {before}"
            yield Damage(f"The table of stage {stage!r}", why)
        expected = found.get("passed", 0) if stage in finished else None
