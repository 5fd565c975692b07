"""Text files of numbers as Fortran programs write them; every error names the file and the line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from betenet import input_files
from betenet.errors import DataError

COMMENT_MARKS = ("#", "!", "%", "@")
"""Marks with which a remark starts (``@`` in files for Grace)."""

LONGEST_NUMBER = 400
"""Length of a number [characters]; those that programs write, 1e308 in full, have some 300."""

_BINARY = {
    b"PK\x03\x04": "an archive or a spreadsheet (zip)",
    b"7z\xbc\xaf": "an archive (7z)",
    b"\x28\xb5\x2f\xfd": "compressed by zstd, which is not read",
    b"\x1f\x9d": "compressed by compress, which is not read",
    b"%PDF": "a PDF",
    b"\x89PNG": "an image",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "an array of numpy",
}
"""Kinds of files without text to read, by their first bytes."""

_MAX_WRAPPED_LINES = 20
# Fortran drops the E of an exponent that takes three digits: 1.0-101.
_NUMBER = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+))(?:[eEdD]([+-]?\d+)|([+-]\d{3}))?")
_NOT_FINITE = re.compile(r"[+-]?(?:nan(?:\(.*\))?|inf(?:inity)?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text file by lines.

    Parameters
    ----------
    path
        The file.
    lines
        Lines of the file; the first one is line 1 in messages.
    """

    path: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """The numbers of one line.

    Parameters
    ----------
    line
        Number of the line, from 1.
    numbers
        Numbers that stand on it.
    """

    line: int
    numbers: list[float]


def broken(path: str, line: int, what: str, *, reason: str = "", fix: str = "") -> DataError:
    """The error for one line of a file."""
    return DataError(f"{path}, line {line}: {what}", reason=reason, fix=fix)


def read_bytes(path: str | Path) -> bytes:
    """Content of a file, decompressed if it is compressed by gzip, bzip2 or xz.

    Raises
    ------
    DataError
        If it is missing, a folder, a pipe or a device, empty, too large or cannot be read.
    """
    file = Path(path)
    if file.is_dir():
        raise DataError(f"{path} is a folder.", fix="Name the file in it that holds the data.")
    try:
        with input_files.open_bytes(file) as opened:
            content = opened.read()
    except input_files.DAMAGE as error:
        if isinstance(error, FileNotFoundError) and not file.is_symlink():
            raise DataError(f"{path} does not exist.", fix="Check the path.") from None
        raise DataError(
            f"Cannot read {path}.",
            reason=input_files.in_short(error),
            fix="Save what is to be read to a file of its own, and give that.",
        ) from error
    if not content.strip():
        raise DataError(
            f"{path} is empty.",
            reason="The run that writes it may have stopped early.",
            fix="Run the step that writes it again, or give the file that holds the data.",
        )
    return content


