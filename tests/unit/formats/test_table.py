from __future__ import annotations

import numpy as np
import pytest

from betenet.errors import ConfigError, DataError
from betenet.formats.read import read_a2f
from betenet.formats.write import write_a2f
from betenet.units import FREQUENCY_UNITS_IN_MEV


@pytest.mark.parametrize("unit", list(FREQUENCY_UNITS_IN_MEV))
def test_unit_is_given_by_the_user(layouts, put, unit):
    header = "# some program\n\n! remark\n@ title\n"
    a2f = 0.9 * layouts.a2f
    file = read_a2f(put(layouts.two_columns(layouts.omega, a2f, unit, header)), unit=unit)
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


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("# omega [meV] a2F\n", "meV"),
        ("# E (THz)  a2F\n", "THz"),
        ("# frequencies in cm-1\n", "cm-1"),
        ("#set xlabel 'Energy (eV)'\n", "eV"),
    ],
)
@pytest.mark.parametrize("name", ["data.txt", "Xx.a2F", "ALPHA2F.OUT", "a2F.dos3"])
def test_unit_in_the_header_beats_the_name(layouts, put, header, unit, name):
    path = put(layouts.two_columns(layouts.omega, layouts.a2f, unit, header), name)
    file = read_a2f(path)
    assert (file.format, file.unit, file.unit_source) == ("table", unit, "stated in the file")
    np.testing.assert_allclose(file.frequencies, layouts.omega, rtol=1e-9)
    assert file.warnings == ()


@pytest.mark.parametrize("unit", ["meV", "THz", "cm-1"])
def test_what_we_write_tells_its_unit(spectrum, tmp_path, unit):
    write_a2f(tmp_path / "x.a2f", spectrum, format="table", unit=unit)
    file = read_a2f(tmp_path / "x.a2f")
    assert (file.unit, file.unit_source) == (unit, "stated in the file")
    np.testing.assert_allclose(file.frequencies, spectrum.frequencies, rtol=1e-9)


def test_given_unit_overrules_the_header_and_says_so(layouts, put):
    path = put(layouts.two_columns(layouts.omega, layouts.a2f, "THz", "# E (meV) a2F\n"))
    file = read_a2f(path, unit="THz")
    np.testing.assert_allclose(file.frequencies, layouts.omega, rtol=1e-9)
    assert any("in THz as given, not in meV" in warning for warning in file.warnings)


def test_end_of_the_running_coupling_is_compared(layouts, put, coupling):
    running = np.cumsum(2.0 * layouts.a2f / layouts.omega) * 0.25
    rows = zip(layouts.omega, layouts.a2f, running, strict=True)
    text = "".join(f"{x:9.3f}{y:11.6f}{z:11.6f}\n" for x, y, z in rows)
    file = read_a2f(put(text), unit="meV")
    assert file.n_columns == 1
    assert file.stated["coupling"] == pytest.approx((coupling,), rel=0.01)
    labelled = "# omega[meV] a2F lambda\n" + text.replace(f"{running[-1]:11.6f}", "   9.500000")
    warnings = read_a2f(put(labelled)).warnings
    assert any("but the file states 9.5" in warning for warning in warnings)


def test_first_line_with_the_number_of_rows(put):
    file = read_a2f(put("3\n1 .1\n2 .3\n3 .2\n"), unit="meV")
    np.testing.assert_array_equal(file.a2f, [[0.1, 0.3, 0.2]])
