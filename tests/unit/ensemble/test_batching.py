from collections.abc import Iterator
from itertools import pairwise

from betenet.ensemble.batching import batches


def test_order_is_kept_and_nothing_is_lost() -> None:
    sizes = [5, 1, 1, 9, 2, 2, 2, 0, 7]
    cut = list(batches(sizes, lambda size: size, 6))
    assert [size for batch in cut for size in batch] == sizes
    assert all(sum(batch) <= 6 or len(batch) == 1 for batch in cut)
    # none could have taken the first of the next one
    pairs = pairwise(cut)
    assert all(sum(batch) + following[0] > 6 for batch, following in pairs)


def test_items_are_taken_as_they_are_needed() -> None:
    taken: list[int] = []

    def endless() -> Iterator[int]:
        while True:
            taken.append(1)
            yield 1

    stream = batches(endless(), lambda size: size, 10)
    assert next(stream) == [1] * 10
    assert len(taken) <= 11


def test_nothing_gives_nothing() -> None:
    assert list(batches([], len, 3)) == []
