"""A campaign: many crystals, one after the other, for as long as it is let run.

The folder of a campaign holds ``campaign.json`` (what it was told), ``lists/`` (the crystals, in
their order; more may be added while it runs), and a folder for each calculation that was begun.
What is settled is a file in the folder of records, one for each crystal, whether it is kept,
dropped or failed: such a crystal is not computed again, whoever computed it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from betenet.errors import ConfigError, DataError
from betenet.espresso.campaign_list import (
    Entry,
    entry_from_dict,
    entry_to_dict,
    formula_key,
    read_list,
)
from betenet.espresso.plan import Plan, plan_one
from betenet.espresso.protocol import Protocol
from betenet.formats.replace_file import replace_file
from betenet.json_differences import differences
from betenet.structures import prepare_structures

CAMPAIGN = "campaign.json"
LISTS = "lists"
RECORDS = "records"
FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignSettings:
    """What a campaign is told.

    Attributes
    ----------
    protocol
        Settings of all calculations.
    pseudopotentials
        Folder with a UPF file for each element.
    starting_guess
        Whether the cells of the lists are guesses.
    most_hours
        Core-hours above which a crystal is too dear, as estimated; None for no limit.
    records
        Folder of what is settled; None for that of the campaign.
    held_out
        File of formulas that may not be trained on; None if records say nothing of a split.
    """

    protocol: Protocol
    pseudopotentials: Path
    starting_guess: bool = False
    most_hours: float | None = None
    records: Path | None = None
    held_out: Path | None = None

    def decides(self) -> dict[str, object]:
        """Plain values of what decides the results, and may not change under a campaign."""
        return {"protocol": self.protocol.to_dict(), "starting_guess": self.starting_guess}

    def to_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return self.decides() | {
            "pseudopotentials": str(self.pseudopotentials),
            "most_hours": self.most_hours,
            "records": None if self.records is None else str(self.records),
            "held_out": None if self.held_out is None else str(self.held_out),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A crystal of a campaign, with what is expected of it.

    Attributes
    ----------
    entry
        The row of its list.
    hours
        Core-hours as estimated; None if it cannot be planned.
    why_not
        Why it cannot be planned; empty if it can.
    """

    entry: Entry
    hours: float | None = None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Campaign:
    """The folder of a campaign.

    Attributes
    ----------
    folder
        Everything is below it.
    settings
        What it was told.
    began
        When it was begun, in UTC (ISO 8601).
    """

    folder: Path
    settings: CampaignSettings
    began: str

    @property
    def records(self) -> Path:
        """Folder of what is settled."""
        return self.settings.records or self.folder / RECORDS

    def record_of(self, name: str) -> Path:
        """File of a crystal that is settled."""
        return self.records / f"{name}.json"

    def is_settled(self, name: str) -> bool:
        """Whether a crystal is kept, dropped or failed."""
        return self.record_of(name).exists()

    def too_dear(self, listed: Listed) -> bool:
        """Whether a crystal costs more than the limit."""
        most = self.settings.most_hours
        return most is not None and listed.hours is not None and listed.hours > most

    def listed(self) -> list[Listed]:
        """All crystals in the order of the lists.

        Raises
        ------
        DataError
            If a list of the campaign is damaged.
        """
        return [one for path in sorted((self.folder / LISTS).glob("*.json")) for one in _read(path)]

    def plan(self, entry: Entry) -> Plan:
        """The calculation of a crystal; an error becomes part of the plan."""
        plan = self._plan(entry)
        if plan.workflow is None or not entry.formula:
            return plan
        ours, theirs = formula_key(plan.formula), formula_key(entry.formula)
        if ours == theirs:
            return plan
        error = DataError(
            f"{entry.path} holds {plan.formula}, and the list says {entry.formula}.",
            "One of them is wrong.",
            "Correct the list or the file.",
        )
        return replace(plan, error=error, workflow=None, work=None)

    def _plan(self, entry: Entry) -> Plan:
        source = str(entry.path)
        if entry.error:
            error = DataError(f"{entry.name}: {entry.error}.", "", "Correct the list.")
            return Plan(name=entry.name, source=source, error=error)
        found = list(prepare_structures(source))
        if len(found) != 1:
            error = DataError(
                f"{source} holds {len(found)} structures.",
                "A row of a list is one crystal.",
                "Give each of them a file of its own.",
            )
            return Plan(name=entry.name, source=source, error=error)
        return plan_one(
            entry.name,
            found[0],
            self.settings.protocol,
            self.settings.pseudopotentials,
            pressure=entry.pressure,
            starting_guess=self.settings.starting_guess,
        )

    def add_list(self, path: Path, progress: Callable[[str], None]) -> int:
        """Add a list at the end; crystals that are listed already are passed over.

        Parameters
        ----------
        path
            CSV as of `read_list`.
        progress
            Called with a line for each crystal that cannot be planned.

        Returns
        -------
        int
            How many crystals are new.

        Raises
        ------
        DataError
            If the list cannot be read, or the campaign not be written.
        """
        known = {one.entry.name: _place(one.entry) for one in self.listed()}
        new: list[Listed] = []
        for entry in read_list(path):
            if _place(entry) in known.values():
                continue
            named = replace(entry, name=_free(entry.name, known))
            known[named.name] = _place(named)
            new.append(self.expected(named))
            if new[-1].why_not:
                progress(f"{named.name}: {new[-1].why_not}")
        if new:
            self._write_list(new)
        return len(new)

    def expected(self, entry: Entry) -> Listed:
        """A crystal with its estimated cost, or why it cannot be planned."""
        plan = self.plan(entry)
        if plan.error is not None or plan.work is None:
            why = "" if plan.error is None else plan.error.in_one_line()
            return Listed(entry=entry, why_not=why)
        return Listed(entry=entry, hours=round(plan.work.core_hours, 4))

    def plan_again(self) -> None:
        """Plan once more what could not be planned: a pseudopotential may be there now."""
        for path in sorted((self.folder / LISTS).glob("*.json")):
            before = _read(path)
            after = [self.expected(one.entry) if one.why_not else one for one in before]
            if after != before:
                _write(path, after)

    def _write_list(self, new: Sequence[Listed]) -> None:
        folder = self.folder / LISTS
        folder.mkdir(parents=True, exist_ok=True)
        number = len(list(folder.glob("*.json"))) + 1
        _write(folder / f"{number:04}-{os.getpid()}.json", new)


