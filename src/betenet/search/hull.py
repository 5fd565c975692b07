"""The convex hull of a system at one pressure: what is stable, and what the rest decomposes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from betenet import extras
from betenet.search.phases import Phase
from betenet.search.random_crystals import EXTRA

ON_HULL = 1e-6
"""Enthalpy above the hull up to which a phase is on it, for each atom [eV]."""


@dataclass(frozen=True, slots=True)
class HullEntry:
    """Where a phase lies with respect to the hull.

    Attributes
    ----------
    phase
        The phase.
    above
        Enthalpy above the hull for each atom [eV].
    formation
        Enthalpy of formation from the elements for each atom [eV]; nan without them.
    decomposition
        Share of the atoms that goes into each phase of the hull, by the number of the phase.
    """

    phase: Phase
    above: float
    formation: float
    decomposition: Mapping[int, float] = field(default_factory=dict[int, float])

    @property
    def is_stable(self) -> bool:
        """Whether it is on the hull."""
        return self.above <= ON_HULL


def hull_of(phases: Sequence[Phase], elements: Sequence[str]) -> list[HullEntry]:
    """Hull of phases, the lowest first.

    Parameters
    ----------
    phases
        Phases of one pressure and one force field.
    elements
        Elements of the system. Where one of them has no phase of its own, or there is one
        composition only, each phase is compared with the lowest of its composition.

    Raises
    ------
    ConfigError
        If the extra ``search`` is not installed.
    """
    lowest = _lowest(phases)
    has_references = all(element in lowest for element in elements)
    if len(lowest) == 1 or not has_references:
        found = [_by_composition(one, lowest) for one in phases]
    else:
        found = _by_diagram(phases, lowest, elements)
    return sorted(found, key=lambda one: (one.above, one.phase.enthalpy, one.phase.number))


def _lowest(phases: Sequence[Phase]) -> dict[str, Phase]:
    lowest: dict[str, Phase] = {}
    for one in phases:
        best = lowest.get(one.composition)
        if best is None or (one.enthalpy, one.number) < (best.enthalpy, best.number):
            lowest[one.composition] = one
    return lowest


def _by_composition(one: Phase, lowest: Mapping[str, Phase]) -> HullEntry:
    best = lowest[one.composition]
    formation = float("nan") if len(one.counts) > 1 else one.enthalpy - best.enthalpy
    return HullEntry(one, one.enthalpy - best.enthalpy, formation, {best.number: 1.0})


def _by_diagram(
    phases: Sequence[Phase], lowest: Mapping[str, Phase], elements: Sequence[str]
) -> list[HullEntry]:
    """The hull by pymatgen, of the lowest phase of each composition."""
    diagrams: Any = extras.load(EXTRA, "pymatgen.analysis.phase_diagram")
    compositions: Any = extras.load(EXTRA, "pymatgen.core")
    entries = {
        key: diagrams.PDEntry(
            compositions.Composition(one.counts),
            one.enthalpy * len(one.atoms),
            attribute=one.number,
        )
        for key, one in lowest.items()
    }
    diagram = diagrams.PhaseDiagram(
        list(entries.values()), [compositions.Element(one) for one in elements]
    )
    at: dict[str, tuple[float, float, dict[int, float]]] = {}
    for key, entry in entries.items():
        parts = diagram.get_decomposition(entry.composition)
        on_hull = sum(share * part.energy_per_atom for part, share in parts.items())
        shares = {int(part.attribute): float(share) for part, share in parts.items()}
        formation = float(diagram.get_form_energy_per_atom(entry))
        at[key] = (float(on_hull), formation, shares)
    found: list[HullEntry] = []
    for one in phases:
        on_hull, formation, shares = at[one.composition]
        extra = one.enthalpy - lowest[one.composition].enthalpy
        above = max(0.0, one.enthalpy - on_hull)
        found.append(HullEntry(one, above, formation + extra, shares))
    return found
