"""Whether a structure fills space: a bulk crystal, or a layer, wire or molecule in vacuum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
from ase import Atoms
from ase.data import covalent_radii, vdw_alvarez
from jaxtyping import Float, Int

from betenet.structures.cell import cell_vectors
from betenet.structures.neighbours import NEAR, neighbours

Kind = Literal["bulk", "layer", "wire", "molecule"]

VACUUM = 5.0
"""Distance between covalent spheres [Å] beyond which there is nothing but vacuum. Spheres of
neighbouring layers are 1 to 2 Å apart in graphite, MoS₂ and Bi₂Te₃, and 3.5 Å where a density
functional without van der Waals forces has pushed them apart; 3 Å apart in solid helium. Slabs are
computed with 10 Å of vacuum and more."""

_VAN_DER_WAALS = 1.25
"""Distance over the sum of van der Waals radii beyond which pieces no longer touch [1]: density
functionals without van der Waals forces push layers apart by up to that."""
_UNKNOWN_RADIUS = 2.4
"""Radius of elements without a van der Waals radius [Å]: those of most metals are 2.3 to 2.5 Å."""
_LEAST_RADIUS = 1.43
"""Radius of helium [Å]. Molecules of solid hydrogen are as far apart, by their zero-point
motion."""

_DENSE = 1.5
"""Distance between spheres [Å]; enough to find most crystals connected, with few pairs to look
at."""

_KINDS: tuple[Kind, ...] = ("molecule", "wire", "layer", "bulk")


@dataclass(frozen=True, slots=True)
class Dimensionality:
    """Number of directions in which matter goes on, and the width of the vacuum across the others.

    Attributes
    ----------
    kind
        ``"bulk"`` in three directions, ``"layer"`` in two, ``"wire"`` in one, ``"molecule"`` in
        none.
    vacuum
        Width, across each lattice vector, of the widest flat slab between covalent spheres [Å];
        0 along a direction in which matter goes on.
    dense
        Whether matter goes on in three directions with less than 1.5 Å between covalent spheres:
        then no pieces are apart.
    """

    kind: Kind
    vacuum: tuple[float, float, float]
    dense: bool = False

    @property
    def vacuum_axes(self) -> tuple[int, ...]:
        """Lattice vectors that cross the vacuum, from 0."""
        return tuple(axis for axis, width in enumerate(self.vacuum) if width > 0.0)


def dimensionality(atoms: Atoms, *, vacuum: float = VACUUM) -> Dimensionality:
    """Number of directions in which the matter of a structure goes on without a break.

    Parameters
    ----------
    atoms
        Any cell of the structure.
    vacuum
        Width of empty space between covalent spheres that counts as a break [Å].

    Returns
    -------
    Dimensionality
        Layers, chains and molecules that touch each other by van der Waals forces make a bulk
        crystal: what counts is empty space, not the bond.

    Notes
    -----
    Atoms with less than ``vacuum`` between their spheres are joined. Ways through joined atoms that
    end at a lattice translation of where they began span the directions in which matter goes on.

    References
    ----------
    Larsen, Pandey, Strange and Jacobsen, Phys. Rev. Mater. 3, 034003 (2019), for the rank of the
    translations.

    Examples
    --------
    >>> from ase.build import bulk, graphene
    >>> dimensionality(bulk("Nb")).kind
    'bulk'
    >>> sheet = graphene(vacuum=10.0)
    >>> sheet.pbc = True
    >>> found = dimensionality(sheet)
    >>> found.kind, [round(width, 1) for width in found.vacuum]
    ('layer', [0.0, 0.0, 18.5])
    """
    if len(atoms) == 0:
        return Dimensionality("molecule", (0.0, 0.0, 0.0))
    loops = _loops(atoms, min(_DENSE, vacuum))
    rank = _rank(loops)
    dense = rank == 3
    if not dense:
        loops = _loops(atoms, vacuum)
        rank = _rank(loops)
    widths = [0.0, 0.0, 0.0]
    if rank < 3:
        for axis in range(3):
            if not loops[:, axis].any():
                widths[axis] = _empty_width(atoms, axis)
    return Dimensionality(_KINDS[rank], (widths[0], widths[1], widths[2]), dense)


@dataclass(frozen=True, slots=True)
class Apart:
    """Layers, wires or molecules that do not touch each other.

    Attributes
    ----------
    kind
        ``"layer"``, ``"wire"`` or ``"molecule"``.
    distance
        Distance between the nearest atoms of two of them [Å].
    """

    kind: Kind
    distance: float


def pieces_apart(atoms: Atoms) -> Apart | None:
    """The pieces that a crystal falls into, if they are farther apart than van der Waals contact.

    Parameters
    ----------
    atoms
        Any periodic cell of the structure.

    Notes
    -----
    Atoms are in contact up to 1.25 times the sum of their van der Waals radii.

    References
    ----------
    Alvarez, Dalton Trans. 42, 8617 (2013) for the radii.

    Examples
    --------
    >>> from ase.build import bulk, graphene
    >>> pieces_apart(bulk("Nb")) is None
    True
    >>> sheet = graphene(vacuum=3.0)
    >>> sheet.pbc = True
    >>> found = pieces_apart(sheet)
    >>> found.kind, round(found.distance, 1)
    ('layer', 6.0)
    """
    if len(atoms) == 0 or _rank(_loops(atoms, _DENSE)) == 3:
        return None
    covalent = np.asarray(covalent_radii)
    radii = np.full(len(covalent), _UNKNOWN_RADIUS)
    radii[: len(vdw_alvarez.vdw_radii)] = vdw_alvarez.vdw_radii
    radii = np.maximum(np.nan_to_num(radii, nan=_UNKNOWN_RADIUS), _LEAST_RADIUS)
    radii *= _VAN_DER_WAALS
    first, second, shifts = _joined(atoms, radii[atoms.numbers])
    offsets = _offsets(len(atoms), first, second, shifts)
    loops = offsets[first] + shifts - offsets[second]
    loops = np.unique(loops[loops.any(axis=1)], axis=0)
    rank = _rank(loops)
    if rank == 3:
        return None
    return Apart(_KINDS[rank], _between(atoms, offsets, _pieces(len(atoms), first, second), loops))


def _pieces(
    n_atoms: int, first: Int[np.ndarray, " pair"], second: Int[np.ndarray, " pair"]
) -> Int[np.ndarray, " atom"]:
    """Number of the piece of joined atoms that each atom is in."""
    pieces = np.arange(n_atoms)
    while True:
        lower = pieces.copy()
        np.minimum.at(lower, first, pieces[second])
        if (lower == pieces).all():
            return pieces
        pieces = lower


def _between(
    atoms: Atoms,
    offsets: Int[np.ndarray, "atom 3"],
    pieces: Int[np.ndarray, " atom"],
    loops: Int[np.ndarray, "loop 3"],
) -> float:
    """Shortest distance between atoms of different pieces, or images of one piece [Å]."""
    rank, gap = _rank(loops), VACUUM
    lattice = cell_vectors(atoms)
    while True:
        first, second, shifts = _joined(atoms, np.full(len(atoms), gap))
        steps = offsets[first] + shifts - offsets[second]
        leaving = [_rank(np.vstack([loops, step])) > rank for step in steps]
        other = (pieces[first] != pieces[second]) | np.array(leaving, dtype=bool)
        if other.any():
            vectors = atoms.positions[second] - atoms.positions[first] + shifts @ lattice
            return float(np.linalg.norm(vectors[other], axis=1).min())
        gap *= 1.5


def _rank(loops: Int[np.ndarray, "loop 3"]) -> int:
    return int(np.linalg.matrix_rank(loops.T @ loops)) if len(loops) else 0


def _loops(atoms: Atoms, gap: float) -> Int[np.ndarray, "loop 3"]:
    """Lattice translations between images of an atom that a way through joined atoms connects."""
    reach = np.asarray(covalent_radii)[atoms.numbers] + gap / 2.0
    first, second, shifts = _joined(atoms, reach)
    offsets = _offsets(len(atoms), first, second, shifts)
    return offsets[first] + shifts - offsets[second]


def _joined(
    atoms: Atoms, reach: Float[np.ndarray, " atom"]
) -> tuple[Int[np.ndarray, " pair"], Int[np.ndarray, " pair"], Int[np.ndarray, "pair 3"]]:
    """Pairs of atoms whose spheres of `reach` touch, each both ways, sorted by the first."""
    if not all(atoms.pbc):
        from ase import neighborlist

        return cast("Any", neighborlist).primitive_neighbor_list(
            "ijS", atoms.pbc, cell_vectors(atoms), atoms.positions, reach
        )
    first, second, shifts, lengths = neighbours(atoms, max(2.0 * float(reach.max()), NEAR))
    near = lengths < reach[first] + reach[second]
    return first[near], second[near], shifts[near]


def _offsets(
    n_atoms: int,
    first: Int[np.ndarray, " pair"],
    second: Int[np.ndarray, " pair"],
    shifts: Int[np.ndarray, "pair 3"],
) -> Int[np.ndarray, "atom 3"]:
    """Cell in which each atom is met by a walk from the first atom of its piece."""
    offsets = np.zeros((n_atoms, 3), dtype=int)
    met, others = [False] * n_atoms, second.tolist()
    # pairs are sorted by the first atom
    begins = np.searchsorted(first, np.arange(n_atoms + 1)).tolist()
    for start in range(n_atoms):
        waiting = [] if met[start] else [start]
        met[start] = True
        while waiting:
            atom = waiting.pop()
            for pair in range(begins[atom], begins[atom + 1]):
                other = others[pair]
                if not met[other]:
                    met[other] = True
                    offsets[other] = offsets[atom] + shifts[pair]
                    waiting.append(other)
    return offsets


def _empty_width(atoms: Atoms, axis: int) -> float:
    """Width of the widest flat slab across a lattice vector that no covalent sphere reaches [Å]."""
    lattice = np.array(atoms.cell.complete(), dtype=float)
    normal = np.linalg.inv(lattice)[:, axis]
    normal /= np.linalg.norm(normal)
    if not atoms.pbc[axis]:
        return float("inf")
    period = abs(float(lattice[axis] @ normal))
    radii = np.asarray(covalent_radii)[atoms.numbers]
    heights = (atoms.positions @ normal) % period
    # ends of the spheres, once around the cell
    begins, ends = heights - radii, heights + radii
    order = np.argsort(begins)
    reached = np.maximum.accumulate(ends[order])
    nexts = np.append(begins[order][1:], begins.min() + period)
    return max(0.0, float((nexts - np.maximum(reached, ends.max() - period)).max()))
