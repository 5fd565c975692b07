from collections.abc import Iterator
from pathlib import Path

import pytest
from ase import Atoms
from ase.build import bulk
from tests.fixture_types import Patch

from betenet.screening import intake
from betenet.screening.candidates import Candidate, Entry
from betenet.screening.filters import Filters
from betenet.screening.intake import judge, take_source
from betenet.screening.records import RECORDS
from betenet.screening.store import RecordStore


def crystal(number: int) -> Atoms:
    atoms = bulk("Nb", a=3.3)
    atoms.numbers = [number]
    return atoms


@pytest.mark.parametrize("number", [-3, 0, 104, 119, 200, 10_000])
def test_numbers_beyond_the_periodic_table_are_refused_in_words(number: int) -> None:
    record = judge("x", Candidate(name="x", atoms=crystal(number)))
    assert record.outcome == "failed"
    assert "is not a usable element" in record.reason
    broken = crystal(number)
    broken.positions[0, 0] = float("nan")
    assert "is not a number" in judge("x", Candidate(name="x", atoms=broken)).reason


def test_a_fault_loses_one_entry_at_every_start(tmp_path: Path, monkeypatch: Patch) -> None:
    names: list[str] = []

    def refuse(_: Filters, candidate: Candidate) -> str | None:
        names.append(candidate.name)
        if candidate.name == "bad":
            raise ZeroDivisionError
        return None

    monkeypatch.setattr(Filters, "refuse", refuse)
    store = RecordStore(tmp_path / RECORDS, create=True)
    entries: list[Entry] = [
        Candidate(name=name, atoms=bulk("Nb", a=3.3), given={"note": "\ud800"})
        for name in ("a", "bad", "caf\udce9", "z")
    ]
    for _ in range(2):
        names.clear()
        take_source(store, entries, Filters(), quiet=True)
        records = {record.name: record for record in store.records()}
        outcomes = {name: record.outcome for name, record in records.items()}
        assert outcomes == {"a": "passed", "bad": "failed", "caf\\udce9": "passed", "z": "passed"}
        assert "ZeroDivisionError" in records["bad"].reason
    assert names == []


def test_what_is_done_is_stored_while_entries_are_slow(tmp_path: Path, monkeypatch: Patch) -> None:
    store = RecordStore(tmp_path / RECORDS, create=True)
    clock = [0.0]
    stored: list[int] = []

    def refuse(*_: object) -> None:
        stored.append(len(list(store.names("source"))))
        clock[0] += 10.0

    monkeypatch.setattr(Filters, "refuse", refuse)
    monkeypatch.setattr(intake, "monotonic", lambda: clock[0])
    entries: list[Entry] = [Candidate(name=name, atoms=bulk("Nb", a=3.3)) for name in "abcd"]
    take_source(store, entries, Filters(), quiet=True)
    assert stored == [0, 1, 2, 3]


def test_what_a_slow_source_gave_is_stored_before_the_next_comes(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    store = RecordStore(tmp_path / RECORDS, create=True)
    clock = [0.0]
    stored: list[int] = []

    def source() -> Iterator[Entry]:
        for name in "abc":
            stored.append(len(list(store.names("source"))))
            clock[0] += 10.0
            yield Candidate(name=name, atoms=bulk("Nb", a=3.3))

    monkeypatch.setattr(intake, "monotonic", lambda: clock[0])
    take_source(store, source(), quiet=True)
    assert stored == [0, 1, 2]
