import numpy as np
import pytest

from betenet.errors import SpectrumError
from betenet.formats.a2f_file import A2fFile

OMEGA = np.array([0.0, 1.0, 2.0, 3.0])
A2F = np.array([[0.0, 0.2, 0.4, 0.1], [0.0, 0.3, 0.5, 0.2]])


def file_of(omega=OMEGA, a2f=A2F, **more):
    defaults = {
        "path": "a.dat",
        "format": "table",
        "unit": "meV",
        "unit_source": "given by the user",
    }
    return A2fFile(**(defaults | {"frequencies": omega, "a2f": a2f} | more))


def test_all_columns_are_a_batch_and_one_is_not():
    file = file_of(smearings=(0.01, 0.02), smearing_unit="Ry")
    assert file.spectrum().batch_shape == (2,)
    for choice in (2, 0.02, 0.020001):
        np.testing.assert_array_equal(file.spectrum(choice).a2f, A2F[1, 1:])
    np.testing.assert_array_equal(file.spectrum().frequencies, OMEGA[1:])
    assert file_of(a2f=A2F[:1]).spectrum().batch_shape == ()


@pytest.mark.parametrize("choice", [0, 3, -1, 0.03, 2.0])
def test_missing_smearing_lists_those_there_are(choice):
    file = file_of(smearings=(0.01, 0.02), smearing_unit="Ry")
    with pytest.raises(SpectrumError, match=r"1: 0\.01, 2: 0\.02 Ry"):
        file.spectrum(choice)
    with pytest.raises(SpectrumError, match="2 columns, numbered from 1"):
        file_of().spectrum(choice)


def test_nan_names_lines_and_what_can_be_used():
    a2f = A2F.copy()
    a2f[1, 2] = np.nan
    file = file_of(a2f=a2f, lines=(3, 5, 7, 9))
    with pytest.raises(SpectrumError, match=r"not a number: line 7\.") as caught:
        file.spectrum()
    assert "Choose a column without them: 1." in str(caught.value)
    assert file.spectrum(1).a2f.tolist() == A2F[0, 1:].tolist()
    with pytest.raises(SpectrumError, match="not a number: 2 meV"):
        file_of(a2f=a2f).spectrum(2)


def test_imaginary_modes_with_weight_are_an_error_unless_dropped():
    file = file_of(omega=np.array([-2.0, -1.0, 1.0, 2.0]), lines=(1, 2, 3, 4))
    with pytest.raises(SpectrumError, match=r"α²F at ω < 0: line 2\.") as caught:
        file.spectrum()
    assert "unstable" in str(caught.value)
    assert file.spectrum(drop_imaginary=True).frequencies.tolist() == [1.0, 2.0]


def test_tail_of_a_smearing_below_zero_is_dropped():
    a2f = np.array([[0.001, 0.004, 0.4, 0.1]])
    spectrum = file_of(omega=np.array([-2.0, -1.0, 1.0, 2.0]), a2f=a2f).spectrum()
    assert spectrum.a2f.tolist() == [0.4, 0.1]


def test_many_lines_are_shortened():
    file = file_of(omega=np.arange(9.0), a2f=np.zeros((1, 9)), lines=tuple(range(1, 10)))
    assert file.where(np.ones(9, dtype=bool)) == "lines 1, 2, 3, 4, 5 and 4 more"


@pytest.mark.parametrize(
    ("per_smearing", "smearings", "expected"),
    [(False, None, False), (False, (0.1,), True), (True, None, True)],
)
def test_columns_that_are_known_to_be_smearings(per_smearing, smearings, expected):
    file = file_of(per_smearing=per_smearing, smearings=smearings)
    assert file.has_smearings is expected
