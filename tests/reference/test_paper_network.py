"""The paper's network as a configuration, against a plain e3nn build with the same weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from torch import Tensor

from betenet.graphs import build_graph
from betenet.network.batch import Geometry, collate
from betenet.network.config import NetworkConfig
from betenet.network.elements import element_inputs
from betenet.network.geometry import crystal_geometry, joint_geometry
from betenet.network.model import forward, initialise, parameter_shapes
from betenet.structures import find_symmetry, prepare_structures

if TYPE_CHECKING:
    from tests.reference.paper_network import PaperNetwork

PAPER = NetworkConfig.paper()
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
TOLERANCE = 1e-6
MEMBERS = 2


def crystals() -> list[Atoms]:
    """Shipped examples, textbook crystals, and one where symmetry forbids nothing."""
    examples = [EXAMPLES / f"{name}.cif" for name in ("Nb", "MgB2", "NbC", "V3Si", "CaH6")]
    structures = [record.atoms for record in prepare_structures(examples)]
    structures += [
        bulk("Al", "fcc", a=4.05),
        bulk("GaAs", "zincblende", a=5.65),
        bulk("ZnO", "wurtzite", a=3.25, c=5.21),
        bulk("Cs", "bcc", a=6.05),  # no neighbour within 4 Å
    ]
    distorted = bulk("TiN", "rocksalt", a=4.24, cubic=True)
    distorted.rattle(0.2, seed=1)
    return [*structures, distorted]


def largest_difference(found: Tensor, expected: Tensor) -> float:
    """Relative to the largest number expected."""
    return float((found - expected).detach().abs().max() / expected.detach().abs().max())


@pytest.fixture(scope="module")
def network(paper: Any) -> PaperNetwork:
    return paper.paper_network()


@pytest.fixture(scope="module", params=[False, True], ids=["every atom", "symmetry"])
def geometry(request: pytest.FixtureRequest) -> Geometry:
    single = [
        crystal_geometry(
            build_graph(atoms, PAPER.cutoff), PAPER, find_symmetry(atoms) if request.param else None
        )
        for atoms in crystals()
    ]
    return collate(single, PAPER, torch.float64)


@pytest.fixture(scope="module")
def parameters() -> dict[str, Tensor]:
    """Biases start at zero; here they are not, so that their place matters."""
    parameters = initialise(PAPER, list(range(MEMBERS)), torch.float64)
    generator = torch.Generator().manual_seed(3)
    shape = parameters["embedding.bias"].shape
    parameters["embedding.bias"] = torch.rand(shape, generator=generator, dtype=torch.float64)
    return parameters


def test_number_of_parameters(network: PaperNetwork) -> None:
    ours = sum(int(np.prod(shape)) for shape in parameter_shapes(PAPER).values())
    assert ours == 2_456_312
    assert sum(weight.numel() for weight in network.parameters()) == ours


def test_packing_keeps_every_number(paper: Any, network: PaperNetwork) -> None:
    numbered: dict[str, Tensor] = {}
    start = 0
    for name, shape in parameter_shapes(PAPER).items():
        size = int(np.prod(shape))
        numbered[name] = torch.arange(start, start + size).reshape(shape)
        start += size
    packed = paper.pack(network, numbered)
    assert {n: v.shape for n, v in packed.items()} == {
        n: v.shape for n, v in network.named_parameters()
    }
    found = torch.cat([value.reshape(-1) for value in packed.values()])
    assert (torch.bincount(found, minlength=start) == 1).all()


def test_elements_are_one_hot_from_hydrogen_to_oganesson(paper: Any) -> None:
    apart = Atoms(numbers=range(1, 119), cell=[118 * 5, 5, 5], pbc=True)
    apart.positions[:, 0] = 5 * np.arange(118)
    batch = paper.paper_batch([apart])
    features, attributes = element_inputs(PAPER)
    assert np.array_equal(attributes, batch.one_hot.numpy())
    assert np.array_equal(features, batch.mass_one_hot.numpy())


def test_frequencies() -> None:
    assert np.allclose(PAPER.frequencies, np.arange(0.25, 101, 2), rtol=0, atol=1e-12)


@pytest.mark.parametrize("batched", [False, True], ids=["one by one", "members at once"])
def test_outputs_and_gradients(
    paper: Any,
    network: PaperNetwork,
    parameters: dict[str, Tensor],
    geometry: Geometry,
    batched: bool,
) -> None:
    batch = paper.paper_batch(crystals())
    compare(paper, network, batch, PAPER, parameters, geometry, batched)


@pytest.mark.parametrize("symmetric", [False, True], ids=["every atom", "symmetry"])
def test_outputs_and_gradients_with_phonon_densities_of_states(paper: Any, symmetric: bool) -> None:
    """As published: ones beside the element in x, the density of states of each site in z."""
    config = replace(PAPER, site_inputs=PAPER.frequency_count)
    symmetries = [find_symmetry(atoms) for atoms in crystals()]
    random = np.random.default_rng(6)
    densities = []
    for symmetry in symmetries:
        each = random.random((symmetry.images.shape[1], config.site_inputs))
        densities.append(each[symmetry.images.min(axis=0)])  # equivalent atoms have the same
    graphs = [build_graph(atoms, config.cutoff) for atoms in crystals()]
    whole = joint_geometry(graphs, config, symmetries if symmetric else None, densities)
    compare(
        paper,
        paper.paper_network(site_inputs=config.site_inputs),
        paper.paper_batch(crystals(), site_dos=np.concatenate(densities)),
        config,
        initialise(config, list(range(MEMBERS)), torch.float64),
        collate([whole], config, torch.float64),
        batched=False,
    )


def test_number_of_parameters_with_phonon_densities_of_states() -> None:
    shapes = parameter_shapes(replace(PAPER, site_inputs=PAPER.frequency_count))
    assert sum(int(np.prod(shape)) for shape in shapes.values()) == 2_459_576


def compare(
    paper: Any,
    network: PaperNetwork,
    batch: Any,
    config: NetworkConfig,
    parameters: dict[str, Tensor],
    geometry: Geometry,
    batched: bool,
) -> None:
    """Spectra and all gradients of every member."""
    weights = {name: value.clone().requires_grad_() for name, value in parameters.items()}
    output = forward(config, weights, geometry, batched=batched)
    # Another factor for each number, so that no gradient is hidden in a sum.
    generator = torch.Generator().manual_seed(4)
    factors = torch.randn(output.a2f.shape[1:], generator=generator, dtype=torch.float64)
    (output.a2f * factors).sum().backward()

    for member in range(MEMBERS):
        paper.load_member(network, parameters, member)
        network.zero_grad()
        site_a2f, a2f = network(batch)
        (a2f * factors).sum().backward()
        assert largest_difference(output.site_a2f[member], site_a2f) < TOLERANCE
        assert largest_difference(output.a2f[member], a2f) < TOLERANCE
        ours = {
            name: torch.zeros_like(value[member]) if value.grad is None else value.grad[member]
            for name, value in weights.items()
        }
        packed = paper.pack(network, ours)
        for name, weight in network.named_parameters():
            assert float(weight.grad.abs().max()) > 0, name
            assert largest_difference(packed[name], weight.grad) < TOLERANCE, name
