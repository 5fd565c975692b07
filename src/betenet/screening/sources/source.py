"""What every source is, and the names of its entries."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

from betenet.errors import BetenetError, DataError
from betenet.input_files import in_short
from betenet.screening.candidates import Candidate, Entry, Unreadable

NOTE = "note"
"""Key of `Candidate.given` for what a user should know of how an entry was read."""


LONGEST_REASON = 300
"""Characters of what a library says of an entry; it may repeat all of it."""


@runtime_checkable
class Source(Protocol):
    """A database of structures as a stream.

    Attributes
    ----------
    name
        As it was asked for.
    """

    name: str

    def identity(self) -> dict[str, Any]:
        """What tells this source from another one, for the manifest of a run."""
        ...

    def __iter__(self) -> Iterator[Entry]:
        """Entries one by one, in the same order every time, their names unique.

        A broken entry is an `Unreadable`. An error is raised only where the rest cannot be
        reached now but may be later (a server that does not answer).
        """
        ...


def distinct(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Make names unique: the second entry of a name gets ``#2``, and a note says so.

    Names are remembered as hashes in a temporary file: millions of them take no memory.
    """
    # an empty name is SQLite's temporary database: it goes to disk when its cache is full
    with closing(sqlite3.connect("", isolation_level=None, check_same_thread=False)) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.execute("PRAGMA journal_mode = OFF")
        db.execute("CREATE TABLE names (key BLOB PRIMARY KEY, n INTEGER) WITHOUT ROWID")
        for entry in entries:
            yield _renamed(entry, db)


def unreadable(name: str, error: Exception) -> Unreadable:
    """Entry for what a reader raised; the message begins with the entry's name."""
    if not isinstance(error, BetenetError):
        why, fix = f"{type(error).__name__}: {error}", "Check that it is complete."
        if isinstance(error, OSError):
            why, fix = in_short(error), "Give a file that can be read."
        why = why[:LONGEST_REASON].strip()
        error = DataError("The entry cannot be read.", f"{why[:1].upper()}{why[1:]}.", fix)
    if error.summary.startswith(f"{name}: "):
        return Unreadable(name=name, error=error)
    return Unreadable(name=name, error=error.of(name))


def with_note(candidate: Candidate, *notes: str) -> Candidate:
    """Candidate with notes added to those it has."""
    kept = [str(candidate.given[NOTE])] if NOTE in candidate.given else []
    given = {**candidate.given, NOTE: " ".join([*kept, *notes])}
    return replace(candidate, given=given)


def _renamed(entry: Entry, db: sqlite3.Connection) -> Entry:
    count = _count(db, entry.name)
    if count == 1:
        return entry
    name = f"{entry.name}#{count}"
    # someone may have called an entry so
    while _count(db, name) > 1:
        count = _count(db, entry.name)
        name = f"{entry.name}#{count}"
    note = f"The name {entry.name} was used before in this source."
    if isinstance(entry, Candidate):
        return with_note(replace(entry, name=name), note)
    error = entry.error
    reason = f"{error.reason} {note}".strip()
    return Unreadable(name=name, error=type(error)(error.summary, reason, error.fix))


def _count(db: sqlite3.Connection, name: str) -> int:
    """How often a name was met, this time included."""
    key = hashlib.blake2b(name.encode(errors="replace"), digest_size=12).digest()
    query = "INSERT INTO names VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET n = n + 1 RETURNING n"
    return int(db.execute(query, (key,)).fetchone()[0])
