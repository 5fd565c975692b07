import math
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from tests.screening_run import small_run, stored

from betenet.errors import DataError
from betenet.screening import store as module
from betenet.screening.records import UNDECIDED, Record
from betenet.screening.store import RecordStore


def _store(folder: Path) -> RecordStore:
    return RecordStore(folder / "records.sqlite", create=True)


def _passed(name: str, stage: str = "source", score: float = math.nan) -> Record:
    return Record(name=name, stage=stage, outcome="passed", score=score)


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    store = _store(tmp_path)
    record = Record(
        name="b/ü\n'",
        stage="structure",
        outcome="rejected",
        reason="tc_kelvin = 1 is below 2",
        formula="NbN",
        score=1.25,
        values={"tc_kelvin": 1.25, "phonons": "none", "tc_kelvin_std": None},
        warnings=("one", "two"),
        seconds=0.5,
    )
    store.store([record])
    assert list(RecordStore(store.path).records()) == [record]


def test_what_is_not_known_comes_back_as_nan(tmp_path: Path) -> None:
    store = _store(tmp_path)
    store.store([_passed("a")])
    (record,) = store.records("source")
    assert math.isnan(record.score)
    assert math.isnan(record.seconds)


def test_the_first_record_of_a_structure_and_stage_counts(tmp_path: Path) -> None:
    store = _store(tmp_path)
    store.store([_passed("a", "s", 1.0)])
    store.store([_passed("a", "s", 2.0), _passed("b", "s", 3.0)])
    assert [(record.name, record.score) for record in store.records("s")] == [
        ("a", 1.0),
        ("b", 3.0),
    ]


def test_a_transaction_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    store = _store(tmp_path)
    bad = Record(name="bad", stage="source", outcome="passed", values={"x": math.nan})
    with pytest.raises(ValueError, match="JSON"):
        store.add([("a", bulk("Al"))], [_passed("a"), bad])
    assert store.counts() == {}
    with pytest.raises(DataError):
        store.structure("a")


def _names(candidates: Iterator[tuple[Record, ...]]) -> list[str]:
    return [records[0].name for records in candidates]


@pytest.mark.parametrize("page", [1, 2, 3, 100])
@pytest.mark.parametrize("seed", range(5))
def test_records_of_a_candidate_come_together_whatever_the_order_of_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: int, seed: int
) -> None:
    monkeypatch.setattr(module, "PAGE", page)
    stages = ("source", "first", "stable", "last")
    records = [record for record in small_run() if record.stage in stages]
    apart = [records[k] for k in np.random.default_rng(seed).permutation(len(records))]
    store = stored(tmp_path, apart)
    grouped = {
        name: tuple(
            one for stage in stages for one in records if (one.name, one.stage) == (name, stage)
        )
        for name in dict.fromkeys(record.name for record in apart)
    }
    found = list(store.candidates(stages))
    assert [list(map(repr, of_one)) for of_one in found] == [
        list(map(repr, of_one)) for of_one in grouped.values()
    ]
    assert _names(store.ranked(stages, "last", "last")) == ["c", "a", "near"]


def test_what_is_damaged_is_ranked_last(tmp_path: Path) -> None:
    store = stored(tmp_path, small_run())
    with sqlite3.connect(store.path) as database:
        database.execute("UPDATE records SET content = 'x' WHERE stage = 'last' AND score = 16")
    database.close()
    (*_, last) = store.ranked(("source", "last"), "last", "last")
    assert (last[-1].name, last[-1].outcome) == ("c", "failed")


@pytest.mark.parametrize("page", [1, 2, 3, 100])
def test_every_row_is_read_once_whatever_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(module, "PAGE", page)
    store = _store(tmp_path)
    names = ["n3", "n0", "n6", "n1", "n5", "n2", "n4"]
    store.add([(name, bulk("Al")) for name in names], [_passed(name) for name in names])
    store.store([_passed(names[2], "s")])
    assert list(store.names("source")) == names
    assert [one.name for one in store.waiting("s", "source")] == [*names[:2], *names[3:]]


