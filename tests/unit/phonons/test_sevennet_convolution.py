import copy
from typing import Any

import pytest
import torch
from e3nn.o3 import Irreps, spherical_harmonics

from betenet.phonons import sevennet_convolution
from betenet.phonons.sevennet_convolution import (
    Convolution,
    _Edges,
    group_edges,
    replace_convolutions,
)

convolutions: Any = pytest.importorskip("sevenn.nn.convolution")

INPUT = Irreps("6x0e + 4x1e + 3x2e")
FILTER = Irreps("1x0e + 1x1e + 1x2e")


def graph(n_atoms: int, n_edges: int) -> dict[str, torch.Tensor]:
    """Atom 0 has no neighbour at all, the last one most of them."""
    draw = torch.Generator().manual_seed(2)
    receivers = 1 + torch.randint(n_atoms - 2, (n_edges,), generator=draw)
    receivers[: n_edges // 3] = n_atoms - 1
    return {
        "x": torch.randn(n_atoms, INPUT.dim, generator=draw),
        "edge_vectors": torch.randn(n_edges, 3, generator=draw),
        "edge_embedding": torch.randn(n_edges, 8, generator=draw),
        "edge_index": torch.stack([receivers, torch.randint(n_atoms, (n_edges,), generator=draw)]),
    }


def run(layer: Any, data: dict[str, torch.Tensor]) -> list[torch.Tensor]:
    """Output and its gradients with respect to all that depends on positions."""
    inputs = {
        key: data[key].clone().requires_grad_() for key in ("x", "edge_vectors", "edge_embedding")
    }
    harmonics = spherical_harmonics(
        FILTER, inputs["edge_vectors"], normalize=True, normalization="component"
    )
    out = layer(
        {
            "x": inputs["x"],
            "edge_attr": harmonics,
            "edge_embedding": inputs["edge_embedding"],
            "edge_index": data["edge_index"],
        }
    )["x"]
    weighted = (out * torch.arange(1.0, out.numel() + 1).view_as(out).sin()).sum()
    return [out, *torch.autograd.grad(weighted, list(inputs.values()))]


@pytest.mark.parametrize("edges_at_once", [1, 7, 10_000])
@pytest.mark.parametrize("output", ["6x0e + 4x1e + 3x2e", "6x0e"])
def test_same_sums_and_gradients_as_sevenn(
    edges_at_once: int, output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sevennet_convolution, "EDGES_AT_ONCE", edges_at_once)
    torch.manual_seed(1)
    theirs = convolutions.IrrepsConvolution(
        INPUT, FILTER, Irreps(output), [8, 16], torch.nn.functional.silu, 2.5,
        data_key_x="x", data_key_filter="edge_attr", data_key_weight_input="edge_embedding",
        data_key_edge_idx="edge_index", lazy_layer_instantiate=False,
    )  # fmt: skip
    theirs.requires_grad_(requires_grad=False)
    ours = Convolution(copy.deepcopy(theirs), _Edges())
    data = graph(9, 40)
    for mine, known in zip(run(ours, data), run(theirs, data), strict=True):
        assert torch.isfinite(known).all()
        assert (mine - known).abs().max() < 2e-5 * known.abs().max()


def test_groups_hold_each_edge_once() -> None:
    receivers = graph(9, 40)["edge_index"][0]
    groups = group_edges(receivers, 9)
    seen = torch.cat([group.edges.flatten() for group in groups])
    assert torch.equal(seen[seen < 40].sort().values, torch.arange(40))
    for atoms, edges in groups:
        for atom, of in zip(atoms, edges, strict=True):
            assert (receivers[of[of < 40]] == atom).all()


def test_a_model_without_known_convolutions_is_told() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 2))
    with pytest.warns(UserWarning, match="sevenn has changed its convolution"):
        assert replace_convolutions(model) == 0
    assert not any(weight.requires_grad for weight in model.parameters())
