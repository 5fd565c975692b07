"""Failures of a program: their names, reasons and remedies, and what another attempt changes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, cast

from betenet.errors import DataError
from betenet.espresso.namelist import Namelists, Value

Start = Literal["scratch", "recovery"]
"""An attempt begins with an empty scratch folder, or goes on with what an earlier one left."""

TABLE = "failures.toml"
JOB_DONE = "JOB DONE."
"""Last words of a program; also where it has not converged."""
INTERRUPTED = "interrupted"
"""The runner was stopped or killed: nothing that the step could do about."""
OUT_OF_TIME, DISK_FULL, NO_RESULTS, UNKNOWN = "out_of_time", "disk_full", "no_results", "unknown"
MISSING_FILE = "missing_file"
IMAGINARY_MODES, NOT_A_METAL = "imaginary_modes", "not_a_metal"
OF_THE_CRYSTAL = (IMAGINARY_MODES, NOT_A_METAL)
"""Failures that no other run would change."""
NOT_A_NUMBER, WRONG_MPI, RESIDUAL_PRESSURE = "not_a_number", "wrong_mpi", "residual_pressure"

_BOX = re.compile(r"Error in routine[^\n]*\n(?:(?!\s*%%)[^\n]*\n)*")
_QUOTED_LINES = 5
_QUOTED_LENGTH = 600
_NOISE = re.compile(
    r"MPI_ABORT|^[-=]+$|^NOTE: invoking|You may or may not|exactly when Open MPI|^#\d+ |^\s+at "
    r"|Backtrace|backtrace|JOB DONE|This run was terminated|floating-point exceptions"
)
"""Lines that say nothing of a failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """What a further attempt does.

    Attributes
    ----------
    start
        How the attempt begins.
    changes
        Changes of the namelists, by program.
    """

    start: Start
    changes: Mapping[str, Namelists]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One of the things that can go wrong; ``failures.toml`` explains the attributes."""

    key: str
    reason: str
    fix: str
    programs: tuple[str, ...] = ()
    says: tuple[re.Pattern[str], ...] = ()
    exits: tuple[int, ...] = ()
    even_done: bool = False
    again: Start | None = None
    retries: tuple[Retry, ...] = ()

    @property
    def lies_outside(self) -> bool:
        """Whether the cause is neither the crystal nor its settings: another run may go well."""
        return self.again is not None and self.key not in OF_THE_CRYSTAL

    def fits(self, program: str, status: int, text: str) -> bool:
        """Whether this is what has happened to a program."""
        if self.programs and program not in self.programs:
            return False
        return status in self.exits or any(pattern.search(text) for pattern in self.says)


@cache
def known_failures() -> tuple[Failure, ...]:
    """All that have a name, in the order in which they are looked for."""
    text = files("betenet.espresso").joinpath(TABLE).read_text(encoding="utf-8")
    return tuple(_failure(table) for table in tomllib.loads(text)["failure"])


@cache
def remedies() -> Mapping[tuple[str, str], tuple[Value, ...]]:
    """Values that further attempts may give a key of a namelist, by both their names."""
    found: dict[tuple[str, str], tuple[Value, ...]] = {}
    for failure in known_failures():
        for retry in failure.retries:
            for namelists in retry.changes.values():
                for name, entries in namelists.items():
                    for key, value in entries.items():
                        found[name, key] = (*found.get((name, key), ()), value)
    return found


def check_remedy(changes: Namelists) -> None:
    """Check that changes of namelists are such as a failure asks for.

    Raises
    ------
    ValueError
        If one of them is not; it is named.
    """
    for name, entries in changes.items():
        for key, value in entries.items():
            allowed = remedies().get((name, key), ())
            if isinstance(value, bool) or value not in allowed:
                known = " or ".join(map(repr, dict.fromkeys(allowed)))
                asks = f"only {key} = {known}" if known else "no failure"
                raise ValueError(
                    f"an attempt with {key} = {value!r} in the namelist {name}, and {asks} "
                    f"asks for that ({TABLE})"
                )


def failure_named(key: str) -> Failure:
    """The failure with a key; the unknown one if this version knows none of that name."""
    named = {failure.key: failure for failure in known_failures()}
    return named.get(key, named[UNKNOWN])


def step_error(folder: Path, key: str, failure: str | None, message: str) -> DataError:
    """Error for a step that has failed: what, why, and what to do.

    Parameters
    ----------
    folder
        Folder of the material.
    key
        Key of the step.
    failure
        Key of the failure of its last attempt.
    message
        What the program says of it; empty if it says nothing.
    """
    known = failure_named(failure or "")
    return DataError(
        f"{folder} has failed in step {key} ({known.key}).",
        f"{known.reason} It says: {message}" if message else known.reason,
        known.fix,
    )


def judge(program: str, status: int, text: str, missing: Sequence[str] = ()) -> Failure | None:
    """What went wrong in a run of a program; None if nothing did.

    Parameters
    ----------
    program
        Such as ``ph.x``.
    status
        Its exit status; negative for a signal.
    text
        Its output and its error output.
    missing
        Results that it should have left and has not.
    """
    ended = status == 0 and JOB_DONE in text
    for failure in known_failures():
        if (failure.even_done or not ended) and failure.fits(program, status, text):
            return failure
    if ended and not missing:
        return None
    return failure_named(NO_RESULTS if ended else UNKNOWN)


def quoted(output: str, errors: str, failure: Failure | None = None) -> str:
    """What a program says of its failure.

    Its message in a box if there is one, else the lines that the failure is known by, else its
    last lines.
    """
    box = _BOX.search(output)
    if box is not None:
        return " ".join(box.group().split())[:_QUOTED_LENGTH]
    lines = [
        " ".join(line.split())
        for text in (output, errors)
        for line in text.splitlines()
        if line.strip() and not _NOISE.search(line)
    ]
    says = () if failure is None else failure.says
    telling = [line for line in lines if any(pattern.search(line) for pattern in says)]
    return " | ".join((telling or lines)[-_QUOTED_LINES:])[-_QUOTED_LENGTH:]


def _failure(table: Mapping[str, Any]) -> Failure:
    retries = cast("list[dict[str, Any]]", table.get("retry", []))
    return Failure(
        key=table["key"],
        reason=table["reason"],
        fix=table["fix"],
        programs=tuple(table.get("programs", ())),
        says=tuple(re.compile(pattern) for pattern in table.get("says", ())),
        exits=tuple(table.get("exits", ())),
        even_done=table.get("even_done", False),
        again=table.get("again"),
        retries=tuple(
            Retry(start=retry["start"], changes=retry.get("changes", {})) for retry in retries
        ),
    )
