"""``betenet known``: text, JSON, CSV; what is wrong with one formula is told, the rest is done."""

import csv
import json
from pathlib import Path

from tests.fixture_types import Capture

from betenet.cli import main
from betenet.known.look_up import KNOWN_COLUMNS


def test_text(capsys: Capture) -> None:
    assert main(["known", "Nb3Sn", "YBa2Cu3O7-x"]) == 0
    shown = capsys.readouterr().out
    assert "measured: Nb3Sn 17.9 K" in shown
    assert "cuprate: electron-phonon theory is not known" in shown
    assert "assumed: the amount of O is not determined" in shown


def test_a_bad_formula_is_told_and_the_others_are_done(capsys: Capture, tmp_path: Path) -> None:
    out = tmp_path / "known.csv"
    assert main(["known", "Nb3Sn", "Nb3Sn0.5(", "FeSe", "--csv", str(out), "--json"]) == 1
    told = capsys.readouterr()
    assert "character 9" in told.err
    assert "never closed" in told.err
    answers = json.loads(told.out)
    assert [one["error"] is None for one in answers] == [True, False, True]
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == KNOWN_COLUMNS
    assert [row["known_tc_kelvin"] != "" for row in rows] == [True, False, True]


def test_a_file_is_read_and_not_written_over(capsys: Capture, tmp_path: Path) -> None:
    path = tmp_path / "formulas.txt"
    path.write_text("Nb3Sn\nV3Si\n", encoding="utf-8")
    assert main(["known", str(path), "--csv", str(path)]) == 2
    assert path.read_text(encoding="utf-8").startswith("Nb3Sn")
    assert main(["known", str(path)]) == 0
    assert "V3Si" in capsys.readouterr().out
