"""α²F of elk: ``ALPHA2F.OUT``.

Routine ``alpha2f`` (``alpha2f.f90``) writes ω [Hartree] and α²F (``2G18.10``) and nothing else. The
grid starts a tenth of its width below the lowest frequency, so that its first rows have ω < 0.
Files that were made from other programs' output to be solved by elk have the same layout; some of
them are in Ry, which the unit given by the user puts right.
"""

from __future__ import annotations

import re

from betenet.errors import DataError
from betenet.formats.a2f_file import UNIT_DEFINED, A2fFile
from betenet.formats.file_format import A2fColumns, A2fFormat
from betenet.formats.text import TextFile, number_table


def parse_alpha2f(text: TextFile) -> A2fFile:
    """Read ``ALPHA2F.OUT``.

    Raises
    ------
    DataError
        If there are not exactly two columns, or rows are cut off or not numbers.
    """
    table, lines = number_table(text, wrapped=False)
    if table.shape[1] != 2:
        raise DataError(
            f"{text.path} has {table.shape[1]} columns of numbers.",
            reason="ALPHA2F.OUT of elk has two: ω and α²F.",
            fix="Check which file this is.",
        )
    return A2fFile(
        path=text.path,
        unit="Ha",
        unit_source=UNIT_DEFINED,
        frequencies=table[:, 0],
        a2f=table[:, 1:].T,
        lines=lines,
    )


def format_alpha2f(columns: A2fColumns) -> str:
    """Text of an ``ALPHA2F.OUT``; ω in Hartree."""
    rows = zip(columns.frequencies, columns.a2f[0], strict=True)
    return "".join(f"{omega:18.10E}{value:18.10E}\n" for omega, value in rows)


FORMAT = A2fFormat(
    key="elk",
    program="elk",
    text="ALPHA2F.OUT: ω and α²F without a header",
    unit="Ha",
    beware="told by name; some copies are in Ry",
    names=re.compile(r"alpha2f.*\.out", re.IGNORECASE),
    read=parse_alpha2f,
    write=format_alpha2f,
    is_columns=True,
    one_spectrum=True,
)
