"""How far calculations are: the steps of each one, or what a campaign has settled, and its rate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from betenet.errors import BetenetError, DataError, unexpected
from betenet.espresso.calculation import open_calculation
from betenet.espresso.calculations import planned
from betenet.espresso.campaign import Campaign, open_campaign
from betenet.espresso.campaign_crystals import CampaignCrystal
from betenet.espresso.campaign_run import summary_of
from betenet.espresso.campaign_settings import CAMPAIGN
from betenet.espresso.collect import Progress, progress_of
from betenet.espresso.settled_records import state_of
from betenet.runs import MANIFEST
from betenet.text_table import TextTable

HOURS_PER_DAY = 24.0
RATED_HOURS = 1.0
"""Hours that a campaign must have run before its rate says something."""
STATES = ("kept", "dropped", "failed", "skipped", "begun", "left")
"""States of crystals: three are settled, one is never calculated, two are to come."""


_CALCULATIONS = TextTable(
    (("structure", "<24"), ("state", "<8"), ("steps", ">9"), ("core-hours", ">10"), ("now", ""))
)
_CRYSTALS = TextTable(
    (("crystal", "<24"), ("GPa", ">5"), ("state", "<8"), ("core-hours", ">10"), ("what", ""))
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FolderStatus:
    """How far the calculations of a folder are: a table when printed, and in a notebook.

    Attributes
    ----------
    calculations
        Progress of each calculation that can be read.
    damaged
        What is wrong with each of the others.
    """

    calculations: tuple[Progress, ...]
    damaged: tuple[BetenetError, ...] = ()

    def to_dict(self) -> list[dict[str, object]]:
        """Plain values of each calculation, for JSON."""
        return [one.to_dict() for one in self.calculations]

    def __repr__(self) -> str:
        n_done = sum(one.stage == "done" for one in self.calculations)
        return f"FolderStatus({n_done} of {len(self.calculations)} calculations are done)"

    def __str__(self) -> str:
        return _CALCULATIONS.text(map(_progress_cells, self.calculations))

    def _repr_html_(self) -> str:
        return _CALCULATIONS.html(map(_progress_cells, self.calculations))


def _progress_cells(one: Progress) -> tuple[str, ...]:
    steps = f"{one.n_done} of {len(one.steps)}"  # more steps are known once the cell is relaxed
    now = ", ".join(
        key if record.state == "running" else f"{key}: {record.attempts[-1].failure}"
        for key, record in one.steps.items()
        if record.state in {"running", "failed"}
    )
    return one.name, one.stage, steps, f"{one.seconds / 3600.0:.3g}", now


@dataclass(frozen=True, slots=True, kw_only=True)
class CrystalStatus:
    """How far one crystal of a campaign is.

    Attributes
    ----------
    name, formula, pressure
        Name, formula by the list, and pressure [GPa].
    state
        ``"kept"``, ``"dropped"``, ``"failed"``, ``"skipped"``, ``"begun"`` or ``"left"``.
    hours
        Core-hours spent on one that is settled, and expected for what is left of others; None if
        unknown.
    text
        Results, reasons, or the step at work.
    """

    name: str
    formula: str
    pressure: float
    state: str
    hours: float | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CampaignStatus:
    """How far a campaign is: a table when printed, and in a notebook.

    Attributes
    ----------
    crystals
        Crystals of all its lists, in their order.
    hours_running
        Time since the campaign was begun, 24 hours at most [h].
    settled_in_that_time
        Number of crystals that were settled in that time.
    damaged
        What is wrong with each list, and each record, that cannot be taken.
    """

    crystals: tuple[CrystalStatus, ...]
    hours_running: float
    settled_in_that_time: int
    damaged: tuple[DataError, ...] = ()

    def count(self, state: str) -> int:
        """How many crystals are in a state."""
        return sum(one.state == state for one in self.crystals)

    @property
    def hours_left(self) -> float:
        """Core-hours expected for what is not settled."""
        open_states = ("left", "begun")
        return sum(one.hours or 0.0 for one in self.crystals if one.state in open_states)

    @property
    def settled_per_day(self) -> float:
        """Crystals settled in 24 hours, at the rate of `hours_running`."""
        if self.hours_running <= 0.0:
            return 0.0
        return HOURS_PER_DAY * self.settled_in_that_time / self.hours_running

    def to_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return {
            "counts": {name: self.count(name) for name in STATES},
            "settled_per_day": round(self.settled_per_day, 2),
            "core_hours_left": round(self.hours_left, 3),
            "crystals": [
                {
                    "name": one.name,
                    "formula": one.formula,
                    "pressure_gpa": one.pressure,
                    "state": one.state,
                    "core_hours": one.hours,
                    "text": one.text,
                }
                for one in self.crystals
            ],
        }

    def __repr__(self) -> str:
        return f"CampaignStatus({self._counts})"

    @property
    def _counts(self) -> str:
        counts = {state: self.count(state) for state in STATES}
        return ", ".join(f"{count} {state}" for state, count in counts.items() if count)

    def _cells(self) -> Iterator[tuple[str, ...]]:
        for one in self.crystals:
            hours = "" if one.hours is None else f"{one.hours:.2g}"
            yield one.name, f"{one.pressure:g}", one.state, hours, one.text

    def __str__(self) -> str:
        hours, rate = self.hours_running, f"{self.settled_per_day:.1f}"
        at_this_rate = f", at this rate {rate} in 24 hours" if hours >= RATED_HOURS else ""
        settled = f"settled in the last {hours:.1f} hours: {self.settled_in_that_time}"
        left = f"expected for what is left: {self.hours_left:.3g} core-hours"
        table = _CRYSTALS.text(self._cells())
        return "\n".join([table, "", self._counts, settled + at_this_rate, left])

    def _repr_html_(self) -> str:
        return _CRYSTALS.html(self._cells())


def read_status(folder: str | Path) -> FolderStatus | CampaignStatus:
    """How far the calculations or the campaign of a folder are, also while they run.

    Parameters
    ----------
    folder
        Folder of all calculations, or of a campaign.

    Raises
    ------
    DataError
        If there is neither.
    """
    home = Path(folder)
    if (home / CAMPAIGN).exists():
        return status_of(open_campaign(home))
    calculations: list[Progress] = []
    damaged: list[BetenetError] = []
    for one in planned(home):
        try:
            calculations.append(progress_of(open_calculation(one)))
        except Exception as error:  # noqa: BLE001 - the others are to be told
            damaged.append(unexpected(error, str(one)))
    return FolderStatus(calculations=tuple(calculations), damaged=tuple(damaged))


def status_of(campaign: Campaign, now: datetime | None = None) -> CampaignStatus:
    """How far a campaign is, also while it runs.

    Parameters
    ----------
    campaign
        Its folder.
    now
        Time for the rate; None for the present.

    Returns
    -------
    CampaignStatus
        What is wrong with a record or a folder is the text of its crystal.
    """
    present = now or datetime.now(UTC)
    hours = min(HOURS_PER_DAY, _hours_between(campaign.settings.began, present))
    reasons = campaign.reasons()
    crystals: list[CrystalStatus] = []
    settled, damaged = 0, campaign.damaged_lists()
    for crystal in campaign.crystals():
        try:
            record = campaign.settled(crystal)
        except DataError as error:
            crystals.append(_status(crystal, "skipped", None, error.in_one_line()))
            damaged.append(error)
            continue
        if record is None:
            crystals.append(_open(campaign, crystal, reasons.get(crystal.entry.name, "")))
            continue
        told = record.get("campaign", {})
        settled += _hours_between(str(told.get("ended", "")), present) <= hours
        spent = record["calculation"].get("core_hours")
        crystals.append(_status(crystal, state_of(record), spent, summary_of(record)))
    return CampaignStatus(
        crystals=tuple(crystals),
        hours_running=hours,
        settled_in_that_time=settled,
        damaged=tuple(damaged),
    )


def _hours_between(then: str, now: datetime) -> float:
    try:
        return (now - datetime.fromisoformat(then)).total_seconds() / 3600.0
    except (ValueError, TypeError):  # a record that somebody has edited counts as long ago
        return float("inf")


def _status(crystal: CampaignCrystal, state: str, hours: float | None, text: str) -> CrystalStatus:
    return CrystalStatus(
        name=crystal.entry.name,
        formula=crystal.formula or crystal.entry.formula,
        pressure=crystal.entry.pressure,
        state=state,
        hours=hours,
        text=text,
    )


def _open(campaign: Campaign, crystal: CampaignCrystal, reason: str) -> CrystalStatus:
    why_not = campaign.passed_over(crystal)
    if why_not:
        return _status(crystal, "skipped", crystal.hours, why_not)
    folder = campaign.folder / crystal.entry.name
    if not (folder / MANIFEST).exists():
        state, _, text = reason.partition(": ")
        return _status(crystal, state or "left", crystal.hours, text)
    try:
        progress = progress_of(open_calculation(folder))
    except Exception as error:  # noqa: BLE001 - the others are to be told
        text = unexpected(error, str(folder)).in_one_line()
        return _status(crystal, "begun", crystal.hours, text)
    spent = progress.seconds / 3600.0
    left = max((crystal.hours or 0.0) - spent, 0.0)
    words = [f"{progress.n_done} of {len(progress.steps)} steps", f"{spent:.2g} core-hours so far"]
    words += [
        f"{key} {record.state}"
        for key, record in progress.steps.items()
        if record.state in {"running", "failed"}
    ]
    return _status(crystal, "begun", left, ", ".join([*words, reason] if reason else words))
