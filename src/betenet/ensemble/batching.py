"""Work cut into batches by its size, so that memory does not grow with the number of structures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def batches(items: Iterable[Item], size: Callable[[Item], int], limit: int) -> Iterator[list[Item]]:
    """Consecutive items of at most `limit` in all; one that is larger comes alone.

    Parameters
    ----------
    items
        Taken one at a time.
    size
        Size of an item.
    limit
        Largest sum of the sizes of a batch.

    Examples
    --------
    >>> list(batches([3, 1, 4, 1, 5], lambda item: item, 5))
    [[3, 1], [4, 1], [5]]
    """
    batch: list[Item] = []
    total = 0
    for item in items:
        if batch and total + size(item) > limit:
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += size(item)
    if batch:
        yield batch
