"""Cost of a calculation, estimated before it is run.

The time of each kind of step is taken as proportional to the work in its innermost loop, counted
from the structure and its symmetry; the factors were fitted to calculations that were run
(`benchmarks/first_principles_cost.py`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType

from ase import Atoms

from betenet.espresso.grids import (
    Grids,
    fft_grid,
    irreducible_pairs,
    irreducible_points,
    reciprocal_operations,
)
from betenet.espresso.settings import Settings

SECONDS = MappingProxyType(
    {
        "density": 1.17e-08,
        "response": 9.49e-08,
        "coupling": 1.38e-08,
        "lookup": 8.62e-09,
        "interpolation": 1.38e-07,
        "states": 2.69e-04,
    }
)
"""Time of one unit of each kind of work, on one core of an AMD EPYC (2026) with OpenBLAS [s]."""

RELAXATION_STEPS = 12
"""Self-consistent densities of a relaxation, counted at the grid of the phonons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Numbers that the time of a calculation follows from.

    Attributes
    ----------
    grids
        Grids of k- and q-points.
    n_electrons
        Number of electrons outside the cores.
    n_bands
        Number of bands that pw.x computes of a metal.
    n_modes
        Number of perturbations at each q-point, over all irreducible representations.
    n_coarse, n_dense
        Numbers of irreducible k-points.
    n_q
        Number of irreducible q-points.
    n_pairs
        Number of pairs of k and k + q, over all q-points.
    n_operations
        Number of operations of the crystal's point group.
    fft
        Number of points of the grid of a wave function.
    n_broadenings
        Number of widths of the double delta.
    n_bins
        Number of frequencies of α²F.
    n_interpolated
        Number of q-points of the interpolated grid, without symmetry.
    relaxes
        Whether the structure is relaxed first.
    """

    grids: Grids
    n_electrons: float
    n_bands: int
    n_modes: int
    n_coarse: int
    n_dense: int
    n_q: int
    n_pairs: int
    n_operations: int
    fft: int
    n_broadenings: int
    n_bins: int
    n_interpolated: int
    relaxes: bool

    @property
    def units(self) -> dict[str, float]:
        """Work by the keys of `SECONDS`."""
        transform = self.fft * math.log2(self.fft)
        densities = self.n_coarse + 2 * self.n_dense
        if self.relaxes:
            densities += RELAXATION_STEPS * self.n_coarse
        dense_zone = math.prod(self.grids.dense)
        return {
            "density": transform * self.n_bands * densities,
            # ph.x solves for bands with electrons only
            "response": transform * self.n_electrons / 2.0 * self.n_modes * self.n_pairs,
            "coupling": dense_zone
            * self.n_q
            * self.n_bands**2
            * self.n_modes**2
            * self.n_broadenings,
            # for each point of the dense grid ph.x looks its irreducible one up in the list
            "lookup": dense_zone * self.n_dense * self.n_operations * self.n_q,
            "interpolation": self.n_interpolated * self.n_modes * self.n_broadenings * self.n_bins,
            "states": dense_zone * self.n_bands,
        }

    @property
    def seconds(self) -> dict[str, float]:
        """Expected time of each kind of work on one core [s]."""
        return {key: SECONDS[key] * units for key, units in self.units.items()}

    @property
    def core_hours(self) -> float:
        """Expected time on one core [h]; right within a factor of two, see the benchmark."""
        return sum(self.seconds.values()) / 3600.0

    def to_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return {
            "grids": self.grids.to_dict(),
            "n_electrons": self.n_electrons,
            "n_bands": self.n_bands,
            "n_modes": self.n_modes,
            "n_coarse": self.n_coarse,
            "n_dense": self.n_dense,
            "n_q": self.n_q,
            "n_pairs": self.n_pairs,
            "core_hours": self.core_hours,
        }


def count_work(atoms: Atoms, settings: Settings, grids: Grids) -> Work:
    """Count the work of a calculation.

    Parameters
    ----------
    atoms
        Primitive cell.
    settings
        Protocol and pseudopotentials.
    grids
        Grids of this cell.
    """
    protocol = settings.protocol
    operations = reciprocal_operations(atoms)
    q_points = irreducible_points(grids.q, operations).points
    electrons = settings.valence(atoms)
    return Work(
        grids=grids,
        n_electrons=electrons,
        n_bands=count_bands(electrons),
        n_modes=3 * len(atoms),
        n_coarse=len(irreducible_points(grids.coarse, operations).points),
        n_dense=len(irreducible_points(grids.dense, operations).points),
        n_q=len(q_points),
        n_operations=len(operations),
        n_pairs=sum(irreducible_pairs(grids.coarse, operations, q) for q in q_points),
        fft=count_fft(atoms, settings.cutoff),
        n_broadenings=protocol.broadenings,
        n_bins=protocol.bins,
        n_interpolated=math.prod(protocol.interpolated_grid),
        relaxes=protocol.relaxation != "none",
    )


def count_bands(n_electrons: float) -> int:
    """Bands that pw.x computes of a metal: a fifth more than are filled, four at least.

    Examples
    --------
    >>> count_bands(11.0), count_bands(60.0)
    (10, 36)
    """
    filled = n_electrons / 2.0
    return max(round(1.2 * filled), math.floor(filled + 0.5) + 4)


def count_fft(atoms: Atoms, cutoff: float) -> int:
    """Points of the grid that holds the square of a wave function.

    Parameters
    ----------
    atoms
        Cell.
    cutoff
        Cutoff of the wave functions [Ry].
    """
    return math.prod(fft_grid(atoms.cell.array, 4.0 * cutoff))
