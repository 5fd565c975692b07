"""Crystals of a campaign with what is expected of them, and the files that keep them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from betenet.datasets.held_out_formulas import formula_key
from betenet.errors import DataError
from betenet.espresso.campaign_list import Entry, entry_from_dict, entry_to_dict
from betenet.json_input import read_json, what_is_wrong
from betenet.runs.replace_file import replace_file

SAME_VOLUME = 0.01
"""Relative difference of volumes below which a cell was not changed, but rounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignCrystal:
    """A crystal of a campaign.

    Attributes
    ----------
    entry
        The row of its list.
    hours
        Core-hours as estimated; None if it cannot be planned.
    why_not
        Why it cannot be planned; empty if it can.
    formula
        Reduced formula by its file; empty if it cannot be planned.
    atom_volume
        Volume for each atom before the relaxation; zero if it cannot be planned [Å³].
    refused
        Why it is no candidate by each rule that it was judged by, empty where it is one.
    """

    entry: Entry
    hours: float | None = None
    why_not: str = ""
    formula: str = ""
    atom_volume: float = 0.0
    refused: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def identity(self) -> dict[str, object]:
        """What tells it from another crystal of the same name, for its record."""
        return {
            "family": self.entry.family,
            "pressure_gpa": self.entry.pressure,
            "atom_volume_before": round(self.atom_volume, 4),
        }

    def is_of(self, record: Mapping[str, Any]) -> bool:
        """Whether a record is of this crystal, and not of another one with its name."""
        told = record.get("campaign", {})
        volume = float(told.get("atom_volume_before") or self.atom_volume)
        return (
            formula_key(str(record.get("formula", ""))) == formula_key(self.formula)
            and float(told.get("pressure_gpa", 0.0)) == self.entry.pressure
            and abs(volume - self.atom_volume) <= SAME_VOLUME * self.atom_volume
        )


def read_crystals(path: Path) -> list[CampaignCrystal]:
    """Crystals of one file.

    Raises
    ------
    DataError
        If it is damaged.
    """
    try:
        rows = read_json(path)
        return [
            CampaignCrystal(
                entry=entry_from_dict(row),
                hours=None if row["hours"] is None else float(row["hours"]),
                why_not=str(row["why_not"]),
                formula=str(row["known_formula"]),
                atom_volume=float(row["atom_volume"]),
                refused={str(k): str(v) for k, v in row.get("refused", {}).items()},
            )
            for row in rows
        ]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(
            f"{path} is damaged.", f"{what_is_wrong(error)}.", "Remove it, and give the list again."
        ) from error


def write_crystals(path: Path, crystals: Sequence[CampaignCrystal]) -> None:
    """Write crystals to one file.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    rows = [
        entry_to_dict(one.entry)
        | {
            "hours": one.hours,
            "why_not": one.why_not,
            "known_formula": one.formula,
            "atom_volume": one.atom_volume,
            "refused": dict(one.refused),
        }
        for one in crystals
    ]
    replace_file(path, json.dumps(rows, ensure_ascii=False, indent=0) + "\n")
