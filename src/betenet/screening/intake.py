"""The first stage of a screening: what the source has, less what the filters refuse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from time import monotonic

from ase import Atoms

from betenet.errors import BetenetError, DataError, unexpected
from betenet.screening.candidates import Candidate, Entry, Unreadable
from betenet.screening.duplicates import DuplicateFinder
from betenet.screening.filters import Filters
from betenet.screening.progress import Progress
from betenet.screening.records import SOURCE, Record, kept_number, storable
from betenet.screening.store import RecordStore
from betenet.structures import check_structure

BATCH = 200
"""Number of entries that a kill can lose."""
MOST_SECONDS = 5.0
"""Work [s] that a kill can lose, beside the entry that is being read."""


def take_source(
    store: RecordStore,
    source: Iterable[Entry],
    filters: Filters | None = None,
    duplicates: DuplicateFinder | None = None,
    *,
    quiet: bool = False,
) -> None:
    """Record every entry of a source, and keep the structures that pass.

    Parameters
    ----------
    store
        Records of the run: an entry that has one is skipped, and after the last entry the stage is
        finished.
    source
        Entries, the same each time that it is read.
    filters
        Filters that are asked first; none if absent.
    duplicates
        Finder that is asked for what passed the filters. It need remember nothing between runs.
    quiet
        Whether to show no progress.

    Notes
    -----
    Which of two duplicates is the first depends on the order of the source; nothing else does.
    """
    if SOURCE in store.finished():
        return
    if duplicates is not None:
        for name in store.names(SOURCE, "passed"):
            with suppress(DataError):  # a structure that is damaged has no duplicates
                duplicates.first_of(Candidate(name=name, atoms=store.structure(name)))
    with closing(Progress(SOURCE, None, quiet=quiet)) as progress:
        for batch in _batches(source):
            _take(store, batch, filters, duplicates)
            progress.update(len(batch))
    store.finish(SOURCE)


def _batches(source: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Entries by the batch, or what a slow source gave in some seconds.

    Records before an error come before it is raised.
    """
    batch: list[Entry] = []
    began = monotonic()
    try:
        for entry in source:
            batch.append(entry)
            if len(batch) == BATCH or monotonic() - began > MOST_SECONDS:
                yield batch
                batch, began = [], monotonic()
    except BetenetError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _take(
    store: RecordStore,
    batch: list[Entry],
    filters: Filters | None,
    duplicates: DuplicateFinder | None,
) -> None:
    """Judge a batch, and store what is done after some seconds at the latest."""
    named = {storable(entry.name): entry for entry in reversed(batch)}
    known = store.known(list(named))
    passed: list[tuple[str, Atoms]] = []
    records: list[Record] = []
    began = monotonic()
    for name, entry in reversed(named.items()):
        if name in known:
            continue
        record = judge(name, entry, filters, duplicates)
        records.append(record)
        if record.outcome == "passed" and isinstance(entry, Candidate):
            passed.append((name, entry.atoms))
        if monotonic() - began > MOST_SECONDS:
            store.add(passed, records)
            passed, records, began = [], [], monotonic()
    store.add(passed, records)


def judge(
    name: str,
    entry: Entry,
    filters: Filters | None = None,
    duplicates: DuplicateFinder | None = None,
) -> Record:
    """The record of an entry: failed, rejected by the filters or as a duplicate, or passed."""
    if isinstance(entry, Unreadable):
        return Record(name=name, stage=SOURCE, outcome="failed", reason=entry.error.in_one_line())
    try:
        return _judged(replace(entry, name=name), filters, duplicates)
    except BetenetError as error:
        reason = error.in_one_line()
    except Exception as error:  # noqa: BLE001 - the others are to be read, also at the next start
        reason = unexpected(error, name).in_one_line()
    return Record(name=name, stage=SOURCE, outcome="failed", reason=reason)


def _judged(
    entry: Candidate, filters: Filters | None, duplicates: DuplicateFinder | None
) -> Record:
    check_structure(entry.atoms)
    reason = _refusal(entry, filters, duplicates)
    return Record(
        name=entry.name,
        stage=SOURCE,
        outcome="rejected" if reason else "passed",
        reason=reason,
        formula=entry.atoms.get_chemical_formula(mode="metal", empirical=True),
        values={
            key: value if isinstance(value, str) else kept_number(value)
            for key, value in entry.given.items()
        },
    )


def _refusal(
    candidate: Candidate, filters: Filters | None, duplicates: DuplicateFinder | None
) -> str:
    reason = None if filters is None else filters.refuse(candidate)
    if reason:
        return reason
    first = None if duplicates is None else duplicates.first_of(candidate)
    return "" if first is None or first == candidate.name else f"the same crystal as {first}"
