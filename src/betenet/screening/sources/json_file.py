"""JSON files: a list is read object by object, whatever its size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import cast

from betenet.errors import DataError
from betenet.input_files import DAMAGE, LARGEST_FILE, LARGEST_LINE, open_text, too_large
from betenet.json_input import BadValueError, decode_json, decode_json_at
from betenet.screening.candidates import Entry
from betenet.screening.sources.ase_database import read_ase_json
from betenet.screening.sources.documents import entry_of_document
from betenet.screening.sources.source import unreadable
from betenet.structures.documents import documents

CHUNK = 1 << 18
"""Characters read at a time."""

_LIST = re.compile(r'\s*(?:\{\s*"(?:entries|structures|materials|data)"\s*:\s*)?\[')
_BETWEEN = re.compile(r"[\s,]*")
_NEXT = re.compile(r"\s*[,\]]")


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
        A broken object loses itself only, unless its brackets or quotes do not match: where the
        next one begins cannot be known then.
    """
    try:
        with open_text(path, largest=None, errors="surrogateescape") as file:
            start = file.read(CHUNK).removeprefix("\ufeff")
            opening = _LIST.match(start)
            if opening is not None:
                yield from _read_list(file, start[opening.end() :], name)
                return
            rest = file.read(LARGEST_FILE)
            if len(rest) == LARGEST_FILE:
                raise too_large(path, LARGEST_FILE)
        data = decode_json(start + rest)
    except DAMAGE as error:
        yield unreadable(name, error)
        return
    except ValueError as error:
        fix = "Write the file again; the program that made it may have been stopped."
        yield unreadable(name, DataError("The file is not JSON.", f"{error}.", fix))
        return
    if isinstance(data, dict) and "ids" in data and "nextid" in data:
        yield from read_ase_json(path, name)
        return
    found = documents(cast("object", data))
    for index, one in enumerate(found):
        yield entry_of_document(one, f"{name}#{index}" if len(found) > 1 else name)


def _read_list(file: TextIOWrapper, start: str, name: str) -> Iterator[Entry]:
    buffer, place, index, ended = start, 0, 0, False
    while True:
        place = _BETWEEN.match(buffer, place).end()  # pyright: ignore[reportOptionalMemberAccess]
        if buffer.startswith("]", place):
            return
        failure = "it has no closing bracket"
        if place < len(buffer):
            own = f"{name}#{index}"
            end = place
            try:
                data, place = decode_json_at(buffer, place)
            except BadValueError as error:
                failure, end = str(error), error.end
            except ValueError as error:  # it may only be cut off
                failure = str(error)
            else:
                yield entry_of_document(data, own)
                index += 1
                continue
            if end > place and _NEXT.match(buffer, end):
                place, index = end, index + 1
                fix = "Write this object again."
                yield unreadable(own, DataError("The object is broken.", f"{failure}.", fix))
                continue
        if ended or len(buffer) - place > LARGEST_LINE:
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


def _broken(failure: str) -> DataError:
    return DataError(
        "The JSON list breaks off or is broken here; what follows cannot be read.",
        f"{failure[:1].upper()}{failure[1:]}.",
        "Write the file again; the program that made it may have been stopped.",
    )
