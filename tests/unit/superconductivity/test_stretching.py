"""A stretched spectrum has the moments that were asked for."""

import numpy as np
import pytest

from betenet.superconductivity.moments import moments
from betenet.superconductivity.stretching import stretched

GRID = np.geomspace(0.6, 420.0, 132)
FINE = np.geomspace(0.6, 420.0, 2000)


def lognormal(grid: np.ndarray, centre: float = 20.0, width: float = 0.4, height: float = 0.5):
    return height * np.exp(-0.5 * (np.log(grid / centre) / width) ** 2)


@pytest.mark.parametrize(
    "factors",
    [(1.0, 1.0, 1.0), (2.0, 1.0, 1.0), (1.0, 1.5, 1.5), (0.7, 0.8, 0.9), (1.3, 1.1, 1.05)],
)
@pytest.mark.parametrize(("grid", "tolerance"), [(GRID, 5e-3), (FINE, 1e-4)], ids=["132", "2000"])
def test_moments_change_by_the_factors(grid, tolerance, factors):
    a2f = lognormal(grid) + lognormal(grid, 60.0, 0.2, 0.3)
    before, after = moments(grid, a2f), moments(grid, stretched(grid, a2f, a2f, factors))
    for name, factor in zip(("coupling", "omega_log", "omega_2"), factors, strict=True):
        assert after[name] / before[name] == pytest.approx(factor, rel=tolerance)


def test_a_lognormal_peak_stays_one():
    """ω_2/ω_log of a log-normal α²F is exp(width²), so that the stretch is known: 4/3."""
    a2f = lognormal(FINE, 30.0, 0.3)
    factors = (1.0, 1.0, float(np.exp(0.4**2 - 0.3**2)))
    found = stretched(FINE, a2f, a2f, factors)
    assert found == pytest.approx(0.75 * lognormal(FINE, 30.0, 0.4), abs=1e-3)


def test_every_spectrum_gets_the_map_of_the_reference():
    members = np.stack([lognormal(GRID, c) for c in (15.0, 20.0, 27.0)])
    mean = members.mean(0)
    factors = (1.4, 1.2, 1.3)
    together = stretched(GRID, members, mean, factors)
    assert together.mean(0) == pytest.approx(stretched(GRID, mean, mean, factors), abs=2e-3)
    ratios = moments(GRID, together)["coupling"] / moments(GRID, members)["coupling"]
    assert ratios == pytest.approx(1.4, rel=5e-3)
    assert (together >= 0).all()


def test_a_width_that_cannot_be_is_kept_within_limits():
    a2f = lognormal(FINE)
    found = moments(FINE, stretched(FINE, a2f, a2f, (1.0, 1.0, 0.5)))
    assert found["omega_2"] >= found["omega_log"]
    assert found["omega_log"] == pytest.approx(moments(FINE, a2f)["omega_log"], rel=1e-3)


@pytest.mark.parametrize("width", [0.05, 0.075, 0.1025, 0.109])
def test_far_tails_neither_overflow_nor_fall_below_zero(width):
    """They underflow on the way down: warnings are errors here, and Spectrum refuses -1e-60."""
    for factors in ((1.0, 1.0, 1.0), (1.4, 0.8, 1.1)):
        a2f = lognormal(GRID, 5.9, width)
        found = stretched(GRID, a2f, a2f, factors)
        assert (found >= 0.0).all()
        ratio = moments(GRID, found)["coupling"] / moments(GRID, a2f)["coupling"]
        assert ratio == pytest.approx(factors[0], rel=0.02)
