"""Numbers given for each site, in the network's own configuration."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from torch import Tensor

from betenet.errors import ConfigError
from betenet.graphs import build_graph
from betenet.network.batch import collate
from betenet.network.config import NetworkConfig
from betenet.network.geometry import crystal_geometry, joint_geometry
from betenet.network.model import forward, initialise
from betenet.structures import find_symmetry

N_INPUTS = 3
TINY = replace(
    NetworkConfig(),
    site_inputs=N_INPUTS,
    cutoff=4.0,
    layers=2,
    width=3,
    embedding=5,
    radial_size=4,
    radial_hidden=6,
    peaks=2,
    hidden=5,
    frequency_count=12,
)
SETTINGS: dict[str, dict[str, Any]] = {
    "gated": {},
    "full": {"node_product": "full"},
    "paper's elements": {"elements": "mass-one-hot", "node_product": "full"},
    "radial network": {"radial": "network", "lmax": 3},
}


def wurtzite() -> Atoms:
    return bulk("ZnO", "wurtzite", a=3.25, c=5.21)


def inputs_of(atoms: Atoms) -> np.ndarray:
    """The same for equivalent atoms: it depends on the element."""
    return np.outer(1 + np.asarray(atoms.numbers) % 5, [0.1, 0.2, -0.1])


def spectra(config: NetworkConfig, inputs: np.ndarray, **options: Any) -> Tensor:
    atoms = wurtzite()
    symmetry = find_symmetry(atoms) if options.pop("symmetric", False) else None
    one = crystal_geometry(build_graph(atoms, config.cutoff), config, symmetry, inputs)
    g = collate([one, one], config, torch.float64)
    return forward(config, initialise(config, [0, 1], torch.float64), g, **options).site_a2f


@pytest.mark.parametrize("changes", SETTINGS.values(), ids=SETTINGS)
def test_they_matter_and_go_with_symmetry_and_with_members_at_once(changes: dict[str, Any]) -> None:
    config = replace(TINY, **changes)
    inputs = inputs_of(wurtzite())
    found = spectra(config, inputs)
    assert found.shape == (2, 8, config.frequency_count)
    assert torch.allclose(found[:, :4], found[:, 4:], rtol=1e-10)
    assert torch.allclose(spectra(config, inputs, symmetric=True), found, rtol=1e-9)
    assert torch.allclose(spectra(config, inputs, batched=True), found, rtol=1e-9)
    assert not torch.allclose(spectra(config, 2 * inputs), found, rtol=1e-6)


def test_one_site_can_differ_from_its_equivalents() -> None:
    inputs = inputs_of(wurtzite())
    inputs[0] += 1.0
    found = spectra(TINY, inputs)[:, :4]
    assert not torch.allclose(found[:, 0], found[:, 2], rtol=1e-3)
    numbers = wurtzite().numbers
    assert numbers[0] == numbers[2]
    # under symmetry the two are one site, which has their mean
    mean = spectra(TINY, inputs, symmetric=True)[:, :4]
    assert torch.allclose(mean[:, 0], mean[:, 2], rtol=1e-12)


def test_inputs_stay_with_their_atoms_in_a_batch() -> None:
    graphs = [build_graph(atoms, TINY.cutoff) for atoms in (bulk("Nb", "bcc", a=3.3), wurtzite())]
    inputs = [np.full((graph.n_sites, N_INPUTS), float(k)) for k, graph in enumerate(graphs)]
    together = joint_geometry(graphs, TINY, None, inputs)
    assert together.site_inputs is not None
    assert together.site_inputs[:, 0].tolist() == [0.0, 1.0, 1.0, 1.0, 1.0]
    parts = [crystal_geometry(g, TINY, None, x) for g, x in zip(graphs, inputs, strict=True)]
    batch = collate(parts, TINY)
    assert batch.site_inputs is not None
    assert batch.site_inputs[:, 0].tolist() == [0.0, 1.0, 1.0, 1.0, 1.0]


@pytest.mark.parametrize("shape", [None, (4, N_INPUTS + 1), (3, N_INPUTS)])
def test_wrong_inputs_are_refused(shape: tuple[int, int] | None) -> None:
    graph = build_graph(wurtzite(), TINY.cutoff)
    inputs = None if shape is None else np.zeros(shape)
    with pytest.raises(ConfigError, match=rf"\(atom, {N_INPUTS}\)"):
        crystal_geometry(graph, TINY, None, inputs)


def test_inputs_nobody_asked_for_are_refused() -> None:
    config = replace(TINY, site_inputs=0)
    with pytest.raises(ConfigError, match="not what the network asks for"):
        crystal_geometry(build_graph(wurtzite(), 4.0), config, None, np.zeros((4, N_INPUTS)))
