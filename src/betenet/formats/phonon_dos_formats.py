"""The formats of phonon densities of states: how they are told, what their columns hold.

Layouts, each confirmed in the source that writes it:

- matdyn.x (``matdyn.f90``): ω [cm⁻¹], total, one column per atom; old versions without the atoms
  and without the header.
- EPW (``write_phdos`` in ``io.f90``, before in ``supercond.f90``): ω [meV], one total per phonon
  smearing; ``.phdos_proj`` has the total of the first smearing and its modes, sorted by
  frequency: they are not sites. EPW 5 (``selfen.f90``) also writes ``.phdos.01.300.000``, the same
  without a header: only its name, and how its numbers are written, tell it.
- phonopy (``phonon/dos.py``): ω [THz] and either the total, or one column per atom of the
  *primitive* cell, or with XYZ_PROJECTION three per atom, which only their integrals tell.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from betenet.errors import ConfigError, DataError
from betenet.formats.column_names import column
from betenet.formats.file_format import EPW_ENDING, FileFormat
from betenet.formats.header import splittings
from betenet.formats.phonon_dos_file import PhononDosFile
from betenet.formats.text import TextFile, is_remark, starts_with_number
from betenet.phonon_dos import PhononDos
from betenet.units import convert_frequency

STATES_TOLERANCE = 0.15
"""Distance that ∫g dω may have from three times a whole number [states]."""

_SUM_TOLERANCE = 0.01  # of the highest total; matdyn.x writes the share of an atom with 5 digits
# what Fortran's ES12.4 makes of a number that is not negative
_OLD_MATDYN = re.compile(r"-?\d\.\d{4}E[+-]\d\d(?:\s+-?\d\.\d{4}E[+-]\d\d)+")
# of ES18.10 for ω and the total, and ES12.4 for the atoms
_MATDYN = re.compile(r"(?:\s*-?\d\.\d{10}E[+-]\d\d){2}(?:\s+-?\d\.\d{4}E[+-]\d\d)+")
_TOTAL = re.compile(r"(?:phonon|ph|v|t|total|tot)?[ _]*(?:dos|total|tot|sum)|g(?:\(\w+\))?")
_INTEGRAL = re.compile(r"(?:int|integrated|cumulative|cumul|sum of|n)[ _.]*(?:ph|v|t)?dos\w*|idos")
_PHONOPY = re.compile(r"^#\s*(?:Tetrahedron method|Sigma = \S+)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Columns of a file by their meaning.

    Parameters
    ----------
    frequencies
        Frequencies ω [unit of the file].
    total
        Density of states of the cell [states/unit].
    sites
        Share of each atom of the cell; None if the file does not tell [states/unit].
    warnings
        Sentences that a user should know.
    """

    frequencies: Float[np.ndarray, " n_freq"]
    total: Float[np.ndarray, " n_freq"]
    sites: Float[np.ndarray, "site n_freq"] | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PhononDosFormat(FileFormat):
    """A format of a phonon density of states; ``fits`` takes the text and its numbers.

    Parameters
    ----------
    layout
        Function of path, numbers and smearing that tells the columns apart (JSON has none).
    arrange
        Function of the lines of the header and the numbers that puts columns into their order.
    per_smearing
        Whether there is a column for each smearing.
    is_wrapped
        Whether a row may take several lines.
    unit_may_differ
        Whether the program can be asked for another unit, of which the header says nothing.
    """

    layout: Callable[[str, np.ndarray, int], Layout]
    arrange: Callable[[Sequence[str], np.ndarray], np.ndarray] | None = None
    per_smearing: bool = False
    is_wrapped: bool = False
    unit_may_differ: bool = False


def is_three_per_atom(states: float) -> bool:
    """Whether ∫g dω can be that of a whole number of atoms."""
    return states > 1.5 and abs(states - 3.0 * round(states / 3.0)) < STATES_TOLERANCE


def is_matdyn(text: TextFile, table: Float[np.ndarray, "row column"]) -> bool:
    """Whether a file without a header has a layout of matdyn.x that nobody else writes."""
    rows = number_lines(text)
    if dos_header_lines(text):
        return False
    if all(map(_MATDYN.fullmatch, rows)):
        return True
    states = float(np.sum(0.5 * (table[1:, 1] + table[:-1, 1]) * np.diff(table[:, 0])))
    return (
        table.shape[1] == 2 and all(map(_OLD_MATDYN.fullmatch, rows)) and is_three_per_atom(states)
    )


