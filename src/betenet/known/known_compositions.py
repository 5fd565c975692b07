"""Compositions of measured superconductors: how near a new one is to any of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Integer

from betenet.known.elements import MAX_NUMBER

Amounts = Float[np.ndarray, "row number"]
_UNIT = 2000
"""Parts of a whole that shares are kept in."""
_MAIN, _BESIDE = 0.12, 0.08
"""Share of an element that belongs to the frame of a compound, and of one that was seen so."""


@dataclass(frozen=True, eq=False)
class KnownCompositions:
    """Compositions that a model has learnt from, packed element by element.

    Attributes
    ----------
    counts
        Number of elements of each composition.
    numbers
        Atomic numbers, those of one composition after those of the other.
    parts
        Shares of the elements, in parts of two thousand.
    """

    counts: Integer[np.ndarray, " known"]
    numbers: Integer[np.ndarray, " entry"]
    parts: Integer[np.ndarray, " entry"]

    @classmethod
    def of(cls, amounts: Amounts) -> KnownCompositions:
        """Pack compositions; those that are equal in all kept digits once."""
        shares = amounts / amounts.sum(axis=1, keepdims=True)
        parts = np.array(np.round(shares * _UNIT), dtype=np.uint16)
        whole = np.unique(parts, axis=0)
        rows, places = np.nonzero(whole)
        counts = np.bincount(rows, minlength=len(whole)).astype(np.uint8)
        return cls(counts, (places + 1).astype(np.uint8), whole[rows, places])

    def overlap(self, amounts: Amounts) -> Float[np.ndarray, " row"]:
        r"""Largest overlap with a known composition: 1 for one of them, 0 without common elements.

        .. math:: \max_k \sum_Z \sqrt{x_Z x_Z^{(k)}}

        with the shares x of the elements (the coefficient of Bhattacharyya).
        """
        shares = amounts / amounts.sum(axis=1, keepdims=True)
        return (np.sqrt(shares).astype(np.float32) @ self._roots.T).max(axis=1).astype(float)

    def strange_pairs(self, amounts: Amounts) -> list[tuple[int, int] | None]:
        """Two main elements of each composition that no known one has together, if there are any.

        Of several pairs the one with the largest shares is given, as atomic numbers.
        """
        shares = amounts / amounts.sum(axis=1, keepdims=True)
        found: list[tuple[int, int] | None] = []
        for row in shares:
            main = np.flatnonzero(row >= _MAIN)
            main = main[np.argsort(-row[main], kind="stable")]
            pairs = ((a, b) for i, b in enumerate(main) for a in main[:i])
            strange = next(((a, b) for a, b in pairs if not self._together[a, b]), None)
            found.append(None if strange is None else (int(strange[0]) + 1, int(strange[1]) + 1))
        return found

    def strange_elements(self, amounts: Amounts) -> list[list[int]]:
        """Atomic numbers of the elements of each composition that no known one has."""
        return [list(map(int, np.flatnonzero((row > 0) & ~self._seen) + 1)) for row in amounts]

    def to_arrays(self, name: str) -> dict[str, np.ndarray]:
        """Arrays for a file, under ``name.…``."""
        fields = ("counts", "numbers", "parts")
        return {f"{name}.{field}": getattr(self, field) for field in fields}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], name: str) -> KnownCompositions:
        """The inverse of `to_arrays`."""
        return cls(*(arrays[f"{name}.{field}"] for field in ("counts", "numbers", "parts")))

    @cached_property
    def _shares(self) -> Float[np.ndarray, "known number"]:
        shares = np.zeros((len(self.counts), MAX_NUMBER), dtype=np.float32)
        rows = np.repeat(np.arange(len(self.counts)), self.counts)
        shares[rows, self.numbers.astype(np.intp) - 1] = self.parts / _UNIT
        return shares / shares.sum(axis=1, keepdims=True)

    @cached_property
    def _roots(self) -> Float[np.ndarray, "known number"]:
        return np.sqrt(self._shares)

    @cached_property
    def _seen(self) -> Bool[np.ndarray, " number"]:
        return np.array((self._shares > 0.0).any(axis=0), dtype=bool)

    @cached_property
    def _together(self) -> Bool[np.ndarray, "number number"]:
        there = (self._shares >= _BESIDE).astype(np.float32)
        return np.array(there.T @ there > 0.0, dtype=bool)
