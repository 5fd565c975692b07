"""Lists of crystals to calculate: CSV files whose rows keep their order."""

from __future__ import annotations

import csv
import hashlib
import io
import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from betenet.errors import DataError
from betenet.input_files import in_short, read_text
from betenet.known.candidate_rules import BAND_GAP, HULL_DISTANCE
from betenet.printable import from_cell, shortened

FILE, PRESSURE, FORMULA, FAMILY = "file", "pressure_gpa", "formula", "family"
"""Columns that are read beside `BAND_GAP` and `HULL_DISTANCE`; only the first must be there, others
are passed over."""
LONGEST_NAME = 100
"""Longest name of a file that becomes the name of a calculation as it is [bytes]."""
MOST_BYTES = 50_000_000
"""Size of a list from which it is taken for something else."""
MOST_PRESSURE = 10_000.0
"""GPa; the centre of Jupiter has 4000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One crystal of a list.

    Attributes
    ----------
    name
        Name of its calculation: that of its file, and the pressure.
    path
        Structure file.
    pressure
        Pressure to which its cell is relaxed [GPa].
    formula, family
        What the list says of it; empty if it says nothing.
    band_gap, hull_distance
        Band gap [eV] and energy above the convex hull [eV per atom] by the list; None if it says
        nothing.
    error
        Why the row cannot be used; empty if it can.
    """

    name: str
    path: Path
    pressure: float = 0.0
    formula: str = ""
    family: str = ""
    band_gap: float | None = None
    hull_distance: float | None = None
    error: str = ""


def read_list(path: str | Path) -> list[Entry]:
    """Read a list.

    Parameters
    ----------
    path
        CSV with a header; the column ``file`` is relative to the folder of the list,
        ``pressure_gpa``, ``formula``, ``family``, ``band_gap_ev`` and
        ``energy_above_hull_ev_per_atom`` may follow.

    Returns
    -------
    list of Entry
        In the order of the rows; one that cannot be used has an error.

    Raises
    ------
    DataError
        If the list cannot be read, has no column ``file``, or has no rows.
    """
    place = Path(path)
    try:
        rows = list(csv.DictReader(io.StringIO(read_text(place, MOST_BYTES), newline="")))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"The list {place} cannot be read.",
            f"{in_short(error)}.",
            f"Give a CSV file with a column {FILE}, and {PRESSURE} where cells are under pressure.",
        ) from error
    if not rows or FILE not in rows[0]:
        columns = ", ".join(str(name) for name in rows[0]) if rows else "none"
        raise DataError(
            f"The list {place} has no crystals.",
            f"It needs a column {FILE} and a row for each of them; its columns are {columns}.",
            f"Write a header such as {FILE},{PRESSURE},{FORMULA},{FAMILY}.",
        )
    return list(_entries(Path(os.path.realpath(place)).parent, rows))


def _entries(folder: Path, rows: list[dict[str, str]]) -> Iterator[Entry]:
    for number, row in enumerate(rows, start=2):
        file = from_cell((row.get(FILE) or "").strip())
        if not file:
            yield Entry(name=f"line-{number}", path=folder, error=f"line {number} names no file")
            continue
        try:
            pressure = float((row.get(PRESSURE) or "0").strip() or 0.0)
        except ValueError:
            pressure = math.nan
        wrong = ""
        if not abs(pressure) <= MOST_PRESSURE:
            wrong = f"{PRESSURE} is no pressure in GPa: {shortened(repr(row.get(PRESSURE)))}"
        energies = {key: _energy(row.get(key)) for key in (BAND_GAP, HULL_DISTANCE)}
        for key, value in energies.items():
            if value is not None and not math.isfinite(value):
                wrong = wrong or f"{key} is no energy in eV: {shortened(repr(row.get(key)))}"
        yield Entry(
            name=name_of(file, pressure),
            path=Path(os.path.normpath(folder / file)),
            pressure=0.0 if wrong else pressure,
            formula=from_cell((row.get(FORMULA) or "").strip()),
            family=from_cell((row.get(FAMILY) or "").strip()),
            band_gap=None if wrong else energies[BAND_GAP],
            hull_distance=None if wrong else energies[HULL_DISTANCE],
            error=wrong,
        )


def _energy(cell: str | None) -> float | None:
    """Number of a cell; None if it is empty, NaN if it holds none."""
    try:
        return float(cell) if cell and cell.strip() else None
    except ValueError:
        return math.nan


def name_of(file: str, pressure: float) -> str:
    """Name of a calculation, in letters that any folder may have.

    Examples
    --------
    >>> name_of("p150/Ca_mh6.cif", 150.0), name_of("Nb.cif.gz", 0.0)
    ('Ca_mh6-150GPa', 'Nb')
    """
    stem = re.sub(r"\.\w{1,8}(\.(gz|bz2|xz))?$", "", Path(file).name)
    stem = re.sub(r"[^\w.+-]+", "-", stem).strip(".-") or "structure"
    if len(stem.encode()) > LONGEST_NAME:
        digest = hashlib.sha256(stem.encode()).hexdigest()[:8]
        stem = stem.encode()[:LONGEST_NAME].decode(errors="ignore") + f"-{digest}"
    return f"{stem}-{pressure:g}GPa" if pressure and math.isfinite(pressure) else stem


def entry_to_dict(entry: Entry) -> dict[str, object]:
    """Plain values, for JSON."""
    return {
        "name": entry.name,
        FILE: str(entry.path),
        PRESSURE: entry.pressure,
        FORMULA: entry.formula,
        FAMILY: entry.family,
        BAND_GAP: entry.band_gap,
        HULL_DISTANCE: entry.hull_distance,
        "error": entry.error,
    }


def entry_from_dict(table: Mapping[str, object]) -> Entry:
    """From plain values.

    Raises
    ------
    KeyError, TypeError, ValueError
        If a value is missing or has another type, or the name is none for a folder.
    """
    name = str(table["name"])
    if not re.fullmatch(r"[\w+-][\w.+-]*", name):
        raise ValueError(f"{name!r} is no name of a calculation")
    return Entry(
        name=name,
        path=Path(str(table[FILE])),
        pressure=float(str(table[PRESSURE])),
        formula=str(table[FORMULA]),
        family=str(table[FAMILY]),
        band_gap=_number(table.get(BAND_GAP)),
        hull_distance=_number(table.get(HULL_DISTANCE)),
        error=str(table["error"]),
    )


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))
