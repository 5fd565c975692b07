"""What symmetry leaves of the features, against e3nn's Wigner matrices and the characters."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from scipy.spatial.transform import Rotation

from betenet.network.angular import spherical_harmonics
from betenet.network.layout import SCALAR, Irrep, irrep_name
from betenet.network.symmetry import Orbits, RowBasis, invariant_bases, rotation_matrices
from betenet.structures import SiteSymmetry, find_symmetry

IRREPS: list[Irrep] = list(product(range(4), (1, -1)))
every_irrep = pytest.mark.parametrize("irrep", IRREPS, ids=map(irrep_name, IRREPS))


def random_rotations(count: int = 6) -> np.ndarray:
    """Half of them improper."""
    matrices = Rotation.random(count, random_state=3).as_matrix()
    matrices[::2] *= -1
    return matrices


def perovskite() -> Atoms:
    places = [(0, 0, 0), (0.5, 0.5, 0.5), (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5)]
    return Atoms("SrTiO3", scaled_positions=places, cell=[3.9, 3.9, 3.9], pbc=True)


def distorted() -> Atoms:
    atoms = bulk("TiN", "rocksalt", a=4.24, cubic=True)
    atoms.rattle(0.1, seed=1)
    return atoms


CRYSTALS = {
    "bcc": bulk("Nb", "bcc", a=3.3),
    "fcc cubic cell": bulk("Al", "fcc", a=4.05, cubic=True),
    "diamond": bulk("Si", "diamond", a=5.43),
    "hcp": bulk("Mg", "hcp", a=3.21, c=5.21),
    "wurtzite": bulk("ZnO", "wurtzite", a=3.25, c=5.21),
    "perovskite": perovskite(),
    "distorted": distorted(),
}
# Rows of each inequivalent site: dimension of the identity representation of its site group in
# the harmonics of degree 0 to 3 (Oh, Oh, Td, D3h, C3v twice, then Oh, Oh, D4h).
ROWS = {
    "bcc": [[1, 0, 0, 0]],
    "fcc cubic cell": [[1, 0, 0, 0]],
    "diamond": [[1, 0, 0, 1]],
    "hcp": [[1, 0, 1, 1]],
    "wurtzite": [[1, 1, 1, 2]] * 2,
    "perovskite": [[1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 1, 0]],
    "distorted": [[1, 3, 5, 7]] * 8,
}
every_crystal = pytest.mark.parametrize("name", CRYSTALS)


def group_of(name: str) -> tuple[SiteSymmetry, Orbits]:
    group = find_symmetry(CRYSTALS[name])
    return group, Orbits.of(group)


# ---------------------------------------------------------------------------------------- rotations


@pytest.mark.parametrize("degree", range(4))
def test_harmonics_turn_by_the_matrices(degree: int) -> None:
    """Of natural parity: the harmonics themselves, under improper rotations too."""
    rotations = random_rotations()
    vectors = np.random.default_rng(1).normal(size=(9, 3))
    before = spherical_harmonics(degree, vectors)[:, degree**2 :]
    matrices = rotation_matrices((degree, (-1) ** degree), rotations)
    for rotation, matrix in zip(rotations, matrices, strict=True):
        after = spherical_harmonics(degree, vectors @ rotation.T)[:, degree**2 :]
        assert np.allclose(after, before @ matrix.T, rtol=0, atol=1e-12)


@every_irrep
def test_matrices_are_those_of_e3nn(irrep: Irrep) -> None:
    from e3nn import o3

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        rotations = torch.as_tensor(random_rotations())
        expected = o3.Irrep(irrep).D_from_matrix(rotations).numpy()
    finally:
        torch.set_default_dtype(before)
    assert np.allclose(rotation_matrices(irrep, rotations.numpy()), expected, rtol=0, atol=1e-10)


@every_irrep
def test_matrices_are_an_orthogonal_representation(irrep: Irrep) -> None:
    first, second = random_rotations(), random_rotations()[::-1]
    one, other, both = (rotation_matrices(irrep, r) for r in (first, second, first @ second))
    assert np.allclose(one @ other, both, rtol=0, atol=1e-12)
    assert np.allclose(one @ one.transpose(0, 2, 1), np.eye(2 * irrep[0] + 1), rtol=0, atol=1e-12)


@every_irrep
def test_inversion_is_the_parity(irrep: Irrep) -> None:
    (matrix,) = rotation_matrices(irrep, -np.eye(3)[None])
    assert np.allclose(matrix, irrep[1] * np.eye(2 * irrep[0] + 1), rtol=0, atol=1e-12)


# ------------------------------------------------------------------------------------------- orbits


@every_crystal
def test_orbits_hold_equivalent_atoms(name: str) -> None:
    group, orbits = group_of(name)
    assert len(orbits.sites) == len(ROWS[name])
    for atom, (site, operation) in enumerate(zip(orbits.site_of, orbits.operations, strict=True)):
        assert group.images[operation, orbits.sites[site]] == atom
        reached = np.flatnonzero(orbits.site_of == site)
        assert set(group.images[:, atom]) == set(reached)
        assert orbits.sites[site] == reached.min()


def test_orbits_of_several_crystals_follow_each_other() -> None:
    parts = [group_of(name)[1] for name in CRYSTALS]
    joined, atom, site = Orbits.joined(parts), 0, 0
    for part in parts:
        atoms, sites = slice(atom, atom + len(part.site_of)), slice(site, site + len(part.sites))
        assert (joined.sites[sites] - atom == part.sites).all()
        assert (joined.site_of[atoms] - site == part.site_of).all()
        assert (joined.operations[atoms] == part.operations).all()
        assert (joined.stands[atoms] == np.isin(np.arange(len(part.site_of)), part.sites)).all()
        atom, site = atoms.stop, sites.stop
    assert (atom, site) == (len(joined.site_of), len(joined.sites))
    alone = Orbits.single(3)
    assert alone.stands.all()
    assert alone.site_of.tolist() == [0, 1, 2]


# -------------------------------------------------------------------------------------------- bases


def character(irrep: Irrep, rotation: np.ndarray) -> float:
    """Σ_m cos(mθ) over m = -l…l, times the parity of an improper rotation."""
    proper = np.sign(np.linalg.det(rotation))
    angle = np.arccos(np.clip((np.trace(proper * rotation) - 1) / 2, -1, 1))
    turned = np.cos(angle * np.arange(-irrep[0], irrep[0] + 1)).sum()
    return float(turned * (1 if proper > 0 else irrep[1]))


@every_crystal
def test_known_numbers_of_rows(name: str) -> None:
    group, orbits = group_of(name)
    natural = [
        invariant_bases((degree, (-1) ** degree), group, orbits)[1].tolist() for degree in range(4)
    ]
    assert np.transpose(natural).tolist() == ROWS[name]


@every_irrep
@every_crystal
def test_number_of_rows_is_that_of_the_characters(name: str, irrep: Irrep) -> None:
    """Mean character of the site group: how often it leaves something unchanged."""
    group, orbits = group_of(name)
    sizes = invariant_bases(irrep, group, orbits)[1]
    for site, size in zip(orbits.sites, sizes, strict=True):
        keeping = group.rotations[group.images[:, site] == site]
        mean = np.mean([character(irrep, rotation) for rotation in keeping])
        assert size == pytest.approx(mean, abs=1e-6)


@every_irrep
@every_crystal
def test_bases_are_orthonormal_and_turn_with_every_operation(name: str, irrep: Irrep) -> None:
    group, orbits = group_of(name)
    bases, sizes = invariant_bases(irrep, group, orbits)
    components = 2 * irrep[0] + 1
    assert bases.shape[:2] == (len(orbits.site_of), components)
    for basis, size in zip(bases, sizes[orbits.site_of], strict=True):
        shown = np.diag(np.arange(bases.shape[2]) < size).astype(float)
        assert np.allclose(basis.T @ basis, shown, rtol=0, atol=1e-12)
    # An operation that keeps an atom in place keeps its basis; another one gives its image's.
    for matrix, image in zip(rotation_matrices(irrep, group.rotations), group.images, strict=True):
        assert np.allclose(matrix @ bases, bases[image], rtol=0, atol=1e-10)


@every_irrep
def test_without_symmetry_everything_is_kept(irrep: Irrep) -> None:
    group = SiteSymmetry.none(3)
    bases, sizes = invariant_bases(irrep, group, Orbits.of(group))
    assert sizes.tolist() == [2 * irrep[0] + 1] * 3
    assert np.allclose(bases @ bases.transpose(0, 2, 1), np.eye(2 * irrep[0] + 1))
    full = RowBasis.full(irrep, Orbits.single(3))
    assert full.atoms is None
    assert full.sizes.tolist() == sizes.tolist()


@every_irrep
def test_bases_of_several_crystals_follow_each_other(irrep: Irrep) -> None:
    groups = [group_of(name) for name in CRYSTALS]
    orbits = Orbits.joined([own for _, own in groups])
    joined = RowBasis.reduced(irrep, groups, orbits)
    parts = [invariant_bases(irrep, *group) for group in groups]
    assert joined.sizes.tolist() == np.concatenate([sizes for _, sizes in parts]).tolist()
    if joined.atoms is None:
        assert irrep == SCALAR
    else:
        assert (joined.atoms == np.concatenate([bases for bases, _ in parts])).all()
    assert joined.starts.tolist() == [joined.sizes[:k].sum() for k in range(len(joined.sizes))]
    rows = [site for site, size in enumerate(joined.sizes) for _ in range(size)]
    assert joined.row_sites.tolist() == rows
