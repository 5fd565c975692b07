from __future__ import annotations

import numpy as np
import pytest

from betenet.errors import DataError
from betenet.formats.read import read_a2f
from betenet.superconductivity.moments import coupling_constant, omega_log


@pytest.mark.parametrize("n_modes", [3, 6, 9, 15, 33])
@pytest.mark.parametrize("old", [False, True])
def test_a2f_dos_with_modes_on_one_line_or_wrapped(layouts, put, coupling, n_modes, old):
    path = put(layouts.a2f_dos(n_modes=n_modes, old=old, coupling=coupling), "a2F.dos4")
    file = read_a2f(path)
    assert (file.format, file.unit, file.unit_source) == (
        "qe-a2f-dos",
        "Ry",
        "defined by the format",
    )
    assert file.a2f.shape == (1, 160)
    assert file.modes is not None
    assert file.modes.shape == (n_modes, 160)
    np.testing.assert_allclose(file.modes.sum(axis=0), file.a2f[0], atol=5e-6)
    # six decimals of a Rydberg are 0.014 meV
    np.testing.assert_allclose(file.frequencies, layouts.omega, atol=0.007 if old else 1e-4)
    np.testing.assert_allclose(file.a2f[0], layouts.a2f, atol=1e-6)
    assert file.stated["coupling"] == pytest.approx((coupling,))
    assert file.warnings == ()
    assert file.lines[:2] == ((6, 8 + (n_modes - 1) // 6) if old else (6, 7))
    spectrum = file.spectrum()
    assert spectrum.batch_shape == ()
    found = float(coupling_constant(spectrum.frequencies, spectrum.a2f))
    assert found == pytest.approx(coupling, rel=5e-3 if old else 1e-5)


def test_a2f_dos_with_exponents_that_lost_their_e(layouts, put):
    a2f = layouts.a2f.copy()
    a2f[0] = 0.5511e-101
    text = layouts.a2f_dos(a2f=a2f)
    assert "0.551100-101" in text
    assert read_a2f(put(text)).a2f[0, 0] == pytest.approx(0.5511e-101)


def test_a2f_dos_with_nan_names_the_lines(layouts, put, coupling):
    a2f = layouts.a2f.copy()
    a2f[[3, 7]] = np.nan
    file = read_a2f(put(layouts.a2f_dos(a2f=a2f, coupling=coupling)))
    assert np.isnan(file.a2f[0, [3, 7]]).all()
    assert any("not a number in lines 9, 13" in warning for warning in file.warnings)


def test_a2f_dos_keeps_negative_values_and_counts_them(layouts, put):
    a2f = layouts.a2f.copy()
    a2f[10:14] = -0.02
    file = read_a2f(put(layouts.a2f_dos(a2f=a2f, coupling=0.5)))
    assert any("negative at 4 of 160 samples, down to -0.02" in w for w in file.warnings)
    assert file.spectrum().a2f.min() == pytest.approx(-0.02)


def test_a2f_dos_without_its_last_line_is_told(layouts, put):
    file = read_a2f(put(layouts.a2f_dos()))
    assert any("last line" in warning for warning in file.warnings)


def test_lambda_of_the_last_line_is_compared(layouts, put, coupling):
    file = read_a2f(put(layouts.a2f_dos(coupling=2.0 * coupling)))
    assert any("λ of column 1" in w and f"{2 * coupling:.4g}" in w for w in file.warnings)
    assert not read_a2f(put(layouts.a2f_dos(coupling=1.04 * coupling))).warnings


@pytest.mark.parametrize("token", ["NaN", "**************"])
def test_overflow_in_the_last_line_is_no_obstacle(layouts, put, token):
    text = layouts.a2f_dos() + f"  lambda =  {token}         Delta =   7.57E-006\n"
    file = read_a2f(put(text))
    assert np.isnan(file.stated["coupling"][0])
    assert file.warnings == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: [*lines[:-2], lines[-2][:40]], r"line 165: .* numbers where 5 are expected"),
        (lambda lines: [*lines[:50], "Program stopped", *lines[50:]], "line 51: 'Program stopped'"),
        (lambda lines: [*lines[:50], lines[20], *lines[50:]], "line 51: frequency .* after"),
        (lambda lines: lines[:5], "no rows of numbers"),
        (lambda lines: lines[:6], "has 1 row"),
        (
            lambda lines: [*lines[:50], lines[50][:23] + "*" * 12 + lines[50][35:], *lines[51:]],
            r"line 51: '\*+' instead of a number",
        ),
    ],
)
def test_broken_a2f_dos_is_located(layouts, put, change, message):
    lines = layouts.a2f_dos(coupling=0.5).splitlines()
    with pytest.raises(DataError, match=message):
        read_a2f(put("\n".join(change(lines)), "a2F.dos1"))


