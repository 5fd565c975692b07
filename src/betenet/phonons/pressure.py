"""Crystals as they are under pressure: relaxed to it in a force field."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import replace

from ase import Atoms, units
from ase.calculators.calculator import Calculator

from betenet.errors import BetenetError, StructureError, unexpected
from betenet.phonons.compute import vacuum_axis_of
from betenet.phonons.follow import follow_unstable
from betenet.phonons.force_field import DEFAULT, ForceField, make_force_field
from betenet.phonons.progress import Told, tell_nobody
from betenet.phonons.relaxation import relax
from betenet.phonons.relaxed_structure import RelaxedStructure
from betenet.phonons.run import one_thread
from betenet.phonons.settings import PhononSettings
from betenet.structures import StructureRecord, prepare_structures

AS_RELAXED = PhononSettings(relaxation="none")
"""Settings for phonons of what `compressed` gives: it is at rest, under its pressure."""
_RELAXATION = PhononSettings(pressure_limit=math.inf, growth_limit=math.inf)


def relaxed_structures(
    source: object,
    pressures: Sequence[float] = (0.0,),
    force_field: str | Calculator | ForceField = DEFAULT,
    *,
    follow: int = 0,
    told: Told = tell_nobody,
) -> Generator[RelaxedStructure]:
    """Every structure at every pressure, relaxed in a force field, with what was found.

    Parameters
    ----------
    source
        Whatever `betenet.structures.read_structures` takes.
    pressures
        Pressures [GPa]. The cell at one is where the relaxation to the next begins.
    force_field
        A name that `make_force_field` knows, a calculator of ASE, or what was made of one.
    follow
        Most times that an unstable crystal follows its most unstable mode, and is relaxed again;
        0 keeps its space group.
    told
        Called with each step of a relaxation.

    Yields
    ------
    RelaxedStructure
        For each structure and pressure, named so. A structure that cannot be read or relaxed has
        its error, once.

    Raises
    ------
    ConfigError
        If the force field is unknown or not there.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from ase.calculators.emt import EMT
    >>> (found,) = relaxed_structures(bulk("Al"), [20.0], EMT())
    >>> found.converged, [round(volume, 1) for volume in found.volumes]
    (True, [16.6, 11.4])
    """
    field = make_force_field(force_field)
    for record in prepare_structures(source):
        if record.atoms is None:
            yield RelaxedStructure(
                name=record.name,
                pressure=math.nan,
                force_field=field.name,
                warnings=record.warnings,
                error=record.error,
            )
            continue
        atoms = record.atoms
        for pressure in pressures:
            found = _relaxed(record, atoms, field, pressure, follow, told)
            yield found
            if found.atoms is None:
                break
            atoms = found.atoms


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
    source, pressures, force_field, told
        As of `relaxed_structures`.

    Yields
    ------
    StructureRecord
        For each structure and pressure, named so; with a warning where the relaxation did not
        converge, or the pressure is beyond what the force field has learnt. A structure that cannot
        be read or relaxed has its error, once.

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
    for one in relaxed_structures(source, pressures, force_field, told=told):
        if one.error is not None:
            error = one.error if isinstance(one.error, StructureError) else _named("", one.error)
            yield StructureRecord(name=one.name, error=error, warnings=one.warnings)
            continue
        before, after = one.volumes
        said = (
            f"relaxed to {one.pressure:g} GPa in {one.force_field}: {before:.1f} → {after:.1f} Å³"
        )
        warnings = (*one.warnings, said)
        yield StructureRecord(
            name=one.name, atoms=one.atoms, warnings=warnings, as_read=one.as_read
        )


def _relaxed(
    record: StructureRecord,
    atoms: Atoms,
    field: ForceField,
    pressure: float,
    follow: int,
    told: Told,
) -> RelaxedStructure:
    """The structure at a pressure, or why it has none."""
    found = RelaxedStructure(
        name=f"{record.name} at {pressure:g} GPa",
        pressure=pressure,
        force_field=field.name,
        warnings=record.warnings,
        as_read=record.as_read,
    )
    try:
        with one_thread():
            rest = relax(atoms, field, _RELAXATION, vacuum_axis_of(atoms), told, pressure=pressure)
            if follow:
                followed = follow_unstable(rest, field, pressure, most=follow, told=told)
                rest, said = followed.rest, followed.sentences
            else:
                said = ()
    except Exception as error:  # noqa: BLE001 - the other structures are to be done
        return replace(found, error=_named(found.name, error))
    warnings = [*record.warnings, *said, field.warning_at(pressure)]
    if not rest.converged:
        warnings.append(f"the relaxation did not converge in {rest.steps} steps")
    enthalpy = rest.energy + pressure * units.GPa * rest.atoms.get_volume()
    return replace(
        found,
        given=record.atoms,
        atoms=rest.atoms,
        converged=rest.converged,
        steps=rest.steps,
        pressure_before=rest.pressure,
        enthalpy=enthalpy / len(rest.atoms),
        warnings=tuple(filter(None, warnings)),
    )


def _named(name: str, error: Exception) -> StructureError:
    found = unexpected(error, name) if not isinstance(error, BetenetError) else error
    summary = f"{name}: {found.summary}" if name else found.summary
    return StructureError(summary, found.reason, found.fix)
