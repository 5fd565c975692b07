"""``betenet screen``: from a database of structures to a ranked shortlist."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from betenet.cli.arguments import chosen, count, key_values, pressure, whole
from betenet.cli.parser import Verbs, add_verb, add_verbs
from betenet.cli.printing import GO_ON, show, show_json, tell, tell_errors
from betenet.cli.streams import refuse_to_replace_inputs
from betenet.errors import ConfigError

if TYPE_CHECKING:
    from betenet.screening.status import Status

MOST_TOLD = 20
"""Number of damaged records that are named."""


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    actions = add_verbs(add_verb(verbs, "screen"), lambda file: f"run {file} --out run/")
    plan = add_verb(actions, "screen_plan", run_plan)
    plan.flag("target")
    plan.flag("--calibration", Path)
    plan.flag("--candidates", count)
    plan.switch("--json")
    running = add_verb(actions, "screen_run", run_run)
    running.flag("target")
    running.flag("--calibration", Path)
    running.flag("--out", Path, required=True)
    running.flag("--pressure", pressure)
    running.flag("--workers", count, default=1)
    where = running.add_mutually_exclusive_group()
    running.flag("--scheduler", within=where)
    running.flag("--slurm", within=where, action="extend", nargs="*")
    status = add_verb(actions, "screen_status", run_status)
    status.flag("folder", Path)
    status.switch("--json")
    add_verb(actions, "screen_report", run_report).flag("folder", Path)
    substitute = add_verb(actions, "screen_substitute", run_substitute)
    substitute.flag("source")
    substitute.flag("--candidates", count, required=True)
    substitute.flag("--out", Path, required=True)
    substitute.flag("--seed", whole, default=0)
    substitute.flag("--reach", count, default=4)
    substitute.flag("--exclude-elements", action="extend", nargs="+", default=[])
    substitute.rename("--count", "--candidates")


def _check_files(source: str, calibration: Path | None = None) -> None:
    """Refuse a file that is missing before everything is loaded that would read it."""
    web = "a database on the web begins with optimade: or mp:."
    shipped = "without --calibration, the shipped table is taken."
    for text, remedy in ((source, web), ("" if calibration is None else str(calibration), shipped)):
        if not text.strip() or os.path.lexists(text) or (remedy == web and re.match(r"\w+:", text)):
            continue
        raise ConfigError(
            f"There is no file or folder {text}.",
            f"Looked at {Path(text).absolute()}.",
            f"Check the path; {remedy}",
        )


def run_plan(arguments: argparse.Namespace) -> int:
    """Print what to expect."""
    _check_files(arguments.target, arguments.calibration)
    from betenet.screening.screening import plan

    expected = plan(**chosen(arguments, "target", "candidates", "calibration"))
    show_json(expected.to_dict()) if arguments.json else show(expected.as_text())
    return 0


def run_run(arguments: argparse.Namespace) -> int:
    """Screen; the exit code is 130 after an interrupt."""
    _check_files(arguments.target, arguments.calibration)
    from betenet.screening.screening import open_funnel, screen

    example = "queue=long memory=8GB"
    slurm = None if arguments.slurm is None else key_values(arguments.slurm, "--slurm", example)
    try:
        found = screen(
            arguments.out,
            open_funnel(arguments.target, arguments.pressure),
            slurm=slurm,
            **chosen(arguments, "calibration", "workers", "scheduler"),
        )
    except KeyboardInterrupt:
        tell("interrupted; what is done is kept:")
        _print_status(arguments.out)
        tell(GO_ON)
        return 130
    tell(f"wrote {found.page}")
    show(f"{found.status.as_text()}\n\n{found.as_text()}")
    return _tell_damage(found.status)


def run_status(arguments: argparse.Namespace) -> int:
    """Print how far a screening is."""
    return _print_status(arguments.folder, as_json=arguments.json)


def run_report(arguments: argparse.Namespace) -> int:
    """Write the results; the exit code is 1 if something is damaged."""
    from betenet.screening.screening import write_outputs

    found = write_outputs(arguments.folder)
    tell(f"wrote {found.page}")
    return _tell_damage(found.status)


def run_substitute(arguments: argparse.Namespace) -> int:
    """Write candidates."""
    _check_files(arguments.source)
    from betenet.screening.substitution import substitute

    refuse_to_replace_inputs([arguments.source], arguments.out, "--out")
    options = chosen(arguments, "candidates", "seed", "reach", "exclude_elements")
    written = substitute(arguments.source, arguments.out, **options)
    tell(f"wrote {written} candidates to {arguments.out}")
    if written < arguments.candidates:
        tell("no more are found: give more parents")
    return 0


def _print_status(folder: Path, *, as_json: bool = False) -> int:
    from betenet.screening.status import status_of

    found = status_of(folder)
    show_json(found.to_dict()) if as_json else show(found.as_text())
    return _tell_damage(found)


def _tell_damage(found: Status) -> int:
    """Name what is damaged; the exit code is 1 if something is, else 0."""
    tell_errors(one.as_error() for one in found.damage[:MOST_TOLD])
    if len(found.damage) > MOST_TOLD:
        tell(f"and {len(found.damage) - MOST_TOLD:,} more are damaged.")
    return 1 if found.damage else 0
