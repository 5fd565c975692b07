"""What a material's calculation was told, and how far each of its steps is."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast, get_args

from betenet.espresso.failures import Start, check_remedy
from betenet.espresso.namelist import Namelists
from betenet.runs import ManifestKind, digest

State = Literal["waiting", "running", "done", "failed"]

_KEY = re.compile(r"\w[\w-]*(/\w[\w-]*)*", re.ASCII)
"""Keys of steps, which are folders too."""
_NONE: Namelists = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One start of a program for a step.

    Attributes
    ----------
    started
        Time of the start in UTC (ISO 8601).
    processes
        Number of processes.
    start
        How the program began: from scratch, or with the files of an earlier attempt.
    changes
        Changes of the step's namelists because of earlier failures.
    seconds
        Time on the wall clock; None while the program runs, and where it was killed together with
        the runner [s].
    cpu_seconds
        Processor time of all its processes; None as above, and where it cannot be known: srun has
        processes that are not its own, and old manifests do not have it [s].
    failure
        Key of what went wrong; None if nothing did, or not yet.
    said
        Words of the program about the failure.
    """

    started: str
    processes: int
    start: Start = "scratch"
    changes: Namelists = field(default_factory=lambda: _NONE)
    seconds: float | None = None
    cpu_seconds: float | None = None
    failure: str | None = None
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """How far a step is.

    Attributes
    ----------
    state
        ``"waiting"``, ``"running"``, ``"done"`` or ``"failed"``.
    attempts
        Attempts that were made, oldest first.
    forgiven
        Number of first attempts that do not count, because a new start of the run tries afresh.
    cleaned
        Whether the scratch folder of the step was removed.
    """

    state: State = "waiting"
    attempts: tuple[Attempt, ...] = ()
    forgiven: int = 0
    cleaned: bool = False

    def begun(self, attempt: Attempt) -> StepRecord:
        """The record with one more attempt, which is running."""
        attempts = (*self.attempts, attempt)
        return replace(self, state="running", attempts=attempts, cleaned=False)

    def ended(self, state: State, **what: Any) -> StepRecord:
        """The record with attributes of the last attempt set."""
        *earlier, last = self.attempts
        return replace(self, state=state, attempts=(*earlier, replace(last, **what)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """All that is known about a material's calculation.

    Attributes
    ----------
    settings
        What the calculation was told; plain JSON values.
    version
        Version of the programs that it was begun with.
    steps
        Records of the steps by key, in the order of their first attempts.
    """

    settings: Mapping[str, object]
    version: str = ""
    steps: Mapping[str, StepRecord] = field(default_factory=dict[str, StepRecord])

    def of(self, key: str) -> StepRecord:
        """The record of a step; a new one if it has none yet."""
        return self.steps.get(key, StepRecord())

    def having(self, key: str, record: StepRecord) -> Manifest:
        """The manifest with a record added or replaced."""
        return replace(self, steps={**self.steps, key: record})


def begin_calculation(folder: Path, settings: Mapping[str, object], version: str = "") -> Manifest:
    """Begin a calculation, or go on with the one that is in the folder.

    Parameters
    ----------
    folder
        Folder of the material.
    settings
        What the calculation is told; values that JSON can hold.
    version
        Version of the programs, kept for the record.

    Raises
    ------
    ConfigError
        If the calculation in the folder was told something else; the message lists what.
    DataError
        If its manifest is damaged, or cannot be written.
    """
    manifest = CALCULATION.begin(folder, Manifest(settings=settings, version=version))
    if version and not manifest.version:  # it was planned before the programs were asked
        manifest = replace(manifest, version=version)
        CALCULATION.write(folder, manifest)
    return manifest


def _table(manifest: Manifest) -> dict[str, object]:
    return {
        "digest": digest(manifest.settings),
        "version": manifest.version,
        "settings": manifest.settings,
        "steps": {key: asdict(record) for key, record in manifest.steps.items()},
    }


def _manifest(table: dict[str, Any]) -> Manifest:
    if table["digest"] != digest(table["settings"]):
        raise ValueError("its settings do not have the digest that it states")
    steps = {key: _record(key, record) for key, record in table["steps"].items()}
    version = _text(table["version"], "version")
    return Manifest(settings=table["settings"], version=version, steps=steps)


def _record(key: str, table: dict[str, Any]) -> StepRecord:
    """The record of a step; nothing in it is taken for granted, as the digest does not hold it."""
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} is no name of a step")
    try:
        attempts = tuple(map(_attempt, table["attempts"]))
        state = _one_of(table["state"], get_args(State), "state")
        if state in {"running", "failed"} and not attempts:
            raise ValueError(f"it is {state} without an attempt")
        forgiven, cleaned = table["forgiven"], table["cleaned"]
        if not (_is_count(forgiven) and forgiven <= len(attempts) and isinstance(cleaned, bool)):
            raise ValueError(f"forgiven is {forgiven!r}, cleaned is {cleaned!r}")
    except ValueError as error:
        raise ValueError(f"step {key} has {error}") from error
    return StepRecord(
        state=cast("State", state), attempts=attempts, forgiven=forgiven, cleaned=cleaned
    )


def _attempt(table: dict[str, Any]) -> Attempt:
    changes: object = table.get("changes", {})
    entries = cast("dict[str, Any]", changes).values() if isinstance(changes, dict) else [None]
    if not all(isinstance(one, dict) for one in entries):
        raise ValueError(f"changes {changes!r}, which are no namelists")
    values = (value for one in cast("list[dict[str, Any]]", entries) for value in one.values())
    if any(isinstance(value, list | dict) for value in values):
        raise ValueError(f"changes {changes!r}, with a list where a value belongs")
    attempt = Attempt(**table)
    _one_of(attempt.start, get_args(Start), "start")
    for name in ("started", "said", "failure"):
        if name != "failure" or attempt.failure is not None:
            _text(getattr(attempt, name), name)
    if not _is_count(attempt.processes):
        raise ValueError(f"processes {attempt.processes!r}")
    for name in ("seconds", "cpu_seconds"):
        value = getattr(attempt, name)
        if value is not None and not _is_time(value):
            raise ValueError(f"{name} {value!r}, which is no time")
    check_remedy(attempt.changes)
    return attempt


def _one_of(value: object, choices: tuple[str, ...], what: str) -> str:
    if value not in choices:
        raise ValueError(f"{what} {value!r}, which is none of {', '.join(choices)}")
    return str(value)


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{what} {value!r}, which is no text")
    return value


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_time(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 0.0 <= cast("float", value) < math.inf


CALCULATION = ManifestKind(
    run="calculation",
    format=1,
    settings=lambda table: table["settings"],
    parse=_manifest,
    dump=_table,
    absent="Give the folder of one material.",
    remedy="Restore it from a copy, or remove the folder and compute the material again.",
)
"""Manifests of calculations."""
