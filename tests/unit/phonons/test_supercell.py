from itertools import product

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from betenet.phonons.force_constants import choose_supercell
from betenet.phonons.settings import PhononSettings
from betenet.phonons.supercell import nearest_image, supercell_matrix
from betenet.structures import find_symmetry, standardise

CRYSTALS = {
    "fcc": bulk("Al", "fcc", a=4.05),
    "bcc": bulk("Nb", "bcc", a=3.3),
    "hcp": bulk("Mg", "hcp", a=3.2, c=5.2),
    "tetragonal": Atoms("Sn", cell=[3.0, 3.0, 5.4], pbc=True),
    "orthorhombic": Atoms("Ga", cell=[2.8, 4.1, 6.3], pbc=True),
    "triclinic": Atoms("Bi", cell=[[4.1, 0, 0], [0.7, 5.0, 0], [-0.9, 0.6, 6.1]], pbc=True),
}


def brute_force_image(lattice: np.ndarray) -> float:
    """Shortest lattice vector among many more combinations than the function tries."""
    whole = np.array([c for c in product(range(-6, 7), repeat=3) if any(c)])
    return float(np.linalg.norm(whole @ lattice, axis=1).min())


@pytest.mark.parametrize("name", CRYSTALS)
@pytest.mark.parametrize("distance", [6.0, 10.0, 14.0])
def test_images_are_far_and_the_point_group_stays(name: str, distance: float) -> None:
    atoms = standardise(CRYSTALS[name])
    matrix = choose_supercell(atoms, PhononSettings(distance=distance))
    lattice = matrix @ atoms.cell.array
    assert brute_force_image(lattice) >= distance - 2e-3
    assert nearest_image(lattice) == pytest.approx(brute_force_image(lattice))
    for rotation in find_symmetry(atoms).rotations:
        turned = lattice @ rotation.T @ np.linalg.inv(lattice)
        assert np.allclose(turned, np.round(turned), atol=1e-6)


@pytest.mark.parametrize(
    ("name", "distance", "cells"),
    [
        # fcc a = 4.05: nearest images of the cubic cell repeated twice are 8.1 Å away, of 32 atoms;
        # those of the primitive one repeated three times 8.59 Å, of 27
        ("fcc", 8.0, 27),
        # bcc a = 3.3 repeated: 2 a √3/2 = 5.7, 3 a √3/2 = 8.57 Å of 27, or 2 a of 16 in a cubic
        # cell, or fcc of doubled axes 4.67 · 2 = 6.6 √2 of 32 = 9.3 Å
        ("bcc", 6.5, 16),
        ("bcc", 9.0, 32),
    ],
)
def test_size_worked_out_by_hand(name: str, distance: float, cells: int) -> None:
    matrix = choose_supercell(standardise(CRYSTALS[name]), PhononSettings(distance=distance))
    assert round(abs(np.linalg.det(matrix))) == cells


def test_limit_on_atoms_gives_the_farthest_images_it_allows() -> None:
    atoms = standardise(CRYSTALS["fcc"])
    matrix = choose_supercell(atoms, PhononSettings(distance=30.0, most_atoms=32))
    assert round(abs(np.linalg.det(matrix))) == 27
    alone = supercell_matrix(
        atoms.cell.array, np.eye(3, dtype=int)[None], atoms.cell.array, distance=30.0, most_cells=1
    )
    assert round(abs(np.linalg.det(alone))) == 1


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("vacuum", [9.0, 14.0, 30.0])
def test_layer_is_not_repeated_across_its_vacuum(axis: int, vacuum: float) -> None:
    sheet = Atoms("Al", cell=[[2.86, 0, 0], [-1.43, 2.4768, 0], [0, 0, vacuum]], pbc=True)
    sheet.set_cell(sheet.cell.array[np.roll([0, 1, 2], axis + 1)])
    matrix = choose_supercell(sheet, PhononSettings(distance=12.0), vacuum_axis=axis)
    others = [other for other in range(3) if other != axis]
    assert abs(matrix[axis, axis]) == 1
    assert not matrix[axis, others].any()
    assert not matrix[others, axis].any()
    # 4 x 4 has 11.4 Å, the next one that is hexagonal 2√3 x 2√3 less, 5 x 5 enough
    assert round(abs(np.linalg.det(matrix))) == 25
    assert nearest_image(matrix @ sheet.cell.array, axis) == pytest.approx(5 * 2.86, rel=1e-4)
    few = PhononSettings(distance=12.0, most_atoms=10)
    assert round(abs(np.linalg.det(choose_supercell(sheet, few, vacuum_axis=axis)))) == 9
