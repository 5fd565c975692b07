"""Entries that are not zero: how they are numbered, and products with them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from betenet.network import active_entries as module
from betenet.network.active_entries import ActiveEntries, active_gradients, active_product

MASK = torch.tensor([[True, False, True], [False, False, False], [False, False, True]])


def test_numbering() -> None:
    active = ActiveEntries.find(MASK)
    z = torch.arange(9.0).view(3, 3)
    assert active.values(z).tolist() == [0.0, 2.0, 8.0]
    assert active.spread(torch.tensor([5.0, 6.0, 7.0])).tolist() == [[5, 0, 6], [0] * 3, [0, 0, 7]]
    # the second row has no entry, the third one two
    table, values = torch.tensor([[1.0], [10.0], [100.0]]), torch.tensor([1.0, 2.0, 3.0])
    assert active.summed(table, values).tolist() == [[1.0], [0.0], [320.0]]


@pytest.mark.parametrize("block", [1, 30, 10**6])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_result_and_gradients_in_any_number_of_blocks(
    block: int, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BLOCK", block)
    generator = torch.Generator().manual_seed(0)

    def random(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    x, weight, gradient = random(20, 4), random(6, 4, 3), random(20, 3)
    active = ActiveEntries.find(torch.rand((6, 20), generator=generator) < share)
    values = random(len(active.place))
    inputs = [tensor.requires_grad_() for tensor in (x, values, weight)]
    z = torch.zeros(120, dtype=torch.float64).index_put((active.place,), values).view(6, 20)
    expected = torch.einsum("nu,vn,vuw->nw", x, z, weight)
    theirs = torch.autograd.grad(expected, inputs, gradient)
    with torch.no_grad():
        assert torch.allclose(active_product(x, values, weight, active), expected, atol=1e-12)
        ours = active_gradients(x, values, weight, active, gradient)
    for one, other in zip(ours, theirs, strict=True):
        assert torch.allclose(one, other, atol=1e-12)
