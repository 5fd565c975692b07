"""``betenet epc``: α²F of structures from first principles, with Quantum ESPRESSO."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from betenet.cli.arguments import (
    HelpFormatter,
    Verbs,
    add_json,
    add_table_unit,
    count,
    positive,
    pressure,
)
from betenet.cli.parser import help_text
from betenet.espresso.pseudopotentials import FOLDER_VARIABLE


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "epc",
        help="α²F from first principles, with Quantum ESPRESSO",
        description="Electron-phonon coupling from first principles: the recipe of BETE-NET's "
        "training data, run by Quantum ESPRESSO.",
        text=help_text("epc"),
        formatter_class=HelpFormatter,
    )
    actions = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for add in (_add_plan, _add_run, _add_status, _add_collect, _add_cutoffs, _add_campaign):
        add(actions)
    parser.verb_for_files = lambda file: f"run {file} --out epc/"


def _add_plan(actions: Verbs) -> None:
    plan = actions.add_parser(
        "plan",
        help="grids and cost of each structure; writes what `run` then runs",
        description="Grids and cost of each structure. With --out, also its folder, ready to run.",
        text=help_text("epc_protocols"),
        formatter_class=HelpFormatter,
    )
    plan.add_argument("files", nargs="*", metavar="FILE", help="structure file or folder")
    plan.add_argument("--out", type=Path, metavar="DIR", help="folder of all calculations")
    _add_settings(plan)
    plan.add_argument("--show", metavar="PROTOCOL", help="print a protocol with explanations")
    plan.add_argument(
        "--slurm",
        action="extend",
        nargs="*",
        metavar="KEY=VALUE",
        help="write DIR/job.sh for Slurm, with these options (time=24:00:00 ntasks=16 exclusive …)",
    )
    add_json(plan, "the plan")
    plan.set_defaults(run=_verb("plan"))


def _add_run(actions: Verbs) -> None:
    running = actions.add_parser(
        "run",
        help="calculate, or go on with calculations that were interrupted",
        description="Calculate, or go on with calculations that were interrupted.",
        text=help_text("epc_run"),
        formatter_class=HelpFormatter,
    )
    running.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="structure file or folder, planned first (default: all that is planned in DIR)",
    )
    running.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of all calculations"
    )
    running.add_argument(
        "--only",
        action="extend",
        nargs="+",
        default=[],
        metavar="NAME",
        help="only these of the planned ones",
    )
    running.rename("--name", "--only")
    _add_settings(running)
    add_table_unit(running)
    _add_how(running.add_argument_group("how to run"))
    running.set_defaults(run=_verb("run"))


def _add_how(how: argparse._ActionsContainer) -> None:  # pyright: ignore[reportPrivateUsage]
    """Add the flags of how programs are run."""
    how.add_argument(
        "--jobs", type=count, default=1, metavar="N", help="programs at once (default: %(default)s)"
    )
    how.add_argument(
        "--processes",
        type=count,
        default=1,
        metavar="N",
        help="MPI processes of each program (default: %(default)s)",
    )
    how.add_argument(
        "--mpi",
        choices=("mpirun", "srun", "none"),
        default="mpirun",
        help="what starts them, if more than one (default: %(default)s)",
    )
    _add_limits(how, "try again what has failed, whatever the cause")
    how.add_argument(
        "--stop-if-unstable",
        action="store_true",
        help="spend no more on a crystal once a q-point has an imaginary mode, or there are no "
        "states at the Fermi level",
    )
    how.add_argument(
        "--keep-scratch", action="store_true", help="keep wave functions once all is done"
    )


def _add_status(actions: Verbs) -> None:
    status = actions.add_parser(
        "status",
        help="say how far calculations are",
        description="Say how far calculations are, step by step, and what has failed and why.",
    )
    status.add_argument("folder", type=Path, metavar="DIR", help="folder of all calculations")
    add_json(status, "the states of all steps")
    status.set_defaults(run=_verb("status"))


def _add_collect(actions: Verbs) -> None:
    collect = actions.add_parser(
        "collect",
        help="results of what is done: a table, and records to train on",
        description="Results of the calculations that are done: whether they are kept by the "
        "paper's rules and why not, λ, ω_log, ω_2, Tc.",
    )
    collect.add_argument(
        "folder",
        type=Path,
        metavar="DIR",
        help="folder of all calculations, of a campaign, or of records",
    )
    collect.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="write those that are kept as a dataset, .jsonl or .jsonl.gz (docs/datasets.md)",
    )
    collect.add_argument(
        "--all",
        action="store_true",
        help="write those that are dropped too; readers of datasets refuse them",
    )
    add_table_unit(collect)
    add_json(collect, "the records")
    collect.set_defaults(run=_verb("collect"))


def _add_cutoffs(actions: Verbs) -> None:
    cutoffs = actions.add_parser(
        "cutoffs",
        help="how many plane waves pseudopotentials need; measures what is not known",
        description="How many plane waves pseudopotentials need. Where no recommended cutoff is "
        "known, it is measured, in about a minute for an element, and kept.",
        text=help_text("epc_cutoffs"),
        formatter_class=HelpFormatter,
    )
    cutoffs.add_argument("folder", type=Path, metavar="DIR", help="folder of UPF files")
    cutoffs.add_argument(
        "elements", nargs="*", metavar="ELEMENT", help="only these elements (default: all in DIR)"
    )
    _add_programs(cutoffs)
    cutoffs.add_argument(
        "--again", action="store_true", help="measure also where cutoffs are known already"
    )
    cutoffs.add_argument(
        "--table", action="store_true", help="print what was measured as entries of cutoffs.toml"
    )
    add_json(cutoffs, "cutoffs, their sources and new measurements")
    cutoffs.set_defaults(run=_verb("cutoffs"))


def _add_campaign(actions: Verbs) -> None:
    running = actions.add_parser(
        "campaign",
        help="calculate the crystals of long lists, for as long as it is let run",
        description="Calculate the crystals of lists in their order, one program at a time at the "
        "lowest priority. Given a LIST while it runs, the crystals are added at the end.",
        text=help_text("epc_campaign"),
        formatter_class=HelpFormatter,
    )
    running.add_argument(
        "lists", nargs="*", type=Path, metavar="LIST", help="CSV file of crystals, see below"
    )
    running.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of the campaign"
    )
    told = running.add_argument_group("what to calculate (kept in DIR for later starts)")
    _add_recipe(told, "scout")
    told.add_argument(
        "--most-hours",
        type=positive,
        metavar="H",
        help="skip crystals that are expected to take more core-hours (default: no limit)",
    )
    told.add_argument(
        "--records",
        type=Path,
        metavar="DIR",
        help="folder of the records of crystals that are kept, dropped or failed; those are not "
        "computed again (default: records/ in --out)",
    )
    told.add_argument(
        "--held-out",
        type=Path,
        metavar="FILE",
        help="formulas for tests only, one in a line (H3S1): their records get the split test, "
        "all others train",
    )
    again = "calculate again where a program has failed, or a record is damaged"
    _add_limits(running.add_argument_group("how to run"), again)
    running.set_defaults(run=_verb("campaign"))


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the flags of what a plan is told: the protocol, its material and the pressure."""
    group = parser.add_argument_group("what to calculate")
    _add_recipe(group, "balanced")
    group.add_argument(
        "--pressure",
        type=pressure,
        metavar="GPA",
        help="pressure to which the cell is relaxed (default: 0)",
    )


