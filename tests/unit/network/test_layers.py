"""The parts of a convolution, each against the module of e3nn that does the same."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from ase.build import bulk
from torch import Tensor
from torch.nn import functional

from betenet.graphs import CrystalGraph, build_graph
from betenet.network.batch import Geometry, collate
from betenet.network.config import NetworkConfig
from betenet.network.geometry import crystal_geometry
from betenet.network.layers import gate, message, node_product, radial_functions
from betenet.network.layout import SCALAR, LayerLayout, irrep_name, network_layout
from betenet.network.model import initialise, member_parameters
from betenet.network.radial import radial_basis, smooth_cutoff
from betenet.network.rows import Rows
from betenet.network.sparse import Place

WIDTH = 2
LAYER = 2  # the first one that all representations enter
PREFIX = f"layers.{LAYER}"
SMALL = replace(
    NetworkConfig(),
    cutoff=4.0,
    layers=LAYER + 4,  # so many follow that even pseudo-scalars are still of use
    width=WIDTH,
    embedding=4,
    radial_size=5,
    radial_hidden=7,
    node_product="full",
)
DEGREES_AND_PARITIES = list(product(range(4), ("natural", "full")))


class Case(NamedTuple):
    config: NetworkConfig
    layout: LayerLayout
    parameters: dict[str, Tensor]
    graph: CrystalGraph
    geometry: Geometry


def case_of(**changes: Any) -> Case:
    config = replace(SMALL, **changes)
    atoms = bulk("TiN", "rocksalt", a=4.24, cubic=True)
    atoms.rattle(0.1, seed=1)
    atoms.symbols[:] = ["Ti", "N", "Nb", "N", "Ti", "C", "Ti", "N"]
    graph = build_graph(atoms, config.cutoff)
    return Case(
        config,
        network_layout(config)[LAYER],
        member_parameters(initialise(config, [0], torch.float64), 0),
        graph,
        collate([crystal_geometry(graph, config)], config, torch.float64),
    )


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def to_e3nn(x: Tensor, degree: int) -> Tensor:
    """Rows (site · m, channel) as those of e3nn, a site each, channel by channel."""
    sites = x.reshape(-1, 2 * degree + 1, x.shape[1])
    return sites.transpose(1, 2).reshape(len(sites), -1)


def rows_of(graph: CrystalGraph, degree: int) -> tuple[Rows, Tensor]:
    """Rows of every component, and the index of each site's element."""
    present, species = np.unique(graph.numbers, return_inverse=True)
    sites = np.repeat(np.arange(graph.n_sites), 2 * degree + 1)
    counts = graph.n_sites, len(present)
    return Rows(sites, species[sites], counts, Place(torch.float64)), torch.as_tensor(species)


def same(found: Tensor, expected: Tensor) -> bool:
    return bool((found - expected).abs().max() < 1e-10 * expected.abs().max())


class Double:
    """e3nn takes the precision of its coefficients from torch's default."""

    def __enter__(self) -> None:
        self.before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)

    def __exit__(self, *_: object) -> None:
        torch.set_default_dtype(self.before)


# ------------------------------------------------------------------------------------ node products


@pytest.mark.parametrize(("degree", "parity"), list(product(range(4), (1, -1))))
def test_full_node_product_is_a_fully_connected_tensor_product(degree: int, parity: int) -> None:
    from e3nn import o3

    case = case_of()
    irrep = irrep_name((degree, parity))
    rows, species = rows_of(case.graph, degree)
    x = random(case.graph.n_sites * (2 * degree + 1), 3)
    z = random(len(case.geometry.present), 4, seed=1)
    weight = random(4, 3, 5, seed=2)
    found = node_product(case.config, {"w": weight}, "w", x, z, rows)
    with Double():
        theirs = o3.FullyConnectedTensorProduct(
            f"3x{irrep}", "4x0e", f"5x{irrep}", internal_weights=False, shared_weights=True
        )
    expected = theirs(to_e3nn(x, degree), z[species], weight.transpose(0, 1).reshape(-1))
    assert same(to_e3nn(found, degree), expected)


