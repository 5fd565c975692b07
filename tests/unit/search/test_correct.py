"""Which phases are calculated."""

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones

from betenet.phonons import make_force_field
from betenet.search.correct import disagreement, farthest_first


def test_the_farthest_come_first_and_copies_last() -> None:
    seen = np.array([[0.0, 0.0], [0.01, 0.0], [5.0, 0.0], [0.0, 3.0], [5.0, 0.01]])
    order = farthest_first(seen, np.ones(5), [0], 5)
    assert order[0] == 0
    assert set(order[1:3]) in ({2, 3}, {4, 3})
    assert farthest_first(seen, np.ones(5), [0], 3) == order[:3]
    # a weight lets what force fields disagree about come first
    weighted = farthest_first(seen, np.array([0.1, 1.0, 0.1, 0.1, 0.1]), [], 1)
    assert weighted == [1]
    assert len(farthest_first(seen, np.ones(5), [0, 1], 1)) == 2


def test_disagreement_ignores_a_constant_for_each_element() -> None:
    crystals = [bulk("Cu", "fcc", a=a) for a in (3.4, 3.6, 4.2)]
    field = make_force_field(EMT())
    assert disagreement(crystals, field, field) == pytest.approx(np.ones(3))
    other = make_force_field(LennardJones(sigma=2.3, epsilon=0.4, rc=8.0))
    found = disagreement(crystals, field, other)
    assert found.max() == 1.0
    assert found.min() < 0.9
