"""Phases ranked by Tc and stability at once."""

import math

from ase.build import bulk
from tests.unit.search.conftest import made_superconductor

from betenet.search.superconductors import STABLE, UNKNOWN, UNSTABLE, in_order

COPPER = bulk("Cu")


def test_the_best_of_both_come_first_and_unstable_ones_last() -> None:
    phases = [
        made_superconductor(0, COPPER, above=0.00, tc=5.0),
        made_superconductor(1, COPPER, above=0.02, tc=20.0),
        made_superconductor(2, COPPER, above=0.03, tc=10.0),  # beaten by 1 in both
        made_superconductor(3, COPPER, above=0.00, tc=90.0, stability=UNSTABLE),
        made_superconductor(4, COPPER, above=0.01, tc=math.nan),
        made_superconductor(5, COPPER, above=0.04, tc=30.0, stability=UNKNOWN),
    ]
    found = in_order(phases)
    assert [one.entry.phase.number for one in found] == [1, 0, 2, 4, 3, 5]
    assert [one.is_best for one in found] == [True, True, False, False, False, False]
    assert any("unstably" in one for one in found[4].warnings)


def test_twins_are_both_best() -> None:
    twins = [made_superconductor(k, COPPER, above=0.01, tc=7.0) for k in (0, 1)]
    assert all(one.is_best for one in in_order(twins))
    assert all(one.stability == STABLE for one in twins)
