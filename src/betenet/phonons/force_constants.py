"""Force constants from the forces on all atoms when one is displaced."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import spglib
from ase import Atoms
from jaxtyping import Float

from betenet.errors import StructureError
from betenet.phonons.extra import load
from betenet.phonons.force_field import ForceField
from betenet.phonons.progress import Step, Told, tell_nobody
from betenet.phonons.settings import PhononSettings
from betenet.phonons.supercell import nearest_image, supercell_matrix
from betenet.structures.cell import SPGLIB_ERRORS


@dataclass(frozen=True, slots=True)
class HarmonicCrystal:
    """A crystal with its force constants.

    Attributes
    ----------
    phonopy
        An object of phonopy that holds them; its primitive cell is the crystal's, atom by atom.
    image_distance
        Between an atom of the supercell and its nearest image [Å].
    n_atoms
        Number of atoms of the supercell.
    n_displacements
        Supercells whose forces were computed.
    """

    phonopy: Any
    image_distance: float
    n_atoms: int
    n_displacements: int

    @property
    def force_constants(self) -> Float[np.ndarray, "first second 3 3"]:
        """Φ between the atoms of the supercell [eV/Å²]."""
        return np.asarray(self.phonopy.force_constants)


def force_constants(
    atoms: Atoms,
    field: ForceField,
    settings: PhononSettings,
    vacuum_axis: int | None = None,
    told: Told = tell_nobody,
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

    Returns
    -------
    HarmonicCrystal
        Displaced were as few atoms as the space group allows. Translational invariance (the
        acoustic sum rule) and the symmetry of Φ under the exchange of its atoms hold.

    Raises
    ------
    StructureError
        If the symmetry of the crystal cannot be found, or a force is not a number.

    References
    ----------
    Togo, Chaput, Tadano and Tanaka, J. Phys. Condens. Matter 35, 353001 (2023) (phonopy).
    """
    matrix = choose_supercell(atoms, settings, vacuum_axis)
    phonopy: Any = load("phonopy")
    cells: Any = load("phonopy.structure.atoms")
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
        phonon = phonopy.Phonopy(cell, matrix.T, primitive_matrix="P", symprec=settings.symprec)
        phonon.generate_displacements(distance=settings.displacement)
        displaced = [as_atoms(cell) for cell in phonon.supercells_with_displacements]
        phonon.forces = _all_forces(displaced, field, str(atoms.symbols), told)
        phonon.produce_force_constants(show_drift=False)
        phonon.symmetrize_force_constants(show_drift=False)
    return HarmonicCrystal(
        phonopy=phonon,
        image_distance=nearest_image(matrix @ atoms.cell.array, vacuum_axis),
        n_atoms=len(displaced[0]),
        n_displacements=len(displaced),
    )


def _all_forces(
    displaced: Sequence[Atoms], field: ForceField, crystal: str, told: Told
) -> Float[np.ndarray, "cell atom 3"]:
    forces: list[np.ndarray] = []

    def tell() -> None:
        done, total = len(forces), len(displaced)
        told(Step(crystal=crystal, stage="displacements", done=done, total=total))

    tell()
    for cell in displaced:
        forces.append(forces_of(cell, field))
        tell()
    return np.array(forces)


def choose_supercell(
    atoms: Atoms, settings: PhononSettings, vacuum_axis: int | None = None
) -> np.ndarray:
    """Supercell matrix (rows) for a crystal, or for a layer with this vector across its vacuum.

    Raises
    ------
    StructureError
        If the symmetry of the crystal cannot be found.
    """
    found: Any = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            crystal = (atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers)
            found = cast("Any", spglib).get_symmetry_dataset(crystal, symprec=settings.symprec)
        except SPGLIB_ERRORS:
            found = None
    if found is None:
        raise StructureError(
            f"spglib finds no symmetry of {atoms.symbols} within {settings.symprec:g} Å.",
            "Usually atoms lie nearly on top of each other.",
            "Check the positions, or try another symprec.",
        )
    # (a b c) of the input = (a b c) of the standard cell times the matrix, as columns
    conventional = np.linalg.inv(found.transformation_matrix).T @ atoms.cell.array
    return supercell_matrix(
        atoms.cell.array,
        np.asarray(found.rotations, dtype=int),
        conventional,
        distance=settings.distance,
        most_cells=max(1, settings.most_atoms // len(atoms)),
        vacuum_axis=vacuum_axis,
    )


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
    if not np.isfinite(forces).all():
        raise StructureError(
            f"{field.name} gives a force on {atoms.symbols} that is not a number.",
            "The structure lies far outside of what the force field knows.",
            "Check the distances between atoms, or choose another force field.",
        )
    return forces
