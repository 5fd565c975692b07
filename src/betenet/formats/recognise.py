"""Which format a file of α²F has: told by its content; its name only parts look-alikes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from betenet.errors import DataError
from betenet.formats import abinit, csv_file
from betenet.formats.known_formats import FORMATS
from betenet.formats.marks import (
    A2F_MARKS,
    A2F_NAMES,
    OTHER_MARKS,
    OTHER_NAMES,
    PHONON_DOS_MARKS,
    ends_of,
    marked,
    named,
)
from betenet.formats.text import TextFile, as_text, is_remark, read_bytes, starts_with_number


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
    if content.startswith((abinit.CLASSIC_MAGIC, abinit.HDF5_MAGIC)):
        return Recognition("abinit")
    text = as_text(path, content)
    ends = ends_of(text)
    if ends.lstrip()[:1] in {"{", "["}:
        return Recognition("json")
    other, key = marked(OTHER_MARKS, ends), marked(A2F_MARKS, ends)
    if other is None and marked(PHONON_DOS_MARKS, ends) is not None:
        other = "a phonon density of states"
    if other is None and key in {None, "epw-a2f"}:
        other = named(OTHER_NAMES, path)
    if other is not None:
        raise DataError(
            f"{path} holds {other}, not α²F.",
            fix="Give the file with α²F; if it is one after all, name its format.",
        )
    return _recognise_table(text) if key is None else Recognition(key)


def _recognise_table(text: TextFile) -> Recognition:
    """A file without a mark: CSV by its header, else a table, whose name may tell more."""
    content = [line for line in text.lines if not is_remark(line)]
    if content and csv_file.is_header(content[0]):
        return Recognition("csv")
    if any(starts_with_number(line) for line in content):
        key = named(A2F_NAMES, text.path)
        if key is None or (key == "elk" and any(len(line.split()) != 2 for line in content)):
            return Recognition("table")
        return Recognition(key, by_name=True)
    start = next((line.strip()[:40] for line in text.lines if line.strip()), "")
    raise DataError(
        f"{text.path} is not recognised.",
        reason=f"It has no header of a known program; it starts with {start!r}.",
        fix=f"Name its format, one of {', '.join(FORMATS)}.",
    )
