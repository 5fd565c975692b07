"""What ``betenet epc campaign`` does: works through lists of crystals, and says what came out."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from betenet.cli.epc_plan import changed_values
from betenet.errors import ConfigError
from betenet.espresso.campaign_list import read_list
from betenet.espresso.campaign_run import feed_campaign, run_campaign
from betenet.espresso.campaign_settings import Given, read_settings
from betenet.espresso.launcher import Launcher
from betenet.espresso.programs import find_programs
from betenet.espresso.pseudopotentials import FOLDER_VARIABLE
from betenet.espresso.runner import Runner
from betenet.runs.lock import FolderInUseError


def campaign(arguments: argparse.Namespace) -> int:
    """Begin a campaign, go on with it, or add lists to one that is running.

    Returns
    -------
    int
        Exit code: 0; 1 if a calculation failed; 130 after an interrupt.

    Raises
    ------
    ConfigError
        If programs or pseudopotentials are missing, or settings are not fit.
    DataError
        If a list cannot be read, or the folder not be written.
    """
    given = _given(arguments)
    entries = [entry for path in arguments.lists for entry in read_list(path)]
    runner = Runner(
        launcher=Launcher(programs=find_programs(arguments.programs), mpi="none"),
        max_seconds=arguments.max_seconds,
        retry_failed=arguments.retry_failed,
        stop_if_unstable=True,
        stop_at_failure=True,
    )
    states: list[str] = []
    try:
        for ended in run_campaign(arguments.out, given, entries, runner, _tell):
            states.append(ended.state)
            text = f": {ended.text}" if ended.text else ""
            sys.stdout.write(f"{ended.name}: {ended.state}{text}\n")
            sys.stdout.flush()
    except FolderInUseError:
        if not entries:
            raise
        if arguments.retry_failed:
            raise ConfigError(
                "--retry-failed is given for a campaign that is running.",
                "It counts from the next start.",
                "Leave it out to add crystals; or stop the campaign and start it so.",
            ) from None
        added = feed_campaign(arguments.out, given, entries, _tell)
        sys.stdout.write(f"{added} new in the campaign, which is running\n")
        return 0
    except KeyboardInterrupt:
        sys.stderr.write("betenet: interrupted; start the same command again to go on\n")
        return 130
    counts = ", ".join(f"{states.count(name)} {name}" for name in dict.fromkeys(states))
    sys.stderr.write(f"betenet: {counts or 'nothing was left to do'}\n")
    return 1 if "failed" in states else 0


def _given(arguments: argparse.Namespace) -> Given:
    """What the command line says, and the environment where a campaign has no pseudopotentials."""
    pseudopotentials: Path | None = arguments.pseudopotentials
    if pseudopotentials is None and read_settings(arguments.out) is None:
        named = os.environ.get(FOLDER_VARIABLE)
        pseudopotentials = Path(named) if named else None
    return Given(
        protocol=arguments.protocol,
        changes=changed_values(arguments.set),
        pseudopotentials=pseudopotentials,
        records=arguments.records,
        held_out=arguments.held_out,
        starting_guess=arguments.starting_guess,
        most_hours=arguments.most_hours,
    )


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
