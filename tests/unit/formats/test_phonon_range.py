import numpy as np
import pytest

from betenet.errors import DataError
from betenet.formats.phonon_range import check_phonon_range, highest_frequency, units_that_fit
from betenet.formats.read import read_a2f


@pytest.mark.parametrize("highest", [0.02, 1500.0, 4e5])
def test_no_phonon_has_that(highest):
    with pytest.raises(DataError, match="no phonon has that"):
        check_phonon_range("file", highest, "meV", "")


def test_phonons_pass():
    for highest in (3.0, 546.0, float("nan")):
        check_phonon_range("file", highest, "meV", "")


def test_highest_frequency_has_weight():
    omega = np.array([-1.0, 1.0, 2.0, 3.0])
    assert highest_frequency(omega, np.array([[1.0, 1.0, 0.5, 1e-3]])) == 2.0
    assert np.isnan(highest_frequency(omega, np.zeros((1, 4))))
    assert units_that_fit(3.2e6) == []


def test_the_unit_to_try_is_told(layouts, put):
    path = put(layouts.two_columns(layouts.omega, layouts.a2f), "ALPHA2F.OUT")
    with pytest.raises(DataError, match=r"taken in Ha; no phonon has that(.|\n)*in meV"):
        read_a2f(path)
    assert read_a2f(path, unit="meV").unit == "meV"
