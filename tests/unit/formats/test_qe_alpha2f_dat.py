import numpy as np
import pytest

from betenet.errors import DataError
from betenet.formats.read import read_a2f
from betenet.superconductivity.moments import omega_log


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


@pytest.mark.parametrize(
    "header",
    ["# E (THz)   {}", " # E (THz)   {}     ", "#E(THz) {}", "# E [THz]: {}", "E(THz)   {}"],
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
    assert (file.format, file.n_columns, file.has_smearings) == ("qe-alpha2f-dat", 1, True)
    assert file.stated["coupling"] == pytest.approx((running[-1],), abs=1e-5)
