from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
import torch
from ase import Atoms
from ase.build import bulk
from torch import Tensor

from betenet.graphs import build_graph
from betenet.network.batch import Geometry, collate
from betenet.network.config import NetworkConfig
from betenet.network.geometry import crystal_geometry
from betenet.network.layout import LayerLayout, irrep_name, network_layout
from betenet.network.model import (
    NetworkOutput,
    forward,
    forward_member,
    initialise,
    member_parameters,
    parameter_shapes,
)
from betenet.structures import find_symmetry

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
every_shape = pytest.mark.parametrize("changes", SHAPES.values(), ids=SHAPES)


def low_symmetry() -> Atoms:
    """No symmetry that would set a feature, and thus a gradient, to zero."""
    atoms = bulk("TiN", "rocksalt", a=4.24, cubic=True)
    atoms.rattle(0.2, seed=1)
    return atoms


CRYSTALS = [low_symmetry(), bulk("Nb", "bcc", a=3.3)]


def geometry(
    config: NetworkConfig,
    crystals: list[Atoms] = CRYSTALS,
    *,
    symmetry: bool = False,
    dtype: torch.dtype = torch.float64,
    device: str = "cpu",
) -> Geometry:
    single = [
        crystal_geometry(
            build_graph(atoms, config.cutoff), config, find_symmetry(atoms) if symmetry else None
        )
        for atoms in crystals
    ]
    return collate(single, config, dtype, device)


def kinds(output: NetworkOutput) -> list[Tensor]:
    """What the readout gives; `bins` has no density of states."""
    return [x for x in (output.site_a2f, output.a2f, output.fermi_dos) if not x.isnan().any()]


def difference(found: Tensor, expected: Tensor) -> float:
    """Relative to the largest number expected."""
    assert found.shape == expected.shape
    apart = (found.detach() - expected.detach()).abs().max()
    return float(apart / expected.detach().abs().max().clamp(min=1e-300))


def shifted_parameters(config: NetworkConfig) -> dict[str, Tensor]:
    """One member, away from the zeros that some parameters start at."""
    generator = torch.Generator().manual_seed(5)
    return {
        name: value + 0.1 * torch.randn(value.shape, generator=generator, dtype=value.dtype)
        for name, value in member_parameters(initialise(config, [1], torch.float64), 0).items()
    }


@every_shape
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


@every_shape
def test_gradients_are_finite_differences(changes: dict[str, Any]) -> None:
    config = replace(TINY, **changes)
    g = geometry(config)
    generator = torch.Generator().manual_seed(2)
    parameters = {n: v.requires_grad_() for n, v in shifted_parameters(config).items()}
    site_a2f = forward_member(config, parameters, g).site_a2f
    factors = torch.randn(site_a2f.shape, generator=generator, dtype=torch.float64)
    factors /= site_a2f.detach().abs().sum()
    (site_a2f * factors).sum().backward()
    # one member for each end of a step along each parameter, computed in one pass
    step, count = 1e-5, 2 * len(parameters)
    moved = {n: v.detach().repeat(count, *[1] * v.ndim) for n, v in parameters.items()}
    directions: dict[str, Tensor] = {}
    for place, (name, weight) in enumerate(parameters.items()):
        direction = torch.randn(weight.shape, generator=generator, dtype=torch.float64)
        directions[name] = direction / direction.norm()
        moved[name][2 * place] += step * directions[name]
        moved[name][2 * place + 1] -= step * directions[name]
    values = (forward(config, moved, g, batched=True).site_a2f * factors).sum(dim=(1, 2))
    slopes = (values[::2] - values[1::2]) / (2 * step)
    for (name, weight), slope in zip(parameters.items(), slopes.tolist(), strict=True):
        expected = 0.0 if weight.grad is None else float((weight.grad * directions[name]).sum())
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


# ----------------------------------------------------------------------------- many members at once