def test_gated_node_product_is_a_linear_map_of_scaled_channels() -> None:
    from e3nn import o3

    case = case_of(node_product="gated")
    rows, species = rows_of(case.graph, 1)
    x = random(case.graph.n_sites * 3, 4)
    z = random(len(case.geometry.present), 6, seed=1)
    parameters = {"w": random(4, 5, seed=2), "w.scale": random(6, 4, seed=3)}
    found = node_product(case.config, parameters, "w", x, z, rows)
    with Double():
        linear = o3.Linear("4x1o", "5x1o", internal_weights=False, shared_weights=True)
    scale = 1 + (z @ parameters["w.scale"])[species].repeat_interleave(3, dim=0)
    expected = linear(to_e3nn(x * scale, 1), parameters["w"].reshape(-1))
    assert same(to_e3nn(found, 1), expected)


@pytest.mark.parametrize("kind", ["full", "gated"])
def test_factor_of_a_node_product(kind: str) -> None:
    case = case_of(node_product=kind)
    rows, _ = rows_of(case.graph, 1)
    x, z = random(case.graph.n_sites * 3, 3), random(len(case.geometry.present), 4, seed=1)
    shape = (4, 3, 5) if kind == "full" else (3, 5)
    parameters = {"w": random(*shape, seed=2), "w.scale": random(4, 3, seed=3)}
    plain, scaled = (
        node_product(case.config, parameters, "w", x, z, rows, scale) for scale in (1.0, -0.3)
    )
    assert same(scaled, -0.3 * plain)


# ----------------------------------------------------------------------------------------- messages


@cache
def tensor_product(lmax: int, parity: Any) -> tuple[Any, list[tuple[str, int, str]]]:
    """All paths of a layer as one `uvu` product of e3nn, each with an output of its own."""
    from e3nn import o3

    layout = network_layout(replace(SMALL, lmax=lmax, parity=parity, merge_paths=False))[LAYER]
    inputs = list(layout.inputs)
    paths = [(b.source, b.degrees[0], b.target) for b in layout.blocks]
    with Double():
        product_ = o3.TensorProduct(
            [(WIDTH, irrep) for irrep in inputs],
            o3.Irreps.spherical_harmonics(lmax),
            [(WIDTH, target) for _, _, target in paths],
            [(inputs.index(s), degree, k, "uvu", True) for k, (s, degree, _) in enumerate(paths)],
            internal_weights=False,
            shared_weights=False,
            _optimize_einsums=False,
        )
    names = [(irrep_name(source), degree, irrep_name(target)) for source, degree, target in paths]
    return product_, names


def edge_weights(case: Case) -> dict[tuple[str, int, str], Tensor]:
    """Radial functions of each path on every edge, unmerged (edge, channel)."""
    from e3nn.nn import FullyConnectedNet

    config, layout = case.config, case.layout
    lengths = torch.as_tensor(case.graph.vectors).norm(dim=1)
    basis = torch.as_tensor(radial_basis(config, lengths.numpy()))
    weights: dict[tuple[str, int, str], Tensor] = {}
    table = torch.empty(0)
    if config.radial == "network":
        hidden, out = (case.parameters[f"{PREFIX}.radial.{key}"] for key in ("hidden", "out"))
        net = FullyConnectedNet([*hidden.shape, out.shape[1]], functional.silu)
        exact = {"layer0.weight": hidden, "layer1.weight": out}
        table = torch.func.functional_call(net, exact, (basis,))
    start = 0
    for block in layout.blocks:
        for place, degree in enumerate(block.degrees):
            key = (irrep_name(block.source), degree, irrep_name(block.target))
            if config.radial == "network":
                weights[key] = table[:, start : start + WIDTH]
                start += WIDTH
            else:
                rows = slice(place * config.radial_size, (place + 1) * config.radial_size)
                matrix = case.parameters[f"{PREFIX}.radial.{block.name}"][rows]
                size = config.radial_size * len(block.degrees)
                weights[key] = basis @ matrix / size**0.5
    return weights


