"""α²F as CSV: a header that names each column and the unit of the frequencies, then numbers.

The first column, or the second behind one that numbers the rows, is ``frequencies_mev`` (or
``_ev``, ``_thz``, ``_cm-1``, ``_ry``, ``_ha``, ``_kelvin``; also ``"freqs, THz"`` and the like, see
``header``); columns whose name starts with ``a2f`` or ``alpha2f`` hold α²F. ``a2f (0.02 Ry)`` names
a smearing. Other columns are left alone; λ(ω) is compared with the integral.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

import numpy as np

from betenet.errors import DataError
from betenet.formats.a2f_file import A2fFile
from betenet.formats.column_names import Column, column
from betenet.formats.columns import read_columns
from betenet.formats.file_format import A2fColumns, A2fFormat
from betenet.formats.header import named_columns, read_header, splittings
from betenet.formats.text import (
    Row,
    TextFile,
    broken,
    is_remark,
    join_rows,
    number_or_nan,
    parse_numbers,
    to_number,
)

_SUFFIXES = {
    "mev": "meV",
    "ev": "eV",
    "kelvin": "K",
    "thz": "THz",
    "cm-1": "cm-1",
    "ry": "Ry",
    "ha": "Ha",
}
_OTHER_SPELLINGS = {"cm⁻¹": "cm-1"}


def frequency_unit(name: str) -> tuple[bool, str | None]:
    """Whether a column name is one of frequencies, and the unit that it states.

    Examples
    --------
    >>> [frequency_unit(name) for name in ("frequencies_mev", "Frequency (THz)", "omega", "a2f")]
    [(True, 'meV'), (True, 'THz'), (True, None), (False, None)]
    """
    found = column(name)
    return found.role == "frequency" and not found.unknown_unit, found.unit


def is_header(line: str) -> bool:
    """Whether a line is the header of such a table."""
    return _names(line) is not None


def parse_csv(text: TextFile) -> A2fFile:
    """Read a table with named columns.

    Raises
    ------
    DataError
        If the header does not name frequencies and α²F, or rows are cut off or not numbers.
    """
    content = [i for i, line in enumerate(text.lines) if not is_remark(line)]
    found = next(((i, n) for i in content if (n := _names(text.lines[i])) is not None), None)
    if found is None:
        line = text.lines[content[0]].strip()[:60] if content else ""
        raise DataError(
            f"{text.path} has no header that names frequencies and α²F.",
            reason=f"Its first line is {line!r}.",
            fix="Start it with a line such as: frequencies_mev,a2f",
        )
    index, (mark, columns) = found
    below = [i for i in content if i > index and not _is_line_of_units(text.lines[i])]
    rows = [_row(text, i, mark, columns) for i in below]
    if not rows:
        raise DataError(f"{text.path} has a header and no rows.", fix="Write the file again.")
    table, lines = join_rows(text.path, rows, wrapped=False)
    header = read_header(text, len(columns), columns)
    return read_columns(text.path, table, header, lines)


def format_csv(columns: A2fColumns) -> str:
    """Text of a table; numbers survive the round trip exactly."""
    a2f = columns.a2f
    spelling = _OTHER_SPELLINGS.get(columns.unit, columns.unit)
    suffix = next(suffix for suffix, name in _SUFFIXES.items() if name == spelling)
    names = ["a2f"] if len(a2f) == 1 else [f"a2f_{i}" for i in range(1, len(a2f) + 1)]
    if columns.smearings is not None:
        # with a decimal point and no exponent: 1e-05 would be a factor, and 2 a number of a column
        digits = (float(f"{smearing:.10g}") for smearing in columns.smearings)
        names = [f"a2f ({np.format_float_positional(x, trim='0')})" for x in digits]
    rows = np.concatenate([columns.frequencies[None], a2f]).T
    lines = [",".join(repr(float(number)) for number in row) for row in rows]
    return "\n".join([",".join([f"frequencies_{suffix}", *names]), *lines]) + "\n"


def _names(line: str) -> tuple[str, tuple[Column, ...]] | None:
    """Mark between the names of a header, and the columns; None if the line is no header."""
    for mark, fields in splittings(line.strip(" \r\n")):
        columns = named_columns(fields)
        if any(found.role == "a2f" or found.about_a2f is not None for found in columns):
            return mark, columns
    return None


def _is_line_of_units(line: str) -> bool:
    """Whether a line below the names holds no number at all."""
    return not any(to_number(field.strip('" ')) is not None for field in re.split(r"[;,\s]", line))


def _row(text: TextFile, index: int, mark: str, columns: Sequence[Column]) -> Row:
    line = text.lines[index]
    fields = next(csv.reader([line], delimiter=mark)) if mark else line.split()
    if len(fields) == len(columns) + 1 and not fields[-1].strip():
        fields.pop()  # a mark behind the last field
    if len(fields) != len(columns):
        raise broken(
            text.path,
            index + 1,
            f"{len(fields)} fields where the header has {len(columns)}.",
            fix="Repair or remove that row; numbers need decimal points, not commas.",
        )
    numbers: list[float] = []
    for field, found in zip(fields, columns, strict=True):
        if found.role in {"frequency", "a2f"}:
            numbers += parse_numbers(text.path, index + 1, [field.strip()])
        else:
            numbers.append(number_or_nan(field.strip()))
    return Row(index + 1, numbers)


FORMAT = A2fFormat(
    key="csv",
    program="betenet",
    text="a table whose header names the unit: frequencies_mev,a2f",
    read=parse_csv,
    write=format_csv,
    is_columns=True,
)
