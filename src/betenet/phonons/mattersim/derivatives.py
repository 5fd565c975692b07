"""Energies, forces and stresses of crystals, several in one pass through the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from ase import Atoms
from jaxtyping import Float

from betenet.phonons.mattersim.message_passing import Pairs
from betenet.phonons.mattersim.network import MatterSim
from betenet.phonons.mattersim.sites import find_sites
from betenet.structures.symmetry import SiteSymmetry


@dataclass(frozen=True, slots=True)
class Derivatives:
    """What the network says of one crystal.

    Attributes
    ----------
    energy
        Energy of the cell [eV].
    forces
        On the atoms (atom, 3) [eV/Å].
    stress
        Positive where the cell wants to shrink (3, 3) [eV/Å³]; absent without three lattice
        vectors.
    """

    energy: float
    forces: Float[np.ndarray, "atom 3"]
    stress: Float[np.ndarray, "3 3"] | None


def derivatives(
    network: MatterSim,
    crystals: Sequence[Atoms],
    *,
    use_symmetry: bool = True,
    symmetries: Sequence[SiteSymmetry | None] | None = None,
) -> list[Derivatives]:
    """Energy, forces and stress of each crystal.

    Parameters
    ----------
    network
        On the CPU.
    crystals
        Crystals that are computed together: fast for small ones, memory for large ones.
    use_symmetry
        Whether equivalent atoms are computed once.
    symmetries
        Operations that map each crystal on itself exactly, where they are known.

    Raises
    ------
    StructureError
        If the neighbours of an atom cannot be found, or it lies on another.
    """
    cutoff = network.architecture.cutoff
    found = [
        find_sites(atoms, cutoff, use_symmetry=use_symmetry, symmetry=symmetry)
        for atoms, symmetry in zip(crystals, symmetries or [None] * len(crystals), strict=True)
    ]
    starts = np.cumsum([0, *(len(sites.atoms) for sites in found)])
    numbers = torch.as_tensor(np.concatenate([sites.numbers for sites in found]))
    counts = torch.as_tensor(np.concatenate([sites.counts for sites in found]))
    vectors = torch.as_tensor(np.concatenate([sites.vectors for sites in found])).requires_grad_()
    pairs = Pairs(
        *(
            torch.as_tensor(
                np.concatenate(
                    [getattr(one, end) + start for one, start in zip(found, starts, strict=False)]
                )
            )
            for end in ("centres", "neighbours")
        )
    )
    edges = np.cumsum([0, *(len(sites.vectors) for sites in found)])
    chosen = np.concatenate(
        [sites.chosen + start for sites, start in zip(found, edges, strict=False)]
    )
    repeats = torch.ones(len(vectors), 1, dtype=torch.float64)
    repeats[chosen, 0] = torch.as_tensor(
        np.concatenate([sites.repeats for sites in found])
    ).double()
    pairs = pairs._replace(repeats=repeats)
    energies = network.site_energies(numbers, pairs, vectors, torch.as_tensor(chosen)) * counts
    (gradient,) = torch.autograd.grad(energies.sum(), vectors)
    of_sites = torch.split(energies.detach(), [len(sites.atoms) for sites in found])
    of_edges = torch.split(gradient, [len(sites.vectors) for sites in found])
    results: list[Derivatives] = []
    for atoms, sites, energy, slopes in zip(crystals, found, of_sites, of_edges, strict=True):
        along = slopes.numpy()
        volume = abs(np.linalg.det(atoms.cell.array))
        stress = sites.virial(along) / volume if volume > 0 else None
        results.append(Derivatives(float(energy.sum()), sites.forces(along), stress))
    return results
