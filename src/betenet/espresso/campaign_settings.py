"""What a campaign is told: kept in its folder, and read back at the next start."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from betenet.datasets.held_out_formulas import held_out_formulas
from betenet.errors import ConfigError, DataError
from betenet.espresso.protocol import Protocol
from betenet.espresso.pseudopotentials import pseudopotential_folder
from betenet.json_differences import differences
from betenet.json_input import read_json, what_is_wrong
from betenet.known.candidate_rules import CANDIDATE_RULES
from betenet.runs.replace_file import replace_file

CAMPAIGN = "campaign.json"
RECORDS = "records"
PROTOCOL = "scout"
"""Protocol of a campaign that is told no other."""
ALL = "all"
"""The rule of candidates that refuses nothing."""
FORMAT = 1

_NONE: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignSettings:
    """What a campaign is told.

    Attributes
    ----------
    protocol
        Settings of all calculations.
    pseudopotentials
        Folder with a UPF file for each element.
    records
        Folder of what is settled.
    starting_guess
        Whether the cells of the lists are guesses.
    most_hours
        Core-hours above which a crystal is too dear, as estimated; None for no limit.
    held_out
        File of formulas that may not be trained on; None if records say nothing of a split.
    candidates
        Rule by which crystals are candidates, a key of `CANDIDATE_RULES`, or `ALL`.
    began
        When the campaign was begun, in UTC (ISO 8601).
    """

    protocol: Protocol
    pseudopotentials: Path
    records: Path
    starting_guess: bool = False
    most_hours: float | None = None
    held_out: Path | None = None
    candidates: str = ALL
    began: str = ""

    def decides(self) -> dict[str, object]:
        """Plain values of what decides the results, and may not change under a campaign."""
        return {"protocol": self.protocol.to_dict(), "starting_guess": self.starting_guess}

    def to_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return self.decides() | {
            "pseudopotentials": str(self.pseudopotentials),
            "records": str(self.records),
            "most_hours": self.most_hours,
            "held_out": None if self.held_out is None else str(self.held_out),
            "candidates": self.candidates,
            "began": self.began,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignArguments:
    """What the start of a campaign is given; what is left out is as before.

    Attributes
    ----------
    protocol
        Name of a protocol; None for that of before, else `PROTOCOL`.
    changes
        Values of the protocol that are changed.
    pseudopotentials, records, held_out
        As of `CampaignSettings`; None as before.
    starting_guess
        True if the cells are guesses; False as before.
    most_hours, candidates
        As of `CampaignSettings`; None as before.
    """

    protocol: str | None = None
    changes: Mapping[str, object] = field(default_factory=lambda: _NONE)
    pseudopotentials: Path | None = None
    records: Path | None = None
    held_out: Path | None = None
    starting_guess: bool = False
    most_hours: float | None = None
    candidates: str | None = None

    def merged_with(self, folder: Path, before: CampaignSettings | None) -> CampaignSettings:
        """The settings of the campaign in a folder.

        Parameters
        ----------
        folder
            Folder of the campaign.
        before
            Its settings of before; None if there is none yet.

        Raises
        ------
        ConfigError
            If there are no pseudopotentials, the protocol or a value of it is not fit, the held-out
            formulas cannot be read, there is no such rule of candidates, or what decides the
            results is not as before.
        """
        settings = self._merged(folder, before)
        if not settings.pseudopotentials.is_dir():
            raise ConfigError(
                f"There is no folder of pseudopotentials at {settings.pseudopotentials}.",
                "Every calculation needs one for each element.",
                "Give the folder: --pseudopotentials DIR.",
            )
        if settings.candidates not in {ALL, *CANDIDATE_RULES}:
            raise ConfigError(
                f"There is no rule of candidates {settings.candidates!r}.",
                f"The rules are {', '.join((ALL, *CANDIDATE_RULES))}.",
                "Give one of them.",
            )
        if settings.held_out is not None:
            held_out_formulas(settings.held_out)  # before anything is computed
        if before is not None:
            apart = differences(before.decides(), settings.decides())
            if apart:
                raise ConfigError(
                    f"{folder} holds a campaign with other settings.",
                    f"{apart}.",
                    "Leave the settings out to go on with it, or give another folder.",
                )
        return settings

    def _merged(self, folder: Path, before: CampaignSettings | None) -> CampaignSettings:
        if self.protocol is not None or before is None:
            protocol = Protocol.named(self.protocol or PROTOCOL)
        else:
            protocol = before.protocol
        if before is not None and self.pseudopotentials is None:
            pseudopotentials = before.pseudopotentials
        else:
            pseudopotentials = _absolute(pseudopotential_folder(self.pseudopotentials))
        own = folder / RECORDS
        held_out = self.held_out or (before.held_out if before else None)
        return CampaignSettings(
            protocol=protocol.with_changes(self.changes),
            pseudopotentials=pseudopotentials,
            records=_absolute(self.records or (before.records if before else own)),
            starting_guess=self.starting_guess or bool(before and before.starting_guess),
            most_hours=self.most_hours or (before.most_hours if before else None),
            held_out=held_out and _absolute(held_out),
            candidates=self.candidates or (before.candidates if before else ALL),
            began=before.began if before else datetime.now(UTC).isoformat(timespec="seconds"),
        )


def read_settings(folder: Path) -> CampaignSettings | None:
    """Settings of the campaign in a folder; None if there is none.

    Raises
    ------
    DataError
        If they are damaged.
    """
    path = folder / CAMPAIGN
    try:
        table = cast("dict[str, Any]", read_json(path))
        if table["format"] != FORMAT:
            raise ValueError(f"its format is {table['format']!r}, and {FORMAT} is read")
        told = table["settings"]
        return CampaignSettings(
            protocol=Protocol.from_dict(told["protocol"]),
            pseudopotentials=Path(told["pseudopotentials"]),
            records=Path(told["records"]),
            starting_guess=bool(told["starting_guess"]),
            most_hours=None if told["most_hours"] is None else float(told["most_hours"]),
            held_out=None if told["held_out"] is None else Path(told["held_out"]),
            candidates=_rule(told.get("candidates", ALL)),
            began=str(told["began"]),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(
            f"{path} is damaged.", f"{what_is_wrong(error)}.", "Restore it from a copy."
        ) from error


def _rule(name: object) -> str:
    if name != ALL and name not in CANDIDATE_RULES:
        raise ValueError(f"there is no rule of candidates {name!r}")
    return str(name)


def write_settings(folder: Path, settings: CampaignSettings) -> None:
    """Keep settings in the folder of a campaign.

    Raises
    ------
    DataError
        If they cannot be written.
    """
    table = {"format": FORMAT, "settings": settings.to_dict()}
    replace_file(folder / CAMPAIGN, json.dumps(table, indent=1) + "\n")


def _absolute(path: Path) -> Path:
    try:
        return path.expanduser().absolute()  # a shell leaves ~ in --records=~/found as it is
    except RuntimeError as error:
        raise ConfigError(
            f"There is no folder {path}.",
            "~ and a name stand for the home of a user.",
            "Write it out.",
        ) from error
