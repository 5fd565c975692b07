"""Pairs of neighbours, each named once, and the graph that they make."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from jaxtyping import Float, Integer

from betenet.errors import StructureError
from betenet.graphs.graph import CrystalGraph


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Neighbours within a cutoff, of a pair (i, j, S) and (j, i, -S) only one.

    Attributes
    ----------
    receivers, senders
        Indices i and j.
    shifts
        Lattice translation S of the sender, in lattice vectors.
    """

    receivers: Integer[np.ndarray, " pair"]
    senders: Integer[np.ndarray, " pair"]
    shifts: Integer[np.ndarray, "pair 3"]


def find_pairs(
    positions: Float[np.ndarray, "site 3"], cell: Float[np.ndarray, "3 3"], cutoff: float
) -> Pairs:
    """Every pair of atoms closer than the cutoff in a cell that is periodic in three directions.

    Parameters
    ----------
    positions
        Inside the cell or not [Å].
    cell
        Lattice vectors as rows [Å].
    cutoff
        Radius [Å]; a pair at exactly the cutoff does not count.

    Raises
    ------
    StructureError
        If the search fails.
    """
    # it loads torch, which only those who build a graph should wait for
    from vesin import NeighborList

    calculator = NeighborList(cutoff=cutoff, full_list=False)
    try:
        # not copied: the arrays live as long as the calculator, so they are copied below
        receivers, senders, shifts = calculator.compute(
            points=positions, box=cell, periodic=True, quantities="ijS", copy=False
        )
    except RuntimeError as error:
        raise StructureError(
            "The neighbours of the atoms cannot be found.",
            f"The search ends with: {error}.",
            "Check the lattice vectors and the positions.",
        ) from error
    return Pairs(receivers.astype(np.int64), senders.astype(np.int64), shifts.copy())


def join(pairs: Pairs, atoms: Atoms, cutoff: float) -> CrystalGraph:
    """Graph of a crystal from its pairs: each in both directions, then the self-edges.

    Notes
    -----
    The vectors are computed element by element, without a matrix product: its rounding depends on
    the processor.
    """
    sites, count = len(atoms), len(pairs.receivers)
    places = atoms.positions.T
    lattice = atoms.cell.array.T[:, :, None]
    shifts = pairs.shifts.T.astype(np.float64, order="C")
    forward = places.take(pairs.senders, axis=1)
    forward -= places.take(pairs.receivers, axis=1)
    translation = shifts[0] * lattice[:, 0]
    translation += shifts[1] * lattice[:, 1]
    translation += shifts[2] * lattice[:, 2]
    forward += translation

    vectors = np.empty((2 * count + sites, 3))
    vectors[:count] = forward.T
    # from zero, so that a zero stays a positive one
    np.subtract(0.0, vectors[:count], out=vectors[count : 2 * count])
    vectors[2 * count :] = 0.0
    receivers, senders = np.empty((2, 2 * count + sites), dtype=np.int64)
    receivers[:count] = senders[count : 2 * count] = pairs.receivers
    senders[:count] = receivers[count : 2 * count] = pairs.senders
    receivers[2 * count :] = senders[2 * count :] = np.arange(sites)
    return CrystalGraph(
        numbers=atoms.numbers.astype(np.int64),
        receivers=receivers,
        senders=senders,
        vectors=vectors,
        cutoff=float(cutoff),
        volume=cell_volume(atoms),
    )


def cell_volume(atoms: Atoms) -> float:
    """Volume of the cell [Å³]; for nine numbers plain arithmetic is faster than a determinant."""
    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = atoms.cell.array.tolist()
    return abs(ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx))
