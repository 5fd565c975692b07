"""Forests in few bytes: nodes in the order of a walk, so that their children need no numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int

from betenet.known.forest import Forest

_BITS = 12
"""Bits of a threshold's fraction that are dropped: 11 of 23 stay."""
_LARGEST = 59904.0
"""Value that the largest leaf is scaled to; 7 bits hold it: packing twice changes nothing."""


def packed(forest: Forest, name: str) -> dict[str, np.ndarray]:
    """Arrays for a compressed file, under ``name.…``.

    Parameters
    ----------
    forest
        Forest whose nodes stand in the order of a walk, each before its left branch and that before
        the right one, and that knows no NaN.
    name
        Name of the forest in the file.

    Notes
    -----
    A leaf has the feature -1. Stored are the features of all nodes, the thresholds of the others
    in 20 bits, and the leaves in 12 with a common scale: the answer of a forest is a sum of many.
    """
    return {
        f"{name}.feature": forest.feature.astype(np.int16),
        f"{name}.threshold": shortened_thresholds(forest.threshold[forest.feature >= 0]),
        **packed_leaves(forest, name),
    }


def packed_leaves(forest: Forest, name: str) -> dict[str, np.ndarray]:
    """What the leaves of a forest say, alone, for `with_leaves`."""
    leaves = forest.value[forest.feature < 0]
    scale = max(float(np.abs(leaves).max(initial=0.0)), 1e-30) / _LARGEST
    return {
        f"{name}.leaf": _shortened_leaves(leaves / scale),
        f"{name}.scale": np.array([scale, forest.offset]),
    }


def unpacked(arrays: Mapping[str, np.ndarray], name: str) -> Forest:
    """The inverse of `packed`, up to its rounding."""
    feature = arrays[f"{name}.feature"]
    inner = feature >= 0
    threshold = np.zeros(len(feature), dtype=np.float32)
    threshold[inner] = arrays[f"{name}.threshold"]
    left, right, roots = _children(inner)
    trees = Forest(
        roots=roots,
        feature=feature,
        threshold=threshold,
        left=left,
        right=right,
        unknown_left=np.zeros(len(feature), dtype=bool),
        value=np.zeros(len(feature), dtype=np.float32),
        offset=0.0,
    )
    return with_leaves(trees, arrays, name)


def with_leaves(trees: Forest, arrays: Mapping[str, np.ndarray], name: str) -> Forest:
    """Trees whose leaves say something else, which `packed_leaves` has packed."""
    scale, offset = arrays[f"{name}.scale"]
    value = np.zeros(len(trees.feature), dtype=np.float32)
    value[trees.feature < 0] = arrays[f"{name}.leaf"].astype(np.float32) * np.float32(scale)
    return replace(trees, value=value, offset=float(offset))


def shortened_thresholds(
    thresholds: Float[np.ndarray, " node"],
) -> Float[np.ndarray, " node"]:
    """Thresholds rounded to the nearest number of 20 bits [1].

    Examples
    --------
    >>> shortened_thresholds(np.array([0.5, -1.0, 1 / 3], dtype=np.float32)).tolist()
    [0.5, -1.0, 0.3333740234375]
    """
    bits = thresholds.astype(np.float32).view(np.uint32) + np.uint32(1 << (_BITS - 1))
    return (bits & np.uint32(0xFFFFFFFF << _BITS & 0xFFFFFFFF)).view(np.float32)


def _shortened_leaves(leaves: Float[np.ndarray, " leaf"]) -> Float[np.ndarray, " leaf"]:
    """Leaves in half precision, with 6 of its 10 bits of the fraction [1]."""
    bits = leaves.astype(np.float16).view(np.uint16) + np.uint16(1 << 3)
    return (bits & np.uint16(0xFFF0)).view(np.float16)


def _children(
    inner: Bool[np.ndarray, " node"],
) -> tuple[Int[np.ndarray, " node"], Int[np.ndarray, " node"], Int[np.ndarray, " tree"]]:
    """Left and right nodes of each node, and the roots.

    A branch ends at the first leaf where leaves exceed the other nodes by one more than before it.
    """
    count = len(inner)
    balance = np.cumsum(np.where(inner, 1, -1))
    places = np.arange(count)
    leaves = places[~inner]
    keys = balance[leaves] * (count + 1) + leaves
    order = np.argsort(keys)
    asked = places[inner]
    ends = np.searchsorted(keys[order], (balance[asked] - 1) * (count + 1) + asked)
    left, right = np.zeros(count, dtype=np.int32), np.zeros(count, dtype=np.int32)
    left[asked] = asked + 1
    right[asked] = leaves[order[ends]] + 1
    # a tree is over where the balance falls below all before it
    lowest = np.minimum.accumulate(np.minimum(balance, 0))
    over = np.flatnonzero(np.diff(np.concatenate([[0], lowest])) < 0)
    roots = np.concatenate([[0], over[:-1] + 1]).astype(np.int32)
    return left, right, roots
