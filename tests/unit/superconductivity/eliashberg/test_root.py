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
