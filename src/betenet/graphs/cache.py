"""Pairs of neighbours on disk, found again by the content of the structure."""

from __future__ import annotations

import hashlib
import sqlite3
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
from ase import Atoms

from betenet.errors import DataError
from betenet.graphs.pairs import Pairs

FORMAT = 1
"""Part of every key and of the file's name; to be raised when pairs are found or kept otherwise."""

LOCK_SECONDS = 60.0
"""How long to wait for another process that is writing."""

# what SQLite says of a file that is damaged, is no database, or holds another table
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}

_T = TypeVar("_T")


def content_key(atoms: Atoms, cutoff: float) -> bytes:
    """Hash of all that a graph depends on: numbers, positions, cell, periodicity and cutoff.

    Two structures share a key only if they agree to the last bit and in the order of atoms; a
    rotated copy is another structure.
    """
    header = struct.pack("<IdI3?", FORMAT, cutoff, len(atoms), *atoms.pbc)
    digest = hashlib.blake2b(header, digest_size=32)
    digest.update(np.ascontiguousarray(atoms.numbers, dtype="<i8").data)
    digest.update(np.ascontiguousarray(atoms.cell.array, dtype="<f8").data)
    digest.update(np.ascontiguousarray(atoms.positions, dtype="<f8").data)
    return digest.digest()


class GraphCache:
    """Pairs of neighbours in one SQLite file.

    Every block of structures is one transaction: a process that is killed loses at most the block
    in hand, and several processes may read and write at once. Each entry carries a checksum. A
    damaged entry counts as absent; a damaged file is removed and begun again.

    Parameters
    ----------
    folder
        Made if it is absent. It may be removed at any time; nothing else removes old entries.

    Attributes
    ----------
    path
        The file.
    damaged
        Damaged entries and files that were met.

    Raises
    ------
    DataError
        If there can be no such folder, or nothing can be read or written in it.

    Notes
    -----
    No connection is kept open, so an object may be used by threads and forked processes. SQLite's
    write-ahead log would not work on the file systems of clusters; its journal does.
    """

    def __init__(self, folder: str | Path) -> None:
        self.path = Path(folder) / f"graphs-{FORMAT}.sqlite"
        self.damaged = 0
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(self.path, error) from error
        self._run(lambda _: None)

    def __len__(self) -> int:
        """Structures kept."""
        return self._run(lambda db: int(db.execute("SELECT count(*) FROM pairs").fetchone()[0]))

    @property
    def n_bytes(self) -> int:
        """Size of the file."""
        return self.path.stat().st_size

    def load(self, keys: Sequence[bytes]) -> list[Pairs | None]:
        """Return what is kept under each key, or None.

        Raises
        ------
        DataError
            If the file cannot be read for another reason than damage.
        """

        def read(db: sqlite3.Connection) -> list[tuple[bytes, int] | None]:
            query = "SELECT data, checksum FROM pairs WHERE key = ?"
            return [db.execute(query, (key,)).fetchone() for key in keys]

        return [
            None if row is None else self._decode(key, *row)
            for key, row in zip(keys, self._run(read), strict=True)
        ]

    def store(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep pairs, as bytes, under their keys: all of them or, if interrupted, none.

        Raises
        ------
        DataError
            If the file cannot be written.
        """
        rows = [(key, data, _checksum(key, data)) for key, data in entries]
        self._run(lambda db: db.executemany("REPLACE INTO pairs VALUES (?, ?, ?)", rows))

    def _decode(self, key: bytes, data: object, checksum: object) -> Pairs | None:
        try:
            if isinstance(data, bytes) and _checksum(key, data) == checksum:
                return Pairs.from_bytes(data)
        except DataError:
            pass
        self.damaged += 1
        return None

    def _run(self, action: Callable[[sqlite3.Connection], _T]) -> _T:
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
            raise _unusable(self.path, error) from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, LOCK_SECONDS, isolation_level=None)) as db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS pairs "
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


def _checksum(key: bytes, data: bytes) -> int:
    return zlib.crc32(data, zlib.crc32(key))


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    # the low byte is the kind of error, the rest its detail
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE


def _unusable(path: Path, error: Exception) -> DataError:
    return DataError(
        f"The graphs cannot be cached in {path}.",
        f"The attempt ends with: {error}.",
        "Give a folder that can be written to, with space left.",
    )
