"""Genetic programming: the front is one, and a known formula is on it."""

import numpy as np
import pytest

from betenet.tc_equations.genetic_search import FrontEntry, genetic_front, stable_forms

pytest.importorskip("pyoperon", reason="extra `equations` is not installed")


def test_the_front_falls_and_ends_at_the_formula():
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0.5, 2.0, (2, 120))
    front = genetic_front({"x": x, "y": y}, 0.7 * x / y + 2.0, evaluations=4_000, longest=9)
    assert [one.length for one in front] == sorted({one.length for one in front})
    assert np.all(np.diff([one.rmse for one in front]) < 0.0)
    assert front[-1].rmse < 0.2 * front[0].rmse


def test_forms_are_formulas_without_their_constants():
    texts = ("((-0.101) + (0.655 * (x / 2.5e-03)))", "((-3.2) + (1.5 * (x / 7.1)))")
    one, other = (FrontEntry(text=text, length=7, rmse=0.1).form for text in texts)
    assert one == other
    assert "x" in one
    assert not any(digit in one for digit in "0123456789")
    counts = stable_forms({"x": np.linspace(1, 2, 50)}, np.linspace(2, 4, 50), draws=2, length=3,
                          evaluations=600)  # fmt: skip
    assert sum(counts.values()) == 2
