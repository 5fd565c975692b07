"""The table of measured superconductors that ships, and its compound or its nearest to a query."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from ase.data import atomic_numbers
from jaxtyping import Float, Int

from betenet.errors import DataError
from betenet.known.composition_distance import (
    composition_distances,
    composition_profile,
    composition_profiles,
)

TABLE = "superconductors.csv.gz"
REFUSED = "superconductors_refused.csv"
COLUMNS = (
    *("formula", "tc_kelvin", "tc_kelvin_lowest", "tc_kelvin_highest", "n_reports", "first_year"),
    *("family", "structure_type", "space_group_number", "undetermined", "conditions", "source"),
)
SPECIAL = "pressure or film"
"""Conditions of a Tc that is known under pressure, in a film or another phase only; the sources
seldom state them."""
SAME = 0.0015
"""Largest difference of the shares within which compositions are the same: sources round [1]."""
MAIN = 0.05
"""Share of the atoms from which an element is more than a dopant [1]."""
_TERM = re.compile(r"([A-Z][a-z]?)([\d.]*)")
_MUCH = 1.5
"""Factor by which the highest of the reports is above the median where it is named beside it."""
_SEARCHED = 400
"""Nearest rows that are looked at first for other systems."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredCompound:
    """A superconductor whose Tc was measured.

    Attributes
    ----------
    formula
        Formula; amounts that the reports leave open as ``O7-x``.
    tc
        Median of the reports [K].
    lowest, highest
        Lowest and highest of the reports [K].
    reports
        Number of the reports.
    first_year
        Year of the first report; None if none is stated.
    family
        Family by composition, see `composition_families.FAMILIES`.
    structure_type
        Name of the structure type as the reports have it; empty if they do not.
    space_group
        Number of the space group of the only crystal of this formula in 3DSC; 0 if there is none,
        or more than one.
    undetermined
        Elements whose amount the reports leave open.
    conditions
        `SPECIAL`, a colon and the reason; mostly empty, as the sources seldom state them.
    source
        Source of the reports.
    """

    formula: str
    tc: float
    lowest: float
    highest: float
    reports: int
    first_year: int | None
    family: str
    structure_type: str
    space_group: int
    undetermined: tuple[str, ...]
    conditions: str
    source: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "formula": self.formula,
            "tc_kelvin": self.tc,
            "tc_kelvin_lowest": self.lowest,
            "tc_kelvin_highest": self.highest,
            "n_reports": self.reports,
            "first_year": self.first_year,
            "family": self.family,
            "structure_type": self.structure_type,
            "space_group_number": self.space_group or None,
            "undetermined": list(self.undetermined),
            "conditions": self.conditions,
            "source": self.source,
        }

    def as_text(self) -> str:
        """Formula and Tc in a few words."""
        marks = ", ".join(
            (
                *(f"{symbol} undetermined" for symbol in self.undetermined),
                *([f"likely {SPECIAL}"] if self.conditions else []),
                *([f"up to {self.highest:.3g} K"] if self.highest > _MUCH * self.tc else []),
            )
        )
        return f"{self.formula} {self.tc:.3g} K" + (f" ({marks})" if marks else "")


Near = tuple[MeasuredCompound, float]
"""A compound and its distance [steps of Pettifor's scale for each atom]."""


