"""One block of a CIF as Atoms, with what ASE passes over in silence brought to light."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols
from ase.io.cif import CIFBlock

from betenet.errors import StructureError
from betenet.structures.check import disorder_error

SYMMETRY_KEYS = (
    "_space_group_symop_operation_xyz",
    "_space_group_symop.operation_xyz",
    "_symmetry_equiv_pos_as_xyz",
    "_space_group_it_number",
    "_space_group.it_number",
    "_symmetry_int_tables_number",
    "_space_group_name_h-m_alt",
    "_symmetry_space_group_name_h-m",
    "_space_group.patterson_name_h-m",
)
FORMULA_TOLERANCE = 1e-2
"""On the share of an element; formulas are written with two or three digits."""


def atoms_from_block(block: CIFBlock) -> Atoms:
    """Build the atoms of one CIF block.

    Raises
    ------
    StructureError
        If a type symbol is no element or two elements share a site, listed without occupancies.

    Warns
    -----
    UserWarning
        If the block states no symmetry (P 1 is taken), or another composition than its sites have.

    Notes
    -----
    Partial occupancies stay in ``atoms.info["occupancy"]``, for ``check_structure`` to refuse.
    """
    _check_type_symbols(block)
    atoms = block.get_atoms()
    _check_shared_sites(block, atoms)
    if not any(key in block for key in SYMMETRY_KEYS):
        warnings.warn("The CIF states no symmetry; P 1 is taken.", stacklevel=2)
    _compare_formula(block, atoms)
    return atoms


def _check_type_symbols(block: CIFBlock) -> None:
    """Refuse what ASE would cut down: it reads the type symbol NB as N."""
    types = cast("Mapping[str, list[str]]", block).get("_atom_site_type_symbol", [])
    for index, written in enumerate(types):
        symbol = re.match(r"[A-Za-z]*", str(written))
        if symbol is None or symbol[0] not in {*chemical_symbols[1:], "D"}:
            raise StructureError(
                f"Site {index} has the type symbol {written!r}, which is not an element.",
                reason="Type symbols start with an element of the periodic table, or D.",
                fix="Write element symbols as Nb, not NB or nb, and give every site a real one.",
            )


def _check_shared_sites(block: CIFBlock, atoms: Atoms) -> None:
    """Refuse a second element on a site: ASE keeps the first one listed."""
    if "spacegroup_kinds" not in atoms.arrays:
        return
    listed = block.get_unsymmetrized_structure()
    kept = atoms.get_scaled_positions()
    for index in sorted(
        set(range(len(listed))) - set(cast("list[int]", atoms.arrays["spacegroup_kinds"].tolist()))
    ):
        offset: Any = kept - listed.get_scaled_positions()[index]
        nearest = int(np.argmin(abs(offset - offset.round()).max(axis=1)))
        one, other = str(atoms.symbols[nearest]), str(listed.symbols[index])
        if one != other:
            place = ", ".join(f"{x:.4f}" for x in kept[nearest])
            raise disorder_error(f"the site at {place}", f"{one} and {other} are both listed there")


def _compare_formula(block: CIFBlock, atoms: Atoms) -> None:
    formula = str(cast("Mapping[str, Any]", block).get("_chemical_formula_sum", ""))
    stated = _parse_formula(formula)
    if not stated:
        return
    counts = Counter(cast("list[str]", atoms.get_chemical_symbols()))
    found = {element: count / len(atoms) for element, count in counts.items()}
    if any(
        abs(stated.get(element, 0.0) - found.get(element, 0.0)) > FORMULA_TOLERANCE
        for element in stated | found
    ):
        warnings.warn(
            f"The CIF states the composition {formula.strip()}, but its sites hold "
            f"{atoms.get_chemical_formula(empirical=True)}.",
            stacklevel=2,
        )


def _parse_formula(formula: str) -> dict[str, float]:
    """Return the share of each element, or nothing if the formula is not a plain one."""
    amounts: dict[str, float] = {}
    for term in formula.split():
        match = re.fullmatch(r"([A-Z][a-z]?)(\d*\.?\d*)", term)
        if match is None:
            return {}
        element = "H" if match[1] == "D" else match[1]
        amounts[element] = amounts.get(element, 0.0) + float(match[2] or 1)
    total = sum(amounts.values())
    return {element: amount / total for element, amount in amounts.items()} if total else {}
