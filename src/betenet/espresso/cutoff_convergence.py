r"""How many plane waves a pseudopotential needs, measured on a crystal of its element.

The crystal is fcc with one atom. Its total energy and its pressure are calculated with ever fewer
plane waves; as many are needed as the lowest cutoff from which on both stay close to those of a
reference cutoff.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from betenet.errors import DataError
from betenet.espresso.cutoff_trial import (
    FUNCTIONAL,
    K_POINTS,
    Calculated,
    neighbour_distance,
    open_trial,
)
from betenet.espresso.programs import Programs
from betenet.espresso.pseudopotentials import AUGMENTED, Pseudopotential

LADDER = (*(5.0 * step for step in range(4, 19)), 100.0, 120.0)
"""Cutoffs of the wave functions that are tried, from the highest downwards [Ry].

75 Ry, the cutoff of the paper's recipe, is one of them.
"""
REFERENCE, AUGMENTED_REFERENCE = 160.0, 100.0
"""Cutoffs that count as complete [Ry]: of norm-conserving pseudopotentials; of ultrasoft and PAW
ones, which are made for 30 to 60 Ry, and whose density has eight times as much."""
HIGHEST = 0.8
"""Highest cutoff that can be found enough, in reference cutoffs [1].

A cutoff close to the reference agrees with it also where neither is complete.
"""
PRESSURE_TOLERANCE = 0.3
"""Distance of the pressure from that of the reference, at least [GPa].

It is 0.3 % of the volume for a bulk modulus of 100 GPa, and 1 % for magnesium at rest. The energy
difference between two crystals whose volumes differ by 10 Å³/atom is wrong by 19 meV/atom then,
which is less than what stability against decomposition is judged by.

With these tolerances PseudoDojo's files (PBEsol) of Al, H, C, Ca and Nb need 35, 65, 75, 60 and
80 Ry; its own hints are 40, 72, 82, 68 and 82 Ry at the normal level, and 32, 64, 74, 56 and 74 Ry
at the low one.
"""
RELATIVE_PRESSURE_TOLERANCE = 0.002
"""Distance of the pressure in pressures of the reference, where that allows more [1].

Bulk moduli grow by about three to four times the pressure, so that it is less than 0.1 % of the
volume.
"""
ENERGY_TOLERANCE = 50.0
"""Distance of the energy from that of the reference [meV/atom].

It is wide because an atom takes most of the distance with it from crystal to crystal: for Nb of
PseudoDojo with 70 Ry it is 14.5 meV/atom at 3.28 Å and 14.6 at 3.77 Å, and SG15's files have a
tail of tens of meV/atom above 60 Ry that hardly moves the pressure (Nb: 42 meV/atom,
0.03 GPa). It is there because pressures can agree by chance where plane waves are far too few.
"""
_MEV_PER_EV = 1000.0


class CutoffNotFoundError(DataError):
    """A pseudopotential needs more plane waves than were tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredCutoffs:
    """Plane waves that a pseudopotential needs, and how that was found.

    Attributes
    ----------
    pseudopotential
        The file.
    cutoff, density_cutoff
        Plane waves of the wave functions and of the density [Ry].
    reference
        The crystal with the cutoff that counts as complete.
    ladder
        The crystal with the others, downwards; the last one is not enough, unless all are.
    distance
        Distance of neighbours [Å].
    version
        Version of pw.x.
    """

    pseudopotential: Pseudopotential
    cutoff: float
    density_cutoff: float
    reference: Calculated
    ladder: tuple[Calculated, ...]
    distance: float
    version: str

    @property
    def seconds(self) -> float:
        """Time of all calculations [s]."""
        return self.reference.seconds + sum(rung.seconds for rung in self.ladder)

    def to_dict(self) -> dict[str, object]:
        """Plain values with their units; cutoffs are in Ry."""
        return {
            **self.pseudopotential.to_dict(),
            "kind": self.pseudopotential.kind,
            "cutoff": self.cutoff,
            "density_cutoff": self.density_cutoff,
            "energy_tolerance_mev": ENERGY_TOLERANCE,
            "pressure_tolerance_gpa": pressure_tolerance(self.reference.pressure),
            "functional": FUNCTIONAL,
            "distance_angstrom": round(self.distance, 4),
            "k_points": list(K_POINTS),
            "version": self.version,
            "seconds": round(self.seconds, 1),
            "reference": self.reference.to_dict(),
            "ladder": [rung.to_dict() for rung in self.ladder],
        }


