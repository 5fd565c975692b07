"""Progress of a calculation, and the record of one that is done."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from betenet.errors import BetenetError, DataError, unexpected
from betenet.espresso.calculation import Calculation, open_calculation
from betenet.espresso.failures import step_error
from betenet.espresso.magnetism import never_magnetic
from betenet.espresso.manifest import StepRecord
from betenet.espresso.quality import judge
from betenet.espresso.record import make_record
from betenet.espresso.relaxation import Start
from betenet.espresso.results import read_results
from betenet.runs.replace_file import replace_file
from betenet.spectrum import Spectrum

RECORD = "record.json"

Stage = Literal["planned", "running", "stopped", "failed", "done"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a calculation is.

    Attributes
    ----------
    name
        Name of the material's folder.
    stage
        ``"planned"``: nothing is begun. ``"running"``: a program is at work, or its runner was
        killed. ``"stopped"``: the next start goes on. ``"failed"``: a step has failed.
        ``"done"``: all steps are.
    steps
        State of each step that is known, in their order.
    seconds
        Processor time of all attempts; where it is not known, an attempt's wall time is taken
        times its processes [s].
    """

    name: str
    stage: Stage
    steps: dict[str, StepRecord]
    seconds: float

    @property
    def n_done(self) -> int:
        """How many steps are done."""
        return sum(record.state == "done" for record in self.steps.values())

    def to_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return {
            "name": self.name,
            "stage": self.stage,
            "core_hours": round(self.seconds / 3600.0, 4),
            "steps": {
                key: {
                    "state": record.state,
                    "attempts": len(record.attempts),
                    "failure": record.attempts[-1].failure if record.attempts else None,
                }
                for key, record in self.steps.items()
            },
        }


def progress_of(calculation: Calculation) -> Progress:
    """How far a calculation is.

    Raises
    ------
    BetenetError
        If a result that decides what follows is broken.
    """
    known = calculation.workflow.steps(calculation.folder)
    steps = {step.key: calculation.manifest.of(step.key) for step in known}
    states = {record.state for record in steps.values()}
    seconds = processor_seconds(steps.values())
    stage: Stage = "stopped"
    if states == {"done"}:
        stage = "done"
    elif "failed" in states:
        stage = "failed"
    elif "running" in states:
        stage = "running"
    elif not any(record.attempts for record in steps.values()):
        stage = "planned"
    return Progress(name=calculation.name, stage=stage, steps=steps, seconds=seconds)


def processor_seconds(steps: Iterable[StepRecord]) -> float:
    """Processor time of all attempts at steps; of old ones the wall time of all processes [s]."""
    return sum(
        (attempt.seconds or 0.0) * attempt.processes
        if attempt.cpu_seconds is None
        else attempt.cpu_seconds
        for record in steps
        for attempt in record.attempts
    )


def start_of(calculation: Calculation) -> Start:
    """Where a calculation began."""
    settings = calculation.workflow.settings
    relaxes = settings.protocol.relaxation == "cell"
    return Start(
        atoms=calculation.workflow.atoms,
        pressure=settings.pressure if relaxes else None,
        guess=settings.starting_guess,
    )


def collect_record(folder: Path) -> dict[str, Any]:
    """Read the results of a material, judge them, and keep the record in its folder.

    Parameters
    ----------
    folder
        Folder of the material.

    Returns
    -------
    dict
        Record, as `make_record` gives it.

    Raises
    ------
    DataError
        If a result is missing or broken.
    """
    calculation = open_calculation(folder)
    protocol = calculation.workflow.settings.protocol
    results = read_results(folder)
    start = start_of(calculation)
    verdict = judge(results, smearing=protocol.broadening, start=start)
    iron = never_magnetic(calculation.workflow.settings.pseudopotentials.values())
    verdict = replace(verdict, notes=(*verdict.notes, *iron))
    changes = {
        step: steps.attempts[-1].changes
        for step, steps in calculation.manifest.steps.items()
        if steps.attempts and steps.attempts[-1].changes
    }
    settings = calculation.settings_of_record
    record = make_record(calculation.name, results, settings, verdict, changes=changes, start=start)
    text = json.dumps(record, ensure_ascii=False, allow_nan=False)
    replace_file(folder / RECORD, text + "\n")
    return record


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Collected:
    """What became of one material.

    Attributes
    ----------
    name
        Its name.
    record
        Record, as `make_record` gives it; None if the material is not done.
    error
        Why there is none; None if it is done, or not yet done.
    stage
        How far it is; ``"foreign"`` for a file that is no record; None if that cannot be told.
    """

    name: str
    record: dict[str, Any] | None = None
    error: BetenetError | None = None
    stage: Stage | Literal["foreign"] | None = None

    def __repr__(self) -> str:
        failed = "" if self.error is None else self.error.in_one_line(self.name)
        return f"Collected({failed or f'{self.name}: {self.stage}'})"

    def to_rows(self) -> list[dict[str, object]]:
        """Numbers and texts of the record, for `betenet.tables.to_dataframe`; none without one."""
        record = self.record or {}
        plain: dict[str, object] = {
            key: one for key, one in record.items() if isinstance(one, str | int | float)
        }
        return [plain] if plain else []

    @property
    def spectrum(self) -> Spectrum | None:
        """α²F(ω) of the record; None if it has none."""
        table = None if self.record is None else self.record.get("spectrum")
        if table is None:
            return None
        return Spectrum(np.array(table["frequencies_mev"]), np.array(table["a2f"]))

    def _why_no_spectrum(self) -> str:
        if self.error is not None:
            return self.error.in_one_line()
        calculation: Mapping[str, Any] = (self.record or {}).get("calculation", {})
        reasons = [str(one["text"]) for one in calculation.get("reasons", ())]
        return " ".join(reasons) or f"It is not done: {self.stage}."

    def plot(self, path: str | Path | None = None) -> Any:
        """Draw α²F(ω) and the cumulative λ(ω); write the figure if there is a path.

        Raises
        ------
        DataError
            If there is no spectrum.
        """
        from betenet.plotting import plot_spectrum

        if self.spectrum is None:
            raise DataError(f"{self.name} has no α²F.", self._why_no_spectrum())
        return plot_spectrum(self.spectrum, path)


def collect_all(folders: Iterable[Path]) -> Generator[Collected]:
    """What became of each material, one after the other; an error becomes part of it."""
    for folder in folders:
        stage: Stage | None = None
        try:
            progress = progress_of(open_calculation(folder))
            stage = progress.stage
            record = collect_record(folder) if stage == "done" else None
            error = _failure(folder, progress)
        except Exception as fault:  # noqa: BLE001 - the others are to be collected
            record, error = None, unexpected(fault, str(folder))
        yield Collected(name=folder.name, record=record, error=error, stage=stage)


def _failure(folder: Path, progress: Progress) -> BetenetError | None:
    """What to say of a calculation that has failed."""
    for key, record in progress.steps.items():
        if record.state == "failed":
            last = record.attempts[-1]
            return step_error(folder, key, last.failure, last.said)
    return None
