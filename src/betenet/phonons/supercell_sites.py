"""The atoms of a supercell: which primitive cell each lies in, and where operations put it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from ase import Atoms
from jaxtyping import Float, Int

from betenet.phonons.space_group import SpaceGroup
from betenet.structures.cell import reduce_cell

_AROUND = np.array(list(product((-1, 0, 1), repeat=3)))


@dataclass(frozen=True, slots=True, eq=False)
class Supercell:
    """A supercell of a primitive cell. Its atoms are ordered by primitive atom, then by cell.

    Attributes
    ----------
    primitive
        The primitive cell.
    matrix
        Vectors of the supercell in those of the primitive cell, as rows (3, 3).
    cells
        Lattice vector of each primitive cell in it; the first is zero (cell, 3).
    """

    primitive: Atoms
    matrix: Int[np.ndarray, "3 3"]
    cells: Int[np.ndarray, "cell 3"]

    @classmethod
    def from_matrix(cls, primitive: Atoms, matrix: Int[np.ndarray, "3 3"]) -> Supercell:
        """Build from the vectors of the supercell in those of the primitive cell, as rows.

        Examples
        --------
        >>> from ase.build import bulk
        >>> supercell = Supercell.from_matrix(bulk("Cu"), 2 * np.eye(3, dtype=int))
        >>> len(supercell.cells), len(supercell.atoms())
        (8, 8)
        """
        return cls(primitive, matrix, cells_of(matrix))

    @property
    def n_atoms(self) -> int:
        """Number of its atoms."""
        return len(self.primitive) * len(self.cells)

    def atoms(self) -> Atoms:
        """Its atoms at rest."""
        lattice = self.primitive.cell.array
        positions = self.primitive.positions[:, None] + self.cells @ lattice
        numbers = np.repeat(self.primitive.numbers, len(self.cells))
        return Atoms(
            numbers, positions=positions.reshape(-1, 3), cell=self.matrix @ lattice, pbc=True
        )

    def find(self, vectors: Int[np.ndarray, "*batch 3"]) -> Int[np.ndarray, "*batch"]:
        """Cell that lies at a lattice vector, or is the same but for vectors of the supercell."""
        known = self._key(self.cells)
        order = np.argsort(known)
        return order[np.searchsorted(known, self._key(vectors), sorter=order)]

    def site_images(
        self, group: SpaceGroup, atom: int, operations: Int[np.ndarray, " op"]
    ) -> Int[np.ndarray, "op atom"]:
        """Atom of the supercell that each is mapped on.

        Parameters
        ----------
        group
            Space group of the primitive cell.
        atom
            An atom of the primitive cell: its image is put into the first cell.
        operations
            Indices of operations; others than those of the site turn about the image.
        """
        turned = self.cells @ group.rotations[operations].transpose(0, 2, 1)
        shifts = group.shifts[operations]
        moved = turned[:, None] + (shifts - shifts[:, [atom]])[:, :, None]
        images = group.images[operations][:, :, None] * len(self.cells) + self.find(moved)
        return images.reshape(len(operations), -1)

    def opposite(self) -> Int[np.ndarray, " cell"]:
        """Cell at minus the lattice vector of each."""
        return self.find(-self.cells)

    def _key(self, vectors: Int[np.ndarray, "*batch 3"]) -> Int[np.ndarray, "*batch"]:
        count = _determinant(self.matrix)
        inside = (vectors @ _adjugate(self.matrix)) % count
        return (inside[..., 0] * count + inside[..., 1]) * count + inside[..., 2]


def cells_of(matrix: Int[np.ndarray, "3 3"]) -> Int[np.ndarray, "cell 3"]:
    """Lattice vectors of the primitive cells of a supercell, zero first.

    Parameters
    ----------
    matrix
        Vectors of the supercell in those of the primitive cell, as rows.
    """
    count = _determinant(matrix)
    corners = np.array(np.meshgrid(*[[0, 1]] * 3)).reshape(3, -1).T @ matrix
    axes = (
        np.arange(low, high + 1)
        for low, high in zip(corners.min(axis=0), corners.max(axis=0), strict=True)
    )
    inside = np.array(np.meshgrid(*axes, indexing="ij")).reshape(3, -1).T
    fractions = inside @ _adjugate(matrix)
    found = inside[((fractions >= 0) & (fractions < count)).all(axis=1)]
    first = (found == 0).all(axis=1)
    return np.concatenate([found[first], found[~first]])


def smallest_vectors(
    supercell: Supercell, tolerance: float
) -> tuple[Int[np.ndarray, "vector 3"], Float[np.ndarray, "vector first second"]]:
    """Lattice vectors from the cell of each atom to those of the nearest images of others.

    Parameters
    ----------
    supercell
        With its atoms at rest.
    tolerance
        Images that are that much farther count as nearest, too [Å].

    Returns
    -------
    tuple
        Distinct vectors, and the share that each has of the images of an atom of the supercell
        (second) that are nearest to one of the primitive cell (first): one over their number.
    """
    lattice = supercell.primitive.cell.array
    reduced = reduce_cell(supercell.matrix @ lattice)
    steps = np.rint(reduced @ np.linalg.inv(lattice)).astype(np.int64)
    positions = supercell.primitive.positions
    apart = (positions[:, None] + supercell.cells @ lattice).reshape(-1, 3) - positions[:, None]
    # of a reduced lattice, the nearest image is a neighbour of that with the nearest corner
    nearest = -np.rint(apart @ np.linalg.inv(reduced)).astype(np.int64)
    near = nearest[:, :, None] + _AROUND
    lengths = np.linalg.norm(apart[:, :, None] + near @ reduced, axis=3)
    wanted = lengths < lengths.min(axis=2, keepdims=True) + tolerance
    first, second, which = np.nonzero(wanted)
    cells = np.tile(supercell.cells, (len(positions), 1))
    vectors, kind = np.unique(
        cells[second] + near[first, second, which] @ steps, axis=0, return_inverse=True
    )
    shares = np.zeros((len(vectors), *wanted.shape[:2]))
    shares[kind.ravel(), first, second] = (1.0 / wanted.sum(axis=2))[first, second]
    return vectors, shares


def _determinant(matrix: Int[np.ndarray, "3 3"]) -> int:
    return round(abs(float(np.linalg.det(matrix))))


def _adjugate(matrix: Int[np.ndarray, "3 3"]) -> Int[np.ndarray, "3 3"]:
    """Inverse times the number of cells, whole numbers."""
    return np.rint(np.linalg.inv(matrix) * _determinant(matrix)).astype(np.int64)
