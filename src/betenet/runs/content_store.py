"""Bytes on disk, found again by the hash of what they were computed from."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Generic, TypeVar

from betenet.errors import DataError

LOCK_SECONDS = 60.0
"""How long to wait for another process that is writing."""

# what SQLite says of a file that is damaged, is no database, or holds another table
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}

_T = TypeVar("_T")
_R = TypeVar("_R")


class ContentStore(Generic[_T]):
    """Objects as bytes under keys in one SQLite file.

    Every call of `store` is one transaction: a process that is killed loses at most what it was
    about to store, and several processes may read and write at once. Each entry carries a
    checksum. A damaged entry counts as absent; a damaged file is removed and begun again.

    Parameters
    ----------
    path
        The file. Its folder is made if it is absent. It may be removed at any time; nothing else
        removes old entries.
    table
        Name of the table in the file.
    what
        Name of the objects in the plural, for errors.
    decode
        Makes an object of its bytes; raises DataError for other bytes, which count as damaged.

    Attributes
    ----------
    path
        The file.
    damaged
        Number of damaged entries and files that were met.

    Raises
    ------
    DataError
        If there can be no such folder, or nothing can be read or written in it.

    Notes
    -----
    No connection is kept open, so an object may be used by threads and forked processes. SQLite's
    write-ahead log would not work on the file systems of clusters; its journal does.
    """

    def __init__(
        self, path: str | Path, *, table: str, what: str, decode: Callable[[bytes], _T]
    ) -> None:
        self.path = Path(path)
        self._decode = decode
        self.damaged = 0
        self._table = table
        self._what = what
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from error
        self._run(lambda _: None)

    def __len__(self) -> int:
        """Entries kept."""
        query = f"SELECT count(*) FROM {self._table}"  # noqa: S608 - a name of this package
        return self._run(lambda db: int(db.execute(query).fetchone()[0]))

    def load(self, keys: Sequence[bytes]) -> list[_T | None]:
        """Return what is kept under each key, or None.

        Raises
        ------
        DataError
            If the file cannot be read for another reason than damage.
        """
        found: list[_T | None] = []
        for data in self.load_bytes(keys):
            try:
                found.append(None if data is None else self._decode(data))
            except DataError:
                self.damaged += 1
                found.append(None)
        return found

    def load_bytes(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return what is kept under each key, or None.

        Raises
        ------
        DataError
            If the file cannot be read for another reason than damage.
        """
        query = f"SELECT data, checksum FROM {self._table} WHERE key = ?"  # noqa: S608

        def read(db: sqlite3.Connection) -> list[tuple[object, object] | None]:
            return [db.execute(query, (key,)).fetchone() for key in keys]

        found: list[bytes | None] = []
        for key, row in zip(keys, self._run(read), strict=True):
            if row is None:
                found.append(None)
            elif isinstance(row[0], bytes) and _checksum(key, row[0]) == row[1]:
                found.append(row[0])
            else:
                self.damaged += 1
                found.append(None)
        return found

    def store(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep bytes under their keys: all of them or, if interrupted, none.

        Raises
        ------
        DataError
            If the file cannot be written.
        """
        rows = [(key, data, _checksum(key, data)) for key, data in entries]
        query = f"REPLACE INTO {self._table} VALUES (?, ?, ?)"  # noqa: S608
        self._run(lambda db: db.executemany(query, rows))

    def _run(self, action: Callable[[sqlite3.Connection], _R]) -> _R:
        """Run an action in one transaction; on a damaged file, once more on a new one."""
        try:
            try:
                with self._transaction() as db:
                    return action(db)
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
            self._discard()
            with self._transaction() as db:
                return action(db)
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(error) from error

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, LOCK_SECONDS, isolation_level=None)) as db:
            db.execute(
                f"CREATE TABLE IF NOT EXISTS {self._table} "
                "(key BLOB PRIMARY KEY, data BLOB NOT NULL, checksum INTEGER NOT NULL)"
            )
            # closing without a commit, after an error or Ctrl-C, undoes the transaction
            db.execute("BEGIN")
            yield db
            db.execute("COMMIT")

    def _discard(self) -> None:
        self.damaged += 1
        for path in (self.path.with_name(f"{self.path.name}-journal"), self.path):
            path.unlink(missing_ok=True)

    def _unusable(self, error: Exception) -> DataError:
        return DataError(
            f"{self._what} cannot be cached in {self.path}.",
            f"The attempt ends with: {error}.",
            "Give a folder that can be written to, with space left.",
        )


def _checksum(key: bytes, data: bytes) -> int:
    return zlib.crc32(data, zlib.crc32(key))


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    # the low byte is the kind of error, the rest its detail
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE
