"""Tensor product of features and attributes where every row has attributes of its own.

Nothing contracts beforehand: each row has a product for each pair of a channel and an attribute.
But attributes are rectified, so many are zero. Those that are not zero in most rows go by way of
outer products; of the others only the rows where they are not are looked at. A third of the work
is the result, two thirds are its gradient.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from betenet.network.active_entries import ActiveEntries, active_gradients, active_product
from betenet.network.outer_product import ROWS, outer_gradients, outer_product
from betenet.network.rows import Rows
from betenet.network.sparse import transforming

MOST = 0.65
"""Share of the rows from which on all of them are multiplied: an entry that has to be gathered
costs half as much again."""


@dataclass(frozen=True, slots=True)
class Activity:
    """How the attributes of some rows are multiplied.

    Attributes
    ----------
    mask
        Where attributes are not zero (attribute, row).
    common
        Attributes that are not zero in most rows.
    rare
        Entries of the others, which have numbers of their own.
    others
        Attributes that are numbered so.
    known
        What :meth:`of_rows` has found last: the rows and their activity.
    """

    mask: Tensor
    common: Tensor
    rare: ActiveEntries
    others: Tensor
    known: list[tuple[Tensor, Activity]] = field(default_factory=list[Any])

    @classmethod
    def find(cls, mask: Tensor) -> Activity:
        """From where attributes are not zero (attribute, row)."""
        counts = mask.sum(1)
        often = counts > MOST * mask.shape[1]
        others = (~often & (counts > 0)).nonzero()[:, 0]
        return cls(mask, often.nonzero()[:, 0], ActiveEntries.find(mask[others]), others)

    def of_rows(self, rows: Tensor) -> Activity:
        """Activity of these rows alone, which mostly are those of the product before."""
        if not (self.known and torch.equal(self.known[0][0], rows)):
            self.known[:] = [(rows, Activity.find(self.mask[:, rows]))]
        return self.known[0][1]


class SiteAttributes:
    """Rectified attributes of each site, and what products with them have in common.

    Parameters
    ----------
    values
        Attributes of each site (site, attribute), as a rectifier returns them: where they are zero
        no gradient comes back to them, for it would not pass the rectifier.
    """

    def __init__(self, values: Tensor) -> None:
        self.values = values
        self._known: dict[int, tuple[Tensor, Activity | None]] = {}

    def of(self, rows: Rows) -> tuple[Tensor, Activity | None]:
        """Attributes of each row (attribute, row), and where they are not zero.

        Where they are is left out on accelerators and under transforms such as `torch.vmap`.
        """
        if id(rows) not in self._known:
            assert rows.site is not None
            z = (rows.site @ self.values).T.contiguous()
            plain = transforming() or z.is_cuda
            active = None if plain else Activity.find(z.detach() != 0)
            self._known[id(rows)] = z, active
        return self._known[id(rows)]


def site_product(
    x: Tensor, z: Tensor, active: Activity | None, weight: Tensor, scale: float = 1.0
) -> Tensor:
    """Sum over attributes and channels, Σ W[v,u,w] x[u] z[v], for each row.

    Parameters
    ----------
    x
        Features (row, channel).
    z, active
        Attributes (attribute, row) and where they are not zero, from :meth:`SiteAttributes.of`.
    weight
        (attribute, channel, channel').
    scale
        Factor of the result.

    Returns
    -------
    Tensor
        (row, channel').
    """
    if active is None:
        pairs = zip(z.T.split(ROWS), (scale * x).split(ROWS), strict=True)
        outer = ((few_z[:, :, None] * few_x[:, None, :]).flatten(1) for few_z, few_x in pairs)
        return torch.cat([few @ weight.flatten(0, 1) for few in outer])
    return _SiteProduct.apply(x, z, weight, active, scale)


class _SiteProduct(Function):
    """The product for each attribute is three matrix products, its gradients included."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, z: Tensor, weight: Tensor, active: Activity, scale: float
    ) -> Tensor:
        ctx.save_for_backward(x, z, weight)
        ctx.active, ctx.scale = active, scale
        x, scaled = x.detach(), z.detach() * scale
        common, others = active.common, active.others
        result = active_product(x, active.rare.values(scaled[others]), weight[others], active.rare)
        if len(common):
            result += outer_product(x, scaled[common], weight[common]).T
        return result

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  # of the decorator's making
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, None, None]:
        x, z, weight = ctx.saved_tensors
        gradient = gradients[0].contiguous()
        used = gradient.any(1).nonzero()[:, 0]
        if len(used) == len(x):
            found = _gradients(x, z * ctx.scale, weight, ctx.active, gradient)
            return found[0], found[1] * ctx.scale, found[2], None, None
        # rows of crystals that a loss gives no weight, such as those outside a bag
        active = ctx.active.of_rows(used)
        found = _gradients(x[used], z[:, used] * ctx.scale, weight, active, gradient[used])
        by_x, by_z = torch.zeros_like(x), torch.zeros_like(z)
        by_x[used], by_z[:, used] = found[0], found[1] * ctx.scale
        return by_x, by_z, found[2], None, None


def _gradients(
    x: Tensor, z: Tensor, weight: Tensor, active: Activity, gradient: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients by features, attributes and weights, of rows whose own are given."""
    common, others, rare = active.common, active.others, active.rare
    by_z = torch.zeros_like(z)
    by_weight = torch.zeros_like(weight, memory_format=torch.contiguous_format)
    by_x, by_value, by_weight[others] = active_gradients(
        x, rare.values(z[others]), weight[others], rare, gradient
    )
    by_z[others] = rare.spread(by_value)
    if len(common):
        more, by_z[common], by_weight[common] = outer_gradients(
            x, z[common], weight[common], gradient
        )
        by_x += more
    return by_x, by_z, by_weight
