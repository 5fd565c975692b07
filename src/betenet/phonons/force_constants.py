"""Force constants from the forces on all atoms when one is displaced."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from ase import Atoms
from jaxtyping import Float

from betenet.phonons.displacements import Displacement, choose_displacements
from betenet.phonons.extra import load
from betenet.phonons.force_field import ForceField, SymmetricCalculator, check_forces
from betenet.phonons.progress import Step, Told, tell_nobody
from betenet.phonons.settings import PhononSettings
from betenet.phonons.space_group import SpaceGroup, find_space_group
from betenet.phonons.supercell import nearest_image, supercell_matrix
from betenet.phonons.supercell_sites import Supercell
from betenet.structures.symmetry import EXACT, SiteSymmetry


@dataclass(frozen=True, kw_only=True, eq=False)  # without slots, for the object of phonopy
class HarmonicCrystal:
    """A crystal with its force constants.

    Attributes
    ----------
    supercell
        Its primitive cell, and the supercell of the forces.
    group
        Space group of the primitive cell.
    displacements
        Displacement of an atom in the first cell, one in each calculation.
    forces
        On the atoms of the supercell, then (displacement, atom, 3) [eV/Å].
    constants
        Φ between each atom of the primitive cell and each of the supercell (first, second, 3, 3)
        [eV/Å²].
    image_distance
        Between an atom of the supercell and its nearest image [Å].
    symprec
        Distance within which atoms count as images of each other [Å].
    """

    supercell: Supercell
    group: SpaceGroup
    displacements: Sequence[Displacement]
    forces: Float[np.ndarray, "displacement atom 3"]
    constants: Float[np.ndarray, "first second 3 3"]
    image_distance: float
    symprec: float

    @property
    def n_atoms(self) -> int:
        """Number of atoms of the supercell."""
        return self.supercell.n_atoms

    @property
    def n_displacements(self) -> int:
        """Number of supercells whose forces were computed."""
        return len(self.displacements)

    @property
    def force_constants(self) -> Float[np.ndarray, "first second 3 3"]:
        """Φ between the atoms of phonopy's supercell [eV/Å²]."""
        return np.asarray(self.phonopy.force_constants)

    @cached_property
    def phonopy(self) -> Any:
        """An object of phonopy with the same forces, from which it makes its force constants.

        Its primitive cell is the crystal's, atom by atom. It takes longer than all of the forces.
        """
        return _phonopy_of(self)


def force_constants(
    atoms: Atoms,
    field: ForceField,
    settings: PhononSettings,
    vacuum_axis: int | None = None,
    told: Told = tell_nobody,
    group: SpaceGroup | None = None,
) -> HarmonicCrystal:
    """Force constants of a crystal by finite displacements.

    Parameters
    ----------
    atoms
        A primitive cell; its masses count.
    field
        Gives the forces.
    settings
        Distance, displacement, tolerances.
    vacuum_axis
        Vector across the vacuum of a layer, which the supercell does not repeat.
    told
        Called before and after the forces of each displaced supercell.
    group
        Space group of the crystal; looked for if absent.

    Returns
    -------
    HarmonicCrystal
        Displaced was one atom of those that the space group makes equal. Translational invariance
        (the acoustic sum rule) and the symmetry of Φ under the exchange of its atoms hold.

    Raises
    ------
    StructureError
        If the symmetry of the crystal cannot be found, or a force is not a number.

    Notes
    -----
    Forces are turned by the operations that keep the displaced atom, and the force constants are
    those that fit all of them best, as phonopy has it; its sums over atoms are subtracted in the
    same way, too.

    References
    ----------
    Togo, Chaput, Tadano and Tanaka, J. Phys. Condens. Matter 35, 353001 (2023) (phonopy).
    """
    group = find_space_group(atoms, settings.symprec) if group is None else group
    matrix = choose_supercell(atoms, settings, vacuum_axis, group)
    supercell = Supercell.from_matrix(atoms, matrix)
    fewest = not isinstance(field.calculator, SymmetricCalculator)
    displacements = choose_displacements(atoms, group, settings.displacement, fewest=fewest)
    forces = _all_forces(supercell, group, displacements, field, told)
    constants = _symmetric(_solve(supercell, group, displacements, forces), supercell)
    return HarmonicCrystal(
        supercell=supercell,
        group=group,
        displacements=displacements,
        forces=forces,
        constants=constants,
        image_distance=nearest_image(matrix @ atoms.cell.array, vacuum_axis),
        symprec=settings.symprec,
    )


