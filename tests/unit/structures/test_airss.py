import pytest
from ase import Atoms

from betenet.errors import StructureError
from betenet.structures.airss import res_frames

RES = """TITL LaH-1 150.0 32.9 -10.1 0 0 5 (Pm-3m) n - 1
REM made by hand
CELL 1.54180 3.2 3.2 3.2 90 90 90
LATT -1
SFAC H La
La 2 0.0 0.0 0.0 1.0
H 1 0.5 0.5 0.0 1.0
H 1 0.5 0.0 0.5 1.0
END
"""


def frames(text: str) -> list[Atoms]:
    return [frame() for frame in res_frames(text.splitlines())]


def test_every_structure_of_a_file() -> None:
    one, two = frames(RES + RES.replace("3.2 3.2 3.2", "3.3 3.3 3.3").replace("END\n", ""))
    assert (str(one.symbols), str(two.symbols)) == ("LaH2", "LaH2")
    assert (one.cell.lengths()[0], two.cell.lengths()[0]) == pytest.approx((3.2, 3.3))
    assert one.get_scaled_positions()[1].tolist() == pytest.approx([0.5, 0.5, 0.0])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("LATT -1", "LATT 1", "sites that its symmetry multiplies"),
        ("LATT -1", "LATT -1\nSYMM -X,-Y,Z", "sites that its symmetry multiplies"),
        ("0.5 0.0 0.5 1.0", "0.5 0.0 0.5 0.5", "H 0.5"),
        ("H 1 0.5 0.0", "H 3 0.5 0.0", "SFAC does not list"),
        ("SFAC H La", "SFAC H Qq", "'Qq'"),
        ("CELL 1.54180 3.2 3.2 3.2 90 90 90", "CELL 1.5 3.2 3.2", "no cell"),
    ],
)
def test_what_is_not_all_of_the_cell_is_refused(old: str, new: str, words: str) -> None:
    assert old in RES
    with pytest.raises(StructureError) as caught:
        frames(RES.replace(old, new))
    assert words in str(caught.value)


def test_occupancy_that_shelx_keeps_fixed() -> None:
    (atoms,) = frames(RES.replace("0.5 0.0 0.5 1.0", "0.5 0.0 0.5 11.0 0.05"))
    assert len(atoms) == 3


def test_no_latt_line_is_told() -> None:
    with pytest.warns(UserWarning, match="no LATT"):
        frames(RES.replace("LATT -1\n", ""))
