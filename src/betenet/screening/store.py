"""What a screening has found so far: one SQLite file, safe against kills at any moment."""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import Any, TypeVar

from ase import Atoms

from betenet.errors import DataError
from betenet.input_files import check_file
from betenet.screening.records import (
    COLUMNS,
    DAMAGED,
    Outcome,
    Record,
    as_text,
    record_of,
    row_of,
)
from betenet.screening.structure_bytes import load_of, structure_from_bytes, structure_to_bytes

LOCK_SECONDS = 120.0
"""How long to wait for another process that reads or writes."""
PAGE = 2_000
"""Rows read at a time: a reader holds the file no longer than that takes."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, load REAL, structure BLOB);
CREATE TABLE IF NOT EXISTS records (
    stage TEXT NOT NULL, number INTEGER NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL,
    formula TEXT NOT NULL, score REAL, content TEXT NOT NULL, PRIMARY KEY (stage, number));
CREATE TABLE IF NOT EXISTS finished (stage TEXT PRIMARY KEY);
"""
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A structure that a stage has still to do.

    Attributes
    ----------
    number
        Place in the order of the source.
    name
        Name of the candidate.
    load
        Atoms² over the volume [1/Å³]: times the sphere of a cutoff, about its edges.
    structure
        The structure as bytes.
    """

    number: int
    name: str
    load: float
    structure: bytes


class RecordStore:
    """Structures that passed the source, and one record for each structure and stage.

    Parameters
    ----------
    path
        The file.
    create
        Make it if it is absent, instead of raising.

    Raises
    ------
    DataError
        If there is no such file, or, at any call, it cannot be read or written.

    Notes
    -----
    Every call that writes is one transaction: a process that is killed, also by SIGKILL or by the
    power, loses at most what it was about to store. SQLite keeps a rollback journal and not the
    write-ahead log, which wants shared memory and so fails on the network file systems of
    clusters. The price is that a reader and the commit of a writer exclude each other for some
    milliseconds; both wait, and a reader takes a page at a time. No connection is kept open.
    """

    def __init__(self, path: str | Path, *, create: bool = False) -> None:
        self.path = Path(path)
        if create:
            self._write(lambda db: db.executescript(_SCHEMA))
        elif not self.path.is_file():
            raise DataError(
                f"There is no screening in {self.path.parent}.",
                f"It has no {self.path.name}.",
                "Give the folder that `betenet screen run --out` was given.",
            )

    # ------------------------------------------------------------------------------------ writing

    def store(
        self, records: Iterable[Record], structures: Iterable[tuple[str, bytes]] = ()
    ) -> None:
        """Keep records, all of them or none; one that is there already stays as it is.

        Structures, with their names, take the place of those that were kept, at the same time.
        """
        kept = [(data, load_of(structure_from_bytes(data)), name) for name, data in structures]
        rows = [row_of(record) for record in records]

        def write(db: sqlite3.Connection) -> None:
            db.executemany("UPDATE entries SET structure = ?, load = ? WHERE name = ?", kept)
            _insert(db, rows)

        self._write(write)

    def add(self, structures: Iterable[tuple[str, Atoms]], records: Iterable[Record]) -> None:
        """Keep structures and records in one transaction."""
        kept = [(name, load_of(atoms), structure_to_bytes(atoms)) for name, atoms in structures]
        rows = [row_of(record) for record in records]

        def write(db: sqlite3.Connection) -> None:
            db.executemany(
                "INSERT OR IGNORE INTO entries (name, load, structure) VALUES (?, ?, ?)", kept
            )
            _insert(db, rows)

        self._write(write)

    def finish(self, stage: str) -> None:
        """Note that a stage has done all there was."""
        self._write(lambda db: db.execute("INSERT OR IGNORE INTO finished VALUES (?)", (stage,)))

    def finish_with_budget(self, stage: str, budget: int) -> None:
        """Let the highest scores pass, ties broken by name, and note that the stage is done.

        Parameters
        ----------
        stage
            Name of the stage, all of whose scores are known.
        budget
            Number of structures that pass.
        """

        def write(db: sqlite3.Connection) -> None:
            table = {"stage": stage, "budget": budget, "why": f"not among the best {budget}"}
            db.execute(
                "UPDATE records SET outcome = 'rejected', reason = :why "
                "WHERE stage = :stage AND outcome != 'failed' AND typeof(score) = 'real'",
                table,
            )
            db.execute(
                "UPDATE records SET outcome = 'passed', reason = '' WHERE stage = :stage AND number"
                " IN (SELECT r.number FROM records r JOIN entries e USING (number) WHERE r.stage = "
                ":stage AND r.outcome != 'failed' AND typeof(r.score) = 'real' "
                "ORDER BY r.score DESC, e.name LIMIT :budget)",
                table,
            )
            db.execute("INSERT OR IGNORE INTO finished VALUES (:stage)", table)

        self._write(write)

    # ------------------------------------------------------------------------------------ reading

    def finished(self) -> set[str]:
        """Stages that have done all there was."""
        return {as_text(row[0]) for row in self._rows("SELECT stage FROM finished", {})}

    def names(self, stage: str, outcome: Outcome | None = None) -> Iterator[str]:
        """Names of the structures that a stage has done, in the order of the source."""
        query = (
            "SELECT r.number, e.name FROM records r JOIN entries e USING (number) WHERE r.stage = "
            ":stage AND (:outcome IS NULL OR r.outcome = :outcome) AND r.number > :after "
            "ORDER BY r.number LIMIT :page"
        )
        for row in self._pages(query, {"stage": stage, "outcome": outcome}):
            yield as_text(row[1])

    def records(self, stage: str | None = None) -> Iterator[Record]:
        """Records of a stage, or of all stages one after the other, in the order of the source."""
        query = (
            f"SELECT r.number, {COLUMNS} FROM records r JOIN entries e USING (number) "  # noqa: S608
            "WHERE r.stage = :stage AND r.number > :after ORDER BY r.number LIMIT :page"
        )
        for each in self.stages() if stage is None else [stage]:
            for row in self._pages(query, {"stage": each}):
                yield record_of(row[1:])

    def stages(self) -> list[str]:
        """Stages that have records, in the order in which they began."""
        query = (
            "SELECT stage FROM records WHERE typeof(stage) = 'text' GROUP BY stage "
            "ORDER BY min(rowid)"
        )
        return [row[0] for row in self._rows(query, {})]

    def candidates(self, stages: Sequence[str]) -> Iterator[tuple[Record, ...]]:
        """Records of each candidate in the order of the stages; candidates in that of the source.

        Parameters
        ----------
        stages
            Names of the stages that are read.
        """
        query = "SELECT number FROM entries WHERE number > :after ORDER BY number LIMIT :page"
        numbers = (row[0] for row in self._pages(query, {}))
        yield from self._joined(stages, numbers)

    def ranked(self, stages: Sequence[str], last: str, by: str) -> Iterator[tuple[Record, ...]]:
        """Records of each candidate that reached a stage, the best first.

        Those that passed it come before those that it rejected, and these before those that
        failed; each from the highest score down, ties by name. What is damaged comes last.

        Parameters
        ----------
        stages
            Names of the stages that are read, `last` and `by` among them.
        last
            Stage that they reached.
        by
            Stage whose score puts them in order.
        """
        query = (
            "SELECT r.number FROM records r JOIN entries e USING (number) "
            "LEFT JOIN records b ON b.number = r.number AND b.stage = :by WHERE r.stage = :last "
            "ORDER BY CASE r.outcome WHEN 'passed' THEN 0 WHEN 'rejected' THEN 1 ELSE 2 END, "
            "CASE typeof(b.score) WHEN 'real' THEN b.score END DESC, e.name"
        )
        table = {"last": last, "by": by}
        order = self._read(lambda db: array("q", (row[0] for row in db.execute(query, table))))
        damaged: list[tuple[Record, ...]] = []
        for records in self._joined(stages, iter(order)):
            if any(one.stage == last and one.reason.startswith(DAMAGED) for one in records):
                damaged.append(records)
            else:
                yield records
        yield from damaged

    def _joined(
        self, stages: Sequence[str], numbers: Iterator[int]
    ) -> Iterator[tuple[Record, ...]]:
        """Records of the candidates with these numbers, in their order."""
        query = (
            f"SELECT n.key, {COLUMNS} FROM json_each(:numbers) n "  # noqa: S608
            "CROSS JOIN entries e ON e.number = n.value CROSS JOIN json_each(:stages) s "
            "CROSS JOIN records r ON r.stage = s.value AND r.number = e.number "
            "ORDER BY n.key, s.key"
        )
        while page := list(islice(numbers, PAGE)):
            table = {"numbers": json.dumps(page), "stages": json.dumps(list(stages))}
            for _, rows in groupby(self._rows(query, table), key=lambda row: row[0]):
                yield tuple(record_of(row[1:]) for row in rows)

    def counts(self) -> dict[str, dict[str, int]]:
        """Number of records by stage and outcome."""
        query = (
            "SELECT stage, outcome, count(*) FROM records JOIN entries USING (number) "
            "WHERE typeof(stage) = 'text' GROUP BY stage, outcome"
        )
        found = {stage: dict[str, int]() for stage in self.stages()}
        for stage, outcome, count in self._rows(query, {}):
            found.setdefault(stage, {})[as_text(outcome)] = count
        return found

    def reasons(self) -> list[tuple[str, str, str, int]]:
        """Stage, outcome, reason and number of the records that have not passed, by stage."""
        query = (
            "SELECT stage, outcome, reason, count(*) FROM records WHERE outcome <> 'passed' "
            "GROUP BY stage, outcome, reason ORDER BY min(rowid)"
        )
        rows = self._rows(query, {})
        return [(as_text(s), as_text(how), as_text(why), int(n)) for s, how, why, n in rows]

    def count_of(self, stage: str, reason: str) -> int:
        """Number of records of a stage with this reason, alone or before others after a ";"."""
        query = (
            "SELECT count(*) FROM records WHERE stage = :stage "
            "AND (reason = :reason OR substr(reason, 1, length(:reason) + 1) = :reason || ';')"
        )
        return int(self._rows(query, {"stage": stage, "reason": reason})[0][0])

    def raw_rows(self) -> Iterator[tuple[int, tuple[Any, ...], Any]]:
        """Number, columns and structure of each record, unchecked, for `damage.find_damage`.

        The structure is that of a record which passed the source, else None.
        """
        query = (
            f"SELECT r.rowid, r.number, {COLUMNS}, CASE WHEN r.stage = 'source' AND "  # noqa: S608
            "r.outcome = 'passed' THEN e.structure END FROM records r LEFT JOIN entries e "
            "USING (number) WHERE r.rowid > :after ORDER BY r.rowid LIMIT :page"
        )
        for row in self._pages(query, {}):
            yield row[1], row[2:-1], row[-1]

    def n_entries(self) -> int:
        """Number of entries that were read from the source."""
        return int(self._rows("SELECT count(*) FROM entries", {})[0][0])

    def known(self, names: Sequence[str]) -> set[str]:
        """Names, of those given, that the source's stage has a record of."""
        query = (
            "SELECT 1 FROM records r JOIN entries e USING (number) "
            "WHERE r.stage = 'source' AND e.name = ?"
        )

        def read(db: sqlite3.Connection) -> set[str]:
            return {name for name in names if db.execute(query, (name,)).fetchone()}

        return self._read(read)

    def structure(self, name: str) -> Atoms:
        """The structure as the source gave it.

        Raises
        ------
        DataError
            If there is none of that name, or it is damaged.
        """
        rows = self._rows("SELECT structure FROM entries WHERE name = :name", {"name": name})
        if not rows or rows[0][0] is None:
            raise DataError(
                f"There is no structure {name!r} in {self.path}.",
                "It is unknown, or it did not pass the source.",
                "Take a name that passed the stage 'source'.",
            )
        return structure_from_bytes(rows[0][0])

    def waiting(self, stage: str, previous: str) -> Iterator[Waiting]:
        """What passed a stage and is not yet done by the next one, in the order of the source."""
        query = (
            "SELECT p.number, e.name, e.load, e.structure FROM records p JOIN entries e "
            "USING (number) WHERE p.stage = :previous AND p.outcome = 'passed' AND "
            "p.number > :after AND NOT EXISTS (SELECT 1 FROM records d WHERE d.stage = :stage "
            "AND d.number = p.number) ORDER BY p.number LIMIT :page"
        )
        for row in self._pages(query, {"stage": stage, "previous": previous}):
            yield Waiting(row[0], as_text(row[1]), _number(row[2]), row[3])

    def _pages(self, query: str, table: Mapping[str, object]) -> Iterator[tuple[Any, ...]]:
        after = -1
        while page := self._rows(query, {**table, "after": after, "page": PAGE}):
            after = page[-1][0]
            yield from page

    def _rows(self, query: str, table: Mapping[str, object]) -> list[tuple[Any, ...]]:
        return self._read(lambda db: db.execute(query, dict(table)).fetchall())

    def _read(self, action: Callable[[sqlite3.Connection], _T]) -> _T:
        try:
            check_file(self.path)
            with closing(sqlite3.connect(self.path, LOCK_SECONDS)) as db:
                db.text_factory = _text
                return action(db)
        except (sqlite3.Error, OSError) as error:
            raise self._unusable("read", error) from error

    def _write(self, action: Callable[[sqlite3.Connection], object]) -> None:
        try:
            with self._transaction() as db:
                action(db)
        except (sqlite3.Error, OSError) as error:
            raise self._unusable("written", error) from error

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, LOCK_SECONDS, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            # closing without a commit, after an error or Ctrl-C, undoes the transaction
            yield db
            if db.in_transaction:
                db.execute("COMMIT")

    def _unusable(self, what: str, error: Exception) -> DataError:
        return DataError(
            f"{self.path} cannot be {what}.",
            f"The attempt ends with: {error}.",
            "Check that the disk has space and that the file may be written; then start again, and "
            "the run goes on where it was. Where the file is damaged, `sqlite3 records.sqlite "
            ".recover` prints what is left of it.",
        )


def _insert(db: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    db.executemany("INSERT OR IGNORE INTO entries (name) VALUES (?)", [row[:1] for row in rows])
    query = "SELECT ?2, number, ?3, ?4, ?5, ?6, ?7 FROM entries WHERE name = ?1"
    db.executemany(f"INSERT OR IGNORE INTO records {query}", rows)


def _text(content: bytes) -> str:
    """A text as it is kept; of a damaged one what is left."""
    return content.decode("utf-8", "backslashreplace")


def _number(load: object) -> float:
    return float(load) if isinstance(load, int | float) else 0.0
