import numpy as np
import pytest
from ase.cell import Cell

from betenet.errors import StructureError
from betenet.structures.built_cell import BuiltCell
from betenet.structures.cif_blocks import CifBlock
from betenet.structures.cif_sites import read_sites
from betenet.structures.cif_statements import Statements
from betenet.structures.cif_symmetry import read_symmetry
from betenet.structures.listed_operations import built_with_list
from betenet.structures.symmetry_operations import Operations

CUBE = (4.4, 4.4, 4.4, 90, 90, 90)
MONOCLINIC = (6.2, 6.9, 7.1, 90, 98, 90)
GENERAL = ("0.10 0.17 0.23",)
ORIGIN = ("0 0 0",)
P21C_CUT = ("x,y,z", "-x,-y,-z", "-x,1/2+y,1/2-z")


def build(
    cell: tuple[float, ...],
    places: tuple[str, ...],
    operations: tuple[str, ...],
    symbol: str = "",
    **stated: str,
) -> BuiltCell:
    """Niobium at some places."""
    values = {f"_{name}": [text] for name, text in stated.items()}
    values["_symmetry_space_group_name_h-m"] = [symbol]
    values["_symmetry_equiv_pos_as_xyz"] = list(operations)
    values["_atom_site_label"] = ["Nb1"] * len(places)
    for axis, letter in enumerate("xyz"):
        values[f"_atom_site_fract_{letter}"] = [place.split()[axis] for place in places]
    block = CifBlock("x", values)
    lattice = np.array(Cell.new(list(cell)).array)
    statements = Statements(block, read_sites(block, lattice), lattice)
    symmetry = read_symmetry(block)
    assert isinstance(symmetry.listed, Operations)
    return built_with_list(symmetry.listed, symmetry, statements, [])


def count(built: BuiltCell) -> int:
    return len(built.cell.positions)


def test_operations_beat_the_symbol() -> None:
    """The list is of P 1 21/n 1, cell choice 2 of the same space group."""
    listed = ("x,y,z", "-x,-y,-z", "1/2-x,1/2+y,1/2-z", "1/2+x,1/2-y,1/2+z")
    built = build(MONOCLINIC, GENERAL, listed, "P 1 21/c 1")
    assert built.notes == []
    assert [0.4, 0.67, 0.27] in built.cell.positions.round(6).tolist()


@pytest.mark.parametrize(
    ("cell", "sites", "operations", "n"),
    [
        (CUBE, ("0 0 0", "0 .5 .5", ".5 0 .5", ".5 .5 0"), ("x,y,z",), 4),
        ((3.111, 3.111, 3.111, 60, 60, 60), ORIGIN, ("x,y,z", "-x,-y,-z"), 1),
    ],
    ids=["whole, in P1", "primitive"],
)
def test_a_cell_that_is_its_group_in_another_setting_needs_no_word(cell, sites, operations, n):
    built = build(cell, sites, operations, "F m -3 m")
    assert (count(built), built.notes) == (n, [])


def test_a_cell_in_p1_whose_name_is_out_of_date_is_told() -> None:
    moved = ("0 0 0.02", "0 .5 .5", ".5 0 .5", ".5 .5 0")
    built = build(CUBE, moved, ("x,y,z",), "F m -3 m")
    assert count(built) == 4
    assert "1 symmetry operations of No. 1, but names the space group F m -3 m" in built.notes[0]


def test_a_list_and_a_name_that_mean_two_crystals_are_refused() -> None:
    with pytest.raises(StructureError) as refused:
        build(CUBE, ORIGIN, ("x,y,z",), "F m -3 m")
    assert "lists 1 of the 192 operations of F m -3 m" in refused.value.summary
    assert "The list gives Nb1, the space group Nb4" in refused.value.reason
    assert "P 1 for the identity alone" in refused.value.fix


@pytest.mark.parametrize(("units", "atoms"), [("4", 4), ("1", 1)])
def test_the_formula_decides_between_list_and_name(units: str, atoms: int) -> None:
    stated = {"chemical_formula_sum": "Nb", "cell_formula_units_z": units}
    built = build(CUBE, ORIGIN, ("x,y,z", "-x,-y,-z"), "F m -3 m", **stated)
    assert count(built) == atoms
    words = "all are taken, because the formula" if atoms == 4 else "the former are taken"
    assert words in built.notes[0]


def test_a_list_that_is_no_group() -> None:
    built = build(MONOCLINIC, GENERAL, P21C_CUT, "P 21/c")
    assert count(built) == 4
    (note,) = built.notes
    assert note.endswith("are not a group; they are completed to the 4 of P 1 21/c 1.")


@pytest.mark.parametrize(("symbol", "words"), [("", "wrong."), ("P -1", "P -1 has others")])
def test_a_list_that_no_name_completes_is_refused(symbol: str, words: str) -> None:
    with pytest.raises(
        StructureError, match="3 symmetry operations in the CIF are not a group"
    ) as r:
        build(MONOCLINIC, GENERAL, P21C_CUT, symbol)
    assert words in r.value.reason


def test_the_identity_may_be_left_out() -> None:
    built = build(CUBE, GENERAL, ("-x,-y,-z",))
    assert count(built) == 2
    assert "completed to the 2" in built.notes[0]


def test_operations_that_never_close() -> None:
    with pytest.raises(StructureError, match="do not form a group"):
        build(CUBE, GENERAL, ("x,y,z", "x+0.0123,y,z", "x,y+0.0123,z"))
