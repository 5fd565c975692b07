"""A campaign: many crystals, one after the other, for as long as it is let run.

The folder of a campaign holds ``campaign.json`` (what it was told), ``lists/`` (the crystals, in
their order; more may be added while it runs), ``reasons.json`` (why crystals were passed over), and
a folder for each calculation that was begun. What is settled is a file in the folder of records,
one for each crystal, whether it is kept, dropped or failed: such a crystal is not computed again,
whoever computed it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ase import Atoms

from betenet.datasets.held_out_formulas import formula_key, held_out_formulas
from betenet.errors import ConfigError, DataError, unexpected
from betenet.espresso.calculations import Tell, free_name
from betenet.espresso.campaign_crystals import CampaignCrystal, read_crystals, write_crystals
from betenet.espresso.campaign_list import Entry
from betenet.espresso.campaign_settings import (
    ALL,
    CAMPAIGN,
    RECORDS,
    CampaignArguments,
    CampaignSettings,
    read_settings,
    write_settings,
)
from betenet.espresso.plan import Plan, plan_one
from betenet.espresso.settled_records import read_record
from betenet.json_input import read_json
from betenet.known.candidate_rules import CANDIDATE_RULES
from betenet.runs.lock import LOCK, lock_folder
from betenet.runs.replace_file import replace_file
from betenet.structures import prepare_structures

LISTS, REASONS = "lists", "reasons.json"
RESERVED = (LISTS, RECORDS, CAMPAIGN, REASONS, LOCK)
"""Names in the folder of a campaign that no calculation may have."""
AT_ONCE = 50
"""Crystals that are planned before they are written."""


@dataclass(frozen=True)
class Campaign:
    """The folder of a campaign.

    Attributes
    ----------
    folder
        Everything is below it, but for records that were to lie elsewhere.
    settings
        What it was told.
    """

    folder: Path
    settings: CampaignSettings

    @cached_property
    def held_out(self) -> frozenset[str] | None:
        """Formulas that may not be trained on; None if records say nothing of a split."""
        path = self.settings.held_out
        return None if path is None else held_out_formulas(path)

    def record_of(self, name: str) -> Path:
        """File of a crystal that is settled."""
        return self.settings.records / f"{name}.json"

    def settled(self, crystal: CampaignCrystal) -> Mapping[str, Any] | None:
        """The record of a crystal; None if it is not settled.

        Raises
        ------
        DataError
            If the record is damaged, or that of another crystal or of another protocol.
        """
        path = self.record_of(crystal.entry.name)
        if not path.exists():
            return None
        record = read_record(path)
        if not (crystal.why_not or crystal.is_of(record)):
            raise DataError(
                f"{path} is the record of another crystal.",
                f"It is {record.get('formula')}; here {crystal.entry.path} has that name.",
                "Rename the structure file, or give another folder of records.",
            )
        protocol = record["calculation"].get("settings", {}).get("protocol", {})
        keys = ("k_density", "q_density", "dense_factor")
        ours = self.settings.protocol.to_dict()
        if protocol and any(protocol.get(key) != ours[key] for key in keys):
            raise DataError(
                f"{path} is a record with other grids.",
                "It was computed by another protocol than this campaign has.",
                "Give another folder of records.",
            )
        return record

    def passed_over(self, crystal: CampaignCrystal) -> str:
        """Why a crystal is not calculated; empty if it is."""
        rule = self.settings.candidates
        reason = crystal.refused.get(rule)
        refused = f"no candidate by the rule {rule}: {reason}" if reason else ""
        return crystal.why_not or refused or self._too_dear(crystal)

    def _too_dear(self, crystal: CampaignCrystal) -> str:
        most = self.settings.most_hours
        if most is None or crystal.hours is None or crystal.hours <= most:
            return ""
        return f"too dear: {crystal.hours:.2g} core-hours are expected, {most:g} allowed"

    def crystals(self) -> Iterator[CampaignCrystal]:
        """All crystals in the order of the lists; without those of `damaged_lists`."""
        for _, rows in self._lists():
            yield from rows

    def damaged_lists(self) -> list[DataError]:
        """What is wrong with each list of the campaign that cannot be read."""
        errors: list[DataError] = []
        for _ in self._lists(errors.append):
            pass
        return errors

    def _lists(
        self, tell: Callable[[DataError], None] = lambda _: None
    ) -> Iterator[tuple[Path, list[CampaignCrystal]]]:
        for path in self._files():
            try:
                rows = read_crystals(path)
            except DataError as error:
                tell(error)
            else:
                yield path, rows

    def _files(self) -> list[Path]:
        return sorted((self.folder / LISTS).glob("[0-9]*.json"))

    def plan(self, entry: Entry) -> Plan:
        """The calculation of a crystal; an error becomes part of the plan."""
        try:
            plan = self._plan(entry)
        except Exception as error:  # noqa: BLE001 - a fault of ours in one must not stop the others
            wrong = unexpected(error, str(entry.path))
            return Plan(name=entry.name, source=str(entry.path), error=wrong)
        if plan.workflow is None or not entry.formula:
            return plan
        if formula_key(plan.formula) == formula_key(entry.formula):
            return plan
        error = DataError(
            f"{entry.path} holds {plan.formula}, and the list says {entry.formula}.",
            "One of them is wrong.",
            "Correct the list or the file.",
        )
        return replace(plan, error=error, workflow=None, work=None)

    def _plan(self, entry: Entry) -> Plan:
        if entry.error:
            raise DataError(f"{entry.name}: {entry.error}.", "", "Correct the list.")
        if entry.path.is_dir():
            raise DataError(f"{entry.path} is a folder.", "", "Name a structure file.")
        found = list(prepare_structures(str(entry.path)))
        if len(found) != 1:
            raise DataError(
                f"{entry.path} holds {len(found)} structures.",
                "A row of a list is one crystal.",
                "Give each of them a file of its own.",
            )
        return plan_one(
            entry.name,
            found[0],
            self.settings.protocol,
            self.settings.pseudopotentials,
            pressure=entry.pressure,
            starting_guess=self.settings.starting_guess,
        )

    def add(self, entries: Sequence[Entry], tell: Tell) -> int:
        """Add crystals at the end; those that are listed already are passed over.

        Parameters
        ----------
        entries
            Rows of lists.
        tell
            Called with a line for each crystal that cannot be planned or has a warning, and now and
            then with how many are planned.

        Returns
        -------
        int
            How many crystals are new; one that could not be planned and is given again is.

        Raises
        ------
        DataError
            If the campaign cannot be written, or somebody else adds crystals just now.
        """
        if (self.folder / LISTS).is_symlink():
            raise DataError(
                f"{self.folder / LISTS} is a link.",
                "Lists would be written where it leads.",
                "Remove it, or put the folder itself in its place.",
            )
        (self.folder / LISTS).mkdir(parents=True, exist_ok=True)
        with lock_folder(self.folder / LISTS):
            new = self._new(entries)
            for start in range(0, len(new), AT_ONCE):
                planned = [self.expected(entry, tell) for entry in new[start : start + AT_ONCE]]
                numbers = [int(path.stem) for path in self._files()]
                write_crystals(
                    self.folder / LISTS / f"{max(numbers, default=0) + 1:05}.json", planned
                )
                if len(new) > AT_ONCE:
                    tell(f"{start + len(planned)} of {len(new)} crystals are planned")
        return len(new)

    def _new(self, entries: Sequence[Entry]) -> list[Entry]:
        """Entries that are not crystal, with names of their own; broken rows of before go."""
        given = {entry.path for entry in entries}
        for path, before in self._lists():
            after = [one for one in before if not (one.why_not and one.entry.path in given)]
            if after != before:
                write_crystals(path, after)
        taken = {name.casefold() for name in RESERVED}
        known: set[tuple[Path, float, str]] = set()
        for one in self.crystals():
            taken.add(one.entry.name.casefold())
            known.add(_place(one.entry))
        new: list[Entry] = []
        for entry in entries:
            if _place(entry) not in known:
                known.add(_place(entry))
                name = free_name(entry.name, taken, str.casefold)
                taken.add(name.casefold())
                new.append(replace(entry, name=name))
        return new

    def expected(self, entry: Entry, tell: Tell) -> CampaignCrystal:
        """A crystal with its estimated cost, or why it cannot be planned."""
        plan = self.plan(entry)
        for warning in plan.warnings:
            tell(f"{entry.name}: warning: {warning}")
        if plan.error is not None or plan.work is None or plan.workflow is None:
            why = "no plan" if plan.error is None else plan.error.in_one_line()
            tell(f"{entry.name}: {why}")
            return CampaignCrystal(entry=entry, why_not=why)
        atoms = plan.workflow.atoms
        return CampaignCrystal(
            entry=entry,
            hours=round(plan.work.core_hours, 4),
            formula=formula_key(plan.formula),
            atom_volume=round(float(atoms.cell.volume) / len(atoms), 4),
            refused=self._refused(entry, atoms),
        )

    def _refused(self, entry: Entry, atoms: Atoms) -> dict[str, str]:
        """Why a crystal is no candidate, under the name of the campaign's rule if it has one."""
        name = self.settings.candidates
        if name == ALL:
            return {}
        reason = CANDIDATE_RULES[name].refuse(
            atoms,
            hull_distance=entry.hull_distance,
            band_gap=entry.band_gap,
            pressure=entry.pressure,
        )
        return {name: reason}

    def plan_again(self) -> None:
        """Plan once more what could not be planned, or is not judged by the rule of candidates."""
        rule = self.settings.candidates
        for path, before in self._lists():
            after = [
                self.expected(one.entry, lambda _: None)
                if one.why_not or (rule != ALL and rule not in one.refused)
                else one
                for one in before
            ]
            if after != before:
                write_crystals(path, after)

    def reasons(self) -> dict[str, str]:
        """Why crystals were passed over at the last start, by name."""
        try:
            found = read_json(self.folder / REASONS)
            return {str(name): str(text) for name, text in found.items()}
        except (OSError, ValueError, AttributeError):  # nothing hangs on it
            return {}

    def remember(self, reasons: Mapping[str, str]) -> None:
        """Keep why crystals were passed over."""
        text = json.dumps(reasons, ensure_ascii=False, indent=0)
        replace_file(self.folder / REASONS, text + "\n")


