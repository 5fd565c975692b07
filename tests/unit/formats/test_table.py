import bz2
import gzip
import lzma

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
    assert "--unit THz" in message


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


def table(header, *columns, mark="  "):
    rows = zip(*columns, strict=True)
    return header + "\n" + "".join(mark.join(f"{x:.8f}" for x in row) + "\n" for row in rows)


@pytest.mark.parametrize(
    "names",
    [
        *("conductivity", "counts", "Raman intensity", "chi''(omega)", "epsilon2", "A(omega)"),
        *("S(Q,w)", "absorbance", "lambda"),
    ],
)
@pytest.mark.parametrize("form", ["# omega (meV)  {}", "# omega (meV) {}", "omega (meV);{}"])
def test_a_column_with_another_name_is_not_a2f(layouts, put, names, form):
    mark = ";" if ";" in form else "  "
    text = table(form.format(names), layouts.omega, layouts.a2f, mark=mark)
    with pytest.raises(DataError, match="is named α²F"):
        read_a2f(put(text))
    with pytest.raises(DataError, match="is named α²F"):
        read_a2f(put(text), unit="meV")


def test_labels_of_the_axes_are_names(layouts, put):
    axes = '@ xaxis label "Frequency (THz)"\n@ yaxis label "{}"'
    with pytest.raises(DataError, match=r"Its columns are Frequency .THz., conductivity"):
        read_a2f(put(table(axes.format("conductivity"), layouts.omega, layouts.a2f)))
    good = axes.format(r"\xa\f{}\S2\NF")
    file = read_a2f(put(table(good, layouts.omega / 4.135667696, layouts.a2f), "x.agr"))
    np.testing.assert_allclose(file.frequencies, layouts.omega, rtol=1e-6)


@pytest.mark.parametrize(
    ("names", "why"),
    [
        ("a2F/omega", "times a factor"),
        ("A2F*2/omega", "times a factor"),
        ("a2F / omega", "times a factor"),
        ("log10(a2F)", "times a factor"),
        ("a2F x 10", "times a factor"),
        ("a2F (%)", "times a factor"),
        ("a2F (1e-2)", "times a factor"),
        ("a2F (arb. units)", "is scaled"),
        ("a2F [1/meV]", "has a unit"),
        ("a2Ftr", "transport"),
        ("alpha_tr^2F", "transport"),
        ("a2F spin up", "share"),
    ],
)
@pytest.mark.parametrize("form", ["# omega (meV)  {}", "# omega (meV) {}", "omega (meV),{}"])
def test_what_follows_from_a2f_is_refused(layouts, put, names, why, form):
    mark = "," if "," in form else "  "
    text = table(form.format(names), layouts.omega, layouts.a2f, mark=mark)
    with pytest.raises(DataError, match=why):
        read_a2f(put(text))


@pytest.mark.parametrize(
    ("names", "order"),
    [
        ("i  a2F  omega(meV)", "iaw"),
        ("index,a2F,frequency (meV)", "iaw"),
        ("q  omega(meV)  a2F", "qwa"),
        ("T(K)  omega(meV)  a2F", "twa"),
        ("a2F  omega(meV)", "aw"),
        ("a2F lambda omega(meV)", "alw"),
        ("F  omega(meV)  a2F", "qwa"),
        ("1:omega(meV) 2:a2F 3:lambda", "wal"),
        ("col 1: omega (meV)\n# col 2: phonon DOS\n# col 3: a2F", "wqa"),
        ("column 1 is omega (meV)\n# column 2 is lambda\n# column 3 is a2F", "wla"),
        ("omega (meV)\n# a2F", "wa"),
    ],
)
def test_names_decide_wherever_they_stand(layouts, put, names, order):
    size = layouts.omega.size
    step = layouts.omega[1] - layouts.omega[0]
    columns = {
        "i": np.arange(size),
        "q": 0.01 * np.arange(1, size + 1),
        "t": np.full(size, 300.0),
        "w": layouts.omega,
        "a": layouts.a2f,
        "l": np.cumsum(2.0 * layouts.a2f / layouts.omega) * step,
    }
    mark = "," if "," in names else "  "
    text = table(f"# {names}", *(columns[key] for key in order), mark=mark)
    file = read_a2f(put(text))
    np.testing.assert_allclose(file.frequencies, layouts.omega, atol=1e-7)
    np.testing.assert_allclose(file.a2f, [layouts.a2f], atol=1e-7)
    assert file.smearings is None
    assert file.warnings == ()


