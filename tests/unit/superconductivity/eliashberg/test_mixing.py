import numpy as np
import pytest

from betenet.superconductivity.eliashberg.mixing import AndersonMixing


def test_a_linear_iteration_ends_after_as_many_steps_as_unknowns():
    # plain steps diverge: the matrix has eigenvalues beyond 1
    matrix = np.array([[0.5, 0.8, 0.0], [0.1, -1.5, 0.3], [0.2, 0.0, 1.7]])
    offset = np.array([1.0, -2.0, 0.5])
    mixing, x = AndersonMixing(), np.zeros(3)
    for _ in range(5):
        x = mixing.next(x, matrix @ x + offset - x)
    assert x == pytest.approx(np.linalg.solve(np.eye(3) - matrix, offset))
