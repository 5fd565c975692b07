"""MatterSim's network as it is written down: triplets of atoms, every layer on every edge."""

import itertools
import math
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import silu

from betenet.phonons.mattersim.weights import Architecture

SIZES = Architecture(
    num_blocks=2, units=6, max_n=4, max_l=4, cutoff=5.0, threebody_cutoff=4.0, max_z=94
)


def plain_energies(
    sizes: Architecture,
    parameters: Mapping[str, Tensor],
    numbers: Tensor,
    edges: tuple[Tensor, Tensor],
    vectors: Tensor,
) -> Tensor:
    """Energy of each atom."""
    p = {name: value.to(vectors.dtype) for name, value in parameters.items()}
    i, j = edges
    r = vectors.norm(dim=1)
    radial = _pair_basis(r, sizes)
    near = torch.nonzero(r < sizes.threebody_cutoff).flatten()
    first, second = torch.meshgrid(near, near, indexing="ij")
    wanted = (i[first] == i[second]) & (first != second)
    first, second = first[wanted], second[wanted]
    cosines = (vectors[first] * vectors[second]).sum(1) / r[first] / r[second]
    triples = _angle_basis(r[second], cosines, sizes)
    ends = _end(r / sizes.threebody_cutoff)
    triples = triples * (ends[first] * ends[second])[:, None]

    v = p["atom_embedding.mlp.0.linear.weight"].t()[numbers]
    e = silu(radial @ p["edge_encoder.mlp.0.linear.weight"].t())
    for k in range(sizes.num_blocks):
        block = f"graph_conv.{k}."
        mask = torch.sigmoid(_linear(p, f"{block}three_body.atom_mlp", v))[i[second]]
        sums = torch.zeros(len(r), triples.shape[1], dtype=r.dtype)
        sums = sums.index_add(0, first, triples * mask)
        e = e + _gated(p, f"{block}three_body.edge_gate_mlp", sums, 1)
        weight = _linear(p, f"{block}edge_layer_edge", radial)
        e = e + weight * _gated(p, f"{block}gated_mlp_edge", torch.cat([v[i], v[j], e], 1), 2)
        weight = silu(_linear(p, f"{block}edge_layer_atom", radial))
        message = weight * _gated(p, f"{block}gated_mlp_atom", torch.cat([v[i], v[j], e], 1), 2)
        v = v.index_add(0, i, message)
    energy = _gated(p, "final", v, 3, last_silu=False).squeeze(1)
    return p["normalizer.scale"][numbers] * energy + p["normalizer.shift"][numbers]


def _linear(p: Mapping[str, Tensor], name: str, x: Tensor) -> Tensor:
    y = x @ p[f"{name}.linear.weight"].t()
    return y + p[f"{name}.linear.bias"] if f"{name}.linear.bias" in p else y


def _gated(
    p: Mapping[str, Tensor], name: str, x: Tensor, layers: int, *, last_silu: bool = True
) -> Tensor:
    g = s = x
    for k in range(layers):
        g, s = _linear(p, f"{name}.g.{k}", g), _linear(p, f"{name}.sigma.{k}", s)
        last = k == layers - 1
        g = silu(g) if last_silu or not last else g
        s = torch.sigmoid(s) if last else silu(s)
    return g * s


def _pair_basis(r: Tensor, sizes: Architecture) -> Tensor:
    c, functions, d_before = sizes.cutoff, [], 1.0
    for n in range(sizes.max_n):
        a, b = (n + 1) * math.pi * r / c, (n + 2) * math.pi * r / c
        front = (-1) ** n * math.sqrt(2) * math.pi / c**1.5 * (n + 1) * (n + 2)
        f = front / math.sqrt(2 * n**2 + 6 * n + 5) * (a.sin() / a + b.sin() / b)
        e = n**2 * (n + 2) ** 2 / (4 * (n + 1) ** 4 + 1)
        d = 1 - e / d_before
        if functions:
            f = f + math.sqrt(e / d_before) * functions[-1]
        functions.append(f / math.sqrt(d))
        d_before = d
    return torch.stack(functions, 1)


def _angle_basis(r: Tensor, x: Tensor, sizes: Architecture) -> Tensor:
    """Closed forms of the spherical Bessel functions and the Legendre polynomials."""
    from scipy.special import spherical_jn

    from betenet.phonons.mattersim.basis import ROOTS

    legendre = [torch.ones_like(x), x, (3 * x**2 - 1) / 2, (5 * x**3 - 3 * x) / 2]
    columns = []
    for order, polynomial in enumerate(legendre):
        for root in ROOTS[order]:
            y = root * r / sizes.cutoff
            bessel = [
                y.sin() / y,
                y.sin() / y**2 - y.cos() / y,
                (3 / y**3 - 1 / y) * y.sin() - 3 / y**2 * y.cos(),
                (15 / y**4 - 6 / y**2) * y.sin() - (15 / y**3 - 1 / y) * y.cos(),
            ][order]
            front = math.sqrt(2 / sizes.cutoff**3) / abs(spherical_jn(order + 1, root))
            front *= math.sqrt((2 * order + 1) / (4 * math.pi))
            columns.append(front * bessel * polynomial)
    return torch.stack(columns, 1)


def _end(x: Tensor) -> Tensor:
    return torch.clamp(1 - 6 * x**5 + 15 * x**4 - 10 * x**3, min=0)


def gated(name: str, widths: list[int], *, bias: bool = True) -> dict[str, tuple[int, ...]]:
    """Shapes of a gated network's parameters."""
    shapes: dict[str, tuple[int, ...]] = {}
    for half in ("g", "sigma"):
        for k, (before, after) in enumerate(itertools.pairwise(widths)):
            shapes[f"{name}.{half}.{k}.linear.weight"] = (after, before)
            if bias:
                shapes[f"{name}.{half}.{k}.linear.bias"] = (after,)
    return shapes


def random_parameters(sizes: Architecture = SIZES) -> dict[str, Tensor]:
    """Parameters by the library's names, large enough that every part of the network counts."""
    units, basis = sizes.units, sizes.max_n * sizes.max_l
    shapes: dict[str, tuple[int, ...]] = {
        "edge_encoder.mlp.0.linear.weight": (units, sizes.max_n),
        "atom_embedding.mlp.0.linear.weight": (units, sizes.max_z + 1),
        **gated("final", [units, units, units, 1]),
    }
    for k in range(sizes.num_blocks):
        block = f"graph_conv.{k}"
        for kind in ("atom", "edge"):
            shapes |= gated(f"{block}.gated_mlp_{kind}", [3 * units, units, units])
            shapes[f"{block}.edge_layer_{kind}.linear.weight"] = (units, sizes.max_n)
        shapes[f"{block}.three_body.atom_mlp.linear.weight"] = (basis, units)
        shapes[f"{block}.three_body.atom_mlp.linear.bias"] = (basis,)
        shapes |= gated(f"{block}.three_body.edge_gate_mlp", [basis, units], bias=False)
    draw = torch.Generator().manual_seed(4)
    drawn = {
        name: 1.5 * torch.randn(shape, generator=draw) / shape[-1] ** 0.5
        for name, shape in shapes.items()
    }
    drawn["normalizer.scale"] = torch.full((sizes.max_z + 1,), 3.0)
    drawn["normalizer.shift"] = torch.randn(sizes.max_z + 1, generator=draw)
    return drawn
