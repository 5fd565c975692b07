"""Crystals as they are under pressure: relaxed to it in a force field."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import replace

from ase import Atoms
from ase.calculators.calculator import Calculator

from betenet.errors import BetenetError, StructureError, unexpected
from betenet.phonons.compute import vacuum_axis_of
from betenet.phonons.force_field import DEFAULT, ForceField, make_force_field
from betenet.phonons.progress import Told, tell_nobody
from betenet.phonons.relaxation import relax
from betenet.phonons.run import one_thread
from betenet.phonons.settings import PhononSettings
from betenet.structures import StructureRecord, prepare_structures

AS_RELAXED = PhononSettings(relaxation="none")
"""Settings for phonons of what `compressed` gives: it is at rest, under its pressure."""
_RELAXATION = PhononSettings(pressure_limit=math.inf)


def compressed(
    source: object,
    pressures: Sequence[float],
    force_field: str | Calculator | ForceField = DEFAULT,
    *,
    told: Told = tell_nobody,
) -> Generator[StructureRecord]:
    """Every structure at every pressure, relaxed in a force field; its space group stays.

    Parameters
    ----------
    source
        Whatever `betenet.structures.read_structures` takes.
    pressures
        Pressures [GPa]. The cell at one is where the relaxation to the next begins.
    force_field
        A name that `make_force_field` knows, a calculator of ASE, or what was made of one.
    told
        Called with each step of a relaxation.

    Yields
    ------
    StructureRecord
        For each structure and pressure, named so; with a warning where the relaxation did not
        converge. A structure that cannot be read or relaxed has its error, once.

    Raises
    ------
    ConfigError
        If the force field is unknown or not there.

    Notes
    -----
    The space group is kept, so a transition into a structure of lower symmetry is not seen;
    `compute_phonons` with `AS_RELAXED` tells whether the crystal is stable at the pressure.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from ase.calculators.emt import EMT
    >>> zero, high = compressed(bulk("Al"), [0.0, 20.0], EMT())
    >>> high.name, bool(high.atoms.get_volume() < 0.9 * zero.atoms.get_volume())
    ('Al at 20 GPa', True)
    """
    field = make_force_field(force_field)
    for record in prepare_structures(source):
        atoms = record.atoms
        for pressure in pressures if atoms is not None else ():
            name = f"{record.name} at {pressure:g} GPa"
            try:
                assert atoms is not None
                atoms, notes = _relaxed(atoms, field, pressure, told)
            except Exception as error:  # noqa: BLE001 - the other structures are to be done
                yield StructureRecord(name=name, error=_named(name, error))
                break
            warnings = (*record.warnings, *notes)
            yield replace(record, name=name, atoms=atoms, given=None, warnings=warnings)
        if record.atoms is None:
            yield record


def _relaxed(
    atoms: Atoms, field: ForceField, pressure: float, told: Told
) -> tuple[Atoms, tuple[str, ...]]:
    """The structure at a pressure, and what to say of the relaxation."""
    with one_thread():
        rest = relax(atoms, field, _RELAXATION, vacuum_axis_of(atoms), told, pressure=pressure)
    said = f"relaxed to {pressure:g} GPa in {field.name}"
    if rest.converged:
        return rest.atoms, (said,)
    return rest.atoms, (f"{said}, which did not converge in {rest.steps} steps",)


def _named(name: str, error: Exception) -> StructureError:
    found = unexpected(error, name) if not isinstance(error, BetenetError) else error
    return StructureError(f"{name}: {found.summary}", found.reason, found.fix)
