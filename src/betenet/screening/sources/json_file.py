"""JSON files: a list is read object by object, whatever its size."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Any, cast

from betenet.errors import DataError
from betenet.screening.candidates import Entry
from betenet.screening.sources.ase_database import read_ase_json
from betenet.screening.sources.compressed import DAMAGE, open_text
from betenet.screening.sources.documents import entry_of_document
from betenet.screening.sources.source import unreadable

CHUNK = 1 << 18
"""Characters read at a time."""
LARGEST = 1 << 26
"""Characters of an object beyond which it is taken for broken."""

_LIST = re.compile(r'\s*(?:\{\s*"(?:entries|structures|materials|data)"\s*:\s*)?\[')
_BETWEEN = re.compile(r"[\s,]*")


def read_json(path: Path, name: str) -> Iterator[Entry]:
    """Read a JSON file of structures.

    Parameters
    ----------
    path
        The file, plain or compressed: a list of objects, an object whose first key holds the list
        (``entries``, ``structures``, ``materials`` or ``data``), one object, or ASE's database.
        Lists are streamed; one object, and ASE's database, are read whole: their formats do not
        allow otherwise.
    name
        The file's name in the source.

    Yields
    ------
    Candidate or Unreadable
        A broken object ends the file: where the next one begins cannot be known.
    """
    try:
        with open_text(path) as file:
            start = file.read(CHUNK)
            opening = _LIST.match(start)
            if opening is not None:
                yield from _read_list(file, start[opening.end() :], name)
                return
            data: Any = json.loads(start + file.read())
    except (*DAMAGE, json.JSONDecodeError, RecursionError) as error:
        yield unreadable(name, error)
        return
    if isinstance(data, dict) and "ids" in data and "nextid" in data:
        yield from read_ase_json(path, name)
    else:
        yield entry_of_document(cast("object", data), name)


def _read_list(file: TextIOWrapper, start: str, name: str) -> Iterator[Entry]:
    decode = json.JSONDecoder().raw_decode
    buffer, place, index, ended = start, 0, 0, False
    while True:
        place = _BETWEEN.match(buffer, place).end()  # pyright: ignore[reportOptionalMemberAccess]
        if buffer.startswith("]", place):
            return
        failure: ValueError | None = None
        if place < len(buffer):
            try:
                data, place = decode(buffer, place)
            except (json.JSONDecodeError, RecursionError) as error:
                failure = error if isinstance(error, ValueError) else ValueError(str(error))
            else:
                yield entry_of_document(data, f"{name}#{index}")
                index += 1
                continue
        if ended or len(buffer) - place > LARGEST:
            yield unreadable(f"{name}#{index}", _broken(failure))
            return
        try:
            # twice as much each time, or a large object would be begun again and again
            more = file.read(max(CHUNK, len(buffer) - place))
        except DAMAGE as error:
            yield unreadable(f"{name}#{index}", error)
            return
        ended = not more
        buffer, place = buffer[place:] + more, 0


def _broken(failure: ValueError | None) -> DataError:
    return DataError(
        "The JSON list breaks off or is broken here; what follows cannot be read.",
        str(failure) if failure is not None else "It has no closing bracket.",
        "Write the file again; the program that made it may have been stopped.",
    )
