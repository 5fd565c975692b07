"""Rows to train on from the literature: hydrides, crystals under pressure, antiperovskites.

The labels are those of `pressure_labels`; the cells are the ones that were calculated where the
source states them, and else rebuilt ones, which ``benchmarks/rebuild_cells.py`` relaxes with a
force field at the stated pressure and keeps in ``recipes/pressure/cells.jsonl``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from betenet.datasets.jsonl_fields import read_structure
from betenet.datasets.jsonl_rows import Entry, Refusal
from betenet.datasets.pressure_labels import (
    LEAST_PRESSURE,
    READINGS,
    SAME_PRESSURE,
    Label,
    read_labels,
)
from betenet.datasets.rows import TARGETS, Row
from betenet.errors import DataError
from betenet.input_files import lines_of, open_text
from betenet.json_input import decode_json
from betenet.units import MEV_TO_KELVIN

CELLS = Path("recipes", "pressure", "cells.jsonl")
SEARCH, SEARCH_WEIGHT = "search", 0.5
"""Prototype of a cell that a search found, and its weight: lowest in enthalpy, but is it theirs?"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PressureRow:
    """One row to train on, and what else is known of it.

    Attributes
    ----------
    entry
        Row with its published Tc and μ*.
    pressure
        Pressure of the calculation [GPa]; NaN where none is stated.
    space_group
        Number of the space group that is stated; 0 where none is.
    weight
        Weight of the row [1]: those of one state (formula, space group, pressure within 5 GPa)
        share a weight of one; a row whose cell a search found has half of its share, and one whose
        cell is known to be poor a quarter.
    cell_from
        Where the cell is from: ``"stated"``, another row of the same state, or the force field
        that it was rebuilt with.
    prototype
        Name of the prototype of a rebuilt cell; ``"search"`` where a search found it.
    level
        Level of theory in words.
    reference
        DOI, paper or file of the numbers.
    flags
        What is to be kept in mind.
    """

    entry: Entry
    pressure: float
    space_group: int
    weight: float
    cell_from: str
    prototype: str
    level: str
    reference: str
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class RebuiltCell:
    """A cell that was rebuilt.

    Attributes
    ----------
    atoms
        Primitive cell.
    prototype
        Name of the prototype; ``"search"`` where a search found it.
    force_field
        Force field that it was relaxed with.
    gap
        Enthalpy of the next crystal of the same space group above it [meV for each atom]; infinite
        where there was no other.
    """

    atoms: Atoms
    prototype: str
    force_field: str
    gap: float


def pressure_rows(
    folder: Path, cells: Path = CELLS, readings: Path = READINGS
) -> tuple[list[PressureRow], list[Refusal]]:
    """Rows to train on, and the rows of the files that are refused, each with the reason.

    Parameters
    ----------
    folder
        Folder of the first-principles data.
    cells
        Cells that were rebuilt.
    readings
        How label rows are read whose own fields are wrong.

    Returns
    -------
    list[PressureRow]
        In the order of the files. No formula of ``held_out_formulas.txt`` is among them.
    list[Refusal]
        The others.

    Raises
    ------
    DataError
        If a file is missing or broken.
    """
    labels, refused = read_labels(folder, readings)
    rebuilt, unbuilt = read_cells(cells)
    stated = [label for label in labels if label.atoms is not None]
    rows: list[PressureRow] = []
    for label in labels:
        twin = next((one for one in stated if _has_same_cell(one, label)), None)
        if label.atoms is not None:
            rows.append(_row(label, label.atoms, "stated", ""))
        elif label.id in rebuilt:
            cell = rebuilt[label.id]
            flags = (f"cell rebuilt with {cell.force_field}, {cell.prototype}",)
            told = replace(label, flags=label.flags + flags)
            rows.append(_row(told, cell.atoms, cell.force_field, cell.prototype))
        elif twin is not None and twin.atoms is not None:
            rows.append(_row(label, twin.atoms, twin.id, ""))
        else:
            reason = unbuilt.get(label.id, "no prototype is certain")
            refused.append(Refusal(label.id, f"no cell: {reason}"))
    return _shared(rows, labels), refused


def read_cells(path: Path) -> tuple[dict[str, RebuiltCell], dict[str, str]]:
    """Rebuilt cells by the id of the label, and for labels without one the reason.

    Parameters
    ----------
    path
        File that ``benchmarks/rebuild_cells.py`` writes.

    Raises
    ------
    DataError
        If it is missing or broken.
    """
    cells: dict[str, RebuiltCell] = {}
    reasons: dict[str, str] = {}
    try:
        with open_text(path) as file:
            for line in lines_of(file):
                data: Mapping[str, Any] = decode_json(line)
                for key in data["labels"]:
                    if "refused" in data:
                        reasons[key] = data["refused"]
                    else:
                        cells[key] = _rebuilt(data)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            f"The rebuilt cells in {path} cannot be read.",
            f"{type(error).__name__}: {error}.",
            "Give the file recipes/pressure/cells.jsonl of the project.",
        ) from error
    return cells, reasons


def is_same_state(one: Label, other: Label) -> bool:
    """Whether two labels are of one crystal: formula, space group, and pressure within 5 GPa.

    Parameters
    ----------
    one, other
        The labels. Two without a stated pressure count as at rest.
    """
    if (one.formula, one.space_group) != (other.formula, other.space_group):
        return False
    apart = np.nan_to_num(one.pressure) - np.nan_to_num(other.pressure)
    return bool(abs(apart) <= SAME_PRESSURE)


def _has_same_cell(one: Label, other: Label) -> bool:
    apart = np.nan_to_num(one.pressure) - np.nan_to_num(other.pressure)
    return is_same_state(one, other) and bool(abs(apart) <= LEAST_PRESSURE)


def _rebuilt(data: Mapping[str, Any]) -> RebuiltCell:
    gap = data.get("gap_mev_per_atom")
    structure = {key: data[key] for key in ("lattice", "species", "frac_coords")}
    return RebuiltCell(
        atoms=read_structure(structure),
        prototype=data["prototype"],
        force_field=data["force_field"],
        gap=math.inf if gap is None else float(gap),
    )


def _row(label: Label, atoms: Atoms, cell_from: str, prototype: str) -> PressureRow:
    targets = np.full(len(TARGETS), np.nan)
    targets[TARGETS.index("coupling")] = label.coupling
    targets[TARGETS.index("omega_log")] = label.omega_log / MEV_TO_KELVIN
    targets[TARGETS.index("omega_2")] = label.omega_2 / MEV_TO_KELVIN
    row = Row(
        id=label.id,
        source=label.source,
        atoms=atoms,
        formula=label.formula,
        targets=targets,
        fermi_dos=label.dos_fermi / len(atoms),
    )
    return PressureRow(
        entry=Entry(row=row, tc=label.tc, mu_star=label.mu_star),
        pressure=label.pressure,
        space_group=label.space_group,
        weight=label.weight * (SEARCH_WEIGHT if prototype == SEARCH else 1.0),
        cell_from=cell_from,
        prototype=prototype,
        level=label.level,
        reference=label.reference,
        flags=label.flags,
    )


def _shared(rows: Sequence[PressureRow], labels: Sequence[Label]) -> list[PressureRow]:
    """Rows of one state share its weight."""
    of = {label.id: label for label in labels}
    used = [of[one.entry.row.id] for one in rows]
    counts = [sum(is_same_state(label, other) for other in used) for label in used]
    return [replace(one, weight=one.weight / n) for one, n in zip(rows, counts, strict=True)]
