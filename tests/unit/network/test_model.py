from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
import torch
from ase import Atoms
from ase.build import bulk
from torch import Tensor

from betenet.graphs import build_graph
from betenet.network.config import NetworkConfig
from betenet.network.geometry import Geometry, collate, crystal_geometry
from betenet.network.layout import LayerLayout, irrep_name, network_layout
from betenet.network.model import (
    forward,
    forward_member,
    initialise,
    member_parameters,
    parameter_shapes,
)

TINY = replace(
    NetworkConfig(),
    cutoff=4.0,
    lmax=2,
    layers=3,
    width=3,
    embedding=5,
    radial_size=4,
    radial_hidden=6,
    peaks=2,
    hidden=5,
    frequency_count=12,
)
SHAPES: dict[str, dict[str, Any]] = {
    "own": {},
    "full parity": {"parity": "full", "layers": 4, "lmax": 1},
    "radial network": {"radial": "network", "radial_basis": "gaussian"},
    "full products": {"node_product": "full", "elements": "mass-one-hot", "merge_paths": False},
    "bins": {"readout": "bins", "composition": False},
    "one layer": {"layers": 1},
}


def low_symmetry() -> Atoms:
    """No symmetry that would set a feature, and thus a gradient, to zero."""
    atoms = bulk("TiN", "rocksalt", a=4.24, cubic=True)
    atoms.rattle(0.2, seed=1)
    return atoms


def geometry(config: NetworkConfig) -> Geometry:
    crystals = [low_symmetry(), bulk("Nb", "bcc", a=3.3)]
    graphs = [build_graph(atoms, config.cutoff) for atoms in crystals]
    return collate([crystal_geometry(graph, config) for graph in graphs], config, torch.float64)


def shifted_parameters(config: NetworkConfig) -> dict[str, Tensor]:
    """One member, away from the zeros that some parameters start at."""
    generator = torch.Generator().manual_seed(5)
    return {
        name: value + 0.1 * torch.randn(value.shape, generator=generator, dtype=value.dtype)
        for name, value in member_parameters(initialise(config, [1], torch.float64), 0).items()
    }


@pytest.mark.parametrize("changes", SHAPES.values(), ids=SHAPES)
def test_members_stand_on_the_leading_axis(changes: dict[str, Any]) -> None:
    config = replace(TINY, **changes)
    g = geometry(config)
    parameters = initialise(config, [7, 8, 9], torch.float64)
    shapes = parameter_shapes(config)
    assert {name: tuple(value.shape) for name, value in parameters.items()} == {
        name: (3, *shape) for name, shape in shapes.items()
    }
    output = forward(config, parameters, g)
    assert output.a2f.shape == (3, 2, config.frequency_count)
    assert output.site_a2f.shape == (3, 9, config.frequency_count)
    for member in range(3):
        alone = forward_member(config, member_parameters(parameters, member), g)
        assert torch.allclose(output.a2f[member], alone.a2f, rtol=1e-12, atol=0)
        assert torch.allclose(output.site_a2f[member], alone.site_a2f, rtol=1e-12, atol=0)
        dos = output.fermi_dos[member]
        assert torch.allclose(dos, alone.fermi_dos, rtol=1e-12, atol=0, equal_nan=True)
    assert not torch.allclose(output.a2f[0], output.a2f[1], rtol=1e-3)


def test_a_seed_gives_one_member_whatever_its_company() -> None:
    several, alone = initialise(TINY, [3, 4]), initialise(TINY, [4])
    for name, value in alone.items():
        assert torch.equal(value[0], several[name][1])
    assert not torch.equal(several["embedding.weight"][0], several["embedding.weight"][1])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_precision_follows_the_parameters(dtype: torch.dtype) -> None:
    graph = build_graph(low_symmetry(), TINY.cutoff)
    g = collate([crystal_geometry(graph, TINY)], TINY, dtype)
    output = forward(TINY, initialise(TINY, [0], dtype), g)
    assert {output.a2f.dtype, output.site_a2f.dtype, output.fermi_dos.dtype} == {dtype}


@pytest.mark.parametrize("changes", SHAPES.values(), ids=SHAPES)
def test_gradients_are_finite_differences(changes: dict[str, Any]) -> None:
    config = replace(TINY, **changes)
    g = geometry(config)
    generator = torch.Generator().manual_seed(2)
    parameters = {n: v.requires_grad_() for n, v in shifted_parameters(config).items()}
    start = forward_member(config, parameters, g).site_a2f
    factors = torch.randn(start.shape, generator=generator, dtype=torch.float64)
    factors /= start.detach().abs().sum()

    def value(point: dict[str, Tensor]) -> Tensor:
        return (forward_member(config, point, g).site_a2f * factors).sum()

    value(parameters).backward()
    still = {name: weight.detach() for name, weight in parameters.items()}
    step = 1e-5
    for name, weight in parameters.items():
        direction = torch.randn(weight.shape, generator=generator, dtype=torch.float64)
        direction /= direction.norm()
        ends = [value({**still, name: still[name] + s * direction}) for s in (step, -step)]
        slope = float(ends[0] - ends[1]) / (2 * step)
        expected = 0.0 if weight.grad is None else float((weight.grad * direction).sum())
        assert slope == pytest.approx(expected, rel=1e-5, abs=1e-9), name


def is_live(name: str, layers: list[LayerLayout]) -> bool:
    """Whether the layout says that a parameter can reach the output."""
    if not name.startswith("layers."):
        return True
    _, index, kind, what, *_ = name.split(".")
    layer = layers[int(index)]
    reaching = [block for block in layer.blocks if block.target in layer.live]
    if kind == "radial":
        return what in {"hidden", "out"} | {block.name for block in reaching}
    if kind == "lin1":
        return what in {irrep_name(block.source) for block in reaching}
    return what in {irrep_name(irrep) for irrep in layer.live}


@pytest.mark.parametrize(("lmax", "parity"), list(product(range(4), ("natural", "full"))))
@pytest.mark.parametrize("radial", ["linear", "network"])
def test_gradient_reaches_what_is_live_and_nothing_else(
    lmax: int, parity: str, radial: str
) -> None:
    config = replace(TINY, lmax=lmax, parity=parity, radial=radial, layers=4)
    parameters = {n: v.requires_grad_() for n, v in shifted_parameters(config).items()}
    forward_member(config, parameters, geometry(config)).a2f.square().sum().backward()
    layers = network_layout(config)
    live = {name for name in parameters if is_live(name, layers)}
    reached = {n for n, v in parameters.items() if v.grad is not None and bool((v.grad != 0).any())}
    assert reached == live
    assert all(torch.isfinite(parameters[name].grad).all() for name in live)
    dead = len(parameters) - len(live)
    assert (dead > 0) == (parity == "full" and lmax > 0)