def number_lines(text: TextFile) -> list[str]:
    """Lines of a file that are no remarks, without the blanks around them."""
    return [line.strip() for line in text.lines if not is_remark(line)]


def dos_header_lines(text: TextFile) -> list[str]:
    """Lines before the first row of numbers that are not blank."""
    lines: list[str] = []
    for line in text.lines:
        if starts_with_number(line):
            break
        if line.strip():
            lines.append(line)
    return lines


def arrange_columns(
    lines: Sequence[str], table: Float[np.ndarray, "row column"]
) -> Float[np.ndarray, "row kept"]:
    """Columns in the order ω, total, shares, where a line of a header names them all.

    Integrals are left out. Tables whose columns have no names stay as they are.
    """
    names = _column_names(lines, table.shape[1])
    if not names:
        return table
    kept = [i for i in range(1, len(names)) if not _INTEGRAL.match(names[i])]
    totals = [i for i in kept if _TOTAL.fullmatch(names[i])]
    if len(totals) == 1:
        kept.remove(totals[0])
        kept.insert(0, totals[0])
    return table[:, [0, *kept]] if kept else table


def _column_names(lines: Sequence[str], width: int) -> list[str]:
    for line in lines:
        for _, fields in splittings(line.strip(" \t#!%@")):
            if len(fields) == width and column(fields[0]).role == "frequency":
                return [re.sub(r"\s*[\[(].*", "", field).strip().lower() for field in fields]
    return []


def _total_and_parts(
    path: str, table: np.ndarray, smearing: int, *, key: str, parts: str = "sites"
) -> Layout:
    """Columns of ω, of the total, and of its sites or modes, if there are any."""
    del smearing
    total, rest = table[:, 1], table[:, 2:].T
    if not rest.size:
        return Layout(table[:, 0], total)
    worst = float(np.max(np.abs(rest.sum(axis=0) - total)))
    if worst > _SUM_TOLERANCE * float(total.max()):
        raise DataError(
            f"{path}: columns 3 to {rest.shape[0] + 2} do not add up to column 2.",
            reason=f"In the format {key} they are its {parts}.",
            fix="Check which program wrote the file, and pass its format.",
        )
    return Layout(table[:, 0], total, rest if parts == "sites" else None)


def _total_alone(path: str, table: np.ndarray, smearing: int) -> Layout:
    """Columns of ω and of the total, as total_dos.dat of phonopy has them."""
    del smearing
    if table.shape[1] > 2:
        raise DataError(
            f"{path} has {table.shape[1]} columns.",
            reason="total_dos.dat of phonopy has two.",
            fix="Use the format phonopy-projected-dos.",
        )
    return Layout(table[:, 0], table[:, 1])


def _epw_smearing(path: str, table: np.ndarray, smearing: int) -> Layout:
    count = table.shape[1] - 1
    if not 1 <= smearing <= count:
        raise DataError(
            f"{path} has no smearing {smearing}.",
            reason=f"It holds {count}, numbered from 1.",
            fix="Choose one of them.",
        )
    warnings: tuple[str, ...] = ()
    if count > 1:
        warnings = (f"Smearing {smearing} of {count} was taken; choose another with smearing=.",)
    return Layout(table[:, 0], table[:, smearing], warnings=warnings)


def _phonopy_projected(path: str, table: np.ndarray, smearing: int) -> Layout:
    """Columns are atoms, with 3 states each, or Cartesian directions of atoms, with 1 each."""
    del path, smearing
    columns = table[:, 1:].T
    total = columns.sum(axis=0)
    each = PhononDos(table[:, 0], total).n_states / columns.shape[0]
    if columns.shape[0] % 3 or each > np.sqrt(3.0):
        return Layout(table[:, 0], total, columns)
    sites = columns.reshape(-1, 3, table.shape[0]).sum(axis=1)
    note = (
        f"The {columns.shape[0]} columns hold one state each, so they are read as x, y and z of "
        f"{sites.shape[0]} atoms (XYZ_PROJECTION)."
    )
    return Layout(table[:, 0], total, sites, (note,))


def _format_json(file: PhononDosFile) -> str:
    """Text of a file of ours: everything, with the places of the sites and the force field."""
    content = dict(file.dos.to_dict())
    if file.places is not None:
        content["structure"] = file.places.to_dict()
    if file.force_field:
        content["force_field"] = file.force_field
    return json.dumps(content) + "\n"


