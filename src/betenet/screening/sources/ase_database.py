"""ASE's databases, SQLite (.db) or JSON."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from betenet.errors import DataError
from betenet.input_files import open_text
from betenet.screening.candidates import Candidate, Entry
from betenet.screening.sources.given import given_in, id_in
from betenet.screening.sources.source import unreadable


def read_ase_database(path: Path, name: str) -> Iterator[Entry]:
    """Read a SQLite database of ASE, row by row; nothing is written to it.

    Parameters
    ----------
    path
        The file.
    name
        The file's name in the source.

    Yields
    ------
    Candidate or Unreadable
        Named by an id among the key-value pairs (as in JSON documents), else by ``#`` and the
        row's id; the key-value pairs are what is given.
    """
    try:
        # ASE makes its tables in any database that it opens: look first
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as look:
            ids = look.execute("SELECT id FROM systems ORDER BY id")
            with _connect(path) as database:
                for (row_id,) in ids:
                    own = f"{name}#{row_id}"
                    yield _entry(lambda key=row_id: database.get(id=key), own)
    except sqlite3.Error as error:
        yield unreadable(
            name,
            DataError(
                "This is no database of ASE, or a damaged one.",
                str(error),
                "Give a file that ase.db wrote.",
            ),
        )


def read_ase_json(path: Path, name: str) -> Iterator[Entry]:
    """Read a JSON database of ASE, as `read_ase_database`; its format is read whole."""
    from ase.db.row import AtomsRow
    from ase.io import jsonio

    try:
        with open_text(path) as file:
            data: dict[Any, Any] = cast("Any", jsonio).read_json(file)
        ids: list[int] = [int(row_id) for row_id in data["ids"]]
    except Exception as error:  # noqa: BLE001 - a broken file raises anything
        yield unreadable(name, error)
        return
    for row_id in ids:

        def row(key: int = row_id) -> Any:
            return cast("Any", AtomsRow)({**data[key], "id": key})

        yield _entry(row, f"{name}#{row_id}")


def _entry(fetch: Callable[[], Any], name: str) -> Entry:
    try:
        row = fetch()
        pairs: dict[str, Any] = dict(row.key_value_pairs)
        name = id_in(pairs) or name
        atoms = row.toatoms()
    except Exception as error:  # noqa: BLE001 - a broken row raises anything
        return unreadable(name, error)
    # energies and forces of another code: nothing of a structure
    atoms.calc = None
    pairs.pop("id", None)
    return Candidate(name=name, atoms=atoms, given=given_in(pairs))


def _connect(path: Path) -> Any:
    from ase import db

    return cast("Any", db).connect(str(path), type="db", use_lock_file=False)
