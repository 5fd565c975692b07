"""Δ: scaled from the least to the greatest error, then averaged."""

import numpy as np
import pytest
from sklearn.preprocessing import minmax_scale

from betenet.evaluation.element_errors import mean_by_element, normalised_errors

rng = np.random.default_rng(4)
ERRORS = {"coupling": rng.normal(size=30), "omega_log": 50 * rng.normal(size=30)}


def test_delta_is_the_mean_of_scaled_absolute_errors() -> None:
    expected = np.mean([minmax_scale(np.abs(values)) for values in ERRORS.values()], axis=0)
    np.testing.assert_allclose(normalised_errors(ERRORS), expected)


def test_units_and_signs_do_not_matter() -> None:
    other = {"coupling": -ERRORS["coupling"], "omega_log": ERRORS["omega_log"] / 11.6}
    np.testing.assert_allclose(normalised_errors(other), normalised_errors(ERRORS))


def test_what_is_unknown_of_a_row_does_not_count() -> None:
    gaps = ERRORS["omega_log"].copy()
    gaps[3] = np.nan
    errors = ERRORS | {"omega_log": gaps, "omega_2": np.full(30, np.nan)}
    found = normalised_errors(errors)
    assert found[3] == pytest.approx(minmax_scale(np.abs(ERRORS["coupling"]))[3])
    assert np.isnan(normalised_errors({"coupling": np.array([np.nan, 1.0, 2.0])})[0])
    assert np.isnan(normalised_errors({"coupling": np.full(2, np.nan)})).all()


def test_equal_errors_are_none() -> None:
    np.testing.assert_array_equal(normalised_errors({"coupling": np.array([-0.2, 0.2])}), 0.0)


def test_mean_over_the_compounds_of_an_element() -> None:
    rows = [frozenset({"Nb", "C"}), frozenset({"Nb"}), frozenset({"Al"}), frozenset({"C"})]
    found = mean_by_element(rows, np.array([0.2, 0.6, np.nan, 0.3]))
    assert found == {"C": (2, pytest.approx(0.25)), "Nb": (2, pytest.approx(0.4))}
    assert list(found) == ["C", "Nb"]