def agree(one: Calculated, reference: Calculated) -> bool:
    """Whether energy and pressure are within the tolerances of those of the reference."""
    apart = abs(one.pressure - reference.pressure)
    close = abs(energy_difference(one, reference)) <= ENERGY_TOLERANCE
    return close and apart <= pressure_tolerance(reference.pressure)


def energy_difference(one: Calculated, reference: Calculated) -> float:
    """Energy above that of the reference [meV/atom]."""
    return (one.energy - reference.energy) * _MEV_PER_EV


def pressure_tolerance(pressure: float) -> float:
    """Distance from the pressure of the reference that is allowed [GPa].

    Parameters
    ----------
    pressure
        Pressure of the reference [GPa].

    Examples
    --------
    >>> pressure_tolerance(-30.0), pressure_tolerance(500.0)
    (0.3, 1.0)
    """
    return max(PRESSURE_TOLERANCE, RELATIVE_PRESSURE_TOLERANCE * pressure)


def measure_cutoffs(
    pseudopotential: Pseudopotential,
    programs: Programs,
    *,
    ladder: Sequence[float] = LADDER,
    reference: float | None = None,
    progress: Callable[[str], None] | None = None,
) -> MeasuredCutoffs:
    """Measure how many plane waves a pseudopotential needs, with pw.x on one core.

    Parameters
    ----------
    pseudopotential
        The file.
    programs
        Where pw.x is.
    ladder
        Cutoffs that are tried; those above `HIGHEST` reference cutoffs are left out [Ry].
    reference
        Cutoff that counts as complete; None for the one of its kind [Ry].
    progress
        Called with a line for each calculation.

    Returns
    -------
    MeasuredCutoffs
        The lowest cutoff from which on energy and pressure are within the tolerances; of the ladder
        the lowest one, if all are.

    Raises
    ------
    CutoffNotFoundError
        If even the highest cutoff of the ladder is not enough.
    DataError
        If pw.x fails.
    ConfigError
        If pw.x cannot be started.
    """
    complete = reference or _reference(pseudopotential)
    tell = progress or _silent
    enough: Calculated | None = None
    tried: list[Calculated] = []
    with open_trial(pseudopotential, programs) as trial:
        best = trial.calculate(complete)
        tell(f"{complete:g} Ry, the reference: {best.pressure:.2f} GPa, {best.seconds:.1f} s")
        for cutoff in sorted({one for one in ladder if one <= HIGHEST * complete}, reverse=True):
            rung = trial.calculate(cutoff)
            tried.append(rung)
            tell(_line(rung, best))
            if not agree(rung, best):
                break
            enough = rung
    if enough is None:
        raise _not_found(pseudopotential, best, tried)
    return MeasuredCutoffs(
        pseudopotential=pseudopotential,
        cutoff=enough.cutoff,
        density_cutoff=enough.density_cutoff,
        reference=best,
        ladder=tuple(tried),
        distance=neighbour_distance(pseudopotential.element),
        version=programs.version,
    )


def _silent(line: str) -> None:
    del line


def _line(rung: Calculated, reference: Calculated) -> str:
    verdict = "enough" if agree(rung, reference) else "too low"
    return (
        f"{rung.cutoff:g} Ry: {energy_difference(rung, reference):+.1f} meV/atom, "
        f"{rung.pressure - reference.pressure:+.2f} GPa, {rung.seconds:.1f} s, {verdict}"
    )


def _reference(one: Pseudopotential) -> float:
    """Cutoff that counts as complete for a pseudopotential of its kind [Ry]."""
    return AUGMENTED_REFERENCE if one.kind in AUGMENTED else REFERENCE


def _not_found(
    one: Pseudopotential, best: Calculated, tried: Sequence[Calculated]
) -> CutoffNotFoundError:
    if not tried:
        return CutoffNotFoundError(
            f"No cutoff was tried for {one.path.name}.",
            f"All are above {HIGHEST:g} times the reference of {best.cutoff:g} Ry.",
            "Give lower cutoffs, or a higher reference.",
        )
    rung = tried[0]
    return CutoffNotFoundError(
        f"{one.path.name} needs more than {rung.cutoff:g} Ry.",
        f"With {rung.cutoff:g} and {best.cutoff:g} Ry its energies differ by "
        f"{abs(energy_difference(rung, best)):.1f} meV/atom and its pressures by "
        f"{abs(rung.pressure - best.pressure):.2f} GPa; allowed are {ENERGY_TOLERANCE:g} and "
        f"{pressure_tolerance(best.pressure):.2g}.",
        "Take a softer pseudopotential, or give numbers: --set cutoff=… density_cutoff=….",
    )
