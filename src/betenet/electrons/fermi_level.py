"""What bands are at the Fermi level: metal or insulator, N(E_F), and how sure that is."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Float

from betenet.electrons.bands import Bands
from betenet.electrons.orbitals import Orbital
from betenet.electrons.tetrahedra import density_of_states, fermi_energy, states_at
from betenet.json_output import finite_or_none

WINDOW = 0.05
"""N(E) is told this far below and above the Fermi level [eV]: a phonon's energy, or a wrong E_F."""
_LEVELS = 11
_WHOLE = 1e-4
"""Distance from a whole number of filled bands that rounding explains [1]."""
POOR = 0.1
"""Relative error by the mesh, or change within the window, that a user is warned of [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FermiLevel:
    """The Fermi level of bands.

    Attributes
    ----------
    fermi_energy
        Energy up to which states are filled, by tetrahedra; the middle of the gap of an insulator
        [eV].
    stated_fermi_energy
        Fermi energy by the program that has computed the bands; nan if it states none [eV].
    gap
        Width of the gap between the highest filled and the lowest empty state on the mesh, any two
        points; 0 for a metal [eV].
    dos
        N(E_F) of the cell, both spins together [1/eV].
    dos_by_spin
        N(E_F) for each spin, if they are told apart [1/eV].
    n_atoms
        Number of atoms of the cell.
    mesh_error
        Difference to N(E_F) on the mesh with half the points along each axis; nan if the mesh
        cannot be halved [1/eV].
    lowest, highest
        Least and greatest N(E) within `WINDOW` of the Fermi level [1/eV].
    mean
        Mean N(E) within it [1/eV].
    bands
        Numbers of the bands that cross the Fermi level, counted from 1.
    grid
        Points of the mesh along each axis.
    """

    fermi_energy: float
    stated_fermi_energy: float
    gap: float
    dos: float
    dos_by_spin: tuple[float, ...]
    n_atoms: int
    mesh_error: float
    lowest: float
    highest: float
    mean: float
    bands: tuple[int, ...]
    grid: tuple[int, int, int]

    @property
    def is_metal(self) -> bool:
        """Whether bands cross the Fermi level."""
        return self.gap == 0.0

    @property
    def change(self) -> float:
        """Largest change of N(E) within `WINDOW` of E_F, relative to N(E_F) [1]."""
        if not self.dos > 0.0:
            return math.nan
        return max(self.highest - self.dos, self.dos - self.lowest) / self.dos

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know before trusting N(E_F)."""
        found: list[str] = []
        if not self.is_metal:
            return ()
        if math.isnan(self.mesh_error):
            found.append("the mesh cannot be halved, so the error of N(E_F) is not known")
        elif self.mesh_error > POOR * self.dos:
            part = self.mesh_error / self.dos if self.dos > 0.0 else math.inf
            found.append(
                f"N(E_F) has not converged: half the mesh gives {part:.0%} else; take more k-points"
            )
        if self.change > POOR:
            found.append(
                f"N(E) changes by {self.change:.0%} within {1e3 * WINDOW:g} meV of E_F: strain, "
                "doping and phonons will move it"
            )
        return tuple(found)

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON, with keys that carry the unit."""
        table = asdict(self)
        for key in ("fermi_energy", "stated_fermi_energy", "gap"):
            table[f"{key}_ev"] = table.pop(key)
        for key in ("dos", "dos_by_spin", "mesh_error", "lowest", "highest", "mean"):
            table[f"{key}_per_ev"] = table.pop(key)
        table["dos_per_ev_per_atom"] = self.dos / self.n_atoms
        table["is_metal"] = self.is_metal
        table["relative_change"] = self.change
        table["warnings"] = list(self.warnings)
        table |= {key: list(table[key]) for key in ("bands", "grid", "dos_by_spin_per_ev")}
        return {
            key: finite_or_none(value) if isinstance(value, float) else value
            for key, value in table.items()
        }


def fermi_level(bands: Bands) -> FermiLevel:
    """Whether bands are those of a metal, and their N(E_F) by tetrahedra.

    Parameters
    ----------
    bands
        Bands on a full mesh.

    Raises
    ------
    ConfigError
        If libtetrabz is not installed.

    Notes
    -----
    An insulator is told by counting: as many bands are full as the electrons fill, and the lowest
    of the next band lies above. A gap between points of the mesh that no point of it sees is
    taken for a metal's, with an N(E_F) near zero.
    """
    level, gap = level_and_gap(bands)
    levels = level + np.linspace(-WINDOW, WINDOW, _LEVELS)
    by_spin = _dos(bands, levels)
    total = by_spin.sum(axis=0)
    middle = _LEVELS // 2
    coarse = bands.coarser()
    error = math.nan if coarse is None else abs(fermi_dos(coarse) - float(total[middle]))
    crossing = bands.crossing(level).any(axis=0)
    metal = gap == 0.0
    return FermiLevel(
        fermi_energy=level,
        stated_fermi_energy=bands.stated_fermi_energy,
        gap=gap,
        dos=float(total[middle]) if metal else 0.0,
        dos_by_spin=tuple(by_spin[:, middle].tolist()) if bands.n_spins > 1 else (),
        n_atoms=len(bands.atoms),
        mesh_error=error if metal else 0.0,
        lowest=float(total.min()) if metal else 0.0,
        highest=float(total.max()),
        mean=float(total.mean()),
        bands=tuple((np.flatnonzero(crossing) + 1).tolist()) if metal else (),
        grid=bands.grid,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrbitalShare:
    """What one orbital has of N(E_F).

    Attributes
    ----------
    orbital
        The orbital; None for what is in none.
    dos
        N(E_F) in it, both spins together [1/eV].
    dos_by_spin
        N(E_F) in it for each spin, if they are told apart [1/eV].
    """

    orbital: Orbital | None
    dos: float
    dos_by_spin: tuple[float, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON, with keys that carry the unit."""
        table: dict[str, object] = {"orbital": None, "site": None, "element": None}
        if self.orbital is not None:
            table = {
                "orbital": self.orbital.letter,
                "site": self.orbital.site,
                "element": self.orbital.element,
            }
        return table | {"dos_per_ev": self.dos, "dos_by_spin_per_ev": list(self.dos_by_spin)}


