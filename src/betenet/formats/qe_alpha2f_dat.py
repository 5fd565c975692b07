"""α²F of lambda.x of Quantum ESPRESSO: ``alpha2F.dat``, one column for each smearing.

The end of ``lambda.f90`` writes ``# E(THz)`` and the smearings [Ry] (``10(f10.3)``, or with more
digits and a blank where it is rebuilt); then E [THz] and one α²F per smearing
(``f8.4,10(f10.5)``). Both wrap after ten smearings; the wrapped header has no ``#``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from betenet.formats.a2f_file import UNIT_DEFINED, A2fFile
from betenet.formats.columns import choose_columns
from betenet.formats.file_format import A2fColumns, A2fFormat
from betenet.formats.text import (
    Row,
    TextFile,
    first_number_line,
    join_rows,
    need_columns,
    number_rows,
    to_number,
)

SMEARINGS_PER_LINE = 10
"""Number of smearings after which lambda.x starts a new line."""

_HEADER = re.compile(
    r"^[#! \t]*E[ \t]*[\[(][ \t]*THz[ \t]*[\])][:,]?"
    r"(?P<smearings>(?:[ \t]+[\d.]+(?:[eEdD][+-]?\d+)?,?)*)[ \t]*$",
    re.MULTILINE,
)
"""Header of lambda.x, in whatever spacing and number of digits its compilers give it."""


def parse_alpha2f_dat(text: TextFile) -> A2fFile:
    """Read ``alpha2F.dat`` of lambda.x, wrapped or not.

    Raises
    ------
    DataError
        If rows are missing, cut off or not numbers; the line is named.
    """
    heads = [_HEADER.match(line) for line in text.lines]
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
    a2f, stated = table[:, 1:].T, dict[str, tuple[float, ...]]()
    if known is None:
        spectra = choose_columns(text.path, table, ())
        a2f, stated, warnings = spectra.a2f, dict(spectra.stated), (*warnings, *spectra.warnings)
    return A2fFile(
        path=text.path,
        unit="THz",
        unit_source=UNIT_DEFINED,
        frequencies=table[:, 0],
        a2f=a2f,
        smearings=known,
        smearing_unit=None if known is None else "Ry",
        stated=stated,
        per_smearing=True,
        lines=lines,
        warnings=warnings,
    )


def format_alpha2f_dat(columns: A2fColumns) -> str:
    """Text of an ``alpha2F.dat``; ω in THz, wrapped after ten smearings as lambda.x does."""
    header = _wrap([f"{smearing:10.5f}" for smearing in columns.smearings or ()])
    lines = ["# E(THz)" + header[0], *header[1:]]
    for omega, values in zip(columns.frequencies, columns.a2f.T, strict=True):
        wrapped = _wrap([f"{value:18.10E}" for value in values])
        lines += [f"{omega:16.9f}{wrapped[0]}", *wrapped[1:]]
    return "\n".join(lines) + "\n"


def _wrapped_header(rows: Sequence[Row]) -> int:
    """Number of lines of smearings that follow a full header line: they are shorter than a row."""
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


FORMAT = A2fFormat(
    key="qe-alpha2f-dat",
    program="Quantum ESPRESSO lambda.x",
    text="alpha2F.dat: ω and one α²F per smearing",
    unit="THz",
    beware="wrapped after ten smearings; *all* NaN if one mode it was given is imaginary, even an "
    "acoustic one at Γ; negative with Methfessel–Paxton smearing",
    marks=_HEADER,
    names=re.compile(r"alpha2f\.dat", re.IGNORECASE),
    read=parse_alpha2f_dat,
    write=format_alpha2f_dat,
    is_columns=True,
)
