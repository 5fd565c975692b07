"""What to say of a step that has failed."""

from __future__ import annotations

from pathlib import Path

from betenet.errors import DataError
from betenet.espresso.failures import failure_named
from betenet.espresso.manifest import StepRecord


def step_error(folder: Path, key: str, record: StepRecord) -> DataError:
    """The failure of a step's last attempt: what, why, and what to do.

    Parameters
    ----------
    folder
        Of the material.
    key
        Of the step.
    record
        Of the step, with at least one attempt.
    """
    last = record.attempts[-1]
    failure = failure_named(last.failure or "")
    return DataError(
        f"{folder} has failed in step {key} ({failure.key}).",
        f"{failure.reason} It says: {last.said}" if last.said else failure.reason,
        failure.fix,
    )
