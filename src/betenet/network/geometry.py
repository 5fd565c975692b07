"""The constant part of a forward pass: shared by all members, computed once for each crystal.

With a linear radial function, the message from atom j to atom i is linear in
basis(|r|)·Y(r̂), so all periodic images of j collapse into one edge that carries the sum. The cost
then no longer grows with the cutoff. With a radial network, edges merge only at equal distance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from betenet.graphs import CrystalGraph
from betenet.network.angular import clebsch_gordan, spherical_harmonics
from betenet.network.config import NetworkConfig
from betenet.network.elements import composition_statistics, scaled_facts
from betenet.network.layout import Block
from betenet.network.radial import radial_basis, smooth_cutoff

SAME_DISTANCE = 1e-8
"""Distances closer than this share a radial function [Å]."""
TYPICAL_VOLUME = 16.0
"""Volume of an atom in a typical metal [Å³]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrystalGeometry:
    """One crystal, ready to be put into a batch.

    `harmonics` is (edge, basis or 1, component); `lengths` is (edge,) for a radial network and
    empty otherwise [Å]; `statistics` describes the composition and the volume of an atom
    (statistic,), or is empty.
    """

    numbers: np.ndarray
    receivers: np.ndarray
    senders: np.ndarray
    harmonics: np.ndarray
    lengths: np.ndarray
    statistics: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """A batch of crystals as constant tensors.

    Attributes
    ----------
    numbers, crystal
        Atomic number and index of the crystal of each site (site,).
    counts
        Sites of each crystal (crystal,).
    receivers, senders
        Sites i and j of each edge (edge,).
    harmonics
        (edge, basis or 1, component).
    statistics
        Of composition and volume (crystal, statistic).
    distinct, basis
        For a radial network: index of each edge's distance (edge,) and the basis at the distinct
        distances (distance, basis).
    species, present, slots, places
        Index into `present`, the elements of the batch; sites sorted by element and padded
        (element, slot); where each site went (site,).
    """

    numbers: Tensor
    crystal: Tensor
    counts: Tensor
    receivers: Tensor
    senders: Tensor
    harmonics: Tensor
    statistics: Tensor
    distinct: Tensor | None
    basis: Tensor | None
    species: Tensor
    present: Tensor
    slots: Tensor
    places: Tensor
    _couplings: dict[tuple[int, tuple[int, ...], int], Tensor] = field(default_factory=dict)

    @property
    def n_crystals(self) -> int:
        """Crystals in the batch."""
        return len(self.counts)

    def coupling(self, block: Block) -> Tensor:
        """Harmonics contracted with the Clebsch-Gordan coefficients of a block.

        Returns
        -------
        Tensor
            (m of the source, edge, m of the target, degree · basis).
        """
        key = (block.source[0], block.degrees, block.target[0])
        if key not in self._couplings:
            self._couplings[key] = self._contract(*key)
        return self._couplings[key]

    def _contract(self, source: int, degrees: tuple[int, ...], target: int) -> Tensor:
        edges, size, _ = self.harmonics.shape
        parts: list[Tensor] = []
        for degree in degrees:
            table = torch.as_tensor(
                clebsch_gordan(source, degree, target).transpose(1, 0, 2).copy(),
                dtype=self.harmonics.dtype,
                device=self.harmonics.device,
            )
            harmonics = self.harmonics[:, :, degree**2 : (degree + 1) ** 2]
            product = harmonics.reshape(edges * size, -1) @ table.reshape(2 * degree + 1, -1)
            shape = (edges, size, 2 * source + 1, 2 * target + 1)
            parts.append(product.reshape(shape).permute(2, 0, 3, 1))
        return torch.cat(parts, dim=3).contiguous()


def crystal_geometry(graph: CrystalGraph, config: NetworkConfig) -> CrystalGeometry:
    """Harmonics and radial basis of a graph, with equal edges merged.

    Parameters
    ----------
    graph
        Built with the cutoff of `config`.
    config
        The network's settings.
    """
    lengths = np.linalg.norm(graph.vectors, axis=1)
    harmonics = spherical_harmonics(config.lmax, graph.vectors)
    harmonics *= smooth_cutoff(config, lengths)[:, None]
    pair = graph.receivers * graph.n_sites + graph.senders
    if config.radial == "linear":
        edges = radial_basis(config, lengths)[:, :, None] * harmonics[:, None, :]
        order = np.argsort(pair, kind="stable")
        starts = np.flatnonzero(np.diff(pair[order], prepend=-1))
    else:
        edges = harmonics[:, None, :]
        rounded = np.round(lengths / SAME_DISTANCE).astype(np.int64)
        order = np.lexsort((rounded, pair))
        changed = np.diff(pair[order], prepend=-1) != 0
        starts = np.flatnonzero(changed | (np.diff(rounded[order], prepend=-1) != 0))
    first = order[starts]
    return CrystalGeometry(
        numbers=graph.numbers,
        receivers=graph.receivers[first],
        senders=graph.senders[first],
        harmonics=np.add.reduceat(edges[order], starts, axis=0),
        lengths=lengths[first] if config.radial == "network" else np.empty(0),
        statistics=_statistics(graph) if config.composition else np.empty(0),
    )


def _statistics(graph: CrystalGraph) -> np.ndarray:
    volume = np.log(graph.volume / graph.n_sites / TYPICAL_VOLUME)
    return np.append(composition_statistics(graph.numbers), volume)


def statistics_size(config: NetworkConfig) -> int:
    """Length of `CrystalGeometry.statistics`."""
    return 4 * scaled_facts().shape[1] + 1 if config.composition else 0


def collate(
    crystals: Sequence[CrystalGeometry],
    config: NetworkConfig,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
) -> Geometry:
    """Join crystals into one batch of constant tensors."""
    counts = np.array([len(c.numbers) for c in crystals])
    offsets = np.concatenate([[0], np.cumsum(counts)[:-1]])
    numbers = np.concatenate([c.numbers for c in crystals])
    present, species = np.unique(numbers, return_inverse=True)
    per_species = np.bincount(species)
    order = np.argsort(species, kind="stable")
    rank = np.empty(len(numbers), dtype=np.int64)
    rank[order] = np.concatenate([np.arange(count) for count in per_species])
    slots = np.full((len(present), per_species.max()), len(numbers))
    slots[species, rank] = np.arange(len(numbers))

    def index(values: np.ndarray) -> Tensor:
        return torch.as_tensor(values, dtype=torch.int64, device=device)

    def real(values: np.ndarray) -> Tensor:
        return torch.as_tensor(values, dtype=dtype, device=device)

    placed = list(zip(crystals, offsets, strict=True))
    distinct = basis = None
    if config.radial == "network":
        lengths = np.concatenate([c.lengths for c in crystals])
        _, first, inverse = np.unique(
            np.round(lengths / SAME_DISTANCE), return_index=True, return_inverse=True
        )
        distinct, basis = index(inverse), real(radial_basis(config, lengths[first]))
    return Geometry(
        numbers=index(numbers),
        crystal=index(np.repeat(np.arange(len(crystals)), counts)),
        counts=index(counts),
        receivers=index(np.concatenate([c.receivers + start for c, start in placed])),
        senders=index(np.concatenate([c.senders + start for c, start in placed])),
        harmonics=real(np.concatenate([c.harmonics for c in crystals])),
        statistics=real(np.stack([c.statistics for c in crystals])),
        distinct=distinct,
        basis=basis,
        species=index(species),
        present=index(present),
        slots=index(slots),
        places=index(species * slots.shape[1] + rank),
    )
