"""Format of a file of α²F: told by its content; its name only parts look-alikes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from betenet.errors import DataError
from betenet.formats import csv_file
from betenet.formats.file_format import ends_of, marked, named
from betenet.formats.header import header_lines, names_a2f, read_header
from betenet.formats.known_formats import FORMATS
from betenet.formats.not_a2f import (
    foreign_by_marks,
    foreign_by_name,
    foreign_by_numbers,
    foreign_by_words,
)
from betenet.formats.table import split_columns
from betenet.formats.text import TextFile, as_text, is_remark, read_bytes, starts_with_number

_HEAD = 60


@dataclass(frozen=True, slots=True)
class Recognition:
    """A format, and how it was told.

    Parameters
    ----------
    format
        Key of :data:`~betenet.formats.known_formats.FORMATS`.
    by_name
        Whether the name of the file decided between formats that its content fits.
    """

    format: str
    by_name: bool = False


def recognise(path: str | Path) -> str:
    """Format of a file of α²F.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    str
        Key of :data:`~betenet.formats.known_formats.FORMATS`.

    Raises
    ------
    DataError
        If the file cannot be read, is none of them, or is known to hold something else.
    """
    return recognise_content(path, read_bytes(path)).format


def recognise_content(path: str | Path, content: bytes) -> Recognition:
    """Format of a file whose content is at hand; errors are those of :func:`recognise`."""
    for key, known in FORMATS.items():
        if content.startswith(known.magic):
            return Recognition(key)
    text = as_text(path, content)
    for key, known in FORMATS.items():
        if known.fits is not None and known.fits(text):
            return Recognition(key)
    key = check_words(text)
    if key is None or FORMATS[key].needs_name:
        check_name(text)
    return _recognise_table(text) if key is None else Recognition(key)


def check_words(text: TextFile) -> str | None:
    """Format that words in a file tell; None if they do not.

    Raises
    ------
    DataError
        If they say that it is something else; the message says what to give instead.
    """
    key = marked(FORMATS, ends_of(text))
    foreign = foreign_by_marks(text) or (foreign_by_words(text) if key is None else None)
    if foreign is not None:
        raise foreign.error(text.path)
    return key


def check_name(text: TextFile) -> None:
    """Refuse a file whose name, or the look of its numbers, says that it is something else.

    Raises
    ------
    DataError
        With what to give instead. A header that names α²F says more.
    """
    if any(map(names_a2f, header_lines(text))):
        return
    foreign = foreign_by_name(text.path) or foreign_by_numbers(text)
    if foreign is not None:
        raise foreign.error(text.path, by_name=True)


def _recognise_table(text: TextFile) -> Recognition:
    """A file without a mark: CSV by its header, else a table, whose name may tell more.

    The name is asked only where the header does not say in which unit the frequencies are.
    """
    head = [line for line in text.lines[:_HEAD] if not is_remark(line)]
    rows = next((i for i, line in enumerate(head) if starts_with_number(line)), len(head))
    if any(map(csv_file.is_header, head[: rows + 1])):
        return Recognition("csv")
    content = [line for line in text.lines if not is_remark(line)]
    n_rows = sum(map(starts_with_number, content))
    if 2 * n_rows >= len(content) > 0:
        key = named(FORMATS, text.path)
        width = max(len(split_columns(line)) for line in content[-1:])
        if read_header(text, width).unit is not None:
            return Recognition("table")
        if key is None or (key == "elk" and any(len(line.split()) != 2 for line in content)):
            return Recognition("table")
        return Recognition(key, by_name=True)
    start = next((line.strip()[:40] for line in text.lines if line.strip()), "")
    raise DataError(
        f"{text.path} is not recognised.",
        reason=f"It has no header of a known program, and {n_rows} of {len(content)} lines start "
        f"with a number; the first is {start!r}.",
        fix=f"Give a file of ω and α²F, or name its format, one of {', '.join(FORMATS)}.",
    )