def _format_columns(file: PhononDosFile, *, header: str, parts: str = "total sites") -> str:
    """Text of columns of ω, of the total and of the sites, as far as they are asked for."""
    factor = float(convert_frequency(1.0, "meV", file.unit))
    dos = file.dos
    columns = [dos.total] if "total" in parts else []
    columns += [] if dos.sites is None or "sites" not in parts else list(dos.sites)
    if not columns:
        raise ConfigError(
            "This phonon density of states has no sites.",
            reason=f"The format {file.format} holds nothing else.",
            fix="Use phonopy-total-dos.",
        )
    rows = np.stack([factor * dos.frequencies, *(one / factor for one in columns)], axis=1)
    lines = ["".join(f"{number:19.10E}" for number in row) for row in rows]
    return "\n".join([header.format(unit=file.unit), *lines]) + "\n"


_RECORDS = (
    PhononDosFormat(
        key="qe-matdyn-dos",
        program="Quantum ESPRESSO matdyn.x",
        text="matdyn.dos: ω, total, one column per atom",
        unit="cm-1",
        beware="old versions have no header and no atoms; told by their digits, whatever the name",
        marks=re.compile(r"frequency\s*\[cm\^-1\]\s+dos", re.IGNORECASE),
        fits=is_matdyn,
        layout=partial(_total_and_parts, key="qe-matdyn-dos"),
        write=partial(_format_columns, header=" # Frequency[cm^-1] DOS PDOS"),
    ),
    PhononDosFormat(
        key="epw-phdos",
        program="EPW",
        text="PREFIX.phdos: ω, one total per smearing",
        unit="meV",
        beware="`smearing=` chooses; `.phdos.01.300.000` has no header: told by its name and seven "
        "decimals; without the acoustic modes at Γ, so below 3 per atom",
        marks=re.compile(r"phdos\[states(?!.*phdos_modeproj)"),
        names=re.compile(rf".+\.phdos{EPW_ENDING}", re.IGNORECASE),
        layout=_epw_smearing,
        per_smearing=True,
        is_wrapped=True,
        write=partial(
            _format_columns,
            header="  w[meV] phdos[states/meV] for    1 smearing values",
            parts="total",
        ),
    ),
    PhononDosFormat(
        key="epw-phdos-proj",
        program="EPW",
        text="PREFIX.phdos_proj: ω, total, its modes",
        unit="meV",
        beware="its columns are modes, not atoms",
        marks=re.compile(r"phdos_modeproj"),
        layout=partial(_total_and_parts, key="epw-phdos-proj", parts="modes"),
        is_wrapped=True,
    ),
    PhononDosFormat(
        key="phonopy-total-dos",
        program="phonopy",
        text="total_dos.dat: ω, total",
        unit="THz",
        beware="`projected_dos.dat` of one atom looks the same",
        marks=_PHONOPY,
        layout=_total_alone,
        unit_may_differ=True,
        write=partial(_format_columns, header="# Tetrahedron method", parts="total"),
    ),
    PhononDosFormat(
        key="phonopy-projected-dos",
        program="phonopy",
        text="projected_dos.dat: ω, one column per atom of the primitive cell (or three)",
        unit="THz",
        beware="three columns per atom with XYZ_PROJECTION: told by their integrals, and summed",
        marks=_PHONOPY,
        layout=_phonopy_projected,
        unit_may_differ=True,
        write=partial(_format_columns, header="# Tetrahedron method", parts="sites"),
    ),
    PhononDosFormat(
        key="json",
        program="betenet",
        text="what write_phonon_dos writes unless told otherwise",
        unit="meV",
        beware="with the elements and, where known, the places of the sites",
        layout=partial(_total_and_parts, key="json"),
        write=_format_json,
    ),
    PhononDosFormat(
        key="table",
        program="any program",
        text="ω in the given unit, total, one column per atom",
        beware="columns or CSV; the unit is stated by the first line, such as `# frequency "
        "[cm-1]`, or given; `total` is found by its name, integrals are left out",
        layout=partial(_total_and_parts, key="table"),
        arrange=arrange_columns,
        write=partial(_format_columns, header="# frequency [{unit}], total, sites [states/{unit}]"),
    ),
)

PHONON_DOS_FORMATS: Mapping[str, PhononDosFormat] = MappingProxyType(
    {record.key: record for record in _RECORDS}
)
"""Formats of phonon densities of states by key: a new one is a record above."""
