import pytest
from ase import Atoms
from ase.build import bulk

from betenet.known.findings import MAGNETIC_ELEMENTS, POSSIBLY_MAGNETIC
from betenet.known.magnetic import magnetic_findings


def crystal(formula: str) -> Atoms:
    """Any places will do: only the composition counts."""
    return Atoms(formula, pbc=True, cell=[20.0, 20.0, 20.0])


@pytest.mark.parametrize(
    "formula",
    [
        *("Fe", "Co", "Ni", "Cr", "Mn", "Gd", "NiO", "MnO", "CrN", "FeSe", "Fe2O3", "EuO"),
        *("Nd2CuO4", "CuO", "CuCl2", "La2CuO4", "Fe3Al", "Fe2Zr", "FeCo", "FeNi", "FePt", "CoPt3"),
        *("Co3Sn2S2", "FeRh", "UN", "US", "UO2", "SrRuO3", "ZrZn2", "Sc3In"),
    ],
)
def test_likely_magnetic(formula: str) -> None:
    assert [one.code for one in magnetic_findings(crystal(formula))] == [MAGNETIC_ELEMENTS]


@pytest.mark.parametrize(
    "formula",
    [
        *("Cr3Si", "CoTi", "FeAl", "TiNi", "Ni3Al", "CeCoIn5", "UPt3", "YbAl3", "VFe", "Zr2Co"),
        *("CrB2", "LaNi5C"),
    ],
)
def test_may_be_magnetic(formula: str) -> None:
    assert [one.code for one in magnetic_findings(crystal(formula))] == [POSSIBLY_MAGNETIC]


@pytest.mark.parametrize(
    "formula",
    ["Nb", "Nb3Sn", "V3Si", "MgB2", "Cu", "Cu2O", "CuCl", "Pd", "La", "ThO2", "LuB2", "YBa"],
)
def test_not_magnetic(formula: str) -> None:
    assert magnetic_findings(crystal(formula)) == ()


def test_the_elements_are_named() -> None:
    text = magnetic_findings(crystal("NdNiO2"))[0].text
    assert "Nd" in text
    assert "Ni" in text
    assert "Fe" in magnetic_findings(bulk("Fe"))[0].text
