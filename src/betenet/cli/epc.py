"""``betenet epc``: α²F of structures from first principles, with Quantum ESPRESSO."""

from __future__ import annotations

import argparse
from pathlib import Path

from betenet.cli.arguments import HelpFormatter, Verbs, add_json, add_table_unit, count, positive
from betenet.cli.epc_arguments import add_settings
from betenet.cli.epc_many import add_campaign, add_cutoffs

_EPILOG = """\
examples:
  betenet epc plan Nb.cif --out epc/              what it will take, before anything is computed
  betenet epc run Nb.cif --out epc/               relaxation, phonons, coupling, α²F
  betenet epc run cells/ --out epc/ --protocol paper --jobs 16
  betenet epc status epc/                         how far it is, also while it is running
  betenet epc collect epc/ --out records.jsonl    λ, ω_log, Tc; records that one can train on
  betenet epc campaign list.csv --out many/       hundreds, one after the other, for weeks

A calculation may be killed at any moment: the same command goes on where it was. Quantum ESPRESSO
must be installed (Debian: apt install quantum-espresso), and a folder of pseudopotentials be there
(--pseudopotentials, or the variable BETENET_PSEUDOPOTENTIALS).
`betenet epc VERB --help` explains each verb; docs/first_principles.md has the method, and a
tutorial is in docs/first_principles_tutorial.md.
"""

_PROTOCOL_TEXT = """\
about the protocols (--protocol):
  paper     the recipe of BETE-NET's training data: PBEsol, 75 Ry, k- and q-density 40 and 15 Å
  balanced  30 and 10 Å
  scout     24 and 7 Å: tells a Tc of 5 K from one of 50 K at the least cost
  fast      20 and 5 Å: is it stable, and does everything work? λ is rough
  All but paper take the cutoffs that the pseudopotentials need (betenet epc cutoffs).
  `betenet epc plan --show PROTOCOL` prints every value and what it means; --set changes single
  ones: --set q_density=12 relaxation=none.

about the cost:
  Core-hours on one core of an AMD EPYC of 2026, counted from irreducible q-points, perturbations,
  k-points, bands and plane waves; right within a factor of two where it was tried.

"""

_RUN_EPILOG = """\
examples:
  betenet epc run Nb.cif --out epc/
  betenet epc run --out epc/                      what is planned there already
  betenet epc run --out epc/ --jobs 4             four q-points side by side
  betenet epc run --out epc/ --processes 8        each program with eight MPI processes
  betenet epc run --out epc/ --name Nb --max-seconds 3600

about --jobs and --processes:
  Irreducible q-points do not need each other: --jobs of them run at once, which costs memory but no
  communication. --processes divides the k-points of each program among MPI processes. A machine
  should have jobs × processes cores.

about failures:
  A program's failure is told by name with its remedy, and tried again where that helps: with other
  mixing if a density does not converge, from where it was if it ran out of time, from the start if
  its scratch files are damaged. Other materials still get done; the exit code is 1 then. The same
  command tries again what failed for a cause outside of it (disk, memory, a missing file); with
  --retry-failed it tries everything again that failed.

"""


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "epc",
        help="α²F from first principles, with Quantum ESPRESSO",
        description="Electron-phonon coupling from first principles: the recipe of BETE-NET's "
        "training data, run by Quantum ESPRESSO.",
        epilog=_EPILOG,
        formatter_class=HelpFormatter,
    )
    actions = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    _add_plan(actions)
    _add_run(actions)
    _add_status(actions)
    _add_collect(actions)
    add_cutoffs(actions)
    add_campaign(actions)
    parser.verb_for_files = lambda file: f"run {file} --out epc/"


def _add_plan(actions: Verbs) -> None:
    plan = actions.add_parser(
        "plan",
        help="grids and cost of each structure; writes what `run` then runs",
        description="Grids and cost of each structure. With --out, also its folder, ready to run.",
        epilog=_PROTOCOL_TEXT,
        formatter_class=HelpFormatter,
    )
    plan.add_argument("files", nargs="*", metavar="FILE", help="structure file or folder")
    plan.add_argument("--out", type=Path, metavar="DIR", help="folder of all calculations")
    add_settings(plan)
    plan.add_argument("--show", metavar="PROTOCOL", help="print a protocol with explanations")
    plan.add_argument(
        "--slurm",
        action="extend",
        nargs="*",
        metavar="KEY=VALUE",
        help="write DIR/job.sh for Slurm, with these options (time=24:00:00 ntasks=16 exclusive …)",
    )
    add_json(plan, "the plan")
    plan.set_defaults(run=run_plan)


def _add_run(actions: Verbs) -> None:
    running = actions.add_parser(
        "run",
        help="calculate, or go on with calculations that were interrupted",
        description="Calculate, or go on with calculations that were interrupted.",
        epilog=_RUN_EPILOG + _PROTOCOL_TEXT,
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
        "--name",
        action="extend",
        nargs="+",
        default=[],
        metavar="NAME",
        help="only these of the planned ones",
    )
    add_settings(running)
    add_table_unit(running)
    _add_how(running)
    running.set_defaults(run=run_run)


def _add_how(running: argparse.ArgumentParser) -> None:
    how = running.add_argument_group("how to run")
    how.add_argument(
        "--jobs",
        type=count,
        default=1,
        metavar="N",
        help="programs at once (default: %(default)s)",
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
    how.add_argument(
        "--programs", type=Path, metavar="DIR", help="folder of pw.x (default: from PATH)"
    )
    how.add_argument(
        "--max-seconds", type=positive, metavar="S", help="stop cleanly before so many have passed"
    )
    how.add_argument(
        "--stop-if-unstable",
        action="store_true",
        help="spend no more on a crystal once a q-point has an imaginary mode, or there are no "
        "states at the Fermi level",
    )
    how.add_argument(
        "--retry-failed", action="store_true", help="try again what has failed, whatever the cause"
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
    status.set_defaults(run=run_status)


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
    collect.set_defaults(run=run_collect)


def run_plan(arguments: argparse.Namespace) -> int:
    """Print grids and cost."""
    from betenet.cli.epc_plan import plan

    return plan(arguments)


def run_run(arguments: argparse.Namespace) -> int:
    """Calculate."""
    from betenet.cli.epc_run import run

    return run(arguments)


def run_status(arguments: argparse.Namespace) -> int:
    """Print how far it is."""
    from betenet.cli.epc_status import status

    return status(arguments.folder, as_json=arguments.json)


def run_collect(arguments: argparse.Namespace) -> int:
    """Print and write results."""
    from betenet.cli.epc_collect import collect

    return collect(arguments)
