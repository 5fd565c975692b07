"""``betenet paper`` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.paper_database import write_paper_database
from tests.tiny_model import write_tiny_model

from betenet.cli import main

Capture = pytest.CaptureFixture[str]


@pytest.mark.slow
def test_the_report_is_written_and_told(tmp_path: Path, capsys: Capture) -> None:
    folder = write_paper_database(tmp_path / "published", without=("a2F_", "Ph_2x2x2"))
    model, out = write_tiny_model(tmp_path / "tiny"), tmp_path / "report"
    flags = ["--models", f"CSO={model}", "--threshold", "CSO=0.5", "--resamples", "0"]
    assert main(["paper", str(folder), *flags, "--json", "--out", str(out)]) == 0
    captured = capsys.readouterr()
    printed = json.loads(captured.out)
    assert printed["tables"]["table_1"]["model"] == ["Mean", "CSO"]
    assert printed["settings"]["thresholds_kelvin"] == {"CSO": 0.5}
    assert f"wrote {out / 'paper.html'}" in captured.err
    assert (out / "paper.json").is_file()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--models", "cso"], "--models cso is no option"),
        (["--models", "CSO=a", "CSO=b"], "two values for CSO"),
        (["--threshold", "CSO=high"], "is not a number, zero or above"),
        (["--threshold", "CSO=5", "--threshold", "CSO=6"], "two values for CSO"),
        (["--precision", "much"], "--precision"),
        (["--out"], "--out"),
    ],
)
def test_wrong_usage_is_told(
    flags: list[str], message: str, tmp_path: Path, capsys: Capture
) -> None:
    assert main(["paper", str(tmp_path), "--out", str(tmp_path / "out"), *flags]) == 2
    assert message in capsys.readouterr().err


def test_a_report_that_cannot_be_written_is_told_before_the_work(
    tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "file").touch()
    assert main(["paper", str(tmp_path), "--out", str(tmp_path / "file" / "out")]) == 2
    assert "Cannot write" in capsys.readouterr().err


def test_a_folder_that_is_none(tmp_path: Path, capsys: Capture) -> None:
    assert main(["paper", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "database.json" in capsys.readouterr().err
