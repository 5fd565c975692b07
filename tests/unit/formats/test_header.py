import pytest

from betenet.errors import DataError
from betenet.formats.header import (
    column,
    columns_of,
    header_lines,
    names_a2f,
    names_columns,
    read_header,
)
from betenet.formats.text import TextFile


def header(*lines, width=2):
    return read_header(TextFile("file", (*lines, "1 2")), width)


@pytest.mark.parametrize(
    ("line", "unit"),
    [
        ("# omega [meV] a2F", "meV"),
        ("# frequency [meV], a2F", "meV"),
        ("# E (THz)   0.075", "THz"),
        (" # E ( THz )   5.0000000000000001E-003", "THz"),
        ("# E(cm-1)", "cm-1"),
        ("ω (cm⁻¹)  α²F(ω)", "cm-1"),
        ("# Frequency (cm^{-1})  α²F", "cm-1"),
        ("# omega(1/cm) a2f", "cm-1"),
        ("# wavenumber  a2F", "cm-1"),
        ("freqs, THz", "THz"),
        ('"freqs, THz","a2f (lambda), THz"', "THz"),
        (',"freqs, THz"', "THz"),
        ("Frequency/THz\ta2F", "THz"),
        ("w (Ry)  a2F", "Ry"),
        ("# frequencies in Rydberg", "Ry"),
        ("Energy (Hartree)   alpha^2F", "Ha"),
        (r"% $\omega$ (meV)  $\alpha^2F(\omega)$", "meV"),
        ('@    xaxis  label "Frequency (THz)"', "THz"),
        ("# frequency in THz a2F", "THz"),
        ("# units: meV", "meV"),
        ("# energy unit = cm^-1", "cm-1"),
        ("# 1:omega[meV] 2:a2F", "meV"),
        ("(meV)  (1)", "meV"),
        ("frequency(K) a2F", "K"),
        ("hbar omega (eV), a2F", "eV"),
    ],
)
def test_unit_is_found_however_it_is_written(line, unit):
    assert header(line).unit == unit


@pytest.mark.parametrize(
    "line",
    [
        "# T = 300 K",
        "# Fermi energy (eV) 8.3",
        "# cutoff energy (eV): 50",
        "# Gaussian smearing 0.5 meV",
        "# lambda = 0.53, wlog = 234 K",
        "# omega_log (K) and Tc (K) follow",
        "angular frequency (THz)  a2F",
        "# made by hand",
    ],
)
def test_units_of_other_things_are_not_that_of_the_frequencies(line):
    assert header(line).unit is None


@pytest.mark.parametrize(
    ("line", "unknown"),
    [
        ("# w (a.u.) a2F", "a.u."),
        ("freq (GHz) a2F", "ghz"),
        ("frequencies_parsec,a2f", "parsec"),
        ('"omega (rad/ps)","a2f"', "rad/ps"),
    ],
)
def test_what_is_no_known_unit_is_kept_for_the_message(line, unknown):
    found = header(line)
    assert (found.unit, found.unknown_unit) == (None, unknown)


def test_two_units_are_an_error_and_names_of_columns_beat_sentences():
    with pytest.raises(DataError, match="states its frequencies in THz and in meV"):
        header("# E (THz)  a2F", "# E (meV)  a2F")
    assert header("# converted from frequencies in THz", "# E [meV]  a2F").unit == "meV"


@pytest.mark.parametrize(
    ("line", "roles"),
    [
        ("omega [meV] a2F lambda(omega)", "frequency a2f coupling"),
        ("# E, meV | α²F | λ(ω)", "frequency a2f coupling"),
        ('"freqs, THz","a2f (lambda), THz",lambda (lambda)', "frequency a2f coupling"),
        ("index,omega,alpha^2F", "other frequency a2f"),
        ("w a2f_err a2F", "frequency other a2f"),
        ("E (THz) 0.005 0.010", "frequency a2f a2f"),
        ("w  Eliashberg function  integrated a2F", "frequency a2f coupling"),
        ("w a2f_tr a2f_mode1", "frequency other other"),
        ("w wlog Tc_McM", "frequency other other"),
    ],
)
def test_roles_of_columns(line, roles):
    found = columns_of(line.lstrip("# "), 3)
    assert " ".join(c.role for c in found) == roles


def test_a_line_with_another_number_of_names_names_no_columns():
    assert columns_of("omega a2F", 3) == ()
    assert columns_of("k-path a2F", 2) == ()
    assert column("a2f (0.02 Ry)").label == "002ry"


def test_lines_of_a_header_end_at_the_numbers():
    text = TextFile("file", ("", "## a", "! b", "names", "1 2", "# c"))
    assert header_lines(text) == ["a", "b", "names"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [("alpha^2 F of Nb", True), ("α²F(ω)", True), ("w[meV] a2f_tr", False), ("phonon DOS", False)],
)
def test_lines_that_speak_of_a2f(line, expected):
    assert names_a2f(line) is expected


def test_lines_that_name_frequencies_first():
    assert names_columns("omega (meV)  gamma")
    assert not names_columns("gamma of omega")
