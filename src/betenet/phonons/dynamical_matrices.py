"""Frequencies of the waves of a crystal, from the force constants between its atoms."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Complex, Float, Int

from betenet.phonons.force_constants import HarmonicCrystal
from betenet.phonons.supercell_sites import cells_of, smallest_vectors
from betenet.structures.symmetry import EXACT
from betenet.units import (
    ATOMIC_MASS_UNIT,
    ELEMENTARY_CHARGE,
    PLANCK_CONSTANT,
    convert_frequency,
)

AT_ONCE = 200_000
"""Numbers of dynamical matrices that are computed together: 3 MB."""

_MEV = 1e13 * PLANCK_CONSTANT / (2.0 * math.pi) / math.sqrt(ELEMENTARY_CHARGE * ATOMIC_MASS_UNIT)
"""Energy of a wave whose square of the frequency is 1 eV/Å²/u [meV]."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DynamicalMatrices:
    r"""The dynamical matrices of a crystal as a function of q.

    .. math::
        D_{ij}(q) = \sum_T e^{2\pi i q \cdot T} \frac{\Phi_{ij}(T)}{\sqrt{m_i m_j}}

    Attributes
    ----------
    lattice
        Vectors of the primitive cell as rows [Å, or the length of a file].
    positions
        Places of the atoms, in lattice vectors (atom, 3).
    vectors
        T, lattice vectors from the cell of an atom to that of an image of another, one of two
        opposite ones (vector, 3).
    blocks
        Φ(T) over the root of the masses, with the transpose of Φ(-T) added (vector, row, column).
    factor
        Energy of a wave whose square of the frequency is 1 in the unit of the blocks [meV].
    rotations
        Rotations of the space group, on columns of fractional coordinates (op, 3, 3).
    conventional
        Vectors of the conventional cell as rows.
    orbits
        First of the atoms that symmetry makes equal (atom,).
    inverse
        Image of each atom by an inversion of the space group; None without one (atom,).
    fitting
        The q points that fit the supercell, in reciprocal vectors (point, 3).
    """

    lattice: Float[np.ndarray, "3 3"]
    positions: Float[np.ndarray, "atom 3"]
    vectors: Int[np.ndarray, "vector 3"]
    blocks: Float[np.ndarray, "vector row column"]
    factor: float
    rotations: Int[np.ndarray, "op 3 3"]
    conventional: Float[np.ndarray, "3 3"]
    orbits: Int[np.ndarray, " atom"]
    inverse: Int[np.ndarray, " atom"] | None
    fitting: Float[np.ndarray, "point 3"]

    @classmethod
    def from_crystal(cls, crystal: HarmonicCrystal) -> DynamicalMatrices:
        """Build from the force constants of a crystal."""
        supercell, group = crystal.supercell, crystal.group
        atoms = supercell.primitive
        vectors, blocks = _folded(
            *smallest_vectors(supercell, crystal.symprec),
            crystal.constants,
            np.repeat(np.arange(len(atoms)), len(supercell.cells)),
            atoms.get_masses(),
        )
        lattice = atoms.cell.array
        is_inversion = (group.rotations == -np.eye(3, dtype=int)).all(axis=(1, 2))
        inversion = np.flatnonzero(is_inversion & (group.errors < EXACT))
        return cls(
            lattice=lattice,
            positions=atoms.get_scaled_positions(wrap=False),
            vectors=vectors,
            blocks=blocks,
            factor=_MEV,
            rotations=group.rotations,
            conventional=group.conventional(lattice),
            orbits=group.orbits,
            inverse=group.images[inversion[0]] if len(inversion) else None,
            fitting=fitting_points(supercell.matrix),
        )

    @classmethod
    def from_phonopy(cls, phonon: Any) -> DynamicalMatrices:
        """Build from an object of phonopy with force constants."""
        primitive, found = phonon.primitive, phonon.primitive_symmetry
        constants = np.asarray(phonon.force_constants)
        if len(constants) != len(primitive):
            constants = constants[np.asarray(primitive.p2s_map)]
        own = {int(atom): place for place, atom in enumerate(primitive.p2s_map)}
        second = np.array([own[int(atom)] for atom in primitive.s2p_map])
        positions = np.asarray(primitive.scaled_positions)
        nearest, places = primitive.get_smallest_vectors()
        counts = np.asarray(places)[:, :, 0]
        of_pair = np.repeat(np.arange(counts.size), counts.ravel())
        ends, begins = np.unravel_index(of_pair, counts.shape)
        starts = np.repeat(np.asarray(places)[:, :, 1].ravel(), counts.ravel())
        within = np.arange(len(of_pair)) - np.repeat(
            np.cumsum(counts.ravel()) - counts.ravel(), counts.ravel()
        )
        apart = np.asarray(nearest)[starts + within] - positions[second[ends]] + positions[begins]
        vectors, kind = np.unique(np.rint(apart).astype(int), axis=0, return_inverse=True)
        shares = np.zeros((len(vectors), *counts.T.shape))
        shares[kind.ravel(), begins, ends] = 1.0 / counts[ends, begins]
        vectors, blocks = _folded(vectors, shares, constants, second, np.asarray(primitive.masses))
        lattice = np.asarray(primitive.cell)
        cells = np.linalg.solve(phonon.primitive_matrix, phonon.supercell_matrix)
        matrix = np.rint(cells).astype(np.int64).T
        table = found.dataset
        return cls(
            lattice=lattice,
            positions=positions,
            vectors=vectors,
            blocks=blocks,
            factor=float(convert_frequency(phonon.unit_conversion_factor, "THz", "meV")),
            rotations=np.asarray(table.rotations, dtype=np.int64),
            conventional=np.linalg.inv(table.transformation_matrix).T @ lattice,
            orbits=np.asarray(found.get_map_atoms(), dtype=np.int64),
            inverse=None,
            fitting=fitting_points(matrix),
        )

    def frequencies(self, points: Float[np.ndarray, "q 3"]) -> Float[np.ndarray, "q mode"]:
        """Frequencies of the waves, negative for imaginary ones [meV]."""
        found = [np.linalg.eigvalsh(part) for part in self._parts(points)]
        return self._energies(np.concatenate(found))

    def modes(
        self, points: Float[np.ndarray, "q 3"]
    ) -> tuple[Float[np.ndarray, "q mode"], Float[np.ndarray, "q mode atom"]]:
        r"""Frequencies [meV], and the share of each atom, equal on equivalent atoms.

        Notes
        -----
        An operation S of the space group turns the mode at q into one at Sq, in which atom Sκ
        moves as κ did. So the sum over all points is the sum over the irreducible ones with the
        shares of equivalent atoms averaged:
        :math:`g_\kappa = \sum_q w_q \langle |e_{S\kappa}(q)|^2 \rangle_S`.
        """
        same = self.orbits[:, None] == self.orbits
        if same.all():
            frequencies = self.frequencies(points)
            return frequencies, np.full((*frequencies.shape, len(same)), 1.0 / len(same))
        values: list[np.ndarray] = []
        shares: list[np.ndarray] = []
        average = np.repeat(same / same.sum(axis=1), 3, axis=0)
        for part in self._parts(points):
            squares, waves = np.linalg.eigh(part)
            moved = np.abs(waves) ** 2
            values.append(squares)
            shares.append(moved.transpose(0, 2, 1) @ average)
        return self._energies(np.concatenate(values)), np.concatenate(shares)

    def wave(
        self, point: Float[np.ndarray, "3"]
    ) -> tuple[Float[np.ndarray, " mode"], Complex[np.ndarray, "mode atom 3"]]:
        r"""Frequencies at one q point [meV], and how the atoms of the first cell move.

        Parameters
        ----------
        point
            q in reciprocal vectors.

        Returns
        -------
        tuple
            Frequencies as of `frequencies`, and eigenvectors e of unit length. In the cell at T an
            atom is displaced by the real part of
            :math:`e_\kappa e^{2\pi i q \cdot T - i\omega t} / \sqrt{m_\kappa}`.

        Examples
        --------
        At Γ the three acoustic modes move all atoms alike, but for the roots of their masses:

        >>> from ase.build import bulk
        >>> from ase.calculators.emt import EMT
        >>> from betenet.phonons import PhononSettings, make_force_field
        >>> from betenet.phonons.force_constants import force_constants
        >>> cell = bulk("CuAu", "cesiumchloride", a=3.1)
        >>> crystal = force_constants(cell, make_force_field(EMT()), PhononSettings(distance=6.0))
        >>> _, waves = DynamicalMatrices.from_crystal(crystal).wave(np.zeros(3))
        >>> moved = waves / np.sqrt(cell.get_masses())[:, None]
        >>> bool(np.allclose(moved[:3, 0], moved[:3, 1], atol=1e-6))
        True
        """
        plain = replace(self, inverse=None)
        (matrix,) = next(plain._parts(np.asarray(point, float)[None]))  # noqa: SLF001 - its own
        squares, waves = np.linalg.eigh(matrix)
        return self._energies(squares[None])[0], waves.T.reshape(len(squares), -1, 3)

    def _energies(self, squares: Float[np.ndarray, "q mode"]) -> Float[np.ndarray, "q mode"]:
        return self.factor * np.sign(squares) * np.sqrt(np.abs(squares))

    def _parts(self, points: Float[np.ndarray, "q 3"]) -> Iterator[np.ndarray]:
        """Dynamical matrices of some points at a time; real ones where an inversion allows."""
        size = self.blocks.shape[1]
        turned = self.blocks.transpose(0, 2, 1)
        even = ((self.blocks + turned) / 2).reshape(-1, size**2)
        odd = ((self.blocks - turned) / 2).reshape(-1, size**2)
        step = max(1, AT_ONCE // max(size**2, len(self.vectors)))
        for start in range(0, len(points), step):
            part = points[start : start + step]
            waves = _waves(part, self.vectors)
            matrices = np.real(waves) @ even + 1j * (np.imag(waves) @ odd)
            matrices = matrices.reshape(-1, size, size)
            yield matrices if self.inverse is None else self._real(part, matrices, self.inverse)

    def _real(
        self,
        points: Float[np.ndarray, "q 3"],
        matrices: Complex[np.ndarray, "q row column"],
        inverse: Int[np.ndarray, " atom"],
    ) -> Float[np.ndarray, "q row column"]:
        """The matrices in coordinates in which an inversion makes them real.

        These are (e + e')/√2 and i(e - e')/√2 for two atoms that it exchanges, with the phases of
        the waves at the atoms.
        """
        phases = np.repeat(np.exp(2j * np.pi * (points @ self.positions.T)), 3, axis=1)
        matrices *= phases.conj()[:, :, None]
        matrices *= phases[:, None, :]
        atoms = np.arange(len(inverse))
        if (inverse == atoms).all():
            return np.ascontiguousarray(np.real(matrices))
        mixing = np.zeros((len(inverse),) * 2, dtype=complex)
        mixing[atoms, atoms] = np.where(
            inverse == atoms, 1.0, np.where(inverse > atoms, 1.0, -1j) / np.sqrt(2.0)
        )
        mixing[inverse, atoms] += np.where(
            inverse == atoms, 0.0, np.where(inverse > atoms, 1.0, 1j) / np.sqrt(2.0)
        )
        change = np.kron(mixing, np.eye(3))
        return np.ascontiguousarray(np.real(change.conj().T @ (matrices @ change)))


def matrices_of(source: Any) -> DynamicalMatrices:
    """Dynamical matrices of a crystal with force constants, ours or an object of phonopy."""
    if isinstance(source, DynamicalMatrices):
        return source
    if isinstance(source, HarmonicCrystal):
        return DynamicalMatrices.from_crystal(source)
    return DynamicalMatrices.from_phonopy(source)


def fitting_points(matrix: Int[np.ndarray, "3 3"]) -> Float[np.ndarray, "point 3"]:
    """Points that fit a supercell, in reciprocal vectors of its primitive cell.

    Parameters
    ----------
    matrix
        M, vectors of the supercell as rows; M q is whole for all of them.
    """
    whole = cells_of(matrix.T) @ np.linalg.inv(matrix).T
    return whole - np.rint(whole)


def _waves(
    points: Float[np.ndarray, "q 3"], vectors: Int[np.ndarray, "vector 3"]
) -> Complex[np.ndarray, "q vector"]:
    """exp(2πi q·T), as a product over the axes."""
    waves = np.ones((len(points), len(vectors)), dtype=complex)
    for axis in range(3):
        values, place = np.unique(vectors[:, axis], return_inverse=True)
        waves *= np.exp(2j * np.pi * points[:, [axis]] * values)[:, place.ravel()]
    return waves


def _folded(
    vectors: Int[np.ndarray, "vector 3"],
    shares: Float[np.ndarray, "vector first second"],
    constants: Float[np.ndarray, "first second 3 3"],
    second: Int[np.ndarray, " second"],
    masses: Float[np.ndarray, " first"],
) -> tuple[Int[np.ndarray, "half 3"], Float[np.ndarray, "half row column"]]:
    """Lattice vectors, one of two opposite ones, and what force constants add to the matrix there.

    Parameters
    ----------
    vectors
        Lattice vectors.
    shares
        Weight of each lattice vector among the images of an atom of the supercell.
    constants
        Between the atoms of the primitive cell and those of the supercell.
    second
        The atom of the primitive cell that each of the supercell is.
    masses
        Masses of the atoms of the primitive cell [u].
    """
    n = len(masses)
    blocks = np.zeros((len(shares), n, 3, n, 3))
    for atom in range(n):
        own = second == atom
        blocks[:, :, :, atom] = np.einsum("vfs,fsab->vfab", shares[:, :, own], constants[:, own])
    roots = np.sqrt(np.repeat(masses, 3))
    blocks = blocks.reshape(len(shares), 3 * n, 3 * n) / (roots[:, None] * roots)
    # Φ(-T) is the transpose of Φ(T)
    before = np.array([tuple(one) < (0, 0, 0) for one in vectors.tolist()])
    half, place = np.unique(
        np.where(before[:, None], -vectors, vectors), axis=0, return_inverse=True
    )
    folded = np.zeros((len(half), 3 * n, 3 * n))
    np.add.at(folded, place.ravel()[before], blocks[before].transpose(0, 2, 1))
    np.add.at(folded, place.ravel()[~before], blocks[~before])
    return half, folded
