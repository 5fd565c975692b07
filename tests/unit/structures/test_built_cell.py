import numpy as np
import pytest

from betenet.errors import StructureError
from betenet.structures.built_cell import built_with, check_fit, number_of_cell
from betenet.structures.cif_blocks import CifBlock
from betenet.structures.cif_sites import read_sites
from betenet.structures.cif_statements import Statements
from betenet.structures.space_groups import settings_of_symbol

(FCC,) = settings_of_symbol("F m -3 m")


def statements(edge_c: float, place: str = "0") -> Statements:
    values = {"_atom_site_label": ["Nb1"]}
    values |= {f"_atom_site_fract_{axis}": [place] for axis in "xyz"}
    block = CifBlock("x", values)
    lattice = np.diag([4.4, 4.4, edge_c])
    return Statements(block, read_sites(block, lattice), lattice)


def test_a_cell_that_fits() -> None:
    stated = statements(4.4)
    built = built_with(FCC.operations, "F m -3 m", stated, ["first"])
    assert built.notes == ["first"]
    assert number_of_cell(built.cell, stated) == 225


def test_a_cell_that_fits_nearly() -> None:
    (note,) = built_with(FCC.operations, "F m -3 m", statements(4.43), []).notes
    assert note == "The cell in the CIF has the shape that F m -3 m asks for only to 0.7%."


def test_a_cell_that_does_not_fit() -> None:
    with pytest.raises(StructureError, match="does not have the shape that F m -3 m asks for"):
        built_with(FCC.operations, "F m -3 m", statements(4.6), [])
    with pytest.raises(StructureError) as refused:
        check_fit(0.1, "P 1 21/c 1", [], settings_of_symbol("P 1 1 21/b"))
    assert "These settings fit the cell: P 1 1 21/b (Hall -P 2bc)" in refused.value.fix


def test_a_site_beside_a_special_position() -> None:
    with pytest.raises(StructureError, match="from its own image by symmetry"):
        built_with(FCC.operations, "F m -3 m", statements(4.4, "0.0123"), [])
