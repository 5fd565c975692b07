"""The cell by the operations that a CIF lists, held against the space group that it names."""

from __future__ import annotations

from betenet.errors import StructureError
from betenet.structures.built_cell import MISFIT_NOTED, BuiltCell, built_with, number_of_cell
from betenet.structures.cell import call_spglib
from betenet.structures.cif_statements import CLOSE, Statements
from betenet.structures.cif_symmetry import StatedSymmetry
from betenet.structures.orbits import FilledCell
from betenet.structures.space_groups import Setting
from betenet.structures.symmetry_operations import Operations


def built_with_list(
    listed: Operations, stated: StatedSymmetry, statements: Statements, notes: list[str]
) -> BuiltCell:
    """Build the cell with the listed operations.

    Parameters
    ----------
    listed
        Operations as in the file.
    stated
        Further words of the file on its symmetry. If the operations are not a group, or are too few
        for the formula, the setting that is named and has them all completes them.
    statements
        Statements of the file on its crystal.
    notes
        Notes so far.

    Raises
    ------
    StructureError
        If the list is not a group and no named setting completes it, or if list and name mean
        different crystals that fit the formula equally.
    """
    try:
        group = listed.completed()
    except StructureError:
        if not stated.settings:
            raise
        group = None
    fitting = [
        item
        for item in stated.settings
        if listed.keys <= item.operations.keys
        and item.operations.misfit(statements.lattice) < MISFIT_NOTED
    ]
    named = next(
        (item for item in fitting if group is not None and item.operations.keys == group.keys),
        fitting[0] if fitting else None,
    )
    if group is not None and len(group) == len(listed):
        return _built_with_group(group, named, stated, statements, notes)
    only_identity_lacks = (
        group is not None
        and len(group) == len(listed) + 1
        and listed.keys.isdisjoint(Operations.identity().keys)
    )
    if named is None and not only_identity_lacks:
        raise StructureError(
            f"The {len(listed)} symmetry operations in the CIF are not a group.",
            reason="One after the other they give operations that are not listed: some are "
            "missing or wrong" + (f", and {stated.named} has others." if stated.named else "."),
            fix="Correct the list, or remove it and state the space group's symbol.",
        )
    operations = group or listed if named is None else named.operations
    of = "" if named is None else f" of {named}"
    told = f"The {len(listed)} symmetry operations in the CIF are not a group"
    notes.append(f"{told}; they are completed to the {len(operations)}{of}.")
    return built_with(operations, str(named or "the list"), statements, notes)


def _built_with_group(
    group: Operations,
    named: Setting | None,
    stated: StatedSymmetry,
    statements: Statements,
    notes: list[str],
) -> BuiltCell:
    """Build with a whole list, unless a name with more operations fits the file better."""
    name = f"the list of {len(group)} operations"
    built = built_with(group, name, statements, [])
    if named is not None and len(named.operations) == len(group):
        return BuiltCell(built.cell, [*notes, *built.notes])
    other = _another_group(group, built.cell, stated, statements)
    instead = None if named is None or not other else _cleanly_built(named, statements)
    if named is None or instead is None or statements.contradictions(instead.cell):
        return BuiltCell(built.cell, [*notes, *built.notes, *other])
    told = f"{stated.source} {len(group)} of the {len(named.operations)} operations of {named}"
    if statements.contradictions(built.cell):
        notes.append(f"{told}; all are taken, because the formula asks for them.")
        return BuiltCell(instead.cell, [*notes, *instead.notes])
    raise StructureError(
        f"{told}.",
        reason=f"The list gives {statements.formula_of(built.cell)}, the space group "
        f"{statements.formula_of(instead.cell)} in the cell, and nothing tells which is meant.",
        fix="Remove the list, or name the space group of the list (P 1 for the identity alone); "
        "_chemical_formula_sum with _cell_formula_units_Z can decide as well.",
    )


def _cleanly_built(setting: Setting, statements: Statements) -> BuiltCell | None:
    """The cell of a setting, if no listed site is another one's image and no atoms are close."""
    try:
        built = built_with(setting.operations, str(setting), statements, [])
    except StructureError:
        return None
    merged = len(built.cell.shares) < len(statements.sites.labels)
    return None if merged or statements.closeness(built.cell) < CLOSE else built


def _another_group(
    operations: Operations, cell: FilledCell, stated: StatedSymmetry, statements: Statements
) -> list[str]:
    """A sentence if neither the operations nor the atoms have the space group that is named."""
    numbers = {setting.number for setting in stated.settings} or {*stated.numbers}
    number = _number_of_operations(operations, statements)
    if not numbers or number in numbers or number_of_cell(cell, statements) in numbers:
        return []
    named = f"{stated.named} " if stated.named else ""
    told = f"The CIF lists {len(operations)} symmetry operations of No. {number}"
    return [f"{told}, but names the space group {named}(No. {min(numbers)}); the former are taken."]


def _number_of_operations(operations: Operations, statements: Statements) -> int:
    found = call_spglib(
        "get_spacegroup_type_from_symmetry",
        operations.rotations,
        operations.translations,
        statements.lattice,
        symprec=1e-3,
    )
    return int(found.number) if found is not None else 0
