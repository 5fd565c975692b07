"""Formulas that a user gives: words, and files with a formula in each line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from betenet.errors import DataError
from betenet.input_files import DAMAGE, check_file, in_short, lines_of, open_text
from betenet.printable import shortened

_PATH = re.compile(r"\.{0,2}/|~|.*\.[a-z]{2,}$")
"""How a name begins or ends that is a file's, whether there is one or not: no formula does."""

_REMARK = re.compile(r"[#\t]")


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
        passed over.

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
                for line in lines_of(file):
                    if (
                        formula := line.lstrip("\ufeff")
                        .partition("#")[0]
                        .partition("\t")[0]
                        .strip()
                    ):
                        found += 1
                        yield formula
        except DAMAGE as error:
            reason = "it is not text" if isinstance(error, UnicodeDecodeError) else in_short(error)
            yield _unread(word, reason, found)
        else:
            if not found:
                yield _unread(word, "it holds no formula", found)


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
