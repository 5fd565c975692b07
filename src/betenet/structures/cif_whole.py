"""Whether the sites of a CIF are all of its crystal: no dummies, disorder, waves or lost atoms."""

from __future__ import annotations

import re

from betenet.errors import StructureError
from betenet.structures.cif_blocks import UNKNOWN, CifBlock, as_number

MODULATED = r"_cell_(modulation|subsystems?)_.*|_space_group_(symop_)?ssg_.*|_atom_site_displace_.*"
"""Names of values that only a modulated or composite structure has."""

_ORDERED = frozenset({*UNKNOWN, "0"})


def check_is_whole(block: CifBlock) -> None:
    """Refuse a block whose sites are an average, alternatives, or lack atoms.

    Raises
    ------
    StructureError
        For modulated and composite structures, for sites of groups of disorder that exclude each
        other, and for atoms with hydrogens that are not listed.
    """
    _check_modulation(block)
    _check_hydrogens(block)
    _check_disorder(block)


def without_dummies(block: CifBlock) -> tuple[CifBlock, list[str]]:
    """Leave out the sites that the block calls dummies; a note says which.

    Returns
    -------
    tuple
        The block, the same one if it has no dummies, and notes.
    """
    flags = block.column("_atom_site_calc_flag")
    kept = [index for index, flag in enumerate(flags) if flag.strip().lower() != "dum"]
    if len(kept) == len(flags):
        return block, []
    labels = block.column("_atom_site_label", "_atom_site_type_symbol")
    dummies = [label for index, label in enumerate(labels) if index not in kept]
    values = {
        name: [column[index] for index in kept]
        if name.startswith("_atom_site_") and len(column) == len(flags)
        else column
        for name, column in block.values.items()
    }
    note = f"The CIF calls {', '.join(dummies[:5])} dummies; they are left out."
    return CifBlock(block.name, values, block.problem), [note]


def _check_modulation(block: CifBlock) -> None:
    for name in block.values:
        text = block.text(name)
        if not re.fullmatch(MODULATED, name) or text in {"", "0"}:
            continue
        raise StructureError(
            f"The CIF is of a modulated structure ({name} {text[:40]}).",
            reason="It has no unit cell in three dimensions; the average that its sites describe "
            "is another crystal.",
            fix="Give a commensurate approximant, all atoms of its supercell listed.",
        )


def _check_hydrogens(block: CifBlock) -> None:
    labels = block.column("_atom_site_label", "_atom_site_type_symbol")
    for label, text in zip(labels, block.column("_atom_site_attached_hydrogens"), strict=False):
        number = as_number(text)
        if number:
            raise StructureError(
                f"Site {label} in the CIF has {number:g} attached hydrogen(s) that are not listed.",
                reason="_atom_site_attached_hydrogens counts atoms whose places are unknown.",
                fix="List the hydrogens with their coordinates, or write 0 if they are listed.",
            )


def _check_disorder(block: CifBlock) -> None:
    """Refuse two alternatives of one assembly, and a group about a special position."""
    labels = block.column("_atom_site_label", "_atom_site_type_symbol")
    groups = block.column("_atom_site_disorder_group")
    assemblies = block.column("_atom_site_disorder_assembly") or [""] * len(groups)
    seen: dict[str, tuple[str, str]] = {}
    for label, group, assembly in zip(labels, groups, assemblies, strict=False):
        if group in _ORDERED:
            continue
        first, other = seen.setdefault(assembly, (group, label))
        if group != first or group.startswith("-"):
            both = label if other == label else f"{other} and {label}"
            raise StructureError(
                f"The CIF is of a disordered structure: {both} are alternatives.",
                reason=f"_atom_site_disorder_group calls them groups {first} and {group}; only one "
                "of them is there at a time.",
                fix="Keep the sites of one group, with occupancy 1 and without a disorder group.",
            )
