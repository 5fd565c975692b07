"""A search's force field is held against first principles at its phases, and corrected by them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import numpy as np
from ase import Atoms
from jaxtyping import Float

from betenet.errors import BetenetError, DataError, StructureError
from betenet.espresso.protocol import Protocol
from betenet.espresso.pseudopotentials import pseudopotential_folder
from betenet.espresso.runner import Runner
from betenet.espresso.single_point import Calculated, calculate, plan_single_point
from betenet.phonons import ForceField, make_force_field
from betenet.phonons.run import one_thread
from betenet.runs import lock_folder
from betenet.search.composition import check_known
from betenet.search.corrected_field import KeptCorrection
from betenet.search.correction import Correction, Difference, fit, left_out, widened
from betenet.search.hull import HullEntry
from betenet.search.pair_features import SHARES, describe, kinds_of
from betenet.search.phases import Phase
from betenet.search.run import SearchResult, read_search

CALCULATED = "first_principles"
"""Folder of the calculations within that of a search."""
_NEAR = 1e-3
"""How much of a crystal's distance to others is noise [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionPlan:
    """What is calculated from first principles.

    Attributes
    ----------
    protocol
        As `betenet.espresso.single_point.single_point_protocol` gives it.
    pseudopotentials
        Folder of pseudopotentials; the one of the environment if absent.
    crystals
        Number of phases: those of the hull first, then those that differ most from what is chosen.
    window
        Enthalpy above the hull up to which phases are chosen, for each atom [eV].
    most_atoms
        Most atoms of a phase that is chosen.
    second
        Second force field: phases count more where the two disagree.
    """

    protocol: Protocol
    pseudopotentials: Path | None = None
    crystals: int = 12
    window: float = 0.1
    most_atoms: int = 8
    second: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """A crystal that was calculated, and what the correction says of it unseen.

    Attributes
    ----------
    entry
        The phase, and where the force field puts it.
    difference
        First principles minus force field.
    unseen
        The difference of the energies by the correction that was learnt without it, for each atom
        [eV]; nan with fewer than three crystals.
    deviation
        Standard deviation that this correction states, before it is widened [eV].
    """

    entry: HullEntry
    difference: Difference
    unseen: float
    deviation: float

    @property
    def miss(self) -> float:
        """Error of the correction that has not seen it, for each atom [eV]."""
        return self.unseen - self.difference.energy


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learnt:
    """A correction, and how it was found.

    Attributes
    ----------
    found
        The search.
    force_field
        What is corrected.
    protocol
        Settings of the first-principles calculations.
    correction
        The correction.
    judged
        The crystals that were calculated.
    failed
        Why others were not, by the number of the phase.
    waiting
        Numbers of phases for which the time was over.
    """

    found: SearchResult
    force_field: ForceField
    protocol: Protocol
    correction: Correction
    judged: Sequence[Judged]
    failed: Mapping[int, BetenetError] = field(default_factory=dict[int, BetenetError])
    waiting: Sequence[int] = ()

    @property
    def kept(self) -> KeptCorrection:
        """What a file keeps of it."""
        return KeptCorrection(
            force_field=self.force_field.name,
            identity=self.force_field.identity,
            pressure=self.found.settings.pressure,
            protocol=self.protocol.to_dict(),
            differences=[one.difference for one in self.judged],
            correction=self.correction,
        )

    def errors_before(self) -> Float[np.ndarray, " crystal"]:
        """What the force field errs by beyond a constant for each element, each crystal unseen."""
        elements = self.correction.elements
        shares = np.array([_shares(one.difference.atoms, elements) for one in self.judged])
        energies = np.array([one.difference.energy for one in self.judged])
        found: list[float] = []
        for place in range(len(energies)):
            rest = np.arange(len(energies)) != place
            offset = np.linalg.lstsq(shares[rest], energies[rest])[0]
            found.append(float(shares[place] @ offset - energies[place]))
        return np.array(found)

    def errors_after(self) -> Float[np.ndarray, " crystal"]:
        """What is left of them with the correction, each crystal unseen."""
        return np.array([one.miss for one in self.judged])


