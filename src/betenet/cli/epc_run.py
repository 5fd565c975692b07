"""What ``betenet epc run`` does: each planned material, one after the other."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from betenet.cli.epc_plan import changed_values, make_plans
from betenet.errors import BetenetError, ConfigError
from betenet.espresso.calculation import open_calculation, planned
from betenet.espresso.collect import collect_record
from betenet.espresso.launcher import Launcher
from betenet.espresso.programs import find_programs
from betenet.espresso.run import Outcome, Runner, run_material
from betenet.quantities import QUANTITIES, exported_in_table_unit, table_unit

_SHOWN = (
    ("coupling", 3),
    ("omega_log", 1),
    ("tc", 2),
)

_SETTINGS = ("protocol", "set", "pseudopotentials", "pressure", "starting_guess")
"""Options that only a plan takes up."""


def run(arguments: argparse.Namespace) -> int:
    """Calculate, or go on.

    Returns
    -------
    int
        Exit code: 0; 1 if a material failed; 130 after an interrupt.

    Raises
    ------
    ConfigError
        If programs or pseudopotentials are missing, a name is not planned, or an option would have
        no effect.
    DataError
        If nothing is planned.
    """
    _refuse_idle(arguments)
    launcher = Launcher(
        programs=find_programs(arguments.programs),
        mpi=arguments.mpi,
        processes=arguments.processes,
    )
    failed = 0
    if arguments.files:
        plans = list(make_plans(arguments))
        failed = sum(one.error is not None for one in plans)
        folders = [arguments.out / one.name for one in plans if one.error is None]
    else:
        folders = _chosen(planned(arguments.out), arguments.name)
    end = time.monotonic() + (arguments.max_seconds or float("inf"))
    stopped = 0
    try:
        for folder in folders:
            left = end - time.monotonic()
            runner = Runner(
                launcher=launcher,
                jobs=arguments.jobs,
                max_seconds=None if arguments.max_seconds is None else left,
                keep_scratch=arguments.keep_scratch,
                retry_failed=arguments.retry_failed,
                stop_if_unstable=arguments.stop_if_unstable,
            )
            state = _one(folder, runner, arguments.table_unit)
            failed += state == "failed"
            stopped += state == "stopped"
    except KeyboardInterrupt:
        sys.stderr.write("betenet: interrupted; start the same command again to go on\n")
        return 130
    if stopped:
        sys.stderr.write(
            f"betenet: {stopped} of {len(folders)} materials ran out of time; start the same "
            "command again to go on\n"
        )
    return 1 if failed else 0


def _refuse_idle(arguments: argparse.Namespace) -> None:
    """Options that would change nothing, where it matters that they do not.

    Raises
    ------
    ConfigError
        If there are any.
    """
    if arguments.files and arguments.name:
        raise ConfigError(
            "--name is given together with structures.",
            "It chooses among what is planned; of structures all are run.",
            "Leave one of them out.",
        )
    changed_values(arguments.set)  # a file among them is told first
    idle = [name for name in _SETTINGS if getattr(arguments, name) not in (None, [], False)]
    if idle and not arguments.files:
        raise ConfigError(
            f"--{idle[0].replace('_', '-')} is given, but no STRUCTURE.",
            "What is planned already goes on with the settings that it was planned with.",
            "Leave it out; or name the structures, and another folder if they are planned in this.",
        )


def _one(folder: Path, runner: Runner, unit: str) -> str:
    """Run one material; what goes wrong is told, and the others go on."""

    def tell(line: str) -> None:
        sys.stderr.write(f"{folder.name}: {line}\n")
        sys.stderr.flush()

    try:
        calculation = open_calculation(folder)
        outcome = run_material(folder, calculation.workflow, runner, calculation.told, tell)
    except BetenetError as error:
        sys.stderr.write(f"betenet: error: {error}\n")
        return "failed"
    for error in outcome.errors.values():
        sys.stderr.write(f"betenet: error: {error}\n")
    tell(_summary(outcome))
    if outcome.state == "done":
        return _report(folder, unit)
    return outcome.state


def _report(folder: Path, unit: str) -> str:
    """Keep the record, and say in a line what came out; "failed" if it cannot be read."""
    try:
        record = collect_record(folder)
    except BetenetError as error:
        sys.stderr.write(f"betenet: error: {error}\n")
        return "failed"
    numbers = [
        f"{QUANTITIES[key].symbol} {exported_in_table_unit(key, value, unit):.{digits}f} "
        f"{table_unit(key, unit)}".rstrip()
        for key, digits in _SHOWN
        if (value := record.get(QUANTITIES[key].export_key)) is not None
    ]
    reasons = [reason["text"] for reason in record["calculation"]["reasons"]]
    verdict = f"dropped: {'; '.join(reasons)}" if reasons else "kept"
    sys.stdout.write(f"{folder.name}: {', '.join([*numbers, verdict])}\n")
    sys.stdout.flush()
    return "done"


def _summary(outcome: Outcome) -> str:
    if outcome.state == "done":
        return "done"
    waiting = f"; {len(outcome.waiting)} steps wait" if outcome.waiting else ""
    return f"{outcome.state}{waiting}"


def _chosen(folders: Sequence[Path], names: Sequence[str]) -> list[Path]:
    known = {folder.name: folder for folder in folders}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigError(
            f"{', '.join(unknown)} is not planned.",
            f"Planned are {', '.join(known)}.",
            "Name one of them, or a structure file.",
        )
    return [known[name] for name in dict.fromkeys(names)] if names else list(folders)
