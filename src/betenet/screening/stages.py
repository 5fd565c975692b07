"""What a stage makes of a batch of structures: records, and phonons to keep.

`compute` is a function of its arguments alone, wherever it runs; a process loads each model once.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache

from ase.calculators.calculator import Calculator

from betenet.ensemble.ensemble import Ensemble
from betenet.ensemble.phonon_sources import site_phonons
from betenet.ensemble.prediction import TC_PROBABILITY, Prediction
from betenet.ensemble.site_phonons import SitePhonons
from betenet.errors import BetenetError, ConfigError, ModelError, StructureError
from betenet.phonons import ForceField, PhononResult, make_force_field
from betenet.phonons.cache import phonon_key
from betenet.phonons.compute import phonons
from betenet.phonons.isotopes import with_isotopes
from betenet.phonons.run import one_thread
from betenet.screening.records import Record
from betenet.screening.rounding import kept_number
from betenet.screening.store import UNDECIDED, UNKNOWN
from betenet.screening.structure_bytes import structure_from_bytes
from betenet.screening.tasks import PHONONS, STABILITY, StageTask, folder_digest
from betenet.structures import AsRead, StructureRecord, prepare_structures


@dataclass(frozen=True, slots=True)
class Item:
    """A structure that is to be done.

    Attributes
    ----------
    name
        Of the candidate.
    structure
        As bytes.
    phonons
        Of a `PhononResult`, where the stage needs them and they are known.
    """

    name: str
    structure: bytes
    phonons: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What has become of a batch.

    Attributes
    ----------
    records
        One for each item, in their order.
    phonons
        To be kept: key of `PhononCache`, and bytes.
    """

    records: tuple[Record, ...]
    phonons: tuple[tuple[bytes, bytes], ...] = field(default=())


def compute(task: StageTask, items: Sequence[Item]) -> Answer:
    """Do a batch; a structure that cannot be done is a failed record.

    Raises
    ------
    ConfigError, ModelError
        If what the stage needs is not there: no structure is to blame.
    """
    began = time.perf_counter()
    if task.kind == STABILITY:
        return _stability(task, items)
    records = tuple(_predicted(task, items))
    seconds = (time.perf_counter() - began) / max(len(items), 1)
    return Answer(tuple(replace(record, seconds=seconds) for record in records))


def failed(task: StageTask, name: str, error: BetenetError) -> Record:
    """The record of a structure that cannot be done."""
    return Record(name=name, stage=task.name, outcome="failed", reason=error.in_one_line())


# ---------------------------------------------------------------------------------- by the networks


def _predicted(task: StageTask, items: Sequence[Item]) -> Iterator[Record]:
    ensemble = _ensemble(task.model, task.model_digest)
    known = {item.name: item.phonons for item in items}

    def source(record: StructureRecord) -> SitePhonons:
        return _site_phonons(task, record, known[record.name])

    with_phonons = source if task.kind == PHONONS else None
    stream = ensemble.stream(_opened(items), mu_star=task.mu_star, phonons=with_phonons)
    return (_of_prediction(task, prediction) for prediction in stream)


def _opened(items: Iterable[Item]) -> Iterator[StructureRecord]:
    for item in items:
        try:
            yield StructureRecord(name=item.name, atoms=structure_from_bytes(item.structure))
        except BetenetError as error:
            refused = StructureError(f"{item.name}: {error.summary}", error.reason, error.fix)
            yield StructureRecord(name=item.name, error=refused)


def _of_prediction(task: StageTask, prediction: Prediction) -> Record:
    if prediction.error is not None:
        return failed(task, prediction.name, prediction.error)
    values = {"n_atoms": len(prediction.symbols), **read_values(prediction.as_read)}
    for estimate in prediction.estimates.values():
        values |= {name: kept_number(number) for name, number in estimate.exported().items()}
    unknown = bool(prediction.unknown_because)
    kept = task.keep_unknown and unknown
    chance = prediction.unchecked_tc_probability if kept else prediction.tc_probability
    values[TC_PROBABILITY] = kept_number(chance)
    values["findings"] = ", ".join(finding.code for finding in prediction.findings)
    if task.kind == PHONONS:
        values["phonons"] = prediction.phonons
    record = Record(
        name=prediction.name,
        stage=task.name,
        outcome="passed",
        formula=prediction.formula,
        values=values,
        warnings=prediction.warnings,
    )
    if unknown and not kept:
        why = ", ".join(code.replace("_", " ") for code in prediction.unknown_because)
        return replace(record, outcome="rejected", reason=f"{UNKNOWN}: {why}")
    return decided(task, record)


