from typing import Any

import numpy as np
import pytest
import spglib
from ase import Atoms
from ase.build import bulk
from ase.neighborlist import neighbor_list
from ase.spacegroup import crystal
from scipy.spatial import cKDTree
from tests.fixture_types import Patch

from betenet.structures import SiteSymmetry, find_symmetry, symmetry
from betenet.structures.cell import SPGLIB_ERRORS
from betenet.structures.symmetry import EXACT


def perovskite() -> Atoms:
    places = [(0, 0, 0), (0.5, 0.5, 0.5), (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5)]
    return Atoms("SrTiO3", scaled_positions=places, cell=[3.9, 3.9, 3.9], pbc=True)


def fluorite_out_of_its_cell() -> Atoms:
    """Turned, shifted, with atoms outside a left-handed cell."""
    atoms = bulk("CaF2", "fluorite", a=5.46)
    atoms.set_cell(atoms.cell.array[[1, 0, 2]])
    atoms.positions += atoms.cell.array[[0, 1, 2]] * [[2], [-1], [3]] + [0.3, -0.2, 0.7]
    atoms.rotate(37.0, (1, -2, 0.5), rotate_cell=True)
    return atoms


# Order of the point group, times the lattice points of the cell (International Tables A).
KNOWN = {
    "bcc": (bulk("Nb", "bcc", a=3.3), 48),
    "fcc": (bulk("Al", "fcc", a=4.05), 48),
    "diamond": (bulk("Si", "diamond", a=5.43), 48),
    "hcp": (bulk("Mg", "hcp", a=3.21, c=5.21), 24),
    "zincblende": (bulk("GaAs", "zincblende", a=5.65), 24),
    "wurtzite": (bulk("ZnO", "wurtzite", a=3.25, c=5.21), 12),
    "perovskite": (perovskite(), 48),
    "bcc cubic cell": (bulk("Nb", "bcc", a=3.3, cubic=True), 96),
    "fcc cubic cell": (bulk("Al", "fcc", a=4.05, cubic=True), 192),
    "hcp doubled along c": (bulk("Mg", "hcp", a=3.21, c=5.21).repeat((1, 1, 2)), 48),
    "alpha quartz": (
        crystal(
            ("Si", "O"),
            [(0.4697, 0, 0), (0.4135, 0.2669, 0.1191)],
            spacegroup=152,
            cellpar=[4.916, 4.916, 5.405, 90, 90, 120],
        ),
        6,
    ),
    "fluorite, elsewhere": (fluorite_out_of_its_cell(), 48),
}
CRYSTALS = [atoms for atoms, _ in KNOWN.values()]
every_crystal = pytest.mark.parametrize("atoms", CRYSTALS, ids=KNOWN)


def rounded(digits: int = 5) -> Atoms:
    """As in a file: thirds are off by 1e-5 Å."""
    atoms = bulk("Mg", "hcp", a=3.21, c=5.21)
    atoms.set_scaled_positions(np.round(atoms.get_scaled_positions(), digits))
    return atoms


def assert_maps_crystal_on_itself(atoms: Atoms, found: SiteSymmetry, tolerance: float) -> None:
    """Vectors between all neighbours, turned, are those between the atoms' images."""
    i, j, vectors = neighbor_list("ijD", atoms, 4.6, self_interaction=True)
    far = 100.0  # tells atoms apart
    tree = cKDTree(np.column_stack([far * i, far * j, vectors]))
    for rotation, image in zip(found.rotations, found.images, strict=True):
        assert sorted(image) == list(range(len(atoms)))
        assert (atoms.numbers[image] == atoms.numbers).all()
        turned = np.column_stack([far * image[i], far * image[j], vectors @ rotation.T])
        distance, nearest = tree.query(turned)
        assert distance.max() < tolerance
        assert len(np.unique(nearest)) == len(i)


@pytest.mark.parametrize(("atoms", "count"), KNOWN.values(), ids=KNOWN)
def test_number_of_operations(atoms: Atoms, count: int) -> None:
    found = find_symmetry(atoms)
    assert found.rotations.shape == (count, 3, 3)
    assert found.images.shape == (count, len(atoms))


@every_crystal
def test_operations_map_the_crystal_on_itself(atoms: Atoms) -> None:
    assert_maps_crystal_on_itself(atoms, find_symmetry(atoms), tolerance=1e-8)


