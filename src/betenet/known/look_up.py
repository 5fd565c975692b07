"""What is measured of a composition: the same compound, and the nearest known superconductors."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from betenet.errors import BetenetError, unexpected
from betenet.known.composition_families import composition_family, family_sentence
from betenet.known.findings import Finding
from betenet.known.formula import WrittenFormula, read_formula
from betenet.known.formula_lists import UnreadList
from betenet.known.measured import MeasuredCompound, Near, measured_table
from betenet.printable import shortened

KNOWN_TC = "known_tc_kelvin"
"""Column of the measured Tc of the same composition [K]."""
NEAREST_KNOWN = "nearest_known"
"""Column of the nearest known superconductors, in words."""
KNOWN_COLUMNS = ("name", "formula", KNOWN_TC, "known_reports", NEAREST_KNOWN, "family", "error")
"""Columns of a table of `formula_answers`."""
MOST_NEAR = 3
"""Number of nearest compounds that are named."""
_MOST_SAME = 3
_NEARLY = 0.02
"""Distance up to which a composition is nearly another one [1]."""
_ABSENT = (
    "no report of this composition in the table, which lacks a tenth of the chemical systems; "
    "that says nothing against it"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSuperconductors:
    """Measured superconductors beside a composition.

    Attributes
    ----------
    same
        Compounds of this composition, those of determined amounts first.
    nearest
        Nearest other compounds, one for each chemical system, with their distances.
    same_structure
        Nearest compounds of the same stoichiometry and space group, with their distances.
    family
        Family by composition, one of `composition_families.FAMILIES`.
    """

    same: tuple[MeasuredCompound, ...]
    nearest: tuple[Near, ...]
    same_structure: tuple[Near, ...]
    family: str

    @property
    def tc(self) -> float | None:
        """Measured Tc of the composition; None if none is known [K]."""
        return self.same[0].tc if self.same else None

    def lines(self) -> Iterator[str]:
        """What is known, a line each."""
        if not self.same:
            yield f"measured: {_ABSENT}"
            for one, distance in self.nearest[:1]:
                if distance <= _NEARLY:
                    yield f"measured of nearly this composition: {_in_full(one)}"
        for one in self.same[:_MOST_SAME]:
            yield f"measured: {_in_full(one)}"
        if self.nearest:
            yield f"nearest measured: {_listed(self.nearest)}"
        if self.same_structure:
            yield f"same stoichiometry and space group: {_listed(self.same_structure)}"

    def lines_beside(self, findings: Sequence[Finding]) -> Iterator[str]:
        """What is known, with the sentence on the family, unless the crystal's findings have it.

        Parameters
        ----------
        findings
            Findings on the crystal, whose structure tells more than its composition.
        """
        yield from self.lines()
        found = any(one.code == self.family for one in findings)
        if self.same and not found and (sentence := family_sentence(self.family)):
            yield sentence

    def nearest_text(self) -> str:
        """The nearest in one line, as a cell of a table."""
        return _listed(self.nearest)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            KNOWN_TC: self.tc,
            "same": [one.to_dict() for one in self.same],
            "nearest": [_near_to_dict(*one) for one in self.nearest],
            "same_structure": [_near_to_dict(*one) for one in self.same_structure],
            "family": self.family,
        }


def known_superconductors(
    amounts: Mapping[str, float], *, space_group: int = 0
) -> KnownSuperconductors:
    """Measured superconductors beside a composition.

    Parameters
    ----------
    amounts
        Amount of each element [1].
    space_group
        Number of the space group of the crystal; 0 if it is not known.

    Notes
    -----
    The table holds what was reported to superconduct. That a composition is not in it says
    nothing: nobody may have looked, and a tenth of the chemical systems is left out on purpose.

    Examples
    --------
    >>> found = known_superconductors({"Nb": 3.0, "Sn": 1.0})
    >>> 17.0 < found.tc < 19.0
    True
    """
    return _known(tuple(sorted(amounts.items())), space_group)


@lru_cache(maxsize=10_000)
def _known(pairs: tuple[tuple[str, float], ...], space_group: int) -> KnownSuperconductors:
    table, amounts = measured_table(), dict(pairs)
    total = sum(amounts.values())
    alike = table.of_prototype(amounts, space_group, MOST_NEAR) if space_group else []
    return KnownSuperconductors(
        same=tuple(table[place] for place in table.same(amounts)),
        nearest=tuple((table[at], far) for at, far in table.nearest(amounts, MOST_NEAR)),
        same_structure=tuple((table[at], far) for at, far in alike),
        family=composition_family({symbol: one / total for symbol, one in amounts.items()}),
    )


def known_tc(amounts: Mapping[str, float]) -> float | None:
    """Measured Tc of a composition alone, which is found in microseconds; None if none is [K].

    Parameters
    ----------
    amounts
        Amount of each element [1].
    """
    found = measured_table().same(amounts)
    return measured_table()[found[0]].tc if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FormulaAnswer:
    """What is known of one formula, or the error that took its place.

    Attributes
    ----------
    name
        Formula as it was given.
    formula
        Formula as it was read.
    known
        Measured superconductors beside it.
    error
        Why the formula was not read.
    """

    name: str
    formula: WrittenFormula | None = None
    known: KnownSuperconductors | None = None
    error: BetenetError | None = None

    def lines(self) -> Iterator[str]:
        """What is known, for people."""
        if self.formula is None or self.known is None:
            return
        yield self.formula.reduced
        yield from (f"    {line}" for line in self.known.lines())
        if sentence := family_sentence(self.known.family):
            yield f"    {sentence}"
        yield from (f"    assumed: {one}" for one in self.formula.assumed)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        read = self.formula
        return {
            "name": self.name,
            "formula": None if read is None else read.reduced,
            "amounts": None if read is None else dict(read.amounts),
            "undetermined": [] if read is None else list(read.undetermined),
            "assumed": [] if read is None else list(read.assumed),
            "known": None if self.known is None else self.known.to_dict(),
            "remark": "" if self.known is None else family_sentence(self.known.family),
            "error": None if self.error is None else self.error.to_dict(),
        }

    def csv_row(self) -> dict[str, str]:
        """One flat row with the columns `KNOWN_COLUMNS`; what is not known stays empty."""
        row: dict[str, str] = dict.fromkeys(KNOWN_COLUMNS, "")
        row["name"] = self.name
        if self.error is not None:
            row["error"] = self.error.in_one_line()
        if self.formula is not None and self.known is not None:
            row["formula"], row["family"] = self.formula.reduced, self.known.family
            row[NEAREST_KNOWN] = self.known.nearest_text()
            if self.known.same:
                row[KNOWN_TC] = f"{self.known.same[0].tc:.6g}"
                row["known_reports"] = str(self.known.same[0].reports)
        return row


def formula_answers(given: Iterable[str | UnreadList]) -> Generator[FormulaAnswer]:
    """What is known of each formula.

    Parameters
    ----------
    given
        Formulas as people write them, such as `formula_lists.given_formulas` finds.
    """
    for one in given:
        if isinstance(one, UnreadList):
            yield FormulaAnswer(name=one.name, error=one.error)
        else:
            yield answer_formula(one)


def answer_formula(text: str) -> FormulaAnswer:
    """What is known of one formula; a name of a file is no formula and is not opened.

    Examples
    --------
    >>> answer_formula("Nb3Sn").formula.reduced, answer_formula("no/such").error is None
    ('Nb3Sn', False)
    """
    try:
        formula = read_formula(text)
        return FormulaAnswer(
            name=text, formula=formula, known=known_superconductors(formula.amounts)
        )
    except BetenetError as error:
        return FormulaAnswer(name=shortened(text), error=error)
    except Exception as error:  # noqa: BLE001 - the others are to be answered
        return FormulaAnswer(name=shortened(text), error=unexpected(error, shortened(text)))


def _in_full(one: MeasuredCompound) -> str:
    """Formula, Tc, its reports and their scatter."""
    reports = "1 report" if one.reports == 1 else f"median of {one.reports} reports"
    if one.reports > 1:
        reports += f", {one.lowest:.4g} to {one.highest:.4g} K"
    if one.first_year:
        reports += f", first {one.first_year}" if one.reports > 1 else f" of {one.first_year}"
    kind = f", {one.structure_type}" if one.structure_type else ""
    return f"{one.as_text()}, {reports}{kind}"


def _listed(found: Sequence[Near]) -> str:
    return "; ".join(f"{one.as_text()} at {distance:.2f}" for one, distance in found)


def _near_to_dict(one: MeasuredCompound, distance: float) -> dict[str, Any]:
    return {**one.to_dict(), "distance": round(distance, 4)}
