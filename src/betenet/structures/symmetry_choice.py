"""The operations to build a CIF's crystal with: those that fit its cell, formula and distances."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from betenet.errors import StructureError
from betenet.structures.built_cell import (
    MISFIT_NOTED,
    MISFIT_REFUSED,
    BuiltCell,
    built_with,
    check_fit,
    number_of_cell,
)
from betenet.structures.cif_statements import APART, CLOSE, Statements
from betenet.structures.cif_symmetry import FIX, StatedSymmetry
from betenet.structures.listed_operations import built_with_list
from betenet.structures.orbits import FilledCell, fill_cell, nearest_image
from betenet.structures.space_groups import Setting, settings_of_number
from betenet.structures.symmetry_operations import Operations

AS_GOOD = 3e-4
"""Settings whose misfits to the cell differ by less fit it equally; digits of the cell allow it."""

SAME_CRYSTAL = 1e-3
"""Distance up to which two crystals are the same, in fractional coordinates."""

MOST_COMPARED = 400
"""Number of atoms of cells that are compared atom by atom."""

SYSTEMS = {2: "triclinic", 15: "monoclinic", 74: "orthorhombic", 142: "tetragonal"} | {
    167: "trigonal",
    194: "hexagonal",
    230: "cubic",
}


@dataclass(frozen=True, slots=True)
class _Candidate:
    setting: Setting
    cell: FilledCell | None
    objections: tuple[str, ...]


def build_cell(stated: StatedSymmetry, statements: Statements) -> BuiltCell:
    """Build the cell with the operations that the file means.

    Raises
    ------
    StructureError
        If the operations contradict each other or the cell, or several settings remain that give
        different crystals.
    """
    notes = list(stated.notes)
    if stated.listed is not None:
        return built_with_list(stated.listed, stated, statements, notes)
    if stated.hall is not None:
        return built_with(stated.hall, stated.named, statements, notes)
    if stated.tiers:
        return _from_settings(stated, statements, notes)
    built = built_with(Operations.identity(), "P 1", statements, notes)
    system = stated.system
    if system and system != "triclinic" and not _has_system(built.cell, statements, system):
        raise StructureError(
            f"The CIF calls its crystal {system}, but states no operations and no space group.",
            reason="The atoms as listed, taken without symmetry, have another one.",
            fix=FIX,
        )
    built.notes.insert(0, "The CIF states no symmetry; P 1 is taken.")
    return built


def _has_system(cell: FilledCell, statements: Statements, system: str) -> bool:
    number = number_of_cell(cell, statements)
    found = next((name for last, name in SYSTEMS.items() if number <= last), "")
    hexagonal = {"trigonal", "hexagonal", "rhombohedral"}
    return system == found or {system, found} <= hexagonal


def _from_settings(stated: StatedSymmetry, statements: Statements, notes: list[str]) -> BuiltCell:
    """Build with the setting that the cell's shape, else formula and distances, point at."""
    misfits = {
        setting: setting.operations.misfit(statements.lattice) for setting in stated.settings
    }
    best = min(misfits.values())
    tiers = stated.tiers
    if best > MISFIT_REFUSED:
        group = settings_of_number(stated.settings[0].number)
        others = [
            setting
            for setting in group
            if setting.operations.misfit(statements.lattice) < MISFIT_NOTED
        ]
        if stated.settings[0].choice not in {"H", "R"} or not others:
            check_fit(best, _named(stated), notes, others)
        notes.append(
            f"The CIF names {stated.settings[0]}, but its cell has the shape of {others[0]}, "
            "which is taken."
        )
        tiers, misfits, best = (tuple(others),), dict.fromkeys(others, 0.0), 0.0
    check_fit(best, _named(stated), notes)
    fitting = [
        [setting for setting in tier if misfits[setting] <= best + AS_GOOD] for tier in tiers
    ]
    candidates = [[_judge(setting, statements) for setting in tier] for tier in fitting if tier]
    chosen, remarks = _choose(candidates, stated, statements)
    cell = chosen.cell
    if cell is None or cell.problem is not None:
        cell = fill_cell(statements.sites, chosen.setting.operations, statements.lattice)
        if cell.problem is not None:
            raise cell.problem
    return BuiltCell(cell, [*notes, *remarks, *cell.notes])


def _named(stated: StatedSymmetry) -> str:
    return stated.named if not stated.by_number else f"space group {stated.named}"


