"""``betenet screen``: from a database of structures to a ranked shortlist."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from betenet.cli.arguments import count, key_values, whole
from betenet.cli.parser import Verbs, add_verb, add_verbs
from betenet.cli.streams import refuse_to_replace_inputs
from betenet.errors import ConfigError

if TYPE_CHECKING:
    from betenet.screening.forecast import Forecast
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

    expected = plan(
        arguments.target, candidates=arguments.candidates, calibration=arguments.calibration
    )
    _print(expected, as_json=arguments.json)
    return 0


def run_run(arguments: argparse.Namespace) -> int:
    """Screen; the exit code is 130 after an interrupt."""
    _check_files(arguments.target, arguments.calibration)
    from betenet.screening.screening import screen

    example = "queue=long memory=8GB"
    slurm = None if arguments.slurm is None else key_values(arguments.slurm, "--slurm", example)
    try:
        found = screen(
            arguments.out,
            arguments.target,
            calibration=arguments.calibration,
            workers=arguments.workers,
            scheduler=arguments.scheduler,
            slurm=slurm,
        )
    except KeyboardInterrupt:
        sys.stderr.write("betenet: interrupted; what is done is kept:\n")
        sys.stderr.flush()
        _print_status(arguments.out)
        sys.stderr.write("betenet: start the same command again to go on\n")
        return 130
    code = _print_written(found.page, found.status)
    sys.stdout.write(f"{found.status.as_text()}\n\n{found.as_text()}\n")
    return code


def run_status(arguments: argparse.Namespace) -> int:
    """Print how far a screening is."""
    return _print_status(arguments.folder, as_json=arguments.json)


def run_report(arguments: argparse.Namespace) -> int:
    """Write the results; the exit code is 1 if something is damaged."""
    from betenet.screening.screening import write_outputs

    found = write_outputs(arguments.folder)
    return _print_written(found.page, found.status)


def run_substitute(arguments: argparse.Namespace) -> int:
    """Write candidates."""
    _check_files(arguments.source)
    from betenet.screening.substitution import substitute

    refuse_to_replace_inputs([arguments.source], arguments.out, "--out")
    names = ("candidates", "seed", "reach", "exclude_elements")
    options = {name: getattr(arguments, name) for name in names}
    written = substitute(arguments.source, arguments.out, **options)
    sys.stderr.write(f"betenet: wrote {written} candidates to {arguments.out}\n")
    if written < arguments.candidates:
        sys.stderr.write("betenet: no more are found: give more parents\n")
    return 0


def _print_status(folder: Path, *, as_json: bool = False) -> int:
    from betenet.screening.status import status_of

    found = status_of(folder)
    _print(found, as_json=as_json)
    return _tell_damage(found)


def _print(found: Forecast | Status, *, as_json: bool) -> None:
    told = json.dumps(found.to_dict(), indent=2) if as_json else found.as_text()
    sys.stdout.write(told + "\n")


def _print_written(page: Path, found: Status) -> int:
    sys.stderr.write(f"betenet: wrote {page}\n")
    return _tell_damage(found)


def _tell_damage(found: Status) -> int:
    """Name what is damaged; the exit code is 1 if something is, else 0."""
    for one in found.damage[:MOST_TOLD]:
        sys.stderr.write(f"betenet: error: {one.as_error()}\n")
    if len(found.damage) > MOST_TOLD:
        sys.stderr.write(f"betenet: and {len(found.damage) - MOST_TOLD:,} more are damaged.\n")
    return 1 if found.damage else 0
