"""Rules by which reports of measured superconductors are refused or marked.

None that refuses names a compound; of those that mark, one has a list, `UNDER_PRESSURE`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers

from betenet.known.composition_distance import composition_distances, composition_profile
from betenet.known.composition_families import HYDRIDE, composition_family
from betenet.known.elements import element_facts
from betenet.known.formula import read_formula
from betenet.known.formula_lists import given_formulas
from betenet.known.measured import SPECIAL

UNDER_PRESSURE = "under_pressure.txt"
"""List of compounds that are not known to superconduct without pressure."""
ABOVE_HANDBOOK = 1.7
"""Factor above the handbook's Tc of an element from which pressure, a film or another phase is
likely."""

AMBIENT_LIMIT = 140.0
"""Above the highest Tc that was measured, and measured again, without pressure: 133 to 138 K in
Hg- and Tl-based cuprates [K]."""
HYDRIDE_LIMIT = 20.0
"""Above the highest Tc of hydrides without pressure, 17 K in Pd–Cu–H [K]."""
FEW = 3
"""Reports from which on a composition vouches for itself."""
ABOVE_REPORTS = (1.5, 5.0)
"""Factor and kelvin by which a report may be above the median of the others of its composition."""
ABOVE_FAMILY = 1.1
"""Factor by which a Tc of few reports may be above the highest of its family that `FEW` confirm."""
NEAR, ENOUGH = 1.0, 5
"""Distance of neighbours [steps of Pettifor's scale for each atom], and how many there must be."""
ABOVE_NEIGHBOURS = (2.0, 10.0)
"""Factor and kelvin by which a Tc of few reports may be above the nine tenths of its neighbours."""
OXYGEN_CHARGES: Mapping[str, float] = {
    **dict.fromkeys(("Ca", "Sr", "Ba"), 2.0),
    **dict.fromkeys("Y La Ce Pr Nd Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Bi".split(), 3.0),  # noqa: SIM905
    **dict.fromkeys(("Cu", "Tl"), 1.0),
    **dict.fromkeys(("Hg", "Pb"), 2.0),
}
"""Smallest charges of cations in cuprates [e]."""
LEAST_OXYGEN = 0.75
"""Share of the oxygen that these charges need: less is a placeholder for what is not known."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """One measured Tc.

    Attributes
    ----------
    number
        Number of the row in its source.
    written, formula
        Formula as the source has it, and as the table has it.
    shares
        Share of each element in the atoms, with four digits [1].
    undetermined
        Elements whose amount the source leaves open.
    tc
        Critical temperature [K].
    year
        Year of the publication; None if it is not stated.
    structure
        Name of the structure type; empty if it is not stated.
    source
        Name of the source.
    stated
        Whether the source says that it was a film, or measured under pressure.
    """

    number: str
    written: str
    formula: str
    shares: Mapping[str, float]
    undetermined: tuple[str, ...]
    tc: float
    year: int | None
    structure: str
    source: str
    stated: bool = False
    family: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "family", composition_family(self.shares))

    @property
    def key(self) -> tuple[object, ...]:
        """What reports of one compound have in common."""
        return (tuple(self.shares.items()), self.undetermined)


@dataclass(frozen=True, kw_only=True, eq=False)
class Refusal:
    """A report that is left out, and why."""

    report: Report
    rule: str
    reason: str


def by_compound(reports: Iterable[Report]) -> dict[tuple[object, ...], list[Report]]:
    """Reports by what they have in common."""
    found: defaultdict[tuple[object, ...], list[Report]] = defaultdict(list)
    for report in reports:
        found[report.key].append(report)
    return dict(found)


def judge_reports(reports: Sequence[Report]) -> tuple[list[Report], list[Refusal]]:
    """Apply every rule, the surest first.

    Parameters
    ----------
    reports
        All reports.

    Returns
    -------
    tuple
        Reports that stay, and refusals.
    """
    refused: list[Refusal] = []
    kept = list(reports)
    for rule in (_single, _stated, _against_reports, _against_family, _against_neighbours):
        found = rule(kept)
        bad = {id(one.report) for one in found}
        kept = [report for report in kept if id(report) not in bad]
        refused += found
    return kept, refused


def _single(reports: Sequence[Report]) -> list[Refusal]:
    """What one report shows by itself."""
    found: list[Refusal] = []
    for one in reports:
        if one.tc > AMBIENT_LIMIT:
            reason = f"above {AMBIENT_LIMIT:g} K, which needs pressure, and none is stated"
            found.append(Refusal(report=one, rule="limit", reason=reason))
        elif one.family == HYDRIDE and one.tc > HYDRIDE_LIMIT:
            reason = f"a hydride above {HYDRIDE_LIMIT:g} K needs pressure, and none is stated"
            found.append(Refusal(report=one, rule="hydride", reason=reason))
        elif lack := _lacks_oxygen(one):
            found.append(Refusal(report=one, rule="oxygen", reason=lack))
    return found


def _stated(reports: Sequence[Report]) -> list[Refusal]:
    """Films, and what was measured under pressure, where there are other reports."""
    return [
        Refusal(report=one, rule="conditions", reason="the source names a film or a pressure")
        for group in by_compound(reports).values()
        if not all(one.stated for one in group)
        for one in group
        if one.stated
    ]


def special_conditions(group: Sequence[Report]) -> str:
    """Conditions that the reports of one compound were likely measured in, with the reason.

    Parameters
    ----------
    group
        Reports of one compound.

    Returns
    -------
    str
        `SPECIAL`, a colon and the reason; empty for most.
    """
    shares, tc = group[0].shares, float(np.median([one.tc for one in group]))
    reasons = {
        "the source says so": all(one.stated for one in group),
        "not known to superconduct otherwise": _key(shares) in _under_pressure(),
        "hydrides seldom superconduct otherwise": group[0].family == HYDRIDE,
        "far above the handbook's value": len(shares) == 1 and tc > _handbook_limit(*shares),
    }
    return next((f"{SPECIAL}: {reason}" for reason, holds in reasons.items() if holds), "")


def _handbook_limit(symbol: str) -> float:
    names, facts = element_facts()
    root = facts[atomic_numbers[symbol] - 1, names.index("sqrt_tc_element_kelvin")]
    return ABOVE_HANDBOOK * root**2


@cache
def _under_pressure() -> frozenset[str]:
    formulas = given_formulas([str(Path(__file__).parent / UNDER_PRESSURE)])
    return frozenset(_key(read_formula(one).shares) for one in formulas if isinstance(one, str))


def _key(shares: Mapping[str, float]) -> str:
    return " ".join(f"{symbol}{share:.3f}" for symbol, share in sorted(shares.items()))


def _lacks_oxygen(one: Report) -> str:
    oxygen, copper = one.shares.get("O", 0.0), one.shares.get("Cu", 0.0)
    spacers = sum(one.shares.get(symbol, 0.0) for symbol in OXYGEN_CHARGES) - copper
    if not oxygen or copper < 0.05 or spacers < 0.1:
        return ""
    need = sum(one.shares.get(symbol, 0.0) * e for symbol, e in OXYGEN_CHARGES.items()) / 2.0
    if oxygen >= LEAST_OXYGEN * need:
        return ""
    return f"has {oxygen / need:.0%} of the oxygen that its cations need: the amount is not known"


def _against_reports(reports: Sequence[Report]) -> list[Refusal]:
    """Reports far above the others of the same composition."""
    factor, kelvin = ABOVE_REPORTS
    found: list[Refusal] = []
    for group in by_compound(reports).values():
        if len(group) <= FEW:
            continue
        values = np.array([one.tc for one in group])
        for place, one in enumerate(group):
            others = np.delete(values, place)
            middle = float(np.median(others))
            spread = 1.4826 * float(np.median(np.abs(others - middle)))
            if one.tc > factor * middle + kelvin + 3.0 * spread:
                reason = (
                    f"{len(others)} other reports have a median of {middle:.4g} K: an error, or "
                    "pressure or a film that is not stated"
                )
                found.append(Refusal(report=one, rule="reports", reason=reason))
    return found


def _against_family(reports: Sequence[Report]) -> list[Refusal]:
    """Compounds of few reports above all that is confirmed of their family."""
    groups = by_compound(reports).values()
    highest: dict[str, tuple[float, str]] = {}
    for group in groups:
        if len(group) >= FEW:
            value = float(np.median([one.tc for one in group]))
            best = highest.get(group[0].family, (0.0, ""))
            highest[group[0].family] = max(best, (value, group[0].formula))
    found: list[Refusal] = []
    for group in groups:
        limit, name = highest.get(group[0].family, (np.inf, ""))
        if len(group) >= FEW:
            continue
        for one in group:
            if one.tc > ABOVE_FAMILY * limit:
                reason = (
                    f"{len(group)} report{'s' if len(group) > 1 else ''}; the highest of its "
                    f"family that {FEW} reports confirm is {limit:.4g} K ({name})"
                )
                found.append(Refusal(report=one, rule="family", reason=reason))
    return found


def _against_neighbours(reports: Sequence[Report]) -> list[Refusal]:
    """Compounds of few reports far above their chemical neighbours, from the highest down."""
    groups = list(by_compound(reports).values())
    middle = np.array([np.median([one.tc for one in group]) for group in groups])
    profiles = np.stack([composition_profile(group[0].shares) for group in groups])
    alive = np.ones(len(groups), dtype=bool)
    factor, kelvin = ABOVE_NEIGHBOURS
    found: list[Refusal] = []
    for place in np.argsort(-middle):
        group = groups[place]
        if len(group) >= FEW or middle[place] < kelvin:
            continue
        near = composition_distances(profiles[place], profiles) <= NEAR
        near &= alive
        near[place] = False
        if near.sum() < ENOUGH:
            continue
        limit = float(np.quantile(middle[near], 0.9))
        if middle[place] > factor * limit + kelvin:
            alive[place] = False
            for one in group:
                reason = (
                    f"nine tenths of {near.sum()} compounds within {NEAR:g} steps are below "
                    f"{limit:.4g} K"
                )
                found.append(Refusal(report=one, rule="neighbours", reason=reason))
    return found
