"""``betenet epc collect`` of a campaign, and of a folder of its records: a dataset with splits."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from ase.build import bulk
from tests.replayed_espresso import SETTINGS, make_replayed_espresso

from betenet.cli import main
from betenet.cli.streams import refuse_to_replace_inputs
from betenet.datasets.jsonl_rows import read_jsonl
from betenet.datasets.training_rows import read_rows
from betenet.errors import DataError

ROOT = Path(__file__).resolve().parents[2]
OURS = ROOT / "benchmarks" / "first_principles"
GAP = {"rule": "band_gap", "text": "there is a gap"}


def of(path: Path, name: str, **changes: Any) -> dict[str, Any]:
    """A committed record under another name."""
    found = json.loads(path.read_text(encoding="utf-8"))
    state = "kept" if found["calculation"]["kept"] else "dropped"
    return found | {"id": name, "campaign": {"state": state, "pressure_gpa": 0.0}} | changes


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """Four records: to train on, to test with, dropped with a spectrum, failed without one."""
    folder = tmp_path / "records"
    folder.mkdir()
    failed = {
        "id": "d-failed",
        "source": "quantum_espresso",
        "formula": "",
        "calculation": {"kept": False, "reasons": [GAP]},
        "campaign": {"state": "failed", "family": "", "pressure_gpa": 5.0},
    }
    for record in (
        of(OURS / "Nb.json", "a-train", split="train"),
        of(OURS / "Al.json", "b-test", split="test"),
        of(OURS / "MgB2.json", "c-dropped"),
        failed,
    ):
        (folder / f"{record['id']}.json").write_text(json.dumps(record))
    return folder


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_records_of_a_folder_become_a_dataset(
    records: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "ours.jsonl"
    assert main(["epc", "collect", str(records), "--out", str(out)]) == 0
    printed = capsys.readouterr()
    table = printed.out.splitlines()
    assert [row.split()[-1] for row in table if row[:2] in {"a-", "b-", "c-", "d-"}] == [
        *("kept", "kept", "dropped", "failed")
    ]
    assert "    failed: there is a gap" in table
    assert "μ* = 0.1" in printed.out
    assert "wrote 2 to" in printed.err
    assert "left out 1 that are dropped and 1 that are failed" in printed.err
    found = read_jsonl(out)
    assert (found.refused, found.warnings) == ((), ())
    assert [(one.row.id, one.split) for one in found.entries] == [
        ("a-train", "train"),
        ("b-test", "test"),
    ]
    with pytest.raises(DataError, match=r"1 rows of .* are not for training, the first is b-test"):
        read_rows(tmp_path, ["ours"])


def test_all_are_written_where_all_are_asked_for_and_refused_by_readers(
    records: Path, tmp_path: Path
) -> None:
    out = tmp_path / "all.jsonl"
    assert main(["epc", "collect", str(records), "--out", str(out), "--all"]) == 0
    assert [row["id"][0] for row in lines(out)] == ["a", "b", "c", "d"]
    found = read_jsonl(out)
    assert [entry.row.id for entry in found.entries] == ["a-train", "b-test"]
    assert {one.id: one.reason for one in found.refused} == {
        "c-dropped": "its calculation is not kept: negative values are 5.81% of α²F or of λ; "
        "1% are allowed",
        "d-failed": "its calculation is not kept: there is a gap",
    }
    with pytest.raises(DataError, match="the first is c-dropped"):
        read_rows(tmp_path, ["all"])


def test_damaged_and_foreign_files_are_named_and_the_others_are_done(
    records: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (records / "cut.json").write_text('{"id": "cut", "calculation": ')
    (records / "package.json").write_text('{"name": "something else"}')
    (records / "deep.json").write_text("[" * 100_000)
    (records / "latin.json").write_bytes(b'{"id": "\xe9"}')
    out = tmp_path / "ours.jsonl.gz"
    assert main(["epc", "collect", str(records), "--out", str(out), "--json"]) == 1
    printed = capsys.readouterr()
    for name in ("cut", "deep", "latin"):
        assert f"{name}.json is no record of a crystal that is settled" in printed.err
    assert "3 of 8 records failed" in printed.err
    assert "passed over, no record: package.json" in printed.err
    assert [one["id"][0] for one in json.loads(printed.out)] == ["a", "b", "c", "d"]
    assert len(gzip.decompress(out.read_bytes()).splitlines()) == 2


def test_what_lies_beside_records_is_no_failure(capsys: pytest.CaptureFixture) -> None:
    assert main(["epc", "collect", str(OURS)]) == 0
    assert "passed over, no record: literature.json\n" in capsys.readouterr().err


def test_no_record_is_written_over(records: Path, capsys: pytest.CaptureFixture) -> None:
    record = records / "a-train.json"
    before = record.read_bytes()
    assert main(["epc", "collect", str(records), "--out", str(record)]) == 2
    assert "is one of the input files" in capsys.readouterr().err
    assert record.read_bytes() == before


def test_a_link_to_itself_is_no_input_that_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "campaign.json").symlink_to("campaign.json")
    refuse_to_replace_inputs([str(tmp_path / "campaign.json")], tmp_path / "out.csv")


def test_a_folder_of_nothing_says_so(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["epc", "collect", str(tmp_path)]) == 2
    assert "There is no calculation in" in capsys.readouterr().err


def test_the_records_of_our_campaign_become_a_dataset(tmp_path: Path) -> None:
    out = tmp_path / "ours.jsonl"
    assert main(["epc", "collect", str(OURS / "campaign"), "--out", str(out)]) == 0
    kept = [
        record["id"]
        for path in sorted((OURS / "campaign").glob("*.json"))
        if (record := json.loads(path.read_text(encoding="utf-8")))["calculation"]["kept"]
    ]
    assert [row["id"] for row in lines(out)] == kept
    assert {row.get("split") for row in lines(out)} <= {"train", "test"}
    assert read_jsonl(out).refused == ()


@pytest.mark.parametrize("elsewhere", [False, True])
def test_rows_of_a_campaign_have_the_split_that_its_records_have(
    tmp_path: Path, elsewhere: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """With the records in its own folder, and elsewhere; held-out formulas are not trained on."""
    monkeypatch.setattr("os.nice", lambda _: 0)
    programs = make_replayed_espresso(tmp_path / "bin")
    potentials, cells = tmp_path / "upf", tmp_path / "cells"
    write_potential(potentials)
    cells.mkdir()
    bulk_aluminium(cells / "a.cif")
    (cells / "list.csv").write_text("file\na.cif\n")
    held = tmp_path / "held.txt"
    held.write_text("Al1\n")
    home, out = tmp_path / "many", tmp_path / "ours.jsonl"
    told = ["--out", str(home), "--programs", str(programs), "--held-out", str(held)]
    told += ["--pseudopotentials", str(potentials), "--protocol", "fast", "--set", *SETTINGS]
    told += ["--records", str(tmp_path / "kept")] if elsewhere else []
    assert main(["epc", "campaign", str(cells / "list.csv"), *told]) == 0
    assert (home / "a" / "manifest.json").exists()
    assert main(["epc", "collect", str(home), "--out", str(out)]) == 0
    (entry,) = read_jsonl(out).entries
    assert (entry.row.formula, entry.split) == ("Al", "test")
    with pytest.raises(DataError, match="not for training, the first is a"):
        read_rows(tmp_path, ["ours"])
    (tmp_path / "kept" if elsewhere else home / "records").joinpath("a.json").unlink()
    assert main(["epc", "collect", str(home), "--out", str(out)]) == 2
    assert "There is no record in" in capsys.readouterr().err


def write_potential(folder: Path) -> None:
    folder.mkdir()
    header = '<PP_HEADER element="Al" pseudo_type="NC" relativistic="scalar" z_valence="11.0"/>'
    (folder / "Al_ONCV_PBE_sr.upf").write_text(f"<UPF>{header}\n")
    (folder / "Al_ONCV_PBE_sr.toml").write_text("Ecut = 20\nsupersampling = 2.0\n")


def bulk_aluminium(path: Path) -> None:
    bulk("Al", "fcc", a=4.0).write(path)