def shifted_members(config: NetworkConfig, dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
    """Three members, away from the zeros that some parameters start at."""
    generator = torch.Generator().manual_seed(6)
    return {
        name: (value + 0.1 * torch.randn(value.shape, generator=generator)).to(dtype)
        for name, value in initialise(config, [1, 2, 3]).items()
    }


def outputs_and_gradients(
    config: NetworkConfig, members: dict[str, Tensor], g: Geometry, **how: Any
) -> tuple[list[Tensor], dict[str, Tensor]]:
    """With another factor for each number, so that no gradient is hidden in a sum."""
    weights = {name: value.clone().requires_grad_() for name, value in members.items()}
    found = kinds(forward(config, weights, g, **how))
    generator = torch.Generator().manual_seed(4)
    total = sum(
        (x * torch.randn(x.shape, generator=generator, dtype=torch.float64).to(x)).sum()
        for x in found
    )
    assert isinstance(total, Tensor)
    total.backward()
    gradients = {
        name: torch.zeros_like(value) if value.grad is None else value.grad
        for name, value in weights.items()
    }
    return found, gradients


@every_shape
@pytest.mark.parametrize("symmetry", [False, True], ids=["every atom", "symmetry"])
def test_members_in_one_pass_are_members_in_a_loop(changes: dict[str, Any], symmetry: bool) -> None:
    config = replace(TINY, **changes)
    g, members = geometry(config, symmetry=symmetry), shifted_members(config)
    source = torch.tensor([0, 2])
    found, expected = (
        outputs_and_gradients(config, members, g, source=source, batched=batched)
        for batched in (True, False)
    )
    for ours, theirs in zip(found[0], expected[0], strict=True):
        assert difference(ours, theirs) < 1e-12
    for name, theirs in expected[1].items():
        assert difference(found[1][name], theirs) < 1e-12, name


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@every_shape
def test_two_threads_give_what_one_gives(
    changes: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    config = replace(TINY, **changes)
    g, members = geometry(config, symmetry=True), shifted_members(config)
    expected = outputs_and_gradients(config, members, g)
    request.getfixturevalue("two_threads")
    # a batch of its own: what it prepares on first use, it prepares on several threads
    found = outputs_and_gradients(config, members, geometry(config, symmetry=True))
    for ours, theirs in zip(found[0], expected[0], strict=True):
        assert difference(ours, theirs) < 1e-12
    for name, theirs in expected[1].items():
        assert difference(found[1][name], theirs) < 1e-12, name


@pytest.mark.usefixtures("two_threads")
def test_threads_know_whether_gradients_are_wanted() -> None:
    members = {name: value.requires_grad_() for name, value in shifted_members(TINY).items()}
    g = geometry(TINY)
    for wanted in (True, False):
        with torch.set_grad_enabled(wanted):
            assert forward(TINY, members, g).a2f.requires_grad == wanted


# ---------------------------------------------------------------------------- symmetry, accelerator


@every_shape
def test_sites_are_in_the_order_of_the_atoms_under_symmetry(changes: dict[str, Any]) -> None:
    """Equivalent atoms apart from each other, and in a cell with more than one lattice point."""
    config = replace(TINY, **changes)
    atoms = bulk("TiN", "rocksalt", a=4.24, cubic=True)[[1, 0, 2, 3, 5, 4, 7, 6]]
    wurtzite = bulk("ZnO", "wurtzite", a=3.25, c=5.21)[[2, 0, 1, 3]]
    crystals = [atoms, low_symmetry(), wurtzite]
    members = shifted_members(config)
    few, every = (geometry(config, crystals, symmetry=use) for use in (True, False))
    assert len(few.numbers) == 2 + 8 + 2
    found, expected = (forward(config, members, g).site_a2f for g in (few, every))
    assert found.shape == (3, 8 + 8 + 4, config.frequency_count)
    assert difference(found, expected) < 1e-10
    titanium = atoms.numbers == 22
    assert difference(found[:, :8][:, ~titanium], found[:, :8][:, titanium]) > 1e-3


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")
@every_shape
@pytest.mark.parametrize("symmetry", [False, True], ids=["every atom", "symmetry"])
def test_accelerator_agrees_with_the_processor(changes: dict[str, Any], symmetry: bool) -> None:
    config = replace(TINY, **changes)
    members = shifted_members(config, torch.float32)
    on_device = {name: value.cuda() for name, value in members.items()}
    found, expected = (
        outputs_and_gradients(
            config,
            weights,
            geometry(config, symmetry=symmetry, dtype=torch.float32, device=device),
        )
        for weights, device in ((on_device, "cuda"), (members, "cpu"))
    )
    for ours, theirs in zip(found[0], expected[0], strict=True):
        assert ours.is_cuda
        assert difference(ours.cpu(), theirs) < 1e-5
    largest = max(float(theirs.abs().max()) for theirs in expected[1].values())
    for name, theirs in expected[1].items():
        assert float((found[1][name].cpu() - theirs).abs().max()) < 1e-5 * largest, name
