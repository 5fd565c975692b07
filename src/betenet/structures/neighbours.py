"""Pairs of neighbouring atoms across periodic images, found once for all that ask for them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from ase import Atoms
from jaxtyping import Float, Int

from betenet.structures.cell import cell_vectors

NEAR = 5.0
"""Cutoff of bonds in `known.structure_features` [Å]. Whoever needs less asks for it, too: then the
list is made once."""
_KEPT = 4
"""Lists that are kept: several are asked for of one crystal, then of the next one."""

Pairs = tuple[
    Int[np.ndarray, " pair"],
    Int[np.ndarray, " pair"],
    Int[np.ndarray, "pair 3"],
    Float[np.ndarray, " pair"],
]
"""First atom, second atom, lattice translation of the second, and distance [Å]."""


def neighbours(atoms: Atoms, cutoff: float) -> Pairs:
    """Pairs of atoms closer than a cutoff, each both ways, sorted by the first.

    Parameters
    ----------
    atoms
        Cell that is periodic in three directions.
    cutoff
        Longest distance [Å].
    """
    positions = np.ascontiguousarray(atoms.positions, dtype=float)
    return _found(positions.tobytes(), cell_vectors(atoms).tobytes(), float(cutoff))


@lru_cache(maxsize=_KEPT)
def _found(positions: bytes, lattice: bytes, cutoff: float) -> Pairs:
    # An order of magnitude faster than others, and asked for every crystal of a screening; it
    # loads torch, which only those who compute should wait for.
    from vesin import NeighborList  # pyright: ignore[reportMissingTypeStubs]

    first, second, shifts, lengths = NeighborList(
        cutoff=cutoff, full_list=True, sorted=True
    ).compute(
        points=np.frombuffer(positions).reshape(-1, 3),
        box=np.frombuffer(lattice).reshape(3, 3),
        periodic=True,
        quantities="ijSd",
    )
    return (
        np.asarray(first, dtype=int),
        np.asarray(second, dtype=int),
        np.asarray(shifts, dtype=int),
        np.asarray(lengths, dtype=float),
    )
