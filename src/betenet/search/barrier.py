"""An estimate of the barrier between two phases, along a path on which each atom has its way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms, units
from jaxtyping import Float

from betenet.errors import BetenetError, StructureError
from betenet.phonons import ForceField
from betenet.phonons.relaxation import Relaxed, relax_together, slopes_of
from betenet.phonons.run import one_thread
from betenet.search.crowding import RELAXED_CLOSE, is_crowded
from betenet.search.mapping import Mapping, nearest_mapping
from betenet.search.phases import symmetry_of
from betenet.search.rest import TIGHT
from betenet.structures.symmetry import SiteSymmetry

IMAGES = 7
"""Crystals between the two phases."""
MOST_STEPS = 150
TOLERANCE = 0.05
"""Force across the path at the highest crystal at which it counts as found [eV/Å]."""
_ONE = 0.02
"""Strain and displacement [Å] below which two crystals are one."""
_SPRING = 1.0
_CLIMBING = 30
"""Steps after which the highest crystal climbs."""
_LONGEST = 0.1
"""Longest step of a crystal, as the root of the sum of squares of its coordinates [Å]."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Barrier:
    """What lies between two phases, on one path, by one force field.

    Attributes
    ----------
    pressure
        Pressure [GPa].
    mapping
        Which atom goes where.
    groups
        Space groups of the two phases.
    images
        Crystals of the path, the phases first and last.
    enthalpies
        Enthalpies of these with respect to the first phase, for each atom [eV].
    straight
        Enthalpies on the straight path between the phases, for each atom [eV].
    force
        Force across the path at the highest crystal [eV/Å].
    steps
        Steps of the path.
    warnings
        What a user should know.
    """

    pressure: float
    mapping: Mapping
    groups: tuple[str, str]
    images: Sequence[Atoms]
    enthalpies: Float[np.ndarray, " image"]
    straight: Float[np.ndarray, " image"]
    force: float
    steps: int
    warnings: tuple[str, ...] = ()

    @property
    def forward(self) -> float:
        """Barrier from the first phase to the second for each atom [eV]."""
        return float(self.enthalpies.max())

    @property
    def backward(self) -> float:
        """Barrier from the second phase to the first for each atom [eV]."""
        return float(self.enthalpies.max() - self.enthalpies[-1])

    @property
    def converged(self) -> bool:
        """Whether the path came to rest."""
        return self.force < TOLERANCE

    def to_dict(self) -> dict[str, Any]:
        """Values for JSON."""
        return {
            "formula": self.images[0].get_chemical_formula("metal", empirical=True),
            "space_groups": list(self.groups),
            "pressure_gpa": self.pressure,
            "n_atoms": len(self.images[0]),
            "barrier_estimate_ev_per_atom": self.forward,
            "barrier_estimate_back_ev_per_atom": self.backward,
            "barrier_estimate_straight_ev_per_atom": float(self.straight.max()),
            "enthalpies_ev_per_atom": self.enthalpies.tolist(),
            "strain": self.mapping.strain,
            "displacement_angstrom": self.mapping.displacement,
            "converged": self.converged,
            "force_ev_per_angstrom": self.force,
            "steps": self.steps,
            "quality": "estimate: one path, all atoms at once, no nucleation",
            "warnings": list(self.warnings),
        }


