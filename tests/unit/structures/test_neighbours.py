from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.neighborlist import neighbor_list

from betenet.structures.neighbours import neighbours


@pytest.mark.parametrize(
    "atoms", [bulk("Nb"), bulk("NaCl", "rocksalt", a=5.64), bulk("Ti") * (2, 1, 1)]
)
def test_pairs_are_those_of_ase(atoms: Atoms) -> None:
    first, second, shifts, lengths = neighbours(atoms, 4.5)
    expected = neighbor_list("ijSd", atoms, 4.5)
    ours = sorted(zip(first, second, *shifts.T, np.round(lengths, 6), strict=True))
    theirs = zip(*expected[:2], *expected[2].T, np.round(expected[3], 6), strict=True)
    assert ours == sorted(theirs)
    assert (np.diff(first) >= 0).all()


def test_a_moved_atom_gets_a_list_of_its_own() -> None:
    atoms = bulk("NaCl", "rocksalt", a=5.64)
    before = neighbours(atoms, 3.0)[3].min()
    atoms.positions[1] += (0.3, 0.0, 0.0)
    assert neighbours(atoms, 3.0)[3].min() < before - 0.1
