"""One runner for a folder."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from betenet.enclosed import follow_no_link
from betenet.errors import DataError

LOCK = "run.lock"
PATIENCE = 5.0
"""Programs of a runner that was killed have so long to end [s]."""

_PAUSE = 0.1


class FolderInUseError(DataError):
    """Another process is at work in a folder."""


@contextmanager
def only_runner(folder: Path) -> Generator[int]:
    """Hold the folder; programs that inherit the lock hold it too, for as long as they live.

    So a runner that was killed leaves the folder locked until its programs have ended as well.

    Parameters
    ----------
    folder
        Of the material.

    Yields
    ------
    int
        Descriptor of the lock, for programs to inherit.

    Raises
    ------
    DataError
        If another runner, or a program that one has left, is at work in it; it names the process.
        If the file system has no locks.
    """
    with _opened(folder) as file:
        until = time.monotonic() + PATIENCE
        while not _locked(folder, file.fileno()):
            file.seek(0)
            owner = file.read(20).strip()
            alive = _alive(owner)
            if alive or time.monotonic() > until:
                raise _taken(folder, owner, alive=alive)
            time.sleep(_PAUSE)
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield file.fileno()


def _opened(folder: Path) -> TextIO:
    try:
        return open(folder / LOCK, "a+", encoding="ascii", errors="replace", opener=follow_no_link)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise DataError(
            f"{folder / LOCK} is a link.",
            "What it leads to would be overwritten.",
            "Remove it.",
        ) from error


def _locked(folder: Path, descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise DataError(
            f"{folder} cannot be locked.",
            f"{error}. Its file system has no locks (Lustre without the mount option flock, NFS "
            "without its lock service); two runs in one folder would destroy each other's files.",
            "Calculate in a folder on another file system, or ask for that option.",
        ) from error
    return True


def _alive(owner: str) -> bool:
    try:
        os.kill(int(owner), 0)
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def _taken(folder: Path, owner: str, *, alive: bool) -> DataError:
    who = f"process {owner}" if owner else "another process"
    if alive:
        return FolderInUseError(
            f"{folder} is in use by {who}.",
            "Two runs in one folder would overwrite each other's files.",
            "Wait for it to end, or stop it.",
        )
    return DataError(
        f"{folder} is in use by a program that {who} has left behind.",
        "That runner has ended (or is on another machine), but a program that it started still "
        "writes to the folder.",
        "Wait for it to end, or stop it: `fuser run.lock` in the folder names it.",
    )
