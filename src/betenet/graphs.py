"""From a crystal to the graph of its atoms: every pair within a cutoff, across periodic images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from jaxtyping import Float, Int
from vesin import NeighborList

from betenet.errors import StructureError

MAX_EDGES = 4_000_000
"""Edges of one structure that fit into a laptop's memory (about 1 GB for the shipped network)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrystalGraph:
    """The neighbours of every atom of one cell.

    Attributes
    ----------
    numbers
        Atomic numbers.
    receivers, senders
        Indices i and j of each directed edge; every atom also has one edge of length zero to
        itself.
    vectors
        From the receiver to the sender: r_j + S·cell - r_i [Å].
    cutoff
        Radius [Å].
    volume
        Of the cell [Å³].
    """

    numbers: Int[np.ndarray, " site"]
    receivers: Int[np.ndarray, " edge"]
    senders: Int[np.ndarray, " edge"]
    vectors: Float[np.ndarray, "edge 3"]
    cutoff: float
    volume: float

    @property
    def n_sites(self) -> int:
        """Atoms in the cell."""
        return len(self.numbers)

    @property
    def neighbor_counts(self) -> Int[np.ndarray, " site"]:
        """Neighbours of each atom within the cutoff, itself left out."""
        return np.bincount(self.receivers, minlength=self.n_sites) - 1


def build_graph(atoms: Atoms, cutoff: float) -> CrystalGraph:
    """Directed neighbour graph of a periodic cell, with one zero-length self-edge an atom.

    Parameters
    ----------
    atoms
        Periodic in three directions.
    cutoff
        Radius [Å]; a pair at exactly the cutoff does not count.

    Raises
    ------
    StructureError
        If there would be more edges than memory allows; the message states the limit.
    """
    density = len(atoms) / atoms.get_volume()
    expected = len(atoms) * density * 4 / 3 * np.pi * cutoff**3
    if expected > MAX_EDGES:
        raise StructureError(
            f"The cell is too large: {len(atoms)} atoms with about {expected:.2g} neighbour pairs "
            f"within {cutoff} Å.",
            f"More than {MAX_EDGES:.1g} pairs do not fit into memory.",
            "Give a smaller or less dense cell.",
        )
    calculator = NeighborList(cutoff=float(cutoff), full_list=True)
    receivers, senders, vectors = calculator.compute(
        points=atoms.positions, box=atoms.cell.array, periodic=True, quantities="ijD"
    )
    itself = np.arange(len(atoms))
    return CrystalGraph(
        numbers=np.asarray(atoms.numbers, dtype=np.int64),
        receivers=np.concatenate([receivers.astype(np.int64), itself]),
        senders=np.concatenate([senders.astype(np.int64), itself]),
        vectors=np.concatenate([vectors, np.zeros((len(atoms), 3))]),
        cutoff=float(cutoff),
        volume=float(atoms.get_volume()),
    )
