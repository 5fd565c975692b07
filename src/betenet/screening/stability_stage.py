"""Stages in which a force field relaxes structures and computes their phonons."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, replace

from ase.calculators.calculator import Calculator

from betenet.errors import BetenetError, ConfigError, ModelError
from betenet.phonons import (
    AS_RELAXED,
    ForceField,
    PhononResult,
    PhononSettings,
    make_force_field,
)
from betenet.phonons.cache import phonon_key
from betenet.phonons.compute import phonons
from betenet.phonons.extra import package_folder
from betenet.phonons.force_field import identity_of
from betenet.phonons.isotopes import with_isotopes
from betenet.phonons.run import one_thread
from betenet.screening.funnel import Stage
from betenet.screening.kinds import PRESSURE
from betenet.screening.records import Record, kept_number
from betenet.screening.run_stage import RunStage
from betenet.screening.stages import Answer, Item, decided, failed, read_values, unpacked
from betenet.structures import StructureRecord, prepare_structures


def prepare(
    stage: Stage, threshold: float | None, mu_star: float, before: Sequence[RunStage]
) -> RunStage:
    """The stage with its force field; arguments are those of `prediction_stage.prepare`.

    Raises
    ------
    ConfigError
        If the extra ``phonons`` is not installed, or the force field is unknown.
    """
    del mu_star
    package_folder("phonopy")
    identity_of(stage.force_field)
    settings = PhononSettings(**stage.options)
    pressure = next((one.pressure for one in before if one.kind == PRESSURE), None)
    if pressure is not None:
        settings = replace(settings, relaxation=_as_compressed(stage, pressure))
    force_field = stage.force_field
    return RunStage.of(stage, threshold, force_field=force_field, phonon_settings=settings)


def _as_compressed(stage: Stage, pressure: float) -> str:
    """How cells relax that are at rest under a pressure [GPa]: not at all."""
    asked = stage.options.get("relaxation", AS_RELAXED.relaxation)
    if asked != AS_RELAXED.relaxation:
        raise ConfigError(
            f"Stage {stage.name!r} has relaxation = {asked!r}.",
            f"Its cells are at rest under {pressure:g} GPa; a relaxation would bring them back to "
            "zero pressure.",
            "Leave it out.",
        )
    return AS_RELAXED.relaxation


def compute(stage: RunStage, items: Sequence[Item]) -> Answer:
    """Judge the stability of a batch, by the phonons that an item has or by new ones."""
    records: list[Record] = []
    kept: list[tuple[bytes, bytes]] = []
    for item, prepared in zip(items, prepare_structures(unpacked(items)), strict=True):
        began = time.perf_counter()
        try:
            if prepared.error is not None:
                raise prepared.error
            assert prepared.atoms is not None
            data = item.phonons
            if data is None:
                data = phonon_bytes(stage, prepared)
                atoms = with_isotopes(prepared.atoms, prepared.given)
                kept.append((phonon_key(atoms, stage.phonon_digest), data))
            record = _record(stage, prepared, PhononResult.from_bytes(data))
        except (ConfigError, ModelError):
            raise
        except BetenetError as error:
            record = failed(stage, item.name, error)
        records.append(replace(record, seconds=time.perf_counter() - began))
    return Answer(tuple(records), tuple(kept))


def phonon_bytes(stage: RunStage, prepared: StructureRecord) -> bytes:
    """Phonons of a prepared structure as bytes of a `PhononResult`."""
    assert prepared.atoms is not None
    with one_thread():
        field = loaded_force_field(stage.force_field)
        atoms = with_isotopes(prepared.atoms, prepared.given)
        return phonons(atoms, field, stage.phonon_settings).to_bytes()


def _record(stage: RunStage, prepared: StructureRecord, result: PhononResult) -> Record:
    facts = asdict(result.facts)
    flags = facts.pop("flags")
    # no numbers of the crystal
    for name in ("digest", "seconds", "remarks", "isotopes", "force_field"):
        facts.pop(name)
    values: dict[str, float | str | None] = {
        name: number if isinstance(number, int) else kept_number(number)
        for name, number in facts.items()
    } | read_values(prepared.as_read)
    values["flags"] = ", ".join(flags)
    values["verdict"] = result.verdict.sentence
    assert prepared.atoms is not None
    record = decided(
        stage,
        Record(
            name=prepared.name,
            stage=stage.name,
            outcome="passed",
            formula=prepared.atoms.get_chemical_formula(mode="metal", empirical=True),
            values=values,
            warnings=(*prepared.warnings, *result.facts.remarks),
        ),
    )
    if not result.is_plausible:
        return replace(record, outcome="failed", reason="the force field fails: absurd frequencies")
    if stage.threshold is None and not result.is_stable:
        return replace(record, outcome="rejected", reason=result.verdict.sentence)
    return record


_fields: dict[str, ForceField] = {}


def loaded_force_field(source: str | Calculator) -> ForceField:
    """The force field of a stage, loaded once by each process."""
    key = source if isinstance(source, str) else repr(type(source))
    if key not in _fields:
        _fields[key] = make_force_field(source)
    return _fields[key]
