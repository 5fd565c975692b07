from __future__ import annotations

from pathlib import Path

import pytest
from ase import Atoms
from ase.build import bulk

from betenet.screening.candidates import Candidate, Entry
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


class Faulty:
    """Filters that fail for one candidate, and remember the names that they see."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def refuse(self, candidate: Candidate) -> str | None:
        self.names.append(candidate.name)
        if candidate.name == "bad":
            raise ZeroDivisionError
        return None


def test_a_fault_loses_one_entry_at_every_start(tmp_path: Path) -> None:
    store = RecordStore(tmp_path / RECORDS, create=True)
    entries: list[Entry] = [
        Candidate(name=name, atoms=bulk("Nb", a=3.3), given={"note": "\ud800"})
        for name in ("a", "bad", "caf\udce9", "z")
    ]
    for _ in range(2):
        filters = Faulty()
        take_source(store, entries, filters, quiet=True)
        records = {record.name: record for record in store.records()}
        outcomes = {name: record.outcome for name, record in records.items()}
        assert outcomes == {"a": "passed", "bad": "failed", "caf\\udce9": "passed", "z": "passed"}
        assert "ZeroDivisionError" in records["bad"].reason
    assert filters.names == []
