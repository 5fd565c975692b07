"""Barriers between close packings by ASE's effective medium theory."""

import numpy as np
import pytest
from ase.build import bulk

from betenet.errors import StructureError
from betenet.phonons import ForceField
from betenet.search.barrier import TOLERANCE, barrier_between


def test_fcc_and_hcp_have_one_barrier_from_both_sides(emt: ForceField) -> None:
    cubic, hexagonal = bulk("Cu"), bulk("Cu", "hcp", a=2.55, c=4.16)
    there = barrier_between(cubic, hexagonal, emt, most_atoms=2, images=3)
    back = barrier_between(hexagonal, cubic, emt, most_atoms=2, images=3)
    assert there.groups == ("Fm-3m", "P6_3/mmc")
    assert there.converged
    assert there.force < TOLERANCE
    # stacking faults of copper cost some meV; half of the planes go over a barrier of tens
    assert 0.005 < there.forward < 0.05
    assert there.forward == pytest.approx(back.backward, rel=0.1)
    assert there.straight.max() >= there.forward
    assert there.enthalpies[0] == 0.0


def test_a_phase_that_falls_down_bains_path_has_no_barrier(emt: ForceField) -> None:
    found = barrier_between(bulk("Cu", "bcc", a=2.87), bulk("Cu"), emt, most_atoms=1, images=3)
    assert found.forward == pytest.approx(0.0, abs=1e-6)
    assert found.backward > 0.01
    assert np.all(np.diff(found.enthalpies) < 0)
    assert found.to_dict()["quality"].startswith("estimate")


def test_one_crystal_has_no_barrier(emt: ForceField) -> None:
    with pytest.raises(StructureError, match="one crystal"):
        barrier_between(bulk("Cu"), bulk("Cu", a=3.7, cubic=True), emt, most_atoms=1)
