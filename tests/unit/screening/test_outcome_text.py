"""What a screening says when it is over."""

import csv
from pathlib import Path

import pytest

from betenet.screening.outcome_text import outcome_text
from betenet.screening.records import RECORDS, Outcome, Record
from betenet.screening.results import RANKED
from betenet.screening.store import RecordStore

COLUMNS = (
    *("name", "formula", "outcome", "tc_kelvin", "tc_kelvin_low_68", "tc_kelvin_high_68"),
    *("probability_tc_above_5_kelvin", "findings"),
)


def record(name: str, stage: str, outcome: Outcome, reason: str = "") -> Record:
    return Record(name=name, stage=stage, outcome=outcome, reason=reason)


def low_tc(tc: int) -> Record:
    return record(f"t{tc}", "first", "rejected", f"tc_kelvin = {tc} is below 5")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A screening of which twelve have passed and the others have not, each for a reason."""
    store = RecordStore(tmp_path / RECORDS, create=True)
    store.store(
        [
            *(record(f"p{k}", "first", "passed") for k in range(12)),
            *(
                record(f"t{k}", "first", "rejected", f"tc_kelvin = {k} is below 5")
                for k in range(3)
            ),
            record("u1", "first", "rejected", "the model does not know it: far composition"),
            record("b1.cif", "first", "failed", "b1.cif: It is broken. Reason: r. Fix: f."),
            record("b2.cif", "first", "failed", "b2.cif: It is broken. Reason: s. Fix: f."),
            *(record(f"r{k}", "second", "rejected", f"reason {k}") for k in range(6)),
        ]
    )
    with (tmp_path / RANKED).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for k in range(12):
            chance = "" if k == 3 else "0.9"
            writer.writerow([f"p{k}", "Nb3Sn", "passed", 15.1, 8.4, 21.1, chance, "rare_element"])
        writer.writerow(["t1", "Al", "rejected", 1.0, 0.4, 2.0, "0.1", ""])
    return tmp_path


def test_the_ten_best_and_why_the_others_are_not_there(run: Path) -> None:
    lines = outcome_text(run, RecordStore(run / RECORDS), None).splitlines()
    assert lines[1].split("  ")[0] == "p0"
    assert "15.1 (8.4–21.1)" in lines[1]
    assert lines[1].endswith("rare element")
    assert "unknown" in lines[4]
    assert lines[11] == "left out:"
    first, second = lines[12:14]
    for told in (
        *("3 tc_kelvin is below 5", "1 the model does not know it: far composition"),
        "2 failed: It is broken.",
    ):
        assert told in first
    assert second.endswith("2 for other reasons (report.html)")
    assert "keep_unknown = true" in lines[14]


def test_nothing_has_passed(tmp_path: Path) -> None:
    store = RecordStore(tmp_path / RECORDS, create=True)
    store.store([record("a", "first", "rejected", "tc_kelvin = 1 is below 5")])
    (tmp_path / RANKED).write_text(",".join(COLUMNS) + "\n")
    assert outcome_text(tmp_path, store, None).startswith("nothing has passed\nleft out:")


def test_what_to_expect_or_why_not(run: Path) -> None:
    store = RecordStore(run / RECORDS)
    ends = {"value": 0.5, "low_68": 0.4, "high_68": 0.6, "low_95": 0.3, "high_95": 0.7}
    forecast = {"precision": ends, "recall": {**ends, "value": 0.25}, "extrapolated": ""}
    assert "50 % (30 to 70) of what passed have Tc > 5 K" in outcome_text(run, store, forecast)
    doubt = outcome_text(run, store, {**forecast, "extrapolated": "nothing is alike"})
    assert "no forecast: nothing is alike" in doubt
    assert "50 %" not in doubt