def _add_recipe(group: argparse._ActionsContainer, default: str) -> None:  # pyright: ignore[reportPrivateUsage]
    """Add the flags of what all calculations are told: the protocol and its material."""
    group.add_argument(
        "--protocol",
        metavar="NAME",
        help=f"paper, balanced, scout or fast (default: {default})",
    )
    group.add_argument(
        "--set",
        action="extend",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="change values of the protocol",
    )
    group.add_argument(
        "--pseudopotentials",
        type=Path,
        metavar="DIR",
        help="UPF files named after their elements (default: $" + FOLDER_VARIABLE + ")",
    )
    group.add_argument(
        "--starting-guess",
        action="store_true",
        help="the cells are guesses: a volume that changes by more than 8 %% is no reason to drop",
    )


def _add_limits(group: argparse._ActionsContainer, retried: str) -> None:  # pyright: ignore[reportPrivateUsage]
    """Add the flags of how long programs run, and which of them again."""
    _add_programs(group)
    group.add_argument(
        "--max-seconds", type=positive, metavar="S", help="stop cleanly before so many seconds"
    )
    group.add_argument("--retry-failed", action="store_true", help=retried)


def _add_programs(group: argparse._ActionsContainer) -> None:  # pyright: ignore[reportPrivateUsage]
    group.add_argument(
        "--programs", type=Path, metavar="DIR", help="folder of pw.x (default: from PATH)"
    )


def _verb(name: str) -> Callable[[argparse.Namespace], int]:
    """What a verb does; numpy and ASE are loaded only then."""

    def run(arguments: argparse.Namespace) -> int:
        from betenet.cli import epc_verbs

        return getattr(epc_verbs, name)(arguments)

    return run
