"""The constant part of a forward pass, computed once for each crystal and shared by all members.

With a linear radial function, the message from atom j to atom i is linear in
``basis(|r|)·Y(r̂)``, so all periodic images of j collapse into one edge that carries the sum, whose
cost does not grow with the cutoff. With a radial network, edges merge only at equal distance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from betenet.errors import ConfigError
from betenet.graphs import CrystalGraph
from betenet.known.elements import scaled_facts
from betenet.network.angular import spherical_harmonics
from betenet.network.config import PHONON_DOS, NetworkConfig
from betenet.network.elements import composition_statistics
from betenet.network.entries import Edges, Entries, block_entries
from betenet.network.force_field_inputs import force_field_inputs
from betenet.network.indices import join_indices, sum_equal
from betenet.network.layout import Block, Irrep, network_layout
from betenet.network.radial import radial_basis, smooth_cutoff
from betenet.network.reach import keep_rows, reached_rows
from betenet.network.symmetry import Orbits, RowBasis
from betenet.structures.symmetry import SiteSymmetry

SAME_DISTANCE = 1e-10
"""Distances closer than this share a radial function [Å]."""
TYPICAL_VOLUME = 16.0
"""Volume of an atom in a typical metal [Å³]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrystalGeometry:
    """One crystal or several, ready to be put into a batch.

    Attributes
    ----------
    numbers
        Atomic number of each site that is computed: every atom, or one of each orbit.
    counts
        Atoms of each crystal.
    site_of
        Site of each atom.
    rows
        Site of each row of features, by representation.
    entries
        Messages of every block that some layer has.
    statistics
        Describes the composition and the volume of an atom of each crystal, or is empty.
    site_inputs
        Numbers that describe each site, if the network takes them.
    """

    numbers: Int[np.ndarray, " site"]
    counts: Int[np.ndarray, " crystal"]
    site_of: Int[np.ndarray, " atom"]
    rows: Mapping[Irrep, Int[np.ndarray, " row"]]
    entries: Mapping[Block, Entries]
    statistics: Float[np.ndarray, "crystal statistic"]
    site_inputs: Float[np.ndarray, "site input"] | None = None

    @property
    def crystal(self) -> Int[np.ndarray, " site"]:
        """Crystal of each site."""
        index = np.empty(len(self.numbers), dtype=np.int64)
        index[self.site_of] = np.repeat(np.arange(len(self.counts)), self.counts)
        return index


def crystal_geometry(
    graph: CrystalGraph,
    config: NetworkConfig,
    symmetry: SiteSymmetry | None = None,
    site_inputs: Float[np.ndarray, "atom input"] | None = None,
) -> CrystalGeometry:
    """Every constant of the messages of one crystal.

    Parameters
    ----------
    graph
        Built with the cutoff of `config`.
    config
        The network's settings.
    symmetry
        Symmetry of this crystal, from :func:`betenet.structures.find_symmetry`: only inequivalent
        sites are computed, and of their features only what symmetry allows. The result is the
        same. Without it, every atom is a site.
    site_inputs
        Inputs of each atom, if `config` asks for them; those of equivalent atoms are averaged.
        Those of a force field are computed if absent.

    Raises
    ------
    ConfigError
        If `site_inputs` are not what `config` asks for.
    """
    return joint_geometry(
        [graph],
        config,
        None if symmetry is None else [symmetry],
        None if site_inputs is None else [site_inputs],
    )


def joint_geometry(
    graphs: Sequence[CrystalGraph],
    config: NetworkConfig,
    symmetries: Sequence[SiteSymmetry] | None = None,
    site_inputs: Sequence[Float[np.ndarray, "_ input"]] | None = None,
) -> CrystalGeometry:
    """Several crystals at once, which is much faster than one by one.

    Parameters
    ----------
    graphs, config, symmetries, site_inputs
        As for `crystal_geometry`.

    Raises
    ------
    ConfigError
        If `site_inputs` are not what `config` asks for.
    """
    whole = all_rows(graphs, config, symmetries)
    inputs = _site_inputs(graphs, config, whole.site_of, site_inputs)
    sizes = {irrep: len(row_sites) for irrep, row_sites in whole.rows.items()}
    kept = reached_rows(network_layout(config), whole.entries, sizes)
    return replace(
        whole,
        site_inputs=inputs,
        rows={irrep: row_sites[kept[irrep]] for irrep, row_sites in whole.rows.items()},
        entries={block: keep_rows(block, found, kept) for block, found in whole.entries.items()},
    )


