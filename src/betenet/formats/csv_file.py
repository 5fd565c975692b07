"""α²F as CSV: a header that names each column and the unit of the frequencies, then numbers.

The first column is ``frequencies_mev`` (or ``_ev``, ``_thz``, ``_cm-1``, ``_ry``, ``_ha``,
``_kelvin``; also ``frequency (THz)`` and the like); columns whose name starts with ``a2f`` or
``alpha2f`` hold α²F. ``a2f (0.02 Ry)`` names a smearing. Other columns are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from betenet.errors import DataError
from betenet.formats.a2f_file import UNIT_STATED
from betenet.formats.parsed import Parsed
from betenet.formats.table import split_columns
from betenet.formats.text import Row, TextFile, broken, is_remark, join_rows, parse_numbers

_SUFFIXES = {
    "mev": "meV",
    "ev": "eV",
    "kelvin": "K",
    "thz": "THz",
    "cm-1": "cm-1",
    "ry": "Ry",
    "ha": "Ha",
}
_OTHER_SPELLINGS = {"k": "K", "cm⁻¹": "cm-1", "cm^-1": "cm-1", "rydberg": "Ry", "hartree": "Ha"}
_UNITS = _SUFFIXES | _OTHER_SPELLINGS
_FREQUENCY = re.compile(
    r"(?:freq\w*?|omega|ω|energy|w|e)(?:(?:[ _]?[\[(]|[ _])([^\[\]()_ ]+)[\])]?)?"
)
_A2F = re.compile(r"(?:a2f|alpha\^?2f|α²f)(?:\W|_|$)")
_SMEARING = re.compile(r"[\[(]\s*([\d.eE+-]+)\s*([^\])\s]*)\s*[\])]")


def frequency_unit(name: str) -> tuple[bool, str | None]:
    """Whether a column name is one of frequencies, and the unit that it states.

    Examples
    --------
    >>> [frequency_unit(name) for name in ("frequencies_mev", "Frequency (THz)", "omega", "a2f")]
    [(True, 'meV'), (True, 'THz'), (True, None), (False, None)]
    """
    match = _FREQUENCY.fullmatch(name.strip().lower())
    if match is None:
        return False, None
    unit = match.group(1)
    if unit is None:
        return True, None
    return (True, _UNITS[unit]) if unit in _UNITS else (False, None)


def is_header(line: str) -> bool:
    """Whether a line is the header of such a table."""
    names = split_columns(line)
    return (
        len(names) > 1
        and frequency_unit(names[0])[0]
        and any(_A2F.match(name.strip().lower()) for name in names[1:])
    )


def parse_csv(text: TextFile) -> Parsed:
    """Read a table with named columns.

    Raises
    ------
    DataError
        If the header does not name frequencies and α²F, or rows are cut off or not numbers.
    """
    content = [i for i, line in enumerate(text.lines) if not is_remark(line)]
    if not content or not is_header(text.lines[content[0]]):
        found = text.lines[content[0]].strip()[:60] if content else ""
        raise DataError(
            f"{text.path} has no header that names frequencies and α²F.",
            reason=f"Its first line is {found!r}.",
            fix="Start it with a line such as: frequencies_mev,a2f",
        )
    header = split_columns(text.lines[content[0]])
    chosen = [i for i, name in enumerate(header) if i and _A2F.match(name.lower())]
    rows = [_row(text, i, header, chosen) for i in content[1:]]
    if not rows:
        raise DataError(f"{text.path} has a header and no rows.", fix="Write the file again.")
    table, lines = join_rows(text.path, rows, wrapped=False)
    unit = frequency_unit(header[0])[1]
    smearings, smearing_unit = _smearings([header[i] for i in chosen])
    return Parsed(
        path=text.path,
        unit=unit,
        unit_source="" if unit is None else UNIT_STATED,
        frequencies=table[:, 0],
        a2f=table[:, 1:].T,
        smearings=smearings,
        smearing_unit=smearing_unit,
        lines=lines,
    )


def format_csv(
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, "column n_freq"],
    unit: str,
    smearings: Sequence[float] | None,
) -> str:
    """Text of a table; numbers survive the round trip exactly."""
    spelling = _OTHER_SPELLINGS.get(unit, unit)
    suffix = next(suffix for suffix, name in _SUFFIXES.items() if name == spelling)
    names = ["a2f"] if len(a2f) == 1 else [f"a2f_{i}" for i in range(1, len(a2f) + 1)]
    if smearings is not None:
        names = [f"a2f ({smearing:.10g})" for smearing in smearings]
    rows = np.concatenate([frequencies[None], a2f]).T
    lines = [",".join(repr(float(number)) for number in row) for row in rows]
    return "\n".join([",".join([f"frequencies_{suffix}", *names]), *lines]) + "\n"


def _row(text: TextFile, index: int, header: Sequence[str], chosen: Sequence[int]) -> Row:
    fields = split_columns(text.lines[index])
    if len(fields) != len(header):
        raise broken(
            text.path,
            index + 1,
            f"{len(fields)} fields where the header has {len(header)}.",
            fix="Repair or remove that row; numbers need decimal points, not commas.",
        )
    return Row(
        index + 1, parse_numbers(text.path, index + 1, [fields[0], *(fields[i] for i in chosen)])
    )


def _smearings(names: Sequence[str]) -> tuple[tuple[float, ...] | None, str | None]:
    """Smearings that the names state, all in one unit, or None."""
    matches = [_SMEARING.search(name) for name in names]
    values = [float(match.group(1)) for match in matches if match is not None]
    units = {match.group(2) for match in matches if match is not None}
    if len(values) < len(names) or len(units) != 1:
        return None, None
    return tuple(values), units.pop() or None
