"""Phonon densities of states of other programs: read and checked, whatever their format."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np

from betenet.errors import DataError, SpectrumError
from betenet.formats.a2f_file import UNIT_DEFINED, UNIT_GIVEN, UNIT_STATED
from betenet.formats.file_format import check_format, told_by_name
from betenet.formats.phonon_dos_file import PhononDosFile, SitePlaces
from betenet.formats.phonon_dos_formats import (
    PHONON_DOS_FORMATS,
    Layout,
    dos_header_lines,
    is_three_per_atom,
)
from betenet.formats.phonon_dos_recognise import (
    decide_format,
    key_in_header,
    key_in_name,
    unit_in_header,
)
from betenet.formats.phonon_range import check_phonon_range, highest_frequency
from betenet.formats.table import split_columns
from betenet.formats.text import (
    Row,
    TextFile,
    as_text,
    broken,
    first_number_line,
    is_remark,
    join_rows,
    parse_numbers,
    read_bytes,
)
from betenet.json_input import decode_json
from betenet.phonon_dos import PhononDos
from betenet.units import convert_frequency

PLAUSIBLE_TOP = (5.0, 700.0)
"""Bounds of the highest phonon of a solid, from caesium to hydrogen [meV]."""

_OTHER_UNIT = "Give the right unit, with format table where a program's is another one."
_SMEARINGS = re.compile(r"phdos.* for\s+(\d+)\s+smearing")
_COMPLETE = 0.05
_WEIGHT = 0.01
_IMAGINARY = 1e-3


def read_phonon_dos(
    path: str | Path,
    *,
    format: str | None = None,  # noqa: A002 (the name that the command line has)
    unit: str | None = None,
    smearing: int = 1,
) -> PhononDosFile:
    """Read a phonon density of states.

    Parameters
    ----------
    path
        The file; its name is asked only where its content could be any table.
    format
        Key of :data:`~betenet.formats.phonon_dos_formats.PHONON_DOS_FORMATS`; recognised from the
        content if not given.
    unit
        Unit of the frequencies, for a plain table, or where the file departs from its format.
    smearing
        Number of the column of an EPW ``.phdos``, from 1.

    Returns
    -------
    PhononDosFile
        The density of states in meV and states/meV, not normalised, with format, unit and
        warnings.

    Raises
    ------
    DataError
        If the file is missing, empty, broken (the line is named), holds α²F, or cannot be
        recognised.
    ConfigError
        If the format or the unit is unknown.
    """
    key = None if format is None else check_format(format, PHONON_DOS_FORMATS)
    content = read_bytes(path)
    text = as_text(path, content)
    if key == "json" or (key is None and content.lstrip()[:1] == b"{"):
        return _read_json(path, text, unit)
    header = key_in_header(text)
    stated = _stated_unit(text, header, unit)
    by_name = key_in_name(text) if key is None and header is None and stated is None else None
    header = header or by_name
    rows = _number_rows(text)
    # Fortran starts a new line after sixteen numbers of EPW; nobody else's rows are wrapped.
    asked = PHONON_DOS_FORMATS.get(key or header or "")
    wrapped = asked is not None and asked.is_wrapped
    table, lines = join_rows(text.path, rows, wrapped=wrapped, expected=_announced(text))
    wanted = key
    key = decide_format(text, table, header=header, wanted=key, unit=unit or stated)
    if by_name is None:
        _check_unit(text.path, key, unit, wanted)
    if (arrange := PHONON_DOS_FORMATS[key].arrange) is not None:
        table = arrange(dos_header_lines(text), table)
    _check_rows(text.path, table, lines)
    layout = _layout(text.path, key, table, smearing)
    told = () if by_name is None else (told_by_name(by_name),)
    return _converted(text.path, key, unit, stated, layout, told)


def _stated_unit(text: TextFile, header: str | None, unit: str | None) -> str | None:
    """Unit that the file states, which the user may not contradict; None if it states none.

    The header of phonopy does not: its frequencies are in another unit where it was asked for one.
    """
    known = None if header is None else PHONON_DOS_FORMATS[header]
    by_format = None if known is None or known.unit_may_differ else known.unit
    stated = by_format or unit_in_header(text)
    if unit is None or stated is None:
        return stated
    if not np.isclose(convert_frequency(1.0, unit, stated), 1.0):
        raise DataError(
            f"{text.path} is in {stated}, not in {unit}.",
            reason="Its header says so.",
            fix="Leave the unit out; if the header is wrong, correct it.",
        )
    return stated


def _check_unit(path: str, key: str, unit: str | None, wanted: str | None) -> None:
    """Refuse a unit that is not that of the format."""
    known = PHONON_DOS_FORMATS[key].unit
    if unit is None or known is None or np.isclose(convert_frequency(1.0, unit, known), 1.0):
        return
    raise DataError(
        f"{path} is in {known}, not in {unit}.",
        reason=f"That is the unit of every file of {PHONON_DOS_FORMATS[key].program} "
        f"({key}), which it {'is said to be' if wanted else 'looks like'}.",
        fix="Leave the unit out. If the frequencies were converted, say so with format table and "
        "the unit.",
    )


def _number_rows(text: TextFile) -> list[Row]:
    """Rows of numbers, parted by blanks, or commas or semicolons as in CSV."""
    start = first_number_line(text)
    return [
        Row(i + 1, parse_numbers(text.path, i + 1, split_columns(line)))
        for i, line in enumerate(text.lines)
        if i >= start and not is_remark(line)
    ]


def _announced(text: TextFile) -> int:
    """Columns of a row by the header of EPW; 0 without one."""
    match = _SMEARINGS.search(text.lines[0])
    return 0 if match is None else 1 + int(match.group(1))


def _check_rows(path: str, table: np.ndarray, lines: Sequence[int]) -> None:
    """Errors that name the line, before the arrays lose it."""
    if table.shape[0] < 2 or table.shape[1] < 2:
        raise DataError(
            f"{path} holds {table.shape[0]} rows of {table.shape[1]} numbers.",
            reason="A density of states needs two rows and two columns at least.",
            fix="Check that the run which wrote it has finished.",
        )
    wrong = ~np.isfinite(table).all(axis=1)
    if np.any(wrong):
        raise broken(
            path,
            lines[int(np.argmax(wrong))],
            "a value is not a finite number.",
            fix="Repeat the run that wrote the file; do not cut the row out.",
        )
    steps = np.diff(table[:, 0]) <= 0.0
    if np.any(steps):
        index = int(np.argmax(steps)) + 1
        raise broken(
            path,
            lines[index],
            f"the frequency {table[index, 0]:g} is not above {table[index - 1, 0]:g}.",
            reason="Frequencies must increase; two runs may have written to one file.",
            fix="Write the file again.",
        )
    negative = (table[:, 1:] < 0.0).any(axis=1)
    if np.any(negative):
        raise broken(
            path,
            lines[int(np.argmax(negative))],
            f"the density of states is negative ({int(negative.sum())} such rows).",
            reason="It counts states. α²F may be negative: is it such a file?",
            fix="Read α²F with read_a2f; else use denser q points or another smearing.",
        )


def _layout(path: str, key: str, table: np.ndarray, smearing: int) -> Layout:
    known = PHONON_DOS_FORMATS[key]
    if smearing != 1 and not known.per_smearing:
        raise DataError(
            f"{path}: there is no smearing {smearing} in the format {key}.",
            reason="Only PREFIX.phdos of EPW has one column per smearing.",
            fix="Leave smearing out.",
        )
    return known.layout(path, table, smearing)


def _converted(
    path: str, key: str, unit: str | None, stated: str | None, layout: Layout, told: tuple[str, ...]
) -> PhononDosFile:
    found = unit or PHONON_DOS_FORMATS[key].unit or stated
    if found is None:
        raise DataError(
            f"{path}: the unit of the frequencies is not known.",
            reason="A plain table does not state it, and its integral is the same in each unit.",
            fix="Write it into a first line, such as `# frequency [cm-1]`, or pass unit='cm-1'.",
        )
    factor = float(convert_frequency(1.0, found, "meV"))
    top = highest_frequency(layout.frequencies * factor, layout.total[None])
    check_phonon_range(path, top, found, _OTHER_UNIT)
    sites = None if layout.sites is None else layout.sites / factor
    dos = PhononDos(layout.frequencies * factor, layout.total / factor, sites)
    return PhononDosFile(
        path=path,
        format=key,
        unit=found,
        unit_source=_unit_source(key, unit),
        dos=dos,
        warnings=(*told, *layout.warnings, *_doubts(dos)),
    )


def _unit_source(key: str, unit: str | None) -> str:
    if unit is not None:
        return UNIT_GIVEN
    return UNIT_STATED if PHONON_DOS_FORMATS[key].unit is None else UNIT_DEFINED


def _doubts(dos: PhononDos) -> tuple[str, ...]:
    """Doubts whether a density of states is complete, and its unit the one assumed."""
    doubts: list[str] = []
    states, n_sites = dos.n_states, None if dos.sites is None else dos.sites.shape[0]
    if n_sites is not None and abs(states / (3.0 * n_sites) - 1.0) > _COMPLETE:
        doubts.append(
            f"∫g dω is {states:.4g}, not three per site ({n_sites} in all): the range of "
            "frequencies may be too short, or the values scaled."
        )
    elif n_sites is None and not is_three_per_atom(states):
        doubts.append(
            f"∫g dω is {states:.4g}, not three times a number of atoms: the range of frequencies "
            "may be too short, the values scaled, or this may be no density of states."
        )
    top = float(dos.frequencies[dos.total > _WEIGHT * dos.total.max()].max(initial=0.0))
    if not PLAUSIBLE_TOP[0] <= top <= PLAUSIBLE_TOP[1]:
        doubts.append(f"The highest frequency is {top:.4g} meV: is the unit right?")
    if dos.imaginary_fraction > _IMAGINARY:
        doubts.append(
            f"{dos.imaginary_fraction:.2%} of the states are at imaginary frequencies: the "
            "structure is not stable in this calculation."
        )
    return tuple(doubts)


def _read_json(path: str | Path, text: TextFile, unit: str | None) -> PhononDosFile:
    if unit not in {None, "meV"}:
        raise DataError(
            f"{path} is in meV, not in {unit}.",
            reason="Its keys carry the unit.",
            fix="Leave the unit out.",
        )
    try:
        data: object = decode_json("\n".join(text.lines))
    except ValueError as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        raise broken(str(path), line, "not valid JSON.", reason=str(error)) from error
    if isinstance(data, dict) and "a2f" in data:
        raise DataError(
            f"{path} holds α²F, not a phonon density of states.", fix="Read it with read_a2f."
        )
    content = cast("dict[str, object]", data) if isinstance(data, dict) else None
    structure = None if content is None else content.pop("structure", None)
    force_field = "" if content is None else content.pop("force_field", "")
    try:
        dos = PhononDos.from_json(json.dumps(data))
        places = None if structure is None else _places(structure, dos)
    except SpectrumError as error:
        raise DataError(f"{path}: {error.summary}", reason=error.reason, fix=error.fix) from error
    return PhononDosFile(
        path=str(path),
        format="json",
        unit="meV",
        unit_source=UNIT_STATED,
        dos=dos,
        warnings=_doubts(dos),
        places=places,
        force_field=str(force_field),
    )


def _places(structure: object, dos: PhononDos) -> SitePlaces:
    given: Mapping[str, object] = {}
    if isinstance(structure, dict):
        given = cast("dict[str, object]", structure)
    return SitePlaces.from_dict(given, 0 if dos.sites is None else len(dos.sites))
