import numpy as np
import pytest

from betenet.errors import DataError
from betenet.screening.reweighting import reweight


@pytest.fixture
def scores() -> np.ndarray:
    return np.random.default_rng(1).normal(size=1000)


@pytest.mark.parametrize("threshold", [None, 1.0])
def test_a_population_like_the_table_changes_nothing(
    scores: np.ndarray, threshold: float | None
) -> None:
    found = reweight(scores, np.repeat(scores, 3), threshold)
    np.testing.assert_allclose(found.weights, 1.0)
    assert found.n_effective == pytest.approx(1000.0)
    assert found.beyond == 0.0


def test_weighted_shares_are_those_of_the_population(scores: np.ndarray) -> None:
    population = np.random.default_rng(2).normal(0.5, 1.0, 20_000)
    found = reweight(scores, population, 1.3)
    passing = np.average(scores >= 1.3, weights=found.weights)
    assert passing == pytest.approx((population >= 1.3).mean())
    assert found.passing == (population >= 1.3).sum()
    # within a stratum the two may differ, over all of them hardly
    assert np.average(scores, weights=found.weights) == pytest.approx(0.5, abs=0.05)
    # Kish's number for this shift: 1000 exp(-0.25), give or take the drawn rows
    assert found.n_effective == pytest.approx(1000 * np.exp(-0.25), rel=0.12)


def test_scores_beyond_the_table_and_missing_ones_are_counted(scores: np.ndarray) -> None:
    population = np.array([0.0, 0.1, np.nan, scores.max() + 1.0])
    found = reweight(scores, population, 3.0)
    assert (found.beyond, found.scored, found.unscored) == (pytest.approx(1 / 3), 3, 1)


def test_many_equal_scores_stay_together() -> None:
    table = np.concatenate([np.zeros(500), np.linspace(1.0, 2.0, 100)])
    found = reweight(table, np.concatenate([np.zeros(900), np.linspace(1.0, 2.0, 100)]), 1.5)
    assert np.ptp(found.weights[:500]) == 0.0
    assert found.weights[:500].sum() == pytest.approx(540.0)


def test_rows_without_a_score_have_no_weight(scores: np.ndarray) -> None:
    table = np.append(scores, np.nan)
    assert reweight(table, scores).weights[-1] == 0.0


def test_nothing_to_compare(scores: np.ndarray) -> None:
    with pytest.raises(DataError, match="0 candidates"):
        reweight(scores, np.full(3, np.nan))