def test_names_that_do_not_fit_the_columns_give_no_unit_either(layouts, put):
    for names in ("index,a2F,frequency (meV),lambda", "omega (meV)  a2F  lambda  Tc"):
        header = f"# {names}"
        with pytest.raises(DataError, match="names 4 columns and has 3"):
            read_a2f(put(table(header, layouts.omega, layouts.a2f, layouts.a2f)))
    swapped = table("# a2F  omega(meV)", layouts.omega, layouts.a2f)
    with pytest.raises(DataError, match="By its header they are column 2"):
        read_a2f(put(swapped))


@pytest.mark.parametrize(
    "header",
    [
        "# omega (THz, angular)  a2F",
        "# omega (THz), angular",
        "# omega (THz)  a2F\n# angular frequencies",
        "# angular frequency (THz)  a2F",
        "# omega (rad THz)  a2F",
        "omega(THz*2pi),a2F",
        "# wavenumber(1/m)  a2F",
        "# frequency in THz was converted to meV",
        "# frequencies in THz\n# multiplied by 4.13567 from THz",
        "# not in THz but energies in meV",
    ],
)
def test_units_that_are_not_sure_are_refused(layouts, put, header):
    mark = "," if header.startswith("omega") else "  "
    text = table(header, layouts.omega, layouts.a2f, mark=mark)
    with pytest.raises(DataError, match=r"in which unit|is named α²F") as caught:
        read_a2f(put(text))
    if "is named" not in str(caught.value):
        assert any("as given" in warning for warning in read_a2f(put(text), unit="meV").warnings)


@pytest.mark.parametrize("settings", [0, 200])
def test_a_file_of_grace_is_read(layouts, put, settings):
    header = "# Grace project file\n" + "@ with g0\n" * settings
    header += '@    xaxis  label "\\xw\\f{} (meV)"\n@    yaxis  label "a2F"\n@type xy'
    text = table(header, layouts.omega, layouts.a2f)
    file = read_a2f(put(text + "&\n", "x.agr"))
    np.testing.assert_allclose(file.frequencies, layouts.omega, atol=1e-7)
    assert (file.unit, file.warnings) == ("meV", ())
    with pytest.raises(DataError, match="holds 2 curves"):
        read_a2f(put(text + "&\n@type xy\n" + text.split("xy\n")[1] + "&\n", "x.agr"))


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_files_are_read(layouts, put, pack):
    content = pack(layouts.two_columns(layouts.omega, layouts.a2f, "Ha").encode())
    file = read_a2f(put(content, "ALPHA2F.OUT.gz"))
    assert file.format == "elk"
    np.testing.assert_allclose(file.frequencies, layouts.omega, rtol=1e-9)


def test_utf_16_is_read_and_archives_are_named(layouts, put):
    text = table("# omega (meV)  a2F", layouts.omega, layouts.a2f)
    assert read_a2f(put(text.encode("utf-16"))).unit == "meV"
    with pytest.raises(DataError, match="is an archive"):
        read_a2f(put(b"PK\x03\x04\x00\x00"))


def test_smearings_that_we_write_are_read_again(batch, tmp_path):
    smearings = (1e-5, 1e-2, 2.0)
    write_a2f(tmp_path / "x.csv", batch, format="csv", smearings=smearings)
    assert read_a2f(tmp_path / "x.csv").smearings == smearings
