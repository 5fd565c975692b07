import numpy as np
import pytest

from betenet.errors import SpectrumError
from betenet.superconductivity.maximum_entropy.constraints import (
    ORDERS,
    MomentAverages,
    check_order,
)
from betenet.superconductivity.moments import moments


@pytest.mark.parametrize("grid", [np.arange(0.25, 101.0, 2.0), np.arange(0.25, 101.0, 0.1)])
def test_deviations_average_to_zero_over_a_spectrum_that_has_the_moments(grid):
    a2f = np.random.default_rng(0).uniform(0.0, 1.0, grid.size)
    known = {key: float(moments(grid, a2f)[key]) for key in ORDERS}
    averages = MomentAverages(grid)
    p = averages.coupling_weights * a2f[averages.first :]
    zero = p @ averages.deviations(known, slice(None)) / p.sum()
    assert zero == pytest.approx(np.zeros(4), abs=1e-12)
    assert p.sum() == pytest.approx(float(moments(grid, a2f)["coupling"]))


@pytest.mark.parametrize(
    ("known", "named"),
    [
        ({"omega_log": 12.0, "omega_1": 11.0}, "ω_log .* ω_1"),
        ({"omega_1": 12.0, "omega_2": 12.0}, "ω_1 .* ω_2"),
        ({"omega_log": 12.0, "omega_3": 11.0}, "ω_log .* ω_3"),
        ({"omega_2": 12.0, "omega_max": 11.0}, "ω_2 .* ω_max"),
        ({"omega_1": 10.0, "omega_2": 12.0, "omega_3": 12.5}, "ω_1 .* ω_2 .* ω_3"),
        ({"coupling": -1.0}, "λ is -1"),
        ({"coupling": 1.0, "omega_2": np.nan}, "ω_2 is nan"),
    ],
)
def test_names_what_is_wrong(known, named):
    with pytest.raises(SpectrumError, match=named):
        check_order(known)


def test_a_real_set_passes():
    check_order({"coupling": 0.9, "omega_log": 13.5, "omega_2": 16.0, "omega_max": 28.0})
