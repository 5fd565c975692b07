"""α²F of matdyn.x of Quantum ESPRESSO: ``a2F.dosN``, one file for each smearing.

Routine ``a2Fdos`` of ``matdyn.f90`` writes a blank line, three remarks, a blank line; then E [Ry],
α²F and its 3·nat modes. Old versions write E and the total on one line (``3X,2F12.6``) and the
modes on the next ones (``6F16.8``), newer ones all on one line. The last line is ``lambda = …
Delta = …`` (Delta: step of E). N numbers the smearings.
"""

from __future__ import annotations

import re

import numpy as np

from betenet.formats.a2f_file import UNIT_DEFINED, A2fFile
from betenet.formats.file_format import A2fColumns, A2fFormat
from betenet.formats.text import (
    TextFile,
    broken,
    join_rows,
    need_columns,
    number_block,
    number_or_nan,
    number_rows,
)
from betenet.superconductivity.moments import coupling_constant

_FOOTER = re.compile(r"\s*lambda\s*=\s*(\S+)(?:\s+Delta\s*=\s*(\S+))?")


def parse_a2f_dos(text: TextFile) -> A2fFile:
    """Read ``a2F.dosN`` of matdyn.x, of any version.

    Raises
    ------
    DataError
        If rows are missing, cut off or not numbers; the line is named.
    """
    start, stop = number_block(text)
    table, lines = join_rows(text.path, number_rows(text, start, stop))
    need_columns(text.path, table.shape[1], "ω, α²F and its modes", minimum=2)
    coupling = _footer(text, stop)
    warnings: tuple[str, ...] = ()
    if coupling is None:
        warnings = ("the last line, with λ, is missing: matdyn.x may have stopped early",)
    return A2fFile(
        path=text.path,
        unit="Ry",
        unit_source=UNIT_DEFINED,
        frequencies=table[:, 0],
        a2f=table[:, 1:2].T,
        modes=table[:, 2:].T if table.shape[1] > 2 else None,
        stated={} if coupling is None else {"coupling": (coupling,)},
        lines=lines,
        per_smearing=True,
        warnings=warnings,
    )


def format_a2f_dos(columns: A2fColumns) -> str:
    """Text of an ``a2F.dosN`` without modes; ω in Ry, λ by the default rule in the last line."""
    omega, a2f = columns.frequencies, columns.a2f[0]
    coupling = float(coupling_constant(columns.spectrum.frequencies, a2f))
    rows = [f"   {x:20.12E}{value:20.12E}" for x, value in zip(omega, a2f, strict=True)]
    return "\n".join(
        [
            "",
            " # Eliashberg function a2F (per both spin)",
            " #  frequencies in Rydberg  ",
            " # DOS normalized to E in Rydberg: a2F_total",
            "",
            *rows,
            f"  lambda =  {coupling:.12f}     Delta =  {np.mean(np.diff(omega)):.12E}",
            "",
        ]
    )


def _footer(text: TextFile, stop: int) -> float | None:
    """λ of the last line; None if there is none."""
    for index in range(stop, len(text.lines)):
        line = text.lines[index]
        match = _FOOTER.match(line)
        if match is not None:
            return number_or_nan(match.group(1))
        if line.strip():
            raise broken(
                text.path,
                index + 1,
                f"{line.strip()[:40]!r} among the rows of numbers.",
                fix="Remove the line, or mark it as a remark with #.",
            )
    return None


FORMAT = A2fFormat(
    key="qe-a2f-dos",
    program="Quantum ESPRESSO matdyn.x",
    text="a2F.dosN: ω, α²F and its modes, one file per smearing",
    unit="Ry",
    beware="the smearing is not stated; ten files at most (6.7); rows wrapped in old versions; "
    "λ of the last line counts imaginary modes",
    marks=re.compile(
        r"Eliashberg function a2F \(per both spin\)|^\s*lambda\s*=.*Delta\s*=", re.MULTILINE
    ),
    names=re.compile(r"a2f\.dos\d+", re.IGNORECASE),
    read=parse_a2f_dos,
    write=format_a2f_dos,
    is_columns=True,
    one_spectrum=True,
)
