from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from ase.build import bulk
from torch import Tensor

from betenet.errors import ConfigError, ModelError
from betenet.graphs import build_graph
from betenet.network.batch import collate
from betenet.network.config import NetworkConfig
from betenet.network.geometry import joint_geometry
from betenet.network.layers import Parameters
from betenet.network.model import forward_member, initialise, member_parameters
from betenet.training.full_batch import FullBatch
from betenet.training.full_batch_member import FullBatchData
from betenet.training.loss_landscape import filter_normalised_directions, loss_landscape, sharpness

PAPER = replace(
    NetworkConfig.paper(), width=3, embedding=5, radial_hidden=6, radial_size=4, frequency_count=12
)
OWN = replace(NetworkConfig(), width=4, embedding=5, hidden=6, peaks=2, frequency_count=12)
CONFIGS = pytest.mark.parametrize("config", [PAPER, OWN], ids=["paper", "own"])
CRYSTALS = [
    bulk("Nb", "bcc", a=3.3),
    bulk("MgO", "rocksalt", a=4.21),
    bulk("ZnO", "wurtzite", a=3.25, c=5.21),
    bulk("TiN", "rocksalt", a=4.24),
]
COUNTS = torch.tensor([1.0, 2.0, 0.0, 0.0], dtype=torch.float64)


def weights(config: NetworkConfig, seed: int = 3) -> Parameters:
    parameters = member_parameters(initialise(config, [seed], torch.float64), 0)
    if config.node_product == "full":  # a new one says next to nothing, whatever its weights
        parameters["embedding.weight"] *= 4.0
    return parameters


def data(config: NetworkConfig) -> FullBatchData:
    graphs = [build_graph(atoms, config.cutoff) for atoms in CRYSTALS]
    generator = torch.Generator().manual_seed(0)
    known = torch.rand(len(CRYSTALS), config.frequency_count, generator=generator).double()
    return FullBatchData(
        geometry=collate([joint_geometry(graphs, config)], config, torch.float64),
        loss=lambda a2f: (a2f - known).square().mean(1),
        train=COUNTS / 3,
        held_out=(COUNTS == 0).double() / 2,
    )


def losses(config: NetworkConfig, parameters: Parameters, crystals: FullBatchData) -> list[float]:
    """Training and validation loss as the trainer sees them."""
    trainer = FullBatch(
        config,
        {name: value[None] for name, value in parameters.items()},
        crystals.geometry,
        crystals.loss,
        train=crystals.train[None],
        held_out=crystals.held_out[None],
        make_optimizer=lambda group: torch.optim.SGD(group, lr=0.0),
    )
    return [float(loss[0]) for loss in trainer.step()]


def filters(table: Parameters) -> list[Tensor]:
    """One by one, of parameters with inputs."""
    whole = [value for _, value in sorted(table.items()) if value.ndim > 1]
    return [value[..., out].flatten() for value in whole for out in range(value.shape[-1])]


@CONFIGS
def test_directions_have_the_filters_lengths_and_are_orthogonal(config: NetworkConfig) -> None:
    config = replace(config, sources=("bete_net", "jarvis"))
    parameters = weights(config)
    one, other = filter_normalised_directions(parameters, 2, seed=1)
    known = filters(parameters)
    assert len(known) > 100
    for w, a, b in zip(known, filters(one), filters(other), strict=True):
        assert float(a.norm()) == pytest.approx(float(w.norm()), rel=1e-12)
        assert float(b.norm()) == pytest.approx(float(w.norm()), rel=1e-12)
        assert abs(float(a @ b)) < 1e-12 * float(w @ w)
    for name in (name for name, value in parameters.items() if value.ndim == 1):
        assert not one[name].any()
        assert not other[name].any()


def test_single_weights_stay_where_they_are() -> None:
    parameters = {"narrow": torch.ones(1, 4), "pair": torch.ones(2, 4), "bias": torch.ones(4)}
    (alone,) = filter_normalised_directions(parameters, 1)
    assert not alone["narrow"].any()
    assert not alone["bias"].any()
    assert alone["pair"].norm(dim=0).tolist() == pytest.approx([2**0.5] * 4)
    three = filter_normalised_directions(parameters, 3)
    assert not any(direction["pair"].any() for direction in three)


def test_single_precision_stays() -> None:
    parameters = initialise(PAPER, [0], torch.float32)
    one, other = filter_normalised_directions(member_parameters(parameters, 0), 2)
    assert {value.dtype for value in one.values()} == {torch.float32}
    total = sum(float((one[name] * other[name]).sum()) for name in one)
    length = sum(float(value.square().sum()) for value in one.values())
    assert abs(total) < 1e-6 * length


