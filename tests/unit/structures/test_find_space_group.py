import warnings

import numpy as np
import pytest
import spglib
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal

from betenet.structures import standardise
from betenet.structures.find_space_group import find_operations, find_space_group

CRYSTALS = {
    "P1": Atoms("NbTiZr", cell=[3, 4, 5, 80, 85, 95], scaled_positions=np.eye(3) / 3, pbc=True),
    "fcc": bulk("Al"),
    "hcp": bulk("Mg"),
    "diamond": bulk("Si"),
    "wurtzite": bulk("ZnO", "wurtzite", a=3.25, c=5.2),
    "A15": crystal(
        ["Nb", "Sn"], [(0.25, 0, 0.5), (0, 0, 0)], spacegroup=223, cellpar=[5.29] * 3 + [90] * 3
    ),
    "rutile": crystal(
        ["Ti", "O"],
        [(0, 0, 0), (0.305, 0.305, 0)],
        spacegroup=136,
        cellpar=[4.6, 4.6, 2.96, 90, 90, 90],
    ),
    "monoclinic": crystal(
        ["Zr", "O", "O"],
        [(0.276, 0.041, 0.208), (0.07, 0.332, 0.345), (0.442, 0.755, 0.479)],
        spacegroup=14,
        cellpar=[5.15, 5.21, 5.31, 90, 99.2, 90],
    ),
    "calcite": crystal(
        ["Ca", "C", "O"],
        [(0, 0, 0), (0, 0, 0.25), (0.257, 0, 0.25)],
        spacegroup=167,
        cellpar=[4.99, 4.99, 17.06, 90, 90, 120],
    ),
    "quartz": crystal(
        ["Si", "O"],
        [(0.4697, 0, 0), (0.4135, 0.2669, 0.1191)],
        spacegroup=152,
        cellpar=[4.916, 4.916, 5.405, 90, 90, 120],
    ),
}


def by_spglib(atoms: Atoms, symprec: float) -> tuple[str, int]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        found = spglib.get_symmetry_dataset(
            (atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers), symprec=symprec
        )
    assert found is not None
    return str(found.international), int(found.number)


@pytest.mark.parametrize("symprec", [1e-3, 1e-2])
@pytest.mark.parametrize("name", CRYSTALS)
def test_as_spglib_finds_it(name: str, symprec: float) -> None:
    atoms = standardise(CRYSTALS[name])
    assert find_space_group(atoms, symprec) == by_spglib(atoms, symprec)


@pytest.mark.parametrize("size", [1e-5, 4e-4, 9e-4, 3e-3, 3e-2])
@pytest.mark.parametrize("seed", range(3))
def test_atoms_off_their_places_by_about_the_tolerance(size: float, seed: int) -> None:
    atoms = bulk("NbN", "rocksalt", a=4.4)
    atoms.positions += np.random.default_rng(seed).normal(scale=size, size=(2, 3))
    atoms = standardise(atoms)
    number = find_space_group(atoms, 1e-3)[1]
    assert number in {225, by_spglib(atoms, 1e-3)[1]}
    assert number == 225 or size > 3e-4


def test_operations_are_those_of_the_crystal() -> None:
    atoms = standardise(CRYSTALS["rutile"])
    rotations, shifts = find_operations(
        atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers, 1e-3
    )
    assert len(rotations) == 16
    for rotation, shift in zip(rotations, shifts, strict=True):
        moved = atoms.copy()
        moved.set_scaled_positions(atoms.get_scaled_positions() @ rotation.T + shift)
        apart = moved.get_scaled_positions()[:, None] - atoms.get_scaled_positions()
        assert (abs(apart - np.round(apart)).max(axis=2).min(axis=1) < 1e-6).all()


def test_distorted_cell_has_less_symmetry() -> None:
    atoms = bulk("Nb", cubic=True)
    atoms.set_cell([3.3, 3.3, 3.32], scale_atoms=True)
    assert find_space_group(standardise(atoms), 1e-3) == ("I4/mmm", 139)
