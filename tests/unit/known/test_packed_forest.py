"""Packed forests: trees of every shape come back, up to the rounding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from betenet.known.forest import Forest
from betenet.known.packed_forest import (
    packed,
    packed_leaves,
    shortened_thresholds,
    unpacked,
    with_leaves,
)


def grown(random: np.random.Generator, trees: int, deepest: int) -> Forest:
    """Trees of random shapes, in the order of a walk."""
    nodes: list[list[float]] = []
    roots: list[int] = []

    def grow(depth: int) -> int:
        place = len(nodes)
        nodes.append([-1, 0.0, 0, 0, float(random.normal())])
        if depth < deepest and random.random() < 0.8:
            feature, threshold = int(random.integers(4)), float(random.normal())
            nodes[place] = [feature, threshold, grow(depth + 1), grow(depth + 1), 0.0]
        return place

    for _ in range(trees):
        roots.append(len(nodes))
        grow(0)
    feature, threshold, left, right, value = np.array(nodes).T
    return Forest(
        roots=np.array(roots, dtype=np.int32),
        feature=feature.astype(np.int16),
        threshold=shortened_thresholds(threshold.astype(np.float32)),
        left=left.astype(np.int32),
        right=right.astype(np.int32),
        unknown_left=np.zeros(len(nodes), dtype=bool),
        value=value.astype(np.float32),
        offset=0.5,
    )


@pytest.mark.parametrize(("trees", "deepest"), [(1, 0), (3, 0), (1, 6), (20, 9)])
def test_forests_come_back(trees: int, deepest: int) -> None:
    random = np.random.default_rng(trees + deepest)
    forest = grown(random, trees, deepest)
    again = unpacked(packed(forest, "one"), "one")
    inner = forest.feature >= 0
    assert again.roots.tolist() == forest.roots.tolist()
    assert again.left[inner].tolist() == forest.left[inner].tolist()
    assert again.right[inner].tolist() == forest.right[inner].tolist()
    features = random.normal(size=(50, 4)).astype(np.float32)
    np.testing.assert_allclose(
        again.scores(features), forest.scores(features), atol=3e-2 * np.sqrt(trees)
    )


def test_packing_twice_changes_nothing() -> None:
    forest = grown(np.random.default_rng(5), 8, 7)
    once = unpacked(packed(forest, "one"), "one")
    twice = unpacked(packed(once, "one"), "one")
    np.testing.assert_allclose(twice.value, once.value, rtol=1e-6)


def test_leaves_of_the_same_trees_may_say_something_else() -> None:
    forest = grown(np.random.default_rng(6), 5, 6)
    other = replace(forest, value=-2.0 * forest.value, offset=-1.0)
    arrays = packed(forest, "one") | packed_leaves(other, "other")
    trees = unpacked(arrays, "one")
    features = np.random.default_rng(7).normal(size=(20, 4)).astype(np.float32)
    np.testing.assert_allclose(
        with_leaves(trees, arrays, "other").scores(features),
        -2.0 * trees.scores(features),
        rtol=1e-5,
        atol=1e-5,
    )


def test_thresholds_are_near_what_they_were() -> None:
    given = np.random.default_rng(0).normal(size=1000).astype(np.float32)
    short = shortened_thresholds(given)
    np.testing.assert_allclose(short, given, rtol=2.5e-4)
    assert np.all(short.view(np.uint32) % (1 << 12) == 0)