@pytest.mark.parametrize(("lmax", "parity"), DEGREES_AND_PARITIES)
@pytest.mark.parametrize("radial", ["linear", "network"])
@pytest.mark.parametrize("merge_paths", [False, True], ids=["apart", "merged"])
def test_messages_are_the_unmerged_sum_of_tensor_products(
    lmax: int, parity: str, radial: str, merge_paths: bool
) -> None:
    from e3nn import o3

    case = case_of(lmax=lmax, parity=parity, radial=radial, merge_paths=merge_paths)
    graph, n = case.graph, case.graph.n_sites
    x = {
        irrep: random(n * (2 * irrep[0] + 1), WIDTH, seed=k)
        for k, irrep in enumerate(case.layout.inputs)
    }
    vectors = torch.as_tensor(graph.vectors)
    envelope = torch.as_tensor(smooth_cutoff(case.config, vectors.norm(dim=1).numpy()))
    harmonics = envelope[:, None] * o3.spherical_harmonics(
        list(range(lmax + 1)), vectors, normalize=True, normalization="component"
    )
    theirs, names = tensor_product(lmax, parity)
    by_path = edge_weights(case)
    edges = theirs(
        torch.cat([to_e3nn(rows, irrep[0]) for irrep, rows in x.items()], dim=1)[graph.senders],
        harmonics,
        torch.cat([by_path[name] for name in names], dim=1),
    )
    total = torch.zeros(n, edges.shape[1], dtype=torch.float64)
    total.index_add_(0, torch.as_tensor(graph.receivers), edges)
    columns = dict(zip(names, theirs.irreps_out.slices(), strict=True))

    g = case.geometry
    ours = radial_functions(case.config, case.parameters, PREFIX, case.layout, g)
    assert list(ours) == list(case.layout.blocks)
    for block in case.layout.blocks:
        found = message(g.later[block], ours[block], x[block.source])
        source, target = irrep_name(block.source), irrep_name(block.target)
        expected = sum(total[:, columns[source, degree, target]] for degree in block.degrees)
        assert isinstance(expected, Tensor)
        difference = to_e3nn(found, block.target[0]) - expected
        assert difference.abs().max() < 1e-8 * expected.abs().max()


# --------------------------------------------------------------------------------------------- gate


@pytest.mark.parametrize(("lmax", "parity"), DEGREES_AND_PARITIES[2:])
def test_gate_is_that_of_e3nn(lmax: int, parity: str) -> None:
    from e3nn.nn import Gate

    case = case_of(lmax=lmax, parity=parity)
    layout, n = case.layout, case.graph.n_sites
    outputs = {
        irrep: random(n * (2 * irrep[0] + 1), channels, seed=k)
        for k, (irrep, channels) in enumerate(layout.outputs.items())
    }
    gated = [(WIDTH, irrep) for irrep in layout.features if irrep != SCALAR]
    gates = f"{WIDTH * len(gated)}x0e"
    theirs = Gate(f"{WIDTH}x0e", [functional.silu], gates, [torch.sigmoid], gated)
    columns = [to_e3nn(outputs[irrep.l, irrep.p], irrep.l) for _, irrep in theirs.irreps_in]
    expected = theirs(torch.cat(columns, dim=1))
    found = gate(layout, outputs, case.geometry)
    assert list(found) == list(layout.features)
    flat = torch.cat([to_e3nn(rows, irrep[0]) for irrep, rows in found.items()], dim=1)
    # the norms of the activations are given to eight digits
    assert (flat - expected).abs().max() < 1e-7 * expected.abs().max()


@pytest.mark.parametrize("lmax", [0, 3])
def test_scalars_alone_need_no_gate(lmax: int) -> None:
    case = case_of(lmax=lmax)
    scalars = random(case.graph.n_sites, case.layout.outputs[SCALAR])
    found = gate(case.layout, {SCALAR: scalars}, case.geometry)
    assert list(found) == [SCALAR]
    expected = functional.silu(scalars[:, :WIDTH])
    assert torch.allclose(found[SCALAR] / expected, torch.tensor(1.6791768).double(), rtol=1e-7)