def _judge(setting: Setting, statements: Statements) -> _Candidate:
    try:
        cell = fill_cell(statements.sites, setting.operations, statements.lattice)
    except StructureError as error:
        return _Candidate(setting, None, (error.summary,))
    objections = statements.contradictions(cell)
    if cell.problem is not None:
        objections.append(cell.problem.summary)
    return _Candidate(setting, cell, tuple(objections))


def _choose(
    tiers: list[list[_Candidate]], stated: StatedSymmetry, statements: Statements
) -> tuple[_Candidate, list[str]]:
    """The one candidate that nothing speaks against, of the first tier that has such."""
    rejected: list[_Candidate] = []
    for tier in tiers:
        good = _different([item for item in tier if not item.objections], statements)
        rejected += [item for item in tier if item.objections]
        if len(good) > 1:
            judged = _with_soft_objections(good, statements)
            good = [item for item in judged if not item.objections] or good
            rejected += [item for item in judged if item.objections and item not in good]
        if len(good) > 1:
            raise _undecided(good, stated, statements)
        if good:
            later = [item for rest in tiers[tiers.index(tier) + 1 :] for item in rest]
            others = rejected or (later if stated.by_number else [])
            return good[0], _remarks(good[0], others, stated, statements)
    different = _different(tiers[0], statements)
    if len(different) > 1:
        raise _undecided(different, stated, statements)
    return different[0], []


def _remarks(
    chosen: _Candidate, others: list[_Candidate], stated: StatedSymmetry, statements: Statements
) -> list[str]:
    """Say what else the names could mean, if that is another crystal, and why it is not taken."""
    other = next(
        (item for item in others if len(_different([chosen, item], statements)) == 2), None
    )
    if other is None:
        return []
    why = "It is the standard setting."
    if other.objections:
        why = f"With {other.setting}: {other.objections[0]}"
    return [f"{_named(stated)} in the CIF is taken as {chosen.setting}. {why}"]


def _with_soft_objections(good: list[_Candidate], statements: Statements) -> list[_Candidate]:
    """Choices with what speaks against some of them: multiplicities, atoms that are too close."""
    cells = [item.cell for item in good if item.cell is not None]
    agree = [statements.multiplicities_agree(cell) for cell in cells]
    closeness = [statements.closeness(cell) for cell in cells]
    found: list[_Candidate] = []
    for item, fits, close in zip(good, agree, closeness, strict=True):
        objection = ""
        if any(agree) and not fits:
            objection = "the sites have other multiplicities than those stated."
        elif max(closeness) > APART and close < CLOSE:
            objection = f"atoms come as near as {close:.2f} of the sum of their covalent radii."
        found.append(replace(item, objections=(objection,) if objection else ()))
    return found


def _different(candidates: list[_Candidate], statements: Statements) -> list[_Candidate]:
    """Candidates that are different crystals, the first of each kind."""
    found: list[_Candidate] = []
    for item in candidates:
        if not any(_is_same(item, other, statements) for other in found):
            found.append(item)
    return found


def _is_same(one: _Candidate, other: _Candidate, statements: Statements) -> bool:
    """Whether two cells are the same crystal but for the origin."""
    if one.cell is None or other.cell is None:
        return one.cell is other.cell
    counts = Counter(statements.elements(one.cell))
    if counts != Counter(statements.elements(other.cell)) or counts.total() > MOST_COMPARED:
        return False
    elements, others = (np.array(statements.elements(cell)) for cell in (one.cell, other.cell))
    rarest = min(counts, key=lambda element: counts[element])
    start = one.cell.positions[elements == rarest][0]
    for end in other.cell.positions[others == rarest]:
        away = nearest_image((one.cell.positions + end - start)[:, None] - other.cell.positions)
        near = (abs(away) < SAME_CRYSTAL).all(axis=2) & (elements[:, None] == others)
        if near.any(axis=1).all():
            return True
    return False


def _undecided(
    candidates: list[_Candidate], stated: StatedSymmetry, statements: Statements
) -> StructureError:
    names = [str(item.setting) for item in candidates[:6]]
    cells = [
        f"{item.setting} (Hall {item.setting.hall_symbol}): "
        f"{statements.formula_of(item.cell) if item.cell else 'no crystal'}"
        for item in candidates[:6]
    ]
    return StructureError(
        f"The CIF does not say which setting of {_named(stated)} it means: {' or '.join(names)}.",
        reason=f"They give different crystals. {'; '.join(cells)}.",
        fix=f"Write the setting behind the symbol, such as {names[-1]!r}, or the Hall symbol as "
        "_space_group_name_Hall, or list the operations; _chemical_formula_sum with "
        "_cell_formula_units_Z can decide as well.",
    )
