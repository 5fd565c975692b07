"""The next attempt at a step, given what happened to those before."""

from __future__ import annotations

from dataclasses import dataclass, field

from betenet.espresso.failures import INTERRUPTED, OUT_OF_TIME, Start, failure_named
from betenet.espresso.manifest import StepRecord
from betenet.espresso.namelist import Namelists, with_changes

ATTEMPTS = 3
"""Attempts at a step that may fail by themselves."""

_UNCOUNTED = (INTERRUPTED, OUT_OF_TIME)
_NONE: Namelists = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class NextAttempt:
    """How an attempt begins, and with which changes of the step's namelists."""

    start: Start = "scratch"
    changes: Namelists = field(default_factory=lambda: _NONE)


def next_attempt(program: str, record: StepRecord, limit: int = ATTEMPTS) -> NextAttempt | None:
    """Plan of the next attempt.

    Parameters
    ----------
    program
        Program that the step runs.
    record
        Record of the step, with the attempts so far.
    limit
        Attempts that may fail; those that were interrupted or ran out of time do not count.

    Returns
    -------
    NextAttempt or None
        None if nothing more is known to help.
    """
    if not record.attempts:
        return NextAttempt()
    last = record.attempts[-1]
    if last.failure is None:  # its results were lost
        return NextAttempt(changes=last.changes)
    if _in_vain(record, limit):
        return None
    if last.failure in _UNCOUNTED:
        return NextAttempt(start="recovery", changes=last.changes)
    return _after_failure(program, record, limit)


def _after_failure(program: str, record: StepRecord, limit: int) -> NextAttempt | None:
    last = record.attempts[-1]
    failure = failure_named(last.failure or "")
    counted = [a for a in record.attempts[record.forgiven :] if a.failure not in _UNCOUNTED]
    if not counted:
        return NextAttempt(start=failure.again or "scratch", changes=last.changes)
    if len(counted) >= limit:
        return None
    times = sum(attempt.failure == last.failure for attempt in counted)
    if times <= len(failure.retries):
        retry = failure.retries[times - 1]
        changes = with_changes(last.changes, retry.changes.get(program, {}))
        return NextAttempt(start=retry.start, changes=changes)
    if last.start == "recovery":  # what it went on from may be damaged
        return NextAttempt(changes=last.changes)
    return None


def _in_vain(record: StepRecord, limit: int) -> bool:
    """Whether a step has run out of time again and again, each time from its start."""
    latest = record.attempts[record.forgiven :][-limit:]
    return len(latest) == limit and all(
        attempt.failure == OUT_OF_TIME and attempt.start == "scratch" for attempt in latest
    )