class MeasuredTable:
    """Measured superconductors, each composition once.

    Parameters
    ----------
    rows
        Rows of the table, as `COLUMNS` names them.
    """

    def __init__(self, rows: Sequence[Sequence[str]]) -> None:
        self._rows = rows
        self._terms = [_TERM.findall(row[0]) for row in rows]
        widest = max(map(len, self._terms), default=1)
        numbers = np.zeros((len(rows), widest), dtype=np.intp)
        amounts = np.zeros((len(rows), widest))
        for place, terms in enumerate(self._terms):
            for column, (symbol, amount) in enumerate(terms):
                numbers[place, column] = atomic_numbers[symbol]
                amounts[place, column] = float(amount or 1)
        self._profiles = composition_profiles(numbers, amounts)
        self._n_reports = np.array([int(row[4]) for row in rows], dtype=np.intp)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: int) -> MeasuredCompound:
        row = dict(zip(COLUMNS, self._rows[place], strict=True))
        return MeasuredCompound(
            formula=row["formula"],
            tc=float(row["tc_kelvin"]),
            lowest=float(row["tc_kelvin_lowest"]),
            highest=float(row["tc_kelvin_highest"]),
            reports=int(row["n_reports"]),
            first_year=int(row["first_year"]) if row["first_year"] else None,
            family=row["family"],
            structure_type=row["structure_type"],
            space_group=int(row["space_group_number"] or 0),
            undetermined=tuple(row["undetermined"].split()),
            conditions=row["conditions"],
            source=row["source"],
        )

    def same(self, amounts: Mapping[str, float]) -> list[int]:
        """Places of the compounds of a composition, those of determined amounts first.

        Parameters
        ----------
        amounts
            Amount of each element [1].
        """
        shares = _shares(amounts)
        found = [
            place
            for place in self._of_elements.get(frozenset(shares), ())
            if _largest_difference(shares, self.shares(place)) <= SAME
        ]
        return sorted(
            found, key=lambda place: (bool(self._rows[place][9]), -int(self._n_reports[place]))
        )

    def nearest(self, amounts: Mapping[str, float], most: int) -> list[tuple[int, float]]:
        """Places and distances of the nearest compounds, one for each chemical system.

        Parameters
        ----------
        amounts
            Amount of each element [1].
        most
            Number of compounds at most.

        Notes
        -----
        A chemical system is the elements that are 5 % of the atoms or more: of doped variants the
        nearest stands for all. Where the composition itself is known, variants of it, which have
        its elements and others, are left out.
        """
        distances = composition_distances(composition_profile(amounts), self._profiles)
        same = set(self.same(amounts))
        own = self._system(_shares(amounts))
        found: dict[frozenset[str], int] = {}
        for place in self._by_distance(distances):
            system = self._system(self.shares(place))
            if place in same or system in found or (same and system >= own):
                continue
            found[system] = place
            if len(found) == most:
                break
        return [(place, float(distances[place])) for place in found.values()]

    def _by_distance(self, distances: Float[np.ndarray, " composition"]) -> Iterator[int]:
        """Places, the nearest first; of equal distances the one that more reports know."""
        few = min(_SEARCHED, len(distances))
        # a few first: to sort them all would take as long as the distances themselves
        near = np.argpartition(distances, few - 1)[:few] if few else np.empty(0, dtype=np.intp)
        yield from self._ordered(near, distances)
        rest = np.setdiff1d(np.arange(len(distances)), near)
        yield from self._ordered(rest, distances)

    def _ordered(
        self, places: Int[np.ndarray, " place"], distances: Float[np.ndarray, " composition"]
    ) -> list[int]:
        order = np.lexsort((-self._n_reports[places], np.round(distances[places], 3)))
        return list(map(int, places[order]))

    def of_prototype(
        self, amounts: Mapping[str, float], space_group: int, most: int
    ) -> list[tuple[int, float]]:
        """Places and distances of compounds of the same stoichiometry and space group.

        Parameters
        ----------
        amounts
            Amount of each element: whole numbers [1].
        space_group
            Number of the space group.
        most
            Number of compounds at most.
        """
        same = set(self.same(amounts))
        places = [
            place
            for place in self._of_prototype.get((anonymous(amounts), space_group), ())
            if place not in same
        ]
        if not places:
            return []
        distances = composition_distances(composition_profile(amounts), self._profiles[places])
        order = np.argsort(distances, kind="stable")[:most]
        return [(places[at], float(distances[at])) for at in order]

    def shares(self, place: int) -> dict[str, float]:
        """Share of each element in the atoms of a row [1]."""
        return _shares({symbol: float(amount or 1) for symbol, amount in self._terms[place]})

    def profiles(self) -> Float[np.ndarray, "composition step"]:
        """Profiles of all rows, see `composition_distance`."""
        return self._profiles

    @staticmethod
    def _system(shares: Mapping[str, float]) -> frozenset[str]:
        return frozenset(symbol for symbol, share in shares.items() if share >= MAIN)

    @cached_property
    def _of_elements(self) -> dict[frozenset[str], list[int]]:
        found: dict[frozenset[str], list[int]] = {}
        for place, terms in enumerate(self._terms):
            found.setdefault(frozenset(symbol for symbol, _ in terms), []).append(place)
        return found

    @cached_property
    def _of_prototype(self) -> dict[tuple[str, int], list[int]]:
        found: dict[tuple[str, int], list[int]] = {}
        for place, row in enumerate(self._rows):
            if row[8]:
                key = (anonymous(self.shares(place)), int(row[8]))
                found.setdefault(key, []).append(place)
        return found


@lru_cache(maxsize=1)
def measured_table() -> MeasuredTable:
    """The table that ships, read once.

    Raises
    ------
    DataError
        If the file is damaged.
    """
    path = files("betenet.known").joinpath(TABLE)
    try:
        text = gzip.decompress(path.read_bytes()).decode("utf-8")
        head, *rows = csv.reader(line for line in text.splitlines() if not line.startswith("#"))
        if tuple(head) != COLUMNS:
            raise ValueError(f"its columns are {', '.join(head)}")
    except (OSError, EOFError, ValueError) as error:
        raise DataError(
            f"The table of measured superconductors, {TABLE}, cannot be read.",
            f"{type(error).__name__}: {error}",
            "Install betenet again.",
        ) from error
    return MeasuredTable(rows)


def anonymous(amounts: Mapping[str, float]) -> str:
    """Stoichiometry without the elements: smallest whole numbers in ascending order.

    Examples
    --------
    >>> anonymous({"Nb": 6.0, "Sn": 2.0}), anonymous({"Mg": 1 / 3, "B": 2 / 3})
    ('1:3', '1:2')
    """
    lowest = min(amounts.values())
    for parts in range(1, 7):
        scaled = sorted(amount * parts / lowest for amount in amounts.values())
        if all(abs(one - round(one)) < 0.01 * one for one in scaled):
            return ":".join(str(round(one)) for one in scaled)
    return ":".join(f"{amount / lowest:.2f}" for amount in sorted(amounts.values()))


def _shares(amounts: Mapping[str, float]) -> dict[str, float]:
    total = sum(amounts.values())
    return {symbol: amount / total for symbol, amount in amounts.items()}


def _largest_difference(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    return max(abs(share - other[symbol]) for symbol, share in one.items())
