import numpy as np
import pytest

from betenet.errors import DataError
from betenet.formats.column_names import column
from betenet.formats.shares import choose_whole, listed

OMEGA = np.linspace(0.0, 30.0, 61)
LOW, HIGH = np.exp(-((OMEGA - 10.0) ** 2)), np.exp(-((OMEGA - 20.0) ** 2))
TOTAL = LOW + HIGH


def whole(names, *columns):
    values = np.array([OMEGA, *columns])
    found = [column(name) for name in ("omega", *names)] if names else []
    return choose_whole("file", values, found, range(1, len(values)))


@pytest.mark.parametrize(
    "names", [("a2F_1", "a2F_2"), ("a2F_sigma", "a2F_pi"), ("Nb a2F", "V a2F")]
)
def test_what_may_be_shares_or_spectra_is_told(names):
    found = whole(names, LOW, HIGH)
    assert found.places == [1, 2]
    assert "they may be shares of one" in found.warnings[0]


@pytest.mark.parametrize(("columns", "place"), [((LOW, HIGH, TOTAL), 3), ((TOTAL, LOW, HIGH), 1)])
def test_a_sum_among_nameless_columns_is_found_and_told(columns, place):
    found = whole((), *columns)
    np.testing.assert_array_equal(found.a2f, [TOTAL])
    assert found.places == [place]
    assert "it is the sum of columns" in found.warnings[0]


def test_nameless_columns_that_do_not_add_up_are_kept():
    assert whole((), LOW, HIGH, 0.9 * TOTAL).places == [1, 2, 3]
    assert whole((), LOW, LOW).places == [1, 2]


def test_zeros_are_no_spectrum():
    found = whole((), LOW, 0.0 * LOW)
    assert found.places == [1]
    assert "column 3 of zeros left out" in found.warnings[0]
    assert whole((), 0.0 * LOW).places == [1]


def test_modes_add_up_by_definition():
    found = whole(("a2F_mode1", "a2F_mode2"), LOW, HIGH)
    np.testing.assert_allclose(found.a2f, [TOTAL])
    np.testing.assert_array_equal(found.modes, [LOW, HIGH])
    assert "sum of its modes, columns 2 to 3" in found.warnings[0]


def test_modes_beside_their_total():
    names = ("a2F TA", "a2F LA", "a2F sum")
    found = whole(names, LOW, HIGH, TOTAL)
    np.testing.assert_array_equal(found.modes, [LOW, HIGH])
    assert found.warnings == ()
    assert whole(names, LOW, HIGH, 2.0 * TOTAL).modes is None


def test_numbered_shares_of_a_total_are_left_out_and_smearings_kept():
    assert whole(("a2F", "a2F_1", "a2F_2"), TOTAL, LOW, HIGH).places == [1]
    assert whole(("a2F", "a2F_1", "a2F_2"), TOTAL, 1.1 * TOTAL, TOTAL).places == [1, 2, 3]
    assert whole(("a2F (0.1 Ry)", "a2F (0.2 Ry)"), LOW, HIGH).warnings == ()


def test_one_share_alone_is_refused_and_another_name_is_told():
    with pytest.raises(DataError, match=r"share of α²F only: its column 'a2F spin up'"):
        whole(("a2F spin up",), LOW)
    assert "read from the column 'a2F_Nb'" in whole(("a2F_Nb",), LOW).warnings[0]
    assert whole(("a2F_1",), LOW).warnings == ()


def test_numbers_of_columns():
    assert (listed([1, 2, 3]), listed([1]), listed([1, 3])) == ("2 to 4", "2", "2, 4")
