"""What a force field knows of each site, as an input of the network.

MatterSim was trained on the energies and forces of millions of crystals, many of them far from
equilibrium and under pressure. What it makes of a site and its surroundings before it gives its
energy carries that knowledge to the few thousand crystals whose α²F is known.

References
----------
Yang et al., arXiv:2405.04967 (2024).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files

import numpy as np
import torch
from jaxtyping import Float

from betenet.graphs import CrystalGraph
from betenet.network.config import FORCE_FIELD_CUTOFF, NetworkConfig
from betenet.phonons.mattersim.message_passing import Pairs
from betenet.phonons.mattersim.network import MatterSim
from betenet.phonons.mattersim.weights import SHIPPED, read_weights

SPREAD = 0.5
"""Standard deviation of each input over the sites of the structures that training knows."""
EDGES_AT_ONCE = 20_000
"""Edges of the crystals that are computed together: more take memory and save no time."""


def force_field_inputs(
    graphs: Sequence[CrystalGraph], config: NetworkConfig
) -> list[Float[np.ndarray, "atom input"]]:
    """What the force field of a configuration makes of each atom, scaled alike for all inputs.

    Parameters
    ----------
    graphs
        Crystals, with neighbours at least as far as the force field looks.
    config
        Settings of the network, which name the force field.
    """
    network = _force_field(config.site_source)
    mean, deviation = _scale(config.site_source)
    found: list[np.ndarray] = []
    start = 0
    while start < len(graphs):
        stop, edges = start + 1, len(graphs[start].receivers)
        while stop < len(graphs) and edges + len(graphs[stop].receivers) <= EDGES_AT_ONCE:
            edges += len(graphs[stop].receivers)
            stop += 1
        found += _described(network, graphs[start:stop])
        start = stop
    return [(one - mean) / deviation * SPREAD for one in found]


def _described(network: MatterSim, graphs: Sequence[CrystalGraph]) -> list[np.ndarray]:
    centres: list[np.ndarray] = []
    neighbours: list[np.ndarray] = []
    vectors: list[np.ndarray] = []
    first = 0
    for graph in graphs:
        lengths = np.linalg.norm(graph.vectors, axis=1)
        near = np.flatnonzero((lengths > 0) & (lengths < FORCE_FIELD_CUTOFF))
        near = near[np.argsort(graph.receivers[near], kind="stable")]
        centres.append(graph.receivers[near] + first)
        neighbours.append(graph.senders[near] + first)
        vectors.append(graph.vectors[near])
        first += graph.n_sites
    pairs = Pairs(*(torch.as_tensor(np.concatenate(ends)) for ends in (centres, neighbours)))
    numbers = torch.as_tensor(np.concatenate([graph.numbers for graph in graphs]).astype(np.int64))
    with torch.no_grad():
        atoms = network.describe(numbers, pairs, torch.as_tensor(np.concatenate(vectors)))
    return np.split(atoms.double().numpy(), np.cumsum([graph.n_sites for graph in graphs])[:-1])


@lru_cache(maxsize=2)
def _force_field(name: str) -> MatterSim:
    """The shipped parameters, whatever others a user has: predictions depend on them."""
    return MatterSim(*read_weights(SHIPPED / f"{name}.safetensors"), dtype=torch.float64)


@lru_cache(maxsize=2)
def _scale(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each number over the sites that training knows (input,)."""
    table = np.loadtxt(str(files("betenet.network") / f"{name}.csv"), delimiter=",", skiprows=1)
    return table[:, 0], table[:, 1]