@pytest.mark.parametrize("n_smearings", [1, 2, 9, 10, 11, 20, 21, 30, 50])
def test_alpha2f_dat_wraps_after_ten_smearings(layouts, put, n_smearings):
    smearings = [round(0.005 * (i + 1), 3) for i in range(n_smearings)]
    omega = np.concatenate([[0.0], layouts.omega])
    columns = [np.concatenate([[0.0], layouts.a2f * (1.0 + 0.01 * i)]) for i in range(n_smearings)]
    file = read_a2f(put(layouts.alpha2f_dat(omega, columns, smearings)))
    assert (file.format, file.unit) == ("qe-alpha2f-dat", "THz")
    assert file.smearings == tuple(smearings)
    assert file.smearing_unit == "Ry"
    np.testing.assert_allclose(file.a2f, columns, atol=6e-6)
    assert file.frequencies[0] == 0.0
    assert file.warnings == ()  # a row of zeros at ω = 0 is how these files begin
    last = file.spectrum(smearings[-1])
    np.testing.assert_array_equal(last.a2f, file.spectrum(n_smearings).a2f)
    np.testing.assert_allclose(last.frequencies, layouts.omega, atol=3e-4)
    assert file.spectrum().batch_shape == (() if n_smearings == 1 else (n_smearings,))
    expected = float(omega_log(layouts.omega, layouts.a2f))
    assert float(omega_log(last.frequencies, last.a2f)) == pytest.approx(expected, rel=2e-3)


def test_alpha2f_dat_whose_header_does_not_fit(layouts, put):
    text = layouts.alpha2f_dat(layouts.omega, 3 * [layouts.a2f], [0.01, 0.02, 0.03])
    file = read_a2f(put(text.replace("     0.030", "", 1)))
    assert file.smearings is None
    assert any("2 smearings for 3 columns" in warning for warning in file.warnings)


def test_alpha2f_dat_with_smearings_that_are_rounded_alike(layouts, put):
    text = layouts.alpha2f_dat(layouts.omega, 2 * [layouts.a2f], [0.0101, 0.0104])
    assert any("equal as the header rounds" in w for w in read_a2f(put(text)).warnings)


def test_alpha2f_dat_cut_off_inside_a_wrapped_row(layouts, put):
    text = layouts.alpha2f_dat(layouts.omega, 12 * [layouts.a2f], np.arange(1, 13) * 0.005)
    with pytest.raises(DataError, match="line 321: the last row is not complete"):
        read_a2f(put("\n".join(text.splitlines()[:-1])))


def test_alpha2f_x(layouts, put):
    ry = layouts.omega / 13605.693122994
    rows = [(x, y, 3.0 * y, 1e-120, 3.0 * y) for x, y in zip(ry, layouts.a2f, strict=True)]
    text = " # Frequency[Ry], a2F, DOS[Ry], Partial DOS(Atom 1), PDOS(Atom 2), ..\n"
    text += "".join("".join(layouts.fortran_e(x, 15, 25) for x in row) + "\n" for row in rows)
    file = read_a2f(put(text, "Nb.a2F.dat"))
    assert (file.format, file.unit) == ("qe-alpha2f", "Ry")
    np.testing.assert_allclose(file.spectrum().frequencies, layouts.omega, rtol=1e-12)
    np.testing.assert_allclose(file.spectrum().a2f, layouts.a2f, rtol=1e-12)


@pytest.mark.parametrize(
    "header",
    [
        "# E (THz)   {}",
        " # E (THz)   {}     ",
        "#E(THz) {}",
        "# E [THz]: {}",
        "E(THz)   {}",
    ],
)
@pytest.mark.parametrize("digits", [".3f", ".16E"])
@pytest.mark.parametrize("name", ["alpha2F.dat", "Nb.a2F"])
@pytest.mark.parametrize("unit", [None, "THz"])
def test_alpha2f_dat_of_a_rebuilt_lambda_x(layouts, put, header, digits, name, unit):
    smearings = tuple(round(0.005 * i, 3) for i in range(1, 21))
    columns = [layouts.a2f * (1.0 + 0.01 * i) for i in range(20)]
    lines = layouts.alpha2f_dat(layouts.omega, columns[:1], smearings[:1]).splitlines()[1:]
    rows = [
        line.split()[0] + "".join(f"{column[i]:12.6f}" for column in columns)
        for i, line in enumerate(lines)
    ]
    head = header.format("   ".join(format(s, digits) for s in smearings))
    file = read_a2f(put("\n".join([head, *rows]), name), unit=unit)
    assert (file.format, file.unit, file.smearings) == ("qe-alpha2f-dat", "THz", smearings)
    np.testing.assert_allclose(file.a2f, columns, atol=6e-6)


def test_alpha2f_dat_without_smearings_has_no_running_coupling(layouts, put):
    running = np.cumsum(2.0 * layouts.a2f / layouts.omega) * 0.25
    text = layouts.alpha2f_dat(layouts.omega, [layouts.a2f, running], [0.02])
    text = "# E(THz)\n" + text.split("\n", 1)[1]
    file = read_a2f(put(text))
    assert (file.format, file.n_columns) == ("qe-alpha2f-dat", 1)
    assert file.stated["coupling"] == pytest.approx((running[-1],), abs=1e-5)


def test_alpha2f_x_of_old_versions(layouts, put):
    ry = layouts.omega / 13605.693122994
    rows = [(x, y, 90.0 * y, 30.0 * y, 60.0 * y) for x, y in zip(ry, layouts.a2f, strict=True)]
    text = f"   {len(rows)}\n"
    text += "".join("".join(layouts.fortran_e(x, 15, 25) for x in row) + "\n" for row in rows)
    file = read_a2f(put(text, "a2F.dat"))
    assert (file.format, file.unit, file.n_columns) == ("qe-alpha2f", "Ry", 1)
    np.testing.assert_allclose(file.spectrum().frequencies, layouts.omega, rtol=1e-12)
