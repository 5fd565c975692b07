"""The stage that brings every cell to the pressure of a funnel, before all others."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from ase.calculators.calculator import Calculator

from betenet.errors import ConfigError
from betenet.phonons import DEFAULT, RelaxedStructure
from betenet.phonons.force_field import identity_of
from betenet.phonons.isotopes import with_isotopes
from betenet.phonons.pressure import relaxed_structures
from betenet.screening.funnel import Funnel
from betenet.screening.kinds import PRESSURE
from betenet.screening.records import Record, kept_number
from betenet.screening.run_stage import RunStage
from betenet.screening.stability_stage import loaded_force_field
from betenet.screening.stages import Answer, Item, failed, unpacked
from betenet.screening.structure_bytes import structure_to_bytes
from betenet.structures import StructureRecord


def prepare(funnel: Funnel) -> RunStage:
    """The stage of a funnel that has a pressure.

    Parameters
    ----------
    funnel
        The funnel; the force field is that of its first stage that has one.

    Raises
    ------
    ConfigError
        If the force field is unknown, or its weights are not there.
    """
    chosen = (one.force_field for one in funnel.stages if one.force_field)
    force_field: str | Calculator = next(chosen, DEFAULT)
    identity_of(force_field)
    return RunStage(name=PRESSURE, kind=PRESSURE, force_field=force_field, pressure=funnel.pressure)


def compute(stage: RunStage, items: Sequence[Item]) -> Answer:
    """Relax a batch; what cannot be relaxed, or collapses, is a failed record."""
    assert stage.pressure is not None
    field = loaded_force_field(stage.force_field)
    records: list[Record] = []
    structures: list[tuple[str, bytes]] = []
    for given in unpacked(items):
        began = time.perf_counter()
        (found,) = relaxed_structures([given], [stage.pressure], field)
        if isinstance(found.error, ConfigError):
            raise found.error
        record = _record(stage, given, found)
        if record.outcome == "passed":
            assert found.atoms is not None
            atoms = with_isotopes(found.atoms, given.atoms)
            structures.append((given.name, structure_to_bytes(atoms)))
        records.append(replace(record, seconds=time.perf_counter() - began))
    return Answer(tuple(records), structures=tuple(structures))


def _record(stage: RunStage, given: StructureRecord, found: RelaxedStructure) -> Record:
    """What became of a structure: from which to which volume, or why there is no cell."""
    if found.error is not None:
        return failed(stage, given.name, found.error)
    before, after = found.volumes
    said = f"relaxed to {stage.pressure:g} GPa in {found.force_field}: "
    said += f"{before:.1f} → {after:.1f} Å³"
    return Record(
        name=given.name,
        stage=stage.name,
        outcome="passed",
        formula=found.formula,
        values={
            "pressure_gpa": kept_number(found.pressure),
            "volume_before_angstrom3": kept_number(before),
            "volume_angstrom3": kept_number(after),
            "enthalpy_ev_per_atom": kept_number(found.enthalpy),
        },
        warnings=(said, *found.warnings),
    )