def open_campaign(folder: Path) -> Campaign:
    """The campaign of a folder.

    Raises
    ------
    DataError
        If there is none, or what it was told is damaged.
    """
    path = folder / CAMPAIGN
    try:
        table = cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))
        if table["format"] != FORMAT:
            raise ValueError(f"its format is {table['format']!r}, and {FORMAT} is read")
        told = table["settings"]
        settings = CampaignSettings(
            protocol=Protocol.from_dict(told["protocol"]),
            pseudopotentials=Path(told["pseudopotentials"]),
            starting_guess=bool(told["starting_guess"]),
            most_hours=None if told["most_hours"] is None else float(told["most_hours"]),
            records=None if told["records"] is None else Path(told["records"]),
            held_out=None if told["held_out"] is None else Path(told["held_out"]),
        )
        began = str(table["began"])
    except FileNotFoundError:
        raise DataError(
            f"There is no campaign in {folder}.",
            f"It has no {CAMPAIGN}.",
            "Begin one: betenet epc campaign LIST.csv --out DIR",
        ) from None
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise DataError(
            f"{path} is damaged.", f"{type(error).__name__}: {error}.", "Restore it from a copy."
        ) from error
    return Campaign(folder, settings, began)


def begin_campaign(folder: Path, settings: CampaignSettings) -> Campaign:
    """Begin a campaign, or go on with the one in the folder.

    Parameters
    ----------
    folder
        Of the campaign.
    settings
        What it is told; where results depend on them they must be those of before.

    Raises
    ------
    ConfigError
        If the campaign in the folder has other settings.
    DataError
        If it is damaged, or cannot be written.
    """
    began = datetime.now(UTC).isoformat(timespec="seconds")
    if (folder / CAMPAIGN).exists():
        before = open_campaign(folder)
        began = before.began
        apart = differences(before.settings.decides(), settings.decides())
        if apart:
            raise ConfigError(
                f"{folder} holds a campaign with other settings.",
                f"{apart}.",
                "Leave the settings out to go on with it, or give another folder.",
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (settings.records or folder / RECORDS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"Cannot write to {folder}.", f"{error}.", "Give a folder that can be written to."
        ) from error
    table = {"format": FORMAT, "began": began, "settings": settings.to_dict()}
    replace_file(folder / CAMPAIGN, json.dumps(table, indent=1) + "\n")
    return Campaign(folder, settings, began)


def _place(entry: Entry) -> tuple[str, float]:
    return str(entry.path), entry.pressure


def _free(name: str, taken: Mapping[str, object]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free


def _read(path: Path) -> list[Listed]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [
            Listed(entry=entry_from_dict(row), hours=row["hours"], why_not=row["why_not"])
            for row in rows
        ]
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise DataError(
            f"{path} is damaged.",
            f"{type(error).__name__}: {error}.",
            "Remove it, and give the list again.",
        ) from error


def _write(path: Path, listed: Sequence[Listed]) -> None:
    rows = [
        entry_to_dict(one.entry) | {"hours": one.hours, "why_not": one.why_not} for one in listed
    ]
    replace_file(path, json.dumps(rows, ensure_ascii=False, indent=0) + "\n")
