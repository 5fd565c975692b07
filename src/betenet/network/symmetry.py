"""What symmetry leaves of a site's features: a basis for each representation and site.

Features are equivariant, so those of equivalent sites are rotations of each other, and those of
one site are unchanged by the operations that keep it in place. A vector at the site of a cubic
crystal, say, has no component at all. The reduction is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float, Int

from betenet.network.angular import spherical_harmonics
from betenet.network.indices import join_indices
from betenet.network.layout import SCALAR, Irrep
from betenet.structures.symmetry import SiteSymmetry

# Directions that no operation of a crystal maps on each other; more than enough for l = 3.
_DIRECTIONS = np.random.default_rng(0).normal(size=(24, 3))


@dataclass(frozen=True, slots=True)
class Orbits:
    """Which atoms are equivalent.

    Attributes
    ----------
    sites
        Index of the first atom of each orbit, in order (site,).
    site_of
        Orbit of each atom (atom,).
    operations
        An operation that maps the first atom of the orbit on each atom (atom,).
    """

    sites: Int[np.ndarray, " site"]
    site_of: Int[np.ndarray, " atom"]
    operations: Int[np.ndarray, " atom"]

    @property
    def stands(self) -> Bool[np.ndarray, " atom"]:
        """Whether an atom is the first of its orbit."""
        return self.sites[self.site_of] == np.arange(len(self.site_of))

    @classmethod
    def single(cls, n_atoms: int) -> Orbits:
        """Every atom on its own."""
        atoms = np.arange(n_atoms)
        return cls(atoms, atoms, np.zeros(n_atoms, dtype=np.int64))

    @classmethod
    def of(cls, symmetry: SiteSymmetry) -> Orbits:
        """Orbits of a space group."""
        first = symmetry.images.min(axis=0)
        sites, site_of = np.unique(first, return_inverse=True)
        reached = symmetry.images[:, first] == np.arange(len(first))
        return cls(sites, site_of, reached.argmax(axis=0))

    @classmethod
    def joined(cls, parts: Sequence[Orbits]) -> Orbits:
        """Bases of several crystals, one after the other."""
        atoms = np.array([len(part.site_of) for part in parts])
        sites = np.array([len(part.sites) for part in parts])
        return cls(
            join_indices([part.sites for part in parts], atoms),
            join_indices([part.site_of for part in parts], sites),
            np.concatenate([part.operations for part in parts]),
        )


def rotation_matrices(
    irrep: Irrep, rotations: Float[np.ndarray, "op 3 3"]
) -> Float[np.ndarray, "op m m"]:
    r"""Matrices D with :math:`Y_l(R\hat r) = D\,Y_l(\hat r)`, times the parity of `irrep`.

    Parameters
    ----------
    irrep
        Degree and parity.
    rotations
        Cartesian, proper or improper.
    """
    degree, parity = irrep
    turned = (_DIRECTIONS @ rotations.transpose(0, 2, 1)).reshape(-1, 3)
    after = spherical_harmonics(degree, turned)[:, degree**2 :]
    after = after.reshape(len(rotations), len(_DIRECTIONS), -1)
    matrices = (_solver(degree) @ after).transpose(0, 2, 1)
    # The harmonics carry the parity (-1)^l of their own.
    improper = np.linalg.det(rotations) < 0
    return np.where(improper, parity * (-1) ** degree, 1)[:, None, None] * matrices


@lru_cache(maxsize=4)
def _solver(degree: int) -> np.ndarray:
    """From values along the directions to coefficients of the harmonics."""
    return np.linalg.pinv(spherical_harmonics(degree, _DIRECTIONS)[:, degree**2 :])


def invariant_bases(
    irrep: Irrep, symmetry: SiteSymmetry, orbits: Orbits
) -> tuple[Float[np.ndarray, "atom m row"], Int[np.ndarray, " site"]]:
    """Basis of the features of every atom, and its size on each orbit.

    Returns
    -------
    Float[ndarray, "atom m row"]
        Columns beyond the size of the basis are zero. The coefficients are those of the orbit.
    Int[ndarray, "site"]
        Sizes.
    """
    matrices = rotation_matrices(irrep, symmetry.rotations)
    keeps = (symmetry.images[:, orbits.sites] == orbits.sites).astype(float)
    projectors = np.einsum("gs,gab->sab", keeps / keeps.sum(axis=0), matrices)
    values, vectors = np.linalg.eigh((projectors + projectors.transpose(0, 2, 1)) / 2)
    kept = values > 0.5  # eigenvalues of a projector are 0 and 1, in ascending order
    bases = (vectors * kept[:, None, :])[:, :, ::-1]
    return matrices[orbits.operations] @ bases[orbits.site_of], kept.sum(axis=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowBasis:
    """Rows of features of one representation.

    Attributes
    ----------
    atoms
        How the features of each atom follow from its site's rows; columns beyond them are zero.
        None if every atom has all 2l + 1 components of its own.
    sizes
        Rows of each site.
    orbits
        Orbits of all crystals.
    """

    atoms: Float[np.ndarray, "atom m row"] | None
    sizes: Int[np.ndarray, " site"]
    orbits: Orbits

    @property
    def starts(self) -> Int[np.ndarray, " site"]:
        """First row of each site."""
        return np.cumsum(self.sizes) - self.sizes

    @property
    def row_sites(self) -> Int[np.ndarray, " row"]:
        """Site of each row."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    @classmethod
    def full(cls, irrep: Irrep, orbits: Orbits) -> RowBasis:
        """All components of every atom."""
        sizes = np.full(len(orbits.sites), 2 * irrep[0] + 1)
        return cls(atoms=None, sizes=sizes, orbits=orbits)

    @classmethod
    def reduced(
        cls, irrep: Irrep, crystals: Sequence[tuple[SiteSymmetry, Orbits]], orbits: Orbits
    ) -> RowBasis:
        """What symmetry leaves, crystal by crystal."""
        if irrep == SCALAR:
            return cls.full(irrep, orbits)
        found = [invariant_bases(irrep, symmetry, own) for symmetry, own in crystals]
        atoms, sizes = (np.concatenate(part) for part in zip(*found, strict=True))
        return cls(atoms=atoms, sizes=sizes, orbits=orbits)
