"""Crystals of a stated composition and space group: starts on Wyckoff positions, relaxed.

The table of Wyckoff positions is that of pyxtal (Fredericks et al., Comput. Phys. Commun. 261,
107810 (2021)).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from ase import Atoms, units
from ase.data import covalent_radii
from pyxtal.symmetry import Group

from betenet.datasets.pressure_labels import space_group_of
from betenet.errors import BetenetError
from betenet.phonons import PhononSettings
from betenet.phonons.force_field import ForceField
from betenet.phonons.relaxation import relax
from betenet.structures import standardise

SETTINGS = PhononSettings(
    force_tolerance=0.02, relaxation_steps=150, pressure_limit=1e6, growth_limit=1e6
)
QUICK = replace(SETTINGS, force_tolerance=0.1, relaxation_steps=20)
"""Settings of a relaxation to the end, and of a short one that tells which starts are worth it."""
SAME_ENTHALPY, SAME_VOLUME = 2e-3, 0.01
"""Enthalpy for each atom [eV] and share of the volume within which two crystals are one."""
CLOSE = 0.55
"""Share of the sum of covalent radii below which a start is thrown away."""

Sites = Mapping[str, Sequence[str]]
"""Letters of the Wyckoff positions of each element."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A relaxed crystal: its sites, enthalpy for each atom [eV] and how often it was found."""

    atoms: Atoms
    sites: Sites
    enthalpy: float
    found: int = 1

    @property
    def volume(self) -> float:
        """Volume for each atom [Å³]."""
        return self.atoms.get_volume() / len(self.atoms)


def assignments(
    number: int, counts: Mapping[str, int], most_freedom: int
) -> list[dict[str, tuple[str, ...]]]:
    """Ways to put the atoms of a conventional cell on Wyckoff positions, the less free ones first.

    Parameters
    ----------
    number
        Space group.
    counts
        Atoms of each element in the conventional cell.
    most_freedom
        Most free coordinates altogether.
    """
    positions = {one.letter: (len(one.ops), one.get_dof()) for one in Group(number)}

    def of_element(count: int) -> Iterator[tuple[str, ...]]:
        letters = sorted(positions)

        def fill(left: int, start: int) -> Iterator[tuple[str, ...]]:
            if left == 0:
                yield ()
                return
            for index in range(start, len(letters)):
                multiplicity, dof = positions[letters[index]]
                if multiplicity <= left:
                    following = index if dof else index + 1
                    for rest in fill(left - multiplicity, following):
                        yield (letters[index], *rest)

        yield from fill(count, 0)

    def freedom(letters: Sequence[str]) -> int:
        return sum(positions[one][1] for one in letters)

    found: list[tuple[int, dict[str, tuple[str, ...]]]] = []
    options = [
        [one for one in of_element(count) if freedom(one) <= most_freedom]
        for count in counts.values()
    ]
    for chosen in itertools.product(*options):
        letters = [one for part in chosen for one in part]
        fixed = [one for one in letters if positions[one][1] == 0]
        if freedom(letters) <= most_freedom and len(fixed) == len(set(fixed)):
            found.append((freedom(letters), dict(zip(counts, chosen, strict=True))))
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def freedom(number: int, sites: Sites) -> int:
    """Free coordinates of sites."""
    table = {one.letter: one.get_dof() for one in Group(number)}
    return sum(table[letter] for letters in sites.values() for letter in letters)


