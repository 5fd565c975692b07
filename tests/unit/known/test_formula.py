"""Formulas as people write them: amounts by hand and by pymatgen, refusals with their place."""

import csv
import gzip
import re
from pathlib import Path

import pytest

from betenet.errors import DataError
from betenet.known.formula import NAMES, read_formula


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("Nb3Sn", {"Nb": 3, "Sn": 1}),
        ("Nb 3 Sn", {"Nb": 3, "Sn": 1}),
        ("La1.85Sr0.15CuO4", {"La": 1.85, "Sr": 0.15, "Cu": 1, "O": 4}),
        ("La2-xSrxCuO4, x=0.15", {"La": 1.85, "Sr": 0.15, "Cu": 1, "O": 4}),
        ("La(O1-xFx)FeAs (x = 0.1)", {"La": 1, "O": 0.9, "F": 0.1, "Fe": 1, "As": 1}),
        ("BaBiO3-0.5x; x=0.2", {"Ba": 1, "Bi": 1, "O": 2.9}),
        ("YBa₂Cu₃O₇", {"Y": 1, "Ba": 2, "Cu": 3, "O": 7}),
        ("YBa$_2$Cu$_3$O$_{7}$", {"Y": 1, "Ba": 2, "Cu": 3, "O": 7}),
        ("YBa<sub>2</sub>Cu<sub>3</sub>O<sub>7</sub>", {"Y": 1, "Ba": 2, "Cu": 3, "O": 7}),
        ("La2CuO4+0.1", {"La": 2, "Cu": 1, "O": 4.1}),
        ("Nb1/3Ti2/3", {"Nb": 1 / 3, "Ti": 2 / 3}),
        ("Al2(SO4)3(H2O)18", {"Al": 2, "S": 3, "O": 30, "H": 36}),
        ("K4[Fe(CN)6]·3H2O", {"K": 4, "Fe": 1, "C": 6, "N": 6, "H": 6, "O": 3}),
        ("Na0.35CoO2*1.3H2O", {"Na": 0.35, "Co": 1, "O": 3.3, "H": 2.6}),
        ("((Nb3)2Sn)2", {"Nb": 12, "Sn": 2}),
        ("(Bi,Pb)2Sr2", {"Bi": 1, "Pb": 1, "Sr": 2}),
        ("(La0.85,Sr0.15)2CuO4", {"La": 1.7, "Sr": 0.3, "Cu": 1, "O": 4}),
        ("(La,Sr0.15)2CuO4", {"La": 1.7, "Sr": 0.3, "Cu": 1, "O": 4}),
        ("LaD10", {"La": 1, "H": 10}),
        ("H2¹⁸O", {"H": 2, "O": 1}),
        ("Mg(11B)2", {"Mg": 1, "B": 2}),
        ("Mg^{11}B2", {"Mg": 1, "B": 2}),
        ("YBa2Cu3(18)O7", {"Y": 1, "Ba": 2, "Cu": 3, "O": 7}),
        ("SO4^{2-}", {"S": 1, "O": 4}),
        ("SO₄²⁻", {"S": 1, "O": 4}),
        ("NO3-", {"N": 1, "O": 3}),
        ("Sr0.15(1)CuO2", {"Sr": 0.15, "Cu": 1, "O": 2}),
        ("Nb3Sn0", {"Nb": 3}),
        ("Nb3Sn0.00000001", {"Nb": 3}),
        ("Bi2Sr2Can-1CunO2n+4, n=2", {"Bi": 2, "Sr": 2, "Ca": 1, "Cu": 2, "O": 8}),
        ("YBa 2 Cu 3 O 7", {"Y": 1, "Ba": 2, "Cu": 3, "O": 7}),
    ],
)
def test_amounts(text: str, amounts: dict[str, float]) -> None:
    assert read_formula(text).amounts == pytest.approx(amounts)


@pytest.mark.parametrize(
    ("text", "oxygen"),
    [
        ("YBa2Cu3O7-x", 7),
        ("YBa2Cu3O7-δ", 7),
        (r"YBa$_2$Cu$_3$O$_{7-\delta}$", 7),
        ("YBa2Cu3O6+x", 6),
        ("YBa2Cu3O7-Z", 7),
        ("YBa2Cu3O7-Y", 7),
        ("YBa2Cu3O7±δ", 7),
        ("YBa2Cu3O7-2x", 7),
        ("YBa2Cu3O7-delta", 7),
    ],
)
def test_undetermined_oxygen_is_marked(text: str, oxygen: float) -> None:
    formula = read_formula(text)
    assert formula.undetermined == ("O",)
    assert formula.amounts["O"] == oxygen
    assert formula.amounts["Y"] == 1.0
    assert any("not determined" in sentence for sentence in formula.assumed)


