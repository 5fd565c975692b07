"""``betenet epc``: α²F of structures from first principles, with Quantum ESPRESSO."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from betenet.cli.arguments import TABLE_UNITS, count, positive, pressure
from betenet.cli.parser import Parser, Verbs, add_verb, add_verbs


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    actions = add_verbs(add_verb(verbs, "epc"), lambda file: f"run {file} --out epc/")
    plan = add_verb(actions, "epc_plan", partial(_run, "plan"))
    plan.flag("files", nargs="*")
    plan.flag("--out", Path)
    _add_settings(plan)
    plan.flag("--show")
    plan.flag("--slurm", action="extend", nargs="*")
    plan.switch("--json")
    _add_run(add_verb(actions, "epc_run", partial(_run, "run")))
    status = add_verb(actions, "epc_status", partial(_run, "status"))
    status.flag("folder", Path)
    status.switch("--json")
    collect = add_verb(actions, "epc_collect", partial(_run, "collect"))
    collect.flag("folder", Path)
    collect.flag("--out", Path)
    collect.switch("--all")
    collect.flag("--table-unit", choices=TABLE_UNITS, default="K")
    collect.switch("--json")
    cutoffs = add_verb(actions, "epc_cutoffs", partial(_run, "cutoffs"))
    cutoffs.flag("folder", Path)
    cutoffs.flag("elements", nargs="*")
    cutoffs.flag("--programs", Path)
    cutoffs.switch("--again", "--table", "--json")
    _add_campaign(add_verb(actions, "epc_campaign", partial(_run, "campaign")))
    _add_next(add_verb(actions, "epc_next", partial(_run, "propose")))


def _add_run(running: Parser) -> None:
    running.flag("files", nargs="*")
    running.flag("--out", Path, required=True)
    running.flag("--only", action="extend", nargs="+", default=[])
    running.rename("--name", "--only")
    _add_settings(running)
    running.flag("--table-unit", choices=TABLE_UNITS, default="K")
    running.flag("--jobs", count, default=1)
    running.flag("--processes", count, default=1)
    running.flag("--mpi", choices=("mpirun", "srun", "none"), default="mpirun")
    _add_limits(running)
    running.switch("--stop-if-unstable", "--keep-scratch")


def _add_campaign(running: Parser) -> None:
    running.flag("lists", Path, nargs="*")
    running.flag("--out", Path, required=True)
    _add_recipe(running)
    running.flag("--most-hours", positive)
    running.flag("--records", Path)
    running.flag("--held-out", Path)
    running.flag("--candidates")
    _add_limits(running)


def _add_next(parser: Parser) -> None:
    parser.flag("pool", nargs="+")
    parser.flag("--model")
    parser.flag("--crystals", count, default=10, dest="count")
    parser.flag("--above", positive, default=10.0)
    parser.flag("--by", choices=("tc", "probability", "improvement", "upper"))
    parser.flag("--spread", float)
    parser.flag("--done", Path)
    parser.flag("--held-out", Path)
    parser.flag("--protocol")
    parser.flag("--pseudopotentials", Path)
    parser.flag("--out", Path)
    parser.switch("--per-hour", "--everything", "--json")


def _add_settings(parser: Parser) -> None:
    """Add the flags of what a plan is told: the protocol, its material and the pressure."""
    _add_recipe(parser)
    parser.flag("--dos-pseudopotentials", Path)
    parser.flag("--pressure", pressure)
    parser.flag("--electrons", Path)
    parser.switch("--keep-insulators")


def _add_recipe(parser: Parser) -> None:
    """Add the flags of what all calculations are told: the protocol and its material."""
    parser.flag("--protocol")
    parser.flag("--set", action="extend", nargs="+", default=[])
    parser.flag("--pseudopotentials", Path)
    parser.switch("--starting-guess")


def _add_limits(parser: Parser) -> None:
    """Add the flags of how long programs run, and which of them again."""
    parser.flag("--programs", Path)
    parser.flag("--max-seconds", positive)
    parser.switch("--retry-failed")


def _run(name: str, arguments: argparse.Namespace) -> int:
    """Do what a verb does; numpy and ASE are loaded only then."""
    from betenet.cli import epc_verbs

    return getattr(epc_verbs, name)(arguments)
