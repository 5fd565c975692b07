import numpy as np
import pytest
from scipy.stats import beta

from betenet.screening.populations import PassedRows, draw_populations


def rows(
    passing: int, found: int, size: int, positives: int, *, copies: int = 1, weight: float = 1.0
) -> PassedRows:
    reached = (np.arange(size) < passing).astype(np.int64)
    positive = np.zeros(size, dtype=bool)
    positive[:found] = True
    positive[passing : passing + positives - found] = True
    return PassedRows(
        reached=np.repeat(reached, copies),
        positive=np.repeat(positive, copies),
        weights=np.full(size * copies, weight),
        groups=np.repeat(np.arange(size), copies),
    )


@pytest.mark.parametrize(("passing", "found"), [(30, 20), (8, 8), (12, 0)])
def test_shares_have_their_posterior_distribution(passing: int, found: int) -> None:
    # Of a large population, whose own chance is nothing: a Dirichlet's shares of shares are beta.
    table = rows(passing, found, 400, 60)
    draws = draw_populations(table, n_stages=1, n_candidates=10**8, n_draws=40_000)
    quantiles = [0.025, 0.16, 0.5, 0.84, 0.975]
    precision = beta(found + 0.5, passing - found + 0.5)
    recall = beta(found + 0.5, 60 - found + 0.5)
    np.testing.assert_allclose(
        np.quantile(draws.precision[:, 1], quantiles), precision.ppf(quantiles), atol=0.01
    )
    np.testing.assert_allclose(
        np.quantile(draws.recall[:, 1], quantiles), recall.ppf(quantiles), atol=0.01
    )


def test_few_candidates_add_their_own_chance() -> None:
    table = rows(3000, 2000, 40_000, 6000)
    draws = draw_populations(table, n_stages=1, n_candidates=400)
    # as good as a known share: binomial
    assert draws.passing[:, 1].std() == pytest.approx(np.sqrt(400 * 0.075 * 0.925), rel=0.06)
    assert draws.found[:, 0].std() == pytest.approx(np.sqrt(400 * 0.15 * 0.85), rel=0.06)


def test_what_passes_the_first_stage_may_be_known() -> None:
    table = rows(30, 20, 400, 60)
    draws = draw_populations(table, n_stages=1, n_candidates=1000, n_first=321)
    np.testing.assert_allclose(table.expected(1, 1000, 321)[:, 0], [1000, 321])
    assert table.expected(1, 1000, 321)[1, 1] == pytest.approx(321 * 20 / 30)
    assert (draws.passing[:, 1] == 321).all()
    assert (draws.passing[:, 0] == 1000).all()


@pytest.mark.parametrize("weights", [1.0, 7.0])
def test_groups_count_once_and_weights_have_no_unit(weights: float) -> None:
    settings = {"n_stages": 1, "n_candidates": 10**8, "n_draws": 20_000}
    once = draw_populations(rows(30, 20, 400, 60), **settings)
    twice = draw_populations(rows(30, 20, 400, 60, copies=2, weight=weights), **settings)
    np.testing.assert_allclose(
        np.quantile(twice.precision[:, 1], [0.025, 0.5, 0.975]),
        np.quantile(once.precision[:, 1], [0.025, 0.5, 0.975]),
        atol=0.01,
    )