def test_no_way_within_a_filter_is_preferred() -> None:
    w = torch.tensor([[3.0], [0.0], [4.0]], dtype=torch.float64)
    pairs = [filter_normalised_directions({"w": w}, 2, seed) for seed in range(1500)]
    for drawn in zip(*pairs, strict=True):
        columns = torch.cat([one["w"] for one in drawn], dim=1)
        covariance = columns @ columns.T / columns.shape[1]
        assert torch.allclose(covariance, torch.eye(3).double() * 25 / 3, atol=0.7)


def test_seed_decides_and_not_the_order_of_the_table() -> None:
    parameters = weights(PAPER)
    reordered = dict(reversed(parameters.items()))
    draws = [
        filter_normalised_directions(table, 1, seed)[0]
        for table, seed in ((parameters, 1), (reordered, 1), (parameters, 2))
    ]
    name = "layers.1.lin1.0e"
    assert torch.equal(draws[0][name], draws[1][name])
    assert not torch.allclose(draws[0][name], draws[2][name])


@CONFIGS
def test_plane_holds_the_losses_of_the_trainer(config: NetworkConfig) -> None:
    parameters, crystals = weights(config), data(config)
    plane = loss_landscape(config, parameters, crystals, span=0.2, n_points=3, seed=5)
    assert np.ptp(plane.train) > 1e-3 * plane.train.min()
    assert plane.alpha.tolist() == plane.beta.tolist() == [-0.2, 0.0, 0.2]
    first, second = filter_normalised_directions(parameters, 2, 5)
    for row, column in ((1, 1), (0, 2), (2, 1)):
        a, b = plane.alpha[column], plane.beta[row]
        there = {name: w + a * first[name] + b * second[name] for name, w in parameters.items()}
        found = [plane.train[row, column], plane.held_out[row, column]]
        assert found == pytest.approx(losses(config, there, crystals), rel=1e-10)


def test_plane_is_that_of_the_function_not_of_its_weights() -> None:
    """Messages are linear: what one map is scaled up by, the next can take back."""
    parameters, crystals = weights(PAPER), data(PAPER)
    scaled = dict(parameters)
    for name in parameters:
        if ".lin1." in name:
            scaled[name] = parameters[name] * 50.0
        elif ".lin2." in name:
            scaled[name] = parameters[name] / 50.0
    options: dict[str, Any] = {"span": 0.4, "n_points": 3}
    plane = loss_landscape(PAPER, parameters, crystals, **options)
    other = loss_landscape(PAPER, scaled, crystals, **options)
    assert np.ptp(plane.train) > 1e-3 * plane.train.min()
    np.testing.assert_allclose(other.train, plane.train, rtol=1e-9)
    np.testing.assert_allclose(other.held_out, plane.held_out, rtol=1e-9)


@CONFIGS
def test_rise_is_the_curvature(config: NetworkConfig) -> None:
    """Far from any minimum, so a slope that did not cancel would be much larger."""
    parameters, crystals = weights(config), data(config)
    radii = (1e-4, 2e-4)
    found = sharpness(config, parameters, crystals, radii=radii, n_directions=2, seed=7)
    assert [found.train, found.held_out] == pytest.approx(
        losses(config, parameters, crystals), rel=1e-10
    )
    for number in range(2):
        (direction,) = filter_normalised_directions(parameters, 1, 7 + number)
        step = torch.zeros((), dtype=torch.float64, requires_grad=True)
        moved = {name: w + step * direction[name] for name, w in parameters.items()}
        each = crystals.loss(forward_member(config, moved, crystals.geometry).a2f)
        for share, rise in (
            (crystals.train, found.train_rise),
            (crystals.held_out, found.held_out_rise),
        ):
            (slope,) = torch.autograd.grad(each @ share, step, create_graph=True)
            (curvature,) = torch.autograd.grad(slope, step, retain_graph=True)
            expected = [float(curvature) * radius**2 / 2 for radius in radii]
            assert rise[number].tolist() == pytest.approx(expected, rel=1e-4, abs=1e-13)
            assert abs(float(slope.detach())) * radii[0] > 100 * abs(expected[0])


@pytest.mark.parametrize(
    "options", [{"span": 0.0}, {"span": float("inf")}, {"n_points": 4}, {"n_points": 1}]
)
def test_plane_needs_an_extent_and_a_middle(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="No plane"):
        loss_landscape(PAPER, weights(PAPER), data(PAPER), **options)


@pytest.mark.parametrize("options", [{"radii": ()}, {"radii": (0.1, -0.1)}, {"n_directions": 0}])
def test_sharpness_needs_directions_and_distances(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="No sharpness"):
        sharpness(PAPER, weights(PAPER), data(PAPER), **options)


def test_loss_that_is_no_number_is_said() -> None:
    broken = weights(PAPER)
    broken["embedding.bias"] = torch.full_like(broken["embedding.bias"], torch.inf)
    with pytest.raises(ModelError, match="not finite at 9 points"):
        loss_landscape(PAPER, broken, data(PAPER), n_points=3)
