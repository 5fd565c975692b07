import numpy as np
import pytest

from betenet.superconductivity.eliashberg.root import find_root


def test_where_each_function_falls_through_one():
    wanted = np.log(np.array([0.02, 3.0, 500.0]))

    def eigenvalue(rows, at):
        return 1.0 - np.tanh(at - wanted[rows])

    found = find_root(eigenvalue, np.ones(3), 1e-6, np.ones(3, dtype=bool))
    assert found.root == pytest.approx(wanted, abs=1e-7)
    assert found.settled.all()
    assert found.slope == pytest.approx(-1.0, abs=1e-3)


def test_no_root_above_the_lowest_temperature_and_rows_left_out():
    found = find_root(
        lambda _, at: 0.5 - 0.01 * at, np.ones(2), 1e-2, np.array([True, False])
    )  # fmt: skip
    assert np.isnan(found.root).all()


def test_a_guess_of_the_slope_only_makes_it_faster():
    counted = []

    def eigenvalue(rows, at):
        counted.append(rows.size)
        return 1.0 - 0.4 * np.tanh(at - 1.3)

    plain = find_root(eigenvalue, np.ones(1), 1e-6, np.ones(1, dtype=bool))
    before = len(counted)
    for guess in (-0.4, -4.0, -0.01, np.nan):
        found = find_root(
            eigenvalue, np.ones(1), 1e-6, np.ones(1, dtype=bool), slope=np.array([guess])
        )
        assert found.root == pytest.approx(plain.root, abs=1e-7)
    counted.clear()
    find_root(eigenvalue, np.ones(1), 1e-6, np.ones(1, dtype=bool), slope=np.array([-0.4]))
    assert len(counted) <= before
