import csv
import json
from pathlib import Path

from tests.fixture_types import Capture

from betenet.cli import main


def test_a_table_for_people(capsys: Capture) -> None:
    assert main(["composition", "MgB2", "YBa2Cu3O7-x"]) == 0
    shown = capsys.readouterr().out
    assert "P(>10 K)" in shown
    assert "cuprate" in shown
    assert "the amount of O is not determined" in shown


def test_a_file_to_a_table_with_bad_lines(tmp_path: Path, capsys: Capture) -> None:
    given, out = tmp_path / "formulas.txt", tmp_path / "out.csv"
    given.write_text("MgB2\nNb3Sn0.5(\nNb₃Sn\n", encoding="utf-8")
    assert main(["composition", str(given), "--csv", str(out)]) == 1
    assert "character 9" in capsys.readouterr().err
    with out.open(encoding="utf-8", newline="") as lines:
        first, second, third = csv.DictReader(lines)
    assert first["formula"] == "MgB2"
    assert float(first["tc_kelvin_low_68"]) < float(first["tc_kelvin"])
    assert float(first["probability_tc_above_10_kelvin"]) > 0.5
    assert second["tc_kelvin"] == ""
    assert "character 9" in second["error"]
    assert third["read_as"] == "Nb3Sn"


def test_json_has_the_same(capsys: Capture) -> None:
    assert main(["composition", "LaFeAsO0.9F0.1", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["family"] == "iron_based"
    assert found["tc_kelvin_low_95"] < found["tc_kelvin"] < found["tc_kelvin_high_95"]


def test_the_table_does_not_replace_an_input(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "formulas.txt"
    path.write_text("Nb\n", encoding="utf-8")
    assert main(["composition", str(path), "--csv", str(path)]) == 2
    assert "one of the input files" in capsys.readouterr().err
