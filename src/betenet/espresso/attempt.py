"""The folder of a step: what is brought there, what is left there, what is kept."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from betenet.espresso.failures import Start
from betenet.espresso.namelist import Namelists, with_changes
from betenet.espresso.steps import SCRATCH, WAVE_FUNCTIONS, Inherited, Step

_TIME_LIMIT = {"pw.x": "control", "ph.x": "inputph"}
"""Namelist that takes ``max_seconds``, by program."""


def prepare_attempt(
    folder: Path, step: Step, start: Start, changes: Namelists, seconds: float | None = None
) -> Start:
    """Bring all that an attempt needs to the step's folder, and write its input.

    Parameters
    ----------
    folder
        Folder of the material.
    step
        The step.
    start
        How the attempt should begin. It can only go on where the step knows how to, and an
        earlier attempt has left something to go on from.
    changes
        Changes of the namelists.
    seconds
        Time after which a program that can go on stops by itself [s]; None for no limit.

    Returns
    -------
    str
        How it begins.
    """
    home = folder / step.key
    goes_on = start == "recovery" and bool(step.recovery) and _left_something(home, step)
    home.mkdir(parents=True, exist_ok=True)
    (home / f"{step.stem}.out").unlink(missing_ok=True)
    if not goes_on:
        remove(home / SCRATCH)
        for name in step.results:
            for path in list(home.glob(name)):
                remove(path)
    (home / SCRATCH).mkdir(exist_ok=True)
    for name in step.results:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
    for inherited in step.inherits:
        _bring(folder, home, inherited)
    full = with_changes(changes, step.recovery) if goes_on else changes
    if seconds is not None and step.program in _TIME_LIMIT:
        full = with_changes(full, {_TIME_LIMIT[step.program]: {"max_seconds": round(seconds, 1)}})
    (home / f"{step.stem}.in").write_text(step.input_text(full), encoding="utf-8")
    return "recovery" if goes_on else "scratch"


def missing_results(folder: Path, step: Step, *, cleaned: bool = False) -> list[str]:
    """Results that a step should have left and has not, or left empty.

    Parameters
    ----------
    folder
        Folder of the material.
    step
        The step.
    cleaned
        Whether its scratch folder was removed: what was in there is not missed.
    """
    return [
        name
        for name in step.results
        if not (cleaned and Path(name).parts[0] == SCRATCH)
        and not any(map(_holds_something, (folder / step.key).glob(name)))
    ]


def missing_sources(folder: Path, step: Step) -> list[str]:
    """What a step inherits and is not there."""
    return [one.source for one in step.inherits if not (folder / one.source).exists()]


def keep_output(home: Path, stem: str, number: int) -> None:
    """Keep the output of an attempt that was not the last under its number."""
    part = home / f"{stem}.out.part"
    if part.exists():
        part.replace(home / f"{stem}.out.{number}")


def output_of(home: Path, stem: str) -> tuple[str, str]:
    """Output and error output of an attempt that has just ended."""
    names = (f"{stem}.out.part", f"{stem}.err")
    output, errors = ((home / name).read_text(errors="replace") for name in names)
    return output, errors


def remove(path: Path) -> None:
    """Remove a file, a link (not what it points to) or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _left_something(home: Path, step: Step) -> bool:
    brought = {home / one.target for one in step.inherits}
    scratch = home / SCRATCH
    return scratch.is_dir() and any(
        path.is_file() and not any(path == one or one in path.parents for one in brought)
        for path in scratch.rglob("*")
    )


def _holds_something(path: Path) -> bool:
    return path.exists() and (path.is_dir() or path.stat().st_size > 0)


def _bring(folder: Path, home: Path, inherited: Inherited) -> None:
    source, target = folder / inherited.source, home / inherited.target
    target.parent.mkdir(parents=True, exist_ok=True)
    remove(target)
    if inherited.how == "link":
        target.symlink_to(os.path.relpath(source, target.parent))
    elif source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(WAVE_FUNCTIONS))
    else:
        shutil.copyfile(source, target)
