import pytest
from ase import Atoms
from ase.build import bulk
from tests.made_cells import made

from betenet.known.correlated import open_d_shells
from betenet.known.findings import CORRELATED
from betenet.known.magnetic import magnetic_findings


def perovskite(ion: str, metal: str, anion: str, a: float) -> Atoms:
    return made(f"{ion} {metal} {anion}", [(0, 0, 0), (0.5,) * 3, (0.5, 0.5, 0)], 221, a, a, 90)


def rutile(metal: str, a: float, c: float, u: float) -> Atoms:
    return made(f"{metal} O", [(0, 0, 0), (u, u, 0)], 136, a, c, 90)


def pyrochlore(ion: str, metal: str, a: float, x: float) -> Atoms:
    sites = [(0.5,) * 3, (0, 0, 0), (x, 0.125, 0.125), (0.375,) * 3]
    return made(f"{ion} {metal} O O", sites, 227, a, a, 90)


def planes(ion: str, metal: str, a: float, c: float) -> Atoms:
    sites = [(0, 0, 0.35), (0, 0, 0), (0, 0.5, 0), (0, 0, 0.158)]
    return made(f"{ion} {metal} O O", sites, 139, a, c, 90)


OPEN = {
    "YTiO3": ("Ti", perovskite("Y", "Ti", "O", 3.87)),
    "LaVO3": ("V", perovskite("La", "V", "O", 3.91)),
    "KVF3": ("V", perovskite("K", "V", "F", 4.13)),
    "VO2": ("V", rutile("V", 4.55, 2.85, 0.3)),
    "V2O3": ("V", made("V O", [(0, 0, 0.346), (0.312, 0, 0.25)], 167, 4.95, 14.0, 120)),
    "NiO": ("Ni", bulk("NiO", "rocksalt", a=4.177)),
    "Sr2IrO4": ("Ir", planes("Sr", "Ir", 3.89, 12.9)),
    "RuCl3": ("Ru", made("Ru Cl", [(0, 0, 1 / 3), (0.32, 0, 0.08)], 148, 5.98, 17.2, 120)),
}
CLOSED = {
    "SrTiO3": perovskite("Sr", "Ti", "O", 3.905),
    "LaAlO3": perovskite("La", "Al", "O", 3.79),
    "SrMoO3": perovskite("Sr", "Mo", "O", 3.97),
    "SrNbO3": perovskite("Sr", "Nb", "O", 4.02),
    "BaBiO3": perovskite("Ba", "Bi", "O", 4.35),
    "ReO3": made("Re O", [(0, 0, 0), (0.5, 0, 0)], 221, 3.75, 3.75, 90),
    "RuO2": rutile("Ru", 4.49, 3.11, 0.306),
    "IrO2": rutile("Ir", 4.50, 3.15, 0.308),
    "MoO2": rutile("Mo", 4.85, 2.80, 0.29),
    "Cd2Re2O7": pyrochlore("Cd", "Re", 10.2, 0.316),
    "LiTi2O4, mixed valence": made(
        "Li Ti O", [(0.125,) * 3, (0.5,) * 3, (0.2628,) * 3], 227, 8.405, 8.405, 90
    ),
    "PdO, eight electrons in squares": made(
        "Pd O", [(0, 0, 0), (0, 0.5, 0.25)], 131, 3.04, 5.33, 90
    ),
    "CuAlO2, full shell": made(
        "Cu Al O", [(0, 0, 0), (0, 0, 0.5), (0, 0, 0.11)], 166, 2.86, 16.95, 120
    ),
    "NbO": bulk("NbO", "rocksalt", a=4.21),
    "VN": bulk("VN", "rocksalt", a=4.13),
    "NbCl, a metal": bulk("NbCl", "rocksalt", a=4.9),
}


@pytest.mark.parametrize("name", OPEN)
def test_open_shells_of_mott_insulators(name: str) -> None:
    element, atoms = OPEN[name]
    assert open_d_shells(atoms) == (element,)


@pytest.mark.parametrize("name", CLOSED)
def test_others_have_none(name: str) -> None:
    assert open_d_shells(CLOSED[name]) == ()


def test_what_is_named_as_magnetic_is_not_named_twice() -> None:
    assert [one.code for one in magnetic_findings(OPEN["NiO"][1])] == ["magnetic_elements"]
    (found,) = magnetic_findings(OPEN["YTiO3"][1])
    assert found.code == CORRELATED
    assert "Ti" in found.text