def test_waiting_is_what_passed_and_is_not_done(tmp_path: Path) -> None:
    store = _store(tmp_path)
    rejected = Record(name="c", stage="source", outcome="rejected")
    store.add([(name, bulk("Al")) for name in "ab"], [_passed("a"), _passed("b"), rejected])
    store.store([Record(name="a", stage="s", outcome="failed")])
    assert [one.name for one in store.waiting("s", "source")] == ["b"]
    assert store.counts() == {"source": {"passed": 2, "rejected": 1}, "s": {"failed": 1}}
    assert list(store.names("source", "rejected")) == ["c"]
    assert store.known(["a", "c", "x"]) == {"a", "c"}


def test_a_budget_takes_the_best_and_breaks_ties_by_name(tmp_path: Path) -> None:
    store = _store(tmp_path)
    scores = {"e": 2.0, "d": 3.0, "c": 1.0, "b": 2.0, "a": 2.0, "x": math.nan}
    store.store(
        Record(name=name, stage="s", outcome="rejected", reason=UNDECIDED, score=score)
        for name, score in scores.items()
    )
    store.store([Record(name="f", stage="s", outcome="failed", reason="why")])
    store.finish_with_budget("s", 3)
    assert set(store.names("s", "passed")) == {"d", "a", "b"}
    assert _names(store.ranked(["s"], "s", "s")) == ["d", "a", "b", "e", "c", "x", "f"]
    reasons = {record.name: record.reason for record in store.records("s")}
    assert (reasons["a"], reasons["e"], reasons["f"]) == ("", "not among the best 3", "why")
    assert store.finished() == {"s"}


def test_a_folder_without_a_screening_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no screening"):
        RecordStore(tmp_path / "records.sqlite")


def test_a_file_that_is_no_database_is_an_error_and_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    path.write_bytes(b"something else" * 100)
    with pytest.raises(DataError, match="cannot be read"):
        RecordStore(path).counts()
    assert path.read_bytes() == b"something else" * 100


WRITER = """
import itertools, sys
from ase.build import bulk
from betenet.screening.records import Record
from betenet.screening.store import RecordStore
store = RecordStore(sys.argv[1], create=True)
for start in itertools.count(0, 10):
    names = [f"n{start + step}" for step in range(10)]
    records = [Record(name=name, stage="source", outcome="passed") for name in names]
    store.add([(name, bulk("Al")) for name in names], records)
"""


def test_a_kill_loses_no_more_than_a_transaction_and_readers_go_on(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    RecordStore(path, create=True)
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)])
    store, began = RecordStore(path), time.monotonic()
    while store.counts().get("source", {}).get("passed", 0) < 200:  # read while it writes
        assert time.monotonic() - began < 60
        time.sleep(0.02)  # or the reader would hardly let the writer in
    process.kill()  # SIGKILL
    process.wait()
    names = list(store.names("source"))
    assert len(names) % 10 == 0
    assert names == [f"n{number}" for number in range(len(names))]
    assert len(store.structure(names[-1])) == 1
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_texts_that_are_none_can_be_kept(tmp_path: Path) -> None:
    store = _store(tmp_path)
    values = {"key \ud800": "half \udcff"}
    store.store(
        [Record(name="a\udcff", stage="source", outcome="failed", reason="\ud800", values=values)]
    )
    (record,) = store.records()
    assert (record.name, record.reason) == ("a\\udcff", "\\ud800")
    assert record.values == {"key \ufffd": "half \ufffd"}


@pytest.mark.parametrize(
    "change",
    [
        """content = '{"values":'""",
        "content = ''",
        """content = '{"values":{"a":[1]},"warnings":[],"seconds":1}'""",
        """content = '{"values":5,"warnings":[],"seconds":1}'""",
        """content = '{"values":{},"warnings":5,"seconds":1}'""",
        """content = '{"values":{},"warnings":[],"seconds":"x"}'""",
        "outcome = 'lost'",
        "score = 'x'",
    ],
)
def test_a_damaged_record_is_a_failed_one_and_the_others_are_read(
    tmp_path: Path, change: str
) -> None:
    store = _store(tmp_path)
    store.store([_passed("a"), _passed("b"), _passed("c")])
    with sqlite3.connect(store.path) as database:
        database.execute(f"UPDATE records SET {change} WHERE number = 2")  # noqa: S608
    database.close()
    assert [one.outcome for one in store.records()] == ["passed", "failed", "passed"]
    assert "damaged" in list(store.records())[1].reason
