import os
import socket
import subprocess
from pathlib import Path

import pytest
from tests.fixture_types import Patch

from betenet.errors import DataError
from betenet.runs import lock
from betenet.runs.lock import FolderInUseError, Owner, lock_folder

HOST = socket.gethostname()


def test_one_at_a_time_and_free_afterwards(tmp_path: Path) -> None:
    with (
        lock_folder(tmp_path),
        pytest.raises(DataError, match=f"in use by process {os.getpid()}"),
        lock_folder(tmp_path),
    ):
        pass
    with lock_folder(tmp_path):
        assert (tmp_path / "run.lock").read_text().splitlines()[:2] == [str(os.getpid()), HOST]
    assert not (tmp_path / "run.lock").read_text()


def test_a_file_system_without_locks_is_told(tmp_path: Path, monkeypatch: Patch) -> None:
    def refuse(*_: int) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(lock.fcntl, "flock", refuse)
    with pytest.raises(DataError, match="cannot be locked") as caught, lock_folder(tmp_path):
        pass
    assert "flock" in caught.value.reason


def test_a_lock_file_of_a_runner_that_has_ended_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "run.lock").write_text("1\n")  # a process that is alive, but holds nothing
    with lock_folder(tmp_path):
        pass


def test_a_program_that_is_left_behind_keeps_the_folder(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(lock, "PATIENCE", 0.2)
    ended = subprocess.Popen(["true"])  # noqa: S607 - any program will do
    ended.wait()
    with lock_folder(tmp_path) as descriptor:
        left = subprocess.Popen(["sleep", "60"], pass_fds=(descriptor,))  # noqa: S607
    (tmp_path / "run.lock").write_text(f"{ended.pid}\n")
    try:
        with pytest.raises(DataError, match="has left behind"), lock_folder(tmp_path):
            pass
    finally:
        left.kill()
        left.wait()
    with lock_folder(tmp_path):
        pass


def test_a_lock_that_is_a_link_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    (tmp_path / "run.lock").symlink_to("thesis.tex")
    with pytest.raises(DataError, match="is a link"), lock_folder(tmp_path):
        pass
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_a_process_that_took_the_number_of_another_is_not_it() -> None:
    this = Owner.this()
    assert this.is_alive
    assert Owner.read(this.text()) == this
    assert not Owner(this.process, this.host, "1").is_alive
    assert Owner.read(f"{os.getpid()}\n").is_alive  # as older versions wrote it
    for text in ("", "x\n", "9" * 400):
        assert not Owner.read(text).is_alive


NFS = "36 1 0:50 / {point} rw shared:1 - nfs4 server:/home rw,vers=4.2,local_lock={kind}"


@pytest.mark.parametrize(
    ("mount", "refused"),
    [
        (NFS.replace("{kind}", "none"), False),
        (NFS.replace("{kind}", "all"), True),
        ("36 1 0:50 / {point} rw - lustre node@tcp:/fs rw,flock", False),
        ("36 1 0:50 / {point} rw - lustre node@tcp:/fs rw,localflock", True),
        ("36 1 0:50 / {point} rw - beegfs beegfs_nodev rw", True),
        ("36 1 0:50 / {point} rw - ext4 /dev/sda rw", False),
        ("36 1 0:50 / {point}-else rw - beegfs beegfs_nodev rw", False),
    ],
)
def test_a_run_on_another_machine_counts_where_its_lock_is_not_seen(
    tmp_path: Path, monkeypatch: Patch, mount: str, refused: bool
) -> None:
    folder = tmp_path / "my runs"
    folder.mkdir()
    point = str(folder).replace(" ", "\\040")
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"21 1 8:1 / / rw - ext4 /dev/sdb rw\n{mount.format(point=point)}\n")
    monkeypatch.setattr(lock, "MOUNTS", mounts)
    (folder / "run.lock").write_text("17\nnode3\n99\n")
    if refused:
        with (
            pytest.raises(FolderInUseError, match="process 17 on node3") as caught,
            lock_folder(folder),
        ):
            pass
        assert "ps -p 17" in caught.value.fix
        assert (folder / "run.lock").read_text() == "17\nnode3\n99\n"
        (folder / "run.lock").unlink()  # as the message says
    with lock_folder(folder):
        pass
