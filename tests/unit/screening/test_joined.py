from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from tests.screening_run import Records, small_run, source

from betenet.errors import DataError
from betenet.screening.joined import joined

STAGES = ("source", "first", "stable", "last")


def grouped(records):
    """The plain form: everything in memory."""
    found = defaultdict(list)
    for record in sorted(records, key=lambda record: STAGES.index(record.stage)):
        found[record.name].append(record)
    return dict(found)


@pytest.mark.parametrize("seed", range(5))
def test_records_of_a_candidate_come_together_whatever_the_order_of_the_store(seed):
    names = sorted({record.name for record in small_run()})
    np.random.default_rng(seed).shuffle(names)
    records = sorted(small_run(), key=lambda record: names.index(record.name))
    found = {of_one[0].name: list(of_one) for of_one in joined(Records(records), STAGES)}
    assert list(found) == [name for name in names if name in found]
    assert found == grouped(records)


def test_another_order_in_a_later_stage_is_an_error():
    records = small_run()
    records[7], records[8] = records[8], records[7]
    with pytest.raises(DataError, match=r"records of stage 'first' were found"):
        list(joined(Records(records), STAGES))


class Growing(Records):
    """A run adds to every stage while it is read."""

    def records(self, stage=None):
        yield from super().records(stage)
        if stage != "source":
            yield from (record for record in super().records("last") if record.name == "c")


def test_what_a_run_adds_meanwhile_is_no_error():
    assert len(list(joined(Growing(small_run()), STAGES))) == 7


def test_a_store_with_the_source_only():
    only = [source("b"), source("a")]
    assert [of_one[0].name for of_one in joined(Records(only), STAGES)] == ["b", "a"]
