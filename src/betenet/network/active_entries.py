"""Products of features and attributes where most attributes are zero, and the gradients.

Rows are gathered attribute by attribute, those alone where it is not zero, multiplied by its
matrix, and summed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

BLOCK = 2048
"""Entries of a block at least; 64 channels of them are half a megabyte in float32."""


@dataclass(frozen=True, slots=True)
class Block:
    """Entries of consecutive attributes.

    Attributes
    ----------
    entries
        Which entries.
    attributes, counts
        Attributes that have any, and how many each has.
    row
        Row of each entry (entry,).
    """

    entries: slice
    attributes: list[int]
    counts: list[int]
    row: Tensor


@dataclass(frozen=True, slots=True)
class ActiveEntries:
    """Where attributes are not zero, attribute by attribute.

    Attributes
    ----------
    mask
        Whether an attribute is not zero (attribute, row).
    place
        Place of each entry in the flat mask (entry,).
    blocks
        The entries, some attributes at a time.
    by_row, offsets
        Entries in the order of the rows (entry,), and where those of each row begin (row + 1,).
    """

    mask: Tensor
    place: Tensor
    blocks: list[Block]
    by_row: Tensor
    offsets: Tensor

    @classmethod
    def find(cls, mask: Tensor) -> ActiveEntries:
        """From where they are not zero (attribute, row)."""
        place = mask.flatten().nonzero()[:, 0]
        number = (mask.flatten().cumsum(0) - 1).view(mask.shape).T.flatten()
        offsets = torch.zeros(mask.shape[1] + 1, dtype=torch.int64)
        torch.cumsum(mask.sum(0), 0, out=offsets[1:])
        return cls(
            mask=mask,
            place=place,
            blocks=list(_blocks(place % max(mask.shape[1], 1), mask.sum(1).tolist())),
            by_row=number.index_select(0, mask.T.flatten().nonzero()[:, 0]),
            offsets=offsets,
        )

    def values(self, z: Tensor) -> Tensor:
        """Attributes (attribute, row) of the entries."""
        return z.view(-1).index_select(0, self.place)

    def spread(self, values: Tensor) -> Tensor:
        """Values of the entries (attribute, row), zero elsewhere."""
        spread = values.new_zeros(self.mask.shape)
        spread.view(-1).index_copy_(0, self.place, values)
        return spread

    def space(self, x: Tensor) -> Tensor:
        """Memory for the features x (row, channel) of the entries of a block."""
        most = max((len(block.row) for block in self.blocks), default=0)
        return x.new_empty(most, x.shape[1])

    def summed(self, entries: Tensor, values: Tensor) -> Tensor:
        """Weighted sum over the entries of each row, (entry, channel) to (row, channel)."""
        if len(entries) == 0:  # embedding_bag refuses an empty table
            return entries.new_zeros(len(self.offsets) - 1, entries.shape[1])
        by_row, weights = self.by_row, values.index_select(0, self.by_row)
        return torch.embedding_bag(entries, by_row, self.offsets, False, 0, False, weights, True)[0]


def _blocks(row: Tensor, counts: list[int]) -> Iterator[Block]:
    """Entries of each attribute, as many attributes at a time as give `BLOCK` of them."""
    start = stop = 0
    attributes: list[int] = []
    for attribute, count in enumerate(counts):
        stop += count
        if count:
            attributes.append(attribute)
        if stop - start >= BLOCK or (attributes and attribute + 1 == len(counts)):
            those, entries = [counts[a] for a in attributes], slice(start, stop)
            yield Block(entries, attributes, those, row[entries])
            start, attributes = stop, []


def active_product(x: Tensor, values: Tensor, weight: Tensor, active: ActiveEntries) -> Tensor:
    """Sum over attributes and channels, Σ W[v,u,w] x[u] z[v], for each row.

    Parameters
    ----------
    x
        Features (row, channel).
    values
        Attribute of each entry (entry,).
    weight
        (attribute, channel, channel').
    active
        The entries.

    Returns
    -------
    Tensor
        (row, channel').
    """
    matrices, space = weight.unbind(), active.space(x)
    products = x.new_empty(len(values), weight.shape[2])
    for block in active.blocks:
        sent = torch.index_select(x, 0, block.row, out=space[: len(block.row)])
        results = products[block.entries].split(block.counts)
        each = zip(block.attributes, sent.split(block.counts), results, strict=True)
        for attribute, rows, result in each:
            torch.mm(rows, matrices[attribute], out=result)
    return active.summed(products, values)


def active_gradients(
    x: Tensor, values: Tensor, weight: Tensor, active: ActiveEntries, gradient: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients by x, values and weight of `active_product`.

    Parameters
    ----------
    x, values, weight, active
        As for `active_product`.
    gradient
        By the result (row, channel').

    Returns
    -------
    Tensor, Tensor, Tensor
        (row, channel), (entry,) and (attribute, channel, channel').
    """
    by_weight = torch.zeros_like(weight, memory_format=torch.contiguous_format)
    by_x, by_value = x.new_empty(len(values), x.shape[1]), torch.empty_like(values)
    matrices, by_matrices = weight.transpose(1, 2).unbind(), by_weight.unbind()
    spaces = active.space(gradient), active.space(x), active.space(x)
    for block in active.blocks:
        arrived, sent, space = (space[: len(block.row)] for space in spaces)
        torch.index_select(gradient, 0, block.row, out=arrived)
        torch.index_select(x, 0, block.row, out=sent)
        results, rows = by_x[block.entries], arrived.split(block.counts)
        each = zip(block.attributes, rows, results.split(block.counts), strict=True)
        for attribute, some, result in each:
            torch.mm(some, matrices[attribute], out=result)
        torch.sum(torch.mul(results, sent, out=space), 1, out=by_value[block.entries])
        narrow = arrived if arrived.shape[1] < sent.shape[1] else sent
        narrow.mul_(values[block.entries, None])
        for attribute, one, other in zip(
            block.attributes, sent.split(block.counts), rows, strict=True
        ):
            torch.mm(one.T, other, out=by_matrices[attribute])
    return active.summed(by_x, values), by_value, by_weight
