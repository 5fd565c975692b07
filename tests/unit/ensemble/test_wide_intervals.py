"""Intervals that say next to nothing, and what is told of them."""

import numpy as np
import pytest

from betenet.ensemble.estimates import Summary, summarise
from betenet.ensemble.wide_intervals import MUCH_HIGHER, wide_intervals
from betenet.spectrum import Spectrum

GRID = np.geomspace(0.6, 420.0, 132)
RELATIVES = [("CaH6", 3.9), ("B2Mg", 0.7), ("CaH6", 3.2)]


def summary_of(couplings: list[float], centre: float) -> Summary:
    """Members with one peak each [meV], all of one shape."""
    shape = np.exp(-0.5 * (np.log(GRID / centre) / 0.3) ** 2)
    unit = 2.0 * np.trapezoid(shape / GRID, GRID)
    members = np.array([[coupling] for coupling in couplings]) / unit * shape
    return summarise(Spectrum(GRID, members), 0.1, "allen_dynes", "onset")


def told(summary: Summary) -> dict[str, str]:
    return {one.code: one.text for one in wide_intervals(summary, lambda: RELATIVES)}


def test_members_that_agree_are_not_warned_of() -> None:
    assert told(summary_of([0.50, 0.52, 0.54], 20.0)) == {}


def test_a_hydride_whose_members_disagree_may_have_any_tc() -> None:
    summary = summary_of([0.2, 1.0, 3.0], 100.0)
    tc = summary.estimates["tc"]
    assert tc.interval_95[1] > tc.value + MUCH_HIGHER
    text = told(summary)["tc_uncertain"]
    assert text.startswith("Tc may be anything from 0 to ")
    assert text.endswith("the nearest in training are CaH6 (λ = 3.2 to 3.9), B2Mg (λ = 0.7)")


def test_the_same_disagreement_at_low_frequencies_is_small_in_kelvin() -> None:
    assert "tc_uncertain" not in told(summary_of([0.4, 0.5, 0.6], 8.0))


def test_coupling_that_is_hardly_known() -> None:
    text = told(summary_of([0.05, 0.5, 2.0], 20.0))["coupling_unknown"]
    assert text.startswith("λ is hardly known: its 68 % interval is 0.")


@pytest.mark.parametrize("relatives", [[], [("Nb", 1.0)]])
def test_relatives_are_named_where_they_are_known(relatives: list[tuple[str, float]]) -> None:
    summary = summary_of([0.5, 1.0, 2.0], 100.0)
    (found,) = wide_intervals(summary, lambda: relatives)
    assert ("in training are Nb (λ = 1)" in found.text) == bool(relatives)
