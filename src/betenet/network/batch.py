"""Crystals joined into one batch of constant tensors: what `forward` takes beside the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor

from betenet.network.config import NetworkConfig
from betenet.network.entries import Entries
from betenet.network.geometry import SAME_DISTANCE, CrystalGeometry
from betenet.network.indices import join_indices
from betenet.network.interpolation import interpolation_matrix
from betenet.network.layout import SCALAR, Block, Irrep, network_layout
from betenet.network.radial import radial_basis
from betenet.network.rows import Rows
from betenet.network.sparse import Place, SparseMap

KNOTS = 384
"""Points at which a radial network is evaluated in single precision, if there are more distances:
interpolation is then exact to rounding."""


@dataclass(frozen=True, slots=True)
class Messages:
    """One block of messages: ``receive @ ((radial @ functions) * (send @ features))``.

    Attributes
    ----------
    radial
        From the radial functions to each product: weights of a linear radial function, or the
        choice of a distance.
    send
        From the rows that are sent to each product.
    receive
        From each product to the target rows.
    """

    radial: Tensor | SparseMap
    send: SparseMap
    receive: SparseMap


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """A batch of crystals as constant tensors.

    A *site* is an atom, or under symmetry one atom of each orbit. The first layer knows a site by
    its element alone, so there the rows of features are those of `present`; unless sites have
    inputs of their own.

    Attributes
    ----------
    numbers, crystal
        Atomic number and index of the crystal of each site (site,).
    counts
        Atoms of each crystal (crystal,).
    statistics
        Statistics of composition and volume (crystal, statistic).
    present
        Elements of the batch (element,).
    expand
        From sites to atoms.
    pool
        From sites to the mean over the atoms of each crystal.
    site_inputs
        Numbers that describe each site (site, input), or None.
    first_rows, rows
        Rows of features before the first layer and, by representation, before the others.
    first, later
        Messages of the first layer and of the others, by block.
    basis
        Radial basis at the points where a radial network is evaluated (point, basis).
    interpolate
        From these points to the distinct distances; None if they are the same.
    """

    numbers: Tensor
    crystal: Tensor
    counts: Tensor
    statistics: Tensor
    present: np.ndarray
    expand: SparseMap
    pool: SparseMap
    site_inputs: Tensor | None
    first_rows: Rows
    rows: Mapping[Irrep, Rows]
    first: Mapping[Block, Messages]
    later: Mapping[Block, Messages]
    basis: Tensor | None
    interpolate: SparseMap | None


def collate(
    crystals: Sequence[CrystalGeometry],
    config: NetworkConfig,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
) -> Geometry:
    """Join crystals into one batch.

    Parameters
    ----------
    crystals
        All made with the same `config`.
    config
        The network's settings.
    dtype
        float32, or float64 where the last digits matter.
    device
        Where the network runs.
    """
    place = Place(dtype, device)
    whole = join_crystals(crystals)
    crystal, rows, entries = whole.crystal, whole.rows, whole.entries
    present, species = np.unique(whole.numbers, return_inverse=True)
    n_sites, n_elements = len(species), len(present)
    starts = np.searchsorted(crystal, np.arange(len(whole.counts) + 1))
    share = np.bincount(whole.site_of) / whole.counts[crystal]
    points = basis = interpolate = None
    if config.radial == "network":
        points = np.unique(np.concatenate([e.distances for e in entries.values()]))
        basis, interpolate = _radial_points(points * SAME_DISTANCE, config, place)

    def messages(block: Block, senders: np.ndarray, n_senders: int) -> Messages:
        shape = (len(rows[block.target]), n_senders)
        return _messages(entries[block], senders, shape, points, place)

    layouts = network_layout(config)
    later = {block for layer in layouts[1:] for block in layer.live_blocks}
    first_rows = Rows(None, np.arange(n_elements), (0, n_elements), place)
    first_of, n_first = species, n_elements  # sender of each site in the first layer
    later_rows = {
        irrep: Rows(row, species[row], (n_sites, n_elements), place) for irrep, row in rows.items()
    }
    if whole.site_inputs is not None:
        first_rows, first_of, n_first = later_rows[SCALAR], np.arange(n_sites), n_sites
    return Geometry(
        numbers=place.index(whole.numbers),
        crystal=place.index(crystal),
        counts=place.index(whole.counts),
        statistics=place.real(whole.statistics),
        present=present,
        expand=SparseMap.gather(whole.site_of, n_sites, place),
        pool=SparseMap(np.arange(n_sites), starts, share, n_sites, place),
        site_inputs=None if whole.site_inputs is None else place.real(whole.site_inputs),
        first_rows=first_rows,
        rows=later_rows,
        first={
            b: messages(b, first_of[entries[b].senders], n_first) for b in layouts[0].live_blocks
        },
        later={b: messages(b, entries[b].senders, len(rows[b.source])) for b in later},
        basis=basis,
        interpolate=interpolate,
    )


def join_crystals(crystals: Sequence[CrystalGeometry]) -> CrystalGeometry:
    """One after the other, as if they had been made together."""
    first = crystals[0]
    if len(crystals) == 1:
        return first
    sites = np.array([len(c.numbers) for c in crystals])
    sizes = {irrep: np.array([len(c.rows[irrep]) for c in crystals]) for irrep in first.rows}
    return CrystalGeometry(
        numbers=np.concatenate([c.numbers for c in crystals]),
        counts=np.concatenate([c.counts for c in crystals]),
        site_of=join_indices([c.site_of for c in crystals], sites),
        rows={
            irrep: join_indices([c.rows[irrep] for c in crystals], sites) for irrep in first.rows
        },
        entries={block: _joined_entries(block, crystals, sizes) for block in first.entries},
        statistics=np.concatenate([c.statistics for c in crystals]),
        site_inputs=None
        if first.site_inputs is None
        else np.concatenate([c.site_inputs for c in crystals if c.site_inputs is not None]),
    )


def _joined_entries(
    block: Block, crystals: Sequence[CrystalGeometry], sizes: Mapping[Irrep, np.ndarray]
) -> Entries:
    parts = [c.entries[block] for c in crystals]
    return Entries(
        targets=join_indices([p.targets for p in parts], sizes[block.target]),
        senders=join_indices([p.senders for p in parts], sizes[block.source]),
        distances=np.concatenate([p.distances for p in parts]),
        weights=np.concatenate([p.weights for p in parts]),
    )


def _radial_points(
    distances: np.ndarray, config: NetworkConfig, place: Place
) -> tuple[Tensor, SparseMap | None]:
    """Where to evaluate a radial network: at every distance, or at knots if these are fewer."""
    if place.dtype != torch.float32 or len(distances) <= KNOTS:
        return place.real(radial_basis(config, distances)), None
    knots = np.linspace(0.0, config.cutoff, KNOTS)
    matrix = interpolation_matrix(distances, knots)
    return place.real(radial_basis(config, knots)), SparseMap.from_scipy(matrix, place)


def _messages(
    entries: Entries,
    senders: np.ndarray,
    shape: tuple[int, int],
    points: np.ndarray | None,
    place: Place,
) -> Messages:
    """Matrices of a block; with a radial network, a product for each (sender, radial function)."""
    n_targets, n_senders = shape
    if points is None:
        return Messages(
            radial=place.real(entries.weights),
            send=SparseMap.gather(senders, n_senders, place),
            receive=SparseMap.gather(entries.targets, n_targets, place).transpose,
        )
    n_degrees = entries.weights.shape[1]
    entry, degree = np.nonzero(entries.weights)
    function = np.searchsorted(points, entries.distances[entry]) * n_degrees + degree
    n_functions = len(points) * n_degrees
    products, column = np.unique(senders[entry] * n_functions + function, return_inverse=True)
    weights = entries.weights[entry, degree]
    shape = (n_targets, len(products))
    receive = csr_array((weights, (entries.targets[entry], column)), shape)
    receive.sum_duplicates()
    return Messages(
        radial=SparseMap.gather(products % n_functions, n_functions, place),
        send=SparseMap.gather(products // n_functions, n_senders, place),
        receive=SparseMap.from_scipy(receive, place),
    )
