"""α²F as plain columns of numbers: ω in a unit that the header or the user states, then α²F."""

from __future__ import annotations

import numpy as np

from betenet.errors import DataError
from betenet.formats.a2f_file import A2fFile
from betenet.formats.columns import read_columns
from betenet.formats.file_format import A2fColumns, A2fFormat
from betenet.formats.header import read_header
from betenet.formats.text import (
    Row,
    TextFile,
    first_number_line,
    is_remark,
    join_rows,
    need_columns,
    parse_numbers,
    starts_with_number,
)


def parse_table(text: TextFile) -> A2fFile:
    """Read columns that are separated by blanks, tabs, commas or semicolons.

    Raises
    ------
    DataError
        If there is only one column, none is α²F, or rows are cut off or not numbers.
    """
    start = first_number_line(text)
    _check_one_curve(text)
    rows = [
        Row(i + 1, parse_numbers(text.path, i + 1, split_columns(line)))
        for i, line in enumerate(text.lines)
        if i >= start and not is_remark(line)
    ]
    if len(rows[0].numbers) == 1 and rows[0].numbers[0] == len(rows) - 1 > 1:
        del rows[0]  # the number of rows
    table, lines = join_rows(text.path, rows, wrapped=False)
    need_columns(text.path, table.shape[1], "ω and at least one α²F", minimum=2)
    header = read_header(text, table.shape[1])
    return read_columns(text.path, table, header, lines)


def _check_one_curve(text: TextFile) -> None:
    """Refuse several curves of Grace, which ``&`` parts."""
    curves = "\n".join("&" if line.strip() == "&" else line for line in text.lines).split("\n&")
    count = sum(any(map(starts_with_number, curve.splitlines())) for curve in curves)
    if count > 1:
        raise DataError(
            f"{text.path} holds {count} curves.",
            reason="Lines with & part them; α²F is one of them.",
            fix="Save the curve of α²F to a file of its own.",
        )


def format_table(columns: A2fColumns) -> str:
    """Text of a table; the unit stands in a remark."""
    rows = np.concatenate([columns.frequencies[None], columns.a2f]).T
    lines = ["".join(f"{number:20.12E}" for number in row) for row in rows]
    return "\n".join([f"# frequency [{columns.unit}], a2F", *lines]) + "\n"


def split_columns(line: str) -> list[str]:
    """Fields of a line at its semicolons, or else its commas, or else its blanks.

    Notes
    -----
    Only one of them parts fields, so that decimal commas end as an error, not as columns.

    Examples
    --------
    >>> split_columns("0.5, 1e-3"), split_columns("0,5;0,001"), split_columns(" 0.5  1e-3 ")
    (['0.5', '1e-3'], ['0,5', '0,001'], ['0.5', '1e-3'])
    """
    for mark in ";,":
        if mark in line:
            return [field.strip() for field in line.strip().rstrip(mark).split(mark)]
    return line.split()


FORMAT = A2fFormat(
    key="table",
    program="any program",
    text="columns of numbers: ω in the given unit, then α²F",
    beware="see below",
    read=parse_table,
    write=format_table,
    is_columns=True,
)
