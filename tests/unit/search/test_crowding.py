"""Atoms that are too near, and volumes to begin with."""

import pytest
from ase import Atoms
from ase.build import bulk

from betenet.search.crowding import RELAXED_CLOSE, compressed_volume, is_crowded


def test_a_molecule_of_hydrogen_may_be_and_half_of_it_may_not() -> None:
    for distance, crowded in ((0.74, False), (0.4, True)):
        atoms = Atoms("H2", [(0, 0, 0), (0, 0, distance)], cell=[3, 3, 3], pbc=True)
        assert is_crowded(atoms) is crowded
        assert is_crowded(atoms, RELAXED_CLOSE) is crowded


def test_images_of_an_atom_count() -> None:
    assert is_crowded(Atoms("Nb", cell=[1.2, 6, 6], pbc=True))


@pytest.mark.parametrize("symbol", ["Nb", "Al", "Mg", "Si"])
def test_the_first_volume_is_about_that_of_the_element(symbol: str) -> None:
    atoms = bulk(symbol)
    known = atoms.get_volume() / len(atoms)
    assert compressed_volume({symbol: 1}, 0.0) == pytest.approx(known, rel=0.4)
    assert compressed_volume({symbol: 1}, 150.0) < 0.75 * known
