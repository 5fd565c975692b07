"""Stages in which an ensemble predicts, without phonons or with those of an earlier stage."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import cast

from betenet.ensemble.checkpoint import CARD, read_card
from betenet.ensemble.ensemble import Ensemble
from betenet.ensemble.phonon_sources import site_phonons
from betenet.ensemble.prediction import TC_ERROR, TC_PROBABILITY, Prediction
from betenet.ensemble.shipped import find_model
from betenet.ensemble.site_phonons import SitePhonons, takes_phonons
from betenet.errors import ModelError
from betenet.phonons import PhononResult
from betenet.screening.funnel import Stage, force_field_name
from betenet.screening.records import UNKNOWN, Record, kept_number
from betenet.screening.run_stage import RunStage
from betenet.screening.stability_stage import phonon_bytes
from betenet.screening.stages import (
    Answer,
    Item,
    decided,
    failed,
    folder_digest,
    read_values,
    unpacked,
)
from betenet.structures import StructureRecord
from betenet.toml_input import read_toml

NOT_PREDICTING = frozenset(
    (
        *("betenet_version", "citation", "coverage", "description"),
        *("element_errors", "licence", "metrics", "worst"),
    )
)
"""Keys of a card, at any depth, that no prediction depends on."""


def prepare(
    stage: Stage, threshold: float | None, mu_star: float, before: Sequence[RunStage]
) -> RunStage:
    """The stage with its model, and with the force field of the phonons that it uses.

    Parameters
    ----------
    stage
        The stage as it was asked for.
    threshold
        The threshold, given or chosen; None if the stage has none.
    mu_star
        μ* of every Tc [1].
    before
        Stages before it.

    Raises
    ------
    ModelError
        If there is no such model, or it takes no phonons and is to be given some.
    """
    path = find_model(stage.model)
    card = read_card(path)
    if stage.rules.phonons and not takes_phonons(card):
        raise ModelError(
            f"{card['name']} takes no phonons.",
            f"Stage {stage.name!r} would give it some.",
            "Choose a model that takes them; `betenet models list` says.",
        )
    kind = stage.rules.phonons_of
    of_phonons = next((one for one in reversed(before) if kind and one.kind == kind), None)
    phonons = {}
    if of_phonons is not None:
        phonons = {name: getattr(of_phonons, name) for name in ("force_field", "phonon_settings")}
    return RunStage.of(
        stage,
        threshold,
        model=str(path),
        model_digest=folder_digest(path),
        prediction_digest=prediction_digest(path),
        mu_star=mu_star,
        cutoff=float(card["network"]["cutoff"]),
        **phonons,
    )


def prediction_digest(folder: Path) -> str:
    """SHA-256 of all that a model predicts by: its files, and its card without `NOT_PREDICTING`.

    Parameters
    ----------
    folder
        Folder of the model.

    Notes
    -----
    A card whose metrics are measured anew leaves it as it is. Any other key counts, also one that
    this version does not know.
    """
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        content = path.read_bytes()
        if path.name == CARD:
            content = json.dumps(_predicting(read_toml(path)), sort_keys=True).encode()
        digest.update(f"{path.name} {len(content)} ".encode())
        digest.update(content)
    return digest.hexdigest()


def _predicting(card: object) -> object:
    if not isinstance(card, dict):
        return card
    table = cast("dict[str, object]", card)
    return {key: _predicting(table[key]) for key in table if key not in NOT_PREDICTING}


def compute(stage: RunStage, items: Sequence[Item]) -> Answer:
    """Predict a batch."""
    began = time.perf_counter()
    records = tuple(_predicted(stage, items))
    seconds = (time.perf_counter() - began) / max(len(items), 1)
    return Answer(tuple(replace(record, seconds=seconds) for record in records))


def _predicted(stage: RunStage, items: Sequence[Item]) -> Iterator[Record]:
    ensemble = _ensemble(stage.model, stage.model_digest)
    known = {item.name: item.phonons for item in items}

    def source(record: StructureRecord) -> SitePhonons:
        return _site_phonons(stage, record, known[record.name])

    with_phonons = source if stage.rules.phonons else None
    stream = ensemble.stream(
        unpacked(items), mu_star=stage.mu_star, tc_method=stage.tc_method, phonons=with_phonons
    )
    return (_record(stage, prediction) for prediction in stream)


def _record(stage: RunStage, prediction: Prediction) -> Record:
    if prediction.error is not None:
        return failed(stage, prediction.name, prediction.error)
    values = {"n_atoms": len(prediction.symbols), **read_values(prediction.as_read)}
    for estimate in prediction.estimates.values():
        values |= {name: kept_number(number) for name, number in estimate.exported().items()}
    unknown = bool(prediction.unknown_because)
    kept = stage.keep_unknown and unknown
    chance = prediction.unchecked_tc_probability if kept else prediction.tc_probability
    values[TC_PROBABILITY] = kept_number(chance)
    if math.isfinite(prediction.tc_error_95):
        values[TC_ERROR] = kept_number(prediction.tc_error_95)
    values["findings"] = ", ".join(finding.code for finding in prediction.findings)
    if stage.rules.phonons:
        values["phonons"] = prediction.phonons
    record = Record(
        name=prediction.name,
        stage=stage.name,
        outcome="passed",
        formula=prediction.formula,
        values=values,
        warnings=prediction.warnings,
    )
    if unknown and not kept:
        why = ", ".join(code.replace("_", " ") for code in prediction.unknown_because)
        return replace(record, outcome="rejected", reason=f"{UNKNOWN}: {why}")
    return decided(stage, record)


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


def _site_phonons(stage: RunStage, record: StructureRecord, data: bytes | None) -> SitePhonons:
    """Phonons of a structure, computed again where they are gone: that gives the same."""
    assert record.atoms is not None
    if data is None:
        data = phonon_bytes(stage, record)
    name = force_field_name(stage.force_field)
    return site_phonons(PhononResult.from_bytes(data), record.atoms, name)
