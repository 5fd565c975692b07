"""The neighbours of every atom of a crystal, across periodic images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int


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
        Volume of the cell [Å³].
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

    @property
    def n_pairs(self) -> int:
        """At most this many edges are left when all images of a pair are one."""
        return min(len(self.receivers), self.n_sites**2)
