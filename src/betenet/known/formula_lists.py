"""Formulas that a user gives: words, and files with a formula in each line."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from betenet.errors import DataError
from betenet.input_files import DAMAGE, check_file, in_short, lines_of, open_text
from betenet.printable import shortened

_PATH = re.compile(r"\.{0,2}/|~|.*\.[a-z]{2,}$")
"""How a name begins or ends that is a file's, whether there is one or not: no formula does."""

_DELIMITERS = ",;\t"
_HEADING = "formula"
"""Heading of a table's column that holds the formulas."""


@dataclass(frozen=True, slots=True)
class UnreadList:
    """A file of formulas that cannot be read, or not to its end.

    Attributes
    ----------
    name
        Name of the file as it was given.
    error
        Why it cannot be read.
    """

    name: str
    error: DataError


def given_formulas(words: Iterable[str]) -> Iterator[str | UnreadList]:
    """Formulas of words, each a formula or a file with a formula in each line.

    Parameters
    ----------
    words
        Formulas, and paths of files. Blank lines of a file, and what follows ``#`` or a tab, are
        passed over. Of a table whose first line names a column ``formula`` that column is taken.

    Examples
    --------
    >>> list(given_formulas(["Nb3Sn", "(La/Sr)2CuO4"]))
    ['Nb3Sn', '(La/Sr)2CuO4']
    >>> [type(one).__name__ for one in given_formulas(["there/is/no.txt"])]
    ['UnreadList']
    """
    for word in words:
        if not _is_path(word):
            yield word
            continue
        found = 0
        try:
            check_file(word)
            with open_text(word) as file:
                for formula in _formulas(lines_of(file)):
                    found += 1
                    yield formula
        except DAMAGE as error:
            reason = "it is not text" if isinstance(error, UnicodeDecodeError) else in_short(error)
            yield _unread(word, reason, found)
        else:
            if not found:
                yield _unread(word, "it holds no formula", found)


def _formulas(lines: Iterable[str]) -> Iterator[str]:
    """Formulas of the lines of a file: one a line, or a column of a table."""
    told = (line.lstrip("\ufeff").partition("#")[0].rstrip("\r\n") for line in lines)
    rows = (line for line in told if line.strip())
    heading = next(rows, "")
    column = _column(heading)
    if column is None and heading.strip().lower() != _HEADING:
        rows = chain([heading], rows)
    for row in rows:
        text = row if column is None else _cell(row, *column)
        if formula := text.partition("\t")[0].strip():
            yield formula


def _column(heading: str) -> tuple[str, int] | None:
    """What parts the cells of a table, and which of them is the formula; None if it is no table."""
    for delimiter in _DELIMITERS:
        cells = [one.strip().lower() for one in _cells(heading, delimiter)]
        if len(cells) > 1 and _HEADING in cells:
            return delimiter, cells.index(_HEADING)
    return None


def _cell(row: str, delimiter: str, place: int) -> str:
    """One cell of a row, empty if the row is too short."""
    return next(islice(_cells(row, delimiter), place, None), "")


def _cells(line: str, delimiter: str) -> list[str]:
    """Cells of one line, without what marks texts in a table; broken ones are left as they are."""
    try:
        return next(csv.reader([line], delimiter=delimiter))
    except csv.Error:  # a cell that is longer than the module takes
        return line.split(delimiter)


def _unread(name: str, reason: str, found: int) -> UnreadList:
    summary = f"{shortened(name)} cannot be read{' to its end' if found else ''}."
    return UnreadList(
        shortened(name), DataError(summary, reason, "Give a text file with a formula in each line.")
    )


def _is_path(word: str) -> bool:
    try:
        return bool(_PATH.match(word)) or Path(word).is_file()
    except (OSError, ValueError):  # too long for a name, or with a null byte
        return False
