import numpy as np
import pytest

from betenet.errors import ConfigError
from betenet.units import (
    BOLTZMANN_EV_PER_KELVIN,
    FREQUENCY_UNITS_IN_MEV,
    MEV_TO_KELVIN,
    convert_frequency,
)


@pytest.mark.parametrize(
    ("from_unit", "to_unit", "expected"),
    [
        ("meV", "K", 11.604518),
        ("THz", "meV", 4.135667696),
        ("THz", "cm-1", 33.35640952),
        ("THz", "K", 47.99243),
        ("cm-1", "meV", 0.12398420),
        ("cm⁻¹", "cm-1", 1.0),
        ("Ry", "eV", 13.605693123),
        ("Ha", "eV", 27.211386246),
    ],
)
def test_codata_2018(from_unit, to_unit, expected):
    assert convert_frequency(1.0, from_unit, to_unit) == pytest.approx(expected, rel=5e-8)


def test_boltzmann_constant_codata_2018():
    assert pytest.approx(8.617333262e-5, rel=1e-9) == BOLTZMANN_EV_PER_KELVIN
    assert pytest.approx(1e-3) == MEV_TO_KELVIN * BOLTZMANN_EV_PER_KELVIN


@pytest.mark.parametrize("unit", FREQUENCY_UNITS_IN_MEV)
def test_there_and_back(unit):
    values = np.array([[1.0, 2.0], [3.0, 50.0]])
    back = convert_frequency(convert_frequency(values, "meV", unit), unit, "meV")
    np.testing.assert_allclose(back, values, rtol=1e-14)


def test_unknown_unit_is_named_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"'mev'[\s\S]*meV, eV, K, THz"):
        convert_frequency(1.0, "mev", "K")
    with pytest.raises(ConfigError, match="'kelvin'"):
        convert_frequency(1.0, "meV", "kelvin")
