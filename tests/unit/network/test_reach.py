"""Rows that stay zero are left out: nothing else is, and nothing changes."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk

from betenet.graphs import build_graph
from betenet.network.batch import collate
from betenet.network.config import NetworkConfig
from betenet.network.geometry import all_rows, crystal_geometry
from betenet.network.layers import convolution, gate
from betenet.network.layout import SCALAR, network_layout
from betenet.network.model import forward_member, initialise, member_parameters

CONFIG = replace(
    NetworkConfig(),
    cutoff=4.0,
    lmax=2,
    layers=4,
    width=3,
    embedding=5,
    radial_size=4,
    radial_hidden=6,
    peaks=2,
    hidden=5,
    frequency_count=12,
)
SETTINGS: dict[str, dict[str, Any]] = {
    f"l{lmax}-{parity}-{radial}": {"lmax": lmax, "parity": parity, "radial": radial}
    for lmax, parity, radial in product((1, 2, 3), ("natural", "full"), ("linear", "network"))
}


def chain() -> Atoms:
    """Features can only point along z."""
    atoms = Atoms("NbCTi", positions=[[0, 0, 0], [0, 0, 2.1], [0, 0, 4.5]], cell=[9, 9, 6.7])
    atoms.pbc = True
    return atoms


CRYSTALS = {
    "bcc": bulk("Nb", "bcc", a=3.3),
    "wurtzite": bulk("ZnO", "wurtzite", a=3.25, c=5.21),
    "diamond": bulk("Si", "diamond", a=5.43),
    "chain": chain(),
}


@pytest.mark.parametrize("changes", SETTINGS.values(), ids=SETTINGS)
def test_outputs_and_gradients_are_those_of_all_rows(changes: dict[str, Any]) -> None:
    config = replace(CONFIG, **changes)
    graphs = [build_graph(atoms, config.cutoff) for atoms in CRYSTALS.values()]
    found: list[list[torch.Tensor]] = []
    sizes: list[int] = []
    for crystals in (
        [crystal_geometry(graph, config) for graph in graphs],
        [all_rows([graph], config) for graph in graphs],
    ):
        weights = member_parameters(initialise(config, [1], torch.float64), 0)
        weights = {name: value.requires_grad_() for name, value in weights.items()}
        g = collate(crystals, config, torch.float64)
        sizes.append(sum(rows.element.shape[0] for rows in g.rows.values()))
        output = forward_member(config, weights, g).site_a2f
        output.square().sum().backward()
        gradients = [torch.zeros_like(v) if v.grad is None else v.grad for v in weights.values()]
        found.append([output.detach(), *gradients])
    assert sizes[0] < 0.7 * sizes[1]
    # a parameter whose every use cancels has a gradient of rounding errors
    rounding = 1e-13 * max(float(many.abs().max()) for many in found[1])
    for few, many in zip(*found, strict=True):
        assert torch.allclose(few, many, rtol=1e-9, atol=rounding)


@pytest.mark.parametrize("name", CRYSTALS)
def test_exactly_the_rows_that_are_always_zero_are_left_out(name: str) -> None:
    graph = build_graph(CRYSTALS[name], CONFIG.cutoff)
    whole, few = all_rows([graph], CONFIG), crystal_geometry(graph, CONFIG)
    g = collate([whole], CONFIG, torch.float64)
    weights = member_parameters(initialise(CONFIG, [2], torch.float64), 0)
    z = torch.rand(len(g.present), CONFIG.embedding, dtype=torch.float64)
    features = {SCALAR: z}
    largest = {irrep: np.zeros(len(rows)) for irrep, rows in whole.rows.items()}
    for index, layout in enumerate(network_layout(CONFIG)[:-1]):
        outputs = convolution(CONFIG, weights, index, features, z, g)
        features = gate(layout, outputs, g)
        for irrep, value in features.items():
            largest[irrep] = np.maximum(largest[irrep], value.abs().max(dim=1).values.numpy())
    for irrep, sites in whole.rows.items():
        assert few.rows[irrep].tolist() == sites[largest[irrep] > 1e-9].tolist(), irrep


def test_a_chain_has_one_component_of_each_degree() -> None:
    found = crystal_geometry(build_graph(chain(), CONFIG.cutoff), CONFIG)
    vectors = found.rows[1, -1]
    assert vectors.tolist() == [0, 1, 2]