def start(
    number: int, sites: Sites, volume: float, rng: np.random.Generator, ratios: bool = True
) -> Atoms | None:
    """A primitive cell with chance values of what is free; None where atoms come too close.

    Parameters
    ----------
    number
        Space group.
    sites
        Wyckoff positions of each element.
    volume
        Volume for each atom [Å³].
    rng
        Source of chance.
    ratios
        Whether the ratios of the axes are free, where the group lets them.
    """
    group = Group(number)
    table = {one.letter: one for one in group}
    symbols: list[str] = []
    places: list[np.ndarray] = []
    for symbol, letters in sites.items():
        for letter in letters:
            point = rng.random(3)
            here = [np.asarray(op.operate(point)) for op in table[letter].ops]
            symbols += [symbol] * len(here)
            places += here
    cell = _cell(number, rng if ratios else None)
    scale = (volume * rng.uniform(0.9, 1.15) * len(symbols) / abs(np.linalg.det(cell))) ** (1 / 3)
    atoms = Atoms(symbols, cell=cell * scale, scaled_positions=np.array(places) % 1.0, pbc=True)
    if _too_close(atoms):
        return None
    try:
        atoms = standardise(atoms)
    except BetenetError:
        return None
    return atoms if space_group_of(atoms) == number else None


def _cell(number: int, rng: np.random.Generator | None) -> np.ndarray:
    """Lattice vectors of a conventional cell of any size."""

    def ratio(low: float, high: float) -> float:
        return 1.0 if rng is None else float(np.exp(rng.uniform(np.log(low), np.log(high))))

    a, b, c = 1.0, 1.0, 1.0
    if number < 75:
        b, c = ratio(0.5, 2.0), ratio(0.5, 2.0)
    elif number < 143:
        c = ratio(0.5, 2.4)
    elif number < 195:
        c = ratio(0.5, 2.8)
    if 143 <= number < 195:
        return np.array([[a, 0, 0], [-a / 2, a * np.sqrt(3) / 2, 0], [0, 0, c]])
    cell = np.diag([a, b, c])
    if 3 <= number < 16 and rng is not None:
        angle = np.radians(rng.uniform(90.0, 125.0))
        cell[2] = [c * np.cos(angle), 0.0, c * np.sin(angle)]
    return cell


def _too_close(atoms: Atoms) -> bool:
    distances = atoms.get_all_distances(mic=True)
    radii = covalent_radii[atoms.numbers]
    least = CLOSE * (radii[:, None] + radii[None, :])
    hydrogen = atoms.numbers == 1
    least[np.ix_(hydrogen, hydrogen)] = 0.7
    np.fill_diagonal(distances, np.inf)
    return bool((distances < least).any()) or min(atoms.cell.lengths()) < 0.9


def relaxed(
    atoms: Atoms, field: ForceField, pressure: float, sites: Sites, *, quick: bool = False
) -> Candidate | None:
    """The crystal at rest at a pressure, and its enthalpy; None where it does not come to rest.

    Parameters
    ----------
    atoms
        Primitive cell.
    field
        Force field.
    pressure
        Pressure [GPa].
    sites
        Where its atoms are.
    quick
        Whether a few steps are enough.
    """
    try:
        rest = relax(atoms, field, QUICK if quick else SETTINGS, pressure=pressure)
    except (BetenetError, np.linalg.LinAlgError, ValueError, RuntimeError):
        return None
    if not (rest.converged or quick) or _too_close(rest.atoms):
        return None
    crystal = rest.atoms.copy()
    crystal.calc = field.calculator
    enthalpy = crystal.get_potential_energy() + pressure * units.GPa * crystal.get_volume()
    crystal.calc = None
    return Candidate(crystal, sites, float(enthalpy) / len(crystal))


def merged(candidates: Sequence[Candidate]) -> list[Candidate]:
    """One of each crystal, the lowest enthalpy first, and how often each was found."""
    kept: list[Candidate] = []
    for one in sorted(candidates, key=lambda each: each.enthalpy):
        for index, other in enumerate(kept):
            same = one.enthalpy - other.enthalpy < SAME_ENTHALPY
            if same and abs(one.volume / other.volume - 1.0) < SAME_VOLUME:
                total = other.found + one.found
                kept[index] = Candidate(other.atoms, other.sites, other.enthalpy, total)
                break
        else:
            kept.append(one)
    return kept
