"""The ways in which a crystal can change and keep its symmetry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from jaxtyping import Float
from scipy.linalg import expm

from betenet.phonons.space_group import SpaceGroup

_KEPT = 0.99


@dataclass(frozen=True, slots=True, eq=False)
class SymmetricMoves:
    """Strains and displacements that leave every operation of a space group one.

    Attributes
    ----------
    strains
        Symmetric matrices, orthonormal (strain, 3, 3).
    displacements
        Displacements of all atoms, orthonormal, and none of the crystal as a whole
        (displacement, atom, 3).
    """

    strains: Float[np.ndarray, "strain 3 3"]
    displacements: Float[np.ndarray, "displacement atom 3"]

    @classmethod
    def from_group(
        cls, group: SpaceGroup, *, cell_too: bool, normal: Float[np.ndarray, "3"] | None = None
    ) -> SymmetricMoves:
        """Find them.

        Parameters
        ----------
        group
            Operations, which map the crystal on itself exactly.
        cell_too
            Whether the lattice may be strained.
        normal
            Normal of the plane of a layer, in which strains lie then.

        Examples
        --------
        Rutile: a, c, and one coordinate of the oxygen atoms.

        >>> from ase.spacegroup import crystal
        >>> from betenet.phonons.space_group import find_space_group
        >>> cell = [4.59, 4.59, 2.96, 90, 90, 90]
        >>> places = [(0, 0, 0), (0.305, 0.305, 0)]
        >>> rutile = crystal("TiO", places, spacegroup=136, cellpar=cell)
        >>> group = find_space_group(rutile, 1e-3)
        >>> moves = SymmetricMoves.from_group(group, cell_too=True)
        >>> len(moves.strains), len(moves.displacements)
        (2, 1)
        """
        turns, images = group.cartesian, group.images
        n = images.shape[1]
        strains = np.zeros((0, 3, 3))
        if cell_too:
            plane = np.eye(3) if normal is None else np.eye(3) - np.outer(normal, normal)
            mean = np.einsum("oij,okl->ikjl", turns, turns) / len(turns)
            both = mean + mean.transpose(1, 0, 2, 3)
            both = np.einsum("ai,bk,ikjl,jc,ld->abcd", plane, plane, both / 2, plane, plane)
            strains = _unchanged(both.reshape(9, 9)).reshape(-1, 3, 3)
        mean = np.zeros((n, 3, n, 3))
        for turn, image in zip(turns, images, strict=True):
            mean[image, :, np.arange(n), :] += turn / len(turns)
        mean = mean.reshape(3 * n, 3 * n)
        whole = np.tile(np.eye(3), (n, n)) / n
        displacements = _unchanged(mean - whole @ mean).reshape(-1, n, 3)
        return cls(strains, displacements)

    def __len__(self) -> int:
        return len(self.strains) + len(self.displacements)

    def moved(self, atoms: Atoms, amounts: Float[np.ndarray, " move"]) -> Atoms:
        """Copy of a crystal after some of each: strains as exponents, displacements in Å."""
        strain, displacement = np.split(amounts, [len(self.strains)])
        deformed = expm(np.tensordot(strain, self.strains, axes=1))
        changed = atoms.copy()
        changed.set_cell(atoms.cell.array @ deformed)
        away = np.tensordot(displacement, self.displacements, axes=1)
        changed.set_positions(atoms.positions @ deformed + away)
        return changed

    def slopes(
        self,
        virial: Float[np.ndarray, "3 3"],
        forces: Float[np.ndarray, "atom 3"],
    ) -> Float[np.ndarray, " move"]:
        """Derivatives of the energy with respect to the amounts [eV, eV/Å].

        Parameters
        ----------
        virial
            Derivative of the energy with respect to strain [eV].
        forces
            On the atoms [eV/Å].
        """
        of_strains = np.tensordot(self.strains, virial, axes=2)
        return np.concatenate([of_strains, -np.tensordot(self.displacements, forces, axes=2)])

    def largest_force(
        self,
        slopes: Float[np.ndarray, " move"],
    ) -> float:
        """Largest force on an atom, and on a lattice vector as ASE has it, that still acts [eV/Å].

        Parameters
        ----------
        slopes
            As `slopes` gives them.
        """
        strain, displacement = np.split(slopes, [len(self.strains)])
        on_cell = np.tensordot(strain, self.strains, axes=1) / self.displacements.shape[1]
        on_atoms = np.tensordot(displacement, self.displacements, axes=1)
        return float(np.linalg.norm(np.concatenate([on_cell, on_atoms]), axis=1).max())


def _unchanged(projection: Float[np.ndarray, "size size"]) -> Float[np.ndarray, "kept size"]:
    """Orthonormal vectors that a projection leaves as they are."""
    shares, vectors = np.linalg.eigh((projection + projection.T) / 2)
    return vectors.T[shares > _KEPT]