def test_a_letter_that_has_a_value_is_determined() -> None:
    assert read_formula("YBa2Cu3O7-x, x=0.05").undetermined == ()
    assert read_formula("Fe1-xSe").undetermined == ("Fe",)


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("Nb3Sn0.5(", 9, "never closed"),
        ("(Nb3(Sn", 5, "never closed"),
        ("Nb3Sn)", 6, "not open"),
        ("Nb()", 4, "nothing in the bracket"),
        ("Xx2", 1, "Xx is no element"),
        ("Nb3Qq", 4, "Qq is no element"),
        ("LnFeAsO", 1, "a group"),
        ("nb3sn", 1, "n is no element"),
        ("Nb3sn", 4, "s is no element"),
        ("Nb-Ti", 3, "hyphen"),
        ("Nb0,75Sn", 4, "comma"),
        ("Nb3..5", 3, "no number"),
        ("Nb3 4Sn", 5, "no element before it"),
        ("La2-xSrxCuO4", 8, "nothing says how much"),
        ("NaxCoO2", 3, "nothing says how much"),
        ("CuSO4·xH2O", 7, "Nothing says how much"),
        ("Nb^3Sn", 4, "no mass"),
        ("Nb1/0Sn", 4, "divided by 0"),
        ("(Bi1.2,Pb)2", 1, "nothing is left"),
        ("MgB2=z", 5, "no meaning"),
        ("Nb·", 3, "missing"),
        ("(Bi,Pb)2Sr2…", 12, "no meaning"),
        ("Nb\0Sn", 3, "no meaning"),
        ("(Nb]3Sn", 4, "has opened"),
        ("Nb3Sn 17.9", 7, "apart from"),
        ("CaH6 @150GPa", 6, "pressure"),
        ("LaH10 (170 GPa)", 7, "pressure"),
        ("YBa2Cu3O6.5-7", 12, "no charge"),
        ("Nb-3Sn", 3, "no meaning"),
        ("Nb1e3", 4, "e is no element"),
    ],
)
def test_refusals_name_place_and_reason(text: str, place: int, reason: str) -> None:
    with pytest.raises(DataError) as caught:
        read_formula(text)
    assert f"character {place}." in caught.value.summary
    assert reason in caught.value.reason
    assert caught.value.fix


@pytest.mark.parametrize("text", ["", " \t", "Nb0", "Nb9999999", "Nb" * 200, "La0.5-xO, x=0.9"])
def test_refusals_of_the_whole(text: str) -> None:
    with pytest.raises(DataError):
        read_formula(text)


def test_abbreviations_are_not_read_letter_by_letter() -> None:
    for name, formula in NAMES.items():
        with pytest.raises(DataError, match=name) as caught:
            read_formula(name)
        assert formula in caught.value.fix
        assert read_formula(formula).amounts


@pytest.mark.parametrize("name", ["Bi2212", "Tl-2223", "Y123", "La1111"])
def test_names_by_the_numbers_of_metals_are_no_formulas(name: str) -> None:
    with pytest.raises(DataError, match="name of a family"):
        read_formula(name)


def test_what_was_assumed_is_said() -> None:
    assert "one compound" in " ".join(read_formula("Nb3Sn MgB2").assumed)
    assert "an isotope would be (11B)" in " ".join(read_formula("Mg11B2").assumed)
    assert "isotopes" in " ".join(read_formula("D2O").assumed)
    assert "charge" in " ".join(read_formula("Fe3+").assumed)
    assert "0.5 of the site" in " ".join(read_formula("(Bi,Pb)2Sr2").assumed)
    assert "niobium" in " ".join(read_formula("NB3SN").assumed)
    assert not read_formula("Nb3Sn").assumed


@pytest.mark.parametrize(
    ("text", "reduced"),
    [
        ("Nb6Sn2", "Nb3Sn"),
        ("Nb0.75Sn0.25", "Nb3Sn"),
        ("Y0.333Ba0.667CuO2.333", "YBa2Cu3O7"),
        ("La1.85Sr0.15CuO4", "La1.85Sr0.15CuO4"),
        ("2MgB2", "MgB2"),
        ("Nb0.0000000003Sn0.0000000001", "Nb3Sn"),
    ],
)
def test_reduced(text: str, reduced: str) -> None:
    assert read_formula(text).reduced == reduced


NESTED = ["Ca3(PO4)2", "Al2(SO4)3", "K4(Fe(CN)6)", "Pb2(Mg(NO3)2)3", "[Co(NH3)6]Cl3", "Mg(OH)2"]


@pytest.mark.parametrize("text", [*NESTED, "Ba0.6K0.4BiO3", "C60K3", "{Cu(NH3)4}SO4"])
def test_agrees_with_pymatgen(text: str) -> None:
    composition = pytest.importorskip("pymatgen.core").Composition(text)
    assert read_formula(text).amounts == pytest.approx(composition.get_el_amt_dict())


@pytest.mark.data
def test_agrees_with_pymatgen_on_measured_superconductors(data_folder: Path) -> None:
    core = pytest.importorskip("pymatgen.core")
    path = data_folder / "supercon" / "nims_supercon.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        texts = [row["formula"] for row in csv.DictReader(file)]
    compared = 0
    for text in texts[::40]:
        if not re.fullmatch(r"[A-Za-z0-9.]+", text):
            continue
        expected = core.Composition(text).get_el_amt_dict()
        expected = {symbol: amount for symbol, amount in expected.items() if amount}
        assert read_formula(text).amounts == pytest.approx(expected), text
        compared += 1
    assert compared > 400


def test_no_text_ends_in_an_unforeseen_error() -> None:
    letters = "NbSn3O7-xδ()[]{}.,·*^_$+2<sub>=\\ "
    for first in range(1500):
        text = "".join(letters[(first * (k + 3) ** 2 + k * k) % len(letters)] for k in range(9))
        try:
            formula = read_formula(text)
        except DataError:
            continue
        assert sum(formula.amounts.values()) > 0.0
        assert formula.reduced
