"""What jobs do, in processes of their own: phonons of a crystal, and Tc under pressure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from betenet.app.predictor import predicted
from betenet.errors import ConfigError, StructureError
from betenet.phonons import (
    AS_RELAXED,
    FORCE_FIELDS,
    BandLine,
    ForceField,
    PhononEntry,
    PhononResult,
    PhononSettings,
    band_structure,
    compressed,
    harmonic_phonons,
    make_force_field,
)
from betenet.phonons.dynamical_matrices import DynamicalMatrices
from betenet.phonons.isotopes import with_isotopes
from betenet.phonons.progress import Step
from betenet.phonons.run import one_thread
from betenet.spelling import none_of
from betenet.structures import StructureRecord, prepare_structures

if TYPE_CHECKING:
    from betenet.ensemble import Ensemble

_DIGITS = 4
"""Decimals of a band structure that is drawn."""

Tell = Callable[[dict[str, Any]], None]
"""Function that takes an event of a job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhononTask:
    """Phonons of one crystal.

    Attributes
    ----------
    record
        The crystal as it was read.
    force_field
        Name of the force field.
    """

    record: StructureRecord
    force_field: str

    def __str__(self) -> str:
        return f"the phonons of {self.record.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PressureTask:
    """Tc of one crystal under pressures.

    Attributes
    ----------
    record
        The crystal as it was read.
    force_field
        Name of the force field.
    pressures
        Pressures [GPa].
    model
        Ensemble that predicts; the default one if absent.
    mu_star
        μ* [1].
    tc_method
        Method of Tc.
    """

    record: StructureRecord
    force_field: str
    pressures: tuple[float, ...]
    model: str | None
    mu_star: float
    tc_method: str

    def __str__(self) -> str:
        return f"{self.record.name} under pressure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phonons:
    """What a job of phonons answers.

    Attributes
    ----------
    entry
        The phonons, without the function that computes bands.
    bands
        Lines of the band structure.
    matrices
        Dynamical matrices, for modes in motion.
    """

    entry: PhononEntry
    bands: tuple[BandLine, ...]
    matrices: DynamicalMatrices


Task = PhononTask | PressureTask


def make_work() -> Callable[[Task, Tell], Phonons | None]:
    """The function that does a job; called once in each process."""
    return _do


def check_force_field(name: str) -> str:
    """A name that is one of a force field.

    Raises
    ------
    ConfigError
        If it is none.
    """
    if name not in FORCE_FIELDS:
        raise ConfigError(
            f"There is no force field {name[:50]!r}.",
            none_of(name[:50], FORCE_FIELDS),
            "Choose one of them.",
        )
    return name


def _do(task: Task, tell: Tell) -> Phonons | None:
    if isinstance(task, PressureTask):
        _under_pressure(task, tell)
        return None
    return _phonons(task, tell)


def _phonons(task: PhononTask, tell: Tell) -> Phonons:
    settings = PhononSettings()
    tell_step = _steps(tell)
    tell_step(Step(crystal="", stage="loading"))
    field = _force_field(task.force_field)
    (record,) = prepare_structures(task.record)
    if record.atoms is None:
        raise record.error or StructureError(f"{record.name} cannot be used.")
    with one_thread():
        atoms = with_isotopes(record.atoms, record.given)
        result, crystal = harmonic_phonons(atoms, field, settings, tell_step)
        entry = PhononEntry(
            name=record.name,
            force_field=task.force_field,
            settings=settings,
            result=PhononResult.from_bytes(result.to_bytes()),  # to the last bit as it is kept
            given=record.atoms,
            notes=record.warnings,
            as_read=record.as_read,
        )
        tell({"type": "phonons", "phonons": entry.to_dict()})
        bands = band_structure(crystal)
    tell({"type": "bands", "bands": bands_to_dicts(bands)})
    return Phonons(entry=entry, bands=bands, matrices=DynamicalMatrices.from_crystal(crystal))


def _under_pressure(task: PressureTask, tell: Tell) -> None:
    from betenet.ensemble.phonon_sources import choose_phonons, default_phonons

    tell_step = _steps(tell)
    tell_step(Step(crystal="", stage="loading"))
    field, model = _force_field(task.force_field), _ensemble(task.model)
    phonons = choose_phonons(model, default_phonons(model), settings=AS_RELAXED)
    records = compressed([task.record], task.pressures, field, told=tell_step)
    for pressure, record in zip(task.pressures, records, strict=False):
        (prediction,) = model.predict(
            [record], mu_star=task.mu_star, tc_method=task.tc_method, phonons=phonons
        )
        point = predicted(prediction)
        tell({"type": "point", "pressure_gpa": pressure, "prediction": point})


def _steps(tell: Tell) -> Callable[[Step], None]:
    return lambda step: tell({"type": "step", "step": asdict(step)})


@cache
def _force_field(name: str) -> ForceField:
    return make_force_field(name)


@cache
def _ensemble(name: str | None) -> Ensemble:
    from betenet.ensemble import Ensemble

    return Ensemble.load(name)


def bands_to_dicts(lines: Sequence[BandLine]) -> list[dict[str, Any]]:
    """Lines of a band structure as plain lists for JSON, frequencies in meV."""
    return [
        {
            "ends": list(line.ends),
            "place": line.place.round(_DIGITS).tolist(),
            "corners": line.corners.tolist(),
            "frequencies_mev": line.frequencies.round(_DIGITS).tolist(),
        }
        for line in lines
    ]
