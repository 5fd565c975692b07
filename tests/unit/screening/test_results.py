import csv
import gc
import json
import tracemalloc

import pytest
from ase.build import bulk
from tests.screening_run import many, predicted, small_run, source, stability, write_run

from betenet.printable import from_cell, printable
from betenet.screening import results
from betenet.screening import store as module
from betenet.screening.records import RECORDS
from betenet.screening.results import write_results, write_shortlist
from betenet.screening.run_stage import RunStage
from betenet.screening.store import RecordStore


@pytest.fixture
def written(tmp_path):
    pytest.importorskip("pyarrow")
    return write_results(write_run(tmp_path, small_run()))


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
    write_results(write_run(tmp_path, many(25)))
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
    write_results(write_run(tmp_path, records))
    assert [row["name"] for row in shortlist(tmp_path)] == ["d", "a", "b", "c", "e"]


def test_odd_names_survive(tmp_path):
    names = ['a,"b"\nc', "=1+1", "ü\u2028x", "<script>"]
    records = [source(n) for n in names] + [predicted(n, "first", "passed", 9.0) for n in names]
    write_results(write_run(tmp_path, records))
    assert [row["name"] for row in lines(tmp_path)] == names
    shown = [from_cell(row["name"]) for row in shortlist(tmp_path)]
    assert sorted(shown) == sorted(map(printable, names))
    assert "'=1+1" in [row["name"] for row in shortlist(tmp_path)]  # no spreadsheet runs it


def test_without_pyarrow_the_rest_is_written_and_the_note_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "find_spec", lambda _: None)
    found = write_results(write_run(tmp_path, small_run()))
    assert [path.name for path in found.files] == ["results.jsonl", "report.csv"]
    assert "the extra `screen`" in found.note
    assert "[screen]" in found.note.split("pip install")[1]
    assert not (tmp_path / "results.parquet").exists()


@pytest.mark.usefixtures("written")
def test_old_results_stay_whole_when_writing_is_interrupted(tmp_path, monkeypatch):
    candidates = RecordStore.candidates

    def failing(store, stages):
        yield from candidates(store, stages)
        raise KeyboardInterrupt

    write_run(tmp_path, many(30))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr(RecordStore, "candidates", failing)
    with pytest.raises(KeyboardInterrupt):
        write_results(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_candidates(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "ROW_GROUP", 50)
    monkeypatch.setattr(module, "PAGE", 50)
    joined = RecordStore._joined

    def collecting(store, stages, numbers):
        for count, records in enumerate(joined(store, stages, numbers)):
            if count % 50 == 0:
                gc.collect()  # what nobody holds counts for nothing
            yield records

    monkeypatch.setattr(RecordStore, "_joined", collecting)
    peaks: list[int] = []
    for n in (150, 150, 450):  # more than a page of the store
        records = [source(f"m-{i}") for i in range(n)]
        records += [predicted(f"m-{i}", "first", "rejected", i) for i in range(n)]
        write_run(tmp_path, records)
        del records
        tracemalloc.start()
        write_results(tmp_path)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    grown = (peaks[2] - peaks[1]) / 300
    assert grown < 300.0, f"{grown:.0f} bytes for each candidate"


def test_the_shortlist_is_ranked_by_the_last_stage_that_predicts(tmp_path):
    store = RecordStore(tmp_path / RECORDS, create=True)
    store.add([(name, bulk("Nb")) for name in "abc"], [source(name) for name in "abc"])
    store.store(predicted(n, "first", "passed", tc) for n, tc in {"a": 5, "b": 9, "c": 7}.items())
    store.store(stability(name, "rejected" if name == "c" else "passed", 0.0) for name in "abc")
    stages = [RunStage(name="first", kind="structure"), RunStage(name="stable", kind="stability")]
    folder = write_shortlist(tmp_path, store, stages)
    assert [path.name for path in sorted(folder.iterdir())] == ["0001_NbN_b.cif", "0002_NbN_a.cif"]
