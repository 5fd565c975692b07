"""The space group of a primitive cell, and what its operations make of each atom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms
from jaxtyping import Float, Int

from betenet.errors import StructureError
from betenet.structures.cell import call_spglib


@dataclass(frozen=True, slots=True, eq=False)
class SpaceGroup:
    """Operations of a crystal, x' = W x + w in its lattice vectors.

    Attributes
    ----------
    rotations
        W, the same for columns of fractional coordinates (op, 3, 3).
    cartesian
        The rotations in space, proper or improper (op, 3, 3).
    images
        Atom that each atom is mapped on (op, atom).
    shifts
        Lattice vector by which the image lies away from that atom (op, atom, 3).
    errors
        Largest distance between the image of an atom and an atom; of a lattice that an operation
        does not keep, the change of its vectors, too (op,) [Å].
    dataset
        Result of spglib: the operations, and the standard cell.
    """

    rotations: Int[np.ndarray, "op 3 3"]
    cartesian: Float[np.ndarray, "op 3 3"]
    images: Int[np.ndarray, "op atom"]
    shifts: Int[np.ndarray, "op atom 3"]
    errors: Float[np.ndarray, " op"]
    dataset: Any

    @property
    def orbits(self) -> Int[np.ndarray, " atom"]:
        """First of the atoms that symmetry makes equal, for each atom."""
        return self.images.min(axis=0)

    def site_operations(self, atom: int) -> Int[np.ndarray, " op"]:
        """Index of each operation that maps an atom on itself, but for a lattice vector."""
        return np.flatnonzero(self.images[:, atom] == atom)

    def conventional(self, lattice: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "3 3"]:
        """Vectors of the conventional cell as rows [Å]."""
        # (a b c) of the input = (a b c) of the standard cell times the matrix, as columns
        return np.linalg.inv(self.dataset.transformation_matrix).T @ lattice


def find_space_group(atoms: Atoms, symprec: float) -> SpaceGroup:
    """Space group of a primitive cell.

    Parameters
    ----------
    atoms
        Crystal, periodic in three directions.
    symprec
        Distance within which atoms count as images of each other [Å].

    Raises
    ------
    StructureError
        If none is found.

    References
    ----------
    Togo, Shinohara and Tanaka, Sci. Technol. Adv. Mater. Meth. 4, 2384822 (2024) (spglib).

    Examples
    --------
    >>> from ase.build import bulk
    >>> group = find_space_group(bulk("NaCl", "rocksalt", a=5.64), 1e-3)
    >>> len(group.rotations), group.orbits.tolist()
    (48, [0, 1])
    """
    places = atoms.get_scaled_positions(wrap=False)
    crystal = (atoms.cell.array, places, atoms.numbers)
    found = call_spglib("get_symmetry_dataset", crystal, symprec=symprec)
    if found is None:
        raise StructureError(
            f"spglib finds no symmetry of {atoms.symbols} within {symprec:g} Å.",
            "Usually atoms lie nearly on top of each other.",
            "Check the positions, or try another symprec.",
        )
    return _described(atoms, np.array(found.rotations, dtype=np.int64), found)


def in_cell(group: SpaceGroup, atoms: Atoms) -> SpaceGroup:
    """Operations of a group in a cell that has been strained, whose atoms have moved a little."""
    return _described(atoms, group.rotations, group.dataset)


def _described(atoms: Atoms, rotations: Int[np.ndarray, "op 3 3"], found: Any) -> SpaceGroup:
    lattice, places = atoms.cell.array, atoms.get_scaled_positions(wrap=False)
    moved = np.einsum("oij,aj->oai", rotations, places) + np.asarray(found.translations)[:, None]
    apart = moved[:, :, None] - places
    shifts = np.rint(apart).astype(np.int64)
    distances = np.linalg.norm((apart - shifts) @ lattice, axis=3)
    distances[:, atoms.numbers[:, None] != atoms.numbers] = np.inf
    images = distances.argmin(axis=2)
    cartesian = lattice.T @ rotations @ np.linalg.inv(lattice.T)
    # x Rᵀ = x for a rotation that is orthogonal; measured over a length of the size of the cell
    skew = np.abs(cartesian @ cartesian.transpose(0, 2, 1) - np.eye(3)).max(axis=(1, 2))
    return SpaceGroup(
        rotations,
        cartesian,
        images,
        np.take_along_axis(shifts, images[:, :, None, None], axis=2)[:, :, 0],
        np.maximum(distances.min(axis=2).max(axis=1), skew * np.abs(lattice).max()),
        found,
    )


def symmetrised(atoms: Atoms, group: SpaceGroup) -> Atoms:
    """Copy of a crystal whose lattice and atoms have the symmetry exactly.

    Parameters
    ----------
    atoms
        Crystal that the operations map on itself nearly.
    group
        Its operations.
    """
    lattice, places = atoms.cell.array, atoms.get_scaled_positions(wrap=False)
    turned = group.rotations.transpose(0, 2, 1) @ (lattice @ lattice.T) @ group.rotations
    inverse = np.linalg.inv(lattice)
    # the strain that makes the mean metric of the lattice's, without turning it
    squares, axes = np.linalg.eigh(inverse @ turned.mean(axis=0) @ inverse.T)
    strain = (axes * np.sqrt(squares)) @ axes.T
    moved = np.einsum("oij,aj->oai", group.rotations, places) - group.shifts
    moved += np.asarray(group.dataset.translations)[:, None]
    mean = np.zeros_like(places)
    np.add.at(mean, group.images, moved)
    same = atoms.copy()
    same.set_cell(lattice @ strain)
    same.set_scaled_positions(mean / len(group.rotations))
    return same
