"""Phases near the hull as superconductors: Tc beside stability, the best of both first."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from betenet.ensemble import Ensemble
from betenet.ensemble.phonon_sources import phonons_from_force_field
from betenet.ensemble.prediction import Prediction
from betenet.errors import BetenetError, DataError
from betenet.json_output import finite_or_none
from betenet.phonons import (
    AS_RELAXED,
    FORCE_FIELDS,
    PhononCache,
    PhononResult,
    compute_phonons,
    make_force_field,
)
from betenet.phonons.run import one_thread
from betenet.runs import lock_folder
from betenet.search.hull import HullEntry
from betenet.search.pressures import PHONONS
from betenet.search.rest import tightly_relaxed
from betenet.search.run import SearchResult, read_search
from betenet.structures import StructureRecord, standardise
from betenet.superconductivity.critical_temperature import DEFAULT_METHOD, DEFAULT_MU_STAR

WINDOW = 0.05
"""Enthalpy above the hull up to which phases are predicted, for each atom [eV]."""
MOST_PHASES = 40
"""Most phases that are predicted, the lowest first."""
STABLE, UNSTABLE, UNKNOWN = "stable", "unstable", "not known"
"""Words for what the phonons of a phase say."""
_UNLIKELY = "vibrates unstably in the force field: its Tc is that of a crystal that may not exist"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Superconductor:
    """A phase of a search, and its Tc.

    Attributes
    ----------
    entry
        The phase, and where it lies above the hull.
    prediction
        α²F(ω), λ, Tc and their uncertainty.
    stability
        What its phonons say: `STABLE`, `UNSTABLE` or `UNKNOWN`.
    lowest
        Lowest frequency, negative for an imaginary one [meV]; nan if it is not known.
    is_best
        Whether no phase that is stable has both a higher Tc and a lower enthalpy above the hull.
    """

    entry: HullEntry
    prediction: Prediction
    stability: str
    lowest: float
    is_best: bool = False

    @property
    def tc(self) -> float:
        """Tc [K]; nan if there is no prediction."""
        return self.value("tc")

    def value(self, key: str) -> float:
        """An estimated quantity in the package's unit; nan if there is no prediction.

        Parameters
        ----------
        key
            Key of the quantity.
        """
        if self.prediction.error is not None or key not in self.prediction.estimates:
            return math.nan
        return self.prediction.estimates[key].value

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know before trusting the numbers."""
        own = (_UNLIKELY,) if self.stability == UNSTABLE else ()
        return (*own, *self.prediction.warnings)

    def to_row(self, pressure: float) -> dict[str, Any]:
        """One row with names that carry the unit.

        Parameters
        ----------
        pressure
            Pressure [GPa].
        """
        phase, tc = self.entry.phase, self.prediction.estimates.get("tc")
        low, high = (math.nan, math.nan) if tc is None else tc.interval_68
        return {
            "formula": phase.formula,
            "space_group": phase.space_group,
            "space_group_number": phase.space_group_number,
            "n_atoms": len(phase.atoms),
            "pressure_gpa": pressure,
            "tc_kelvin": finite_or_none(self.tc),
            "tc_low_68_kelvin": finite_or_none(low),
            "tc_high_68_kelvin": finite_or_none(high),
            "coupling": finite_or_none(self.value("coupling")),
            "omega_log_mev": finite_or_none(self.value("omega_log")),
            "enthalpy_above_hull_ev_per_atom": self.entry.above,
            "stability": self.stability,
            "lowest_frequency_mev": finite_or_none(self.lowest),
            "best_of_both": self.is_best,
            "number": phase.number,
            "warnings": "; ".join(self.warnings),
            "error": "" if self.prediction.error is None else self.prediction.error.in_one_line(),
        }


