"""Maps that depend on the element, against a loop over the rows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from betenet.network.rows import PADDING, Rows
from betenet.network.sparse import Place

DOUBLE = Place(torch.float64)
INPUTS, OUTPUTS = 3, 2
COUNTS = {
    "one element": [6],
    "even": [40, 40, 41, 39],
    "very uneven": [400, 1, 150, 3, 2, 149, 20, 1],
    "absent elements": [0, 5, 0, 300, 1, 0],
    "all of the padding": [PADDING + 1, 1, 1],
    "no row": [0, 0, 0],
}


def rows_of(counts: list[int], seed: int = 0) -> tuple[Rows, np.ndarray]:
    """Rows in random order, each on a site of its own."""
    species = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    rows = Rows(np.arange(len(species)), species, (len(species), len(counts)), DOUBLE)
    return rows, species


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def multiplied(rows: Rows, x: Tensor, matrices: Tensor) -> Tensor:
    """With a matrix for every element, (element, channel, channel')."""
    own = rows.own @ matrices.flatten(1)
    return rows.by_element(x, own.unflatten(1, matrices.shape[1:]))


def looped(species: np.ndarray, x: Tensor, matrices: Tensor) -> Tensor:
    products = [row @ matrices[element] for row, element in zip(x, species, strict=True)]
    return torch.stack(products) if products else x.new_zeros(0, matrices.shape[2])


every_count = pytest.mark.parametrize("counts", COUNTS.values(), ids=COUNTS)


@every_count
def test_each_row_meets_the_matrix_of_its_element(counts: list[int]) -> None:
    rows, species = rows_of(counts)
    x = random(len(species), INPUTS).requires_grad_()
    matrices = random(len(counts), INPUTS, OUTPUTS, seed=1).requires_grad_()
    factors = random(len(species), OUTPUTS, seed=2)
    found, expected = multiplied(rows, x, matrices), looped(species, x, matrices)
    assert found.shape == expected.shape
    assert torch.allclose(found, expected, rtol=0, atol=1e-13)
    if len(species) == 0:
        return
    gradients = [torch.autograd.grad((y * factors).sum(), (x, matrices)) for y in (found, expected)]
    for ours, theirs in zip(*gradients, strict=True):
        assert torch.allclose(ours, theirs, rtol=0, atol=1e-12)


@every_count
def test_members_side_by_side_are_a_loop_over_them(counts: list[int]) -> None:
    rows, species = rows_of(counts)
    x = random(4, len(species), INPUTS)
    matrices = random(4, len(counts), INPUTS, OUTPUTS, seed=1)
    together = torch.vmap(lambda a, b: multiplied(rows, a, b))(x, matrices)
    alone = [multiplied(rows, a, b) for a, b in zip(x, matrices, strict=True)]
    assert torch.allclose(together, torch.stack(alone), rtol=0, atol=1e-13)


@every_count
def test_padding_is_bounded(counts: list[int]) -> None:
    rows, species = rows_of(counts)
    if len(species) == 0:
        return
    start, frequency = 0, sorted(filter(None, counts), reverse=True)
    for elements, padded in rows._buckets:
        group = frequency[start : start + elements]
        assert padded == max(group)
        assert elements * padded - sum(group) <= PADDING
        start += elements
    assert start == len(frequency)


def test_alike_elements_are_multiplied_together() -> None:
    assert len(rows_of(COUNTS["even"])[0]._buckets) == 1
    assert len(rows_of(COUNTS["very uneven"])[0]._buckets) == 3


def test_rows_know_their_site_and_element() -> None:
    numbers = random(2, 1)
    sites, species = np.array([1, 1, 0, 1]), np.array([2, 2, 0, 2])
    rows = Rows(sites, species, (2, 3), DOUBLE)
    assert rows.site is not None
    assert torch.equal(rows.site @ numbers, numbers[torch.as_tensor(sites)])
    attributes = random(3, 4)
    assert torch.equal(rows.element @ attributes, attributes[torch.as_tensor(species)])


def test_rows_of_elements_have_no_site() -> None:
    rows = Rows(None, np.arange(3), (0, 3), DOUBLE)
    assert rows.site is None
    x, matrices = random(3, INPUTS), random(3, INPUTS, OUTPUTS, seed=1)
    assert torch.allclose(multiplied(rows, x, matrices), looped(np.arange(3), x, matrices))
