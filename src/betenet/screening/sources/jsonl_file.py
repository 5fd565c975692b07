"""Files with one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from betenet.errors import DataError
from betenet.input_files import DAMAGE, in_short, lines_of, open_text
from betenet.json_input import decode_json
from betenet.screening.candidates import Entry
from betenet.screening.sources.documents import entry_of_document
from betenet.screening.sources.source import unreadable


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
                    yield _entry(line, f"{name}#{number}")
    except DAMAGE as error:
        yield unreadable(
            f"{name}#{number + 1}",
            DataError(
                f"Line {number + 1} and all below cannot be read.",
                f"{type(error).__name__}: {in_short(error)}.",
                "Write the file again, or fetch it again.",
            ),
        )


def _entry(line: str, name: str) -> Entry:
    try:
        data = decode_json(line)
    except ValueError as error:
        return unreadable(
            name, DataError("The line is not JSON.", f"{error}.", "Write one JSON object a line.")
        )
    return entry_of_document(data, name)
