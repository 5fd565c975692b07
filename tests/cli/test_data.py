import json
from pathlib import Path

import pytest
from tests.published_database import rows, write_database

from betenet.cli import data
from betenet.cli.parser import Parser
from betenet.datasets.jsonl_rows import read_jsonl
from betenet.errors import BetenetError


def main(words: list[str]) -> int:
    """Run the verb as the command line does."""
    parser = Parser()
    data.add_parser(parser.add_subparsers())
    arguments = parser.parse_args(["data", *words])
    return arguments.run(arguments)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    content = rows()
    content["0"]["w_log"] = None
    content["7"]["Freq_meV"] = [float(x) for x in range(1, 601)]
    content["7"]["a2F"] = [1.0] * 600
    return write_database(tmp_path / "database", content)


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
def test_rows_are_written_and_the_refused_named(folder, tmp_path, capsys, suffix):
    out = tmp_path / f"rows{suffix}"
    assert main([str(folder), "--out", str(out)]) == 0
    shown = capsys.readouterr()
    assert shown.out == f"3 of 4 rows written to {out} (1 refused, 1 truncated)\n"
    assert "refused: row 0 (Pb): w_log is missing" in shown.err
    assert "note: row 7: α²F above 100.25 meV is lost: share of 83%" in shown.err
    assert [entry.row.id for entry in read_jsonl(out).entries] == ["1", "2", "7"]


def test_rows_go_back_into_the_published_layout(folder, tmp_path, capsys):
    rows = tmp_path / "rows.jsonl"
    assert main([str(folder), "--out", str(rows)]) == 0
    assert main([str(rows), "--write-published", str(tmp_path / "again")]) == 0
    assert "3 of 3 rows written to" in capsys.readouterr().out
    assert main([str(tmp_path / "again"), "--out", str(tmp_path / "twice.jsonl")]) == 0
    first, again = (read_jsonl(path).entries for path in (rows, tmp_path / "twice.jsonl"))
    assert [entry.row.id for entry in again] == ["1", "2", "7"]
    for one, other in zip(first, again, strict=True):
        assert one.row.targets == pytest.approx(other.row.targets, rel=1e-12)
    capsys.readouterr()
    assert main([str(rows), "--write-published", str(tmp_path / "again"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kept"] == 3


def test_one_side_of_the_split(folder, tmp_path):
    (folder / "indices").mkdir()
    for name, ids in (("train", "1.0e+00\n7.0e+00\n"), ("test", "2.0e+00\n")):
        (folder / "indices" / f"idx_{name}_full.txt").write_text(ids)
    out = tmp_path / "train.jsonl"
    assert main([str(folder), "--out", str(out), "--split", "train"]) == 0
    assert [entry.row.id for entry in read_jsonl(out).entries] == ["1", "7"]
    with pytest.raises(BetenetError, match="No row is of the split 'fold'"):
        main([str(folder), "--out", str(out), "--split", "fold"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "One of --out and --write-published"),
        (["--out", "x", "--write-published", "y"], "and not both"),
        (["--write-published", "y", "--moments", "raw"], "--moments has no effect"),
        (["--write-published", "y", "--smearing", "2"], "--smearing has no effect"),
    ],
)
def test_flags_that_do_not_go_together(folder, words, message):
    with pytest.raises(BetenetError, match=message):
        main([str(folder), *words])


def test_json_tells_the_same(folder, tmp_path, capsys):
    out = tmp_path / "rows.jsonl"
    assert main([str(folder), "--out", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["kept"] == 3
    assert found["refused"] == [{"id": "0", "formula": "Pb", "reason": "w_log is missing"}]
    assert found["truncated"] == {"7": pytest.approx(500.0 / 599.0, abs=1e-3)}


def test_raw_and_published_moments_differ_and_their_spectra_do_not(folder, tmp_path):
    written = {}
    for kind in ("raw", "published"):
        out = tmp_path / f"{kind}.jsonl"
        assert main([str(folder), "--out", str(out), "--moments", kind]) == 0
        written[kind] = json.loads(out.read_text().splitlines()[0])
    raw, published = written["raw"], written["published"]
    assert raw["spectrum"]["a2f"] == published["spectrum"]["a2f"]
    assert raw["coupling"] == pytest.approx(published["coupling"], rel=0.05)
    assert raw["coupling"] != published["coupling"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--smearing", "2"], "a2F_sigma_2"),
        (["--out", "{folder}/database.json"], "is one of the input files"),
        (["--negative-tolerance", "0"], ""),
    ],
)
def test_what_is_refused_at_once(folder, tmp_path, words, message):
    words = [word.format(folder=folder) for word in words]
    out = [] if "--out" in words else ["--out", str(tmp_path / "rows.jsonl")]
    words = [str(folder), *out, *words]
    before = (folder / "database.json").read_bytes()
    if message:
        with pytest.raises(BetenetError, match=message):
            main(words)
        assert not (tmp_path / "rows.jsonl").exists()
    else:
        assert main(words) == 0
    assert (folder / "database.json").read_bytes() == before


def test_a_negative_tolerance_that_is_no_number(folder, tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([str(folder), "--out", str(tmp_path / "x.jsonl"), "--negative-tolerance", "-1"])
    assert stopped.value.code == 2
    assert "'-1' is not a number, zero or above" in capsys.readouterr().err