def open_campaign(folder: Path) -> Campaign:
    """The campaign of a folder.

    Raises
    ------
    DataError
        If there is none, or what it was told is damaged.
    """
    settings = read_settings(folder)
    if settings is None:
        raise DataError(
            f"There is no campaign in {folder}.",
            f"It has no {CAMPAIGN}.",
            "Begin one: betenet epc campaign LIST.csv --out DIR",
        )
    return Campaign(folder, settings)


def begin_campaign(folder: Path, given: CampaignArguments) -> Campaign:
    """Begin a campaign, or go on with the one in the folder.

    Raises
    ------
    ConfigError
        If `CampaignArguments.merged_with` refuses the arguments; or if the campaign has its records
        elsewhere, and they are not given.
    DataError
        If the campaign of before is damaged, or the folder cannot be written.
    """
    settings = given.merged_with(folder, read_settings(folder))
    within = Path(os.path.realpath(settings.records)).is_relative_to(os.path.realpath(folder))
    if given.records is None and not within:
        raise ConfigError(
            f"The records of the campaign in {folder} lie outside of it, in {settings.records}.",
            f"{CAMPAIGN} says so; whoever has written that, records are only put there if you want "
            "it.",
            f"Name the folder once more: --records {settings.records}",
        )
    try:
        settings.records.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"Cannot write to {settings.records}.",
            f"{error}.",
            "Give a folder that can be written to.",
        ) from error
    write_settings(folder, settings)
    return Campaign(folder, settings)


def _place(entry: Entry) -> tuple[Path, float, str]:
    return entry.path, entry.pressure, entry.error
