"""α²F of alpha2f.x of Quantum ESPRESSO: ``PREFIX.a2F.dat``.

Routine ``compute_a2F`` of ``alpha2f.f90`` writes one remark, then ω [Ry], α²F, the phonon DOS and
its share per atom. Old versions: ``a2F.dat``, with the number of rows instead of the remark.
"""

from __future__ import annotations

import re

import numpy as np

from betenet.errors import DataError
from betenet.formats.a2f_file import UNIT_DEFINED, A2fFile
from betenet.formats.file_format import A2fFormat
from betenet.formats.text import TextFile, first_number_line, join_rows, need_columns, number_rows


def parse_alpha2f(text: TextFile) -> A2fFile:
    """Read ``PREFIX.a2F.dat`` of alpha2f.x.

    Raises
    ------
    DataError
        If rows are missing, cut off or not numbers; the line is named.
    """
    rows = number_rows(text, first_number_line(text), len(text.lines))
    table, lines = join_rows(text.path, rows[1:] if len(rows[0].numbers) == 1 else rows)
    need_columns(text.path, table.shape[1], "ω, α²F and phonon densities of states", minimum=2)
    return A2fFile(
        path=text.path,
        unit="Ry",
        unit_source=UNIT_DEFINED,
        frequencies=table[:, 0],
        a2f=table[:, 1:2].T,
        lines=lines,
    )


def is_old_alpha2f(text: TextFile) -> bool:
    """Whether a table starts with the number of its rows, and has a density of states by atom."""
    if len(text.lines) < 3 or len(text.lines[0].split()) != 1:
        return False
    try:
        rows = number_rows(text, 0, len(text.lines))
        table, _ = join_rows(text.path, rows[1:], wrapped=False)
    except DataError:
        return False
    if rows[0].numbers != [len(table)] or table.shape[1] < 4:
        return False
    total = table[:, 2]
    return bool(np.allclose(table[:, 3:].sum(axis=1), total, atol=0.01 * float(total.max())))


FORMAT = A2fFormat(
    key="qe-alpha2f",
    program="Quantum ESPRESSO alpha2f.x",
    text="PREFIX.a2F.dat: ω, α²F and phonon densities of states",
    unit="Ry",
    marks=re.compile(r"#\s*Frequency\[Ry\],\s*a2F"),
    fits=is_old_alpha2f,
    read=parse_alpha2f,
    is_columns=True,
)
