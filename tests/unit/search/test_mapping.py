"""Paths between lattices that are in every textbook, and atoms that keep their neighbours."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from betenet.errors import StructureError
from betenet.search.mapping import nearest_mapping

# bcc to hcp: Burgers, Physica 1, 561 (1934); atoms move by a/(6√2) along [110]
BURGERS = 1.0 / (6.0 * 2**0.5)


def test_burgers_path_from_bcc_to_hcp() -> None:
    a = 4.0
    side = a * 3**0.5 / 2.0  # of hcp with the (110) planes of bcc
    volume = a**3 / 2.0
    height = 2.0 * volume / (side**2 * 3**0.5 / 2.0)
    found = nearest_mapping(bulk("Zr", "bcc", a=a), bulk("Zr", "hcp", a=side, c=height), 2)
    assert len(found.start) == 2
    assert found.displacement == pytest.approx(BURGERS * a, rel=0.05)
    assert found.strain < 0.2
    assert found.end.cell.volume == pytest.approx(2.0 * volume)


def test_a_crystal_maps_on_itself_in_another_cell_with_its_atoms_in_another_order(
    rng: np.random.Generator,
) -> None:
    salt = bulk("NaCl", "rocksalt", a=5.6)
    other = bulk("NaCl", "rocksalt", a=5.6, cubic=True)
    other.positions += rng.random(3)
    other.rotate(50.0, (3, 1, 2), rotate_cell=True)
    found = nearest_mapping(salt, other[rng.permutation(8).tolist()], 2)
    assert found.strain < 1e-6
    assert found.displacement < 1e-6
    assert found.start.get_chemical_symbols() == found.end.get_chemical_symbols()


def test_buergers_path_from_caesium_chloride_to_rock_salt_and_one_of_more_atoms() -> None:
    """The cube becomes a rhombohedron of 60°: stretches of the threefold axis and across it."""
    salt, caesium = bulk("CsCl", "rocksalt", a=7.0), bulk("CsCl", "cesiumchloride", a=4.1)
    ratio = 7.0 / 2**0.5 / 4.1
    stretches = np.log(ratio * 2**0.5), np.log(ratio / 2**0.5)
    expected = (stretches[0] ** 2 + 2.0 * stretches[1] ** 2) ** 0.5
    found = [nearest_mapping(*pair, 2) for pair in ((caesium, salt), (salt, caesium))]
    assert [one.strain for one in found] == pytest.approx([expected] * 2)
    assert [one.displacement for one in found] == pytest.approx([0.0] * 2, abs=1e-9)
    # Watanabe, Tokonami and Morimoto, Acta Cryst. A 33, 294 (1977): less strain, atoms move
    wider = nearest_mapping(caesium, salt, 4)
    assert len(wider.start) == 4
    assert wider.strain < 0.6 * expected
    assert wider.displacement > 0.5


def test_other_compositions_have_no_path() -> None:
    with pytest.raises(StructureError, match="compositions"):
        nearest_mapping(bulk("Cu"), Atoms("Au", cell=np.eye(3) * 3, pbc=True))
