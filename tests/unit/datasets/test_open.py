"""What of a dataset may be learnt from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from tests.published_database import write_database

from betenet.datasets.jsonl_rows import Dataset, Entry
from betenet.datasets.open import open_dataset, training_part
from betenet.datasets.rows import TARGETS, Row
from betenet.errors import DataError


def dataset(*splits: str) -> Dataset:
    row = Row(id="", source="x", atoms=bulk("Nb"), formula="Nb", targets=np.ones(len(TARGETS)))
    entries = [Entry(row=replace(row, id=str(n)), split=split) for n, split in enumerate(splits)]
    return Dataset(name="some", entries=tuple(entries))


@pytest.mark.parametrize(
    ("splits", "kept"),
    [
        (("train", "test", "train", "", "other"), "02"),
        (("test", "", "other"), "12"),
        (("", ""), "01"),
        (("train", "train"), "01"),
    ],
)
def test_rows_to_learn_from(splits: tuple[str, ...], kept: str) -> None:
    found = training_part(dataset(*splits))
    assert "".join(entry.row.id for entry in found.entries) == kept


def test_nothing_to_learn_from_is_an_error() -> None:
    with pytest.raises(DataError, match=r"(?s)No row of some.*The split of all is 'test'"):
        training_part(dataset("test", "test"))


def test_the_published_database_is_parted_by_its_lists(tmp_path: Path) -> None:
    home = write_database(tmp_path / "published")
    with pytest.raises(DataError, match="no indices/ that name training rows"):
        training_part(open_dataset(str(home)))
    (home / "indices").mkdir()
    (home / "indices" / "idx_test_full.txt").write_text("7\n")
    with pytest.raises(DataError, match="no indices/ that name training rows"):
        training_part(open_dataset(str(home)))
    (home / "indices" / "idx_train_full.txt").write_text("0\n2\n")
    found = training_part(open_dataset(str(home)))
    assert [entry.row.id for entry in found.entries] == ["0", "2"]
