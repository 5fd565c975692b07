import warnings
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from phonopy.phonon.mesh import Mesh  # pyright: ignore[reportMissingTypeStubs]

from betenet.phonons import PhononSettings
from betenet.phonons.force_constants import force_constants
from betenet.phonons.force_field import ForceField
from betenet.phonons.q_mesh import irreducible_points, mesh_of_length, points_along
from betenet.phonons.space_group import find_space_group
from betenet.structures import standardise

CRYSTALS = {
    "fcc": bulk("Cu"),
    "bcc": bulk("Cu", "bcc", a=2.9),
    "hcp": bulk("Cu", "hcp", a=2.6, c=4.2),
    "tetragonal, centred": Atoms(
        "Cu", cell=[[-1.4, 1.4, 1.9], [1.4, -1.4, 1.9], [1.4, 1.4, -1.9]], pbc=True
    ),
    "orthorhombic, centred": Atoms("Cu", cell=[[1.5, 2.2, 0], [-1.5, 2.2, 0], [0, 0, 2.7]], pbc=1),
    "rhombohedral": Atoms("Cu", cell=[[2.4, 0.3, 0.3], [0.3, 2.4, 0.3], [0.3, 0.3, 2.4]], pbc=True),
    "monoclinic": Atoms("Cu", cell=[[2.5, 0, 0], [0, 2.7, 0], [0.6, 0, 2.9]], pbc=True),
    "triclinic": Atoms("Cu", cell=[[2.5, 0, 0], [0.3, 2.7, 0], [0.6, 0.4, 2.9]], pbc=True),
}


@pytest.mark.parametrize("name", CRYSTALS)
@pytest.mark.parametrize("length", [17.0, 31.0])
def test_mesh_is_that_of_phonopy(name: str, length: float, emt: ForceField) -> None:
    atoms = standardise(CRYSTALS[name])
    phonon: Any = force_constants(atoms, emt, PhononSettings(distance=5.0)).phonopy
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mesh: Mesh = phonon.run_mesh(length)
    group = find_space_group(atoms, 1e-3)
    lattice = atoms.cell.array
    points, weights = mesh_of_length(lattice, group.rotations, group.conventional(lattice), length)
    ours = weights_of_stars(group.rotations, points, weights)
    theirs = weights_of_stars(
        group.rotations, np.asarray(mesh.qpoints), mesh.weights / np.sum(mesh.weights)
    )
    assert ours.keys() == theirs.keys()
    assert all(ours[star] == pytest.approx(theirs[star]) for star in ours)


def weights_of_stars(
    rotations: np.ndarray, points: np.ndarray, weights: np.ndarray
) -> dict[tuple[int, ...], float]:
    """Weights by the least of the points that symmetry and time reversal make equal."""
    found: dict[tuple[int, ...], float] = {}
    for point, weight in zip(points, weights, strict=True):
        # q turns into W⁻ᵀ q, and the inverses of the rotations are the rotations
        star = point @ rotations
        star = np.concatenate([star, -star])
        whole = np.rint((star - np.floor(star + 1e-7)) * 1e6).astype(int) % 1_000_000
        found[min(map(tuple, whole.tolist()))] = float(weight)
    return found


def test_each_point_of_the_mesh_is_counted_once() -> None:
    rotations = find_space_group(bulk("Cu"), 1e-3).rotations
    points, weights = irreducible_points(6 * np.eye(3, dtype=int), rotations)
    assert weights.sum() == pytest.approx(1.0)
    stars = weights_of_stars(rotations, points, weights)
    assert len(stars) == len(points)
    counts = np.rint(weights * 216).astype(int)
    for point, count in zip(points, counts, strict=True):
        star = np.concatenate([point @ rotations, -point @ rotations])
        assert count == len(np.unique(np.rint(star * 6).astype(int) % 6, axis=0))


def test_symmetry_that_the_mesh_breaks_is_not_used() -> None:
    cubic = find_space_group(bulk("Po", "sc", a=3.0), 1e-3)
    whole, _ = irreducible_points(np.diag([4, 4, 4]), cubic.rotations)
    broken, weights = irreducible_points(np.diag([4, 4, 3]), cubic.rotations)
    assert len(whole) == 10
    # 48 points, of which time reversal leaves the four with 2 q = 0 and half of the others
    assert len(broken) == 4 + 44 // 2
    assert weights.sum() == pytest.approx(1.0)


def test_points_along_reciprocal_vectors() -> None:
    assert points_along(np.diag([2.0, 3.0, 50.0]), 12.0).tolist() == [6, 4, 1]
