from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from phonopy import Phonopy
from phonopy.structure.atoms import PhonopyAtoms

from betenet.phonons.displacements import choose_displacements
from betenet.phonons.space_group import find_space_group

# operations that leave a displacement, worked out from the point group of the site: 4mm of m-3m,
# mm2 of -43m (whose S4 turns z around), 6mm and mm2 of 6/mmm
CASES = {
    "fcc": (bulk("Cu"), [8]),
    "zincblende": (bulk("GaAs", "zincblende", a=5.6), [4, 4]),
    "simple hexagonal": (
        Atoms("Sn", cell=[[3, 0, 0], [-1.5, 1.5 * 3**0.5, 0], [0, 0, 3]], pbc=True),
        [4, 12],
    ),
    # no operation turns a displacement around: each of three directions both ways
    "no symmetry": (
        Atoms(
            "CuAgAu",
            scaled_positions=[(0, 0, 0), (0.3, 0.42, 0.55), (0.61, 0.2, 0.84)],
            cell=[[4, 0, 0], [0.3, 5, 0], [0.2, 0.4, 6]],
            pbc=True,
        ),
        [1] * 18,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_operations_that_are_left(name: str) -> None:
    atoms, left = CASES[name]
    group = find_space_group(atoms, 1e-3)
    found = choose_displacements(atoms, group, 0.02)
    assert sorted(len(one.operations) for one in found) == left
    for one in found:
        assert np.linalg.norm(one.vector) == pytest.approx(0.02)
        turned = group.cartesian[one.operations] @ one.vector
        assert np.allclose(turned, one.vector, atol=1e-12)
        assert (group.images[one.operations, one.atom] == one.atom).all()


@pytest.mark.parametrize("name", CASES)
def test_images_of_the_displacements_span_the_space_both_ways(name: str) -> None:
    atoms, _ = CASES[name]
    group = find_space_group(atoms, 1e-3)
    found = choose_displacements(atoms, group, 1.0)
    for atom in np.unique(group.orbits):
        turns = group.cartesian[group.site_operations(int(atom))]
        moved = np.concatenate([turns @ one.vector for one in found if one.atom == atom])
        assert np.linalg.svd(moved, compute_uv=False)[-1] > 0.3
        # without cubic terms: with each displacement there is its opposite
        apart = np.linalg.norm(moved[:, None] + moved, axis=2)
        assert apart.min(axis=1).max() < 1e-9


@pytest.mark.parametrize("name", CASES)
def test_fewest_are_no_more_than_those_of_phonopy(name: str) -> None:
    atoms, _ = CASES[name]
    cell = PhonopyAtoms(numbers=atoms.numbers, cell=atoms.cell.array, positions=atoms.positions)
    phonon: Any = Phonopy(cell, np.eye(3, dtype=int), primitive_matrix="P", symprec=1e-3)
    phonon.generate_displacements()
    group = find_space_group(atoms, 1e-3)
    found = choose_displacements(atoms, group, 0.01, fewest=True)
    assert len(found) <= len(phonon.displacements)
    for atom in np.unique(group.orbits):
        turns = group.cartesian[group.site_operations(int(atom))]
        moved = np.concatenate([turns @ one.vector for one in found if one.atom == atom])
        assert np.linalg.svd(moved, compute_uv=False)[-1] > 0.003