def barrier_between(
    start: Atoms,
    end: Atoms,
    field: ForceField,
    pressure: float = 0.0,
    *,
    most_atoms: int = 4,
    images: int = IMAGES,
    told: Callable[[str], object] = lambda _: None,
) -> Barrier:
    r"""Barrier between two phases by a nudged elastic band of crystals.

    Parameters
    ----------
    start, end
        The phases; they are relaxed at the pressure first, keeping their symmetry.
    field
        Force field.
    pressure
        Pressure [GPa].
    most_atoms
        Most atoms of the cell in which the phases are mapped on each other.
    images
        Crystals between them.
    told
        Called with what is done, in words.

    Returns
    -------
    Barrier
        An estimate. In a crystal that has no end all atoms go at once: a nucleus has an easier
        start, and another mapping may have an easier way.

    Raises
    ------
    StructureError
        If the phases have different compositions or are one crystal, or one does not relax.

    Notes
    -----
    A crystal of the path is a deformation D of the first cell and places p in it; J D and p are its
    coordinates, with :math:`J = V^{1/3} N^{1/6}`, so that strains and displacements weigh alike.
    Springs act along the path, forces and stress across it, and the highest crystal climbs.

    References
    ----------
    Sheppard, Xiao, Chemelewski, Johnson and Henkelman, J. Chem. Phys. 136, 074103 (2012); Henkelman
    and Jónsson, J. Chem. Phys. 113, 9978 (2000).
    """
    with one_thread():
        here, there = _at_rest([start, end], field, pressure)
        mapping = nearest_mapping(here.atoms, there.atoms, most_atoms)
        if max(mapping.strain, mapping.displacement) < _ONE:
            raise StructureError(
                f"The two phases of {here.atoms.symbols} are one crystal at {pressure:g} GPa.",
                "They came to rest in the same place.",
                "Give two phases that differ there.",
            )
        told(
            f"{len(mapping.start)} atoms, strain {mapping.strain:.3f}, "
            f"ways of {mapping.displacement:.2f} Å"
        )
        band = _Band(mapping, field, pressure, images)
        straight = band.enthalpies.copy()
        steps = band.relaxed(told)
    inner, (first, last) = band.crystals(), band.ends
    return Barrier(
        pressure=pressure,
        mapping=mapping,
        groups=(symmetry_of(here.atoms)[0], symmetry_of(there.atoms)[0]),
        images=[mapping.start, *inner, mapping.end],
        enthalpies=np.array([first, *band.enthalpies, last]) - first,
        straight=np.array([first, *straight, last]) - first,
        force=band.force,
        steps=steps,
        warnings=_warnings(inner, field, pressure),
    )


def _warnings(inner: Sequence[Atoms], field: ForceField, pressure: float) -> tuple[str, ...]:
    said = [field.warning_at(pressure)]
    if any(is_crowded(one, RELAXED_CLOSE) for one in inner):
        said.append(
            "On the path atoms come nearer than in any crystal: the force field extrapolates."
        )
    return tuple(filter(None, said))


def _at_rest(crystals: Sequence[Atoms], field: ForceField, pressure: float) -> list[Relaxed]:
    found: list[Relaxed] = []
    for one, rest in zip(
        crystals, relax_together(crystals, field, TIGHT, pressure=pressure), strict=True
    ):
        if isinstance(rest, Exception):
            raise StructureError(
                f"{one.symbols} does not relax at {pressure:g} GPa.",
                rest.in_one_line() if isinstance(rest, BetenetError) else f"{rest}.",
                "Give the phases as a search has written them.",
            ) from rest
        found.append(rest)
    return found


