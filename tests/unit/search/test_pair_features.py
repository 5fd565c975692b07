"""Features of crystals and their derivatives."""

import numpy as np
from ase import Atoms

from betenet.search.pair_features import SHARES, describe, kinds_of

ELEMENTS = ("Ca", "H")


def _crystal() -> Atoms:
    places = np.random.default_rng(1).random((4, 3))
    cell = np.diag([3.0, 3.4, 3.8]) + 0.1 * np.random.default_rng(2).random((3, 3))
    return Atoms("CaH2Ca", scaled_positions=places, cell=cell, pbc=True)


def _total(atoms: Atoms) -> np.ndarray:
    return describe(atoms, ELEMENTS).values * len(atoms)


def test_forces_and_virial_are_derivatives() -> None:
    atoms, step = _crystal(), 1e-5
    found = describe(atoms, ELEMENTS)
    moved = [atoms.copy(), atoms.copy()]
    strained = [atoms.copy(), atoms.copy()]
    for sign, shifted, pulled in zip((1, -1), moved, strained, strict=True):
        shifted.positions[1, 2] += sign * step
        strain = np.eye(3)
        strain[0, 1] += sign * step
        pulled.set_cell(atoms.cell.array @ strain, scale_atoms=True)
    slope = (_total(moved[0]) - _total(moved[1])) / (2.0 * step)
    np.testing.assert_allclose(-slope, found.forces[1, 2], atol=1e-6)
    slope = (_total(strained[0]) - _total(strained[1])) / (2.0 * step)
    np.testing.assert_allclose(slope, found.virial[0, 1], atol=1e-5)
    np.testing.assert_allclose(found.forces.sum(axis=0), 0.0, atol=1e-10)


def test_features_for_an_atom_do_not_depend_on_the_cell_or_the_order() -> None:
    atoms = _crystal()
    found = describe(atoms, ELEMENTS).values
    np.testing.assert_allclose(describe(atoms.repeat((2, 1, 1)), ELEMENTS).values, found)
    turned = atoms[[3, 1, 0, 2]]
    turned.rotate(40.0, (1, 2, 3), rotate_cell=True)
    np.testing.assert_allclose(describe(turned, ELEMENTS).values, found, atol=1e-9)
    assert found[kinds_of(2) == SHARES].tolist() == [0.5, 0.5]
    assert len(found) == len(kinds_of(2))
