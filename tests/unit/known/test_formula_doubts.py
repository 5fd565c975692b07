"""Other readings are named only where there are some."""

import pytest

from betenet.errors import DataError
from betenet.known.formula import read_formula
from betenet.known.formula_doubts import other_readings


def test_capitals_that_may_be_one_element() -> None:
    assert "cobalt would be Co" in other_readings("CO2")[0]
    assert other_readings("Co2") == []
    assert other_readings("NH4") == []  # nihonium is not meant


def test_water_behind_a_point() -> None:
    assert "4·5H2O" in other_readings("CuSO4.5H2O")[0]
    assert other_readings("Na0.35CoO2·1.3H2O") == []


@pytest.mark.parametrize("text", ["Nb3Sn 18 K", "NbN (16 K)", "MgB2, 39K", "YBa2Cu3O7 at 92 K"])
def test_a_temperature_is_no_potassium(text: str) -> None:
    with pytest.raises(DataError, match="not clear at character") as caught:
        read_formula(text)
    assert "temperature" in caught.value.reason


def test_potassium_with_blanks_is_still_read() -> None:
    assert read_formula("Na 2 K").reduced == "Na2K"
    assert read_formula("K 3 C60").reduced == "KC20"


@pytest.mark.parametrize("text", ["0.5Nb0.5Ti", ".4Nb .6Ti"])
def test_amounts_before_the_elements_are_refused(text: str) -> None:
    with pytest.raises(DataError, match="at character 1"):
        read_formula(text)
    assert read_formula("1/2Nb3Sn").reduced == "Nb3Sn"


def test_a_digit_before_a_sign_may_be_a_charge() -> None:
    assert "O4^2-" in other_readings("SO42-")[0]
    assert other_readings("SO4^2-") == other_readings("O6.93-") == other_readings("Na+") == []
    assert read_formula("SO4^2-").reduced == "SO4"
