"""Families by composition: prototypes of each, and those that only look like them."""

import pytest

from betenet.known.composition_families import (
    FAMILIES,
    UNCONVENTIONAL,
    composition_family,
    family_sentence,
)
from betenet.known.formula import read_formula

PROTOTYPES = {
    "cuprate": ["YBa2Cu3O7", "La1.85Sr0.15CuO4", "Bi2Sr2CaCu2O8", "HgBa2Ca2Cu3O8", "Nd2CuO4"],
    "iron_based": ["FeSe", "LaFeAsO0.9F0.1", "BaFe2As2", "LiFeAs", "K0.8Fe1.6Se2", "LaFePO"],
    "heavy_fermion": ["CeCoIn5", "UPt3", "PuCoGa5", "CeCu2Si2", "UTe2"],
    "fulleride": ["K3C60", "Cs3C60"],
    "hydride": ["LaH10", "H3S", "Th4H15"],
    "chevrel": ["PbMo6S8", "LaMo6Se8"],
    "oxide": ["Ba0.6K0.4BiO3", "SrTiO3", "LiTi2O4", "Cu2O", "CuCrO2", "CeO2", "LiFePO4"],
    "other": [
        "Nb3Sn",
        "MgB2",
        "Nb",
        "NbN",
        "CaC6",
        "FeSi",
        "Fe",
        "Ce",
        "O",
        "YbBa0.01Nb50",
        "Fe3P0.1",
    ],
}


@pytest.mark.parametrize(
    ("family", "text"), [(family, one) for family, each in PROTOTYPES.items() for one in each]
)
def test_prototypes(family: str, text: str) -> None:
    assert composition_family(read_formula(text).shares) == family


def test_sentences_are_of_the_unconventional_ones_alone() -> None:
    assert set(FAMILIES) == set(PROTOTYPES)
    told = {family for family in FAMILIES if family_sentence(family)}
    assert told == set(UNCONVENTIONAL)
    assert all("not known to explain" in family_sentence(family) for family in told)
