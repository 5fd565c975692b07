"""Folds and bootstraps never split a compound."""

import numpy as np

from betenet.datasets.folds import bootstrap_counts, fold_of, reduced_formula


def test_formula_does_not_depend_on_cell_or_order() -> None:
    assert reduced_formula(["Sn", "Nb", "Nb", "Nb"]) == reduced_formula(["Nb"] * 6 + ["Sn"] * 2)
    assert reduced_formula(["Nb"]) == "Nb"
    assert reduced_formula(["C", "O", "O"]) != reduced_formula(["C", "O"])


def test_folds_are_stable_and_even() -> None:
    # a change of the hash would mix the folds of a finished run
    assert [fold_of(name) for name in ("Nb", "AlNb3", "B2Mg")] == [
        fold_of(name) for name in ("Nb", "AlNb3", "B2Mg")
    ]
    counts = np.bincount([fold_of(f"A{n}B") for n in range(5000)], minlength=5)
    assert counts.sum() == 5000
    assert abs(counts - 1000).max() < 120  # four standard deviations of a fair draw


def test_bootstrap_draws_formulas_whole_and_leaves_a_third_out() -> None:
    formulas = [f"A{n // 2}" for n in range(4000)]
    counts = bootstrap_counts(formulas, 1.0, seed=3)
    np.testing.assert_array_equal(counts[::2], counts[1::2])
    assert counts[::2].sum() == 2000
    assert abs(np.mean(counts == 0) - np.exp(-1)) < 0.03
    assert np.mean(bootstrap_counts(formulas, 2.0, seed=3) == 0) < 0.2


def test_bootstrap_repeats_with_its_seed_only() -> None:
    formulas = [f"A{n}" for n in range(100)]
    first = bootstrap_counts(formulas, 1.0, seed=1)
    np.testing.assert_array_equal(first, bootstrap_counts(formulas, 1.0, seed=1))
    assert (first != bootstrap_counts(formulas, 1.0, seed=2)).any()