def as_text(path: str | Path, content: bytes) -> TextFile:
    """Lines of a file that should be text.

    Raises
    ------
    DataError
        If it is binary.
    """
    kind = next((kind for start, kind in _BINARY.items() if content.startswith(start)), "")
    if kind:
        raise DataError(
            f"{path} is {kind}.", fix="Unpack or export it, and give the text file with the data."
        )
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return TextFile(str(path), tuple(content.decode("utf-16", "replace").splitlines()))
    if b"\x00" in content:
        raise DataError(
            f"{path} is a binary file.",
            reason="It holds null bytes.",
            fix="Give the text output of the program, saved as UTF-8.",
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")  # a remark in an old encoding; the numbers are ASCII
    return TextFile(str(path), tuple(text.splitlines()))


def to_number(token: str) -> float | None:
    """A number in any spelling of Fortran or C; None if the token is not one.

    Examples
    --------
    >>> [to_number(token) for token in ("1.5D-03", "1.0-101", "-.5", "NaN", "lambda")]
    [0.0015, 1e-101, -0.5, nan, None]
    """
    if len(token) > LONGEST_NUMBER:
        return None
    match = _NUMBER.fullmatch(token)
    if match is not None:
        mantissa, exponent, bare_exponent = match.groups()
        return float(f"{mantissa}e{exponent or bare_exponent or 0}")
    if _NOT_FINITE.fullmatch(token):
        return float("nan") if "nan" in token.lower() else float(token)
    return None


def number_or_nan(token: str) -> float:
    """A number that a file states of itself; nan where it did not fit its field."""
    number = to_number(token)
    return float("nan") if number is None else number


def starts_with_number(line: str) -> bool:
    """Whether the line is meant to hold numbers."""
    tokens = line.replace(",", " ").replace(";", " ").split(maxsplit=1)
    return bool(tokens) and ("**" in tokens[0] or to_number(tokens[0]) is not None)


def is_remark(line: str) -> bool:
    """Whether the line is blank, a comment, or the mark ``&`` that ends a curve of Grace."""
    bare = line.strip()
    return not bare or bare == "&" or bare.startswith(COMMENT_MARKS)


def parse_numbers(path: str, line: int, tokens: Iterable[str]) -> list[float]:
    """Numbers of one line.

    Raises
    ------
    DataError
        If a token is not a number; overflown and joined fields are told apart.
    """
    numbers: list[float] = []
    for token in tokens:
        number = to_number(token)
        if number is None:
            raise _not_a_number(path, line, token)
        numbers.append(number)
    return numbers


def number_rows(text: TextFile, start: int, stop: int) -> list[Row]:
    """Numbers of lines ``start`` to ``stop`` (from 0, end excluded) without blanks and remarks."""
    return [
        Row(i + 1, parse_numbers(text.path, i + 1, text.lines[i].split()))
        for i in range(start, stop)
        if not is_remark(text.lines[i])
    ]


def number_table(
    text: TextFile, *, wrapped: bool
) -> tuple[Float[np.ndarray, "row column"], tuple[int, ...]]:
    """Rows from the first line of numbers to the end of the file; see :func:`join_rows`."""
    rows = number_rows(text, first_number_line(text), len(text.lines))
    return join_rows(text.path, rows, wrapped=wrapped)


def number_block(text: TextFile) -> tuple[int, int]:
    """Indices of the first line of numbers and of the one behind the last in a row."""
    start = stop = first_number_line(text)
    while stop < len(text.lines) and (
        starts_with_number(text.lines[stop]) or is_remark(text.lines[stop])
    ):
        stop += 1
    return start, stop


def first_number_line(text: TextFile, start: int = 0) -> int:
    """Index of the first line of numbers.

    Raises
    ------
    DataError
        If there is none.
    """
    for i in range(start, len(text.lines)):
        if starts_with_number(text.lines[i]):
            return i
    raise DataError(
        f"{text.path} has no rows of numbers.",
        reason=f"Its {len(text.lines)} lines are a header or text.",
        fix="Check that the run which wrote it has finished.",
    )


def join_rows(
    path: str, rows: Sequence[Row], *, wrapped: bool = True, expected: int = 0
) -> tuple[Float[np.ndarray, "row column"], tuple[int, ...]]:
    """Rows of equal length, from lines that may continue one another.

    Parameters
    ----------
    path
        The file, for messages.
    rows
        The lines.
    wrapped
        Whether a row may take several lines.
    expected
        Columns that the header announces, where a row may be made of lines of equal length.

    Returns
    -------
    tuple
        The numbers, and the line on which each row starts.

    Raises
    ------
    DataError
        If a row has another number of columns than the others, or the last one is cut off.
    """
    counts = np.array([len(row.numbers) for row in rows])
    pattern = _pattern(counts) if wrapped else np.array([_most_common(counts)])
    if pattern.size == 1 and expected > pattern[0] and expected % pattern[0] == 0:
        pattern = np.resize(pattern, expected // pattern[0])
    period = pattern.size
    wrong = counts != np.resize(pattern, counts.size)
    if np.any(wrong):
        index = int(np.argmax(wrong))
        raise broken(
            path,
            rows[index].line,
            f"{counts[index]} numbers where {pattern[index % period]} are expected.",
            reason="The file is cut off here."
            if index == counts.size - 1
            else "Rows must have equally many columns.",
            fix="Write the file again, or repair or remove that row.",
        )
    if counts.size % period:
        raise broken(
            path,
            rows[-1].line,
            "the last row is not complete.",
            reason=f"Each row takes {period} lines; the file is cut off here.",
            fix="Write the file again, or remove the last row.",
        )
    numbers = np.array([x for row in rows for x in row.numbers], dtype=np.float64)
    return numbers.reshape(-1, int(pattern.sum())), tuple(row.line for row in rows[::period])


def need_columns(path: str, found: int, wanted: str, *, minimum: int, fix: str = "") -> None:
    """Check the number of columns.

    Raises
    ------
    DataError
        If there are fewer than ``minimum``.
    """
    if found < minimum:
        raise DataError(
            f"{path} has {found} {'column' if found == 1 else 'columns'} of numbers.",
            reason=f"Expected are {wanted}.",
            fix=fix or "Check which file this is.",
        )


def _pattern(counts: np.ndarray) -> np.ndarray:
    """Numbers on each line of a row: the pattern that repeats for longest from the first line."""
    best, reach = 0, 0
    for period in range(1, min(_MAX_WRAPPED_LINES, counts.size // 2) + 1):
        differs = counts != np.resize(counts[:period], counts.size)
        length = int(np.argmax(differs)) if np.any(differs) else counts.size
        if length >= 2 * period and length > reach:
            best, reach = period, length
    # The first rows differ: one of them is broken, and the others tell the width.
    return counts[:best] if best else np.array([_most_common(counts)])


def _most_common(counts: np.ndarray) -> int:
    return int(np.argmax(np.bincount(counts)))


def _not_a_number(path: str, line: int, token: str) -> DataError:
    if len(token) > LONGEST_NUMBER:
        return broken(
            path,
            line,
            f"{token[:20]!r}… is not a number.",
            reason=f"It has {len(token):,} characters; no number has more than {LONGEST_NUMBER}.",
            fix="Write the file again, or remove the line.",
        )
    if "**" in token:
        return broken(
            path,
            line,
            f"{token!r} instead of a number.",
            reason="Fortran writes asterisks where a number does not fit its field.",
            fix="α²F that large shows an unstable calculation; check the phonons and q grid.",
        )
    if "," in token and token.count(".") > 1:
        return broken(
            path,
            line,
            f"{token!r} is numbers parted by commas.",
            reason="This format has its columns parted by spaces.",
            fix="Check which file this is; if it is the right one, write spaces for the commas.",
        )
    if token.count(".") > 1:
        return broken(
            path,
            line,
            f"{token!r} is two numbers without a space.",
            reason="A number has filled its field.",
            fix="Separate them, and check why the values are so large.",
        )
    if to_number(token.replace(",", ".", 1)) is not None:
        return broken(
            path,
            line,
            f"{token!r} is not a number.",
            reason="It has a comma for a decimal point.",
            fix="Write the file with decimal points.",
        )
    return broken(
        path,
        line,
        f"{token!r} is not a number.",
        fix="Remove the line, or mark it as a remark with #.",
    )
