"""The loop of a campaign: crystal by crystal, one program at a time, at the lowest priority."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from betenet.errors import BetenetError, DataError
from betenet.espresso.attempt import remove
from betenet.espresso.calculation import keep_plan, open_calculation
from betenet.espresso.campaign import Campaign, Listed
from betenet.espresso.campaign_record import settled_record, unsettled_error, write_settled
from betenet.espresso.failures import DISK_FULL, failure_named
from betenet.espresso.lock import only_runner
from betenet.espresso.manifest import read_manifest
from betenet.espresso.processes import termination_raises
from betenet.espresso.run import Runner, run_material
from betenet.espresso.steps import SCRATCH

LOWEST_PRIORITY = 19
"""Niceness: programs get what others leave."""

State = Literal["kept", "dropped", "failed", "stopped", "skipped", "left"]
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
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
    """

    name: str
    state: State
    text: str = ""


def run_campaign(
    campaign: Campaign, runner: Runner, tell: Tell, *, retry_failed: bool = False
) -> Iterator[Ended]:
    """Work through the lists of a campaign until nothing is left.

    Parameters
    ----------
    campaign
        Its folder; lists that are added meanwhile are taken up.
    runner
        How calculations are run; one program at a time.
    tell
        Called with a line for each start and end of a step.
    retry_failed
        Calculate once more what a program has failed at.

    Yields
    ------
    Ended
        Each crystal that was settled or skipped, when it is.

    Raises
    ------
    DataError
        If another process runs this campaign, or the disk is full.
    KeyboardInterrupt
        On Ctrl-C and SIGTERM; a new start goes on.
    """
    os.nice(max(0, LOWEST_PRIORITY - os.nice(0)))
    with termination_raises(), only_runner(campaign.folder):
        campaign.plan_again()
        run = _Run(campaign, runner, tell)
        if retry_failed:
            run.forget_failed()
        yield from run.work()


@dataclass(slots=True)
class _Run:
    """One run of a campaign."""

    campaign: Campaign
    runner: Runner
    tell: Tell
    seen: set[str] = field(default_factory=set[str])
    began: float = field(default_factory=time.monotonic)

    def work(self) -> Iterator[Ended]:
        """Settle one crystal after the other."""
        while (listed := self._next()) is not None:
            self.seen.add(listed.entry.name)
            ended = self._skipped(listed) or self._calculated(listed)
            yield ended
            if ended.state == "stopped":
                return

    def forget_failed(self) -> None:
        """Take what a program has failed at as not settled."""
        for listed in self.campaign.listed():
            path = self.campaign.record_of(listed.entry.name)
            if path.exists() and '"state": "failed"' in path.read_text(encoding="utf-8"):
                path.unlink()

    def _next(self) -> Listed | None:
        """The first crystal of the lists that was not seen in this run and is not settled."""
        for listed in self.campaign.listed():
            name = listed.entry.name
            if name not in self.seen and not self.campaign.is_settled(name):
                return listed
        return None

    def _skipped(self, listed: Listed) -> Ended | None:
        name, most = listed.entry.name, self.campaign.settings.most_hours
        if listed.why_not:
            return Ended(name=name, state="skipped", text=listed.why_not)
        if self.campaign.too_dear(listed):
            text = f"too dear: {listed.hours:.2g} core-hours are expected, {most:g} allowed"
            return Ended(name=name, state="skipped", text=text)
        return None

    def _calculated(self, listed: Listed) -> Ended:
        name = listed.entry.name
        try:
            plan = keep_plan(self.campaign.folder, self.campaign.plan(listed.entry))
            if plan.error is not None:
                return Ended(name=name, state="skipped", text=plan.error.in_one_line())
            return self._settled(listed, self.campaign.folder / name)
        except BetenetError as error:
            return self._fault(listed, error)
        except Exception as error:  # noqa: BLE001 - a fault of ours in one must not stop the others
            return self._fault(listed, error)

    def _settled(self, listed: Listed, folder: Path) -> Ended:
        """Run a calculation, and keep what has become of it."""
        name, limit = listed.entry.name, self.runner.max_seconds
        left = None if limit is None else self.began + limit - time.monotonic()
        calculation = open_calculation(folder)
        outcome = run_material(
            folder,
            calculation.workflow,
            replace(self.runner, max_seconds=left),
            calculation.told,
            lambda line: self.tell(f"{name}: {line}"),
        )
        if outcome.state == "stopped":
            return Ended(name=name, state="stopped", text="the time is over")
        outside = _outside(folder)
        if outside == DISK_FULL:
            raise DataError(
                f"The disk of {self.campaign.folder} is full.",
                f"A step of {name} could not write its files.",
                "Free some space and start the campaign again: it goes on.",
            )
        if outside:
            return Ended(name=name, state="left", text=failure_named(outside).reason)
        record = settled_record(
            open_calculation(folder), listed.entry, self.campaign.settings.held_out
        )
        write_settled(self.campaign.record_of(name), record)
        for scratch in sorted(folder.glob(f"**/{SCRATCH}")):
            remove(scratch)
        return Ended(name=name, state=record["campaign"]["state"], text=summary_of(record))

    def _fault(self, listed: Listed, error: Exception) -> Ended:
        if isinstance(error, DataError) and "is full" in error.summary:
            raise error
        record = unsettled_error(listed.entry, error)
        write_settled(self.campaign.record_of(listed.entry.name), record)
        text = record["calculation"]["reasons"][0]["text"]
        return Ended(name=listed.entry.name, state="failed", text=text)


def _outside(folder: Path) -> str:
    """Failure of a step whose cause lies outside of the calculation; empty if there is none."""
    for record in read_manifest(folder).steps.values():
        failure = record.attempts[-1].failure if record.state == "failed" else None
        if failure and failure_named(failure).lies_outside:
            return failure
    return ""


def summary_of(record: Mapping[str, Any]) -> str:
    """Results of a record, and the reasons of one that is not kept, in a line."""
    shown = (
        ("λ", "coupling", 3, ""),
        ("ω_log", "omega_log_kelvin", 0, " K"),
        ("Tc", "tc_kelvin", 1, " K"),
    )
    numbers = [
        f"{symbol} {record[key]:.{digits}f}{unit}"
        for symbol, key, digits, unit in shown
        if record.get(key) is not None
    ]
    reasons = [str(reason["text"]) for reason in record["calculation"]["reasons"]]
    return ", ".join([*numbers, "; ".join(reasons)] if reasons else numbers)
