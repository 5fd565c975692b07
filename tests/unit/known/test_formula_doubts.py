"""Other readings are named only where there are some."""

from betenet.known.formula_doubts import other_readings


def test_capitals_that_may_be_one_element() -> None:
    assert "cobalt would be Co" in other_readings("CO2")[0]
    assert other_readings("Co2") == []
    assert other_readings("NH4") == []  # nihonium is not meant


def test_water_behind_a_point() -> None:
    assert "4·5H2O" in other_readings("CuSO4.5H2O")[0]
    assert other_readings("Na0.35CoO2·1.3H2O") == []
