"""What a stage makes of a batch of structures: records, and phonons to keep.

`compute` is a function of its arguments alone, wherever it runs; a process loads each model once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from betenet.errors import BetenetError, ConfigError, StructureError
from betenet.screening.funnel import Funnel
from betenet.screening.kinds import OF_PRESSURE
from betenet.screening.records import UNDECIDED, Record, kept_number
from betenet.screening.run_stage import RunStage
from betenet.screening.structure_bytes import structure_from_bytes
from betenet.structures import AsRead, StructureRecord


@dataclass(frozen=True, slots=True)
class Item:
    """A structure that is to be done.

    Attributes
    ----------
    name
        Name of the candidate.
    structure
        The structure as bytes.
    phonons
        A `PhononResult` as bytes, where the stage needs it and it is known.
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
        One record for each item, in their order.
    phonons
        Phonons to be kept: key of `PhononCache`, and bytes.
    structures
        Structures that take the place of those of the source: name of the candidate, and bytes.
    """

    records: tuple[Record, ...]
    phonons: tuple[tuple[bytes, bytes], ...] = field(default=())
    structures: tuple[tuple[str, bytes], ...] = field(default=())


def prepare_stages(
    funnel: Funnel, thresholds: Mapping[str, float] | None = None
) -> tuple[RunStage, ...]:
    """The stages of a funnel, once what they need is seen to be there.

    Parameters
    ----------
    funnel
        The funnel.
    thresholds
        Thresholds by stage, for those that ask for a precision or a recall.

    Raises
    ------
    ConfigError
        If a force field is unknown, a threshold is missing, or the extra ``phonons`` is not
        installed.
    ModelError
        If there is no such model, or it takes no phonons and is to be given some.
    """
    found: list[RunStage] = []
    if funnel.pressure is not None:
        found.append(_module(OF_PRESSURE.module).prepare(funnel))
    for stage in funnel.stages:
        threshold = (thresholds or {}).get(stage.name, stage.threshold)
        if threshold is None and (stage.precision is not None or stage.recall is not None):
            raise ConfigError(
                f"Stage {stage.name!r} has no threshold yet.",
                "It asks for a precision or a recall, which need a calibration table.",
                "Choose the threshold first, or give it as a number.",
            )
        prepare = _module(stage.rules.module).prepare
        prepared: RunStage = prepare(stage, threshold, funnel.mu_star, tuple(found))
        found.append(replace(prepared, tc_method=funnel.tc_method))
    return tuple(found)


def compute(stage: RunStage, items: Sequence[Item]) -> Answer:
    """Do a batch; a structure that cannot be done is a failed record.

    Raises
    ------
    ConfigError, ModelError
        If what the stage needs is not there: no structure is to blame.
    """
    answer: Answer = _module(stage.rules.module).compute(stage, items)
    return answer


def _module(name: str) -> Any:
    return import_module(f"betenet.screening.{name}")


def failed(stage: RunStage, name: str, error: BetenetError) -> Record:
    """The record of a structure that cannot be done."""
    return Record(name=name, stage=stage.name, outcome="failed", reason=error.in_one_line())


def decided(stage: RunStage, record: Record) -> Record:
    """A record with the score that the stage decides by, and its decision."""
    value = record.values[stage.score]
    score = float("nan") if value is None else float(value)
    outcome, reason = stage.decide(score)
    if stage.budget is not None and outcome == "passed":
        outcome, reason = "rejected", UNDECIDED
    return replace(record, score=score, outcome=outcome, reason=reason)


def unpacked(items: Iterable[Item]) -> Iterator[StructureRecord]:
    """The structures of a batch; what is no structure is a record with its error."""
    for item in items:
        try:
            atoms = structure_from_bytes(item.structure)
            yield StructureRecord(name=item.name, atoms=atoms, checked=True)  # by the source
        except BetenetError as error:
            refused = StructureError(f"{item.name}: {error.summary}", error.reason, error.fix)
            yield StructureRecord(name=item.name, error=refused)


def read_values(as_read: AsRead | None) -> dict[str, float | str | None]:
    """What was read of a structure, rounded as numbers are kept."""
    columns = {} if as_read is None else as_read.columns()
    return {
        key: value if isinstance(value, int | str) else kept_number(value)
        for key, value in columns.items()
    }


def folder_digest(folder: Path) -> str:
    """SHA-256 of the files of a model."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        digest.update(f"{path.name} {path.stat().st_size} ".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
