"""Boosted trees as arrays: what a forest that was trained elsewhere says, by numpy alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

_FIELDS = ("roots", "feature", "threshold", "left", "right", "unknown_left", "value")


@dataclass(frozen=True, slots=True, eq=False)
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
        """Sum of the leaves that the features lead to, a tree at a time [1]."""
        asked = features.astype(np.float32)
        nodes = self.roots.astype(np.intp)
        while True:
            feature = self.feature[nodes]
            inner = feature >= 0
            if not inner.any():
                return float(self.value[nodes].sum(dtype=float)) + self.offset
            given = asked[np.maximum(feature, 0)]
            left = np.where(
                np.isnan(given), self.unknown_left[nodes], given <= self.threshold[nodes]
            )
            following = np.where(left, self.left[nodes], self.right[nodes])
            nodes = np.where(inner, following, nodes)

    def to_tensors(self, name: str) -> dict[str, np.ndarray]:
        """Arrays for a safetensors file, under ``name.…``."""
        tensors = {f"{name}.{field}": np.asarray(getattr(self, field)) for field in _FIELDS}
        return tensors | {f"{name}.offset": np.array([self.offset])}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray], name: str) -> Forest:
        """The inverse of `to_tensors`."""
        fields = {field: tensors[f"{name}.{field}"] for field in _FIELDS}
        return cls(**fields, offset=float(tensors[f"{name}.offset"][0]))
