"""The product in blocks against the sum written down, and its gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from betenet.network import site_product as module
from betenet.network.site_product import PAIRS, ROWS, site_product


def tensors(rows: int, channels: int, attributes: int, width: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = (rows, channels), (rows, attributes), (attributes, channels, width)
    return [
        torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True)
        for shape in shapes
    ]


def plain(x: Tensor, z: Tensor, weight: Tensor) -> Tensor:
    return torch.einsum("nu,nv,vuw->nw", x, z, weight)


@pytest.mark.parametrize("without", [0, 2, 1], ids=["no row", "some rows", "every row"])
@pytest.mark.parametrize(
    ("rows", "channels", "attributes"),
    [
        (5, 3, 2),  # a single block
        (2 * ROWS, PAIRS // 4, 8),  # whole blocks
        (ROWS + 1, PAIRS // 3, 7),  # a rest of rows and of attributes
        (3, PAIRS + 1, 2),  # one attribute is more than a block
        (0, 3, 2),
    ],
)
def test_result_and_gradients_in_any_number_of_blocks(
    rows: int, channels: int, attributes: int, without: int
) -> None:
    """Also where no gradient comes back to some rows, which are left out of the work then."""
    inputs = tensors(rows, channels, attributes, 3)
    found, expected = site_product(*inputs), plain(*inputs)
    assert torch.allclose(found, expected, rtol=1e-12, atol=1e-11)
    factors = torch.linspace(-1, 2, expected.numel(), dtype=torch.float64).view_as(expected)
    if without:
        factors[::without] = 0.0
    ours = torch.autograd.grad((found * factors).sum(), inputs)
    theirs = torch.autograd.grad((expected * factors).sum(), inputs)
    for one, other in zip(ours, theirs, strict=True):
        assert torch.allclose(one, other, rtol=1e-12, atol=1e-11)


def test_members_at_once() -> None:
    first, second = tensors(7, 3, 4, 2), [2 * x for x in tensors(7, 3, 4, 2)]
    together = torch.vmap(site_product)(*map(torch.stack, zip(first, second, strict=True)))
    assert torch.allclose(together[0], plain(*first), rtol=1e-12)
    assert torch.allclose(together[1], plain(*second), rtol=1e-12)


def test_gradient_of_weights_that_are_a_part_of_larger_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ROWS", 2)
    monkeypatch.setattr(module, "PAIRS", 3)
    x, z, weight = tensors(5, 3, 4, 6)
    assert torch.autograd.gradcheck(lambda w: site_product(x, z, w[..., :2]), weight)
