"""Brings a structure to rest in a force field before its phonons are computed; symmetry stays."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms, units
from ase.constraints import FixSymmetry
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS
from jaxtyping import Float

from betenet.phonons.force_field import ForceField
from betenet.phonons.progress import Step, Told, tell_nobody
from betenet.phonons.settings import PhononSettings


@dataclass(frozen=True, slots=True)
class Relaxed:
    """A structure before and after relaxation.

    Attributes
    ----------
    atoms
        Structure that phonons are computed for; sites in the order of the input.
    converged
        Whether forces fell below the tolerance; true where nothing was to relax.
    steps
        Number of steps that were taken.
    largest_force
        Largest force on an atom of the structure as given [eV/Å].
    pressure
        Pressure of the structure as given, by the force field [GPa].
    kept_volume
        Whether the cell was kept, though it was to relax, because the pressure is beyond
        ``pressure_limit``.
    """

    atoms: Atoms
    converged: bool
    steps: int
    largest_force: float
    pressure: float
    kept_volume: bool


def relax(
    atoms: Atoms,
    field: ForceField,
    settings: PhononSettings,
    vacuum_axis: int | None = None,
    told: Told = tell_nobody,
) -> Relaxed:
    """Relax what the settings allow.

    Parameters
    ----------
    atoms
        Structure, which is not changed.
    field
        Force field.
    settings
        What may relax, and until when.
    vacuum_axis
        Vector across the vacuum of a layer: the cell relaxes in the plane of the others only.
    told
        Called with each step of the relaxation.

    Returns
    -------
    Relaxed
        A structure that did not converge is returned as it is then, and says so.

    Notes
    -----
    A force field has its own lattice constant. A structure whose pressure is beyond the limit is
    taken for one that is meant to be compressed: its cell stays, and only positions relax.
    """
    given = atoms.copy()
    given.calc = field.calculator
    force = float(np.linalg.norm(given.get_forces(), axis=1).max())
    pressure = _pressure(given)
    squeezed = settings.relaxation == "cell" and abs(pressure) > settings.pressure_limit
    cell_too = settings.relaxation == "cell" and not squeezed
    moved, converged, steps = given, True, 0
    if settings.relaxation != "none":
        upright = None if vacuum_axis is None else _upright(given, vacuum_axis)
        moved, converged, steps = _descend(given, settings, upright, told, cell_too=cell_too)
    moved.calc = None
    return Relaxed(moved, converged, steps, force, pressure, squeezed)


_IN_PLANE = (True, True, False, False, False, True)
"""Whether each strain xx, yy, zz, yz, xz, xy lies in the plane of a layer with vacuum along z."""


def _descend(
    given: Atoms,
    settings: PhononSettings,
    upright: Float[np.ndarray, "3 3"] | None,
    told: Told,
    *,
    cell_too: bool,
) -> tuple[Atoms, bool, int]:
    """Relax; a layer turned so that its vacuum is along z, and back."""
    moved = given.copy()
    if upright is not None:
        _turn(moved, upright)
    moved.calc = given.calc
    with warnings.catch_warnings():
        # spglib 2.6 and later announce the change of their error handling at every call
        warnings.simplefilter("ignore", DeprecationWarning)
        moved.set_constraint(FixSymmetry(moved, symprec=settings.symprec))
        mask = None if upright is None else list(_IN_PLANE)
        moving: Any = FrechetCellFilter(moved, mask=mask) if cell_too else moved
        optimiser = BFGS(moving, logfile=None)
        crystal = str(given.symbols)
        optimiser.attach(
            lambda: told(Step(crystal=crystal, stage="relaxation", done=optimiser.nsteps))
        )
        converged = bool(
            optimiser.run(fmax=settings.force_tolerance, steps=settings.relaxation_steps)
        )
    moved.set_constraint()
    if upright is not None:
        _turn(moved, upright.T)
    return moved, converged, optimiser.nsteps


def _upright(atoms: Atoms, axis: int) -> Float[np.ndarray, "3 3"]:
    """Rotation that turns the normal of the plane of two lattice vectors to z."""
    first, second = np.delete(atoms.cell.array, axis, axis=0)
    along = first / np.linalg.norm(first)
    normal = np.cross(first, second)
    normal /= np.linalg.norm(normal)
    return np.array([along, np.cross(normal, along), normal])


def _turn(atoms: Atoms, rotation: Float[np.ndarray, "3 3"]) -> None:
    cell = atoms.cell.array @ rotation.T
    positions = atoms.positions @ rotation.T
    atoms.set_cell(cell)
    atoms.set_positions(positions, apply_constraint=False)


def _pressure(atoms: Atoms) -> float:
    """Pressure by the stress [GPa]; nan if the calculator has none."""
    try:
        stress = atoms.get_stress()
    except NotImplementedError:
        return float("nan")
    return float(-np.mean(stress[:3]) / units.GPa)
