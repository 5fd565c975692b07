"""The cell that some operations build from the sites of a CIF, if its shape allows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ase.data import atomic_numbers

from betenet.errors import StructureError
from betenet.structures.cell import call_spglib
from betenet.structures.cif_statements import Statements
from betenet.structures.cif_symmetry import FIX
from betenet.structures.orbits import FilledCell, fill_cell
from betenet.structures.space_groups import Setting
from betenet.structures.symmetry_operations import Operations

MISFIT_NOTED = 4e-3
"""Relative change of the metric, about twice that of an edge, that is worth a word."""

MISFIT_REFUSED = 3e-2


@dataclass(slots=True)
class BuiltCell:
    """Atoms of a CIF's cell.

    Attributes
    ----------
    cell
        The atoms.
    notes
        Sentences that a user should know.
    """

    cell: FilledCell
    notes: list[str] = field(default_factory=list[str])


def built_with(
    operations: Operations, name: str, statements: Statements, notes: list[str]
) -> BuiltCell:
    """Build the cell.

    Raises
    ------
    StructureError
        If the cell has another shape than the operations ask for, or a site fits no special
        position.
    """
    check_fit(operations.misfit(statements.lattice), name, notes)
    cell = fill_cell(statements.sites, operations, statements.lattice)
    if cell.problem is not None:
        raise cell.problem
    return BuiltCell(cell, [*notes, *cell.notes])


def check_fit(misfit: float, name: str, notes: list[str], others: Sequence[Setting] = ()) -> None:
    """Refuse a cell that symmetry would change, with settings that fit it; note a small misfit."""
    if misfit > MISFIT_REFUSED:
        fitting = ", ".join(f"{setting} (Hall {setting.hall_symbol})" for setting in others[:6])
        raise StructureError(
            f"The cell in the CIF does not have the shape that {name} asks for.",
            reason=f"Edges or angles that should be equal or right differ by {misfit / 2:.1%}.",
            fix=f"These settings fit the cell: {fitting}. {FIX}"
            if fitting
            else f"Correct edges and angles of the cell, or the symmetry. {FIX}",
        )
    if misfit > MISFIT_NOTED:
        notes.append(
            f"The cell in the CIF has the shape that {name} asks for only to {misfit / 2:.1%}."
        )


def number_of_cell(cell: FilledCell, statements: Statements) -> int:
    """Space group number that spglib finds for the atoms; 0 if none."""
    numbers = [atomic_numbers[element] for element in statements.elements(cell)]
    found = call_spglib(
        "get_symmetry_dataset", (statements.lattice, cell.positions, numbers), symprec=1e-2
    )
    return int(found.number) if found is not None else 0
