"""Rows of features: the site and the element of each, and maps that depend on the element."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from betenet.network.sparse import Place, SparseMap

PADDING = 128
"""Rows that may be wasted to multiply several elements in one batched product: they cost about as
much as starting another one."""


class Rows:
    """Rows of features of one representation.

    Parameters
    ----------
    sites
        Site of each row; None where each row is an element.
    species
        Index of the element of each row (row,).
    counts
        Number of sites and of elements.
    place
        Precision and device of the features.

    Attributes
    ----------
    site
        From sites to rows; None where each row is an element.
    element
        From elements to rows.
    """

    def __init__(
        self,
        sites: np.ndarray | None,
        species: np.ndarray,
        counts: tuple[int, int],
        place: Place,
    ) -> None:
        n_sites, n_elements = counts
        self.site = None if sites is None else SparseMap.gather(sites, n_sites, place)
        self.element = SparseMap.gather(species, n_elements, place)
        self._species = species
        self._place = place

    @cached_property
    def _ranked(self) -> tuple[np.ndarray, np.ndarray]:
        """Elements with rows, the most frequent first so that alike ones meet; their frequency."""
        frequency = np.bincount(self._species, minlength=self.element.shape[1])
        order = np.argsort(-frequency, kind="stable")[: np.count_nonzero(frequency)]
        return order, frequency[order]

    @cached_property
    def own(self) -> SparseMap:
        """From elements to those that have rows, in the order of `by_element`."""
        n_elements = self.element.shape[1]
        return SparseMap.gather(self._ranked[0], n_elements, self._place)

    @cached_property
    def _buckets(self) -> list[tuple[int, int]]:
        """Number of consecutive elements, and of rows that each is padded to."""
        buckets: list[tuple[int, int]] = []
        elements = most = wasted = 0
        for count in self._ranked[1].tolist():
            if elements and wasted + most - count > PADDING:
                buckets.append((elements, most))
                elements = wasted = 0
            most = most if elements else count
            elements, wasted = elements + 1, wasted + most - count
        return [*buckets, (elements, most)]

    @cached_property
    def _pad(self) -> SparseMap:
        """From rows to padded rows; the transpose is the way back."""
        sizes = np.repeat([rows for _, rows in self._buckets], [n for n, _ in self._buckets])
        ranked, frequency = self._ranked
        rank = np.empty(self.element.shape[1], dtype=np.int64)
        rank[ranked] = np.arange(len(ranked))
        own = rank[self._species]
        order = np.argsort(own, kind="stable")
        shift = np.cumsum(sizes) - sizes - (np.cumsum(frequency) - frequency)
        slots = np.arange(len(order)) + shift[own[order]]
        starts = np.searchsorted(slots, np.arange(sizes.sum() + 1))
        return SparseMap(order, starts, None, len(order), self._place)

    def by_element(self, x: Tensor, matrices: Tensor) -> Tensor:
        """Multiply each row by the matrix of its element.

        Parameters
        ----------
        x
            (row, channel).
        matrices
            For the elements of `own` (element, channel, channel').

        Returns
        -------
        Tensor
            (row, channel').

        Notes
        -----
        Elements of about the same number of rows are padded and multiplied in one batched product.
        """
        if len(self._species) == 0:
            return x.new_zeros(0, matrices.shape[2])
        sizes = [elements for elements, _ in self._buckets]
        padded = (self._pad @ x).split([elements * rows for elements, rows in self._buckets])
        parts = [
            torch.bmm(rows.view(size, -1, x.shape[1]), matrix).view(-1, matrix.shape[2])
            for rows, matrix, size in zip(padded, matrices.split(sizes), sizes, strict=True)
        ]
        return self._pad.transpose @ torch.cat(parts)