def read_values(as_read: AsRead | None) -> dict[str, float | str | None]:
    """What was read of a structure, rounded as numbers are kept."""
    columns = {} if as_read is None else as_read.columns()
    return {
        key: value if isinstance(value, int | str) else kept_number(value)
        for key, value in columns.items()
    }


def decided(task: StageTask, record: Record) -> Record:
    """A record with the score that the stage decides by, and its decision."""
    value = record.values[task.score]
    score = float("nan") if value is None else float(value)
    outcome, reason = task.decide(score)
    if task.budget is not None and outcome == "passed":
        outcome, reason = "rejected", UNDECIDED
    return replace(record, score=score, outcome=outcome, reason=reason)


@cache
def _ensemble(model: str, digest: str) -> Ensemble:
    """A model in double precision, where no result depends on what is computed beside it."""
    ensemble = Ensemble.load(model).to(precision="float64")
    if folder_digest(ensemble.path) != digest:
        raise ModelError(
            f"{model} is not the model that the screening began with.",
            "Its files have changed, or are other ones on this machine.",
            "Bring the same files to every machine.",
        )
    return ensemble


# ------------------------------------------------------------------------------ by the force field


def _stability(task: StageTask, items: Sequence[Item]) -> Answer:
    records: list[Record] = []
    kept: list[tuple[bytes, bytes]] = []
    for item, prepared in zip(items, prepare_structures(_opened(items)), strict=True):
        began = time.perf_counter()
        try:
            if prepared.error is not None:
                raise prepared.error
            assert prepared.atoms is not None
            data = item.phonons
            if data is None:
                data = _phonons(task, prepared)
                atoms = with_isotopes(prepared.atoms, prepared.given)
                kept.append((phonon_key(atoms, task.phonon_digest), data))
            record = _of_phonons(task, prepared, PhononResult.from_bytes(data))
        except (ConfigError, ModelError):
            raise
        except BetenetError as error:
            record = failed(task, item.name, error)
        records.append(replace(record, seconds=time.perf_counter() - began))
    return Answer(tuple(records), tuple(kept))


def _phonons(task: StageTask, prepared: StructureRecord) -> bytes:
    assert prepared.atoms is not None
    with one_thread():
        field = _force_field(task.force_field)
        atoms = with_isotopes(prepared.atoms, prepared.given)
        return phonons(atoms, field, task.phonon_settings).to_bytes()


def _of_phonons(task: StageTask, prepared: StructureRecord, result: PhononResult) -> Record:
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
        task,
        Record(
            name=prepared.name,
            stage=task.name,
            outcome="passed",
            formula=prepared.atoms.get_chemical_formula(mode="metal", empirical=True),
            values=values,
            warnings=(*prepared.warnings, *result.facts.remarks),
        ),
    )
    if not result.is_plausible:
        return replace(record, outcome="failed", reason="the force field fails: absurd frequencies")
    if task.threshold is None and not result.is_stable:
        return replace(record, outcome="rejected", reason=result.verdict.sentence)
    return record


def _site_phonons(task: StageTask, record: StructureRecord, data: bytes | None) -> SitePhonons:
    """Computed again where they are gone: that gives the same."""
    assert record.atoms is not None
    if data is None:
        data = _phonons(task, record)
    name = task.force_field
    name = name if isinstance(name, str) else type(name).__name__
    return site_phonons(PhononResult.from_bytes(data), record.atoms, name)


_fields: dict[str, ForceField] = {}


def _force_field(source: str | Calculator) -> ForceField:
    key = source if isinstance(source, str) else repr(type(source))
    if key not in _fields:
        _fields[key] = make_force_field(source)
    return _fields[key]
