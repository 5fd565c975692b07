"""Which atoms and edges of a crystal have to be computed: those that symmetry does not give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from jaxtyping import Float, Int

from betenet.errors import StructureError
from betenet.structures.symmetry import SiteSymmetry, find_symmetry

WORTHWHILE = 600
"""Edges from which on the search for symmetry costs less than what it saves."""
MOST_COMPARISONS = 1e6
"""Most distances in that search: about 30 ms."""
NEAREST = 0.2
"""Distance between two atoms below which the basis has no meaning [Å]."""
SAME_EDGE = 1e-5
"""How near to each other two edges must be turned to count as equal [Å]."""
_GENERIC = np.array([0.5377, 0.2719, 0.7983])
"""A direction on no element of symmetry."""


@dataclass(frozen=True, slots=True)
class Sites:
    """The atoms of a crystal that are computed, and their neighbours.

    In a supercell in which one atom is displaced, all but a few of the atoms have the surroundings
    of another, turned.

    Attributes
    ----------
    atoms
        Index of each site's atom (site,).
    numbers
        Atomic numbers (site,).
    counts
        Atoms that a site stands for (site,).
    centres
        Site at which an edge begins, in ascending order (edge,).
    ends
        Atom at which it ends (edge,).
    site_of
        The site that stands for an atom (atom,).
    vectors
        Vectors from beginning to end of the edges (edge, 3) [Å].
    chosen
        Edges that are computed: one of those that symmetry makes equal at a site (chosen,).
    repeats
        Edges that each of the chosen ones stands for (chosen,).
    symmetry
        Symmetry of the crystal, as far as it was used.
    """

    atoms: Int[np.ndarray, " site"]
    numbers: Int[np.ndarray, " site"]
    counts: Int[np.ndarray, " site"]
    centres: Int[np.ndarray, " edge"]
    ends: Int[np.ndarray, " edge"]
    site_of: Int[np.ndarray, " atom"]
    vectors: Float[np.ndarray, "edge 3"]
    chosen: Int[np.ndarray, " chosen"]
    repeats: Int[np.ndarray, " chosen"]
    symmetry: SiteSymmetry

    @property
    def neighbours(self) -> Int[np.ndarray, " edge"]:
        """Site that stands for the atom at which an edge ends."""
        return self.site_of[self.ends]

    def forces(self, gradient: Float[np.ndarray, "edge 3"]) -> Float[np.ndarray, "atom 3"]:
        """Forces on all atoms from the gradient of the energy with respect to ``vectors``.

        Notes
        -----
        A site's energy counts as often as there are atoms like it, and an edge as often as there
        are edges like it. Along changes of the crystal that keep its symmetry the gradient is then
        that of all of them, and the mean over the operations is its part along these.
        """
        forces = np.zeros((len(self.site_of), 3))
        np.add.at(forces, self.atoms[self.centres], gradient)
        np.subtract.at(forces, self.ends, gradient)
        mean = np.zeros_like(forces)
        for rotation, images in zip(self.symmetry.rotations, self.symmetry.images, strict=True):
            mean[images] += forces @ rotation.T
        return mean / len(self.symmetry.rotations)

    def virial(self, gradient: Float[np.ndarray, "edge 3"]) -> Float[np.ndarray, "3 3"]:
        """Derivative of the energy with respect to strain [eV]."""
        virial = self.vectors.T @ gradient
        turned = self.symmetry.rotations @ virial @ self.symmetry.rotations.transpose(0, 2, 1)
        mean = turned.mean(axis=0)
        return (mean + mean.T) / 2


def find_sites(
    atoms: Atoms,
    cutoff: float,
    *,
    use_symmetry: bool = True,
    symmetry: SiteSymmetry | None = None,
) -> Sites:
    """Sites of a crystal and their edges.

    Parameters
    ----------
    atoms
        Periodic in as many directions as it says.
    cutoff
        Length of an edge, at most [Å].
    use_symmetry
        Whether a site may stand for several atoms; it does in a crystal of enough edges.
    symmetry
        Operations that map the crystal on itself exactly, a group, where they are known; they are
        looked for if absent.

    Raises
    ------
    StructureError
        If two atoms are closer than `NEAREST`, or the search for neighbours fails.
    """
    begins, ends, vectors = _neighbours(atoms, cutoff)
    if symmetry is None or not use_symmetry:
        symmetry = SiteSymmetry.none(len(atoms))
        if use_symmetry and len(vectors) >= WORTHWHILE and atoms.pbc.all():
            symmetry = find_symmetry(atoms, most=MOST_COMPARISONS)
    chosen, site_of, counts = np.unique(
        symmetry.images.min(axis=0), return_inverse=True, return_counts=True
    )
    is_site = np.zeros(len(atoms), dtype=bool)
    is_site[chosen] = True
    kept = is_site[begins]
    begins, vectors = begins[kept], vectors[kept]
    distinct, repeats = _distinct_edges(begins, vectors, symmetry)
    return Sites(
        atoms=chosen,
        numbers=atoms.numbers[chosen].astype(np.int64),
        counts=counts,
        centres=site_of[begins],
        ends=ends[kept],
        site_of=site_of,
        vectors=vectors,
        chosen=distinct,
        repeats=repeats,
        symmetry=symmetry,
    )


def _neighbours(
    atoms: Atoms, cutoff: float
) -> tuple[Int[np.ndarray, " edge"], Int[np.ndarray, " edge"], Float[np.ndarray, "edge 3"]]:
    """First and second atom of each edge, and the vector between them [Å]."""
    # vesin loads torch, which only those who compute should wait for
    from vesin import NeighborList

    search = NeighborList(cutoff=cutoff, full_list=True, sorted=True)
    try:
        begins, ends, vectors = search.compute(
            points=atoms.positions, box=atoms.cell.array, periodic=atoms.pbc, quantities="ijD"
        )
    except RuntimeError as error:
        raise StructureError(
            f"The neighbours of the atoms of {atoms.symbols} cannot be found.",
            f"The search ends with: {error}.",
            "Check the lattice vectors and the positions.",
        ) from error
    if len(vectors) and (vectors**2).sum(axis=1).min() < NEAREST**2:
        raise StructureError(
            f"Two atoms of {atoms.symbols} are closer than {NEAREST} Å.",
            "No force field knows anything there.",
            "Check the positions.",
        )
    return begins.astype(np.int64), ends.astype(np.int64), vectors


def _distinct_edges(
    begins: Int[np.ndarray, " edge"], vectors: Float[np.ndarray, "edge 3"], symmetry: SiteSymmetry
) -> tuple[Int[np.ndarray, " chosen"], Int[np.ndarray, " chosen"]]:
    """Edges that operations which keep their atom do not turn into each other, and their numbers.

    Of all edges that one is turned into, that which lies farthest along a generic direction stands
    for it. Two edges whose representatives are not found to be the same are both computed.
    """
    if len(symmetry.rotations) == 1 or not len(vectors):
        return np.arange(len(vectors)), np.ones(len(vectors), dtype=np.int64)
    stays = symmetry.images[:, begins] == begins
    along = np.einsum("oij,i,ej->oe", symmetry.rotations, _GENERIC, vectors)
    best = np.where(stays, along, -np.inf).argmax(axis=0)
    turned = (symmetry.rotations[best] @ vectors[:, :, None])[:, :, 0]
    order = np.lexsort((turned @ _GENERIC, begins))
    first = np.ones(len(order), dtype=bool)
    apart = np.abs(np.diff(turned[order], axis=0)).max(axis=1)
    first[1:] = (np.diff(begins[order]) != 0) | (apart > SAME_EDGE)
    starts = np.flatnonzero(first)
    return order[starts], np.diff(starts, append=len(order))
