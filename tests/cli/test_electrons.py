import csv
import json
from pathlib import Path

import pytest
from tests.espresso_runs import FIXTURES

from betenet.cli import main

KEPT = FIXTURES / "electrons"
METAL, GAPPED, LINES = (str(KEPT / f"{n}.xml.gz") for n in ("aluminium", "silicon", "lines"))


def test_read_prints_a_table_or_json_and_goes_on_after_a_bad_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["electrons", "read", METAL, LINES, "--csv", str(tmp_path / "e.csv")]) == 1
    said = capsys.readouterr()
    assert "(Al): metal, N(E_F) = 0.34" in said.out
    assert "bands along lines" in said.err
    rows = list(csv.DictReader((tmp_path / "e.csv").read_text().splitlines()))
    assert [row["state"] for row in rows] == ["done", "failed"]

    assert main(["electrons", "read", METAL, GAPPED, "--json"]) == 0
    metal, gapped = json.loads(capsys.readouterr().out)
    assert metal["fermi_level"]["is_metal"]
    assert gapped["fermi_level"]["gap_ev"] > 0.4


def test_nesting_along_a_line_with_a_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--path", "GX", "--plot", str(tmp_path), "--json"]
    assert main(["electrons", "nesting", METAL, GAPPED, *words]) == 1
    said = capsys.readouterr()
    metal, gapped = json.loads(said.out)
    assert len(metal["chi0_per_ev"]) == 7
    assert metal["error"] is None
    assert "no Fermi surface" in gapped["error"]["reason"]
    assert len(list(tmp_path.glob("*.png"))) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["read"], "FILE is missing"),
        (["run", "Nb.cif"], "--out is missing"),
        (["Nb.cif"], "Write betenet electrons run Nb.cif --out electrons/"),
        (["x.save"], "Write betenet electrons read x.save"),
        (["nesting", METAL, "--path", "GQ"], "Q is no corner"),
        (["nesting", METAL, "--path", "GX", "--stoner", "element"], "There is no I for Al"),
    ],
)
def test_wrong_words_are_answered(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["electrons", *words]) in {1, 2}
    assert said in capsys.readouterr().err
