"""What a calculation is worth, against closed forms; batches that are not one family."""

import numpy as np
import pytest
from scipy.stats import norm

from betenet.errors import ConfigError
from betenet.screening.acquisition import acquisition, choose_batch

DRAWS = norm.ppf((np.arange(4000) + 0.5) / 4000, loc=8.0, scale=3.0)


def test_normal_distributions_give_the_closed_forms() -> None:
    above, mean, width = 10.0, 8.0, 3.0
    z = (mean - above) / width
    improvement = (mean - above) * norm.cdf(z) + width * norm.pdf(z)
    assert acquisition("improvement", mean, DRAWS, above) == pytest.approx(improvement, rel=2e-3)
    assert acquisition("probability", mean, DRAWS, above) == pytest.approx(norm.cdf(z), abs=1e-3)
    upper = mean + width * norm.ppf(0.84)
    assert acquisition("upper", mean, DRAWS, above) == pytest.approx(upper, rel=1e-3)
    assert acquisition("tc", mean, DRAWS, above) == mean


def test_a_member_without_company_is_ranked_by_its_tc() -> None:
    assert acquisition("improvement", 14.0, np.empty(0), 10.0) == 4.0
    assert acquisition("probability", 14.0, np.empty(0), 10.0) == 1.0
    with pytest.raises(ConfigError, match="'best'"):
        acquisition("best", 1.0, DRAWS, 10.0)


def test_a_batch_is_spread_over_compositions() -> None:
    family = [{"Nb": 3.0, element: 1.0} for element in ("Sn", "Ge", "Ga", "Al")]
    others = [{"Mg": 1.0, "B": 2.0}, {"La": 1.0, "H": 10.0}]
    values = [9.0, 8.9, 8.8, 8.7, 5.0, 4.0]
    assert choose_batch(values, [*family, *others], 3, reach=0.0) == [0, 1, 2]
    assert {4, 5} < set(choose_batch(values, [*family, *others], 3, reach=20.0))


def test_a_formula_comes_twice_only_after_every_other() -> None:
    same = {"Nb": 1.0}
    order = choose_batch([9.0, 8.0, 1.0, 0.5], [same, same, {"Pb": 1.0}, {"O": 1.0}], 9)
    assert order == [0, 2, 3, 1]
