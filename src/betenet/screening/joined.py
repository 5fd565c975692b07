"""The records of all stages, candidate by candidate, without holding them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from betenet.errors import DataError
from betenet.screening.records import RECORDS, Record
from betenet.screening.store import RecordStore


@runtime_checkable
class RecordReader(Protocol):
    """What results and report need of a store of records."""

    def records(self, stage: str | None = None) -> Iterator[Record]:
        """Those of a stage; of each stage in the same order, whichever that is."""
        ...

    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """Number of records by stage and outcome."""
        ...


def open_records(folder: str | Path) -> RecordReader:
    """The records of a run folder.

    Raises
    ------
    DataError
        If there are none.
    """
    return RecordStore(Path(folder) / RECORDS)


def joined(reader: RecordReader, stages: Sequence[str]) -> Iterator[tuple[Record, ...]]:
    """The records of each candidate.

    Parameters
    ----------
    reader
        The store; a run may be writing to it.
    stages
        In their order; the first has a record of every candidate.

    Yields
    ------
    tuple of Record
        Of one candidate, in the order of the stages; candidates in the order of the store.

    Raises
    ------
    DataError
        If the store does not give the records of each stage in the same order.
    """
    # at least these must come; a run that goes on may have added more
    expected = {stage: sum(of.values()) for stage, of in reader.counts().items()}
    streams = [_Stream(reader, stage) for stage in stages]
    for first in reader.records(stages[0]):
        streams[0].taken += 1
        later = (stream.take(first.name) for stream in streams[1:])
        yield (first, *(record for record in later if record is not None))
    for stage, stream in zip(stages, streams, strict=True):
        if stream.taken < expected.get(stage, 0):
            raise DataError(
                f"Only {stream.taken} of {expected[stage]} records of stage {stage!r} were found.",
                f"They do not follow the order of those of {stages[0]!r}: some of these are lost.",
                "`betenet screen status` names what is damaged; screen again in a new folder.",
            )


class _Stream:
    """The records of a stage, of which only the next one is held."""

    def __init__(self, reader: RecordReader, stage: str) -> None:
        self._reader, self._stage = reader, stage
        self._rest: Iterator[Record] | None = None
        self._next: Record | None = None
        self.taken = 0

    def take(self, name: str) -> Record | None:
        """The next record, if it is of that candidate."""
        if self._rest is None:
            self._rest = self._reader.records(self._stage)
            self._next = next(self._rest, None)
        if self._next is None or self._next.name != name:
            return None
        found, self._next = self._next, next(self._rest, None)
        self.taken += 1
        return found
