"""What a material's calculation was told, and how far it is: one file, always whole."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast, get_args

from betenet.errors import ConfigError, DataError
from betenet.espresso.failures import Start, check_remedy
from betenet.espresso.namelist import Namelists
from betenet.json_differences import differences
from betenet.json_input import read_json, what_is_wrong
from betenet.runs.replace_file import replace_file

MANIFEST = "manifest.json"
FORMAT = 1
State = Literal["waiting", "running", "done", "failed"]

_KEY = re.compile(r"\w[\w-]*(/\w[\w-]*)*", re.ASCII)
"""Keys of steps, which are folders too."""
_NONE: Namelists = {}
_FIX = "Restore it from a copy, or remove the folder and compute the material again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One start of a program for a step.

    Attributes
    ----------
    started
        When, in UTC (ISO 8601).
    processes
        How many.
    start
        How it began.
    changes
        Of the step's namelists, for the sake of earlier failures.
    seconds
        How long it took by the clock on the wall; None while it runs, and where it was killed
        together with the runner [s].
    cpu_seconds
        Processor time of all its processes; None as above, and where it cannot be known: srun has
        processes that are not its own, and old manifests do not have it [s].
    failure
        Key of what went wrong; None if nothing did, or not yet.
    said
        What the program says of it.
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
        All that were made, oldest first.
    forgiven
        So many of the first attempts do not count: a new start of the run tries afresh.
    cleaned
        Whether its scratch folder was removed, as of no more use.
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
        What it was told; plain JSON values.
    version
        Of the programs that it was begun with.
    steps
        Records by key, in the order of their first attempts.
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

    def to_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return {
            "format": FORMAT,
            "digest": digest(self.settings),
            "version": self.version,
            "settings": self.settings,
            "steps": {key: asdict(record) for key, record in self.steps.items()},
        }


def digest(settings: Mapping[str, object]) -> str:
    """Hash of settings.

    Examples
    --------
    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def agree_on(folder: Path, settings: Mapping[str, object], version: str = "") -> Manifest:
    """The manifest of a new calculation, or of the one that is in the folder.

    Parameters
    ----------
    folder
        Of the material.
    settings
        What the calculation is told; values that JSON can hold.
    version
        Of the programs, kept for the record.

    Raises
    ------
    ConfigError
        If the calculation in the folder was told something else; the message lists what.
    DataError
        If its manifest is damaged, or cannot be written.
    """
    wanted = cast("dict[str, object]", json.loads(json.dumps(settings)))
    if not (folder / MANIFEST).exists():
        manifest = Manifest(settings=wanted, version=version)
        write_manifest(folder, manifest)
        return manifest
    found = read_manifest(folder)
    apart = differences(found.settings, wanted)
    if apart:
        raise ConfigError(
            f"{folder} holds a calculation with other settings.",
            f"{apart}.",
            "Give another folder, or the settings of that calculation.",
        )
    if version and not found.version:  # it was planned before the programs were asked
        found = replace(found, version=version)
        write_manifest(folder, found)
    return found


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a calculation.

    Raises
    ------
    DataError
        If there is none, it is damaged, or a newer version of betenet has written it.
    """
    path = folder / MANIFEST
    try:
        table = read_json(path)
        written = table["format"]
        if written == FORMAT:
            return _manifest(table)
    except FileNotFoundError:
        raise DataError(
            f"There is no calculation in {folder}.",
            f"It has no {MANIFEST}.",
            "Give the folder of one material.",
        ) from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(
            f"{path} is damaged, or somebody has changed it.",
            f"{what_is_wrong(error)}.",
            _FIX,
        ) from error
    raise DataError(
        f"{path} has format {written!r}.",
        f"This version of betenet reads format {FORMAT}.",
        "Use the version that has begun the calculation.",
    )


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest; it holds its old content or the new one, whole, also after a crash.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    text = json.dumps(manifest.to_dict(), ensure_ascii=False, indent=1)
    replace_file(folder / MANIFEST, text + "\n")


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
