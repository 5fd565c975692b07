import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, make_supercell

from betenet.errors import StructureError
from betenet.structures import find_symmetry, idealise

CRYSTALS = {
    "fcc": (bulk("Al", "fcc", a=4.04), 48),
    "bcc": (bulk("Nb", "bcc", a=3.30), 48),
    "hcp": (bulk("Mg", "hcp", a=3.2, c=5.2), 24),
    "rutile-like": (bulk("In", "bct", a=3.25, c=4.95), 16),
}


@pytest.mark.parametrize("name", CRYSTALS)
def test_any_setting_of_a_crystal_gives_the_same_cell(name: str) -> None:
    atoms, n_operations = CRYSTALS[name]
    turned = atoms.copy()
    turned.rotate(33.0, (1.0, 0.3, 0.7), rotate_cell=True)
    larger = make_supercell(turned, [[1, 1, 0], [-1, 1, 0], [0, 0, 2]])
    found = [idealise(one) for one in (atoms, turned, larger)]
    assert [len(one) for one in found] == [len(atoms)] * 3
    for one in found:
        assert len(find_symmetry(one).rotations) == n_operations
        assert np.allclose(np.abs(one.cell.array), np.abs(found[0].cell.array), atol=1e-6)


def test_rounded_coordinates_get_their_symmetry_back() -> None:
    rough = bulk("Nb", "bcc", a=3.3)
    pulled = np.array([[4e-4, 0, 0], [0, 0, 0], [0, -3e-4, 0]])
    rough.set_cell(rough.cell.array.round(3) + pulled)
    assert len(find_symmetry(rough).rotations) < 48
    assert len(find_symmetry(idealise(rough)).rotations) == 48


def test_distances_stay() -> None:
    atoms = bulk("NbC", "rocksalt", a=4.47)
    turned = atoms.copy()
    turned.rotate(20.0, "x", rotate_cell=True)
    found = idealise(turned)
    assert found.get_volume() == pytest.approx(atoms.get_volume())
    assert found.get_distance(0, 1, mic=True) == pytest.approx(4.47 / 2)


def test_atoms_on_top_of_each_other_are_an_error() -> None:
    with pytest.raises(StructureError, match="finds no primitive cell"):
        idealise(Atoms("Al2", cell=np.eye(3) * 3, positions=[[0, 0, 0], [0, 0, 1e-5]], pbc=True))
