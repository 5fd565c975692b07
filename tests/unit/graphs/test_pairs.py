from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.neighborlist import neighbor_list

from betenet.errors import DataError
from betenet.graphs.pairs import Pairs, cell_volume, find_pairs, join


def test_each_pair_is_named_once(crystals: list[Atoms]) -> None:
    for atoms in crystals[:8]:
        pairs = find_pairs(atoms.positions, atoms.cell.array, 5.0)
        named = np.column_stack([pairs.receivers, pairs.senders, pairs.shifts])
        reverse = np.column_stack([pairs.senders, pairs.receivers, -pairs.shifts])
        both = {tuple(row) for row in np.concatenate([named, reverse]).tolist()}
        i, j, shifts = neighbor_list("ijS", atoms, 5.0)
        assert both == {tuple(row) for row in np.column_stack([i, j, shifts]).tolist()}
        assert len(both) == 2 * len(named)


@pytest.mark.parametrize(
    ("index", "shift", "size"), [(255, 127, 5), (256, -129, 10), (65536, 40000, 20)]
)
def test_bytes_hold_any_pair(index: int, shift: int, size: int) -> None:
    pairs = Pairs(
        np.array([0, index]), np.array([index, 1]), np.array([[1, -2, 3], [0, shift, -shift]])
    )
    data = pairs.to_bytes()
    found = Pairs.from_bytes(data)
    assert found.receivers.tolist() == [0, index]
    assert found.senders.tolist() == [index, 1]
    assert found.shifts.tolist() == [[1, -2, 3], [0, shift, -shift]]
    assert len(data) == 6 + 2 * size


def test_no_pairs_are_bytes_too() -> None:
    cesium = bulk("Cs", "bcc", a=6.05)
    pairs = find_pairs(cesium.positions, cesium.cell.array, 4.0)
    found = Pairs.from_bytes(pairs.to_bytes())
    assert len(found.receivers) == len(found.senders) == 0
    assert found.shifts.shape == (0, 3)
    assert join(found, cesium, 4.0).neighbor_counts.tolist() == [0]


@pytest.mark.parametrize("change", ["empty", "short", "long", "type"])
def test_other_bytes_are_refused(change: str) -> None:
    data = Pairs(np.array([0]), np.array([0]), np.array([[0, 0, 1]])).to_bytes()
    wrong = {
        "empty": b"",
        "short": data[:-1],
        "long": data + b"\0",
        "type": data[:4] + b"\x09" + data[5:],
    }
    with pytest.raises(DataError, match="no pairs"):
        Pairs.from_bytes(wrong[change])


def test_volume_is_that_of_ase(crystals: list[Atoms]) -> None:
    for atoms in crystals:
        assert cell_volume(atoms) == pytest.approx(atoms.get_volume(), rel=1e-12)
