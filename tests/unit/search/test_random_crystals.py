"""Crystals of chance have the composition, the symmetry and the distances that they should."""

import numpy as np
import pytest

from betenet.search.composition import counts_of, reduced
from betenet.search.crowding import is_crowded
from betenet.search.phases import symmetry_of
from betenet.search.random_crystals import positions_of, random_crystal


@pytest.mark.parametrize("counts", [{"Si": 4}, {"Ca": 1, "H": 6}])
def test_composition_distances_and_seed(counts: dict[str, int]) -> None:
    found = [random_crystal(counts, 50.0, np.random.default_rng([3, k])) for k in range(8)]
    again = random_crystal(counts, 50.0, np.random.default_rng([3, 5]))
    assert found[5] is not None
    assert again is not None
    assert np.array_equal(found[5].positions, again.positions)
    for atoms in found:
        assert atoms is not None
        own = counts_of(atoms.get_chemical_symbols())
        assert reduced(own) == reduced(counts)
        assert len(atoms) <= sum(counts.values())
        assert not is_crowded(atoms)
    groups = {symmetry_of(atoms)[1] for atoms in found if atoms is not None}
    assert len(groups) > 2
    assert max(groups) > 15


def test_wyckoff_positions_of_diamond() -> None:
    table, centring = positions_of(227)
    assert centring == 4
    first = next(one for one in table if one.letter == "a")
    assert len(first.operations) == 8
    assert first.freedom == 0
