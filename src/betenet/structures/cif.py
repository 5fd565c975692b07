"""One block of a CIF as Atoms: symmetry applied, and what the file contradicts said in words."""

from __future__ import annotations

import warnings
from typing import Any, cast

import numpy as np
from ase import Atoms
from ase.cell import Cell
from jaxtyping import Float

from betenet.errors import StructureError
from betenet.structures.check import FLAT_CELL
from betenet.structures.cif_blocks import CifBlock
from betenet.structures.cif_sites import read_sites
from betenet.structures.cif_statements import Statements
from betenet.structures.cif_symmetry import read_symmetry
from betenet.structures.cif_whole import check_is_whole, without_dummies
from betenet.structures.element_names import HYDROGEN_ISOTOPES
from betenet.structures.symmetry_choice import build_cell

CELL = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")

RIGHT_ANGLE = 90.0
"""Default of the core dictionary of CIF for an angle of the cell [degrees]."""


def atoms_from_block(block: CifBlock) -> Atoms:
    """Build the atoms of one CIF block.

    Parameters
    ----------
    block
        Block with sites; `betenet.structures.cif_blocks.read_blocks` finds it.

    Returns
    -------
    Atoms
        Atoms of the cell as the file describes it, centring included.

    Raises
    ------
    StructureError
        If the block is broken, is of a modulated or disordered structure, lacks hydrogens, states
        a symmetry that cannot be understood or fits several crystals, or has two elements on a
        site.

    Warns
    -----
    UserWarning
        For everything that was decided, moved, merged, or that contradicts the file.

    Notes
    -----
    Operations of the file count more than the Hall symbol, that more than the Hermann-Mauguin
    symbol, that more than the number. Where names leave several settings, the cell's shape decides,
    then formula, number of formula units, density, multiplicities and distances; what is left then
    is refused.

    Partial occupancies stay in ``atoms.info["occupancy"]``, for ``check_structure`` to refuse.
    """
    if block.problem is not None:
        raise block.problem
    block.check_stated_once(
        "_cell", "_atom_site_", "_symmetry", "_space_group", "_chemical_formula"
    )
    check_is_whole(block)
    block, dummies = without_dummies(block)
    cell = _read_cell(block)
    sites = read_sites(block, cell)
    statements = Statements(block, sites, cell)
    built = build_cell(read_symmetry(block), statements)
    filled = built.cell
    wrong = statements.contradictions(filled) + statements.wrong_volume()
    for note in dict.fromkeys([*dummies, *built.notes, *wrong]):
        warnings.warn(note, stacklevel=2)
    atoms: Any = Atoms(
        statements.elements(filled), scaled_positions=filled.positions, cell=cell, pbc=True
    )
    isotopes = [HYDROGEN_ISOTOPES.get(sites.elements[int(kind)]) for kind in filled.kinds]
    if any(isotopes):
        natural = cast("list[float]", atoms.get_masses().tolist())
        atoms.set_masses([one or other for one, other in zip(isotopes, natural, strict=True)])
    if any(share is not None for share in sites.occupancies):
        atoms.info["occupancy"] = {str(kind): shares for kind, shares in filled.shares.items()}
        atoms.new_array("spacegroup_kinds", filled.kinds)
    return atoms


def _read_cell(block: CifBlock) -> Float[np.ndarray, "3 3"]:
    """Vectors of the cell as rows [Å]."""
    numbers = [block.number(f"_cell_{part}") for part in CELL]
    unsaid = [part for part in CELL[3:] if not block.column(f"_cell_{part}")]
    if unsaid:
        warnings.warn(
            f"The CIF does not state {', '.join(unsaid)}; 90° is taken, as its dictionary says.",
            stacklevel=3,
        )
        numbers[3:] = [
            RIGHT_ANGLE if part in unsaid else number
            for part, number in zip(CELL[3:], numbers[3:], strict=True)
        ]
    for part, number in zip(CELL, numbers, strict=True):
        if number is None or number <= 0.0:
            raise StructureError(
                f"The CIF has no usable _cell_{part}: {block.text(f'_cell_{part}') or 'nothing'}.",
                reason="A crystal needs three edges [Å] and three angles [degrees].",
                fix="Write the six numbers, all above zero.",
            )
    try:
        cell = np.array(cast("Any", Cell).new(numbers).array, dtype=float)
    except AssertionError:
        cell = np.zeros((3, 3))
    edges = float(np.sqrt((cell**2).sum(axis=1)).prod())
    if not abs(np.linalg.det(cell)) > FLAT_CELL * edges:
        written = ", ".join(f"{number:g}" for number in numbers if number)
        raise StructureError(
            f"The cell in the CIF has no volume: {written}.",
            reason="No three vectors have these edges and angles.",
            fix="Correct the angles of the cell.",
        )
    return cell
