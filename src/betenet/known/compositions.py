"""What the models on composition say of formulas, one after the other, with what to distrust."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from ase.data import atomic_numbers, chemical_symbols

from betenet.errors import BetenetError
from betenet.known.composition_families import HYDRIDE, composition_family
from betenet.known.composition_model import (
    LEAST_OVERLAP,
    THRESHOLD,
    CompositionModel,
    Estimates,
    shipped_model,
)
from betenet.known.elements import MAX_NUMBER
from betenet.known.findings import LIKELY_INSULATOR, UNSEEN_ELEMENT, Finding
from betenet.known.formula import WrittenFormula, read_formula
from betenet.known.formula_lists import UnreadList
from betenet.known.insulators import likely_insulators
from betenet.printable import shortened
from betenet.text_table import TextTable

UNLIKE_KNOWN, ASSUMED, NEEDS_PRESSURE = "unlike_known", "assumed", "needs_pressure"
"""Codes of flags: unlike every known superconductor; something was assumed to read the formula; a
hydride."""
_HYDRIDE = "a hydride: its high Tc, if any, needs pressure, which the models do not know"
_INSULATOR = "likely an insulator as written: only doped or under pressure may it superconduct"
_BATCH = 500
_INTERVAL = ("low_68", "high_68", "low_95", "high_95")
COLUMNS = (
    "formula",
    "read_as",
    "tc_kelvin",
    *(f"tc_kelvin_{end}" for end in _INTERVAL),
    f"probability_tc_above_{THRESHOLD:.0f}_kelvin",
    "family",
    "flags",
    "error",
)
"""Columns of the table of predictions."""
TABLE = TextTable(
    (
        ("formula", "<28"),
        ("Tc (K), 68 %", "<19"),
        ("95 %", "<13"),
        ("P(>10 K)", ">8"),
        ("family", "<13"),
        ("flags", ""),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositionPrediction:
    """What the models say of one formula, or why they say nothing.

    Attributes
    ----------
    formula
        Formula as it was written.
    read_as
        Formula as it was read, in the smallest whole numbers; empty if it could not be.
    tc
        Critical temperature, if it is a superconductor [K].
    low_68, high_68, low_95, high_95
        Ends of the intervals of Tc [K].
    above
        Probability that Tc exceeds 10 K, if it is a superconductor [1].
    family
        Family of the composition, one of `composition_families.FAMILIES`.
    flags
        Reasons to distrust the numbers, and what was assumed; mostly none.
    error
        Why there is no prediction; None if there is one.
    """

    formula: str
    read_as: str = ""
    tc: float = np.nan
    low_68: float = np.nan
    high_68: float = np.nan
    low_95: float = np.nan
    high_95: float = np.nan
    above: float = np.nan
    family: str = ""
    flags: tuple[Finding, ...] = ()
    error: BetenetError | None = None

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON; no numbers if there is an error."""
        if self.error is not None:
            return {"formula": self.formula, "error": self.error.to_dict()}
        ends = {f"tc_kelvin_{end}": getattr(self, end) for end in _INTERVAL}
        return {
            "formula": self.formula,
            "read_as": self.read_as,
            "tc_kelvin": self.tc,
            **ends,
            COLUMNS[7]: self.above,
            "family": self.family,
            "flags": [{"code": one.code, "text": one.text} for one in self.flags],
        }

    def csv_row(self) -> dict[str, Any]:
        """One row of the table with the columns `COLUMNS`; flags by their codes."""
        found = self.to_dict()
        row = dict.fromkeys(COLUMNS, "")
        if self.error is not None:
            return {**row, "formula": self.formula, "error": self.error.in_one_line()}
        numbers = {key: f"{found[key]:.4g}" for key in COLUMNS[2:8]}
        codes = ";".join(dict.fromkeys(one.code for one in self.flags))
        return {**row, **found, **numbers, "flags": codes}

    def lines(self) -> tuple[str]:
        """One line of the table for people, with the headings of `TABLE`."""
        if self.error is not None:
            return (TABLE.row((self.formula, "", "", "", "", "not read, see the error")),)
        cells = (
            self.formula,
            f"{self.tc:.3g} ({self.low_68:.3g}–{self.high_68:.3g})",
            f"{self.low_95:.3g}–{self.high_95:.3g}",
            f"{self.above:.2f}",
            self.family.replace("_", " "),
            "; ".join(one.text for one in self.flags),
        )
        return (TABLE.row(cells),)


