"""Constant sparse matrices: gathering, weighted sums over neighbours, pooling, interpolation.

Every step of a network that joins rows is linear with fixed coefficients, so it is written as one
of these, with its transpose for the backward pass. `embedding_bag` is the fastest sparse product
that torch has on a CPU (two to three times CSR, four times `index_add`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor
from torch.autograd import Function

# Whether a transform such as vmap is at work; if torch should cease to tell, assume so.
transforming: Callable[[], bool] = getattr(
    torch._C,  # noqa: SLF001
    "_are_functorch_transforms_active",
    lambda: True,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Precision and device of everything in a batch."""

    dtype: torch.dtype = torch.float32
    device: torch.device | str = "cpu"

    def index(self, values: np.ndarray) -> Tensor:
        """Indices as a tensor."""
        return torch.as_tensor(values, dtype=torch.int64, device=self.device)

    def real(self, values: np.ndarray) -> Tensor:
        """Numbers as a tensor."""
        return torch.as_tensor(values, dtype=self.dtype, device=self.device)


class SparseMap:
    """A constant matrix (row, column) that is multiplied from the left: ``map @ x``.

    Parameters
    ----------
    columns
        Column of each entry, row after row (entry,).
    offsets
        First entry of each row, and the number of entries (row + 1,).
    values
        Values of the entries; None for ones.
    n_columns
        Number of columns.
    place
        Precision and device of what it is applied to.

    Notes
    -----
    A matrix with a single one in each row only gathers, and is applied as such.
    """

    def __init__(
        self,
        columns: np.ndarray,
        offsets: np.ndarray | None,
        values: np.ndarray | None,
        n_columns: int,
        place: Place,
    ) -> None:
        n_rows = len(columns) if offsets is None else len(offsets) - 1
        self.shape = (n_rows, n_columns)
        self._arrays = columns, offsets, values
        self._place = place
        self.columns = place.index(columns)
        self.gathers = offsets is None
        if offsets is not None:
            self.offsets = place.index(offsets)
            self.values = place.real(np.ones(len(columns)) if values is None else values)

    @classmethod
    def gather(cls, columns: np.ndarray, n_columns: int, place: Place) -> SparseMap:
        """Row k is column `columns[k]`."""
        return cls(columns, None, None, n_columns, place)

    @classmethod
    def from_scipy(cls, matrix: csr_array, place: Place) -> SparseMap:
        """From a matrix without duplicate entries."""
        shape: Any = matrix.shape
        return cls(matrix.indices, matrix.indptr, matrix.data, shape[1], place)

    @cached_property
    def transpose(self) -> SparseMap:
        """The transposed matrix."""
        columns, offsets, values = self._arrays
        n_rows, n_columns = self.shape
        if offsets is None and np.all(np.diff(columns) >= 0):  # nothing to sort
            starts = np.searchsorted(columns, np.arange(n_columns + 1))
            turned = SparseMap(np.arange(n_rows), starts, None, n_rows, self._place)
        else:
            data = np.ones(len(columns)) if values is None else values
            starts = np.arange(n_rows + 1) if offsets is None else offsets
            matrix = csr_array((data, columns, starts), self.shape).T.tocsr()
            turned = SparseMap.from_scipy(matrix, self._place)
        turned.__dict__["transpose"] = self
        return turned

    def __matmul__(self, x: Tensor) -> Tensor:
        """Product with features (column, channel); gives (row, channel)."""
        if transforming():
            return _MemberProduct.apply(x, self)
        if x.requires_grad and torch.is_grad_enabled():
            return _Product.apply(x, self)
        return self.plain(x.contiguous())

    def plain(self, x: Tensor) -> Tensor:
        """Product without gradient."""
        if self.gathers:
            return x.index_select(0, self.columns)
        if len(self.columns) == 0:  # embedding_bag refuses an empty table
            return x.new_zeros(self.shape[0], x.shape[1])
        # Straight to the kernel: `functional.embedding_bag` checks its arguments for longer than
        # small products take. The zeros and falses are its defaults, `sum` among them.
        columns, offsets, weights = self.columns, self.offsets, self.values
        return torch.embedding_bag(x, columns, offsets, False, 0, False, weights, True)[0]


class _Product(Function):
    """Linear in x, so its gradient is the transposed product."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, sparse: SparseMap) -> Tensor:
        ctx.sparse = sparse
        return sparse.plain(x.contiguous())

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return ctx.sparse.transpose @ gradients[0], None


class _MemberProduct(Function):
    """Product under `torch.vmap`.

    Torch looks at the signature of a function of this kind at every call, which takes longer than
    a small product; so it is not used elsewhere.
    """

    @staticmethod
    def forward(x: Tensor, sparse: SparseMap) -> Tensor:
        return sparse.plain(x.contiguous())

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, SparseMap], output: Tensor) -> None:  # noqa: ARG004
        ctx.sparse = inputs[1]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return ctx.sparse.transpose @ gradients[0], None

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> tuple[Tensor, int]:  # noqa: ARG004
        """Members stand beside the channels: one wide product for all of them."""
        x, sparse = args
        wide = x.movedim(in_dims[0], 1)
        shape = wide.shape[1:]
        result = sparse @ wide.reshape(len(wide), shape.numel())
        return result.reshape(len(result), *shape), 1
