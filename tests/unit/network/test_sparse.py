"""Sparse products against dense matrices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

from betenet.network.sparse import Place, SparseMap

DOUBLE = Place(torch.float64)
N_ROWS, N_COLUMNS, CHANNELS, MEMBERS = 7, 5, 3, 4
UNSORTED = np.array([3, 0, 3, 1, 4, 0, 3])
SORTED = np.sort(UNSORTED)  # no column is 2


def dense_matrix(n_rows: int, n_columns: int) -> np.ndarray:
    """A third of it filled; without its second row and third column."""
    rng = np.random.default_rng(n_rows)
    matrix = rng.normal(size=(n_rows, n_columns)) * (rng.random((n_rows, n_columns)) < 0.4)
    matrix[1] = 0
    matrix[:, 2] = 0
    return matrix


def selection(columns: np.ndarray) -> np.ndarray:
    return np.eye(N_COLUMNS)[columns]


def unit_sums() -> SparseMap:
    return SparseMap(np.array([4, 0, 1, 0]), np.array([0, 1, 1, 4]), None, N_COLUMNS, DOUBLE)


MAPS: dict[str, tuple[Callable[[], SparseMap], np.ndarray]] = {
    "weights": (
        lambda: SparseMap.from_scipy(csr_array(dense_matrix(N_ROWS, N_COLUMNS)), DOUBLE),
        dense_matrix(N_ROWS, N_COLUMNS),
    ),
    "unit sums": (unit_sums, np.array([[0, 0, 0, 0, 1], [0, 0, 0, 0, 0], [2, 1, 0, 0, 0.0]])),
    "gather": (lambda: SparseMap.gather(UNSORTED, N_COLUMNS, DOUBLE), selection(UNSORTED)),
    "sorted gather": (lambda: SparseMap.gather(SORTED, N_COLUMNS, DOUBLE), selection(SORTED)),
    "scatter": (
        lambda: SparseMap.gather(UNSORTED, N_COLUMNS, DOUBLE).transpose,
        selection(UNSORTED).T,
    ),
    "sorted scatter": (
        lambda: SparseMap.gather(SORTED, N_COLUMNS, DOUBLE).transpose,
        selection(SORTED).T,
    ),
    "no entry": (
        lambda: SparseMap.from_scipy(csr_array((N_ROWS, N_COLUMNS)), DOUBLE),
        np.zeros((N_ROWS, N_COLUMNS)),
    ),
    "no row": (
        lambda: SparseMap.gather(UNSORTED[:0], N_COLUMNS, DOUBLE),
        np.zeros((0, N_COLUMNS)),
    ),
    "no column": (
        lambda: SparseMap.gather(UNSORTED[:0], N_COLUMNS, DOUBLE).transpose,
        np.zeros((N_COLUMNS, 0)),
    ),
}
every_map = pytest.mark.parametrize(("make", "matrix"), MAPS.values(), ids=MAPS)
Make = Callable[[], SparseMap]


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def same(found: Tensor, expected: Tensor) -> bool:
    return found.shape == expected.shape and torch.allclose(found, expected, rtol=0, atol=1e-14)


@every_map
def test_product_is_that_of_the_dense_matrix(make: Make, matrix: np.ndarray) -> None:
    x = random(matrix.shape[1], CHANNELS)
    assert make().shape == matrix.shape
    assert same(make() @ x, torch.as_tensor(matrix) @ x)


@every_map
def test_strides_do_not_matter(make: Make, matrix: np.ndarray) -> None:
    x = random(CHANNELS, matrix.shape[1]).T
    assert same(make() @ x, torch.as_tensor(matrix) @ x)


@every_map
def test_transpose_is_that_of_the_dense_matrix(make: Make, matrix: np.ndarray) -> None:
    sparse, y = make(), random(matrix.shape[0], CHANNELS)
    assert sparse.transpose.shape == matrix.T.shape
    assert same(sparse.transpose @ y, torch.as_tensor(matrix.T) @ y)
    assert sparse.transpose.transpose is sparse


@every_map
def test_gradient_is_the_transposed_product(make: Make, matrix: np.ndarray) -> None:
    x, factors = random(matrix.shape[1], CHANNELS), random(matrix.shape[0], CHANNELS, seed=1)
    x.requires_grad_()
    (make() @ x * factors).sum().backward()
    assert x.grad is not None
    assert same(x.grad, torch.as_tensor(matrix.T) @ factors)


@pytest.mark.parametrize("name", ["weights", "gather", "scatter", "unit sums"])
def test_gradients_are_finite_differences(name: str) -> None:
    sparse = MAPS[name][0]()
    x = random(sparse.shape[1], 2).requires_grad_()
    assert gradcheck(lambda value: sparse @ value, (x,))
    assert gradgradcheck(lambda value: (sparse @ value) ** 2, (x,))


@every_map
def test_members_side_by_side_are_a_loop_over_them(make: Make, matrix: np.ndarray) -> None:
    sparse = make()
    for axis in range(3):
        x = random(MEMBERS, matrix.shape[1], CHANNELS).movedim(0, axis).requires_grad_()
        factors = random(MEMBERS, matrix.shape[0], CHANNELS, seed=1)
        together = torch.vmap(lambda member: sparse @ member, in_dims=axis)(x)
        alone = torch.stack([sparse @ member for member in x.unbind(axis)])
        assert same(together, alone)
        found, expected = (
            torch.autograd.grad((y * factors).sum(), x)[0] for y in (together, alone)
        )
        assert same(found, expected)


def test_gradients_of_members_side_by_side() -> None:
    """What a training step of all members at once does: the gradient of each, under vmap."""
    sparse = MAPS["weights"][0]()
    x = random(MEMBERS, N_COLUMNS, CHANNELS)
    found = torch.vmap(torch.func.grad(lambda member: (sparse @ member).square().sum()))(x)
    matrix = torch.as_tensor(MAPS["weights"][1])
    assert same(found, 2 * matrix.T @ (matrix @ x))


def test_what_only_gathers_is_applied_as_such() -> None:
    """Bit for bit, which a sum of products need not be."""
    gather = SparseMap.gather(UNSORTED, N_COLUMNS, DOUBLE)
    assert gather.gathers
    assert not hasattr(gather, "values")
    assert not gather.transpose.gathers
    assert gather.transpose.transpose.gathers
    x = random(N_COLUMNS, CHANNELS)
    assert torch.equal(gather @ x, x[torch.as_tensor(UNSORTED)])


def test_sum_of_a_scatter_has_unit_weights() -> None:
    for columns in (UNSORTED, SORTED):
        scatter = SparseMap.gather(columns, N_COLUMNS, DOUBLE).transpose
        assert torch.equal(scatter.values, torch.ones(N_ROWS, dtype=torch.float64))
        counts = scatter @ torch.ones(N_ROWS, 1, dtype=torch.float64)
        assert counts[:, 0].tolist() == np.bincount(columns, minlength=N_COLUMNS).tolist()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_precision_is_that_of_its_place(dtype: torch.dtype) -> None:
    sparse = SparseMap.from_scipy(csr_array(dense_matrix(N_ROWS, N_COLUMNS)), Place(dtype))
    x = torch.ones(N_COLUMNS, CHANNELS, dtype=dtype)
    assert (sparse @ x).dtype == dtype
    assert (sparse.transpose @ torch.ones(N_ROWS, 1, dtype=dtype)).dtype == dtype
