"""Energies of electrons on a full mesh of the Brillouin zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from ase import Atoms
from jaxtyping import Bool, Float

from betenet.electrons.orbitals import OrbitalWeights
from betenet.errors import DataError
from betenet.espresso.grids import Grid

LEAST_POINTS = 2
"""Fewest points along an axis of a mesh that is made coarser."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Bands:
    """Energies of electrons on a full mesh.

    Attributes
    ----------
    atoms
        The crystal, whose cell the reciprocal vectors belong to.
    energies
        Energies, growing along the last axis, for one spin or for two (spin, n_1, n_2, n_3, band)
        [eV].
    offset
        Place of the first point along each axis, in steps of the mesh: 0 or ½.
    n_electrons
        Electrons of the cell that are in these bands or below [1].
    degeneracy
        Electrons that one state holds: 2 without spin, 1 with it [1].
    stated_fermi_energy
        Fermi energy by the program; nan if it states none [eV].
    mismatch
        Largest difference between energies that symmetry makes equal [eV].
    source
        Where they were read.
    orbitals
        Share of each state in the orbitals of the atoms; None where nothing has projected them.
    """

    atoms: Atoms
    energies: Float[np.ndarray, "spin n_1 n_2 n_3 band"]
    n_electrons: float
    degeneracy: int
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    stated_fermi_energy: float = float("nan")
    mismatch: float = 0.0
    source: str = field(default="bands")
    orbitals: OrbitalWeights | None = None

    @property
    def grid(self) -> Grid:
        """Points along each reciprocal axis."""
        first, second, third = self.energies.shape[1:4]
        return first, second, third

    @property
    def n_spins(self) -> int:
        """Number of spins whose energies are told apart."""
        return self.energies.shape[0]

    @property
    def reciprocal(self) -> Float[np.ndarray, "3 3"]:
        """Reciprocal vectors as rows, with 2π [1/Å]."""
        return 2.0 * np.pi * np.linalg.inv(self.atoms.cell.array).T

    @property
    def stacked(self) -> Float[np.ndarray, "n_1 n_2 n_3 state"]:
        """Energies of both spins along one axis, growing [eV]."""
        spins = [self.energies[spin] for spin in range(self.n_spins)]
        return spins[0] if len(spins) == 1 else np.sort(np.concatenate(spins, axis=-1), axis=-1)

    @property
    def filled(self) -> float:
        """States that the electrons fill at each point of the mesh, on average [1]."""
        return self.n_electrons / self.degeneracy

    def coarser(self, step: int = 2) -> Bands | None:
        """Every so many points along each axis; None if the mesh cannot be divided so.

        An axis with one point, of a layer or chain, keeps it. A mesh that does not hold Γ has no
        coarser one of the same kind among its points.
        """
        steps = [1 if n == 1 else step for n in self.grid]
        pairs = list(zip(self.grid, steps, strict=True))
        if any(self.offset) or any(n % by or n // by < LEAST_POINTS for n, by in pairs if by > 1):
            return None
        first, second, third = steps
        orbitals = self.orbitals
        if orbitals is not None:
            weights = orbitals.weights[:, ::first, ::second, ::third]
            orbitals = replace(orbitals, weights=weights)
        energies = self.energies[:, ::first, ::second, ::third]
        return replace(self, energies=energies, orbitals=orbitals)

    def crossing(self, level: float) -> Bool[np.ndarray, "spin band"]:
        """Whether each band has energies on both sides of a level [eV]."""
        low, high = self.extremes()
        return (low < level) & (high > level)

    def extremes(self) -> tuple[Float[np.ndarray, "spin band"], Float[np.ndarray, "spin band"]]:
        """Lowest and highest energy of each band on the mesh [eV]."""
        axes = (1, 2, 3)
        return self.energies.min(axis=axes), self.energies.max(axis=axes)

    def fractional(self, indices: Sequence[int]) -> Float[np.ndarray, " 3"]:
        """Point of the mesh in units of the reciprocal vectors."""
        return (np.asarray(indices) + np.asarray(self.offset)) / np.asarray(self.grid)


def check_bands(bands: Bands) -> Bands:
    """The bands, if the electrons fit into them.

    Raises
    ------
    DataError
        If there are fewer bands than the electrons fill, or nothing is above the Fermi level.
    """
    n_states = bands.energies.shape[-1] * bands.n_spins
    if not n_states > bands.filled:
        raise DataError(
            f"{bands.source} has {bands.energies.shape[-1]} bands for {bands.n_electrons:g} "
            "electrons.",
            "All of them are filled: nothing is known at and above the Fermi level.",
            f"Compute it again with nbnd = {int(bands.filled / bands.n_spins) + 5} or more.",
        )
    return bands