def orbital_shares(bands: Bands, level: float) -> tuple[OrbitalShare, ...]:
    """N(E) of each orbital at an energy, by the weights of the tetrahedra; the rest comes last.

    Parameters
    ----------
    bands
        Bands on a full mesh, with their orbitals.
    level
        Energy [eV].

    Returns
    -------
    tuple of OrbitalShare
        Empty if the orbitals of the bands are not known.
    """
    if bands.orbitals is None:
        return ()
    found = np.zeros((bands.n_spins, len(bands.orbitals.orbitals)))
    total = np.zeros(bands.n_spins)
    low, high = bands.extremes()
    # tetrahedra see a little beyond the points of the mesh, as `fermi_level` does
    near = (low <= level + WINDOW) & (high >= level - WINDOW)
    for spin, crossing in enumerate(near):
        if not crossing.any():
            continue
        energies = np.ascontiguousarray(bands.energies[spin][..., crossing])
        states = states_at(bands.reciprocal, energies, level)
        weights = bands.orbitals.weights[spin][..., crossing, :]
        found[spin] = bands.degeneracy * np.einsum("xyzb,xyzbo->o", states, weights)
        total[spin] = bands.degeneracy * states.sum()
    rest = total - found.sum(axis=1)
    pairs = [*zip(bands.orbitals.orbitals, found.T, strict=True), (None, rest)]
    return tuple(
        OrbitalShare(
            orbital=orbital,
            dos=float(each.sum()),
            dos_by_spin=tuple(each.tolist()) if bands.n_spins > 1 else (),
        )
        for orbital, each in pairs
    )


def level_and_gap(bands: Bands) -> tuple[float, float]:
    """Fermi energy, and the width of the gap; 0 for a metal [eV]."""
    energies, filled = bands.stacked, bands.filled
    whole = round(filled)
    if abs(filled - whole) < _WHOLE and 0 < whole < energies.shape[-1]:
        below = float(energies[..., whole - 1].max())
        above = float(energies[..., whole].min())
        if above > below:
            return 0.5 * (below + above), above - below
    return fermi_energy(bands.reciprocal, energies, filled), 0.0


def dos_at(bands: Bands, level: float) -> float:
    """N(E) of the cell at an energy [eV], both spins together [1/eV]."""
    return float(_dos(bands, np.array([level])).sum())


def fermi_dos(bands: Bands) -> float:
    """N(E_F) of the cell, both spins together; 0 for an insulator [1/eV]."""
    level, gap = level_and_gap(bands)
    return 0.0 if gap > 0.0 else dos_at(bands, level)


def _dos(bands: Bands, levels: Float[np.ndarray, " level"]) -> Float[np.ndarray, "spin level"]:
    """N(E) of each spin, or of both together if they are not told apart [1/eV]."""
    spins = [density_of_states(bands.reciprocal, one, levels).sum(axis=0) for one in bands.energies]
    return bands.degeneracy * np.array(spins)
