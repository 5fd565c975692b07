"""Record of a crystal that a campaign has settled: one small file, whatever became of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ase import Atoms

from betenet.datasets.held_out_formulas import formula_key
from betenet.errors import BetenetError
from betenet.espresso.calculation import Calculation
from betenet.espresso.campaign_crystals import CampaignCrystal
from betenet.espresso.collect import collect_record, processor_seconds, start_of
from betenet.espresso.failures import IMAGINARY_MODES, NOT_A_METAL, step_error
from betenet.espresso.manifest import StepRecord
from betenet.espresso.record import SOURCE, formula_of
from betenet.espresso.settings import structure_of
from betenet.runs.replace_file import replace_file

TRAIN, TEST = "train", "test"
RULES = {IMAGINARY_MODES: "imaginary", NOT_A_METAL: "band_gap"}
"""Rules of the paper by which a failed step drops its crystal."""
MOST_BYTES = 60_000
"""Size of a record that may be committed by the hundred."""


def settled_record(
    calculation: Calculation, crystal: CampaignCrystal, held_out: frozenset[str] | None
) -> dict[str, Any]:
    """The record of a crystal whose calculation has ended.

    Parameters
    ----------
    calculation
        Its calculation: done, or with a step that has failed.
    crystal
        The crystal.
    held_out
        Formulas that may not be trained on; None to say nothing of a split.

    Returns
    -------
    dict
        If the calculation is done, a row of our dataset layout with ``calculation``, as of
        `make_record`, and a split if it is kept. Else ``calculation`` says why it is dropped
        (``kept`` is false), and the structure is as far relaxed as it came; there is no spectrum.

    Raises
    ------
    BetenetError
        If a result is missing or broken.
    """
    failed = {
        key: step for key, step in calculation.manifest.steps.items() if step.state == "failed"
    }
    if failed:
        relaxed = calculation.workflow.relaxed(calculation.folder)
        atoms = calculation.workflow.atoms if relaxed is None else relaxed
        record = _failed(calculation, atoms, failed)
    else:
        record = collect_record(calculation.folder)
    kept = bool(record["calculation"]["kept"])
    if kept and held_out is not None:
        held = formula_key(record["formula"]) in held_out
        record["split"] = TEST if held else TRAIN
    state = "kept" if kept else "failed" if _is_fault(failed) else "dropped"
    return record | {"campaign": _of_campaign(crystal, state)}


def broken_record(
    calculation: Calculation | None, crystal: CampaignCrystal, error: Exception
) -> dict[str, Any]:
    """The record of a crystal whose results cannot be read.

    Parameters
    ----------
    calculation
        Its calculation; None if that cannot be opened.
    crystal
        The crystal.
    error
        What is wrong.
    """
    text = error.in_one_line() if isinstance(error, BetenetError) else f"{error!r}"
    if calculation is None:
        record: dict[str, Any] = {
            "id": crystal.entry.name,
            "source": SOURCE,
            "formula": crystal.formula,
            "calculation": {"kept": False},
        }
    else:
        record = _failed(calculation, calculation.workflow.atoms, {})
    record["calculation"]["reasons"] = [{"rule": "failed", "text": _without_paths(text)}]
    return record | {"campaign": _of_campaign(crystal, "failed")}


def _of_campaign(crystal: CampaignCrystal, state: str) -> dict[str, object]:
    ended = datetime.now(UTC).isoformat(timespec="seconds")
    return {"state": state, **crystal.identity, "ended": ended}


def write_settled(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    text = json.dumps(_bounded(record), ensure_ascii=False, allow_nan=False) + "\n"
    replace_file(path, text)


def _bounded(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The record without details of q-points where it would be too large for many of its kind."""
    size = len(json.dumps(record, ensure_ascii=False).encode())
    if size <= MOST_BYTES or "q_points" not in record["calculation"]:
        return record
    calculation = {k: v for k, v in record["calculation"].items() if k != "q_points"}
    return {**record, "calculation": calculation}


def _failed(
    calculation: Calculation, atoms: Atoms, failed: Mapping[str, StepRecord]
) -> dict[str, Any]:
    """The record of a calculation that has stopped before its end."""
    return {
        "id": calculation.name,
        "source": SOURCE,
        "formula": formula_of(atoms),
        "structure": structure_of(atoms),
        "calculation": {
            "kept": False,
            "reasons": [_reason(calculation.folder, key, step) for key, step in failed.items()],
            "notes": [],
            "settings": calculation.settings_of_record,
            "cell": start_of(calculation).to_dict(atoms),
            "core_hours": round(processor_seconds(calculation.manifest.steps.values()) / 3600.0, 4),
            "versions": {"quantum_espresso": [calculation.manifest.version]},
        },
    }


def _reason(folder: Path, key: str, step: StepRecord) -> dict[str, str]:
    last = step.attempts[-1]
    error = step_error(folder, key, last.failure, last.said)
    rule = RULES.get(last.failure or "", "failed")
    said = last.said if rule != "failed" else f"{last.failure}: {error.reason}"
    return {"rule": rule, "text": f"{key}: {_without_paths(said)}"}


def _without_paths(text: str) -> str:
    """Text without the folders of one machine."""
    return re.sub(r"(?<![\w.])/(?:[\w.+-]+/)+", "", text)


def _is_fault(failed: Mapping[str, StepRecord]) -> bool:
    """Whether a program has failed, and not the crystal."""
    return any(step.attempts[-1].failure not in RULES for step in failed.values())
