import json

import numpy as np
import pytest

from betenet.errors import ConfigError
from betenet.training.regions import Patience, ThreeRegions, find_regions

SHORT = Patience(classical=3, critical=5, modern=8)


def double_descent() -> np.ndarray:
    """Down to 1 at 10, up to 3 at 40, down to 0.5 at 90, then flat."""
    epochs = np.arange(140.0)
    return np.interp(epochs, [0.0, 10.0, 40.0, 90.0, 139.0], [5.0, 1.0, 3.0, 0.5, 0.6])


def followed(losses: np.ndarray, patience: Patience) -> tuple[dict[str, int], ThreeRegions]:
    """Last epoch that was to be kept in each region."""
    course, kept = ThreeRegions(patience), {}
    for epoch, loss in enumerate(losses):
        region = course.take(float(loss))
        if region is not None:
            kept[region] = epoch
    return kept, course


def test_each_extremum_is_kept_and_training_ends():
    kept, course = followed(double_descent(), SHORT)
    assert kept == {"classical": 10, "critical": 40, "modern": 90}
    assert course.region is None
    # it ends as soon as the last patience is over
    assert course.epoch == 90 + SHORT.modern + 1
    assert course.take(0.0) is None


def test_a_short_bump_does_not_end_the_first_region():
    losses = double_descent()
    losses[4:6] += 1.0
    assert followed(losses, SHORT)[0]["classical"] == 10


def test_patience_decides_where_a_region_is_over():
    hasty, _ = followed(np.array([3.0, 2.0, 2.1, 2.2, 1.0, 0.9]), Patience(classical=2))
    patient, _ = followed(np.array([3.0, 2.0, 2.1, 2.2, 1.0, 0.9]), Patience(classical=4))
    assert hasty == {"classical": 1, "critical": 3}
    assert patient == {"classical": 5}


def test_a_restart_goes_on_as_if_nothing_had_happened():
    losses = double_descent()
    whole, _ = followed(losses, SHORT)
    course, kept = ThreeRegions(SHORT), {}
    for epoch, loss in enumerate(losses):
        if epoch % 7 == 0:
            course = ThreeRegions.restore(json.loads(json.dumps(course.state())))
        region = course.take(float(loss))
        if region is not None:
            kept[region] = epoch
    assert kept == whole


def test_a_loss_that_is_no_number_is_no_minimum():
    course = ThreeRegions(SHORT)
    course.take(1.0)
    course.take(float("nan"))
    assert course.best_epoch in {0, 1}
    assert course.take(0.5) == "classical"


@pytest.mark.parametrize("region", ["classical", "critical", "modern"])
def test_patience_is_positive(region):
    with pytest.raises(ConfigError, match="at least one epoch"):
        Patience(**{region: 0})


def test_regions_are_found_in_a_noisy_curve():
    noise = 1.0 + 0.02 * np.random.default_rng(0).normal(size=140)
    found = find_regions(double_descent() * noise, smoothing=5)
    assert found is not None
    for region, epoch in {"classical": 10, "critical": 40, "modern": 90}.items():
        assert abs(found[region] - epoch) <= 4


def test_no_rise_is_no_double_descent():
    assert find_regions(np.linspace(5.0, 1.0, 200)) is None
    assert find_regions(1.0 + 0.02 * np.random.default_rng(1).normal(size=200)) is None
