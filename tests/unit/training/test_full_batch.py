from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch
from ase.build import bulk
from torch import Tensor

from betenet.graphs import build_graph
from betenet.network.batch import collate
from betenet.network.config import NetworkConfig
from betenet.network.geometry import joint_geometry
from betenet.network.layers import Parameters
from betenet.network.model import forward_member, initialise, member_parameters
from betenet.training.full_batch import FullBatch

TINY = replace(
    NetworkConfig.paper(), width=3, embedding=5, radial_hidden=6, radial_size=4, frequency_count=12
)
OWN = replace(NetworkConfig(), width=4, embedding=5, hidden=6, peaks=2, frequency_count=12)
CRYSTALS = [
    bulk("Nb", "bcc", a=3.3),
    bulk("MgO", "rocksalt", a=4.21),
    bulk("ZnO", "wurtzite", a=3.25, c=5.21),
    bulk("TiN", "rocksalt", a=4.24),
]
BAGS = torch.tensor([[1.0, 2.0, 0.0, 0.0], [0.0, 1.0, 1.0, 1.0], [1.0, 0.0, 1.0, 0.0]])
OPTIMIZER = partial(torch.optim.AdamW, lr=0.01, weight_decay=0.0)


def target(config: NetworkConfig) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    shape = (len(CRYSTALS), config.frequency_count)
    return torch.rand(shape, generator=generator, dtype=torch.float64)


def trainer(
    config: NetworkConfig, parameters: Parameters, bags: Tensor = BAGS, **options: Any
) -> FullBatch:
    graphs = [build_graph(atoms, config.cutoff) for atoms in CRYSTALS]
    y = target(config)
    return FullBatch(
        config,
        parameters,
        collate([joint_geometry(graphs, config)], config, torch.float64),
        lambda a2f: (a2f - y).square().mean(1),
        train=bags.double(),
        held_out=(bags == 0).double(),
        make_optimizer=OPTIMIZER,
        **options,
    )


def start(config: NetworkConfig) -> Parameters:
    return initialise(config, [3, 4, 5], torch.float64)


@pytest.mark.parametrize("config", [TINY, OWN], ids=["paper", "own"])
def test_step_is_that_of_plain_autograd_on_the_bag(config: NetworkConfig) -> None:
    """One member, its bag alone in the batch, no weights, no other members."""
    training = trainer(config, start(config))
    losses = [training.step() for _ in range(3)]
    bag = [index for index in range(len(CRYSTALS)) if BAGS[0, index] > 0]
    graphs = [build_graph(CRYSTALS[index], config.cutoff) for index in bag]
    g = collate([joint_geometry(graphs, config)], config, torch.float64)
    weights = {k: v.requires_grad_() for k, v in member_parameters(start(config), 0).items()}
    optimizer = OPTIMIZER(weights.values())
    for train, _ in losses:
        each = (forward_member(config, weights, g).a2f - target(config)[bag]).square().mean(1)
        loss = (each * BAGS[0, bag]).sum()
        assert float(train[0]) == pytest.approx(float(loss.detach()), rel=1e-10)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    for name, value in training.parameters.items():
        assert torch.allclose(value[0], weights[name], rtol=1e-8, atol=1e-12), name


@pytest.mark.parametrize("config", [TINY, OWN], ids=["paper", "own"])
def test_members_in_one_pass_go_the_way_of_members_in_a_row(config: NetworkConfig) -> None:
    alone = trainer(config, start(config), batched=False)
    together = trainer(config, start(config), batched=True)
    for _ in range(3):
        for one, other in zip(alone.step(), together.step(), strict=True):
            assert torch.allclose(one, other, rtol=1e-10, atol=0)
    expected = alone.parameters
    for name, value in together.parameters.items():
        assert torch.allclose(value, expected[name], rtol=1e-8, atol=1e-12), name


def test_member_does_not_depend_on_its_company() -> None:
    together = trainer(TINY, start(TINY))
    last = {name: value[2:] for name, value in start(TINY).items()}
    alone = trainer(TINY, last, BAGS[2:])
    for _ in range(2):
        assert float(together.step()[0][2]) == float(alone.step()[0][0])


def test_held_out_loss_is_that_of_the_rest() -> None:
    held_out = trainer(TINY, start(TINY)).step()[1]
    swapped = trainer(TINY, start(TINY), (BAGS == 0).float()).step()[0]
    assert torch.allclose(held_out, swapped, rtol=1e-12)


def test_training_learns_and_leaves_its_start_alone() -> None:
    parameters = start(OWN)
    before = {name: value.clone() for name, value in parameters.items()}
    training = trainer(OWN, parameters)
    first = training.step()[0]
    for _ in range(30):
        last = training.step()[0]
    assert (last < 0.9 * first).all()
    assert all(torch.equal(parameters[name], value) for name, value in before.items())
    assert not torch.equal(training.parameters["readout.bias"], before["readout.bias"])
