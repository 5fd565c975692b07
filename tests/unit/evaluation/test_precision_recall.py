"""The curve is scikit-learn's, and a threshold gives what was asked of it."""

import numpy as np
import pytest
from sklearn import metrics as oracle

from betenet.errors import ConfigError, DataError
from betenet.evaluation.metrics import average_precision
from betenet.evaluation.precision_recall import confusion, precision_recall_curve


@pytest.fixture(params=[3, 1000], ids=["ties", "no ties"])
def ranked(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(request.param)
    positive = rng.random(80) < 0.3
    score = rng.integers(request.param, size=80) / request.param + 0.4 * positive
    return positive, score


def test_curve_agrees_with_scikit_learn(ranked: tuple[np.ndarray, np.ndarray]) -> None:
    curve = precision_recall_curve(*ranked)
    precision, recall, thresholds = oracle.precision_recall_curve(*ranked)
    np.testing.assert_allclose(curve.thresholds, thresholds[::-1])
    np.testing.assert_allclose(curve.precision, precision[-2::-1])  # theirs ends at (0, 1)
    np.testing.assert_allclose(curve.recall, recall[-2::-1])
    area = np.sum(np.diff(curve.recall, prepend=0.0) * curve.precision)
    assert average_precision(*ranked) == pytest.approx(area)


def test_weighted_curve_agrees_with_scikit_learn(ranked: tuple[np.ndarray, np.ndarray]) -> None:
    weights = np.random.default_rng(5).gamma(1.0, size=80)
    curve = precision_recall_curve(*ranked, weights)
    precision, recall, thresholds = oracle.precision_recall_curve(*ranked, sample_weight=weights)
    np.testing.assert_allclose(curve.thresholds, thresholds[::-1])
    np.testing.assert_allclose(curve.precision, precision[-2::-1])
    np.testing.assert_allclose(curve.recall, recall[-2::-1])


def test_confusion_agrees_with_scikit_learn(ranked: tuple[np.ndarray, np.ndarray]) -> None:
    positive, score = ranked
    point = confusion(positive, score, 0.5)
    expected = oracle.confusion_matrix(positive, score >= 0.5)
    found = [
        [point.true_negatives, point.false_positives],
        [point.false_negatives, point.true_positives],
    ]
    np.testing.assert_array_equal(found, expected)
    assert point.precision == oracle.precision_score(positive, score >= 0.5)
    assert point.recall == oracle.recall_score(positive, score >= 0.5)
    assert np.isnan(confusion(positive, score, np.inf).precision)


@pytest.mark.parametrize("wanted", [0.3, 0.6, 0.9, 1.0])
def test_threshold_is_the_best_of_those_that_suffice(
    ranked: tuple[np.ndarray, np.ndarray], wanted: float
) -> None:
    positive, score = ranked
    curve = precision_recall_curve(positive, score)
    points = [confusion(positive, score, at) for at in np.unique(score)]
    chosen = curve.threshold_for_precision(wanted)
    enough = [p.recall for p in points if p.precision >= wanted]
    if not enough:
        assert chosen is None
    else:
        assert chosen is not None
        found = confusion(positive, score, chosen)
        assert found.precision >= wanted
        assert found.recall == max(enough)
    at = curve.threshold_for_recall(wanted)
    assert at is not None  # picking everything finds everything
    found = confusion(positive, score, at)
    assert found.recall >= wanted
    assert found.precision == max(p.precision for p in points if p.recall >= wanted)


def test_of_equal_thresholds_the_one_with_more_of_the_wanted_is_taken() -> None:
    positive = np.array([True, False, False, True])
    score = np.array([4.0, 3.0, 2.0, 1.0])
    curve = precision_recall_curve(positive, score)
    assert curve.threshold_for_precision(0.3) == 1.0  # recall 1, precision 0.5
    # of 4 and 3, both with recall 0.5
    assert curve.threshold_for_recall(0.5) == 4.0
    assert curve.threshold_for_precision(0.6) == 4.0


def test_nothing_to_find_is_an_error() -> None:
    with pytest.raises(DataError, match="0 of 2 rows are positive"):
        precision_recall_curve(np.zeros(2, dtype=bool), np.zeros(2))
    with pytest.raises(DataError, match="1 have a score"):
        precision_recall_curve(np.ones(2, dtype=bool), np.array([0.0, np.nan]))


@pytest.mark.parametrize("wanted", [0.0, 1.2, -1.0])
def test_an_impossible_share_is_an_error(wanted: float) -> None:
    curve = precision_recall_curve(np.array([True]), np.array([1.0]))
    for choose in (curve.threshold_for_precision, curve.threshold_for_recall):
        with pytest.raises(ConfigError, match="cannot be had"):
            choose(wanted)
