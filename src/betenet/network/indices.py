"""Two things done with arrays of indices again and again: joining them, and summing equal ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int


def join_indices(
    parts: Sequence[Int[np.ndarray, "_"]], sizes: Int[np.ndarray, " part"]
) -> Int[np.ndarray, " index"]:
    """Concatenate indices into things of which each part has `sizes`.

    Examples
    --------
    >>> join_indices([np.array([0, 1]), np.array([0, 0, 2])], np.array([2, 3])).tolist()
    [0, 1, 2, 2, 4]
    """
    lengths = np.fromiter(map(len, parts), dtype=np.int64, count=len(parts))
    return np.concatenate(parts) + np.repeat(np.cumsum(sizes) - sizes, lengths)


def sum_equal(
    keys: Int[np.ndarray, " item"], values: Float[np.ndarray, "item ..."]
) -> tuple[Int[np.ndarray, " key"], Float[np.ndarray, "key ..."]]:
    """Sum the values of equal keys.

    Returns
    -------
    Int[ndarray, "key"]
        The first item of each key, the keys in ascending order.
    Float[ndarray, "key ..."]
        The sums.

    Examples
    --------
    >>> first, sums = sum_equal(np.array([7, 3, 7]), np.array([1.0, 2.0, 4.0]))
    >>> first.tolist(), sums.tolist()
    ([1, 0], [2.0, 5.0])
    """
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.diff(keys[order], prepend=-1))
    sums = np.add.reduceat(values[order], starts, axis=0) if len(starts) else values
    return order[starts], sums
