"""Products of features and attributes by way of their outer products, and the gradients.

The outer products of all rows are formed and multiplied by the weights, block by block, so that
they stay in the processor's cache.
"""

from __future__ import annotations

import torch
from torch import Tensor

ROWS = 256
"""Rows of a block."""
PAIRS = 512
"""Pairs (attribute, channel) of a block; with `ROWS`, half a megabyte in float32."""


class _Blocks:
    """How a product is divided, and the memory that its blocks share.

    Rows stand last, so that every operation runs along them.
    """

    def __init__(self, x: Tensor, weight: Tensor) -> None:
        self._attributes, self._channels, _ = weight.shape
        self.step = max(1, min(self._attributes, PAIRS // self._channels))
        self._space = x.new_empty(self.step * self._channels * min(len(x), ROWS))

    def of_weight(self, weight: Tensor) -> tuple[Tensor, ...]:
        """Weights of each block (pair, channel')."""
        return weight.flatten(0, 1).split(self.step * self._channels)

    def spaces(self, rows: int) -> list[tuple[Tensor, Tensor]]:
        """Memory for each block of attributes (attribute, channel, row), and as (pair, row)."""
        size = self.step * self._channels * rows
        whole = self._space[:size].view(self.step, self._channels, rows)
        starts = range(0, self._attributes, self.step)
        parts = [whole[: self._attributes - start] for start in starts]
        return [(part, part.flatten(0, 1)) for part in parts]


def outer_product(x: Tensor, z: Tensor, weight: Tensor) -> Tensor:
    """Sum over attributes and channels, Σ W[v,u,w] x[u] z[v], for each row.

    Parameters
    ----------
    x
        Features (row, channel).
    z
        Attributes (attribute, row).
    weight
        (attribute, channel, channel').

    Returns
    -------
    Tensor
        (channel', row).
    """
    result = x.new_zeros(weight.shape[2], len(x))
    blocks = _Blocks(x, weight)
    matrices = [matrix.T for matrix in blocks.of_weight(weight)]
    columns = [turned.split(ROWS, 1) for turned in (_turned(x), z, result)]
    for few_x, few_z, total in zip(*columns, strict=True):
        attributes, spaces = few_z[:, None].split(blocks.step), blocks.spaces(few_x.shape[1])
        for part, matrix, (outer, flat) in zip(attributes, matrices, spaces, strict=True):
            torch.mul(part, few_x, out=outer)
            total.addmm_(matrix, flat)
    return result


def outer_gradients(
    x: Tensor, z: Tensor, weight: Tensor, gradient: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients by x, z and weight of `outer_product`.

    Parameters
    ----------
    x, z, weight
        As for `outer_product`.
    gradient
        By the result (row, channel').

    Returns
    -------
    Tensor, Tensor, Tensor
        (row, channel), (attribute, row) and (attribute, channel, channel').
    """
    by_weight = torch.zeros_like(weight, memory_format=torch.contiguous_format)
    blocks, sums = _Blocks(x, weight), _Blocks(x, weight)
    turned_x, by_z = _turned(x), torch.empty_like(z)
    by_x = torch.empty_like(turned_x)
    columns = [turned.split(ROWS, 1) for turned in (turned_x, z, by_x, by_z)]
    rows = gradient.contiguous().split(ROWS)
    for few_x, few_z, by_few_x, by_few_z, few in zip(*columns, rows, strict=True):
        spaces, sums_x = blocks.spaces(len(few)), sums.spaces(len(few))
        sums_x[0][0].zero_()
        for part, by_part, matrix, by_matrix, (outer, flat), (sum_x, _) in zip(
            few_z[:, None].split(blocks.step),
            by_few_z.split(blocks.step),
            blocks.of_weight(weight),
            blocks.of_weight(by_weight),
            spaces,
            sums_x,
            strict=True,
        ):
            torch.mul(part, few_x, out=outer)
            by_matrix.addmm_(flat, few)
            torch.mm(matrix, few.T, out=flat)
            sum_x.addcmul_(outer, part)
            torch.sum(outer.mul_(few_x), 1, out=by_part)
        torch.sum(sums_x[0][0], 0, out=by_few_x)
    return _turned(by_x), by_z, by_weight


def _turned(x: Tensor) -> Tensor:
    return x.T.contiguous()
