"""From a crystal to the graph of its atoms: every pair within a cutoff, across periodic images."""

from __future__ import annotations

import numpy as np
from ase import Atoms

from betenet.errors import StructureError
from betenet.graphs.graph import CrystalGraph
from betenet.graphs.pairs import cell_volume, find_pairs, join

MAX_EDGES = 4_000_000
"""Edges of one structure that fit into a laptop's memory (about 1 GB for the shipped network)."""

FARTHEST = 1e6
"""Å from the origin. Distances are still good to 1e-9 Å there."""


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
        If the structure is not a crystal, or there would be more edges than memory allows; the
        message states the limit.

    Examples
    --------
    >>> from ase.build import bulk
    >>> build_graph(bulk("Nb", "bcc", a=3.3), cutoff=3.0).neighbor_counts.tolist()
    [8]
    """
    _check_size(atoms, cutoff)
    return join(find_pairs(atoms.positions, atoms.cell.array, float(cutoff)), atoms, cutoff)


def _check_size(atoms: Atoms, cutoff: float) -> None:
    """Refuse what is no crystal, or has too many edges by the density of its cell."""
    if len(atoms) == 0:
        raise StructureError(
            "The structure has no atoms.",
            "There is nothing to build a graph of.",
            "Check that the file holds a structure.",
        )
    # not a number is not below the limit either
    if not all((np.abs(x) < FARTHEST).all() for x in (atoms.positions, atoms.cell.array)):
        raise StructureError(
            "A position or lattice vector is not a number, or far too large.",
            f"Beyond {FARTHEST:.0e} Å, distances between atoms are lost in rounding.",
            "Correct the coordinates of the structure; lengths are in Å.",
        )
    volume = cell_volume(atoms)
    if not (volume > 0 and atoms.pbc.all()):
        raise StructureError(
            "The structure is not a crystal.",
            f"Its cell has {volume:.3g} Å³, and it is periodic along {int(atoms.pbc.sum())} of "
            "three lattice vectors.",
            "Give a cell with three lattice vectors, and pbc = True if the crystal is a bulk.",
        )
    edges = len(atoms) ** 2 / volume * 4 / 3 * np.pi * cutoff**3
    if edges > MAX_EDGES:
        raise StructureError(
            f"The cell is too large: {len(atoms)} atoms with about {edges:.2g} neighbour pairs "
            f"within {cutoff} Å.",
            f"More than {MAX_EDGES:.1g} pairs do not fit into memory.",
            "Give a smaller or less dense cell.",
        )