def rank_superconductors(
    folder: Path,
    *,
    window: float = WINDOW,
    model: str | None = None,
    mu_star: float = DEFAULT_MU_STAR,
    tc_method: str = DEFAULT_METHOD,
    told: Callable[[str], object] = lambda _: None,
) -> tuple[SearchResult, list[Superconductor]]:
    """Predict the phases of a search near its hull, with phonons at their pressure.

    Parameters
    ----------
    folder
        Folder of the search; phonons are kept there.
    window
        Enthalpy above the hull up to which phases are predicted, for each atom [eV].
    model
        Trained ensemble; the default one if absent.
    mu_star
        μ* [1].
    tc_method
        Formula for Tc.
    told
        Called with what is in hand, in words.

    Returns
    -------
    tuple
        The search, and its phases: those that no other stable one beats in both Tc and stability
        first, then the others that are stable, each by Tc.

    Raises
    ------
    DataError
        If there is no search, or no phase within the window.
    ModelError
        If the model cannot be loaded.
    ConfigError
        If a setting is out of range, or an extra is missing.
    """
    found = read_search(folder)
    entries = [one for one in found.entries if one.above <= window and one.phase.converged]
    if not entries:
        raise DataError(
            f"No phase of {folder} is within {window:g} eV/atom of the hull and at rest.",
            "There is nothing to predict.",
            "Give a larger --window, or search longer.",
        )
    entries = entries[:MOST_PHASES]
    pressure, force_field = found.settings.pressure, found.settings.force_field
    field = make_force_field(force_field)
    with lock_folder(folder):
        with one_thread():
            tight = tightly_relaxed([one.phase for one in entries], field, pressure)
        entries = [replace(one, phase=phase) for one, phase in zip(entries, tight, strict=True)]
        records = [_record(one) for one in entries]
        cache = PhononCache(folder / PHONONS)
        told(f"phonons of {len(entries)} phases at {pressure:g} GPa")
        cells = [one.atoms for one in records if one.atoms is not None]
        vibrations = dict(compute_phonons(cells, AS_RELAXED, field, cache=cache))
        told(f"Tc of {len(entries)} phases")
        predictions = Ensemble.load(model).predict(
            records,
            mu_star=mu_star,
            tc_method=tc_method,
            phonons=phonons_from_force_field(force_field, AS_RELAXED, cache)
            if force_field in FORCE_FIELDS
            else None,
        )
    ranked = [
        _judged(entry, prediction, vibrations[place])
        for place, (entry, prediction) in enumerate(zip(entries, predictions, strict=True))
    ]
    return found, in_order(ranked)


def _record(entry: HullEntry) -> StructureRecord:
    phase = entry.phase
    return StructureRecord(
        name=f"{phase.formula}_{phase.space_group.replace('/', '_')}_{phase.number}",
        atoms=standardise(phase.atoms),
    )


def _judged(
    entry: HullEntry, prediction: Prediction, outcome: PhononResult | BetenetError
) -> Superconductor:
    known = not isinstance(outcome, BetenetError)
    stability = UNKNOWN
    if not isinstance(outcome, BetenetError):
        stability = STABLE if outcome.is_stable else UNSTABLE
    return Superconductor(
        entry=entry,
        prediction=prediction,
        stability=stability,
        lowest=outcome.facts.lowest if known else math.nan,
    )


def in_order(phases: Sequence[Superconductor]) -> list[Superconductor]:
    """Phases with the best of both marked, in the order of their worth.

    Parameters
    ----------
    phases
        Phases.
    """
    stable = [one for one in phases if one.stability == STABLE and math.isfinite(one.tc)]

    def is_best(one: Superconductor) -> bool:
        return one in stable and not any(
            other.tc >= one.tc
            and other.entry.above <= one.entry.above
            and (other.tc, -other.entry.above) != (one.tc, -one.entry.above)
            for other in stable
        )

    def worth(one: Superconductor) -> tuple[bool, bool, bool, float]:
        unknown = not math.isfinite(one.tc)
        return (
            not one.is_best,
            one.stability != STABLE,
            unknown,
            one.entry.above if unknown else -one.tc,
        )

    return sorted((replace(one, is_best=is_best(one)) for one in phases), key=worth)
