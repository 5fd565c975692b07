"""What a search writes: a table of its phases, their cells, the hull as JSON and as a figure."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from betenet.json_output import finite_or_none
from betenet.phonons.relaxed_structure import write_cell
from betenet.runs import replace_file, replacing_folder
from betenet.search.figures import draw_hull
from betenet.search.hull import HullEntry
from betenet.search.phases import Phase
from betenet.search.run import SearchResult
from betenet.text_table import TextTable

PHASES, HULL, STRUCTURES, FIGURE = "phases.csv", "hull.json", "structures", "hull.png"
WINDOW = 0.2
"""Enthalpy above the hull up to which cells are written, for each atom [eV]."""
MOST_CELLS = 200
COLUMNS = (
    *("rank", "formula", "space_group", "space_group_number", "n_atoms", "pressure_gpa"),
    *("enthalpy_above_hull_ev_per_atom", "formation_enthalpy_ev_per_atom"),
    *("enthalpy_ev_per_atom", "volume_per_atom_angstrom3", "decomposition", "found"),
    *("origin", "number", "converged", "file"),
)
"""Columns of `PHASES`."""
_SHOWN = 12


def write_results(result: SearchResult, folder: Path) -> None:
    """Write the table, the cells, the hull and its figure into the folder of a search.

    Parameters
    ----------
    result
        What the search has found.
    folder
        Its folder.

    Raises
    ------
    DataError
        If something cannot be written.
    """
    pressure = result.settings.pressure
    names = write_cells(folder / STRUCTURES, result.entries)
    rows = [
        entry_row(rank, entry, result.entries, pressure)
        | {
            "found": result.found.get(entry.phase.number, 1),
            "file": names.get(entry.phase.number, ""),
        }
        for rank, entry in enumerate(result.entries, 1)
    ]
    write_csv(folder / PHASES, COLUMNS, rows)
    text = json.dumps(result_to_dict(result), ensure_ascii=False, indent=1)
    replace_file(folder / HULL, text + "\n")
    if result.space.is_system and len(result.space.elements) in (2, 3):
        draw_hull(result.entries, result.space.elements, pressure, folder / FIGURE)


def write_cells(folder: Path, entries: Sequence[HullEntry]) -> dict[int, str]:
    """Write the cells of phases near the hull; names of their files, by their numbers.

    Parameters
    ----------
    folder
        Folder that is replaced.
    entries
        Phases, the lowest first.
    """
    near = [one for one in entries if one.above <= WINDOW][:MOST_CELLS]
    names: dict[int, str] = {}
    with replacing_folder(folder) as unfinished:
        for rank, one in enumerate(near, 1):
            group = re.sub(r"[^\w-]", "_", one.phase.space_group) or "P1"
            name = f"{rank:03d}_{one.phase.formula}_{group}.cif"
            write_cell(unfinished / name, one.phase.atoms)
            names[one.phase.number] = f"{folder.name}/{name}"
    return names


def entry_row(
    rank: int, entry: HullEntry, entries: Sequence[HullEntry], pressure: float
) -> dict[str, Any]:
    """One row with names that carry the unit, without the file.

    Parameters
    ----------
    rank
        Place among the phases.
    entry
        The phase.
    entries
        All phases, those that it decomposes to among them.
    pressure
        Pressure [GPa].
    """
    phase = entry.phase
    return {
        "rank": rank,
        "formula": phase.formula,
        "space_group": phase.space_group,
        "space_group_number": phase.space_group_number,
        "n_atoms": len(phase.atoms),
        "pressure_gpa": pressure,
        "enthalpy_above_hull_ev_per_atom": entry.above,
        "formation_enthalpy_ev_per_atom": finite_or_none(entry.formation),
        "enthalpy_ev_per_atom": phase.enthalpy,
        "volume_per_atom_angstrom3": phase.volume,
        "decomposition": decomposition_text(
            entry, {one.phase.number: one.phase for one in entries}
        ),
        "origin": phase.origin,
        "number": phase.number,
        "converged": phase.converged,
    }


def decomposition_text(entry: HullEntry, phases: Mapping[int, Phase]) -> str:
    """What a phase decomposes to, in shares of the atoms; empty for a phase of the hull.

    Parameters
    ----------
    entry
        The phase.
    phases
        Phases by their numbers.
    """
    if entry.is_stable:
        return ""
    parts = [
        f"{share:.3g} {phases[number].formula} ({phases[number].space_group})"
        for number, share in sorted(entry.decomposition.items(), key=lambda pair: -pair[1])
        if number in phases
    ]
    return " + ".join(parts)


def result_to_dict(result: SearchResult) -> dict[str, Any]:
    """Values for JSON: what was asked, how far it is, and every phase with its cell."""
    pressure = result.settings.pressure
    return {
        "settings": result.settings.to_dict(),
        "relaxations_done": result.done,
        "refused": dict(result.refused),
        "warnings": list(result.warnings),
        "phases": [
            entry_row(rank, one, result.entries, pressure)
            | {"found": result.found.get(one.phase.number, 1)}
            | {key: value for key, value in one.phase.to_dict().items() if key in _CELL}
            for rank, one in enumerate(result.entries, 1)
        ],
    }


_CELL = ("symbols", "cell_angstrom", "positions_angstrom")


def result_text(result: SearchResult, folder: Path) -> str:
    """Table for people: the lowest phases, and how far the search is."""
    rows = [
        (
            str(rank),
            one.phase.formula,
            f"{one.phase.space_group} ({one.phase.space_group_number})",
            str(len(one.phase.atoms)),
            f"{1e3 * one.above:.1f}",
            f"{1e3 * one.formation:.1f}" if math.isfinite(one.formation) else "–",
            f"{one.phase.volume:.2f}",
            str(result.found.get(one.phase.number, 1)),
            one.phase.origin,
        )
        for rank, one in enumerate(result.entries[:_SHOWN], 1)
    ]
    refused = sum(result.refused.values())
    below = (
        f"{result.done} candidates at {result.settings.pressure:g} GPa in "
        f"{result.settings.force_field}: {len(result.entries)} distinct phases, "
        f"{len(result.stable)} on the hull; {refused} refused"
    )
    more = [f"warning: {one}" for one in result.warnings]
    return "\n".join(
        [phase_table().text(rows).rstrip(), "", below, *more, f"all of it in {folder}"]
    )


def phase_table() -> TextTable:
    """Columns of the phases for people."""
    return TextTable(
        (
            ("rank", ">4"),
            ("formula", "<12"),
            ("space group", "<16"),
            ("atoms", ">5"),
            ("above hull (meV/atom)", ">21"),
            ("formation (meV/atom)", ">20"),
            ("Å³/atom", ">7"),
            ("found", ">5"),
            ("origin", "<24"),
        )
    )


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a table; numbers with six digits, what is not known empty.

    Parameters
    ----------
    path
        The file; it is replaced.
    columns
        Its columns.
    rows
        Its rows.
    """
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _cell(row.get(key)) for key in columns})
    replace_file(path, buffer.getvalue())


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
