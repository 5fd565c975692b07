"""Brings a structure to rest in a force field before its phonons are computed; symmetry stays."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TypeVar, cast

import numpy as np
from ase import Atoms, units
from jaxtyping import Float

from betenet.errors import ConfigError
from betenet.phonons.force_field import (
    ForceField,
    Slopes,
    SymmetricCalculator,
    check_forces,
)
from betenet.phonons.progress import Step, Told, tell_nobody
from betenet.phonons.settings import PhononSettings
from betenet.phonons.space_group import SpaceGroup, find_space_group, in_cell, symmetrised
from betenet.phonons.symmetric_moves import SymmetricMoves
from betenet.structures.symmetry import EXACT, SiteSymmetry

MOST_CURVATURES = 12
"""Most ways to move of which second derivatives are computed at the start, by differences; in a
force field that computes several crystals at once."""
SHORTEST, LONGEST = 0.002, 0.1
"""Shortest of these differences, and longest step, as strain or in Å."""
_BULK, _SHEAR, _SPRING = 0.6, 0.25, 20.0
"""Elastic constants [eV/Å³], and the second derivative with respect to a displacement [eV/Å²], from
which it is told how far to go first."""
_SOFTEST = 0.02
"""Least second derivative that a step goes by [eV, eV/Å²]."""
_NOISE = 1e-5
"""Error of an energy, for each atom [eV]."""

_T = TypeVar("_T")
Asking = Generator[tuple[list[Atoms], SiteSymmetry], "list[Slopes]", _T]
"""A computation that asks for the slopes of crystals of one symmetry, as often as it needs."""


@dataclass(frozen=True, slots=True)
class Relaxed:
    """A structure before and after relaxation.

    Attributes
    ----------
    atoms
        Structure that phonons are computed for; sites in the order of the input.
    converged
        Whether forces fell below the tolerance; true where nothing was to relax.
    steps
        Number of steps that were taken.
    largest_force
        Largest force on an atom of the structure as given [eV/Å].
    pressure
        Pressure of the structure as given, by the force field [GPa].
    kept_volume
        Whether the cell was kept, though it was to relax, because of a limit of the settings.
    group
        Space group of the structure.
    energy
        Energy of the structure that phonons are computed for [eV].
    """

    atoms: Atoms
    converged: bool
    steps: int
    largest_force: float
    pressure: float
    kept_volume: bool
    group: SpaceGroup
    energy: float


def relax(
    atoms: Atoms,
    field: ForceField,
    settings: PhononSettings,
    vacuum_axis: int | None = None,
    told: Told = tell_nobody,
    *,
    pressure: float = 0.0,
) -> Relaxed:
    """Relax what the settings allow.

    Parameters
    ----------
    atoms
        A primitive cell, which is not changed.
    field
        Force field.
    settings
        What may relax, and until when.
    vacuum_axis
        Vector across the vacuum of a layer: the cell relaxes in the plane of the others only.
    told
        Called with each step of the relaxation.
    pressure
        Pressure that the cell relaxes to [GPa]; the limit of the settings is counted from it.

    Returns
    -------
    Relaxed
        A structure that did not converge is returned as it is then, and says so.

    Raises
    ------
    StructureError
        If the symmetry of the crystal cannot be found.

    Notes
    -----
    A force field has its own lattice constant. A structure whose pressure or growth is beyond the
    limits is taken for one that is meant to be compressed: only its positions relax.

    The structure is made exactly as symmetric as it nearly is. Then strains and displacements that
    keep its symmetry, mostly very few, take quasi-Newton steps.
    """
    several = isinstance(field.calculator, SymmetricCalculator)
    relaxing = _relaxing(atoms, settings, vacuum_axis, told, pressure=pressure, several=several)
    wanted = _continued(relaxing)
    while not isinstance(wanted, Relaxed):
        crystals, symmetry = wanted
        wanted = _continued(relaxing, slopes_of(field, crystals, [symmetry] * len(crystals)))
    return wanted


def relax_together(
    crystals: Sequence[Atoms], field: ForceField, settings: PhononSettings, *, pressure: float = 0.0
) -> list[Relaxed | Exception]:
    """Relax several crystals as `relax` does, a step of all of them at a time.

    Parameters
    ----------
    crystals
        Primitive cells, which are not changed.
    field
        Force field; one that computes several crystals at once takes less time for small cells.
    settings
        What may relax, and until when.
    pressure
        Pressure that the cells relax to [GPa].

    Returns
    -------
    list of Relaxed or Exception
        For each crystal; an error is that of this crystal alone.
    """
    several = isinstance(field.calculator, SymmetricCalculator)
    running = [_relaxing(atoms, settings, pressure=pressure, several=several) for atoms in crystals]
    found: list[Relaxed | Exception | tuple[list[Atoms], SiteSymmetry]]
    found = [_attempt(partial(_continued, one)) for one in running]
    while asked := {k: one for k, one in enumerate(found) if isinstance(one, tuple)}:
        for place, points in _answered(field, asked).items():
            if isinstance(points, Exception):
                found[place] = points
            else:
                found[place] = _attempt(partial(_continued, running[place], points))
    return [one for one in found if not isinstance(one, tuple)]


def _answered(
    field: ForceField, asked: Mapping[int, tuple[list[Atoms], SiteSymmetry]]
) -> dict[int, list[Slopes] | Exception]:
    """What the force field says of all that is asked for; one by one where it fails."""
    everything = [atoms for crystals, _ in asked.values() for atoms in crystals]
    symmetries = [symmetry for crystals, symmetry in asked.values() for _ in crystals]
    together = _attempt(partial(slopes_of, field, everything, symmetries))
    if isinstance(together, Exception):
        return {
            place: _attempt(partial(slopes_of, field, crystals, [symmetry] * len(crystals)))
            for place, (crystals, symmetry) in asked.items()
        }
    left = iter(together)
    return {place: list(islice(left, len(crystals))) for place, (crystals, _) in asked.items()}


def _attempt(make: Callable[[], _T]) -> _T | Exception:
    try:
        return make()
    except ConfigError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a calculator of someone else may raise
        return error


def _continued(
    relaxing: Asking[Relaxed], points: list[Slopes] | None = None
) -> Relaxed | tuple[list[Atoms], SiteSymmetry]:
    """What a relaxation asks for next, or what came out; nothing is told at its beginning."""
    try:
        return relaxing.send(cast("list[Slopes]", points))
    except StopIteration as finished:
        return finished.value


def _relaxing(
    atoms: Atoms,
    settings: PhononSettings,
    vacuum_axis: int | None = None,
    told: Told = tell_nobody,
    *,
    pressure: float,
    several: bool,
) -> Asking[Relaxed]:
    """The relaxation of one crystal, which asks for the slopes that it needs."""
    group = find_space_group(atoms, settings.symprec)
    nobody = SiteSymmetry.none(len(atoms))
    exact = SiteSymmetry(group.cartesian, group.images)
    is_exact = bool(group.errors.max() < EXACT)
    (first,) = yield [atoms], exact if is_exact else nobody
    force = float(np.linalg.norm(first.forces, axis=1).max())
    found = float(-np.trace(np.asarray(first.stress)) / 3.0 / units.GPa)
    cell_too = settings.relaxation == "cell"
    squeezed = cell_too and abs(found - pressure) > settings.pressure_limit
    if settings.relaxation == "none":
        return Relaxed(atoms.copy(), True, 0, force, found, squeezed, group, float(first.energy))
    start = atoms.copy() if is_exact else symmetrised(atoms, group)
    here = in_cell(group, start)
    symmetry = SiteSymmetry(here.cartesian, here.images)
    if not is_exact:
        (first,) = yield [start], symmetry
    normal = None if vacuum_axis is None else _normal(atoms, vacuum_axis)
    while True:
        moves = SymmetricMoves.from_group(here, cell_too=cell_too and not squeezed, normal=normal)
        surface = _Surface(moves, symmetry, pressure * units.GPa, several)
        place = surface.place(start, first)
        last, converged, steps = yield from _descend(surface, place, settings, told)
        growth = last.atoms.get_volume() / start.get_volume() - 1.0
        if squeezed or growth <= settings.growth_limit:
            break
        squeezed = True
    only_volume = len(moves) == len(moves.strains) <= 1
    # what has moved otherwise may have become more symmetric
    moved = last.atoms
    kept = in_cell(group, moved) if only_volume else find_space_group(moved, settings.symprec)
    energy = float(last.energy - surface.pressure * moved.get_volume())
    return Relaxed(moved, converged, steps, force, found, squeezed, kept, energy)


@dataclass(frozen=True, slots=True)
class _Place:
    """A crystal, its enthalpy [eV], and the derivatives of this with respect to the moves."""

    atoms: Atoms
    energy: float
    slopes: Float[np.ndarray, " move"]


@dataclass(frozen=True, slots=True)
class _Surface:
    """The enthalpy as a function of the moves of a crystal, at a pressure [eV/Å³]."""

    moves: SymmetricMoves
    symmetry: SiteSymmetry
    pressure: float
    several: bool

    def places(self, crystals: list[Atoms]) -> Asking[list[_Place]]:
        """Ask for the energies and slopes of crystals."""
        points = yield crystals, self.symmetry
        return [self.place(*both) for both in zip(crystals, points, strict=True)]

    def place(self, atoms: Atoms, point: Slopes) -> _Place:
        """The place of a crystal, from its forces and stress."""
        if len(self.moves.strains) and not np.isfinite(np.asarray(point.stress)).all():
            raise NotImplementedError("its stress is not known")
        volume = atoms.get_volume()
        virial = (np.nan_to_num(np.asarray(point.stress)) + self.pressure * np.eye(3)) * volume
        enthalpy = point.energy + self.pressure * volume
        return _Place(atoms, enthalpy, self.moves.slopes(virial, point.forces))

    def curvatures(self, place: _Place) -> Asking[Float[np.ndarray, "move move"]]:
        """Second derivatives, by differences where many crystals are computed together."""
        moves, volume = self.moves, place.atoms.get_volume()
        bulk = np.trace(moves.strains, axis1=1, axis2=2) ** 2 / 3.0
        elastic = volume * (3.0 * _BULK * bulk + 2.0 * _SHEAR * (1.0 - bulk))
        guess = np.concatenate([elastic, np.full(len(moves.displacements), _SPRING)])
        if len(moves) > MOST_CURVATURES or not self.several:
            return np.diag(guess)
        # downhill, about as far as the minimum may be
        sizes = np.clip(np.abs(place.slopes) / guess, SHORTEST, LONGEST / 3.0)
        steps = np.diag(np.where(place.slopes > 0, -sizes, sizes))
        there = yield from self.places([moves.moved(place.atoms, step) for step in steps])
        rises = np.array([one.slopes - place.slopes for one in there]) / steps.diagonal()[:, None]
        return (rises + rises.T) / 2.0


def _descend(
    surface: _Surface, place: _Place, settings: PhononSettings, told: Told
) -> Asking[tuple[_Place, bool, int]]:
    """Quasi-Newton steps down to the tolerance; whether it was reached, and their number."""
    crystal, steps, longest = str(place.atoms.symbols), 0, LONGEST
    moves, curvatures = surface.moves, None
    told(Step(crystal=crystal, stage="relaxation", done=0))
    while (left := moves.largest_force(place.slopes)) >= settings.force_tolerance:
        if steps == settings.relaxation_steps:
            return place, False, steps
        if curvatures is None:
            curvatures = yield from surface.curvatures(place)
        step = _downhill(curvatures, place.slopes, longest)
        (there,) = yield from surface.places([moves.moved(place.atoms, step)])
        curvatures = _corrected(curvatures, step, there.slopes - place.slopes)
        steps += 1
        told(Step(crystal=crystal, stage="relaxation", done=steps))
        rise = there.energy - place.energy - _NOISE * len(place.atoms)
        if rise > 0 and moves.largest_force(there.slopes) > left:
            longest = float(np.linalg.norm(step)) / 2.0
            continue
        place, longest = there, LONGEST
    return place, True, steps


def _downhill(
    curvatures: Float[np.ndarray, "move move"], slopes: Float[np.ndarray, " move"], longest: float
) -> Float[np.ndarray, " move"]:
    """Newton's step, uphill nowhere, and no longer than allowed."""
    values, vectors = np.linalg.eigh(curvatures)
    step = -vectors @ ((vectors.T @ slopes) / np.maximum(np.abs(values), _SOFTEST))
    return step * min(1.0, longest / float(np.linalg.norm(step)))


