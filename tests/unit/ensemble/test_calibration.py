"""Calibrated intervals cover what they say."""

import numpy as np
import pytest

from betenet.ensemble.calibration import fit_spread, interval_coverage


@pytest.mark.parametrize(("scale", "floor"), [(2.0, 0.0), (0.5, 0.2), (1.0, 0.4)])
def test_recovers_the_law_that_made_the_errors(scale: float, floor: float) -> None:
    generator = np.random.default_rng(0)
    spreads = generator.uniform(0.05, 0.5, 20000)
    errors = generator.normal(size=20000) * np.hypot(scale * spreads, floor)
    found = fit_spread(errors, spreads)
    width = np.hypot(found[0] * spreads, found[1])
    np.testing.assert_allclose(width, np.hypot(scale * spreads, floor), rtol=0.15)
    narrow, wide = interval_coverage(errors, spreads, {"scale": found[0], "floor": found[1]})
    assert narrow == pytest.approx(0.68, abs=0.02)
    assert wide == pytest.approx(0.95, abs=0.02)


def test_heavy_tails_are_shared_between_the_two_intervals() -> None:
    generator = np.random.default_rng(1)
    spreads = np.full(20000, 0.2)
    errors = 0.2 * generator.standard_t(3, size=20000)
    scale, floor = fit_spread(errors, spreads)
    narrow, wide = interval_coverage(errors, spreads, {"scale": scale, "floor": floor})
    assert narrow > 0.68
    assert wide < 0.95
    assert narrow - 0.68 == pytest.approx(0.95 - wide, abs=0.01)


def test_too_narrow_intervals_are_found_out() -> None:
    errors = np.random.default_rng(2).normal(size=5000)
    narrow, wide = interval_coverage(errors, np.full(5000, 0.5), {"scale": 1.0, "floor": 0.0})
    assert narrow == pytest.approx(0.383, abs=0.03)
    assert wide == pytest.approx(0.673, abs=0.03)