@every_crystal
def test_rotations_are_orthogonal(atoms: Atoms) -> None:
    rotations = find_symmetry(atoms).rotations
    assert np.allclose(rotations @ rotations.transpose(0, 2, 1), np.eye(3), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["wurtzite", "zincblende", "bcc cubic cell", "alpha quartz"])
def test_operations_form_a_group(name: str) -> None:
    found = find_symmetry(KNOWN[name][0])
    flat = found.rotations.reshape(-1, 9)
    table = np.column_stack([flat, 10 * found.images])
    products = [
        np.column_stack([(rotation @ found.rotations).reshape(-1, 9), 10 * image[found.images]])
        for rotation, image in zip(found.rotations, found.images, strict=True)
    ]
    distance, which = cKDTree(table).query(np.array(products))
    assert distance.max() < 1e-9
    assert all(len(set(row)) == len(table) for row in which)


def test_centring_moves_atoms_without_a_rotation() -> None:
    found = find_symmetry(KNOWN["fcc cubic cell"][0])
    pure = np.abs(found.rotations - np.eye(3)).max(axis=(1, 2)) < 1e-12
    assert sorted(found.images[pure][:, 0]) == [0, 1, 2, 3]


def test_equal_elements_only() -> None:
    """CsCl is bcc to the eye; its two atoms are not equivalent."""
    found = find_symmetry(bulk("CsCl", "cesiumchloride", a=4.12))
    assert len(found.rotations) == 48
    assert (found.images == [0, 1]).all()


def assert_identity_alone(found: SiteSymmetry, n_atoms: int) -> None:
    assert (found.rotations == np.eye(3)[None]).all()
    assert found.rotations.shape == (1, 3, 3)
    assert found.images.tolist() == [list(range(n_atoms))]


def test_no_symmetry() -> None:
    atoms = bulk("TiN", "rocksalt", a=4.24, cubic=True)
    atoms.rattle(0.05, seed=1)
    assert_identity_alone(find_symmetry(atoms), 8)
    assert_identity_alone(SiteSymmetry.none(3), 3)


def test_rounded_coordinates_have_no_inexact_operation() -> None:
    """The second layer is off along a line of mirrors: mmm is left of 6/mmm, exactly."""
    atoms = rounded()
    found = find_symmetry(atoms)
    assert len(found.rotations) == 8
    assert_maps_crystal_on_itself(atoms, found, tolerance=2 * EXACT)


@pytest.mark.parametrize("answer", ["error", None])
def test_failure_of_spglib_means_no_symmetry(answer: Any, monkeypatch: Patch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        if answer == "error":
            raise SPGLIB_ERRORS[0]("no symmetry")

    monkeypatch.setattr(spglib, "get_symmetry", fail)
    assert_identity_alone(find_symmetry(perovskite()), 5)


@pytest.mark.parametrize("what", ["atom", "lattice"])
def test_operations_that_spglib_takes_as_exact_are_checked(what: str, monkeypatch: Patch) -> None:
    """One atom or one lattice vector that is off by ten times what is allowed."""
    atoms, answers, get_symmetry = perovskite(), [], spglib.get_symmetry

    def first_answer(*arguments: Any, **settings: Any) -> Any:
        answers.append(get_symmetry(*arguments, **settings))
        return answers[0]

    monkeypatch.setattr(spglib, "get_symmetry", first_answer)
    assert len(find_symmetry(atoms).rotations) == 48
    if what == "atom":
        atoms.positions[1, 0] += 10 * EXACT
    else:
        atoms.set_cell(atoms.cell.array + np.diag([10 * EXACT, 0, 0]), scale_atoms=True)
    assert_identity_alone(find_symmetry(atoms), 5)


def test_memory_is_bounded(monkeypatch: Patch) -> None:
    """A few operations at a time give the same."""
    atoms = KNOWN["hcp doubled along c"][0]
    expected = find_symmetry(atoms)
    monkeypatch.setattr(symmetry, "CHUNK", 7 * len(atoms) ** 2)
    found = find_symmetry(atoms)
    assert (found.images == expected.images).all()
    assert (found.rotations == expected.rotations).all()


def test_search_of_a_large_cell_can_be_forbidden() -> None:
    atoms = bulk("Al", "fcc", a=4.05, cubic=True)
    # 192 operations on four atoms
    assert len(find_symmetry(atoms, most=192 * 4**2).rotations) == 192
    assert len(find_symmetry(atoms, most=192 * 4**2 - 1).rotations) == 1
