"""``betenet screen``: from a database of structures to a ranked shortlist."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from betenet.cli.arguments import HelpFormatter, Verbs, add_json, count, key_values, whole
from betenet.cli.parser import help_text
from betenet.cli.streams import refuse_to_replace_inputs
from betenet.errors import ConfigError

if TYPE_CHECKING:
    from betenet.screening.forecast import Forecast
    from betenet.screening.status import Status

MOST_TOLD = 20
"""Number of damaged records that are named."""


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "screen",
        help="screen a database: structures in, a ranked shortlist out",
        description="From a database of structures to a ranked shortlist, stage by stage.",
        text=help_text("screen"),
        formatter_class=HelpFormatter,
    )
    actions = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for add in (_add_plan, _add_run, _add_status, _add_report, _add_substitute):
        add(actions)
    parser.verb_for_files = lambda file: f"run {file} --out run/"


def _add_plan(actions: Verbs) -> None:
    plan = actions.add_parser(
        "plan",
        help="say what to expect of a funnel; compute nothing expensive",
        description="Precision, recall, number and cost that are to be expected, with intervals.",
        text=help_text("screen_funnel"),
        formatter_class=HelpFormatter,
    )
    _add_target(plan)
    plan.add_argument(
        "--candidates",
        type=count,
        metavar="N",
        help="how many there are (default: the source is read and counted)",
    )
    add_json(plan, "the forecast")
    plan.set_defaults(run=run_plan)


def _add_run(actions: Verbs) -> None:
    running = actions.add_parser(
        "run",
        help="screen, or go on with a screening that was interrupted",
        description="Screen, or go on with a screening that was interrupted.",
        text=help_text("screen_run"),
        formatter_class=HelpFormatter,
    )
    _add_target(running)
    running.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of the screening"
    )
    workers = "processes that compute (default: %(default)s), see below"
    running.add_argument("--workers", type=count, default=1, metavar="N", help=workers)
    where = running.add_mutually_exclusive_group()
    where.add_argument("--scheduler", metavar="ADDRESS", help="address of a Dask scheduler")
    jobs = "start the workers as jobs of Slurm"
    where.add_argument("--slurm", action="extend", nargs="*", metavar="KEY=VALUE", help=jobs)
    running.set_defaults(run=run_run)


def _add_target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", metavar="FUNNEL|SOURCE", help="funnel.toml, or what to screen")
    parser.add_argument(
        "--calibration",
        type=Path,
        metavar="TABLE.csv",
        help="held-out scores that thresholds and forecast follow from (default: the shipped "
        "table of BETE-NET's materials, see docs/screening.md)",
    )


def _add_status(actions: Verbs) -> None:
    text = "say how far a screening is"
    status = actions.add_parser("status", help=text, description=text.capitalize() + ".")
    status.add_argument("folder", type=Path, metavar="DIR", help="folder of the screening")
    add_json(status, "the numbers")
    status.set_defaults(run=run_status)


def _add_report(actions: Verbs) -> None:
    report = actions.add_parser(
        "report",
        help="write tables and a page for the browser",
        description="Write the results of a screening as tables, and report.html; also of one "
        "that is not done.",
    )
    report.add_argument("folder", type=Path, metavar="DIR", help="folder of the screening")
    report.set_defaults(run=run_report)


def _add_substitute(actions: Verbs) -> None:
    substitute = actions.add_parser(
        "substitute",
        help="make candidates from known crystals: similar elements in place of theirs",
        description="Candidates by elemental substitution, with cells scaled to the new atoms.",
        text=help_text("screen_substitute"),
        formatter_class=HelpFormatter,
    )
    add = substitute.add_argument
    add("source", metavar="SOURCE", help="the parents, as for `screen run`")
    add("--candidates", type=count, required=True, metavar="N", help="how many candidates")
    text = "candidates.jsonl, or .jsonl.gz"
    add("--out", type=Path, required=True, metavar="FILE", help=text)
    text = "seed of the draw (default: %(default)s)"
    add("--seed", type=whole, default=0, metavar="N", help=text)
    text = "places between an element and what takes its place (default: %(default)s)"
    add("--reach", type=count, default=4, metavar="N", help=text)
    text = "elements that are never put in"
    add("--exclude-elements", action="extend", nargs="+", default=[], metavar="EL", help=text)
    substitute.rename("--count", "--candidates")
    substitute.set_defaults(run=run_substitute)


def _check_files(*names: str | Path | None) -> None:
    """Refuse a file that is missing before everything is loaded that would read it."""
    for name in names:
        text = "" if name is None else str(name)
        if not text.strip() or re.match(r"\w+:", text) or os.path.lexists(text):
            continue
        raise ConfigError(
            f"There is no file or folder {text}.",
            f"Looked at {Path(text).absolute()}.",
            "Check the path; a database on the web begins with optimade: or mp:.",
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
