"""How far a campaign is: what is settled, at which rate, and what is left."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from betenet.errors import BetenetError
from betenet.espresso.calculation import open_calculation
from betenet.espresso.campaign import Campaign, Listed
from betenet.espresso.campaign_run import summary_of
from betenet.espresso.collect import progress_of
from betenet.espresso.manifest import MANIFEST

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
        Core-hours spent on one that is settled or begun, expected for others; None if unknown.
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
    """

    crystals: tuple[CrystalStatus, ...]
    hours_running: float
    settled_in_that_time: int

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

    Raises
    ------
    DataError
        If a list of the campaign is damaged.
    """
    present = now or datetime.now(UTC)
    hours = min(HOURS_PER_DAY, _hours_between(campaign.began, present))
    crystals: list[CrystalStatus] = []
    settled = 0
    for listed in campaign.listed():
        record = _record(campaign, listed.entry.name)
        if record is None:
            crystals.append(_open(campaign, listed))
            continue
        ended = str(record.get("campaign", {}).get("ended", ""))
        settled += _hours_between(ended, present) <= hours
        crystals.append(_settled(listed, record))
    return CampaignStatus(
        crystals=tuple(crystals), hours_running=hours, settled_in_that_time=settled
    )


def _hours_between(then: str, now: datetime) -> float:
    try:
        return (now - datetime.fromisoformat(then)).total_seconds() / 3600.0
    except (ValueError, TypeError):  # a record that somebody has edited counts as long ago
        return float("inf")


def _record(campaign: Campaign, name: str) -> Mapping[str, Any] | None:
    """Record of a settled crystal; None if it is not settled."""
    try:
        text = campaign.record_of(name).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        return _damaged(f"{error}")
    try:
        found = json.loads(text)
        summary_of(found)
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError) as error:
        return _damaged(f"{type(error).__name__}: {error}")
    return found


def _damaged(why: str) -> Mapping[str, Any]:
    reason = {"rule": "failed", "text": f"its record cannot be read: {why}"}
    return {"calculation": {"reasons": [reason]}, "campaign": {"state": "failed"}}


def _settled(listed: Listed, record: Mapping[str, Any]) -> CrystalStatus:
    return CrystalStatus(
        name=listed.entry.name,
        formula=listed.entry.formula,
        pressure=listed.entry.pressure,
        state=str(record.get("campaign", {}).get("state", "failed")),
        hours=record["calculation"].get("core_hours"),
        text=summary_of(record),
    )


def _open(campaign: Campaign, listed: Listed) -> CrystalStatus:
    state, text, hours = "left", "", listed.hours
    if listed.why_not:
        state, text = "skipped", listed.why_not
    elif campaign.too_dear(listed):
        most = campaign.settings.most_hours
        state, text = "skipped", f"too dear: {listed.hours:.2g} core-hours, {most:g} allowed"
    elif (campaign.folder / listed.entry.name / MANIFEST).exists():
        state, text = "begun", ", ".join(_at_work(campaign, listed.entry.name))
    return CrystalStatus(
        name=listed.entry.name,
        formula=listed.entry.formula,
        pressure=listed.entry.pressure,
        state=state,
        hours=hours,
        text=text,
    )


def _at_work(campaign: Campaign, name: str) -> Iterator[str]:
    try:
        progress = progress_of(open_calculation(campaign.folder / name))
    except BetenetError as error:
        yield error.in_one_line()
        return
    yield f"{progress.n_done} of {len(progress.steps)} steps"
    yield f"{progress.seconds / 3600.0:.2g} core-hours so far"
    for key, record in progress.steps.items():
        if record.state in {"running", "failed"}:
            yield f"{key} {record.state}"
