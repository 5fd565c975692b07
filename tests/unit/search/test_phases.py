"""The same crystal is one phase, whatever its cell."""

import json

import numpy as np
from ase.build import bulk
from tests.unit.search.conftest import made_phase

from betenet.search.phases import DistinctPhases, Phase, is_same


def test_a_supercell_is_the_same_and_another_stacking_is_not() -> None:
    fcc = bulk("Cu")
    cubic = made_phase(1, bulk("Cu", cubic=True), -3.0005)
    hcp = made_phase(2, bulk("Cu", "hcp", a=2.5527, c=4.1685), -3.0)
    assert is_same(made_phase(0, fcc, -3.0), cubic)
    assert not is_same(made_phase(0, fcc, -3.0), hcp)
    assert not is_same(made_phase(0, fcc, -3.0), made_phase(3, fcc, -2.9))
    distinct = DistinctPhases()
    distinct.add([made_phase(0, fcc, -3.0), cubic, hcp])
    assert [one.number for one in distinct.all()] == [1, 2]
    assert distinct.found == {1: 2, 2: 1}
    assert len(distinct) == 2
    more = distinct.copy()
    more.add([made_phase(4, fcc, -3.001)])
    assert (more.found[4], distinct.found[1]) == (3, 2)


def test_a_record_gives_back_every_bit() -> None:
    atoms = bulk("Cu")
    atoms.positions += np.pi / 7.0
    atoms.cell *= 1.0 + 1e-9
    one = made_phase(5, atoms, -1.0 / 3.0)
    back = Phase.from_dict(json.loads(json.dumps(one.to_dict())))
    assert np.array_equal(back.atoms.positions, one.atoms.positions)
    assert np.array_equal(back.atoms.cell.array, one.atoms.cell.array)
    assert back.enthalpy == one.enthalpy
    assert back.to_dict() == one.to_dict()
