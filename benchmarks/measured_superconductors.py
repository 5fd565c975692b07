"""Measured superconductors of SuperCon: reports read, cleaned, and joined by composition."""

from __future__ import annotations

import csv
import gzip
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers, chemical_symbols

from betenet.datasets.folds import fold_of
from betenet.errors import DataError
from betenet.known.composition_families import HYDRIDE, composition_families
from betenet.known.elements import MAX_NUMBER
from betenet.known.findings import CUPRATE, IRON_BASED
from betenet.known.formula import read_formula
from betenet.known.measured import measured_table

OXYGEN_UNKNOWN = re.compile(r"O[XYZ]$")
"""How an undetermined amount of oxygen ends a formula: no yttrium, which always has a number."""
HIGHEST = 145.0
"""Tc above this [K] are errors, or need a pressure that is not given."""
HIGHEST_OF_OTHERS = 45.0
"""The same for what is neither a cuprate nor iron-based [K]; MgB2 has 39."""
LEAST_OXYGEN = 0.25
"""Share of oxygen in a compound of much copper up to which its amount was not determined."""


@dataclass(frozen=True, slots=True)
class Report:
    """One measured Tc."""

    tc: float
    year: float
    source: str


@dataclass(slots=True)
class Compound:
    """All reports of one composition."""

    amounts: np.ndarray
    system: str
    reports: list[Report] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Compositions with their Tc.

    ``amounts`` (row, 118); ``tc``, the median of the reports [K]; ``count`` of reports; ``first``,
    the year of the first one or NaN; ``scatter``, the standard deviation of the reports or NaN [K].
    """

    amounts: np.ndarray
    tc: np.ndarray
    count: np.ndarray
    first: np.ndarray
    scatter: np.ndarray
    system: np.ndarray
    family: np.ndarray
    key: np.ndarray

    def of(self, rows: np.ndarray) -> Measured:
        """Some of the rows."""
        return Measured(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def folds(self, count: int) -> np.ndarray:
        """Fold of each composition, by its chemical system."""
        return np.array([fold_of(system, count) for system in self.system])

    def kinds(self) -> dict[str, np.ndarray]:
        """Rows of all, of cuprates, of iron-based superconductors and of the others."""
        cuprate, iron = self.family == CUPRATE, self.family == IRON_BASED
        everything = np.ones(len(self.tc), dtype=bool)
        named = {"all": everything, "cuprates": cuprate, "iron-based": iron}
        return named | {"others": ~cuprate & ~iron}


def read_measured(
    folder: Path,
    *,
    until: float = np.inf,
    clean: bool = True,
    say: Callable[[str], object] = print,
) -> Measured:
    """Compositions of which a Tc was reported, by reports up to a year.

    Tc = 0 means that none was reported, and is left out. NIMS's dump has the years; of Stanev's
    selection, which has none, come the compositions that the dump lacks, if ``until`` is not given.
    """
    compounds = read_compounds(folder)
    rows: dict[str, Compound] = {}
    for key, one in compounds.items():
        dated = [report for report in one.reports if report.source == "nims"]
        found = dated or (one.reports if until == np.inf else [])
        found = [r for r in found if until == np.inf or r.year <= until]
        if found:
            rows[key] = Compound(one.amounts, one.system, found)
    measured = _measured(rows)
    if not clean:
        return measured
    bad = impossible(measured)
    why = "impossible, without their oxygen or under pressure"
    say(f"{len(rows)} compositions, {bad.sum()} of them {why}")
    return measured.of(~bad)


def impossible(measured: Measured) -> np.ndarray:
    """Rows whose Tc is not that of the composition at ambient pressure, or without its oxygen."""
    shares = measured.amounts / measured.amounts.sum(axis=1, keepdims=True)
    copper, oxygen = shares[:, 28], shares[:, 7]
    unknown = (copper > 0.08) & (oxygen > 0.0) & (oxygen <= LEAST_OXYGEN)
    named = np.isin(measured.family, [CUPRATE, IRON_BASED])
    too_high = (measured.tc > HIGHEST) | (~named & (measured.tc > HIGHEST_OF_OTHERS))
    return unknown | too_high | np.isin(measured.key, under_pressure())


def under_pressure() -> list[str]:
    """Keys of compositions whose Tc was likely measured under pressure, or of a film.

    Hydrides, of which that is not so sure, are kept.
    """
    table, found = measured_table(), dict[str, Compound]()
    marked = (table[place] for place in range(len(table)))
    marked = (one for one in marked if one.conditions and one.family != HYDRIDE)
    return [key for one in marked if (key := composition_key(one.formula, found))]


def read_compounds(folder: Path) -> dict[str, Compound]:
    """Compositions by their key, with all of their reports."""
    found: dict[str, Compound] = {}
    keys: dict[str, str | None] = {}
    for source, name in (("nims", "nims_supercon"), ("stanev", "stanev_2018")):
        for row in _rows(folder / f"{name}.csv.gz"):
            tc, formula = float(row["tc_kelvin"]), row["formula"]
            if tc <= 0.0:
                continue
            if formula not in keys:
                keys[formula] = composition_key(formula, found)
            key = keys[formula]
            if key is not None:
                found[key].reports.append(Report(tc, float(row.get("year") or "nan"), source))
    return found


def composition_key(formula: str, found: dict[str, Compound]) -> str | None:
    """Key of a formula's composition, entered if it is new; None if it cannot be read."""
    try:
        read = read_formula(OXYGEN_UNKNOWN.sub("O", formula))
    except DataError:
        return None
    amounts = np.zeros(MAX_NUMBER)
    for symbol, amount in read.amounts.items():
        amounts[atomic_numbers[symbol] - 1] = amount
    parts = np.round(amounts / amounts.sum(), 3)
    places = np.flatnonzero(parts)
    key = " ".join(f"{place}:{parts[place]:.3f}" for place in places)
    present = np.flatnonzero(amounts)
    system = "-".join(sorted(chemical_symbols[place + 1] for place in present))
    found.setdefault(key, Compound(amounts, system))
    return key


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _measured(rows: Mapping[str, Compound]) -> Measured:
    tcs: defaultdict[str, list[float]] = defaultdict(list)
    kept = list(rows.values())
    for one in kept:
        values = [report.tc for report in one.reports]
        years = [report.year for report in one.reports if np.isfinite(report.year)]
        tcs["tc"].append(float(np.median(values)))
        tcs["count"].append(len(values))
        tcs["first"].append(min(years, default=np.nan))
        tcs["scatter"].append(float(np.std(values, ddof=1)) if len(values) > 1 else np.nan)
    amounts = np.array([one.amounts for one in kept])
    return Measured(
        amounts=amounts,
        **{name: np.array(column) for name, column in tcs.items()},
        system=np.array([one.system for one in kept]),
        family=np.array(composition_families(amounts)),
        key=np.array(list(rows)),
    )