def choose_supercell(
    atoms: Atoms,
    settings: PhononSettings,
    vacuum_axis: int | None = None,
    group: SpaceGroup | None = None,
) -> np.ndarray:
    """Supercell matrix (rows) for a crystal, or for a layer with this vector across its vacuum.

    Raises
    ------
    StructureError
        If the symmetry of the crystal cannot be found.
    """
    group = find_space_group(atoms, settings.symprec) if group is None else group
    return supercell_matrix(
        atoms.cell.array,
        group.rotations,
        group.conventional(atoms.cell.array),
        distance=settings.distance,
        most_cells=max(1, settings.most_atoms // len(atoms)),
        vacuum_axis=vacuum_axis,
    )


def _all_forces(
    supercell: Supercell,
    group: SpaceGroup,
    displacements: Sequence[Displacement],
    field: ForceField,
    told: Told,
) -> Float[np.ndarray, "displacement atom 3"]:
    rest, n_cells = supercell.atoms(), len(supercell.cells)
    displaced = [rest.copy() for _ in displacements]
    for cell, one in zip(displaced, displacements, strict=True):
        cell.positions[one.atom * n_cells] += one.vector
    if isinstance(field.calculator, SymmetricCalculator):
        exact = [one.operations[group.errors[one.operations] < EXACT] for one in displacements]
        symmetries = [
            SiteSymmetry(group.cartesian[kept], supercell.site_images(group, one.atom, kept))
            for one, kept in zip(displacements, exact, strict=True)
        ]
        found = (one.forces for one in field.calculator.evaluate(displaced, symmetries))
    else:
        found = (forces_of(cell, field) for cell in displaced)
    forces: list[np.ndarray] = []

    def tell() -> None:
        done, total = len(forces), len(displaced)
        crystal = str(supercell.primitive.symbols)
        told(Step(crystal=crystal, stage="displacements", done=done, total=total))

    tell()
    for one in found:
        check_forces(one, rest, field)
        forces.append(one)
        tell()
    return np.array(forces)


def as_atoms(cell: Any) -> Atoms:
    """Atoms of one of phonopy's cells."""
    return Atoms(cell.numbers, positions=cell.positions, cell=cell.cell, pbc=True)


def forces_of(atoms: Atoms, field: ForceField) -> Float[np.ndarray, "atom 3"]:
    """Forces on the atoms [eV/Å].

    Raises
    ------
    StructureError
        If one is not a number.
    """
    atoms.calc = field.calculator
    forces = np.asarray(atoms.get_forces(), dtype=float)
    check_forces(forces, atoms, field)
    return forces


def _solve(
    supercell: Supercell,
    group: SpaceGroup,
    displacements: Sequence[Displacement],
    forces: Float[np.ndarray, "displacement atom 3"],
) -> Float[np.ndarray, "first second 3 3"]:
    """Force constants that fit the forces, those of equivalent atoms turned."""
    constants = np.empty((len(supercell.primitive), supercell.n_atoms, 3, 3))
    orbits = group.orbits
    for atom in np.unique(orbits).tolist():
        own = [index for index, one in enumerate(displacements) if one.atom == atom]
        operations = group.site_operations(atom)
        images = supercell.site_images(group, atom, operations)
        moved: list[np.ndarray] = []
        pulled: list[np.ndarray] = []
        for turn, image in zip(group.cartesian[operations], images, strict=True):
            for index in own:
                moved.append(turn @ displacements[index].vector)
                force = np.empty_like(forces[index])
                force[image] = forces[index] @ turn.T
                pulled.append(force.ravel())
        fitted = -np.linalg.pinv(np.array(moved)) @ np.array(pulled)
        constants[atom] = fitted.reshape(3, -1, 3).transpose(1, 0, 2)
        for other in np.flatnonzero(orbits == atom).tolist():
            if other != atom:
                operation = np.flatnonzero(group.images[:, atom] == other)[:1]
                turn = group.cartesian[operation[0]]
                image = supercell.site_images(group, atom, operation)[0]
                constants[other, image] = turn @ constants[atom] @ turn.T
    return constants


def _symmetric(
    constants: Float[np.ndarray, "first second 3 3"], supercell: Supercell
) -> Float[np.ndarray, "first second 3 3"]:
    """No force on any atom from a displacement of all, and Φ(i, j) the transpose of Φ(j, i)."""
    n, cells = len(constants), len(supercell.cells)
    opposite = supercell.opposite()
    by_cell = constants.reshape(n, n, cells, 3, 3)
    by_cell = by_cell - by_cell.mean(axis=(0, 2), keepdims=True)
    by_cell = by_cell - by_cell.mean(axis=(1, 2), keepdims=True)
    by_cell = (by_cell + by_cell[:, :, opposite].transpose(1, 0, 2, 4, 3)) / 2
    left = by_cell.sum(axis=(1, 2))
    by_cell[np.arange(n), np.arange(n), 0] -= (left + left.transpose(0, 2, 1)) / 2
    return by_cell.reshape(n, -1, 3, 3)


def _phonopy_of(crystal: HarmonicCrystal) -> Any:
    phonopy: Any = load("phonopy")
    cells: Any = load("phonopy.structure.atoms")
    supercell, atoms = crystal.supercell, crystal.supercell.primitive
    cell = cells.PhonopyAtoms(
        numbers=atoms.numbers,
        cell=atoms.cell.array,
        positions=atoms.positions,
        masses=atoms.get_masses() if atoms.has("masses") else None,
    )
    with warnings.catch_warnings():
        # spglib 2.6 and later announce the change of their error handling at every call
        warnings.simplefilter("ignore", DeprecationWarning)
        # its matrices have columns where ours have rows
        phonon = phonopy.Phonopy(
            cell, supercell.matrix.T, primitive_matrix="P", symprec=crystal.symprec
        )
        theirs = np.asarray(phonon.supercell.s2u_map)
        first = np.searchsorted(np.unique(theirs), theirs)
        away = np.asarray(phonon.supercell.positions) - atoms.positions[first]
        vectors = np.rint(away @ np.linalg.inv(atoms.cell.array)).astype(np.int64)
        order = first * len(supercell.cells) + supercell.find(vectors)
        places = np.argsort(order)
        phonon.dataset = {
            "natom": len(order),
            "first_atoms": [
                {
                    "number": int(places[one.atom * len(supercell.cells)]),
                    "displacement": one.vector,
                    "forces": forces[order],
                }
                for one, forces in zip(crystal.displacements, crystal.forces, strict=True)
            ],
        }
        phonon.produce_force_constants(show_drift=False)
        phonon.symmetrize_force_constants(show_drift=False)
    return phonon
