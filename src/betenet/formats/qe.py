"""α²F of Quantum ESPRESSO: ``a2F.dosN``, ``alpha2F.dat`` and ``PREFIX.a2F.dat``.

Three programs of its PHonon package write a spectrum, each in its own layout:

``a2F.dosN`` (matdyn.x, routine ``a2Fdos`` of ``matdyn.f90``; N numbers the smearings)
    A blank line, three remarks, a blank line; then E [Ry], α²F and its 3·nat modes. Old versions
    write E and the total on one line (``3X,2F12.6``) and the modes on the next ones (``6F16.8``),
    newer ones all on one line. The last line is ``lambda = … Delta = …`` (Delta: step of E).
``alpha2F.dat`` (lambda.x, end of ``lambda.f90``)
    ``# E(THz)`` and the smearings [Ry] (``10(f10.3)``, or with more digits and a blank where it is
    rebuilt); then E [THz] and one α²F per smearing (``f8.4,10(f10.5)``). Both wrap after ten
    smearings; the wrapped header has no ``#``.
``PREFIX.a2F.dat`` (alpha2f.x, routine ``compute_a2F`` of ``alpha2f.f90``)
    One remark, then ω [Ry], α²F, the phonon DOS and its share per atom. Old versions: ``a2F.dat``,
    with the number of rows instead of the remark.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from betenet.errors import DataError
from betenet.formats.a2f_file import UNIT_DEFINED
from betenet.formats.columns import choose_columns
from betenet.formats.marks import ALPHA2F_DAT
from betenet.formats.parsed import Parsed, need_columns
from betenet.formats.text import (
    Row,
    TextFile,
    broken,
    first_number_line,
    join_rows,
    number_block,
    number_or_nan,
    number_rows,
    to_number,
)

SMEARINGS_PER_LINE = 10
"""After how many smearings lambda.x starts a new line."""

_FOOTER = re.compile(r"\s*lambda\s*=\s*(\S+)(?:\s+Delta\s*=\s*(\S+))?")


def parse_a2f_dos(text: TextFile) -> Parsed:
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
    return Parsed(
        path=text.path,
        unit="Ry",
        unit_source=UNIT_DEFINED,
        frequencies=table[:, 0],
        a2f=table[:, 1:2].T,
        modes=table[:, 2:].T if table.shape[1] > 2 else None,
        stated={} if coupling is None else {"coupling": (coupling,)},
        lines=lines,
        warnings=warnings,
    )


def format_a2f_dos(
    frequencies: Float[np.ndarray, " n_freq"], a2f: Float[np.ndarray, " n_freq"], coupling: float
) -> str:
    """Text of an ``a2F.dosN`` without modes; ω in Ry."""
    step = float(np.mean(np.diff(frequencies)))
    rows = [
        f"   {omega:20.12E}{value:20.12E}" for omega, value in zip(frequencies, a2f, strict=True)
    ]
    return "\n".join(
        [
            "",
            " # Eliashberg function a2F (per both spin)",
            " #  frequencies in Rydberg  ",
            " # DOS normalized to E in Rydberg: a2F_total",
            "",
            *rows,
            f"  lambda =  {coupling:.12f}     Delta =  {step:.12E}",
            "",
        ]
    )


def parse_alpha2f_dat(text: TextFile) -> Parsed:
    """Read ``alpha2F.dat`` of lambda.x, wrapped or not.

    Raises
    ------
    DataError
        If rows are missing, cut off or not numbers; the line is named.
    """
    heads = [ALPHA2F_DAT.match(line) for line in text.lines]
    header = next((i for i, match in enumerate(heads) if match is not None), None)
    smearings: list[float] = []
    start = first_number_line(text, 0 if header is None else header + 1)
    if header is not None and (match := heads[header]) is not None:
        tail = match.group("smearings").replace(",", " ")
        smearings = [x for x in map(to_number, tail.split()) if x is not None]
    rows = number_rows(text, start, len(text.lines))
    if len(smearings) == SMEARINGS_PER_LINE:
        wrapped = _wrapped_header(rows)
        smearings += [x for row in rows[:wrapped] for x in row.numbers]
        rows = rows[wrapped:]
    table, lines = join_rows(text.path, rows)
    need_columns(text.path, table.shape[1], "ω and one α²F per smearing", minimum=2)
    known, warnings = _checked(smearings, table.shape[1] - 1)
    a2f, stated = table[:, 1:].T, {}
    if known is None:
        spectra = choose_columns(text.path, table, ())
        a2f, stated, warnings = spectra.a2f, spectra.stated, (*warnings, *spectra.warnings)
    return Parsed(
        path=text.path,
        unit="THz",
        unit_source=UNIT_DEFINED,
        frequencies=table[:, 0],
        a2f=a2f,
        smearings=known,
        smearing_unit=None if known is None else "Ry",
        stated=stated,
        lines=lines,
        warnings=warnings,
    )


def format_alpha2f_dat(
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, "column n_freq"],
    smearings: Sequence[float] | None,
) -> str:
    """Text of an ``alpha2F.dat``; ω in THz, wrapped after ten smearings as lambda.x does."""
    header = _wrap([f"{smearing:10.5f}" for smearing in smearings or ()])
    lines = ["# E(THz)" + header[0], *header[1:]]
    for omega, values in zip(frequencies, a2f.T, strict=True):
        wrapped = _wrap([f"{value:18.10E}" for value in values])
        lines += [f"{omega:16.9f}{wrapped[0]}", *wrapped[1:]]
    return "\n".join(lines) + "\n"


def parse_alpha2f(text: TextFile) -> Parsed:
    """Read ``PREFIX.a2F.dat`` of alpha2f.x.

    Raises
    ------
    DataError
        If rows are missing, cut off or not numbers; the line is named.
    """
    rows = number_rows(text, first_number_line(text), len(text.lines))
    table, lines = join_rows(text.path, rows[1:] if len(rows[0].numbers) == 1 else rows)
    need_columns(text.path, table.shape[1], "ω, α²F and phonon densities of states", minimum=2)
    return Parsed(
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


def _wrapped_header(rows: Sequence[Row]) -> int:
    """How many lines of smearings follow a full header line: they are shorter than a row."""
    for index, row in enumerate(rows):
        if len(row.numbers) > SMEARINGS_PER_LINE:
            return index
    return 0


def _checked(
    smearings: Sequence[float], n_columns: int
) -> tuple[tuple[float, ...] | None, tuple[str, ...]]:
    """Smearings of the columns, None if the header does not fit, and warnings."""
    if not smearings:
        return None, ()
    if len(smearings) != n_columns:
        found = f"the header lists {len(smearings)} smearings for {n_columns} columns"
        return None, (f"{found}: the columns are only numbered",)
    if len(set(smearings)) < n_columns:
        return tuple(smearings), (
            "some smearings are equal as the header rounds them: choose columns by number",
        )
    return tuple(smearings), ()


def _wrap(fields: Sequence[str]) -> list[str]:
    lines = [
        "".join(fields[i : i + SMEARINGS_PER_LINE])
        for i in range(0, len(fields), SMEARINGS_PER_LINE)
    ]
    return lines or [""]
