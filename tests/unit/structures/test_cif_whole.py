import pytest

from betenet.errors import StructureError
from betenet.structures.cif_blocks import CifBlock
from betenet.structures.cif_whole import check_is_whole, without_dummies


def block(**columns: list[str]) -> CifBlock:
    return CifBlock("x", {"_atom_site_label": ["Nb1", "O1", "O2"], **columns})


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"_atom_site_attached_hydrogens": ["0", "1", "."]}, "Site O1 .* 1 attached hydrogen"),
        ({"_atom_site_disorder_group": [".", "1", "2"]}, "O1 and O2 are alternatives"),
        ({"_atom_site_disorder_group": [".", "-1", "."]}, "O1 are alternatives"),
        ({"_cell_modulation_dimension": ["1"]}, "modulated structure"),
        ({"_space_group_ssg_name_it": ["P 1 (abg)"]}, "modulated structure"),
        ({"_space_group_symop_ssg_operation_algebraic": ["x1,x2,x3,x4"]}, "modulated structure"),
        ({"_cell_subsystems_number": ["2"]}, "modulated structure"),
    ],
)
def test_what_is_no_whole_crystal(columns: dict[str, list[str]], words: str) -> None:
    with pytest.raises(StructureError, match=words):
        check_is_whole(block(**columns))


@pytest.mark.parametrize(
    "columns",
    [
        {"_atom_site_attached_hydrogens": ["0", "?", "."]},
        {"_atom_site_disorder_group": [".", "1", "1"]},
        {"_cell_modulation_dimension": ["0"]},
        {
            "_atom_site_disorder_group": [".", "1", "2"],
            "_atom_site_disorder_assembly": [".", "A", "B"],
        },
    ],
)
def test_what_is_whole(columns: dict[str, list[str]]) -> None:
    check_is_whole(block(**columns))


def test_dummies_are_left_out() -> None:
    given = block(_atom_site_calc_flag=["d", "dum", "calc"], _cell_length_a=["3.3"])
    kept, notes = without_dummies(given)
    assert kept.values["_atom_site_label"] == ["Nb1", "O2"]
    assert kept.values["_cell_length_a"] == ["3.3"]
    assert notes == ["The CIF calls O1 dummies; they are left out."]
    assert without_dummies(block()) == (block(), [])