def _corrected(
    curvatures: Float[np.ndarray, "move move"],
    step: Float[np.ndarray, " move"],
    rise: Float[np.ndarray, " move"],
) -> Float[np.ndarray, "move move"]:
    """Second derivatives that explain how the slopes have changed in a step (symmetric rank one).

    References
    ----------
    Nocedal and Wright, Numerical Optimization, 2nd ed. (Springer, 2006), Eq. (6.24).
    """
    missing = rise - curvatures @ step
    share = float(missing @ step)
    if abs(share) < 1e-8 * float(np.linalg.norm(missing) * np.linalg.norm(step)):
        return curvatures
    return curvatures + np.outer(missing, missing) / share


def slopes_of(
    field: ForceField, crystals: Sequence[Atoms], symmetries: Sequence[SiteSymmetry]
) -> list[Slopes]:
    """Energies, forces and stresses of crystals whose symmetry is known, at once where it can be.

    Parameters
    ----------
    field
        Force field.
    crystals
        Crystals.
    symmetries
        Operations of each.

    Raises
    ------
    StructureError
        If forces are no numbers.
    """
    found: Iterator[Slopes]
    if isinstance(field.calculator, SymmetricCalculator):
        found = field.calculator.evaluate(crystals, symmetries)
    else:
        found = (_by_ase(atoms, field) for atoms in crystals)
    points: list[Slopes] = []
    for atoms, point in zip(crystals, found, strict=True):
        check_forces(point.forces, atoms, field)
        points.append(point)
    return points


@dataclass(frozen=True, slots=True)
class _Point:
    """What a calculator of ASE says of a crystal; the stress is nan if it has none."""

    energy: float
    forces: np.ndarray
    stress: np.ndarray


def _by_ase(atoms: Atoms, field: ForceField) -> _Point:
    crystal = atoms.copy()
    crystal.calc = field.calculator
    forces = np.asarray(crystal.get_forces(), dtype=float)
    try:
        stress = np.asarray(crystal.get_stress(voigt=False), dtype=float)
    except NotImplementedError:
        stress = np.full((3, 3), np.nan)
    return _Point(float(crystal.get_potential_energy()), forces, stress)


def _normal(atoms: Atoms, axis: int) -> Float[np.ndarray, "3"]:
    """Normal of the plane of the two lattice vectors that do not cross the vacuum."""
    normal = np.cross(*np.delete(atoms.cell.array, axis, axis=0))
    return normal / np.linalg.norm(normal)
