"""Hulls at several pressures: the phases of a search, relaxed at each by one force field or two."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

import numpy as np

from betenet.errors import BetenetError, ConfigError, DataError
from betenet.json_input import read_json, what_is_wrong
from betenet.phonons import (
    AS_RELAXED,
    ForceField,
    PhononCache,
    PhononResult,
    compute_phonons,
    make_force_field,
)
from betenet.phonons.relaxation import relax_together
from betenet.phonons.run import one_thread
from betenet.runs import lock_folder, replace_file
from betenet.search.composition import check_known
from betenet.search.corrected_field import KeptCorrection
from betenet.search.doubts import SECOND, Doubt, correction_doubts, known_doubts, known_error
from betenet.search.hull import HullEntry, hull_of
from betenet.search.phases import SYMPREC, DistinctPhases, Phase
from betenet.search.rest import FULL, has_collapsed, phase_of, tightly_relaxed
from betenet.search.run import SearchResult, read_search

MOST_PHASES = 60
"""Most phases that are taken to other pressures."""
KEPT = "pressures"
PHONONS = "phonons"
"""Folders within that of a search, of relaxed phases and of phonons."""
SAME_PRESSURE = 0.2
"""Share of a pressure by which another one may differ for a correction to hold [1]."""
_TOGETHER = 8


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PressureHull:
    """The hull of a search's phases at one pressure.

    Attributes
    ----------
    pressure
        Pressure [GPa].
    entries
        Phases, the lowest first.
    second
        Enthalpy above the hull by a second force field, by the number of the phase [eV].
    zero_point
        Zero-point energy for each atom, by the number of the phase; part of the enthalpies [eV].
    unstable
        Numbers of phases whose vibrations are unstable; they are no part of the hull where
        zero-point energies are.
    doubts
        How sure the enthalpy above the hull is, by the number of the phase.
    warnings
        What a user should know.
    """

    pressure: float
    entries: Sequence[HullEntry]
    second: Mapping[int, float] = field(default_factory=dict[int, float])
    zero_point: Mapping[int, float] = field(default_factory=dict[int, float])
    unstable: frozenset[int] = frozenset()
    doubts: Mapping[int, Doubt] = field(default_factory=dict[int, Doubt])
    warnings: tuple[str, ...] = ()

    def uncertainty(self, entry: HullEntry) -> float:
        """Uncertainty of the enthalpy above the hull [eV]; nan where it is not known."""
        found = self.doubts.get(entry.phase.number)
        return math.nan if found is None else found.deviation

    def uncertainties(self) -> list[float]:
        """Uncertainties of the phases, in their order [eV]; nan where one is not known."""
        return [self.uncertainty(one) for one in self.entries]

    def source(self, entry: HullEntry) -> str:
        """Where the uncertainty is from; empty where it is not known."""
        found = self.doubts.get(entry.phase.number)
        return "" if found is None else found.source


def hulls_at_pressures(
    folder: Path,
    pressures: Sequence[float],
    *,
    window: float = 0.1,
    second: str | None = None,
    zero_point: bool = False,
    correction: Path | None = None,
    told: Callable[[str], object] = lambda _: None,
) -> list[PressureHull]:
    """Hulls of the phases of a search at pressures.

    Parameters
    ----------
    folder
        Folder of the search. What is relaxed is kept there, and not relaxed again.
    pressures
        Pressures [GPa].
    window
        Enthalpy above the hull of the search up to which phases are taken, for each atom [eV].
    second
        Second force field, whose hull tells how sure the first one's is; none if absent.
    zero_point
        Whether enthalpies hold the zero-point energy of harmonic phonons.
    correction
        File of a correction of the force field, as `betenet search correct` writes it.
    told
        Called with what is done, in words.

    Returns
    -------
    list of PressureHull
        In the order of the pressures.

    Raises
    ------
    ConfigError
        If a force field is unknown, does not know an element, the correction is of another one, or
        the extra ``search`` is missing.
    DataError
        If there is no search, or it is damaged or in use.
    """
    found = read_search(folder)
    if second == found.settings.force_field:
        raise ConfigError(
            f"{second} is the force field of the search already.",
            "Two different ones tell how sure the hull is.",
            "Name another one, or leave it out.",
        )
    phases = [one.phase for one in found.entries if one.above <= window][:MOST_PHASES]
    main = make_force_field(found.settings.force_field)
    fields, kept = [main], None
    if correction is not None:
        kept = KeptCorrection.read(correction)
        fields = [kept.applied(main, found.space)]
    if second is not None:
        fields.append(make_force_field(second))
    with lock_folder(folder):
        made = [_at_pressures(folder, found, phases, one, pressures, told) for one in fields]
        energies = _Vibrations(folder, fields[0]) if zero_point else None
        hulls = [
            _hull(found, pressure, [one[pressure] for one in made], energies, told)
            for pressure in pressures
        ]
    return [_doubted(found, one, fields, kept) for one in hulls]


def _doubted(
    found: SearchResult,
    hull: PressureHull,
    fields: Sequence[ForceField],
    kept: KeptCorrection | None,
) -> PressureHull:
    """A hull with how sure it is: by its correction, a second force field, or known errors."""
    elements = found.space.elements
    said = list(filter(None, (one.warning_at(hull.pressure) for one in fields)))
    if kept is not None:
        doubts = correction_doubts(hull.entries, elements, kept.correction)
        if abs(hull.pressure - kept.pressure) > SAME_PRESSURE * max(10.0, kept.pressure):
            said.append(
                f"the correction was learnt at {kept.pressure:g} GPa: at {hull.pressure:g} GPa it "
                "extrapolates"
            )
    elif hull.second:
        doubts = {
            one.phase.number: Doubt(abs(hull.second[one.phase.number] - one.above), SECOND)
            for one in hull.entries
            if one.phase.number in hull.second
        }
    else:
        known = known_error(fields[0].name, elements, hull.pressure)
        doubts = {} if known is None else known_doubts(hull.entries, elements, known.error)
        if known is not None:
            said.append(f"the uncertainty is what {known.force_field} erred by in {known.measured}")
    return replace(hull, doubts=doubts, warnings=(*hull.warnings, *said))


def _at_pressures(
    folder: Path,
    found: SearchResult,
    phases: Sequence[Phase],
    force_field: ForceField,
    pressures: Iterable[float],
    told: Callable[[str], object],
) -> dict[float, list[Phase]]:
    """Phases at each pressure, each relaxed from what the search has found."""
    check_known(found.space, force_field)
    done: dict[float, list[Phase]] = {}
    for pressure in pressures:
        told(f"{len(phases)} phases at {pressure:g} GPa by {force_field.name}")
        done[pressure] = _kept(folder, phases, force_field, pressure)
    return done


def _kept(
    folder: Path, phases: Sequence[Phase], force_field: ForceField, pressure: float
) -> list[Phase]:
    """Phases at a pressure: those that were kept, and the others relaxed and kept, in batches."""
    place = folder / KEPT
    place.mkdir(exist_ok=True)
    result: list[Phase] = []
    for begin in range(0, len(phases), _TOGETHER):
        batch = phases[begin : begin + _TOGETHER]
        starts = json.dumps([one.to_dict() for one in batch])
        key = sha256(f"{force_field.identity} {pressure!r} {starts}".encode()).hexdigest()[:24]
        path = place / f"{key}.json"
        if not path.exists():
            with one_thread():
                made = list(_relaxed(batch, force_field, pressure))
            replace_file(path, json.dumps([one.to_dict() for one in made]) + "\n")
        try:
            result += [Phase.from_dict(one) for one in read_json(path)]
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise DataError(
                f"{path} is damaged, or somebody has changed it.",
                f"{what_is_wrong(error)}.",
                "Remove it: it is computed again.",
            ) from error
    return result


def _relaxed(batch: Sequence[Phase], force_field: ForceField, pressure: float) -> Iterator[Phase]:
    """Phases at rest under a pressure; those that fail or collapse are left out."""
    settings = replace(FULL, symprec=SYMPREC)
    cells = [one.atoms for one in batch]
    together = relax_together(cells, force_field, settings, pressure=pressure)
    for one, rest in zip(batch, together, strict=True):
        if not isinstance(rest, Exception) and not has_collapsed(rest.atoms, pressure):
            yield phase_of(rest, pressure, number=one.number, origin=one.origin)


class _Vibrations:
    """Zero-point energies of phases at rest, kept in the folder of a search."""

    def __init__(self, folder: Path, force_field: ForceField) -> None:
        self._cache = PhononCache(folder / PHONONS)
        self._force_field = force_field

    def of(
        self, phases: Sequence[Phase], pressure: float
    ) -> dict[int, PhononResult | BetenetError]:
        """Phonons of phases under a pressure by their numbers."""
        with one_thread():
            tight = tightly_relaxed(phases, self._force_field, pressure)
        cells = [one.atoms for one in tight]
        stream = compute_phonons(cells, AS_RELAXED, self._force_field, cache=self._cache)
        return {phases[place].number: outcome for place, outcome in stream}


def zero_point_energy(result: PhononResult) -> float:
    r"""Zero-point energy for each atom [eV].

    Parameters
    ----------
    result
        Phonons; imaginary ones do not count.

    Notes
    -----
    .. math:: E = \frac{1}{2 N} \int \omega g(\omega) d\omega
    """
    dos = result.dos.positive()
    total = np.trapezoid(dos.frequencies * dos.total, dos.frequencies)
    return float(total) / 2.0 / len(result.atoms) * 1e-3


def _hull(
    found: SearchResult,
    pressure: float,
    made: Sequence[Sequence[Phase]],
    vibrations: _Vibrations | None,
    told: Callable[[str], object],
) -> PressureHull:
    """The hull at one pressure, of phases that were made by one force field or two."""
    distinct = DistinctPhases()
    distinct.add(made[0])
    other = [one for phases in made[1:] for one in phases]
    kept, elements = list(distinct.all()), found.space.elements
    zero, unstable, said = dict[int, float](), set[int](), list[str]()
    if vibrations is not None:
        told(f"phonons of {len(kept)} phases at {pressure:g} GPa")
        for number, outcome in vibrations.of(kept, pressure).items():
            if isinstance(outcome, BetenetError):
                said.append(f"no phonons of phase {number}: {outcome.in_one_line()}")
                unstable.add(number)
            elif not outcome.is_stable:
                unstable.add(number)
            else:
                zero[number] = zero_point_energy(outcome)
        kept = [
            replace(one, enthalpy=one.enthalpy + zero[one.number])
            for one in kept
            if one.number in zero
        ]
    return PressureHull(
        pressure=pressure,
        entries=hull_of(kept, elements),
        second={one.phase.number: one.above for one in hull_of(other, elements)},
        zero_point=zero,
        unstable=frozenset(unstable),
        warnings=tuple(said),
    )
