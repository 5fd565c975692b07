"""The distribution of Tc at another μ* is that of a prediction at that μ*."""

import numpy as np
import pytest
from ase.build import bulk

from betenet.ensemble import Ensemble
from betenet.ensemble.tc_distribution import TcDistribution
from betenet.errors import StructureError


@pytest.fixture(scope="module")
def model() -> Ensemble:
    return Ensemble.load("cso-1")


@pytest.mark.parametrize("method", ["allen_dynes", "eliashberg"])
def test_intervals_are_those_of_a_prediction_at_that_mu_star(model: Ensemble, method: str) -> None:
    first, other = (
        model.predict(bulk("Nb"), mu_star=value, tc_method=method)[0] for value in (0.10, 0.16)
    )
    found = TcDistribution.of(first).over_mu_star([0.10, 0.16], method)
    for place, expected in enumerate((first, other)):
        tc = expected.estimates["tc"]
        assert found["tc_kelvin"][place] == pytest.approx(tc.value, rel=2e-3)
        for suffix, end in zip(("_low_68", "_high_68"), tc.interval_68, strict=True):
            assert found[f"tc_kelvin{suffix}"][place] == pytest.approx(end, rel=1e-5)
        probability = found["probability_tc_above_5_kelvin"][place]
        assert probability == pytest.approx(expected.tc_probability, abs=2e-3)


def test_histograms_hold_nearly_all_of_it_and_move_down_with_mu_star(model: Ensemble) -> None:
    found = TcDistribution.of(model.predict(bulk("Nb"))[0])
    for histogram in found.histograms.values():
        assert 0.98 < sum(histogram["shares"]) <= 1.0
    assert set(found.histograms) == {"coupling", "omega_log_kelvin", "omega_2_kelvin"}
    band = found.over_mu_star([0.0, 0.1, 0.2], "allen_dynes")["histogram"]
    edges = np.array(band["edges"])
    means = np.array(band["shares"]) @ ((edges[1:] + edges[:-1]) / 2.0)
    assert means[0] > means[1] > means[2]


def test_a_failed_prediction_has_none(model: Ensemble) -> None:
    with pytest.raises(StructureError):
        TcDistribution.of(model.predict("no.cif")[0])


def test_what_is_unknown_stays_so(model: Ensemble) -> None:
    prediction = model.predict(bulk("NaCl", "rocksalt", a=5.64))[0]
    assert prediction.unknown_because
    found = TcDistribution.of(prediction).over_mu_star([0.1], "allen_dynes")
    assert found["probability_tc_above_5_kelvin"] == [None]
