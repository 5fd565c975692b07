import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, make_supercell

from betenet.phonons.space_group import find_space_group
from betenet.phonons.supercell_sites import Supercell, cells_of, smallest_vectors

HCP = bulk("Mg", "hcp", a=3.2, c=5.2)
MATRICES = [
    np.diag([2, 3, 1]),
    np.array([[2, 1, 0], [-1, 1, 0], [0, 0, 2]]),
    np.array([[-1, 1, 1], [1, -1, 1], [1, 1, -1]]),
    np.array([[0, 1, 0], [1, 0, 0], [0, 0, 2]]),
]


@pytest.mark.parametrize("matrix", MATRICES)
def test_supercell_is_that_of_ase(matrix: np.ndarray) -> None:
    supercell = Supercell.from_matrix(HCP, matrix)
    ours, theirs = supercell.atoms(), make_supercell(HCP, matrix)
    assert len(ours) == supercell.n_atoms == len(theirs)
    assert not supercell.cells[0].any()
    apart = ours.positions[:, None] - theirs.positions
    places = apart @ np.linalg.inv(ours.cell.array)
    same = (np.abs(places - np.rint(places)) < 1e-9).all(axis=2)
    assert same.sum(axis=0).tolist() == [1] * len(theirs)
    assert np.array_equal(supercell.find(supercell.cells), np.arange(len(supercell.cells)))
    assert np.array_equal(
        supercell.find(supercell.cells + 3 * matrix[0] - matrix[2]),
        np.arange(len(supercell.cells)),
    )
    back = supercell.cells + supercell.cells[supercell.opposite()]
    assert not supercell.find(back).any()


def test_operations_about_an_atom_put_each_atom_on_another() -> None:
    matrix = np.diag([3, 3, 2])
    group = find_space_group(HCP, 1e-3)
    supercell = Supercell.from_matrix(HCP, matrix)
    atoms = supercell.atoms()
    for atom in (0, 1):
        operations = group.site_operations(atom)
        images = supercell.site_images(group, atom, operations)
        centre = HCP.positions[atom]
        for turn, image in zip(group.cartesian[operations], images, strict=True):
            away = (atoms.positions - centre) @ turn.T + centre - atoms.positions[image]
            places = away @ np.linalg.inv(atoms.cell.array)
            assert np.allclose(places, np.rint(places), atol=1e-9)
            assert sorted(image.tolist()) == list(range(len(atoms)))


@pytest.mark.parametrize("matrix", MATRICES)
def test_nearest_images_are_those_of_a_wide_search(matrix: np.ndarray) -> None:
    atoms = Atoms("MgB", [(0, 0, 0), (0.9, 0.4, 2.1)], cell=HCP.cell.array, pbc=True)
    supercell = Supercell.from_matrix(atoms, matrix)
    vectors, shares = smallest_vectors(supercell, 1e-5)
    assert np.allclose(shares.sum(axis=0), 1.0)
    lattice = atoms.cell.array
    steps = np.stack(np.meshgrid(*[np.arange(-4, 5)] * 3), -1).reshape(-1, 3) @ matrix
    for first in range(2):
        for place in range(supercell.n_atoms):
            second, cell = divmod(place, len(supercell.cells))
            every = supercell.cells[cell] + steps
            away = atoms.positions[second] - atoms.positions[first]
            lengths = np.linalg.norm(every @ lattice + away, axis=1)
            known = every[lengths < lengths.min() + 1e-5]
            found = vectors[shares[:, first, place] > 0]
            assert sorted(found.tolist()) == sorted(known.tolist())


def test_cells_of_a_skewed_matrix() -> None:
    matrix = np.array([[3, 1, 0], [0, 2, -1], [1, 0, 2]])
    cells = cells_of(matrix)
    assert len(cells) == round(np.linalg.det(matrix))
    inside = cells @ np.linalg.inv(matrix)
    assert inside.min() > -1e-9
    assert inside.max() < 1 - 1e-9
