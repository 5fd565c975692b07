"""Coverage and reliability of predictions whose uncertainty is known."""

from statistics import NormalDist

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from betenet.evaluation.compare import Comparison
from betenet.evaluation.reliability import LEVELS, measure_reliability, probability_bins

SIZE = 20_000


def honest(stretch: float = 1.0) -> Comparison:
    """Logarithms off by normal errors, and intervals that are `stretch` times as wide."""
    rng = np.random.default_rng(2)
    predicted = {key: rng.uniform(1.0, 20.0, SIZE) for key in ("coupling", "tc")}
    widths = rng.uniform(0.1, 0.5, SIZE)
    reference = {key: x * np.exp(widths * rng.normal(size=SIZE)) for key, x in predicted.items()}
    ends = {
        key: np.stack([x * np.exp(stretch * z * widths) for z in (-0.99446, 0.99446, -1.96, 1.96)])
        for key, x in predicted.items()
    }
    unknown = np.full(SIZE, np.nan)
    for key in ("omega_log", "omega_2"):
        predicted[key] = reference[key] = unknown
        ends[key] = np.full((4, SIZE), np.nan)
    above = [NormalDist().cdf(z) for z in (np.log(predicted["tc"] / 5.0) / widths).tolist()]
    return Comparison(
        ids=("x",) * SIZE,
        formulas=("X",) * SIZE,
        sources=("own",) * SIZE,
        elements=(frozenset({"Nb"}),) * SIZE,
        reference=reference,
        predicted=predicted,
        tc_methods=("mcmillan",) * SIZE,
        tc_method="mcmillan",
        intervals={key: values.T for key, values in ends.items()},
        probability=np.array(above),
        seen=None,
        spectra=(),
        failed=(),
        phonons=(),
    )


def test_honest_intervals_and_probabilities_hold() -> None:
    found = measure_reliability(honest(), tc_threshold=5.0, n_resamples=0)
    assert set(found.coverage) == {"coupling", "tc"}
    for levels in found.coverage.values():
        assert levels[68].value == pytest.approx(0.68, abs=0.012)
        assert levels[95].value == pytest.approx(0.95, abs=0.006)
    np.testing.assert_allclose(found.curves["coupling"], LEVELS, atol=0.012)
    for one in found.bins:
        assert one.observed == pytest.approx(one.predicted, abs=0.04)
    assert sum(one.rows for one in found.bins) == SIZE


def test_intervals_too_narrow_are_found_out() -> None:
    found = measure_reliability(honest(0.5), tc_threshold=5.0, n_resamples=0)
    expected = 2.0 * NormalDist().cdf(0.5 * 0.99446) - 1.0
    assert found.coverage["coupling"][68].value == pytest.approx(expected, abs=0.012)
    middle = len(LEVELS) // 2
    z = NormalDist().inv_cdf(0.5 + LEVELS[middle] / 2.0)
    assert found.curves["coupling"][middle] == pytest.approx(
        2.0 * NormalDist().cdf(0.5 * z) - 1.0, abs=0.012
    )


def test_brier_score_agrees_with_scikit_learn() -> None:
    comparison = honest()
    found = measure_reliability(comparison, tc_threshold=5.0, n_resamples=0)
    outcome = comparison.reference["tc"] > 5.0
    assert found.brier == pytest.approx(brier_score_loss(outcome, comparison.probability))


def test_bins_hold_their_ends_and_leave_empty_ones_out() -> None:
    bins = probability_bins(np.array([0.0, 0.1, 1.0, 0.95]), np.array([False, True, True, True]))
    assert [(one.rows, one.observed) for one in bins] == [(2, 0.5), (2, 1.0)]
    assert [one.predicted for one in bins] == [pytest.approx(0.05), pytest.approx(0.975)]
