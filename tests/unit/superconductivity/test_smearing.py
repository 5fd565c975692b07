import math

import numpy as np
import pytest

from betenet.superconductivity.smearing import flattest


@pytest.mark.parametrize(
    ("coupling", "index", "change"),
    [
        ([2.0, 1.0, 1.0, 1.0, 0.7], 2, 0.0),
        # the larger of the two neighbours' changes counts
        ([1.0, 1.0, 2.0, 2.1, 2.2], 3, 0.1 / 2.1),
        # an end is not flatter than its neighbour
        ([1.2, 1.0, 0.9, 0.88], 2, 0.1 / 0.9),
        ([2.0, math.nan, 1.0, 0.99, 0.98], 3, 0.01 / 0.99),
        ([1.0, 1.1], 1, 0.1 / 1.1),
        ([0.0, 0.0, 1.0, 1.1, 1.2], 3, 0.1 / 1.1),
    ],
)
def test_flattest(coupling, index, change):
    found, by = flattest(coupling)
    assert found == index
    assert by == pytest.approx(change)


@pytest.mark.parametrize(("coupling", "index"), [([0.7], 0), ([math.nan, 0.7, math.nan], 1)])
def test_a_single_value_has_no_change(coupling, index):
    found, change = flattest(coupling)
    assert found == index
    assert math.isnan(change)


def test_a_plateau_is_found_wherever_it_is():
    sigma = np.linspace(0.0, 1.0, 21)
    for centre in (0.3, 0.5, 0.7):
        assert sigma[flattest(1.0 - (sigma - centre) ** 3)[0]] == pytest.approx(centre)
