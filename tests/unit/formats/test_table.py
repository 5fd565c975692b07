from __future__ import annotations

import numpy as np
import pytest

from betenet.errors import ConfigError, DataError
from betenet.formats.read import read_a2f
from betenet.units import FREQUENCY_UNITS_IN_MEV


@pytest.mark.parametrize("unit", list(FREQUENCY_UNITS_IN_MEV))
def test_unit_is_given_by_the_user(layouts, put, unit):
    header = "# some program\n\n! remark\n@ title\n"
    file = read_a2f(put(layouts.two_columns(layouts.omega, layouts.a2f, unit, header)), unit=unit)
    assert (file.format, file.unit, file.unit_source) == ("table", unit, "given by the user")
    np.testing.assert_allclose(file.frequencies, layouts.omega, rtol=1e-9)
    assert file.warnings == ()


def test_without_a_unit_nothing_is_guessed(put):
    path = put("1.0 0.1\n5.0 0.4\n8.9 0.0\n")
    with pytest.raises(DataError, match="does not say in which unit") as caught:
        read_a2f(path)
    message = str(caught.value)
    assert str(path) in message
    assert "36.8 meV if they are in THz" in message
    assert "8.9 meV if they are in meV" in message
    assert "Ha" not in message.splitlines()[1]
    assert 'unit="THz"' in message
    assert "--units THz" in message


def test_unknown_unit_comes_before_the_file():
    with pytest.raises(ConfigError, match="Unknown unit of frequency: 'parsec'"):
        read_a2f("nowhere", unit="parsec")


@pytest.mark.parametrize("mark", ["\t", ",", ", ", ";", "   "])
def test_marks_between_columns(put, mark):
    text = "".join(f"{mark.join(row)}\n" for row in (("1", ".1", ".2"), ("2", ".3", ".4")))
    file = read_a2f(put(text), unit="meV")
    np.testing.assert_array_equal(file.a2f, [[0.1, 0.3], [0.2, 0.4]])
    assert any("columns 2 to 3" in warning for warning in file.warnings)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1.0\n2.0\n", "has 1 column of numbers"),
        ("1 .1\n2 .2\n2 .3\n", "line 3: frequency 2 after 2"),
        ("# h\n1 .1\n\n3 .2\n2 .3\n", "line 5: frequency 2 after 3"),
        ("1 .1\nNaN .2\n3 .3\n", "line 2: frequency nan after 1"),
        ("1 .1\n2 .2 .3\n3 .1\n", "line 2: 3 numbers where 2"),
        ("0,5 0,2\n0,6 0,3\n", "is not a number"),
    ],
)
def test_broken_tables_are_located(put, text, message):
    with pytest.raises(DataError, match=message):
        read_a2f(put(text), unit="meV")
