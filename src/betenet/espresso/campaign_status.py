"""How far a campaign is: what is settled, at which rate, and what is left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from betenet.errors import BetenetError, DataError, unexpected
from betenet.espresso.calculation import open_calculation
from betenet.espresso.campaign import Campaign
from betenet.espresso.campaign_run import summary_of
from betenet.espresso.collect import progress_of
from betenet.espresso.listed import Listed
from betenet.espresso.settled_records import state_of
from betenet.runs import MANIFEST

HOURS_PER_DAY = 24.0
STATES = ("kept", "dropped", "failed", "skipped", "begun", "left")
"""States of crystals: three are settled, one is never calculated, two are to come."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignStatus:
    """How far a campaign is.

    Attributes
    ----------
    crystals
        All of its lists, in their order.
    hours_running
        Since it was begun, or since the last day began [h].
    settled_in_that_time
        Crystals that were settled since then.
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
    for listed in campaign.listed():
        try:
            record = campaign.settled(listed)
        except DataError as error:
            crystals.append(_status(listed, "skipped", None, error.in_one_line()))
            damaged.append(error)
            continue
        if record is None:
            crystals.append(_open(campaign, listed, reasons.get(listed.entry.name, "")))
            continue
        told = record.get("campaign", {})
        settled += _hours_between(str(told.get("ended", "")), present) <= hours
        spent = record["calculation"].get("core_hours")
        crystals.append(_status(listed, state_of(record), spent, summary_of(record)))
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


def _status(listed: Listed, state: str, hours: float | None, text: str) -> CrystalStatus:
    return CrystalStatus(
        name=listed.entry.name,
        formula=listed.formula or listed.entry.formula,
        pressure=listed.entry.pressure,
        state=state,
        hours=hours,
        text=text,
    )


def _open(campaign: Campaign, listed: Listed, reason: str) -> CrystalStatus:
    why_not = listed.why_not or campaign.too_dear(listed)
    if why_not:
        return _status(listed, "skipped", listed.hours, why_not)
    folder = campaign.folder / listed.entry.name
    if not (folder / MANIFEST).exists():
        state, _, text = reason.partition(": ")
        return _status(listed, state or "left", listed.hours, text)
    try:
        progress = progress_of(open_calculation(folder))
    except BetenetError as error:
        return _status(listed, "begun", listed.hours, error.in_one_line())
    except Exception as error:  # noqa: BLE001 - the others are to be told
        return _status(listed, "begun", listed.hours, unexpected(error, str(folder)).in_one_line())
    spent = progress.seconds / 3600.0
    left = max((listed.hours or 0.0) - spent, 0.0)
    words = [f"{progress.n_done} of {len(progress.steps)} steps", f"{spent:.2g} core-hours so far"]
    words += [
        f"{key} {record.state}"
        for key, record in progress.steps.items()
        if record.state in {"running", "failed"}
    ]
    return _status(listed, "begun", left, ", ".join([*words, reason] if reason else words))
