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

from betenet.phonons.force_field import ForceField
from betenet.phonons.settings import PhononSettings


@dataclass(frozen=True, slots=True)
class Rest:
    """A structure before and after relaxation.

    Attributes
    ----------
    atoms
        As the phonons are computed for; sites in the order of the input.
    converged
        Whether forces fell below the tolerance; true where nothing was to relax.
    steps
        Taken.
    largest_force
        On an atom of the structure as given [eV/Å].
    pressure
        Of the structure as given, by the force field [GPa].
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


def relax(atoms: Atoms, field: ForceField, settings: PhononSettings) -> Rest:
    """Relax what the settings allow.

    Parameters
    ----------
    atoms
        Not changed.
    field
        Gives forces and stress.
    settings
        What may relax, and until when.

    Returns
    -------
    Rest
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
        moved, converged, steps = _descend(given, settings, cell_too=cell_too)
    moved.calc = None
    return Rest(moved, converged, steps, force, pressure, squeezed)


def _descend(given: Atoms, settings: PhononSettings, *, cell_too: bool) -> tuple[Atoms, bool, int]:
    moved = given.copy()
    moved.calc = given.calc
    with warnings.catch_warnings():
        # spglib 2.6 and later announce the change of their error handling at every call
        warnings.simplefilter("ignore", DeprecationWarning)
        moved.set_constraint(FixSymmetry(moved, symprec=settings.symprec))
        moving: Any = FrechetCellFilter(moved) if cell_too else moved
        optimiser = BFGS(moving, logfile=None)
        converged = bool(
            optimiser.run(fmax=settings.force_tolerance, steps=settings.relaxation_steps)
        )
    moved.set_constraint()
    return moved, converged, optimiser.nsteps


def _pressure(atoms: Atoms) -> float:
    """By the stress [GPa]; nan if the calculator has none."""
    try:
        stress = atoms.get_stress()
    except NotImplementedError:
        return float("nan")
    return float(-np.mean(stress[:3]) / units.GPa)
