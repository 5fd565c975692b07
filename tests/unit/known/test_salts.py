"""What charges and electrons say of compounds whose nature handbooks give."""

import pytest

from betenet.known.formula import read_formula
from betenet.known.salts import counted_insulator

INSULATORS = {
    "rare-earth oxides": "CeO2 PrO2 Ce2O3 Nd2O3 Eu2O3 EuO Gd2O3 Yb2O3 TbO2 UO2",
    "rare-earth halides": "CeF3 CeF4 CeCl3 EuCl2 YbF3 GdCl3 LaF3",
    "rare-earth sulphides": "Ce2S3 EuS Gd2S3 La2O2S CeSF",
    "nitrides": "BN AlN GaN InN Si3N4 ScN YN GdN Hf3N4 Mg3N2",
    "3d oxides and halides": "MnO FeO CoO NiO CuO Cu2O Fe2O3 NiFe2O4 LaMnO3 CuCl2 FeCl3 NiF2",
    "salts of acids": "AlPO4 CePO4 Ca5(PO4)3F CuSO4 KNO3 CaCO3 LiFePO4 Na2SO4",
    "octets": "Si Ge SiC GaAs AlAs InSb ZnS CdTe ZnGeP2 CuInSe2",
}
METALS = {
    "oxides": "TiO VO2 NbO CrO2 RuO2 ReO3 IrO2 LaNiO3 SrVO3 SrRuO3 SrFeO3 BaPbO3 Fe3O4 SmO NbO2",
    "sulphides and nitrides": "NiS CuS LaS CeS VS2 NbS2 TaS2 TiN NbN VN CrN CeN Mo2N",
    "halides and phosphides": "ZrCl Ag2F InP3 LaI2 Nb3Cl8Cs",
    "elements and alloys": "C Sn Al Cu Nb3Sn GaSn InBi AlGa Cu5Zn8 MgB2 CaC6",
}


@pytest.mark.parametrize("family", INSULATORS)
def test_insulators_are_told_by_family(family: str) -> None:
    missed = [one for one in INSULATORS[family].split() if not counted_insulator(amounts(one))]
    assert not missed


@pytest.mark.parametrize("family", METALS)
def test_metals_are_none(family: str) -> None:
    called = [one for one in METALS[family].split() if counted_insulator(amounts(one))]
    assert not called


def test_parents_of_cuprates_and_of_iron_superconductors_are_left_alone() -> None:
    for formula in ("La2CuO4", "Nd2CuO4", "Sr2CuO2Cl2", "LaFeAsO", "FeS", "K3C60"):
        assert not counted_insulator(amounts(formula))


def test_only_the_ratio_counts() -> None:
    assert counted_insulator({"Ce": 0.25, "O": 0.5})
    assert not counted_insulator({"Ce": 0.25, "O": 0.51})


def amounts(formula: str) -> dict[str, float]:
    return dict(read_formula(formula).amounts)
