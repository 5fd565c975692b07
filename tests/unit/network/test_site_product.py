"""The product of sites against the sum written down, and its gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from betenet.network.rows import Rows
from betenet.network.site_product import MOST, SiteAttributes, site_product
from betenet.network.sparse import Place

PLACE = Place(torch.float64)


def tensors(rows: int, channels: int, attributes: int, width: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = (rows, channels), (rows, attributes), (attributes, channels, width)
    x, z, weight = (torch.randn(s, generator=generator, dtype=torch.float64) for s in shapes)
    # the first attribute is never active, the last one always, those between more and more often
    z = z + torch.linspace(-3, 3, attributes, dtype=torch.float64)
    z[:, :1], z[:, -1:] = -1.0, 1.0
    return [tensor.requires_grad_() for tensor in (x, z, weight)]


def product(x: Tensor, z: Tensor, weight: Tensor) -> Tensor:
    """Of rectified attributes; each row is a site."""
    rows = Rows(np.arange(len(x)), np.zeros(len(x), dtype=np.int64), (len(x), 1), PLACE)
    return site_product(x, *SiteAttributes(torch.relu(z)).of(rows), weight, 0.5)


def plain(x: Tensor, z: Tensor, weight: Tensor) -> Tensor:
    return 0.5 * torch.einsum("nu,nv,vuw->nw", x, torch.relu(z), weight)


@pytest.mark.parametrize("without", [0, 2, 1], ids=["no row", "some rows", "every row"])
@pytest.mark.parametrize(("rows", "channels", "width"), [(40, 3, 5), (40, 5, 3), (0, 3, 2)])
def test_result_and_gradients_whatever_is_active(
    rows: int, channels: int, width: int, without: int
) -> None:
    """Also where no gradient comes back to some rows, which are left out of the work then."""
    inputs = tensors(rows, channels, 9, width)
    shares = (inputs[1] > 0).double().mean(0)
    assert rows == 0 or ((shares > 0) & (shares < MOST)).any()
    found, expected = product(*inputs), plain(*inputs)
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
    together = torch.vmap(product)(*map(torch.stack, zip(first, second, strict=True)))
    assert torch.allclose(together[0], plain(*first), rtol=1e-12)
    assert torch.allclose(together[1], plain(*second), rtol=1e-12)


def test_gradient_of_weights_that_are_a_part_of_larger_ones() -> None:
    x, z, weight = tensors(5, 3, 4, 6)
    assert torch.autograd.gradcheck(lambda w: product(x, z, w[..., :2]), weight)


def test_rows_share_what_is_known_of_their_attributes() -> None:
    known = SiteAttributes(torch.tensor([[1.0, 0.0], [0.0, 2.0]], dtype=torch.float64))
    rows = Rows(np.array([1, 1, 0]), np.zeros(3, dtype=np.int64), (2, 1), PLACE)
    z, active = known.of(rows)
    assert z.T.tolist() == [[0.0, 2.0], [0.0, 2.0], [1.0, 0.0]]
    assert active is not None
    assert active.mask.T.tolist() == [[False, True], [False, True], [True, False]]
    assert known.of(rows)[1] is active
