"""Products by way of outer products against the sum written down, in any number of blocks."""

from __future__ import annotations

import pytest
import torch

from betenet.network.outer_product import PAIRS, ROWS, outer_gradients, outer_product


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
    rows: int, channels: int, attributes: int
) -> None:
    generator = torch.Generator().manual_seed(0)
    shapes = (rows, channels), (attributes, rows), (attributes, channels, 3), (rows, 3)
    x, z, weight, gradient = (
        torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes
    )
    inputs = [tensor.requires_grad_() for tensor in (x, z, weight)]
    expected = torch.einsum("nu,vn,vuw->nw", x, z, weight)
    theirs = torch.autograd.grad(expected, inputs, gradient)
    with torch.no_grad():
        assert torch.allclose(outer_product(x, z, weight).T, expected, rtol=1e-12, atol=1e-11)
        ours = outer_gradients(x, z, weight, gradient)
    for one, other in zip(ours, theirs, strict=True):
        assert torch.allclose(one, other, rtol=1e-12, atol=1e-11)
