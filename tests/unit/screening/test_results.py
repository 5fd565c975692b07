from __future__ import annotations

import csv
import json
import tracemalloc

import pytest
from tests.screening_run import Records, many, predicted, small_run, source, write_manifest

from betenet.printable import from_cell, printable
from betenet.screening import results
from betenet.screening.results import write_results


@pytest.fixture
def written(tmp_path):
    pytest.importorskip("pyarrow")
    return write_results(write_manifest(tmp_path), Records(small_run()))


def lines(folder):
    with (folder / "results.jsonl").open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def shortlist(folder):
    with (folder / "report.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_parquet_and_json_lines_hold_the_same(written, tmp_path):
    import pyarrow.parquet as pq

    table = pq.read_table(tmp_path / "results.parquet").to_pylist()
    assert table == lines(tmp_path)
    assert len(table) == written.rows == len({row["name"] for row in table}) == 7


def test_parquet_is_written_in_groups(tmp_path, monkeypatch):
    pq = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(results, "ROW_GROUP", 10)
    write_results(write_manifest(tmp_path), Records(many(25)))
    file = pq.ParquetFile(tmp_path / "results.parquet")
    sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    assert sizes == [10, 10, 5]
    assert [row["name"] for row in file.read().to_pylist()] == [f"m-{i}" for i in range(25)]


def test_csv_lists_the_shortlist_first_and_then_who_missed_it(written, tmp_path):
    listed = shortlist(tmp_path)
    assert [(row["rank"], row["name"], row["outcome"]) for row in listed] == [
        ("1", "c", "passed"),
        ("2", "a", "passed"),
        ("3", "near", "rejected"),
    ]
    assert listed[0]["tc_kelvin"] == "16.0"
    assert listed[0]["warnings"].startswith("far from training; beware; phonons: ")
    assert written.ranked == 3


@pytest.mark.parametrize("order", [1, -1])
def test_equal_scores_are_ordered_by_name_whatever_the_order_of_the_source(tmp_path, order):
    names = ["e", "b", "d", "a", "c"][::order]
    tc = {"e": 7.0, "b": 7.0, "d": 9.0, "a": 7.0, "c": 7.0}
    records = [source(n) for n in names]
    records += [predicted(n, "first", "passed", tc[n]) for n in names]
    write_results(write_manifest(tmp_path), Records(records))
    assert [row["name"] for row in shortlist(tmp_path)] == ["d", "a", "b", "c", "e"]


def test_odd_names_survive(tmp_path):
    names = ['a,"b"\nc', "=1+1", "ü\u2028x", "<script>"]
    records = [source(n) for n in names] + [predicted(n, "first", "passed", 9.0) for n in names]
    write_results(write_manifest(tmp_path), Records(records))
    assert [row["name"] for row in lines(tmp_path)] == names
    shown = [from_cell(row["name"]) for row in shortlist(tmp_path)]
    assert sorted(shown) == sorted(map(printable, names))
    assert "'=1+1" in [row["name"] for row in shortlist(tmp_path)]  # no spreadsheet runs it


def test_without_pyarrow_the_rest_is_written_and_the_note_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "find_spec", lambda _: None)
    found = write_results(write_manifest(tmp_path), Records(small_run()))
    assert [path.name for path in found.files] == ["results.jsonl", "report.csv"]
    assert "the extra `screen`" in found.note
    assert "[screen]" in found.note.split("pip install")[1]
    assert not (tmp_path / "results.parquet").exists()


class Failing(Records):
    def records(self, stage=None):
        yield from super().records(stage)
        if stage == "source":
            raise KeyboardInterrupt


@pytest.mark.usefixtures("written")
def test_old_results_stay_whole_when_writing_is_interrupted(tmp_path):
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(KeyboardInterrupt):
        write_results(tmp_path, Failing(many(30)))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_memory_does_not_grow_with_the_number_of_candidates(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "ROW_GROUP", 50)
    peaks: list[int] = []

    class Endless(Records):
        """Records that are made as they are read: only the source's, and the first stage's."""

        def __init__(self, n):
            self.n = n

        def records(self, stage=None):
            if stage == "source":
                return (source(f"m-{i}") for i in range(self.n))
            rejected = (predicted(f"m-{i}", "first", "rejected", i) for i in range(self.n))
            return rejected if stage == "first" else iter(())

        def counts(self):
            return {"source": {"passed": self.n}, "first": {"rejected": self.n}}

    write_manifest(tmp_path)
    for n in (50, 50, 350):
        tracemalloc.start()
        write_results(tmp_path, Endless(n))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    grown = (peaks[2] - peaks[1]) / 300
    assert grown < 300.0, f"{grown:.0f} bytes for each candidate"
