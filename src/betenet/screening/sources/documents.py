"""Entries from JSON objects in the layouts that databases use, also a line or a row each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from ase import Atoms

from betenet.datasets.jsonl_fields import read_structure
from betenet.errors import BetenetError, DataError
from betenet.extras import load
from betenet.input_files import DAMAGE, in_short, lines_of, open_text
from betenet.json_input import decode_json
from betenet.screening.candidates import Candidate, Entry
from betenet.screening.sources.given import given_in, id_in
from betenet.screening.sources.source import unreadable
from betenet.structures import to_atoms
from betenet.structures.documents import inner_structure

_TABLES = ("attributes", "data")
"""Where OPTIMADE and pymatgen's entries keep properties."""
PARQUET_ROWS = 256
"""Rows of Parquet that become Python objects at a time."""


def entry_of_document(data: object, name: str) -> Entry:
    """Entry of a JSON object.

    Parameters
    ----------
    data
        A structure, or a document that holds one: pymatgen's Structure, ComputedStructureEntry
        (Alexandria) or summary document (Materials Project), JARVIS's row, a row of our JSONL
        layout (docs/datasets.md) with or without targets, a resource of OPTIMADE or its
        attributes alone. A structure may also be there as JSON text.
    name
        To be used if the document has no id.

    Returns
    -------
    Candidate or Unreadable
        With the document's numbers and short texts as `Candidate.given`.
    """
    try:
        if not isinstance(data, Mapping):
            raise DataError(
                "The entry is no JSON object.",
                f"It is of type {type(data).__name__}.",
                "Give one object for each structure.",
            )
        document = cast("Mapping[str, Any]", data)
        tables = [document, *(t for key in _TABLES if isinstance(t := document.get(key), Mapping))]
        name = id_in(*tables) or name
        atoms = _atoms(document)
    except BetenetError as error:
        return unreadable(name, error)
    except Exception as error:  # noqa: BLE001 - whatever lies in a document
        return unreadable(name, error)
    if "attributes" in document:
        tables = tables[1:]  # beside them there is only the resource's own bookkeeping
    own = [{key: value for key, value in table.items() if key != "id"} for table in tables]
    return Candidate(name=name, atoms=atoms, given=given_in(*own))


def _atoms(document: Mapping[str, Any]) -> Atoms:
    inner = inner_structure(document)
    if "frac_coords" in inner:
        return read_structure({"structure": inner})
    return to_atoms(inner)


def read_jsonl(path: Path, name: str) -> Iterator[Entry]:
    """Read one JSON object a line, each as `entry_of_document` reads it.

    Parameters
    ----------
    path
        The file, plain or compressed.
    name
        The file's name in the source.

    Yields
    ------
    Candidate or Unreadable
        Named by its id, else by the number of its line; a broken line loses itself only.
    """
    number = 0
    try:
        with open_text(path, largest=None, errors="surrogateescape") as file:
            for number, line in enumerate(lines_of(file), start=1):
                if line.strip():
                    yield _entry_of_line(line, f"{name}#{number}")
    except DAMAGE as error:
        yield unreadable(
            f"{name}#{number + 1}",
            DataError(
                f"Line {number + 1} and all below cannot be read.",
                f"{type(error).__name__}: {in_short(error)}.",
                "Write the file again, or fetch it again.",
            ),
        )


def _entry_of_line(line: str, name: str) -> Entry:
    try:
        data = decode_json(line)
    except ValueError as error:
        return unreadable(
            name, DataError("The line is not JSON.", f"{error}.", "Write one JSON object a line.")
        )
    return entry_of_document(data, name)


def read_parquet(path: Path, name: str) -> Iterator[Entry]:
    """Read a Parquet file.

    Parameters
    ----------
    path
        The file. Its columns are the keys of one of the layouts that `entry_of_document` reads:
        ``id``, ``lattice``, ``species``, ``frac_coords`` as lists; or ``structure`` or ``atoms``
        as a struct or as JSON text; or OPTIMADE's ``lattice_vectors``,
        ``cartesian_site_positions``, ``species_at_sites`` (as LeMat-Bulk has them). Every other
        column of numbers or short texts is given along.
    name
        The file's name in the source.

    Yields
    ------
    Candidate or Unreadable
        Named by its id, else by the number of its row from 0.

    Raises
    ------
    ConfigError
        If pyarrow is not installed.
    """
    pyarrow, parquet = load("screen", "pyarrow"), load("screen", "pyarrow.parquet")
    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=PARQUET_ROWS):
                for row in batch.to_pylist():
                    yield entry_of_document(row, f"{name}#{number}")
                    number += 1
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        yield unreadable(f"{name}#{number}" if number else name, error)
