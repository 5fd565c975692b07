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
from betenet.cli.streams import spare_the_inputs
from betenet.errors import ConfigError

if TYPE_CHECKING:
    from betenet.screening.forecast import Forecast
    from betenet.screening.status import Status

MOST_TOLD = 20
"""Number of damaged records that are named."""

_EPILOG = """\
examples:
  betenet screen plan funnel.toml                 what to expect, before anything is computed
  betenet screen run funnel.toml --out run/ --workers 8
  betenet screen run cells/ --out run/            a folder of structures, by the default funnel
  betenet screen status run/                      how far it is, also while it is running
  betenet screen report run/                      tables and a page for the browser
  betenet screen substitute cells/ --candidates 1000 --out more.jsonl    something to screen

A screening may be killed at any moment: the same command goes on where it was.
`betenet screen VERB --help` explains each verb.
"""

_FUNNEL_TEXT = """\
a funnel (TOML):
  source = "cells/"                  what `betenet screen run` takes as SOURCE
  mu_star = 0.10
  [filters]
  most_atoms = 20
  exclude_elements = ["U"]
  duplicates = true                  the default: a crystal that came before is left out
  [[stages]]
  name = "structure"
  kind = "structure"                 a model predicts from the structure alone
  threshold = 5.8                    or precision = 0.9, recall = 0.8, budget = 1000
  [[stages]]
  name = "stability"
  kind = "stability"                 phonons by a force field; imaginary ones do not pass
  [[stages]]
  name = "phonons"
  kind = "phonons"                   a model predicts with these phonons
  budget = 50

"""

_RUN_EPILOG = (
    """\
examples:
  betenet screen run funnel.toml --out run/ --workers 8
  betenet screen run funnel.toml --out run/ --scheduler tcp://10.0.0.1:8786
  betenet screen run funnel.toml --out run/ --workers 64 --slurm queue=long cores=16 memory=32GB
  betenet screen run cells/ --out run/

"""
    + _FUNNEL_TEXT
    + """\
SOURCE instead of a funnel is a file or folder of structures, optimade:URL or mp:QUERY; the default
funnel then has one stage, the default model, and passes P(Tc > 5 K) of a half or more.

about the folder:
  manifest.json says what the run was told, records.sqlite has every structure and what became of
  it. Killed at any moment, a run goes on when it is started again with the same settings; other
  settings are refused, and it says what differs. Numbers are computed in double precision and kept
  with six digits: they do not depend on the order of the source, the workers or the batches.
  A structure that fails is recorded with its reason, and is no error of the run.

about workers:
  --workers 1, the default, computes in this process. More are processes of one thread each, and
  need the extra screen. --scheduler takes the workers of a Dask scheduler that is running, --slurm
  starts them as jobs: its options are those of dask_jobqueue.SLURMCluster (queue, account,
  walltime, memory, cores, …), and --workers says how many processes. Only the process that you
  start writes to the folder.
"""
)


_SUBSTITUTE_EPILOG = """\
Each candidate is a parent in which one element or more became another that stands near it in the
order of their chemistry (the modified Pettifor scale), with the cell scaled by the atoms' volumes.
No two have one name; some are one crystal, which `betenet screen run` leaves out. Equal parents,
number and seed give equal candidates.
"""


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "screen",
        help="screen a database: structures in, a ranked shortlist out",
        description="From a database of structures to a ranked shortlist, stage by stage.",
        epilog=_EPILOG,
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
        epilog=_FUNNEL_TEXT,
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
        epilog=_RUN_EPILOG,
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
        epilog=_SUBSTITUTE_EPILOG,
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

    spare_the_inputs([arguments.source], arguments.out, "--out")
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
