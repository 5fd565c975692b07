"""The loop of a campaign: crystal by crystal, one program at a time, at the lowest priority."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from betenet.errors import BetenetError, ConfigError, DataError
from betenet.espresso.attempt import remove
from betenet.espresso.calculation import Calculation, keep_plan, open_calculation
from betenet.espresso.calculations import Tell, run_planned
from betenet.espresso.campaign import Campaign, begin_campaign, open_campaign
from betenet.espresso.campaign_crystals import CampaignCrystal
from betenet.espresso.campaign_list import Entry
from betenet.espresso.campaign_record import broken_record, settled_record, write_settled
from betenet.espresso.campaign_settings import CampaignArguments
from betenet.espresso.failures import DISK_FULL, UNKNOWN, failure_named
from betenet.espresso.manifest import CALCULATION, StepRecord
from betenet.espresso.processes import termination_raises
from betenet.espresso.record import in_a_line
from betenet.espresso.runner import Runner
from betenet.espresso.settled_records import state_of
from betenet.espresso.steps import SCRATCH
from betenet.runs.lock import lock_folder

LOWEST_PRIORITY = 19
"""Niceness: programs get what others leave."""
IN_A_ROW = 3
"""So many crystals one after the other that fail by no known cause of their own end a campaign."""
TIMES = 5
"""Attempts that end by the same cause outside of the crystal, after which it counts as its own."""

State = Literal["kept", "dropped", "failed", "stopped", "skipped", "left"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedCrystal:
    """What has become of a crystal in this run of a campaign.

    Attributes
    ----------
    name
        Name of the crystal.
    state
        ``"kept"``, ``"dropped"`` and ``"failed"`` are settled; ``"stopped"``: the time is over;
        ``"skipped"``: no calculation; ``"left"``: a cause outside of it, which the next start may
        find gone.
    text
        Results or reason, in a line.
    suspicious
        Whether the machine may be at fault, and not the crystal.
    """

    name: str
    state: State
    text: str = ""
    suspicious: bool = False


def run_campaign(
    folder: Path, given: CampaignArguments, entries: Sequence[Entry], runner: Runner, tell: Tell
) -> Iterator[EndedCrystal]:
    """Begin a campaign or go on with it, until nothing is left.

    Parameters
    ----------
    folder
        Folder of the campaign.
    given
        What it is told; what is left out is as before.
    entries
        Crystals to add at the end; those that are listed already are passed over.
    runner
        How calculations are run; with ``retry_failed`` those that a program has failed at too.
    tell
        Called with a line for each start and end of a step.

    Yields
    ------
    EndedCrystal
        Each crystal that was settled or passed over, when it is.

    Raises
    ------
    ConfigError
        If the settings are not fit, or not those of before; if there are no crystals.
    FolderInUseError
        If another process runs this campaign; nothing is changed then.
    DataError
        If the campaign is damaged, a record cannot be written, the disk is full, or several
        crystals in a row could not be calculated for a cause outside of them.
    KeyboardInterrupt
        On Ctrl-C and SIGTERM; a new start goes on.
    """
    os.nice(max(0, LOWEST_PRIORITY - os.nice(0)))
    folder.mkdir(parents=True, exist_ok=True)
    with termination_raises(), lock_folder(folder):
        campaign = begin_campaign(folder, given)
        campaign.add(entries, tell)
        campaign.plan_again()
        if not any(True for _ in campaign.crystals()):
            raise ConfigError(
                "No LIST is given.",
                "The campaign has no crystals yet.",
                "Name a CSV file with a list.",
            )
        yield from _Run(campaign, runner, tell).work()


def feed_campaign(
    folder: Path, given: CampaignArguments, entries: Sequence[Entry], tell: Tell
) -> int:
    """Add crystals to a campaign that another process runs; how many are new.

    Raises
    ------
    ConfigError
        If settings are given that differ from those of the campaign, which is running with them.
    DataError
        If the campaign cannot be read or written.
    """
    campaign = open_campaign(folder)
    if given.merged_with(folder, campaign.settings) != campaign.settings:
        raise ConfigError(
            f"The campaign in {folder} is running with other settings.",
            "What a campaign is told counts from its next start.",
            "Leave the settings out to add crystals; or stop the campaign and start it with them.",
        )
    return campaign.add(entries, tell)


@dataclass(slots=True)
class _Run:
    """One run of a campaign."""

    campaign: Campaign
    runner: Runner
    tell: Tell
    seen: set[str] = field(default_factory=set[str])
    reasons: dict[str, str] = field(default_factory=dict[str, str])
    suspicious: int = 0
    began: float = field(default_factory=time.monotonic)

    def work(self) -> Iterator[EndedCrystal]:
        """Settle one crystal after the other; the lists that are damaged come first."""
        for error in self.campaign.damaged_lists():
            yield EndedCrystal(name="a list", state="failed", text=error.in_one_line())
        while (crystal := self._next()) is not None:
            self.seen.add(crystal.entry.name)
            ended = self._end_of(crystal)
            if ended is None:
                continue
            if ended.state in {"skipped", "left"}:
                self.reasons[ended.name] = f"{ended.state}: {ended.text}"
                self.campaign.remember(self.reasons)
            yield ended
            if ended.state == "stopped":
                return
            self._beware(ended)

    def _next(self) -> CampaignCrystal | None:
        """The first crystal of the lists that was not seen in this run."""
        for crystal in self.campaign.crystals():
            if crystal.entry.name not in self.seen:
                return crystal
        return None

    def _end_of(self, crystal: CampaignCrystal) -> EndedCrystal | None:
        """What becomes of a crystal; None if it was settled before."""
        name = crystal.entry.name
        try:
            record = self.campaign.settled(crystal)
        except DataError as error:
            if not self.runner.retry_failed:
                return EndedCrystal(name=name, state="skipped", text=error.in_one_line())
            record = None
        again = self.runner.retry_failed and record is not None and state_of(record) == "failed"
        if record is not None and not again:
            return None
        why_not = self.campaign.passed_over(crystal)
        if why_not:
            return EndedCrystal(name=name, state="skipped", text=why_not)
        return self._calculated(crystal)

    def _calculated(self, crystal: CampaignCrystal) -> EndedCrystal:
        name, folder = crystal.entry.name, self.campaign.folder / crystal.entry.name
        try:
            plan = keep_plan(self.campaign.folder, self.campaign.plan(crystal.entry))
            if plan.error is not None:
                return EndedCrystal(name=name, state="skipped", text=plan.error.in_one_line())
            outcome = run_planned(folder, self.runner.with_time_left(self.began), self.tell)
        except BetenetError as error:  # of this crystal's folder: the others are done
            return EndedCrystal(name=name, state="left", text=error.in_one_line(), suspicious=True)
        except (OSError, MemoryError) as error:
            if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise _disk_full(self.campaign.folder, name) from error
            return EndedCrystal(name=name, state="left", text=f"{error!r}", suspicious=True)
        if outcome.state == "stopped":
            return EndedCrystal(name=name, state="stopped", text="the time is over")
        return self._settled(crystal, folder)

    def _settled(self, crystal: CampaignCrystal, folder: Path) -> EndedCrystal:
        """Keep what has become of a calculation that has ended."""
        name = crystal.entry.name
        outside = _outside(CALCULATION.read(folder).steps)
        if outside == DISK_FULL:
            raise _disk_full(self.campaign.folder, name)
        if outside:
            text = failure_named(outside).reason
            return EndedCrystal(name=name, state="left", text=text, suspicious=True)
        record = self._record(crystal, folder)
        write_settled(self.campaign.record_of(name), record)
        for scratch in sorted(folder.glob(f"**/{SCRATCH}")):
            remove(scratch)
        state: State = record["campaign"]["state"]
        suspicious = state == "failed" and _last_failure(CALCULATION.read(folder).steps) == UNKNOWN
        return EndedCrystal(name=name, state=state, text=summary_of(record), suspicious=suspicious)

    def _record(self, crystal: CampaignCrystal, folder: Path) -> dict[str, Any]:
        """The record of a calculation that has ended, whatever is wrong with its results."""
        calculation: Calculation | None = None
        try:
            calculation = open_calculation(folder)
            return settled_record(calculation, crystal, self.campaign.held_out)
        except BetenetError as error:
            return broken_record(calculation, crystal, error)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            return broken_record(calculation, crystal, error)  # a fault of ours, told as it is

    def _beware(self, ended: EndedCrystal) -> None:
        """End the campaign where the machine is at fault, before it spoils the whole list.

        Raises
        ------
        DataError
            If that is so.
        """
        self.suspicious = self.suspicious + 1 if ended.suspicious else 0
        if self.suspicious >= IN_A_ROW:
            raise DataError(
                f"{IN_A_ROW} crystals in a row could not be calculated.",
                f"The last one, {ended.name}: {ended.text}",
                "Look at this machine and its programs; then start the campaign again, with "
                "--retry-failed where records say failed.",
            )


def _outside(steps: Mapping[str, StepRecord]) -> str:
    """Failure of a step whose cause lies outside of the calculation; empty if there is none."""
    failure = _last_failure(steps)
    if not failure or not failure_named(failure).lies_outside:
        return ""
    same = [
        attempt
        for record in steps.values()
        for attempt in record.attempts
        if attempt.failure == failure
    ]
    return "" if len(same) >= TIMES and failure != DISK_FULL else failure


def _last_failure(steps: Mapping[str, StepRecord]) -> str:
    """Failure of the step that has failed; empty if none has."""
    for record in steps.values():
        if record.state == "failed":
            return record.attempts[-1].failure or ""
    return ""


def _disk_full(folder: Path, name: str) -> DataError:
    return DataError(
        f"The disk of {folder} is full.",
        f"A step of {name} could not write its files.",
        "Free some space and start the campaign again: it goes on.",
    )


def summary_of(record: Mapping[str, Any]) -> str:
    """Results of a record, and the reasons of one that is not kept, in a line."""
    numbers = in_a_line(record, digits=(3, 0, 1))
    reasons = [str(reason["text"]) for reason in record["calculation"]["reasons"]]
    return ", ".join([*numbers, "; ".join(reasons)] if reasons else numbers)
