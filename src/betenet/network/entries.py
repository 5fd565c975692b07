"""The messages of one crystal: which row of features reaches which, and with what weight.

A message is linear in the features that are sent, so everything known beforehand (harmonics,
Clebsch-Gordan coefficients, cutoff, the bases that symmetry leaves) is multiplied together once.
What is left is a list of entries (target row, sender row) for each block of a layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int

from betenet.network.angular import clebsch_gordan
from betenet.network.indices import sum_equal
from betenet.network.layout import Block, Irrep
from betenet.network.symmetry import RowBasis

NOTHING = 1e-10
"""Weights below this are zero by symmetry, up to rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """Edges of a crystal into its inequivalent sites, equal ones merged.

    Attributes
    ----------
    receivers
        Site of each edge.
    senders
        Atom of each edge.
    harmonics
        Cutoff × harmonics, times the radial basis for a linear radial function.
    distances
        Index into `lengths` (edge,).
    lengths
        Distances that a radial network tells apart, as integers; a linear one has a single entry.
    """

    receivers: Int[np.ndarray, " edge"]
    senders: Int[np.ndarray, " edge"]
    harmonics: Float[np.ndarray, "edge basis component"]
    distances: Int[np.ndarray, " edge"]
    lengths: Int[np.ndarray, " distance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """Messages of one block, sorted by target.

    Attributes
    ----------
    targets, senders
        Rows of features.
    distances
        Distances of a radial network, as integers; zero for a linear radial function.
    weights
        One for each degree and radial basis function.
    """

    targets: Int[np.ndarray, " entry"]
    senders: Int[np.ndarray, " entry"]
    distances: Int[np.ndarray, " entry"]
    weights: Float[np.ndarray, "entry basis"]


def block_entries(block: Block, edges: Edges, bases: Mapping[Irrep, RowBasis]) -> Entries:
    """Entries of a block, those of equal rows (and distance) summed, zeros left out."""
    source, target = bases[block.source], bases[block.target]
    coupled = _coupling(block, edges.harmonics)
    n_from, n_to = coupled.shape[2:]
    if source.atoms is not None:
        turned = source.atoms[edges.senders].transpose(0, 2, 1)
        coupled = turned[:, None] @ coupled
    if target.atoms is not None:
        coupled = coupled @ target.atoms[target.orbits.sites[edges.receivers]][:, None]
    site = source.orbits.site_of[edges.senders]
    rows_from = source.starts[site][:, None] + np.arange(n_from)
    rows_to = target.starts[edges.receivers][:, None] + np.arange(n_to)
    exists = (
        (np.arange(n_from) < source.sizes[site][:, None])[:, :, None]
        & (np.arange(n_to) < target.sizes[edges.receivers][:, None])[:, None, :]
        & (np.abs(coupled).max(axis=1) > NOTHING)
    )
    edge, first, second = np.nonzero(exists)
    weights = coupled[edge, :, first, second]
    senders, targets = rows_from[edge, first], rows_to[edge, second]
    distances = edges.distances[edge]
    key = (targets * max(1, source.sizes.sum()) + senders) * len(edges.lengths) + distances
    first_of_key, summed = sum_equal(key, weights)
    kept = np.abs(summed).max(axis=1, initial=0.0) > NOTHING
    chosen = first_of_key[kept]
    return Entries(
        targets=targets[chosen],
        senders=senders[chosen],
        distances=edges.lengths[distances[chosen]],
        weights=summed[kept],
    )


def _coupling(block: Block, harmonics: np.ndarray) -> Float[np.ndarray, "edge basis m_from m_to"]:
    """Harmonics contracted with the Clebsch-Gordan coefficients of each degree of a block."""
    source, target = block.source[0], block.target[0]
    parts: list[np.ndarray] = []
    for degree in block.degrees:
        columns = harmonics[:, :, degree**2 : (degree + 1) ** 2]
        parts.append(columns @ _flat_coefficients(source, degree, target))
    joined = np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]
    return joined.reshape(*joined.shape[:2], 2 * source + 1, 2 * target + 1)


@lru_cache(maxsize=64)
def _flat_coefficients(source: int, degree: int, target: int) -> np.ndarray:
    table = clebsch_gordan(source, degree, target).transpose(1, 0, 2)
    return np.ascontiguousarray(table.reshape(2 * degree + 1, -1))
