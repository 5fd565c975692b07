import numpy as np
import pytest

from betenet.errors import DataError
from betenet.formats.known_formats import FORMATS
from betenet.formats.read import read_a2f
from betenet.formats.recognise import recognise, recognise_content


def foreign(layouts, spectrum, key):
    omega, a2f = layouts.omega, layouts.a2f
    return {
        "qe-a2f-dos": lambda: layouts.a2f_dos(coupling=0.5),
        "qe-lambda": lambda: " Broadening   0.0050 lambda       0.9372 dos(Ef)  8.2513\n",
        "qe-alpha2f-dat": lambda: layouts.alpha2f_dat(omega, [a2f], [0.02]),
        "qe-alpha2f": lambda: " # Frequency[Ry], a2F, DOS[Ry]\n 0.1E-3 0.1 0.2\n 0.2E-3 0.1 0.2\n",
        "epw-a2f": lambda: layouts.epw_a2f(omega, [a2f], [0.5]),
        "abinit": lambda: "#\n# ABINIT package: a2F(w) file\n 0.1E-3 0.1 0.2\n 0.2E-3 0.1 0.2\n",
        "json": spectrum.to_json,
        "csv": lambda: "frequencies_mev,a2f\n1,0.1\n2,0.2\n",
        "table": lambda: layouts.two_columns(omega, a2f),
    }[key]()


KEYS = [
    *("qe-a2f-dos", "qe-lambda", "qe-alpha2f-dat", "qe-alpha2f", "epw-a2f", "abinit", "json"),
    *("csv", "table"),
]


@pytest.mark.parametrize("name", ["data.txt", "ALPHA2F.OUT", "a2F.dos1", "x.a2f", "alpha2F.dat"])
@pytest.mark.parametrize("key", KEYS[:-1])
def test_content_decides_whatever_the_name(layouts, spectrum, put, key, name):
    assert recognise(put(foreign(layouts, spectrum, key), name)) == key


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("data.txt", "table"),
        ("ALPHA2F.OUT", "elk"),
        ("alpha2f_LaH10.out", "elk"),
        ("a2F.dos12", "qe-a2f-dos"),
        ("alpha2F.dat", "qe-alpha2f-dat"),
        ("Pb.a2f", "epw-a2f"),
        ("Pb.a2f.01.300.000", "epw-a2f"),
    ],
)
def test_name_parts_tables_without_a_header(layouts, spectrum, put, name, key):
    path = put(foreign(layouts, spectrum, "table"), name)
    told = recognise_content(path, path.read_bytes())
    assert (told.format, told.by_name) == (key, key != "table")
    if told.by_name:
        assert any("told by the name" in warning for warning in read_a2f(path, unit="meV").warnings)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("Pb.phdos.01.300.000", "phonon density of states"),
        ("Pb.phdos", "phonon density of states"),
        ("Pb.a2f_tr.12.0.300", "transport function"),
    ],
)
def test_name_tells_other_files_without_a_header(layouts, spectrum, put, name, what):
    with pytest.raises(DataError, match=f"{what}.*, not α²F"):
        recognise(put(foreign(layouts, spectrum, "table"), name))
    # a header says more than the name
    assert recognise(put(foreign(layouts, spectrum, "qe-a2f-dos"), name)) == "qe-a2f-dos"


def test_header_that_was_cut_off_is_told_by_the_last_line(layouts, put):
    text = "\n".join(layouts.a2f_dos(coupling=0.5).splitlines()[5:])
    assert recognise(put(text, "anything")) == "qe-a2f-dos"


def test_three_columns_are_not_elk_by_name(put):
    assert recognise(put("1 2 3\n2 3 4\n", "ALPHA2F.OUT")) == "table"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("# Frequency[cm^-1] DOS PDOS\n 1.0 0.1 0.1\n", "phonon density of states"),
        (" w[meV] phdos[states/meV] for   10 smearing values\n 1.0 0.1\n", "phonon density"),
        ("# Tetrahedron method\n 0.1 0.2\n", "phonon density of states"),
        ("# Sigma = 0.100000\n 0.1 0.2\n", "phonon density of states"),
        (" w[meV] a2f_tr and integrated 2*a2f_tr/w for 1 smearing values\n", "transport function"),
        ("  0.0 0.0 0.0   12   3\n     Gaussian Broadening:   0.005 Ry, ngauss=   0\n", "ph.x"),
        (" Gamma lines for all modes [THz]\n\n Broadening   0.0050\n", "phonon linewidths"),
    ],
)
def test_neighbouring_files_are_told_apart(put, text, what):
    with pytest.raises(DataError, match=f"holds .*{what}.*, not α²F"):
        recognise(put(text))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Dear reader,\nno numbers.\n", "is not recognised"),
        (b"\x00\x01\x02", "binary file"),
        ("", "is empty"),
    ],
)
def test_what_is_no_data(put, content, message):
    with pytest.raises(DataError, match=message):
        recognise(put(content))


@pytest.mark.parametrize("forced", [*KEYS, "elk"])
@pytest.mark.parametrize("key", KEYS[:-1])
def test_wrong_format_is_an_error_or_reads_the_same_spectrum(layouts, spectrum, put, forced, key):
    path = put(foreign(layouts, spectrum, key))
    if forced == key:
        assert read_a2f(path, format=forced).format == key
        return
    error = None
    try:
        file = read_a2f(path, format=forced, unit=FORMATS[forced].unit or "meV")
    except DataError as caught:
        error = str(caught)
    if error is None:  # plain rows of numbers mean the same in several formats: ω, then α²F
        np.testing.assert_array_equal(file.a2f[0], read_a2f(path, unit=FORMATS[key].unit).a2f[0])
    else:
        assert f"looks like {key}" in error
        assert f'format="{key}"' in error
