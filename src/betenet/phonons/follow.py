"""An unstable crystal follows its most unstable vibration, and comes to rest again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import inf

import numpy as np
from ase import Atoms, units
from ase.build import make_supercell
from jaxtyping import Complex, Float

from betenet.phonons.dynamical_matrices import DynamicalMatrices
from betenet.phonons.force_constants import HarmonicCrystal, force_constants
from betenet.phonons.force_field import ForceField
from betenet.phonons.progress import Told, tell_nobody
from betenet.phonons.relaxation import Relaxed, relax
from betenet.phonons.settings import PhononSettings
from betenet.structures import standardise

AMPLITUDE = 0.25
"""Largest displacement of an atom along the vibration [Å]."""
MOST_ATOMS = 64
"""Most atoms of a supercell in which a vibration is followed."""
SAME = 1e-4
"""Enthalpy for each atom that is no gain [eV]."""
SYMPREC = 1e-2
"""Tolerance of the symmetry that a crystal has come to rest with [Å]."""
SUPERCELL = 8.0
"""Least distance of an atom from its images where vibrations are looked for [Å]."""
_PHASES = (0.0, 0.25)
"""Shares of a period at which a wave is frozen in."""
_RELAXATION = PhononSettings(
    pressure_limit=inf, growth_limit=inf, relaxation_steps=300, distance=SUPERCELL
)


@dataclass(frozen=True, slots=True)
class Followed:
    """A crystal that has followed its unstable vibrations.

    Attributes
    ----------
    rest
        The crystal at rest; that of the beginning where nothing lower was found.
    stable
        Whether no vibration is unstable any more, of those that fit the supercell.
    sentences
        What was done, a sentence for each vibration.
    """

    rest: Relaxed
    stable: bool
    sentences: tuple[str, ...]


def follow_unstable(
    rest: Relaxed,
    field: ForceField,
    pressure: float = 0.0,
    *,
    most: int = 3,
    settings: PhononSettings = _RELAXATION,
    told: Told = tell_nobody,
) -> Followed:
    """Displace the atoms along the most unstable vibration, relax, and look again.

    Parameters
    ----------
    rest
        A crystal at rest.
    field
        Force field.
    pressure
        Pressure [GPa].
    most
        Most vibrations that are followed, one after the other.
    settings
        Supercell in which vibrations are looked for, and how the crystal is relaxed.
    told
        Called with each step.

    Returns
    -------
    Followed
        What is reached is a minimum next to the unstable crystal, not the lowest one.

    Raises
    ------
    StructureError
        If the force field cannot take the crystal.
    """
    said: list[str] = []
    for _ in range(most):
        crystal = force_constants(rest.atoms, field, settings, None, told, rest.group)
        point, frequency, wave = _softest(crystal)
        if frequency > -settings.imaginary_tolerance:
            return Followed(rest, True, (*said, _stable(said)))
        where = "({})".format(", ".join(str(Fraction(q).limit_denominator(24)) for q in point))
        found = _displaced(crystal, point, wave)
        if found is None:
            said.append(
                f"unstable at q = {where} ({frequency:.1f} meV), whose supercell has more than "
                f"{MOST_ATOMS} atoms: not followed"
            )
            return Followed(rest, False, tuple(said))
        lower = _lowest(found, rest, field, pressure, settings, told)
        if lower is None:
            said.append(
                f"unstable at q = {where} ({frequency:.1f} meV), but nothing lower lies along it"
            )
            return Followed(rest, False, tuple(said))
        gain = 1e3 * (_enthalpy(rest, pressure) - _enthalpy(lower, pressure))
        said.append(
            f"followed the vibration at q = {where} ({frequency:.1f} meV) down by {gain:.1f} "
            f"meV/atom, to {len(lower.atoms)} atoms"
        )
        rest = lower
    return Followed(rest, False, (*said, "not looked for more unstable vibrations"))


def _stable(said: list[str]) -> str:
    still = " any more" if said else ""
    return f"no vibration that fits a supercell of {SUPERCELL:g} Å is unstable{still}"


def _softest(
    crystal: HarmonicCrystal,
) -> tuple[Float[np.ndarray, "3"], float, Complex[np.ndarray, "atom 3"]]:
    """Point, frequency [meV] and displacements of the lowest of the vibrations that fit."""
    matrices = DynamicalMatrices.from_crystal(crystal)
    lowest = matrices.frequencies(matrices.fitting)[:, 0]
    point = matrices.fitting[int(lowest.argmin())]
    frequencies, waves = matrices.wave(point)
    masses = crystal.supercell.primitive.get_masses()
    return point, float(frequencies[0]), waves[0] / np.sqrt(masses)[:, None]


def _displaced(
    crystal: HarmonicCrystal,
    point: Float[np.ndarray, "3"],
    wave: Complex[np.ndarray, "atom 3"],
) -> list[Atoms] | None:
    """Supercells with the wave frozen in; None where they are too large."""
    repeats = [Fraction(float(q)).limit_denominator(24).denominator for q in point]
    primitive = crystal.supercell.primitive
    if len(primitive) * int(np.prod(repeats)) > MOST_ATOMS:
        return None
    large = make_supercell(primitive, np.diag(repeats), order="atom-major")
    n_cells = int(np.prod(repeats))
    atoms = np.repeat(np.arange(len(primitive)), n_cells)
    begin = np.repeat(primitive.positions, n_cells, axis=0)
    cells = np.rint((large.positions - begin) @ np.linalg.inv(primitive.cell.array))
    found: list[Atoms] = []
    for phase in _PHASES:
        moved = np.real(wave[atoms] * np.exp(2j * np.pi * (cells @ point + phase))[:, None])
        size = float(np.linalg.norm(moved, axis=1).max())
        if size > 1e-6:
            one = large.copy()
            one.positions += moved * (AMPLITUDE / size)
            found.append(one)
    return found


def _lowest(
    starts: list[Atoms],
    before: Relaxed,
    field: ForceField,
    pressure: float,
    settings: PhononSettings,
    told: Told,
) -> Relaxed | None:
    """The lowest that the starts come to rest in, in its primitive cell; None if none is lower."""
    best: Relaxed | None = None
    limit = _enthalpy(before, pressure) - SAME
    tight = replace(settings, symprec=SYMPREC)
    for start in starts:
        loose = relax(standardise(start), field, settings, None, told, pressure=pressure)
        primitive = standardise(loose.atoms, symprec=SYMPREC)
        found = relax(primitive, field, tight, None, told, pressure=pressure)
        if _enthalpy(found, pressure) < limit:
            best, limit = found, _enthalpy(found, pressure)
    return best


def _enthalpy(rest: Relaxed, pressure: float) -> float:
    """Enthalpy for each atom [eV]."""
    volume = rest.atoms.get_volume()
    return (rest.energy + pressure * units.GPa * volume) / len(rest.atoms)