def _shares(atoms: Atoms, elements: Sequence[str]) -> list[float]:
    symbols: list[str] = atoms.get_chemical_symbols()
    return [symbols.count(one) / len(symbols) for one in elements]


def correct(
    folder: Path,
    plan: CorrectionPlan,
    runner: Runner,
    *,
    told: Callable[[str], None] = lambda _: None,
) -> Learnt:
    """Calculate phases of a search from first principles, and learn a correction.

    Parameters
    ----------
    folder
        Folder of the search. Calculations are kept there, and not done again.
    plan
        What is calculated.
    runner
        How pw.x is run.
    told
        Called with what is done, in words.

    Raises
    ------
    ConfigError
        If a pseudopotential or pw.x is missing, or a setting is out of range.
    DataError
        If there is no search, or no phase could be calculated.
    """
    found = read_search(folder)
    source = pseudopotential_folder(plan.pseudopotentials)
    main = make_force_field(found.settings.force_field)
    began = time.monotonic()
    with lock_folder(folder), one_thread():
        chosen = _chosen(found, main, plan)
        answers: dict[int, Calculated | BetenetError | None] = {}
        for count, one in enumerate(chosen, 1):
            phase = one.phase
            told(f"{count} of {len(chosen)}: {_name(phase)} ({len(phase.atoms)} atoms)")
            try:
                point = plan_single_point(phase.atoms, plan.protocol, source)
                key = sha256(json.dumps(point.told(), sort_keys=True).encode()).hexdigest()[:16]
                place = folder / CALCULATED / f"{phase.number:05d}-{key}"
                answer = calculate(place, point, runner.with_time_left(began), told)
            except (StructureError, DataError) as error:  # the others are to be done
                answer = error
            answers[phase.number] = answer
        return _learn(found, main, plan.protocol, chosen, answers)


def _name(phase: Phase) -> str:
    return f"{phase.formula} {phase.space_group} #{phase.number}"


def _learn(
    found: SearchResult,
    main: ForceField,
    protocol: Protocol,
    chosen: Sequence[HullEntry],
    answers: Mapping[int, Calculated | BetenetError | None],
) -> Learnt:
    done: list[tuple[HullEntry, Difference]] = []
    failed: dict[int, BetenetError] = {}
    for entry in chosen:
        answer = answers[entry.phase.number]
        if isinstance(answer, Calculated):
            done.append((entry, difference_of(entry.phase, answer, main)))
        elif answer is not None:
            failed[entry.phase.number] = answer
    if not done:
        why = next((one.in_one_line() for one in failed.values()), "The time was over before.")
        raise DataError(
            "No phase was calculated from first principles.", why, "Correct it and start again."
        )
    differences, elements = [one for _, one in done], found.space.elements
    correction, judged = fit(differences, elements), list[Judged]()
    without = list(left_out(differences, elements)) if len(done) > 2 else [None] * len(done)
    for (entry, difference), unseen in zip(done, without, strict=True):
        energy, deviation = float("nan"), float("nan")
        if unseen is not None:
            energy = unseen.energy(difference.atoms)
            deviation = unseen.deviation(unseen.seen(difference.atoms))
        judged.append(
            Judged(entry=entry, difference=difference, unseen=energy, deviation=deviation)
        )
    if len(done) > 2:
        correction = widened(
            correction, [one.miss for one in judged], [one.deviation for one in judged]
        )
    return Learnt(
        found=found,
        force_field=main,
        protocol=protocol,
        correction=correction,
        judged=judged,
        failed=failed,
        waiting=[number for number, one in answers.items() if one is None],
    )