def all_rows(
    graphs: Sequence[CrystalGraph],
    config: NetworkConfig,
    symmetries: Sequence[SiteSymmetry] | None = None,
) -> CrystalGeometry:
    """`joint_geometry` with the rows that stay zero in every layer."""
    counts = np.array([graph.n_sites for graph in graphs])
    joined = _join(graphs, counts)
    if symmetries is None:
        orbits = Orbits.single(len(joined.numbers))
        bases = {irrep: RowBasis.full(irrep, orbits) for irrep in _irreps(config)}
    else:
        each = [Orbits.of(symmetry) for symmetry in symmetries]
        orbits = Orbits.joined(each)
        bases = {
            irrep: RowBasis.reduced(irrep, list(zip(symmetries, each, strict=True)), orbits)
            for irrep in _irreps(config)
        }
    edges = merged_edges(joined, config, orbits)
    return CrystalGeometry(
        numbers=joined.numbers[orbits.sites],
        counts=counts,
        site_of=orbits.site_of,
        rows={irrep: basis.row_sites for irrep, basis in bases.items()},
        entries={block: block_entries(block, edges, bases) for block in used_blocks(config)},
        statistics=_statistics(graphs, config),
    )


def _site_inputs(
    graphs: Sequence[CrystalGraph],
    config: NetworkConfig,
    site_of: np.ndarray,
    given: Sequence[np.ndarray] | None,
) -> np.ndarray | None:
    """Mean over the atoms of each site; those of a force field follow from the graphs."""
    if given is None and config.site_source != PHONON_DOS:
        given = force_field_inputs(graphs, config)
    expected = [(graph.n_sites, config.site_inputs) for graph in graphs]
    found = [part.shape for part in given or []]
    if (found or config.site_inputs) and found != expected:
        raise ConfigError(
            "The numbers that describe the sites are not what the network asks for.",
            f"They should be (atom, {config.site_inputs}) for each of {len(graphs)} crystals; "
            f"there are {found[:3] or 'none'}.",
            "Give `site_inputs` of that shape, or a network without.",
        )
    if not given:
        return None
    total = np.zeros((site_of.max() + 1, config.site_inputs))
    np.add.at(total, site_of, np.concatenate(given))
    return total / np.bincount(site_of)[:, None]


def _join(graphs: Sequence[CrystalGraph], counts: np.ndarray) -> CrystalGraph:
    """Crystals as the parts of one graph, that no edge connects."""
    if len(graphs) == 1:
        return graphs[0]
    return CrystalGraph(
        numbers=np.concatenate([graph.numbers for graph in graphs]),
        receivers=join_indices([graph.receivers for graph in graphs], counts),
        senders=join_indices([graph.senders for graph in graphs], counts),
        vectors=np.concatenate([graph.vectors for graph in graphs]),
        cutoff=graphs[0].cutoff,
        volume=sum(graph.volume for graph in graphs),
    )


def merged_edges(graph: CrystalGraph, config: NetworkConfig, orbits: Orbits) -> Edges:
    """Edges into one atom of each orbit, with cutoff, harmonics and radial basis multiplied."""
    kept = orbits.stands[graph.receivers]
    vectors, senders = graph.vectors[kept], graph.senders[kept]
    receivers = orbits.site_of[graph.receivers[kept]]
    lengths = np.linalg.norm(vectors, axis=1)
    harmonics = spherical_harmonics(config.lmax, vectors)
    harmonics *= smooth_cutoff(config, lengths)[:, None]
    if config.radial == "linear":
        edges = radial_basis(config, lengths)[:, :, None] * harmonics[:, None, :]
        known, distances = np.zeros(1, dtype=np.int64), np.zeros(len(lengths), dtype=np.int64)
    else:
        edges = harmonics[:, None, :]
        rounded = np.round(lengths / SAME_DISTANCE).astype(np.int64)
        known, distances = np.unique(rounded, return_inverse=True)
    key = (receivers * graph.n_sites + senders) * len(known) + distances
    first, summed = sum_equal(key, edges)
    return Edges(
        receivers=receivers[first],
        senders=senders[first],
        harmonics=summed,
        distances=distances[first],
        lengths=known,
    )


def used_blocks(config: NetworkConfig) -> list[Block]:
    """Blocks that some layer computes, each once."""
    layers = network_layout(config)
    return list(dict.fromkeys(block for layer in layers for block in layer.live_blocks))


def _irreps(config: NetworkConfig) -> list[Irrep]:
    blocks = used_blocks(config)
    return sorted({b.source for b in blocks} | {b.target for b in blocks})


def _statistics(graphs: Sequence[CrystalGraph], config: NetworkConfig) -> np.ndarray:
    if not config.composition:
        return np.empty((len(graphs), 0))
    volumes = np.array([graph.volume / graph.n_sites for graph in graphs])
    composition = np.stack([composition_statistics(graph.numbers) for graph in graphs])
    return np.column_stack([composition, np.log(volumes / TYPICAL_VOLUME)])


def statistics_size(config: NetworkConfig) -> int:
    """Length of `CrystalGeometry.statistics`."""
    return 4 * scaled_facts().shape[1] + 1 if config.composition else 0
