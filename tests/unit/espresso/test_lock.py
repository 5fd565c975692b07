from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from betenet.errors import DataError
from betenet.espresso import lock
from betenet.espresso.lock import only_runner


def test_one_at_a_time_and_free_afterwards(tmp_path: Path) -> None:
    with (
        only_runner(tmp_path),
        pytest.raises(DataError, match=f"in use by process {os.getpid()}"),
        only_runner(tmp_path),
    ):
        pass
    with only_runner(tmp_path):
        assert (tmp_path / "run.lock").read_text() == f"{os.getpid()}\n"


def test_a_file_system_without_locks_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: int) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(lock.fcntl, "flock", refuse)
    with pytest.raises(DataError, match="cannot be locked") as caught, only_runner(tmp_path):
        pass
    assert "flock" in caught.value.reason


def test_a_lock_file_of_a_runner_that_has_ended_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "run.lock").write_text("1\n")  # a process that is alive, but holds nothing
    with only_runner(tmp_path):
        pass


def test_a_program_that_is_left_behind_keeps_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "PATIENCE", 0.2)
    ended = subprocess.Popen(["true"])  # noqa: S607 - any program will do
    ended.wait()
    with only_runner(tmp_path) as descriptor:
        left = subprocess.Popen(["sleep", "60"], pass_fds=(descriptor,))  # noqa: S607
    (tmp_path / "run.lock").write_text(f"{ended.pid}\n")
    try:
        with pytest.raises(DataError, match="has left behind"), only_runner(tmp_path):
            pass
    finally:
        left.kill()
        left.wait()
    with only_runner(tmp_path):
        pass


def test_a_lock_that_is_a_link_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    (tmp_path / "run.lock").symlink_to("thesis.tex")
    with pytest.raises(DataError, match="is a link"), only_runner(tmp_path):
        pass
    assert (tmp_path / "thesis.tex").read_text() == "years of work"