def difference_of(phase: Phase, calculated: Calculated, main: ForceField) -> Difference:
    """First principles minus force field, at the crystal that was calculated.

    Parameters
    ----------
    phase
        The phase.
    calculated
        What pw.x says.
    main
        Force field.
    """
    atoms = calculated.atoms.copy()
    atoms.calc = main.calculator
    energy = (calculated.energy - float(atoms.get_potential_energy())) / len(atoms)
    return Difference(
        name=_name(phase),
        number=phase.number,
        atoms=calculated.atoms,
        energy=energy,
        forces=calculated.forces - np.asarray(atoms.get_forces()),
        stress=calculated.stress - np.asarray(atoms.get_stress(voigt=False)),
    )


def _chosen(found: SearchResult, main: ForceField, plan: CorrectionPlan) -> list[HullEntry]:
    """Phases that are worth a calculation, in this order."""
    near = [
        one
        for one in found.entries
        if one.above <= plan.window
        and one.phase.converged
        and len(one.phase.atoms) <= plan.most_atoms
    ]
    if not near:
        raise DataError(
            "No phase near the hull is at rest and small enough to be calculated.",
            f"They may have {plan.most_atoms} atoms at most.",
            "Search longer, or give a larger --window or --most-atoms.",
        )
    weights = np.ones(len(near))
    if plan.second is not None:
        other = make_force_field(plan.second)
        check_known(found.space, other)
        weights = disagreement([one.phase.atoms for one in near], main, other)
    stable = [place for place, one in enumerate(near) if one.is_stable]
    elements = found.space.elements
    seen = np.array([describe(one.phase.atoms, elements).values for one in near])
    kinds = kinds_of(len(elements))
    order = farthest_first(seen[:, kinds != SHARES], weights, stable, plan.crystals)
    return [near[place] for place in order]


def disagreement(
    crystals: Sequence[Atoms], main: ForceField, other: ForceField
) -> Float[np.ndarray, " crystal"]:
    """How much two force fields disagree beyond a constant for each element, relative to the most.

    Parameters
    ----------
    crystals
        Crystals.
    main, other
        Force fields.
    """
    elements = sorted({symbol for atoms in crystals for symbol in atoms.get_chemical_symbols()})
    shares = np.array([_shares(atoms, elements) for atoms in crystals])
    gaps = np.array([_energy(atoms, other) - _energy(atoms, main) for atoms in crystals])
    left = np.abs(gaps - shares @ np.linalg.lstsq(shares, gaps)[0])
    return left / left.max() if left.max() > 0.0 else np.ones(len(crystals))


def _energy(atoms: Atoms, force_field: ForceField) -> float:
    crystal = atoms.copy()
    crystal.calc = force_field.calculator
    return float(crystal.get_potential_energy()) / len(atoms)


def farthest_first(
    seen: Float[np.ndarray, "crystal feature"],
    weights: Float[np.ndarray, " crystal"],
    first: Sequence[int],
    points: int,
) -> list[int]:
    """Crystals in the order of what each adds to those before it.

    Parameters
    ----------
    seen
        Features of the crystals.
    weights
        Factors of what they add [1].
    first
        Crystals that come first in any case.
    points
        Number of crystals; at least those of `first`.

    Returns
    -------
    list of int
        Places of the crystals.
    """
    centred = seen - seen.mean(axis=0)
    size = np.sqrt(np.mean(centred**2, axis=0))
    scaled = np.divide(centred, size, out=np.zeros_like(centred), where=size > 0.0)
    kernel = 1.0 + scaled @ scaled.T / max(1, scaled.shape[1])
    order: list[int] = []
    while len(order) < min(max(points, len(first)), len(seen)):
        if len(order) < len(first):
            best = first[len(order)]
        else:
            gain = kernel.diagonal() * weights**2
            gain[order] = -np.inf
            best = int(np.argmax(gain))
        order.append(best)
        column = kernel[:, best]
        kernel = kernel - np.outer(column, column) / (column[best] + _NEAR)
    return order
