import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal

from betenet.errors import StructureError
from betenet.phonons.space_group import find_space_group, in_cell, symmetrised


def rutile(a: float = 4.59, u: float = 0.305) -> Atoms:
    cell = [a, a, 2.96, 90, 90, 90]
    return crystal("TiO", [(0, 0, 0), (u, u, 0)], spacegroup=136, cellpar=cell)


@pytest.mark.parametrize(
    ("atoms", "operations", "orbits"),
    [
        (bulk("Cu"), 48, [0]),
        (bulk("Mg", "hcp", a=3.2, c=5.2), 24, [0, 0]),
        (rutile(), 16, [0, 0, 2, 2, 2, 2]),
    ],
    ids=["fcc", "hcp", "rutile"],
)
def test_operations_map_the_crystal_on_itself(
    atoms: Atoms, operations: int, orbits: list[int]
) -> None:
    group = find_space_group(atoms, 1e-3)
    assert len(group.rotations) == operations
    assert group.orbits.tolist() == orbits
    assert group.errors.max() < 1e-9
    lattice = atoms.cell.array
    # the image of an atom lies where the operation, whose shift any one atom gives, puts it
    for turn, images, shifts in zip(group.cartesian, group.images, group.shifts, strict=True):
        moved = atoms.positions @ turn.T
        ends = atoms.positions[images] + shifts @ lattice
        assert np.allclose(moved - moved[0], ends - ends[0], atol=1e-9)
        assert np.array_equal(atoms.numbers[images], atoms.numbers)


def test_nearly_symmetric_becomes_exactly_symmetric() -> None:
    draw = np.random.default_rng(1)
    atoms = rutile()
    atoms.set_cell(atoms.cell.array @ (np.eye(3) + 2e-5 * draw.normal(size=(3, 3))))
    atoms.positions += 2e-4 * draw.normal(size=(6, 3))
    group = find_space_group(atoms, 5e-3)
    assert len(group.rotations) == 16
    assert group.errors.max() > 1e-4
    same = symmetrised(atoms, group)
    assert in_cell(group, same).errors.max() < 1e-12
    assert find_space_group(same, 1e-8).errors.max() < 1e-7
    assert np.abs(same.positions - atoms.positions).max() < 2e-3


def test_strain_keeps_operations_that_it_has_the_symmetry_of() -> None:
    atoms = rutile()
    group = find_space_group(atoms, 1e-3)
    longer = atoms.copy()
    longer.set_cell(atoms.cell.array * [[1], [1], [1.1]], scale_atoms=True)
    assert in_cell(group, longer).errors.max() < 1e-9
    sheared = atoms.copy()
    sheared.set_cell(atoms.cell.array @ [[1, 0.1, 0], [0, 1, 0], [0, 0, 1]], scale_atoms=True)
    assert (in_cell(group, sheared).errors < 1e-9).sum() < 16


def test_atoms_on_each_other_have_no_group() -> None:
    atoms = Atoms("Cu2", positions=[(0, 0, 0), (0, 0, 1e-5)], cell=[3.0] * 3, pbc=True)
    with pytest.raises(StructureError, match="no symmetry"):
        find_space_group(atoms, 1e-3)
