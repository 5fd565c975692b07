"""Crystals of chance have the composition, the symmetry and the distances that they should."""

import numpy as np
import pytest
from ase.spacegroup import crystal

from betenet.search.composition import counts_of, reduced
from betenet.search.crowding import is_crowded
from betenet.search.phases import symmetry_of
from betenet.search.random_crystals import positions_of, random_crystal, redrawn


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


def test_a_redrawn_crystal_keeps_group_and_composition(rng: np.random.Generator) -> None:
    rutile = crystal(
        "TiO", [(0, 0, 0), (0.305, 0.305, 0)], spacegroup=136, cellpar=[4.6, 4.6, 2.96, 90, 90, 90]
    )
    made = [redrawn(rutile, rng) for _ in range(10)]
    found = [one for one in made if one is not None]
    assert len(found) > 3
    for one in found:
        counts = counts_of(one.get_chemical_symbols())
        assert reduced(counts) == {"O": 2, "Ti": 1}
        assert symmetry_of(one)[1] >= 136
        assert not is_crowded(one)
    assert len({round(float(one.cell.volume), 6) for one in found}) == len(found)
