import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from tests.common_insulators import Insulator, common_insulators
from tests.made_cells import THIRD, made

from betenet.known.formula import read_formula
from betenet.known.insulators import (
    LIKELY,
    POSSIBLE,
    composition_logit,
    likely_insulators,
    metal_logit,
)
from betenet.known.magnetic import magnetic_findings
from betenet.known.measured import measured_table
from betenet.structures import standardise

JUDGED = common_insulators()
NAMED = ("AlN", "BN zincblende", "SiC zincblende", "LiF", "GaAs", "ZnS", "PbTe", "C diamond")


def test_there_are_enough_insulators_to_judge_by() -> None:
    assert len(JUDGED) >= 60


def test_few_insulators_are_missed() -> None:
    """Magnetic ones that are named as such count."""
    missed = [
        one.name
        for one in JUDGED
        if metal_logit(one.atoms) >= POSSIBLE and not magnetic_findings(one.atoms)
    ]
    assert len(missed) <= 0.05 * len(JUDGED), missed


def test_most_insulators_are_likely_ones() -> None:
    likely = [metal_logit(one.atoms) < LIKELY for one in JUDGED if not one.magnetic]
    assert np.mean(likely) > 0.75


@pytest.mark.parametrize("one", [one for one in JUDGED if one.name in NAMED], ids=lambda o: o.name)
def test_common_insulators_are_named(one: Insulator) -> None:
    assert metal_logit(one.atoms) < POSSIBLE


@pytest.mark.parametrize(
    "atoms",
    [
        *(
            bulk(symbol)
            for symbol in ("Nb", "V", "Ta", "Pb", "Al", "Sn", "In", "Zr", "La", "Mg", "Na")
        ),
        bulk("NbN", "rocksalt", a=4.39),
        bulk("TiN", "rocksalt", a=4.24),
        bulk("NbC", "rocksalt", a=4.47),
        bulk("PdH", "rocksalt", a=4.09),
        bulk("CdTe", "rocksalt", a=5.9),
        bulk("GaAs", "rocksalt", a=5.0),
    ],
    ids=lambda atoms: atoms.get_chemical_formula(),
)
def test_metals_are_not_likely_insulators(atoms: Atoms) -> None:
    assert metal_logit(atoms) >= LIKELY


def test_structure_decides_where_the_composition_does_not() -> None:
    """GaAs is a semiconductor in its own structure, and a metal in that of rock salt."""
    four, six = bulk("GaAs", "zincblende", a=5.653), bulk("GaAs", "rocksalt", a=5.0)
    assert composition_logit(four) == composition_logit(six)
    assert metal_logit(four) < metal_logit(six)


def test_formulas_of_insulators_are_told_from_those_of_superconductors() -> None:
    salts = ("NaCl", "SiO2", "CaCO3", "Al2O3", "CuSO4·5H2O", "CeO2", "NiO", "GaAs")
    others = (
        "Nb3Sn",
        "MgB2",
        "YBa2Cu3O7",
        "La2CuO4",
        "LaFeAsO",
        "K3C60",
        "Cu0.29Bi2Se3",
        "LiTi2O4",
    )
    found = likely_insulators([read_formula(name).amounts for name in (*salts, *others)])
    assert found == [True] * len(salts) + [False] * len(others)


def test_few_known_superconductors_are_called_insulators() -> None:
    table = measured_table()
    whole = [table[place] for place in range(len(table)) if "." not in table[place].formula]
    found = likely_insulators([read_formula(one.formula).amounts for one in whole])
    assert 0.01 < np.mean(found) < 0.03
    called = {one.family for one, is_called in zip(whole, found, strict=True) if is_called}
    assert not called & {"cuprate", "iron_based", "heavy_fermion", "chevrel"}


def layers(symbols: str, group: int, a: float, c: float, z: float) -> Atoms:
    places = {164: (0, 0, 0), 194: (0, 0, 0.25)}
    return made(symbols, [places[group], (THIRD, 2 * THIRD, z)], group, a, c, 120)


METALS = {
    "NbSe2": layers("Nb Se", 194, 3.44, 12.55, 0.117),
    "NbS2": layers("Nb S", 194, 3.31, 11.9, 0.117),
    "TaS2, 1T": layers("Ta S", 164, 3.365, 5.85, 0.26),
    "VSe2": layers("V Se", 164, 3.36, 6.10, 0.255),
    "graphite": made("C C", [(0, 0, 0.25), (THIRD, 2 * THIRD, 0.25)], 194, 2.46, 6.70, 120),
    "As": made("As", [(0, 0, 0.227)], 166, 3.76, 10.55, 120),
    "MgB2": made("Mg B", [(0, 0, 0), (THIRD, 2 * THIRD, 0.5)], 191, 3.086, 3.524, 120),
    "CaC6": made("Ca C", [(0, 0, 0), (THIRD, 0, 0.5)], 166, 4.333, 13.572, 120),
    "H3S": made("S H", [(0, 0, 0), (0.5, 0, 0)], 229, 2.984, 2.984, 90),
    "Nb3Sn": made("Nb Sn", [(0.25, 0, 0.5), (0, 0, 0)], 223, 5.29, 5.29, 90),
    "NbN": bulk("NbN", "rocksalt", a=4.39),
    "Nb": bulk("Nb"),
    "Ti": bulk("Ti"),
}
INSULATORS = {
    "NaCl": bulk("NaCl", "rocksalt", a=5.64),
    "MgO": bulk("MgO", "rocksalt", a=4.21),
    "ZnO": bulk("ZnO", "wurtzite", a=3.25, c=5.2),
    "BaO2": made("Ba O", [(0, 0, 0), (0, 0, 0.392)], 139, 3.81, 6.84, 90),
}


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", METALS)
def test_a_metal_with_noise_in_a_supercell_is_no_insulator(name: str, seed: int) -> None:
    """The verdict is of the crystal, not of the cell: displacements of 0.02 Å open no gap."""
    atoms = METALS[name]
    cell = atoms.repeat((2, 2, 1))
    cell.rattle(0.02, seed=seed)
    one, many = metal_logit(atoms), metal_logit(standardise(cell))
    assert one >= LIKELY
    assert many >= LIKELY
    assert abs(one - many) < 2.0


@pytest.mark.parametrize("name", INSULATORS)
def test_an_insulator_with_noise_in_a_supercell_is_one(name: str) -> None:
    cell = INSULATORS[name].repeat((2, 2, 1))
    cell.rattle(0.02, seed=1)
    assert metal_logit(INSULATORS[name]) < LIKELY
    assert metal_logit(standardise(cell)) < LIKELY


@pytest.mark.parametrize("name", [*METALS, *INSULATORS])
def test_the_cell_that_it_is_written_in_does_not_matter(name: str) -> None:
    atoms = (METALS | INSULATORS)[name]
    assert metal_logit(atoms.repeat((2, 1, 2))) == pytest.approx(metal_logit(atoms), abs=0.3)
