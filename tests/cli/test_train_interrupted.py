"""A full-batch training from a terminal: Ctrl-C, or a kill, and the same command again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file
from tests.paper_database import write_paper_database

RECIPE = """\
name = "tiny"
method = "full-batch"
members = 2

[network]
width = 2
embedding = 4
radial_hidden = 5
radial_size = 4

[training]
epochs = 150
log_every = 1
save_every = 1
patience = { classical = 999, critical = 999, modern = 999 }
"""
PATIENCE = 240.0
"""So long a busy machine may take [s]."""


def start(home: Path, out: Path) -> subprocess.Popen[str]:
    """The command of a user, with a process group of its own as a terminal gives it."""
    command = [sys.executable, "-m", "betenet", "train", str(home / "recipe.toml")]
    command += ["--data", str(home / "data"), "--out", str(out), "--workers", "1"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)


def wait_for_records(log: Path, count: int) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if log.exists() and log.read_text("utf-8").count("\n") >= count:
            return
        time.sleep(0.02)
    raise AssertionError(f"{log} has no {count} records")


def wait_for_the_end_of(group: int) -> None:
    """Until no process of a group is left: a worker may take a moment to go."""
    until = time.monotonic() + 10.0
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    raise AssertionError("a process was left behind")


def records(folder: Path) -> list[tuple[int, float, float, str]]:
    lines = (folder / "log.jsonl").read_text("utf-8").splitlines()
    keys = ("epoch", "train_loss", "validation_loss", "region")
    return [tuple(json.loads(line)[key] for key in keys) for line in lines]  # type: ignore[misc]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe and data, and the run of it that nobody has interrupted."""
    folder = tmp_path_factory.mktemp("home")
    write_paper_database(folder / "data", without=("Ph", "Tot", "Site"))
    (folder / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    process = start(folder, folder / "whole")
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "to_all", "code", "member"),
    [
        (signal.SIGINT, True, 130, 0),  # Ctrl-C in a terminal
        (signal.SIGINT, False, 130, 1),  # kill -INT of the command alone
        (signal.SIGKILL, False, -signal.SIGKILL, 1),
    ],
)
def test_what_was_interrupted_goes_on_and_loses_nothing(
    how: signal.Signals, to_all: bool, code: int, member: int, home: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    process = start(home, out)
    wait_for_records(out / f"member-{member:03d}" / "log.jsonl", 5)
    (os.killpg if to_all else os.kill)(process.pid, how)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == code, errors
    assert "Traceback" not in errors
    assert ("start the same command again to go on" in errors) == (how == signal.SIGINT)
    wait_for_the_end_of(process.pid)
    finished = out / "member-000" / "summary.json"
    assert finished.exists() == (member == 1)
    assert (out / f"member-{member:03d}" / "state.safetensors").exists()
    begun = len(records(out / f"member-{member:03d}"))
    times = finished.stat().st_mtime_ns if member else 0

    again = start(home, out)
    _, errors = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0, errors
    assert begun < 150
    assert not member or finished.stat().st_mtime_ns == times
    for number in range(2):
        one, other = (path / f"member-{number:03d}" for path in (out, home / "whole"))
        assert records(one) == records(other)
        weights, expected = (load_file(path / "classical.safetensors") for path in (one, other))
        assert all(bool((weights[name] == value).all()) for name, value in expected.items())
