import numpy as np
import pytest
from ase.units import Bohr

from betenet.errors import StructureError
from betenet.structures.pw_input import element_of, is_pw_input, read_pw_input

INDENTED = """ &control
 calculation='scf'
 /
 &system
 ibrav=0, nat=2, ntyp=1, ecutwfc=30
 /
 &electrons
 /
ATOMIC_SPECIES
 Si 28.086 Si.upf
CELL_PARAMETERS angstrom
 0 2.715 2.715
 2.715 0 2.715
 2.715 2.715 0
ATOMIC_POSITIONS crystal
 Si 0 0 0
 Si 0.25 0.25 0.25
K_POINTS automatic
 4 4 4 0 0 0
"""
CARDS = INDENTED[: INDENTED.index("CELL")] + INDENTED[INDENTED.index("ATOMIC_POS") :]
FCC = CARDS.replace("ibrav=0", "ibrav=2, celldm(1)=10.26")


def refusal(text: str) -> str:
    with pytest.raises(StructureError) as caught:
        read_pw_input(text)
    assert caught.value.fix
    return str(caught.value)


def test_indented_namelists() -> None:
    atoms = read_pw_input(INDENTED)
    assert str(atoms.symbols) == "Si2"
    assert atoms.get_volume() == pytest.approx(2 * 2.715**3)
    np.testing.assert_allclose(atoms.get_scaled_positions()[1], 0.25)
    assert atoms.get_distance(0, 1, mic=True) == pytest.approx(np.sqrt(3) * 5.43 / 4)


@pytest.mark.parametrize(
    "cell",
    [
        "ibrav=2, celldm(1)=10.26",
        "IBRAV = 2\n CELLDM(1) = 10.26D0 ! nat = 7, / \n",
        "ibrav=2 celldm=10.26 0 0.0, 3*0",
        "title = 'nat=5 / &end', ibrav=2; celldm( 1 ) = 1.026e1",
        f"ibrav = 2, A = {10.26 * Bohr}",
    ],
)
def test_styles_of_namelists(cell: str) -> None:
    atoms = read_pw_input(CARDS.replace("ibrav=0", cell))
    assert len(atoms) == 2
    assert atoms.cell.lengths() == pytest.approx(3 * [10.26 * Bohr / np.sqrt(2)])
    assert atoms.get_distance(0, 1, mic=True) == pytest.approx(np.sqrt(3) / 4 * 10.26 * Bohr)


def test_upper_case_and_end_of_old_versions() -> None:
    text = FCC.upper().replace("\n /", "\n &END").replace("SI", "Si")
    assert str(read_pw_input(text).symbols) == "Si2"


@pytest.mark.parametrize(
    ("card", "place"),
    [
        ("ATOMIC_POSITIONS {alat}\n Si 0 0 0\n Si 1/4 1/2*1/2 (1+1)/2^3", 0.25 * 10.26),
        ("ATOMIC_POSITIONS\n Si 0 0 0\n\n! remark\n Si .25d0 0.25 0.25 1 0 1", 0.25 * 10.26),
        ("ATOMIC_POSITIONS (bohr)\n Si 0 0 0 # first\n Si 2.0 2.0 2.0", 2.0),
        ("atomic_positions Angstrom\n Si 0 0 0\n Si 2. 2. 2.", 2.0 / Bohr),
    ],
)
def test_units_and_expressions_of_positions(card: str, place: float) -> None:
    start = FCC[: FCC.index("ATOMIC_POS")]
    atoms = read_pw_input(f"{start}{card}\nK_POINTS gamma\n")
    np.testing.assert_allclose(atoms.positions[1], place * Bohr)


