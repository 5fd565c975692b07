import numpy as np
import pytest
from ase.cell import Cell

from betenet.errors import StructureError
from betenet.structures.cif_blocks import CifBlock
from betenet.structures.cif_sites import read_sites
from betenet.structures.cif_statements import Statements
from betenet.structures.cif_symmetry import read_symmetry
from betenet.structures.symmetry_choice import BuiltCell, build_cell

Edges = tuple[float, float, float, float, float, float]
NBSE: tuple[tuple[str, str], ...] = (("Nb", "0.10 0.17 0.23"), ("Se", "0.33 0.44 0.12"))
MONOCLINIC: Edges = (6.2, 6.9, 7.1, 90, 98, 90)
LAVES = (("Zr", "0.125 0.125 0.125"), ("V", "0.5 0.5 0.5"))
MERCURY: Edges = (3.005, 3.005, 3.005, 70.53, 70.53, 70.53)


def cubic(edge: float) -> Edges:
    return (edge, edge, edge, 90, 90, 90)


def build(
    cell: Edges,
    sites: tuple[tuple[str, str], ...],
    *,
    symbol: str = "",
    number: str = "",
    **stated: str,
) -> BuiltCell:
    values = {f"_{name}": [text] for name, text in stated.items()}
    values["_symmetry_space_group_name_h-m"] = [symbol]
    values["_symmetry_int_tables_number"] = [number]
    values["_atom_site_label"] = [element for element, _ in sites]
    for axis, letter in enumerate("xyz"):
        values[f"_atom_site_fract_{letter}"] = [place.split()[axis] for _, place in sites]
    block = CifBlock("x", values)
    lattice = np.array(Cell.new(list(cell)).array)
    statements = Statements(block, read_sites(block, lattice), lattice)
    return build_cell(read_symmetry(block), statements)


def counts(built: BuiltCell) -> list[int]:
    return np.bincount(built.cell.kinds).tolist()


def test_rhombohedral_axes_by_the_shape_of_the_cell() -> None:
    sites = (("Hg", "0 0 0"),)
    for symbol in ("R -3 m", "R -3 m:R", "R-3mR", ""):
        assert counts(build(MERCURY, sites, symbol=symbol, number="166")) == [1]
    hexagonal = (3.4699, 3.4699, 6.7193, 90, 90, 120)
    for symbol in ("R -3 m", "R -3 m:H", "R -3 2/m", ""):
        assert counts(build(hexagonal, sites, symbol=symbol, number="166")) == [3]


def test_a_wrong_mark_of_the_axes_is_said() -> None:
    built = build(MERCURY, (("Hg", "0 0 0"),), symbol="R -3 m:H")
    assert counts(built) == [1]
    assert "cell has the shape of R -3 m:R" in built.notes[0]


@pytest.mark.parametrize(
    ("symbol", "cell"),
    [
        ("P 21/c", (6.9, 6.2, 7.1, 98, 90, 90)),
        ("P 21/a", (6.2, 7.1, 6.9, 90, 90, 98)),
        ("P 21/b", (6.2, 7.1, 6.9, 90, 90, 98)),
        ("P 21/n", (6.2, 6.9, 7.1, 90, 90.0, 90)),
    ],
)
def test_unique_axis_by_the_shape_of_the_cell(symbol: str, cell: Edges) -> None:
    built = build(cell, NBSE, symbol=symbol)
    assert counts(built) == [4, 4]
    assert built.notes == []


@pytest.mark.parametrize(
    ("symbol", "number", "cell", "words"),
    [
        ("P 1 21/c 1", "14", (6.2, 7.1, 6.9, 90, 90, 98), "P 1 1 21/a (Hall -P 2ac)"),
        ("", "14", (6.2, 7.1, 6.9, 90, 90, 98), "P 1 1 21/a or P 1 1 21/n or P 1 1 21/b"),
        ("F m -3 m", "", (4.4, 4.4, 5.0, 90, 90, 90), "shape that F m -3 m asks for"),
        ("P 6/m m m", "", (4.4, 4.4, 5.0, 90, 90, 90), "shape that P 6/m m m asks for"),
    ],
)
def test_a_cell_of_another_shape_is_refused(
    symbol: str, number: str, cell: Edges, words: str
) -> None:
    with pytest.raises(StructureError) as refused:
        build(cell, NBSE, symbol=symbol, number=number)
    assert words in str(refused.value)
    assert refused.value.fix


