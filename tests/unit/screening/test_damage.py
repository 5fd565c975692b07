"""One definition of damage: what status names, report shows as failed, and both return 1."""

import json
import sqlite3
from pathlib import Path

import pytest
from ase.build import bulk

from betenet.screening.damage import find_damage
from betenet.screening.manifest import SCREENING
from betenet.screening.records import RECORDS, Record
from betenet.screening.screening import write_outputs
from betenet.screening.status import status_of
from betenet.screening.store import RecordStore

STAGES = ("source", "s")


@pytest.fixture
def run(tmp_path: Path) -> RecordStore:
    """Four candidates, all of which passed the source; three passed the stage."""
    SCREENING.write(tmp_path, {"format": 1, "stages": [{"name": "s", "kind": "structure"}]})
    store = RecordStore(tmp_path / RECORDS, create=True)
    names = "abcd"
    store.add(
        [(name, bulk("Nb")) for name in names],
        [Record(name=name, stage="source", outcome="passed", formula="Nb") for name in names],
    )
    store.finish("source")
    store.store(
        Record(name=name, stage="s", outcome="rejected" if name == "d" else "passed", score=score)
        for name, score in zip(names, (4.0, 3.0, 2.0, 1.0), strict=True)
    )
    store.finish("s")
    return store


def change(store: RecordStore, statement: str) -> None:
    with sqlite3.connect(store.path) as database:
        database.execute(statement)
    database.close()


OF_A_RECORD = [
    *(
        f"UPDATE records SET {column} = x'fffe1b5b324a' WHERE number = 2 AND stage = 's'"  # noqa: S608
        for column in ("outcome", "reason", "formula", "content", "score")
    ),
    "UPDATE records SET stage = x'fffe1b5b324a' WHERE number = 2 AND stage = 's'",
    "UPDATE records SET stage = 'other' WHERE number = 2 AND stage = 's'",
    "UPDATE records SET score = 'abc' WHERE number = 2 AND stage = 's'",
    "UPDATE records SET score = 9e999 WHERE number = 2 AND stage = 's'",
    "UPDATE records SET outcome = 'lost' WHERE number = 2 AND stage = 's'",
    *(
        f"UPDATE records SET content = '{json.dumps(content)}' WHERE number = 2 AND stage = 's'"  # noqa: S608
        for content in (
            {"values": {"a": [1]}, "warnings": [], "seconds": 1},
            {"values": {"a": {"b": 1}}, "warnings": [], "seconds": 1},
            {"values": 5, "warnings": [], "seconds": 1},
            {"values": {}, "warnings": "no list", "seconds": 1},
            {"values": {}, "warnings": [1], "seconds": 1},
            {"values": {}, "warnings": [], "seconds": "x"},
            {"values": {"a": float("inf")}, "warnings": [], "seconds": 1},
            [1],
        )
    ),
]
OF_ANOTHER_KIND = [
    "UPDATE entries SET name = x'fffe1b5b324a' WHERE number = 2",
    "DELETE FROM entries WHERE number = 2",
    "UPDATE entries SET structure = x'00ff' WHERE number = 2",
    "UPDATE entries SET structure = 'text' WHERE number = 2",
    "DELETE FROM records WHERE number = 2 AND stage = 's'",
    "DELETE FROM records WHERE number = 2 AND stage = 'source'",
    "INSERT INTO finished VALUES ('other')",
]


def test_a_whole_run_has_no_damage(run: RecordStore) -> None:
    assert find_damage(run, STAGES) == []
    assert status_of(run.path.parent).damage == ()
    assert write_outputs(run.path.parent).status.damage == ()


@pytest.mark.parametrize("statement", [*OF_A_RECORD, *OF_ANOTHER_KIND])
def test_every_damage_is_found(run: RecordStore, statement: str) -> None:
    change(run, statement)
    found = find_damage(run, STAGES)
    assert found
    assert all(one.why for one in found)


@pytest.mark.parametrize("statement", [OF_A_RECORD[1], OF_A_RECORD[6], *OF_ANOTHER_KIND[:2]])
def test_damage_is_named_and_the_others_are_told(run: RecordStore, statement: str) -> None:
    change(run, statement)
    found = status_of(run.path.parent)
    told = "".join(str(one.as_error()) for one in found.damage)
    assert "is damaged: " in told
    assert "\x1b" not in told
    assert "source" in found.as_text()


@pytest.mark.parametrize(
    "statement", [OF_A_RECORD[0], OF_A_RECORD[4], *OF_ANOTHER_KIND[:3], OF_ANOTHER_KIND[5]]
)
@pytest.mark.filterwarnings("error")
def test_the_report_is_written_without_what_is_damaged(run: RecordStore, statement: str) -> None:
    change(run, statement)
    folder = run.path.parent
    found = write_outputs(folder)
    rows = [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]
    assert {"a", "c", "d"} <= {row["name"] for row in rows}
    assert found.page.exists()
    assert found.status.damage


@pytest.mark.parametrize("statement", OF_A_RECORD[:5] + OF_A_RECORD[7:])
def test_what_is_damaged_counts_as_failed(run: RecordStore, statement: str) -> None:
    change(run, statement)
    outcomes = {record.name: record.outcome for record in run.records("s")}
    assert outcomes == {"a": "passed", "b": "failed", "c": "passed", "d": "rejected"}


def test_a_score_that_is_none_is_not_among_the_best(run: RecordStore) -> None:
    change(run, "UPDATE records SET score = 'abc' WHERE number = 4 AND stage = 's'")
    run.finish_with_budget("s", 2)
    assert list(run.names("s", "passed")) == ["a", "b"]