@pytest.mark.parametrize(
    ("card", "length"),
    [
        ("CELL_PARAMETERS bohr", 5.13 * np.sqrt(2) * Bohr),
        ("CELL_PARAMETERS", 5.13 * np.sqrt(2) * Bohr),
        ("CELL_PARAMETERS (Angstrom)", 5.13 * np.sqrt(2)),
    ],
)
def test_units_of_a_cell_of_its_own(card: str, length: float) -> None:
    text = INDENTED.replace("CELL_PARAMETERS angstrom", card).replace("2.715", "5.13")
    assert read_pw_input(text).cell.lengths() == pytest.approx(3 * [length])


def test_cell_in_alat_and_positions_in_alat() -> None:
    text = INDENTED.replace("ibrav=0", "ibrav=0, celldm(1)=10").replace("crystal", "alat")
    text = text.replace("CELL_PARAMETERS angstrom", "CELL_PARAMETERS {alat}").replace("2.715", ".5")
    atoms = read_pw_input(text)
    assert atoms.cell.lengths() == pytest.approx(3 * [10 / np.sqrt(2) * Bohr])
    np.testing.assert_allclose(atoms.positions[1], 2.5 * Bohr)


def test_alat_is_the_length_of_the_first_vector_where_nothing_else_says_it() -> None:
    atoms = read_pw_input(INDENTED.replace("crystal", "alat"))
    np.testing.assert_allclose(atoms.positions[1], 0.25 * 2.715 * np.sqrt(2))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("ibrav=0", "ibrav=2, celldm(1)=10", "both ibrav = 2 and CELL_PARAMETERS"),
        ("ibrav=0, ", "", "which lattice"),
        ("ibrav=0", "ibrav=0, A=3, celldm(1)=4", "both celldm and A"),
        ("ibrav=0", "space_group=227, A=5.43", "space group"),
        ("nat=2", "nat=3", "announces 3 atoms, but has 2"),
        ("nat=2", "nat=two", "nat of &system is no number"),
        ("Si 0.25 0.25 0.25", "Si 0.25 0.25", "is no position"),
        ("Si 0.25 0.25 0.25", "Si a*b 0.25 0", "'a*b' is no number"),
        ("Si 0.25 0.25 0.25", "Si __import__('os') 0 0", "is no number"),
        ("Si 0.25 0.25 0.25", "Xx 0.25 0.25 0.25", "'Xx' names no element"),
        ("K_POINTS", "ATOMIC_POSITIONS alat\n Si 0 0 0\nK_POINTS", "more than once"),
        ("crystal", "crystal_sg", "crystal_sg is not read"),
        ("angstrom", "alat", "CELL_PARAMETERS alat has no unit"),
        (" 2.715 2.715 0\n", "", "not three vectors"),
    ],
)
def test_what_is_not_sure_is_refused(old: str, new: str, words: str) -> None:
    assert old in INDENTED
    assert words in refusal(INDENTED.replace(old, new))


def test_alat_stated_twice_is_refused_where_it_matters() -> None:
    twice = INDENTED.replace("ibrav=0", "ibrav=0, celldm(1)=3")
    assert str(read_pw_input(twice).symbols) == "Si2"
    assert "in two ways" in refusal(twice.replace("crystal", "alat"))


def test_namelist_without_an_end() -> None:
    assert "&system has no end" in refusal(INDENTED.replace("\n /", "\n"))


@pytest.mark.parametrize(
    ("label", "mass", "symbol"),
    [
        ("Fe1", "55.8", "Fe"),
        ("FE_u", "55.8", "Fe"),
        ("C-h", "12.0", "C"),
        ("Os", "15.999", "O"),
        ("Os", "190.23", "Os"),
        ("H", "2.014", "D"),
        ("H1", "1.008", "H"),
        ("D", "2.014", "D"),
    ],
)
def test_labels_are_elements(label: str, mass: str, symbol: str) -> None:
    assert element_of(label, mass) == symbol


def test_recognised_in_any_case() -> None:
    assert is_pw_input(INDENTED)
    assert is_pw_input("&SYSTEM ibrav=1 /")
    assert not is_pw_input("&inputph\n/\n")
