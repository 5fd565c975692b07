import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.neighborlist import neighbor_list

from betenet.graphs.pairs import cell_volume, find_pairs, join


def test_each_pair_is_named_once(crystals: list[Atoms]) -> None:
    for atoms in crystals[:8]:
        pairs = find_pairs(atoms.positions, atoms.cell.array, 5.0)
        named = np.column_stack([pairs.receivers, pairs.senders, pairs.shifts])
        reverse = np.column_stack([pairs.senders, pairs.receivers, -pairs.shifts])
        both = {tuple(row) for row in np.concatenate([named, reverse]).tolist()}
        i, j, shifts = neighbor_list("ijS", atoms, 5.0)
        assert both == {tuple(row) for row in np.column_stack([i, j, shifts]).tolist()}
        assert len(both) == 2 * len(named)


def test_an_atom_without_neighbours_has_no_pairs() -> None:
    cesium = bulk("Cs", "bcc", a=6.05)
    pairs = find_pairs(cesium.positions, cesium.cell.array, 4.0)
    assert len(pairs.receivers) == len(pairs.senders) == 0
    assert pairs.shifts.shape == (0, 3)
    assert join(pairs, cesium, 4.0).neighbor_counts.tolist() == [0]


def test_volume_is_that_of_ase(crystals: list[Atoms]) -> None:
    for atoms in crystals:
        assert cell_volume(atoms) == pytest.approx(atoms.get_volume(), rel=1e-12)
