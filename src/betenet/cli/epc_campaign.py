"""What ``betenet epc campaign`` does: works through lists of crystals, and says what came out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from betenet.cli.epc_plan import chosen_protocol, pseudopotential_folder
from betenet.errors import ConfigError
from betenet.espresso.campaign import (
    CAMPAIGN,
    Campaign,
    CampaignSettings,
    begin_campaign,
    open_campaign,
)
from betenet.espresso.campaign_run import run_campaign
from betenet.espresso.launcher import Launcher
from betenet.espresso.lock import FolderInUseError
from betenet.espresso.programs import find_programs
from betenet.espresso.run import Runner

PROTOCOL = "scout"
"""Protocol of a campaign that is told no other."""


def campaign(arguments: argparse.Namespace) -> int:
    """Begin a campaign, go on with it, or add a list to one that is running.

    Returns
    -------
    int
        Exit code: 0; 1 if a calculation failed; 130 after an interrupt.

    Raises
    ------
    ConfigError
        If programs or pseudopotentials are missing, or settings differ from those of before.
    DataError
        If a list cannot be read, or the folder not be written.
    """
    begun = begin_campaign(arguments.out, _settings(arguments))
    added = [begun.add_list(path, _tell) for path in arguments.lists]
    if not begun.listed():
        raise ConfigError(
            "No LIST is given.", "The campaign has no crystals yet.", "Name a CSV file with a list."
        )
    programs = find_programs(arguments.programs)
    runner = Runner(
        launcher=Launcher(programs=programs, mpi="none"),
        max_seconds=arguments.max_seconds,
        stop_if_unstable=True,
    )
    try:
        return _run(begun, runner, retry_failed=arguments.retry_failed)
    except FolderInUseError:
        if not arguments.lists:
            raise
        sys.stdout.write(f"{sum(added)} crystals added to the campaign, which is running\n")
        return 0
    except KeyboardInterrupt:
        sys.stderr.write("betenet: interrupted; start the same command again to go on\n")
        return 130


def _run(begun: Campaign, runner: Runner, *, retry_failed: bool) -> int:
    states: list[str] = []
    for ended in run_campaign(begun, runner, _tell, retry_failed=retry_failed):
        states.append(ended.state)
        sys.stdout.write(f"{ended.name}: {ended.state}{': ' if ended.text else ''}{ended.text}\n")
        sys.stdout.flush()
    counts = ", ".join(f"{states.count(name)} {name}" for name in dict.fromkeys(states))
    sys.stderr.write(f"betenet: {counts or 'nothing was left to do'}; records: {begun.records}\n")
    return 1 if "failed" in states else 0


def _settings(arguments: argparse.Namespace) -> CampaignSettings:
    """Settings of the command line, and of the campaign that is in the folder already."""
    told = bool(arguments.protocol or arguments.set)
    protocol = chosen_protocol(arguments.protocol or PROTOCOL, arguments.set or ())
    if not (arguments.out / CAMPAIGN).exists():
        return CampaignSettings(
            protocol=protocol,
            pseudopotentials=pseudopotential_folder(arguments.pseudopotentials).resolve(),
            starting_guess=arguments.starting_guess,
            most_hours=arguments.most_hours,
            records=_absolute(arguments.records),
            held_out=_absolute(arguments.held_out),
        )
    before = open_campaign(arguments.out).settings
    return CampaignSettings(
        protocol=protocol if told else before.protocol,
        pseudopotentials=_absolute(arguments.pseudopotentials) or before.pseudopotentials,
        starting_guess=arguments.starting_guess or before.starting_guess,
        most_hours=arguments.most_hours or before.most_hours,
        records=_absolute(arguments.records) or before.records,
        held_out=_absolute(arguments.held_out) or before.held_out,
    )


def _absolute(path: Path | None) -> Path | None:
    return None if path is None else path.resolve()


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
