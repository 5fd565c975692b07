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
    symmetry: SiteSymmetry

    @property
    def neighbours(self) -> Int[np.ndarray, " edge"]:
        """Site that stands for the atom at which an edge ends."""
        return self.site_of[self.ends]

    def forces(self, gradient: Float[np.ndarray, "edge 3"]) -> Float[np.ndarray, "atom 3"]:
        """Forces on all atoms from the gradient of the energy with respect to ``vectors``.

        Notes
        -----
        A site's energy counts as often as there are atoms like it. Its gradient is then that of
        all of them, and the mean over the operations puts it where it belongs.
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


def find_sites(atoms: Atoms, cutoff: float, *, use_symmetry: bool = True) -> Sites:
    """Sites of a crystal and their edges.

    Parameters
    ----------
    atoms
        Periodic in as many directions as it says.
    cutoff
        Length of an edge, at most [Å].
    use_symmetry
        Whether a site may stand for several atoms; it does in a crystal of enough edges.

    Raises
    ------
    StructureError
        If two atoms are closer than `NEAREST`, or the search for neighbours fails.
    """
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
    symmetry = SiteSymmetry.none(len(atoms))
    if use_symmetry and len(vectors) >= WORTHWHILE and atoms.pbc.all():
        symmetry = find_symmetry(atoms, most=MOST_COMPARISONS)
    chosen, site_of, counts = np.unique(
        symmetry.images.min(axis=0), return_inverse=True, return_counts=True
    )
    is_site = np.zeros(len(atoms), dtype=bool)
    is_site[chosen] = True
    begins = begins.astype(np.int64)
    kept = is_site[begins]
    return Sites(
        atoms=chosen,
        numbers=atoms.numbers[chosen].astype(np.int64),
        counts=counts,
        centres=site_of[begins[kept]],
        ends=ends[kept].astype(np.int64),
        site_of=site_of,
        vectors=vectors[kept],
        symmetry=symmetry,
    )
