import numpy as np
import pytest
from scipy.stats import binomtest

from betenet.errors import DataError
from betenet.screening.intervals import Interval, effective_number, share, weighted_share


@pytest.mark.parametrize(("hits", "rows"), [(0, 7), (3, 10), (10, 10), (45, 83)])
@pytest.mark.parametrize("level", [0.68, 0.95])
def test_share_is_the_exact_binomial_interval(hits: int, rows: int, level: float) -> None:
    oracle = binomtest(hits, rows).proportion_ci(level, method="exact")
    found = share(hits, rows)
    ends = (found.low_68, found.high_68) if level == 0.68 else (found.low_95, found.high_95)
    assert ends == pytest.approx((oracle.low, oracle.high), abs=1e-9)


def test_rows_of_one_weight_and_no_groups_give_the_exact_interval() -> None:
    hits = np.arange(40) < 13
    found = weighted_share(hits, np.full(40, 2.5), np.arange(40))
    assert found.to_dict() == pytest.approx(share(13, 40).to_dict())


@pytest.mark.parametrize("hits", [6, 20])
def test_rows_that_are_there_twice_count_once(hits: int) -> None:
    once = np.arange(20) < hits
    twice = weighted_share(np.repeat(once, 2), np.ones(40), np.repeat(np.arange(20), 2))
    assert twice.to_dict() == pytest.approx(share(hits, 20).to_dict())


def test_unequal_weights_widen_the_interval() -> None:
    generator = np.random.default_rng(0)
    hits = generator.random(200) < 0.3
    weights = generator.gamma(0.3, size=200)
    found = weighted_share(hits, weights, np.arange(200))
    equal = weighted_share(hits, np.ones(200), np.arange(200))
    assert found.value == pytest.approx(np.average(hits, weights=weights))
    assert found.high_95 - found.low_95 > 1.5 * (equal.high_95 - equal.low_95)


def test_no_row_has_no_share() -> None:
    with pytest.raises(DataError, match="no share"):
        weighted_share(np.array([True]), np.zeros(1), np.zeros(1, dtype=int))


def test_draws_leave_undefined_ones_out() -> None:
    draws = np.append(np.linspace(0.0, 1.0, 1001), np.full(50, np.nan))
    found = Interval.from_draws(0.5, draws)
    assert (found.low_95, found.high_68) == pytest.approx((0.025, 0.84))
    assert np.isnan(Interval.from_draws(float("nan"), np.full(3, np.nan)).value)


def test_effective_number_of_equal_weights_is_their_number() -> None:
    assert effective_number(np.full(7, 3.0)) == pytest.approx(7.0)
