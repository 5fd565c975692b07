"""What ``betenet epc status`` does: how far each calculation is."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from betenet.cli.streams import shortened
from betenet.errors import BetenetError, unexpected
from betenet.espresso.calculation import open_calculation, planned
from betenet.espresso.campaign import Campaign, open_campaign
from betenet.espresso.campaign_settings import CAMPAIGN
from betenet.espresso.campaign_status import STATES, CampaignStatus, status_of
from betenet.espresso.collect import Progress, progress_of

RATED_HOURS = 1.0
"""Hours that a campaign must have run before a rate says something."""


def status(home: Path, *, as_json: bool = False) -> int:
    """Print how far each calculation is, or how far a campaign is.

    Returns
    -------
    int
        Exit code: 0, or 1 if a folder cannot be read.

    Raises
    ------
    DataError
        If there are none.
    """
    if (home / CAMPAIGN).exists():
        return _campaign(open_campaign(home), as_json=as_json)
    found: list[Progress] = []
    failed = 0
    for folder in planned(home):
        try:
            found.append(progress_of(open_calculation(folder)))
        except Exception as error:  # noqa: BLE001 - the others are to be told
            failed += 1
            told = error if isinstance(error, BetenetError) else unexpected(error, str(folder))
            sys.stderr.write(f"betenet: error: {told}\n")
    if as_json:
        text = json.dumps([one.to_dict() for one in found], ensure_ascii=False, indent=2)
        sys.stdout.write(text + "\n")
    else:
        sys.stdout.write("\n".join(_lines(found)) + "\n")
    return 1 if failed else 0


def _campaign(campaign: Campaign, *, as_json: bool) -> int:
    """Print how far a campaign is."""
    found = status_of(campaign)
    if as_json:
        text = json.dumps(found.to_dict(), ensure_ascii=False, indent=2)
    else:
        text = "\n".join(_campaign_lines(found))
    sys.stdout.write(text + "\n")
    for error in found.damaged:
        sys.stderr.write(f"betenet: error: {error}\n")
    return 1 if found.damaged else 0


def _campaign_lines(found: CampaignStatus) -> Iterator[str]:
    yield f"{'crystal':<24}  {'GPa':>5}  {'state':<8}  {'core-hours':>10}  what"
    for one in found.crystals:
        hours = "" if one.hours is None else f"{one.hours:.2g}"
        name = shortened(one.name, 24)
        pressure = f"{one.pressure:g}"
        line = f"{name:<24}  {pressure:>5}  {one.state:<8}  {hours:>10}  {one.text}"
        yield line.rstrip()
    counts = [f"{found.count(state)} {state}" for state in STATES if found.count(state)]
    yield ""
    yield ", ".join(counts)
    hours = found.hours_running
    yield f"settled in the last {hours:.1f} hours: {found.settled_in_that_time}" + (
        f", at this rate {found.settled_per_day:.1f} in 24 hours" if hours >= RATED_HOURS else ""
    )
    yield f"expected for what is left: {found.hours_left:.3g} core-hours"


def _lines(found: list[Progress]) -> Iterator[str]:
    yield f"{'structure':<24}  {'state':<8}  {'steps':>9}  {'core-hours':>10}  now"
    for one in found:
        # the steps that depend on the relaxed cell and on the list of q-points come later
        known = f"{one.n_done} of {len(one.steps)}"
        hours = f"{one.seconds / 3600.0:.3g}"
        name = shortened(one.name, 24)
        now = ", ".join(_now(one))
        yield f"{name:<24}  {one.stage:<8}  {known:>9}  {hours:>10}  {now}".rstrip()


def _now(one: Progress) -> Iterator[str]:
    for key, record in one.steps.items():
        if record.state == "running":
            yield key
        elif record.state == "failed":
            yield f"{key}: {record.attempts[-1].failure}"