class _Band:
    """Crystals between two phases, on springs.

    Parameters
    ----------
    mapping
        The phases.
    field
        Force field.
    pressure
        Pressure [GPa].
    images
        Crystals between them.
    """

    def __init__(self, mapping: Mapping, field: ForceField, pressure: float, images: int) -> None:
        self._field, self._pressure = field, pressure * units.GPa
        self._start = mapping.start
        n, volume = len(mapping.start), mapping.start.cell.volume
        self._scale = volume ** (1 / 3) * n ** (1 / 6)
        self._ends = np.array([self._coordinates(one) for one in (mapping.start, mapping.end)])
        shares = np.linspace(0.0, 1.0, images + 2)[1:-1, None, None]
        self._places = (1.0 - shares) * self._ends[0] + shares * self._ends[1]
        self.ends = self._slopes([mapping.start, mapping.end])[0]
        self.force = np.inf
        self.enthalpies, self._forces = self._slopes(self.crystals())

    def _coordinates(self, crystal: Atoms) -> Float[np.ndarray, "row 3"]:
        deformation = np.linalg.solve(self._start.cell.array, crystal.cell.array)
        places = crystal.positions @ np.linalg.inv(deformation)
        return np.vstack([self._scale * deformation, places])

    def crystals(self) -> list[Atoms]:
        """The crystals as they are now."""
        found: list[Atoms] = []
        for one in self._places:
            deformation, places = one[:3] / self._scale, one[3:]
            crystal = self._start.copy()
            crystal.set_cell(self._start.cell.array @ deformation)
            crystal.set_positions(places @ deformation)
            found.append(crystal)
        return found

    def _slopes(
        self, crystals: list[Atoms]
    ) -> tuple[Float[np.ndarray, " image"], Float[np.ndarray, "image row 3"]]:
        """Enthalpies for each atom [eV], and forces on the coordinates [eV/Å]."""
        none = [SiteSymmetry.none(len(one)) for one in crystals]
        enthalpies, forces = list[float](), list[np.ndarray]()
        for crystal, point in zip(crystals, slopes_of(self._field, crystals, none), strict=True):
            volume = float(crystal.cell.volume)
            deformation = np.linalg.solve(self._start.cell.array, crystal.cell.array)
            virial = volume * (np.asarray(point.stress) + self._pressure * np.eye(3))
            on_cell = -np.linalg.solve(deformation.T, virial) / self._scale
            on_atoms = (point.forces - point.forces.mean(axis=0)) @ deformation.T
            enthalpies.append((float(point.energy) + self._pressure * volume) / len(crystal))
            forces.append(np.vstack([on_cell, on_atoms]))
        return np.array(enthalpies), np.array(forces)

    def relaxed(self, told: Callable[[str], object]) -> int:
        """Let the band come to rest (FIRE); the number of steps.

        References
        ----------
        Bitzek, Koskinen, Gähler, Moseler and Gumbsch, Phys. Rev. Lett. 97, 170201 (2006).
        """
        velocity = np.zeros_like(self._places)
        dt, mixing, good = 0.1, 0.1, 0
        for step in range(MOST_STEPS):
            force = self._nudged(climbing=step >= _CLIMBING)
            if step >= _CLIMBING and self.force < TOLERANCE:
                return step
            if float(np.vdot(force, velocity)) > 0.0:
                size = np.linalg.norm(velocity) / max(float(np.linalg.norm(force)), 1e-12)
                velocity = (1.0 - mixing) * velocity + mixing * size * force
                good += 1
                if good > 5:
                    dt, mixing = min(dt * 1.1, 0.5), mixing * 0.99
            else:
                velocity[:] = 0.0
                dt, mixing, good = dt * 0.5, 0.1, 0
            velocity += dt * force
            move = dt * velocity
            longest = float(np.linalg.norm(move, axis=(1, 2)).max())
            self._places = self._places + move * min(1.0, _LONGEST / max(longest, 1e-12))
            self.enthalpies, self._forces = self._slopes(self.crystals())
            if step % 25 == 24:
                told(f"step {step + 1}: {1e3 * self._highest():.0f} meV/atom")
        self._nudged(climbing=True)
        return MOST_STEPS

    def _highest(self) -> float:
        """Highest enthalpy above the first phase for each atom [eV]."""
        return float(self.enthalpies.max() - self.ends[0])

    def _nudged(self, *, climbing: bool) -> Float[np.ndarray, "image row 3"]:
        """Forces across the path and springs along it; of the highest, uphill along the path."""
        points = np.concatenate([self._ends[:1], self._places, self._ends[1:]])
        heights = np.array([self.ends[0], *self.enthalpies, self.ends[1]])
        top = int(self.enthalpies.argmax())
        nudged = np.empty_like(self._forces)
        for place, force in enumerate(self._forces):
            tangent = _tangent(points[place : place + 3], heights[place : place + 3])
            along = float(np.vdot(force, tangent))
            across = force - along * tangent
            if place == top:
                self.force = float(np.linalg.norm(across, axis=1).max())
            if place == top and climbing:
                nudged[place] = across - along * tangent
                continue
            behind, ahead = np.diff(points[place : place + 3], axis=0)
            spring = _SPRING * (np.linalg.norm(ahead) - np.linalg.norm(behind))
            nudged[place] = across + spring * tangent
        return nudged


def _tangent(
    points: Float[np.ndarray, "3 row 3"], heights: Float[np.ndarray, " 3"]
) -> Float[np.ndarray, "row 3"]:
    """Direction of the path at the middle of three crystals, towards the higher neighbour."""
    behind, ahead = points[1] - points[0], points[2] - points[1]
    if heights[0] < heights[1] < heights[2]:
        found = ahead
    elif heights[0] > heights[1] > heights[2]:
        found = behind
    else:
        rises = np.abs(heights[[0, 2]] - heights[1])
        more, less = float(rises.max()), float(rises.min())
        ahead_more = heights[2] > heights[0]
        found = (more if ahead_more else less) * ahead + (less if ahead_more else more) * behind
    size = float(np.linalg.norm(found))
    return found / size if size else found
