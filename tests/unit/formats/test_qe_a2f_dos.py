import numpy as np
import pytest

from betenet.errors import DataError
from betenet.formats.read import read_a2f
from betenet.superconductivity.moments import coupling_constant


@pytest.mark.parametrize("n_modes", [3, 6, 9, 15, 33])
@pytest.mark.parametrize("old", [False, True])
def test_a2f_dos_with_modes_on_one_line_or_wrapped(layouts, put, coupling, n_modes, old):
    path = put(layouts.a2f_dos(n_modes=n_modes, old=old, coupling=coupling), "a2F.dos4")
    file = read_a2f(path)
    assert (file.format, file.unit, file.unit_source) == (
        *("qe-a2f-dos", "Ry", "defined by the format"),
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
