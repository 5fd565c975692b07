from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve

from betenet.errors import ConfigError, DataError
from betenet.screening.thresholds import ScoredRows, choose_threshold, find, parts

SCORES = np.array([9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0])
POSITIVE = np.array([True, True, False, True, False, False, True, False])


@pytest.fixture
def population() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(3)
    scores = np.round(generator.normal(size=300), 1)  # with ties
    positive = generator.random(300) < 1.0 / (1.0 + np.exp(2.0 - 2.0 * scores))
    return scores, positive, generator.gamma(2.0, size=300)


@pytest.mark.parametrize(
    ("wanted", "threshold", "picked"),
    [
        ({"precision": 1.0}, 8.0, 2),
        ({"precision": 0.75}, 6.0, 4),
        ({"precision": 0.5}, 3.0, 7),  # the eighth would find nothing more
        ({"recall": 0.5}, 8.0, 2),
        ({"recall": 0.6}, 6.0, 4),
        ({"recall": 1.0}, 3.0, 7),
        ({"budget": 0.5}, 6.0, 4),
        ({"budget": 0.49}, 7.0, 3),
        ({"threshold": 5.5}, 5.5, 4),
    ],
)
def test_by_hand(wanted: dict[str, float], threshold: float, picked: int) -> None:
    found = choose_threshold(SCORES, POSITIVE, **wanted)
    assert (found.value, found.picked) == (threshold, picked)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("wanted", [0.4, 0.6, 0.8])
def test_against_scikit_learn(
    population: tuple[np.ndarray, np.ndarray, np.ndarray], wanted: float, weighted: bool
) -> None:
    scores, positive, weights = population
    chosen = weights if weighted else None
    precision, recall, at = precision_recall_curve(positive, scores, sample_weight=chosen)
    by_precision = choose_threshold(scores, positive, precision=wanted, weights=chosen)
    enough = precision[:-1] >= wanted
    assert recall[np.flatnonzero(at == by_precision.value)] == recall[:-1][enough].max()
    place = np.flatnonzero(at == by_precision.value)[0]
    assert by_precision.apparent_precision == pytest.approx(precision[place])
    assert by_precision.apparent_recall == pytest.approx(recall[place])
    by_recall = choose_threshold(scores, positive, recall=wanted, weights=chosen)
    enough = recall[:-1] >= wanted
    assert by_recall.value in at[enough]
    place = np.flatnonzero(at == by_recall.value)[0]
    assert precision[place] == pytest.approx(precision[:-1][enough].max())


def test_a_score_that_knows_nothing_is_seen_through() -> None:
    # The best place of a useless ranking shows half more than the true precision.
    found = []
    for seed in range(40):
        generator = np.random.default_rng(seed)
        positive = generator.random(300) < 0.2
        with suppress(ConfigError):  # no place is lucky enough
            chosen = choose_threshold(generator.normal(size=300), positive, precision=0.3)
            found.append(chosen.precision.value)
            assert chosen.apparent_precision >= 0.3
    assert len(found) > 20
    assert np.nanmean(found) == pytest.approx(0.2, abs=0.04)


def test_rows_without_a_score_are_positives_that_are_missed() -> None:
    scores = np.where(np.arange(8) == 6, np.nan, SCORES)
    found = choose_threshold(scores, POSITIVE, recall=0.75)
    assert (found.value, found.apparent_recall) == (6.0, 0.75)
    with pytest.raises(ConfigError, match=r"recall of 0\.8") as error:
        choose_threshold(scores, POSITIVE, recall=0.8)
    assert "0.75 of the positives have a score" in str(error.value)


def test_a_precision_that_is_never_reached_says_what_is() -> None:
    with pytest.raises(ConfigError) as error:
        choose_threshold(SCORES, ~POSITIVE, precision=0.9)
    assert "the highest is 0.5, of 6 rows at 4" in str(error.value)


@pytest.mark.parametrize(
    "wanted",
    [{}, {"precision": 0.5, "recall": 0.5}, {"precision": 0.0}, {"recall": 1.1}, {"budget": -1.0}],
)
def test_wishes_that_make_no_sense(wanted: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        choose_threshold(SCORES, POSITIVE, **wanted)


def test_no_positive_row() -> None:
    with pytest.raises(DataError, match="None of the 8 rows"):
        choose_threshold(SCORES, np.zeros(8, dtype=bool), threshold=1.0)


def test_no_group_stands_in_two_parts() -> None:
    groups = np.random.default_rng(0).integers(40, size=200)
    found = np.stack(parts(groups))
    assert (found.sum(0) == 1).all()
    for group in np.unique(groups):
        assert (found[:, groups == group].any(1)).sum() == 1


def test_a_budget_is_had_where_no_row_is_left() -> None:
    none = ScoredRows(
        scores=np.array([]),
        positive=np.array([], dtype=bool),
        weights=np.array([]),
        groups=np.array([], dtype=np.int64),
    )
    assert find(none, "budget", 1.0) == float("inf")
