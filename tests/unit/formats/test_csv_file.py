import numpy as np
import pytest

from betenet.errors import DataError
from betenet.formats.read import read_a2f
from betenet.units import convert_frequency


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("frequencies_mev", "meV"),
        ("frequencies_ev", "eV"),
        ("frequencies_thz", "THz"),
        ("frequencies_cm-1", "cm-1"),
        ("frequencies_ry", "Ry"),
        ("frequencies_ha", "Ha"),
        ("frequencies_kelvin", "K"),
        ("Frequency (THz)", "THz"),
        ("omega [cm^-1]", "cm-1"),
        ("E(meV)", "meV"),
    ],
)
@pytest.mark.parametrize("mark", [",", ";"])
def test_unit_of_the_header(layouts, put, name, unit, mark):
    omega = convert_frequency(layouts.omega, "meV", unit)
    rows = [f"{x!r}{mark}{y!r}" for x, y in zip(omega.tolist(), layouts.a2f.tolist(), strict=True)]
    file = read_a2f(put("\n".join(["# made by hand", f"{name}{mark}a2F", *rows])))
    assert (file.format, file.unit, file.unit_source) == ("csv", unit, "stated in the file")
    np.testing.assert_allclose(file.frequencies, layouts.omega, rtol=1e-12)
    np.testing.assert_array_equal(file.a2f, [layouts.a2f])
    assert file.lines[0] == 3


def test_only_columns_of_a2f_are_taken(put):
    text = "frequencies_mev,label,a2f (0.01 Ry),dos,alpha2F [0.02 Ry]\n1,x,.1,9,.2\n2,y,.3,9,.4\n"
    file = read_a2f(put(text))
    np.testing.assert_array_equal(file.a2f, [[0.1, 0.3], [0.2, 0.4]])
    assert (file.smearings, file.smearing_unit) == ((0.01, 0.02), "Ry")
    np.testing.assert_array_equal(file.spectrum(0.02).a2f, [0.2, 0.4])


def test_header_without_a_unit_needs_one(put):
    path = put("frequency,a2f\n5,0.1\n9,0.2\n")
    with pytest.raises(DataError, match="does not say in which unit"):
        read_a2f(path)
    assert read_a2f(path, unit="THz").unit_source == "given by the user"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("frequencies_mev,a2f\n1,0.1\n2\n3,0.2\n", "line 3: 1 fields where the header has 2"),
        ("frequencies_mev,a2f\n1,0.1\n2,x\n", "line 3: 'x' is not a number"),
        ("frequencies_mev;a2f\n1,0;0,1\n2,0;0,2\n", "line 2: .*comma for a decimal point"),
        ("frequencies_mev,a2f\n1,5,0,1\n", "line 2: 4 fields"),
        ("frequencies_mev,a2f\n", "header and no rows"),
        ("frequencies_parsec,a2f\n1,0.1\n2,0.2\n", "(?s)in which unit.*header says 'parsec'"),
        ("frequencies_mev,dos\n1,0.1\n2,0.2\n", "holds a phonon density of states"),
        ("frequencies_mev,g\n1,0.1\n2,0.2\n", "no header that names frequencies and α²F"),
    ],
)
def test_broken_tables_are_located(put, text, message):
    with pytest.raises(DataError) as caught:
        read_a2f(put(text), format="csv")
    assert caught.match(message.replace("line 2: .*comma", "(?s)line 2: .*comma"))


HEADER = '"freqs, THz","a2f (lambda), THz",lambda (lambda),"wlog (lambda), K"'


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("index", [False, True])
@pytest.mark.parametrize("unit", [None, "THz"])
def test_quoted_names_and_numbered_rows(layouts, put, coupling, mark, ending, bom, index, unit):
    thz = convert_frequency(layouts.omega, "meV", "THz")
    running = np.cumsum(2.0 * layouts.a2f / layouts.omega) * 0.25
    names = HEADER.replace(",lambda", "\0lambda").replace('","', '"\0"').replace(',"', '\0"')
    lines = [names.replace("\0", mark)]
    for x, y, z in zip(thz, layouts.a2f, running, strict=True):
        lines.append(mark.join(f"{value:.8f}" for value in (x, y, z, 200.0)))
    if index:
        lines = [f"{number}{mark}{line}" for number, line in zip(["", *range(200)], lines)]  # noqa: B905
    file = read_a2f(put(bom + ending.join(lines).encode(), "a2f.csv"), unit=unit)
    assert (file.format, file.unit, file.n_columns) == ("csv", "THz", 1)
    np.testing.assert_allclose(file.frequencies, layouts.omega, atol=1e-6)
    np.testing.assert_allclose(file.a2f, [layouts.a2f], atol=1e-8)
    assert file.stated["coupling"] == pytest.approx((coupling,), rel=0.01)
    assert file.warnings == ()


def test_units_below_the_names(put):
    file = read_a2f(put("Frequency,a2F\n(THz),\n1,0.1\n2,0.2\n"))
    assert (file.unit, file.lines) == ("THz", (3, 4))


def test_columns_of_two_calculations_are_not_smearings(put):
    file = read_a2f(put('E (meV),"a2f (lambda)","a2f (gamma)"\n1,.1,.2\n2,.3,.4\n'))
    assert (file.n_columns, file.smearings, file.has_smearings) == (2, None, False)
    assert any("their names state no smearings" in warning for warning in file.warnings)