def predict_compositions(
    formulas: Iterable[str | UnreadList], model: CompositionModel | None = None
) -> Generator[CompositionPrediction]:
    """Predictions of formulas, in their order; what cannot be read has an error.

    Parameters
    ----------
    formulas
        Formulas as people write them, such as `formula_lists.given_formulas` finds; taken a few
        hundred at a time, so that there may be any number of them.
    model
        Model; the shipped one if absent.

    Examples
    --------
    >>> found, refused = predict_compositions(["MgB2", "Nb3Sn0.5("])
    >>> found.family, 20 < found.tc < 45, refused.error is not None
    ('other', True, True)
    """
    rest = iter(formulas)
    while batch := list(islice(rest, _BATCH)):
        yield from _predicted(batch, model or shipped_model())


def _predicted(
    batch: list[str | UnreadList], model: CompositionModel
) -> Iterator[CompositionPrediction]:
    read: dict[int, WrittenFormula] = {}
    errors: dict[int, BetenetError] = {}
    for place, formula in enumerate(batch):
        if isinstance(formula, UnreadList):
            errors[place] = formula.error
            continue
        try:
            read[place] = read_formula(formula)
        except BetenetError as error:
            errors[place] = error
    found: dict[int, CompositionPrediction] = {}
    if read:
        amounts = _amounts(read.values())
        estimates = model.estimate(amounts)
        flags = _flags(list(read.values()), estimates)
        for row, (place, formula) in enumerate(read.items()):
            found[place] = _prediction(formula, estimates, row, flags[row])
    for place, one in enumerate(batch):
        name = one.name if isinstance(one, UnreadList) else shortened(one)
        error = errors.get(place)
        yield found[place] if error is None else CompositionPrediction(formula=name, error=error)


def _amounts(formulas: Iterable[WrittenFormula]) -> np.ndarray:
    rows: list[np.ndarray] = []
    for formula in formulas:
        row = np.zeros(MAX_NUMBER)
        for symbol, amount in formula.amounts.items():
            row[atomic_numbers[symbol] - 1] = amount
        rows.append(row)
    return np.array(rows)


def _prediction(
    formula: WrittenFormula, estimates: Estimates, row: int, flags: tuple[Finding, ...]
) -> CompositionPrediction:
    ends: dict[str, Any] = {end: float(getattr(estimates, end)[row]) for end in _INTERVAL}
    return CompositionPrediction(
        formula=formula.text,
        read_as=formula.reduced,
        tc=float(estimates.tc[row]),
        above=float(estimates.above[row]),
        family=composition_family(formula.shares),
        flags=flags,
        **ends,
    )


def _flags(formulas: list[WrittenFormula], estimates: Estimates) -> list[tuple[Finding, ...]]:
    strange = zip(estimates.elements, estimates.pairs, estimates.overlap, strict=True)
    insulators = likely_insulators([formula.amounts for formula in formulas])
    found: list[tuple[Finding, ...]] = []
    for formula, insulator, (elements, pair, overlap) in zip(
        formulas, insulators, strange, strict=True
    ):
        flags: list[Finding] = []
        if elements:
            names = ", ".join(chemical_symbols[number] for number in elements)
            text = f"no known superconductor has {names}: do not trust the numbers"
            flags.append(Finding(UNSEEN_ELEMENT, text))
        unlike = _unlike(pair, overlap)
        if unlike and not elements:
            flags.append(Finding(UNLIKE_KNOWN, f"{unlike}: do not trust the numbers"))
        if insulator:
            flags.append(Finding(LIKELY_INSULATOR, _INSULATOR))
        if composition_family(formula.shares) == HYDRIDE:
            flags.append(Finding(NEEDS_PRESSURE, _HYDRIDE))
        flags += [Finding(ASSUMED, text) for text in formula.assumed]
        found.append(tuple(flags))
    return found


def _unlike(pair: tuple[int, int] | None, overlap: float) -> str:
    if pair is not None:
        first, second = (chemical_symbols[number] for number in pair)
        return f"unlike anything known: no known superconductor is built of {first} and {second}"
    if overlap < LEAST_OVERLAP:
        return f"unlike anything known: the nearest known composition overlaps by {overlap:.2f}"
    return ""
