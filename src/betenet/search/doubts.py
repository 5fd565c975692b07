"""How sure enthalpies above a hull are: by a correction, a second force field, known errors."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from betenet.search.correction import Correction
from betenet.search.hull import HullEntry, hull_of

CORRECTION, SECOND, KNOWN = "correction", "second force field", "known errors"
"""Where an uncertainty is from."""
TABLE = "known_errors.toml"
_FAR = 1e3
"""So much is a phase raised that is to be left out of its hull [eV]."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Uncertainty of an enthalpy above the hull, for each atom [eV], and where it is from."""

    deviation: float
    source: str


@dataclass(frozen=True, slots=True)
class KnownError:
    """Error of a force field that was measured on crystals of a kind.

    Attributes
    ----------
    force_field
        Name of the force field.
    elements
        One of these is in the crystals; empty for any.
    pressures
        Lowest and highest pressure [GPa].
    error
        Root mean square of the errors of energies beyond a constant for each element, for each
        atom [eV].
    crystals
        Number of crystals.
    measured
        What they are.
    """

    force_field: str
    elements: tuple[str, ...]
    pressures: tuple[float, float]
    error: float
    crystals: int
    measured: str


def known_error(force_field: str, elements: Sequence[str], pressure: float) -> KnownError | None:
    """The measured error of the crystals that are most like these; None if there is none.

    Parameters
    ----------
    force_field
        Name of the force field.
    elements
        Elements of a system.
    pressure
        Pressure [GPa].
    """
    fitting = [
        one
        for one in _table()
        if one.force_field == force_field
        and one.pressures[0] <= pressure <= one.pressures[1]
        and (not one.elements or set(one.elements) & set(elements))
    ]
    return max(fitting, key=lambda one: (len(one.elements) > 0, one.crystals), default=None)


@cache
def _table() -> tuple[KnownError, ...]:
    text = files("betenet.search").joinpath(TABLE).read_text("utf-8")
    rows: list[dict[str, Any]] = tomllib.loads(text)["errors"]
    return tuple(
        KnownError(
            force_field=row["force_field"],
            elements=tuple(row["elements"]),
            pressures=(float(row["pressures_gpa"][0]), float(row["pressures_gpa"][1])),
            error=float(row["error_ev_per_atom"]),
            crystals=int(row["crystals"]),
            measured=row["measured"],
        )
        for row in rows
    )


def rivals(
    entry: HullEntry, entries: Sequence[HullEntry], elements: Sequence[str]
) -> Mapping[int, float]:
    """What a phase decomposes to, in shares of the atoms by the numbers of the phases.

    For a phase of the hull it is what would take its place without it; nothing where it is the only
    phase that can have its composition.

    Parameters
    ----------
    entry
        The phase.
    entries
        All phases.
    elements
        Elements of the system.
    """
    if not entry.is_stable:
        return entry.decomposition
    number = entry.phase.number
    others = [one.phase for one in entries if one.phase.number != number]
    highest = max((one.enthalpy for one in others), default=0.0)
    raised = replace(entry.phase, enthalpy=max(highest, entry.phase.enthalpy) + _FAR)
    found = hull_of([*others, raised], elements)
    shares = next(one for one in found if one.phase.number == number).decomposition
    return {} if number in shares else shares


def correction_doubts(
    entries: Sequence[HullEntry], elements: Sequence[str], correction: Correction
) -> dict[int, Doubt]:
    """Uncertainty of each phase by the correction whose energies the hull has.

    Parameters
    ----------
    entries
        Phases of the hull.
    elements
        Elements of the system.
    correction
        The correction.
    """
    seen = {one.phase.number: correction.seen(one.phase.atoms) for one in entries}
    found: dict[int, Doubt] = {}
    for phase, shares, weight in _with_rivals(entries, elements):
        combined = seen[phase] - sum(share * seen[number] for number, share in shares.items())
        deviation = correction.deviation(np.asarray(combined), n_crystals=weight)
        found[phase] = Doubt(deviation, CORRECTION)
    return found


def known_doubts(
    entries: Sequence[HullEntry], elements: Sequence[str], error: float
) -> dict[int, Doubt]:
    """Uncertainty of each phase from an error that every energy has, independently.

    Parameters
    ----------
    entries
        Phases of the hull.
    elements
        Elements of the system.
    error
        Error of an energy for each atom [eV].
    """
    return {
        phase: Doubt(error * math.sqrt(weight), KNOWN)
        for phase, _, weight in _with_rivals(entries, elements)
    }


def _with_rivals(
    entries: Sequence[HullEntry], elements: Sequence[str]
) -> Iterator[tuple[int, Mapping[int, float], float]]:
    """Numbers of the phases that have rivals, these, and the sum of the squared weights of all."""
    for one in entries:
        if shares := rivals(one, entries, elements):
            yield one.phase.number, shares, 1.0 + sum(share**2 for share in shares.values())