def test_a_cell_that_is_a_little_off_is_told() -> None:
    built = build((4.4, 4.4, 4.43, 90, 90, 90), (("Nb", "0 0 0"),), symbol="F m -3 m")
    assert "asks for only to 0.7%" in built.notes[0]


def test_a_number_alone_means_the_standard_setting_and_says_so() -> None:
    built = build(MONOCLINIC, NBSE, number="14")
    assert built.notes == [
        "space group No. 14 in the CIF is taken as P 1 21/c 1. It is the standard setting."
    ]
    assert build(cubic(3.3), (("Nb", "0 0 0"),), number="229").notes == []


def test_two_origins_that_nothing_decides_are_refused() -> None:
    with pytest.raises(StructureError) as refused:
        build(cubic(7.44), LAVES, symbol="F d -3 m", number="227")
    assert "F d -3 m:1 or F d -3 m:2" in refused.value.summary
    assert "V8 Zr16" in refused.value.reason
    assert "V16 Zr8" in refused.value.reason
    assert "'F d -3 m:2'" in refused.value.fix


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ({"chemical_formula_sum": "Zr V2"}, "states the composition Zr V2"),
        ({"exptl_crystal_density_diffrn": "6.21"}, "states a density of 6.21"),
        ({"cell_formula_units_z": "8", "chemical_formula_sum": "ZrV2"}, "composition ZrV2"),
    ],
)
def test_formula_or_density_decides_between_origins(stated: dict[str, str], words: str) -> None:
    built = build(cubic(7.44), LAVES, symbol="F d -3 m", **stated)
    assert counts(built) == [8, 16]
    assert "taken as F d -3 m:2. With F d -3 m:1: The CIF" in built.notes[0]
    assert words in built.notes[0]


def test_number_of_units_decides_between_origins() -> None:
    stated = {"chemical_formula_sum": "C", "cell_formula_units_z": "8"}
    assert counts(build(cubic(3.567), (("C", "0 0 0"),), symbol="F d -3 m", **stated)) == [8]
    shifted = (("C", "0.125 0.125 0.125"),)
    assert counts(build(cubic(3.567), shifted, symbol="F d -3 m", **stated)) == [8]


def test_multiplicities_and_distances_decide_between_origins() -> None:
    multiplicity = {"atom_site_symmetry_multiplicity": "16"}
    built = build(cubic(3.567), (("C", "0 0 0"),), symbol="F d 3 m", **multiplicity)
    assert counts(built) == [16]
    assert "other multiplicities" in built.notes[0]
    selenide = (("Fe", "0 0 0"), ("Se", "0 0.5 0.266"))
    built = build((3.765, 3.765, 5.518, 90, 90, 90), selenide, symbol="P 4/n m m")
    assert counts(built) == [2, 2]
    assert "With P 4/n m m:2: atoms come as near as" in built.notes[0]


def test_origins_that_give_one_crystal_need_no_word() -> None:
    built = build(cubic(6.0), (("Nb", "0.125 0.125 0.125"),), symbol="P n -3 m")
    assert counts(built) == [8]
    assert built.notes == []


def test_nothing_stated_is_p1_and_is_told() -> None:
    whole = (("Nb", "0 0 0"), ("Nb", "0.5 0.5 0.5"))
    assert build(cubic(3.3), whole).notes == ["The CIF states no symmetry; P 1 is taken."]
    assert counts(build(cubic(3.3), whole, symmetry_cell_setting="cubic")) == [1, 1]
    with pytest.raises(StructureError, match="calls its crystal cubic"):
        build((3.3, 3.4, 3.5, 90, 90, 90), whole, symmetry_cell_setting="cubic")
