import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from tests.made_cells import THIRD, made

from betenet.known.structure_features import STRUCTURE_FEATURES, site_charges_of, structure_features


def pairs(symbols: str, a: float, c: float, z: float) -> Atoms:
    """Structure of CaC₂."""
    return made(symbols, [(0, 0, 0), (0, 0, z)], 139, a, c, 90)


def pyrite(symbols: str, a: float, u: float) -> Atoms:
    return made(symbols, [(0, 0, 0), (u, u, u)], 205, a, a, 90)


SALTS = {
    "CaC2, acetylide": (pairs("Ca C", 3.89, 6.38, 0.406), "C", -1.0),
    "BaC2": (pairs("Ba C", 4.40, 7.06, 0.41), "C", -1.0),
    "BaO2, peroxide": (pairs("Ba O", 3.81, 6.84, 0.392), "O", -1.0),
    "KO2, superoxide": (pairs("K O", 4.03, 6.70, 0.4045), "O", -0.5),
    "SrN2, diazenide": (pairs("Sr N", 3.81, 6.58, 0.408), "N", -1.0),
    "NaN3, azide": (
        made("Na N N", [(0, 0, 0), (0, 0, 0.5), (0, 0, 0.424)], 166, 3.65, 15.2, 120),
        "N",
        -THIRD,
    ),
    "Na2O2, peroxide": (
        made(
            "Na Na O O",
            [(0.295, 0, 0), (0.632, 0, 0.5), (0, 0, 0.168), (THIRD, 2 * THIRD, 0.332)],
            189,
            6.22,
            4.47,
            120,
        ),
        "O",
        -1.0,
    ),
    "FeS2, pyrite": (pyrite("Fe S", 5.418, 0.385), "S", -1.0),
    "RuSe2, pyrite": (pyrite("Ru Se", 5.93, 0.38), "Se", -1.0),
    "PtAs2, sperrylite": (pyrite("Pt As", 5.97, 0.383), "As", -2.0),
    "CoSb3, squares of Sb": (
        made("Co Sb", [(0.25, 0.25, 0.25), (0, 0.335, 0.158)], 204, 9.04, 9.04, 90),
        "Sb",
        -1.0,
    ),
}


@pytest.mark.parametrize("name", SALTS)
def test_charges_of_bonded_anions_balance(name: str) -> None:
    """By the rule of eight electrons: a bond spares an electron, a double bond two."""
    atoms, anion, charge = SALTS[name]
    found = site_charges_of(atoms)
    of_anions = found.charges[np.array(atoms.get_chemical_symbols()) == anion]
    np.testing.assert_allclose(of_anions, charge)
    assert found.left_over == pytest.approx(0.0, abs=1e-9)
    assert found.within.any()
    assert found.superoxide == (name == "KO2, superoxide")


@pytest.mark.parametrize(
    "atoms",
    [
        pairs("La C", 3.93, 6.57, 0.403),
        pairs("Y C", 3.66, 6.17, 0.395),
        made("Ca C", [(0, 0, 0), (THIRD, 0, 0.5)], 166, 4.333, 13.572, 120),
    ],
    ids=["LaC2", "YC2", "CaC6"],
)
def test_electrons_are_left_over_in_metals_with_bonded_anions(atoms: Atoms) -> None:
    assert site_charges_of(atoms).left_over > 0.1


@pytest.mark.parametrize(
    "atoms",
    [
        bulk("MgO", "rocksalt", a=4.21),
        bulk("NbN", "rocksalt", a=4.39),
        made("Ca C O", [(0, 0, 0), (0, 0, 0.25), (0.257, 0, 0.25)], 167, 4.99, 17.06, 120),
        bulk("C", "diamond", a=3.567),
    ],
    ids=["MgO", "NbN", "CaCO3", "diamond"],
)
def test_others_have_none(atoms: Atoms) -> None:
    assert not site_charges_of(atoms).within.any()


def test_bonds_within_anions_are_no_bonds_between_like_ions() -> None:
    """Charges of the ions are bound by bonds to the others, as in simple salts."""
    found = structure_features(SALTS["BaO2, peroxide"][0])
    assert abs(found[STRUCTURE_FEATURES.index("saturation_anion_mean")]) < 0.5
    assert found[STRUCTURE_FEATURES.index("like_anion_high")] < 0.2
