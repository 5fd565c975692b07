import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ase.build import bulk
from ase.io import write
from tests.command_line import json_of, stderr_of, stdout_of
from tests.fixture_types import Capture

from betenet.cli import main
from betenet.screening.filters import INSULATOR
from betenet.screening.records import RECORDS, Record
from betenet.screening.store import RecordStore

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """A screening whose first stage is done, and whose second has one of two."""
    folder = tmp_path / "run"
    folder.mkdir()
    stages = [{"name": "fast", "kind": "structure"}, {"name": "slow", "kind": "stability"}]
    (folder / "manifest.json").write_text(json.dumps({"format": 1, "stages": stages}))
    store = RecordStore(folder / "records.sqlite", create=True)
    outcomes = {"a": "passed", "b": "passed", "c": "failed"}
    store.store(
        Record(name=name, stage="source", outcome="passed" if name != "c" else "rejected")
        for name in outcomes
    )
    store.store(Record(name=name, stage="fast", outcome="passed") for name in "ab")
    store.store([Record(name="a", stage="slow", outcome="failed")])
    for stage in ("source", "fast"):
        store.finish(stage)
    return folder


def test_status_counts_each_stage(run_folder: Path, capsys: Capture) -> None:
    assert main(["screen", "status", str(run_folder)]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[1:] == [
        ["source", "2", "1", "0", "done"],
        ["fast", "2", "0", "0", "done"],
        ["slow", "0", "0", "1", "1", "of", "2"],
    ]


def test_status_says_how_many_insulators_were_left_out(run_folder: Path, capsys: Capture) -> None:
    store = RecordStore(run_folder / RECORDS)
    left = (("d", INSULATOR), ("e", INSULATOR), ("f", "has U, excluded"))
    store.store(
        Record(name=name, stage="source", outcome="rejected", reason=reason)
        for name, reason in left
    )
    assert main(["screen", "status", str(run_folder)]) == 0
    assert "left out: 2 likely insulators" in capsys.readouterr().out
    assert main(["screen", "status", str(run_folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["likely_insulators"] == 2


def test_status_as_json(run_folder: Path, capsys: Capture) -> None:
    stages = json_of(["screen", "status", str(run_folder), "--json"], capsys)["stages"]
    assert stages[2] == {
        "stage": "slow",
        "passed": 0,
        "rejected": 0,
        "failed": 1,
        "of": 2,
        "finished": False,
    }


def test_damage_is_named_and_is_the_exit_code(run_folder: Path, capsys: Capture) -> None:
    database = sqlite3.connect(run_folder / RECORDS)
    with database:
        database.execute("UPDATE records SET reason = x'fffe1b5b324a' WHERE stage = 'slow'")
    database.close()
    for verb in ("status", "report"):
        told = stderr_of(["screen", verb, str(run_folder)], capsys, 1)
        assert "The record of a at stage 'slow' is damaged: " in told
        assert "\x1b" not in told


def test_a_folder_without_a_screening_is_wrong_usage(tmp_path: Path, capsys: Capture) -> None:
    assert "no screening" in stderr_of(["screen", "status", str(tmp_path)], capsys)


@pytest.mark.parametrize(
    "arguments", [["run", "x.toml"], ["run", "x", "--out", "y", "--workers", "0"]]
)
def test_wrong_usage(arguments: list[str]) -> None:
    assert main(["screen", *arguments]) == 2


# ------------------------------------------------------- with funnel, sources and report


@pytest.fixture
def funnel(tmp_path: Path, cells: Path) -> Path:
    write(cells / "collision.cif", bulk("Nb", a=0.3))
    path = tmp_path / "funnel.toml"
    path.write_text(
        f'source = "{cells}"\n[filters]\nmost_atoms = 5\n'
        '[[stages]]\nname = "structure"\nkind = "structure"\nbudget = 2\n'
    )
    return path


def test_a_screening_from_a_funnel_to_its_report(
    funnel: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "run"
    told = stdout_of(["screen", "run", str(funnel), "--out", str(out)], capsys)
    rows = [line.split() for line in told.splitlines()]
    assert rows[1:3] == [["source", "3", "0", "1", "done"], ["structure", "2", "1", "0", "done"]]
    best = next(place for place, line in enumerate(told.splitlines()) if "the best" in line)
    assert len(told.splitlines()[best + 1 :]) >= 4, "two that passed, what was left out, where"
    assert "1 tc_kelvin is below" in told or "rejected" in told or "budget" in told
    assert str(out / "report.html") in told
    assert len(list((out / "shortlist").iterdir())) == 2
    assert (out / "report.html").is_file()
    (out / "report.html").unlink()
    assert main(["screen", "report", str(out)]) == 0
    assert (out / "report.html").is_file()


def test_a_folder_is_screened_by_the_default_funnel(
    cells: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "run"
    assert main(["screen", "run", str(cells), "--out", str(out)]) == 0
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["stages"][0]["score"] == "probability_tc_above_5_kelvin"
    assert main(["screen", "run", str(cells), "--out", str(out)]) == 0
    write(cells / "V.cif", bulk("V"))
    capsys.readouterr()
    assert "other settings" in stderr_of(["screen", "run", str(cells), "--out", str(out)], capsys)


def test_a_plan_is_a_forecast(funnel: Path, capsys: Capture) -> None:
    assert main(["screen", "plan", str(funnel), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n_candidates"] == 3
    assert main(["screen", "plan", str(funnel), "--candidates", "1000", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n_candidates"] == 1000


@pytest.mark.slow
def test_an_interrupt_says_how_to_go_on(tmp_path: Path) -> None:
    cells = tmp_path / "cells.extxyz"
    write(cells, [bulk("Nb", a=3.3 + 0.0001 * step) for step in range(3_000)])
    out = tmp_path / "run"
    process = subprocess.Popen(
        [sys.executable, "-m", "betenet", "screen", "run", str(cells), "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        text=True,
    )
    began = time.monotonic()
    while not (out / "records.sqlite").exists():
        assert time.monotonic() - began < 120
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    printed, said = process.communicate()
    assert process.returncode == 130
    assert "again to go on" in said
    assert "Traceback" not in said
    assert "source" in printed


def test_status_does_not_wait_for_torch() -> None:
    program = "import sys, betenet.screening.status; print('torch' in sys.modules)"
    finished = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert finished.stdout.strip() == "False"
