"""Candidates come to rest: a few steps tell which are worth more, several at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any

import numpy as np
from ase import Atoms, units

from betenet.errors import BetenetError
from betenet.phonons import ForceField, PhononSettings
from betenet.phonons.relaxation import Relaxed, relax_together
from betenet.search.composition import counts_of
from betenet.search.crowding import RELAXED_CLOSE, compressed_volume, is_crowded, nearer_volume
from betenet.search.phases import SYMPREC, Phase, symmetry_of
from betenet.search.proposals import Candidate
from betenet.structures import standardise

FULL = PhononSettings(
    force_tolerance=0.02, relaxation_steps=150, pressure_limit=inf, growth_limit=inf
)
"""Settings of a relaxation to the end; what has become nearly symmetric is made exactly so."""
QUICK = replace(FULL, force_tolerance=0.1, relaxation_steps=25)
"""Settings of a short one, that tells which candidates are worth it."""
TIGHT = PhononSettings(pressure_limit=inf, growth_limit=inf, symprec=SYMPREC)
"""Settings of a relaxation before phonons."""
FOLLOWED = 0.3
"""Enthalpy above the hull up to which a candidate is relaxed to the end, for each atom [eV]."""
_EXACT = 1e-3
_COLLAPSED = 0.3
"""Share of the rough volume of a crystal below which it has collapsed."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Outcome:
    """What became of a candidate.

    Attributes
    ----------
    number
        Number of the candidate.
    origin
        How it was made.
    phase
        The crystal at rest; None where there is none.
    reason
        Why there is none.
    description
        Space group and sites of the candidate before its relaxation; empty for a prototype.
    """

    number: int
    origin: str
    phase: Phase | None = None
    reason: str = ""
    description: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Values for JSON."""
        phase = None if self.phase is None else self.phase.to_dict()
        return {
            "number": self.number,
            "origin": self.origin,
            "phase": phase,
            "reason": self.reason,
            "description": self.description,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Outcome:
        """Build from what `to_dict` returns.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is something else.
        """
        phase = None if data["phase"] is None else Phase.from_dict(data["phase"])
        return cls(
            number=int(data["number"]),
            origin=str(data["origin"]),
            phase=phase,
            reason=str(data["reason"]),
            description=str(data["description"]),
        )


def relax_candidates(
    candidates: Sequence[Candidate],
    field: ForceField,
    pressure: float,
    limits: Mapping[int, float],
) -> list[Outcome]:
    """Relax candidates together.

    Parameters
    ----------
    candidates
        Candidates.
    field
        Force field.
    pressure
        Pressure [GPa].
    limits
        By the number of a candidate, the enthalpy for each atom above which it is not followed
        [eV].

    Returns
    -------
    list of Outcome
        For each candidate, in the order of them.
    """
    candidates = [*_chosen(candidates, field, pressure)]
    refused: dict[int, str] = {}
    starts: dict[int, Atoms] = {}
    for one in candidates:
        if one.atoms is None:
            refused[one.number] = "no crystal could be made"
        else:
            starts[one.number] = one.atoms
    short = _relaxed(starts, field, pressure, QUICK, refused)
    followed: dict[int, Atoms] = {}
    for number, rest in short.items():
        if enthalpy_of(rest, pressure) > limits.get(number, inf) + FOLLOWED:
            refused[number] = "too high after a short relaxation"
        else:
            followed[number] = rest.atoms
    ends = _relaxed(followed, field, pressure, replace(FULL, symprec=SYMPREC), refused)
    return [_outcome(one, ends.get(one.number), pressure, refused) for one in candidates]


def _chosen(
    candidates: Sequence[Candidate], field: ForceField, pressure: float
) -> Iterator[Candidate]:
    """Each candidate as the lowest crystal that it may be, at a volume near that of its rest."""
    every = [
        [(one.atoms, one.description), *one.others] if one.atoms is not None and one.others else []
        for one in candidates
    ]
    crystals = [atoms for several in every for atoms, _ in several]
    scaled = [
        atoms if isinstance(rest, Exception) else nearer_volume(atoms, rest.pressure, pressure)
        for atoms, rest in zip(crystals, _as_they_are(crystals, field, pressure), strict=True)
    ]
    ends = iter(zip(scaled, _as_they_are(scaled, field, pressure), strict=True))
    for one, several in zip(candidates, every, strict=True):
        if not several:
            yield one
            continue
        made = [next(ends) for _ in several]
        heights = [
            inf if isinstance(rest, Exception) else enthalpy_of(rest, pressure) for _, rest in made
        ]
        place = int(np.argmin(heights))
        yield replace(one, atoms=made[place][0], description=several[place][1], others=())


def _as_they_are(
    crystals: Sequence[Atoms], field: ForceField, pressure: float
) -> list[Relaxed | Exception]:
    """Energies and pressures of crystals that are not at rest."""
    settings = replace(FULL, relaxation="none", symprec=_EXACT)
    return relax_together(crystals, field, settings, pressure=pressure)


def _relaxed(
    starts: Mapping[int, Atoms],
    field: ForceField,
    pressure: float,
    settings: PhononSettings,
    refused: dict[int, str],
) -> dict[int, Relaxed]:
    """Relaxed crystals; those that fail or collapse are noted with the reason."""
    cells: dict[int, Atoms] = {}
    for number, atoms in starts.items():
        try:
            cells[number] = standardise(atoms, symprec=settings.symprec)
        except BetenetError as error:
            refused[number] = error.summary
    found: dict[int, Relaxed] = {}
    together = relax_together(list(cells.values()), field, settings, pressure=pressure)
    for number, rest in zip(cells, together, strict=True):
        if isinstance(rest, Exception):
            refused[number] = f"the relaxation ended with {type(rest).__name__}: {rest}"[:200]
        elif has_collapsed(rest.atoms, pressure):
            refused[number] = "collapsed: atoms are nearer than in any crystal"
        else:
            found[number] = rest
    return found


def tightly_relaxed(
    phases: Sequence[Phase], field: ForceField, pressure: float, together: int = 8
) -> list[Phase]:
    """Phases at rest as closely as phonons need it; one that fails stays as it is.

    Parameters
    ----------
    phases
        Phases at rest under the pressure.
    field
        Force field.
    pressure
        Pressure [GPa].
    together
        Phases that are relaxed a step of all at a time.
    """
    found: list[Phase] = []
    for begin in range(0, len(phases), together):
        batch = phases[begin : begin + together]
        rests = relax_together([one.atoms for one in batch], field, TIGHT, pressure=pressure)
        found += [
            one
            if isinstance(rest, Exception)
            else phase_of(rest, pressure, number=one.number, origin=one.origin, parents=one.parents)
            for one, rest in zip(batch, rests, strict=True)
        ]
    return found


def has_collapsed(atoms: Atoms, pressure: float) -> bool:
    """Whether atoms are so near that the force field has lost its way.

    Parameters
    ----------
    atoms
        Crystal at rest.
    pressure
        Pressure [GPa].
    """
    least = _COLLAPSED * compressed_volume(counts_of(atoms.get_chemical_symbols()), pressure)
    volume = float(atoms.cell.volume) / len(atoms)
    return not np.isfinite(volume) or volume < least or is_crowded(atoms, RELAXED_CLOSE)


def enthalpy_of(rest: Relaxed, pressure: float) -> float:
    """Enthalpy of a crystal at rest for each atom [eV].

    Parameters
    ----------
    rest
        The crystal.
    pressure
        Pressure [GPa].
    """
    volume = float(rest.atoms.cell.volume)
    return (rest.energy + pressure * units.GPa * volume) / len(rest.atoms)


def _outcome(
    candidate: Candidate, rest: Relaxed | None, pressure: float, refused: Mapping[int, str]
) -> Outcome:
    number, origin = candidate.number, candidate.origin
    if rest is None:
        reason = refused.get(number, "")
        return Outcome(
            number=number, origin=origin, reason=reason, description=candidate.description
        )
    return Outcome(
        number=number,
        origin=origin,
        description=candidate.description,
        phase=phase_of(rest, pressure, number=number, origin=origin, parents=candidate.parents),
    )


def phase_of(
    rest: Relaxed, pressure: float, *, number: int, origin: str, parents: tuple[int, ...] = ()
) -> Phase:
    """The phase that a relaxed crystal is.

    Parameters
    ----------
    rest
        The crystal.
    pressure
        Pressure [GPa].
    number, origin, parents
        As of `Phase`.
    """
    symbol, group = symmetry_of(rest.atoms)
    return Phase(
        number=number,
        origin=origin,
        parents=parents,
        atoms=rest.atoms,
        enthalpy=enthalpy_of(rest, pressure),
        converged=rest.converged,
        steps=rest.steps,
        space_group=symbol,
        space_group_number=group,
    )
