"""Boosted trees as arrays: what a forest that was trained elsewhere says, by numpy alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

_FIELDS = ("roots", "feature", "threshold", "left", "right", "unknown_left", "value")


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees whose leaves add up; nodes of all trees one after the other.

    Attributes
    ----------
    roots
        First node of each tree.
    feature
        Number of the feature that a node asks for; -1 at a leaf.
    threshold
        Value of the feature up to which a crystal goes left.
    left, right
        Nodes that follow.
    unknown_left
        Whether NaN goes left.
    value
        Score that a leaf adds [1].
    offset
        Score that is added to the sum [1].
    """

    roots: Int[np.ndarray, " tree"]
    feature: Int[np.ndarray, " node"]
    threshold: Float[np.ndarray, " node"]
    left: Int[np.ndarray, " node"]
    right: Int[np.ndarray, " node"]
    unknown_left: Bool[np.ndarray, " node"]
    value: Float[np.ndarray, " node"]
    offset: float

    def score(self, features: Float[np.ndarray, " feature"]) -> float:
        """Sum of the leaves that the features lead to [1].

        Every node is answered at once, then all trees are walked down together: thousands of
        answers cost less than to choose, step by step, those that are asked for.
        """
        given = features.astype(np.float32)
        both = np.stack([given, np.where(np.isnan(given), -np.inf, given)], axis=-1)
        places, left, right, depth = self._walk
        following = np.where(both.take(places) <= self.threshold, left, right)
        nodes = self.roots
        for _ in range(depth):
            nodes = following.take(nodes)
        return float(self.value.take(nodes).sum(dtype=float)) + self.offset

    def scores(self, features: Float[np.ndarray, "row feature"]) -> Float[np.ndarray, " row"]:
        """Sum of the leaves that each row of features leads to [1]."""
        return self._leaves(features).sum(axis=1, dtype=float) + self.offset

    def medians(self, features: Float[np.ndarray, "row feature"]) -> Float[np.ndarray, " row"]:
        """The median of the trees, each taken for all of them [1].

        Where the forest is the mean of its trees, this is their median.
        """
        leaves = self._leaves(features)
        return np.median(leaves, axis=1).astype(float) * leaves.shape[1] + self.offset

    def _leaves(self, features: Float[np.ndarray, "row feature"]) -> Float[np.ndarray, "row tree"]:
        """Value of the leaf of each tree that each row of features leads to [1].

        Rows and trees are walked down together; only the nodes on the way are asked for.
        """
        given = features.astype(np.float32)
        both = np.stack([given, np.where(np.isnan(given), -np.inf, given)], axis=-1)
        places, left, right, depth = self._walk
        following = np.stack([right, left], axis=-1).ravel()
        starts = 2 * given.shape[1] * np.arange(len(given))[:, None]
        nodes = np.broadcast_to(self.roots, (len(given), len(self.roots)))
        for _ in range(depth):
            asked = np.array(both.take(places.take(nodes) + starts), dtype=np.float32)
            goes_left = np.less_equal(asked, self.threshold.take(nodes))
            nodes = following.take(2 * nodes + goes_left)
        return self.value.take(nodes)

    @cached_property
    def _walk(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
        """Place of each node's feature, the nodes that follow, and the steps to the last leaf.

        Each feature stands twice, the second time with -∞ for NaN, which goes left; a leaf is
        followed by itself.
        """
        inner, own = self.feature >= 0, np.arange(len(self.feature))
        places = 2 * np.where(inner, self.feature, 0).astype(np.intp) + self.unknown_left
        left, right = (np.where(inner, ends, own) for ends in (self.left, self.right))
        reached, depth = np.zeros_like(inner), 0
        reached[self.roots] = True
        while (branching := np.flatnonzero(reached & inner)).size:
            reached, depth = np.zeros_like(inner), depth + 1
            reached[left[branching]] = reached[right[branching]] = True
        return places, left, right, depth

    def to_tensors(self, name: str) -> dict[str, np.ndarray]:
        """Arrays for a safetensors file, under ``name.…``."""
        tensors = {f"{name}.{field}": np.asarray(getattr(self, field)) for field in _FIELDS}
        return tensors | {f"{name}.offset": np.array([self.offset])}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray], name: str) -> Forest:
        """The inverse of `to_tensors`."""
        fields = {field: tensors[f"{name}.{field}"] for field in _FIELDS}
        return cls(**fields, offset=float(tensors[f"{name}.offset"][0]))
