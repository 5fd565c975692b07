"""One run at a time in a folder.

The lock is the system's (`flock`): it ends with the process that holds it, however that ended.
Three things it does not tell, and the lock file says them: who holds it, so that a message can;
whether that process is still there (its start time shows it where its number was given to another);
and, where a file system keeps its locks to each machine, that a run on another machine holds it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from betenet.enclosed import follow_no_link
from betenet.errors import DataError

LOCK = "run.lock"
PATIENCE = 5.0
"""Programs of a run that was killed have so long to end [s]."""
MOUNTS = Path("/proc/self/mountinfo")
LOCAL_OPTIONS = frozenset(("local_lock=flock", "local_lock=all", "localflock", "nolock"))
"""Options of network file systems by which locks are known to one machine only."""
LOCAL_TYPES = ("beegfs", "9p", "virtiofs", "fuse.")
"""Beginnings of the types of shared file systems whose locks may be known to one machine only."""

_PAUSE = 0.1


class FolderInUseError(DataError):
    """Another process is at work in a folder."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who has locked a folder last; what is not known is empty.

    Attributes
    ----------
    process
        Number of the process.
    host
        Name of the machine.
    started
        When the process was started, in ticks of the machine's clock.
    """

    process: str = ""
    host: str = ""
    started: str = ""

    @classmethod
    def this(cls) -> Owner:
        """The process that calls."""
        process = str(os.getpid())
        return cls(process, socket.gethostname(), _started(process))

    @classmethod
    def read(cls, text: str) -> Owner:
        """The owner that a lock file names; older versions give the process alone."""
        lines = [*text.splitlines(), "", "", ""]
        return cls(*(line.strip()[:100] for line in lines[:3]))

    def text(self) -> str:
        """Content of the lock file."""
        return f"{self.process}\n{self.host}\n{self.started}\n"

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is on another machine."""
        return bool(self.host) and self.host != socket.gethostname()

    @property
    def is_alive(self) -> bool:
        """Whether the process runs on this machine."""
        if self.is_elsewhere:
            return False
        try:
            os.kill(int(self.process), 0)
        except (ValueError, OverflowError, ProcessLookupError):
            return False
        except PermissionError:
            pass  # somebody else's
        return not self.started or self.started == _started(self.process)

    def __str__(self) -> str:
        if not self.process:
            return "another process"
        return f"process {self.process}" + (f" on {self.host}" if self.is_elsewhere else "")


@contextmanager
def lock_folder(folder: Path) -> Generator[int]:
    """Hold a folder; programs that inherit the lock hold it too, for as long as they live.

    So a run that was killed leaves the folder locked until its programs have ended as well.

    Parameters
    ----------
    folder
        Folder of the run; it exists.

    Yields
    ------
    int
        Descriptor of the lock, for programs to inherit.

    Raises
    ------
    FolderInUseError
        If another run is at work in it; the message names the process and its machine.
    DataError
        If a program that a run has left behind is at work in it, the file cannot be written, or
        the file system has no locks.

    Notes
    -----
    On a network file system whose locks are known to one machine only, a run on another machine
    that has not ended in order counts as one that is at work. Where there are no locks, nothing is
    run: two runs in one folder would destroy each other's files.
    """
    with _opened(folder) as file:
        until = time.monotonic() + PATIENCE
        while not _locked(folder, file.fileno()):
            owner = _owner(file)
            if owner.is_alive or time.monotonic() > until:
                raise _in_use(folder, owner)
            time.sleep(_PAUSE)
        before = _owner(file)
        if before.is_elsewhere and (kind := _keeps_locks_to_a_machine(folder)):
            raise _unknown(folder, before, kind)
        _name(file, Owner.this().text())
        try:
            yield file.fileno()
        finally:
            _name(file, "")


def _owner(file: TextIO) -> Owner:
    file.seek(0)
    return Owner.read(file.read(400))


def _name(file: TextIO, owner: str) -> None:
    file.truncate(0)
    file.write(owner)
    file.flush()


def _opened(folder: Path) -> TextIO:
    try:
        return open(folder / LOCK, "a+", encoding="ascii", errors="replace", opener=follow_no_link)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise DataError(
                f"{folder / LOCK} is a link.",
                "What it leads to would be overwritten.",
                "Remove it.",
            ) from error
        raise DataError(
            f"Cannot write to {folder}.", f"{error}.", "Give a folder that can be written to."
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
            "Work in a folder on another file system, or ask for that option.",
        ) from error
    return True


def _started(process: str) -> str:
    """When a process was started, as the system counts; empty where it does not tell."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, ValueError, IndexError):
        return ""


def _keeps_locks_to_a_machine(folder: Path) -> str:
    """Type of the folder's file system if its locks are not seen on other machines, or empty."""
    try:
        lines = MOUNTS.read_text().splitlines()
    except OSError:
        return ""
    place, best = os.path.realpath(folder), ("", "", "")
    for line in lines:
        mount, _, system = line.partition(" - ")
        point = mount.split()[4].encode().decode("unicode_escape")
        if f"{place}/".startswith(f"{point.rstrip('/')}/") and len(point) >= len(best[0]):
            best = point, system.split()[0], f"{mount.split()[5]},{system.split()[-1]}"
    _, kind, options = best
    return kind if kind.startswith(LOCAL_TYPES) or LOCAL_OPTIONS & {*options.split(",")} else ""


def _in_use(folder: Path, owner: Owner) -> DataError:
    if owner.is_alive or owner.is_elsewhere:
        return FolderInUseError(
            f"{folder} is in use by {owner}.",
            "Two runs in one folder would overwrite each other's files.",
            "Wait for it to end, or stop it.",
        )
    return DataError(
        f"{folder} is in use by a program that {owner} has left behind.",
        "That run has ended (or is on another machine), but a program that it started still "
        "writes to the folder.",
        f"Wait for it to end, or stop it: `fuser {LOCK}` in the folder names it.",
    )


def _unknown(folder: Path, owner: Owner, kind: str) -> FolderInUseError:
    return FolderInUseError(
        f"{folder} may be in use by {owner}.",
        f"That run has not ended in order, and locks of this file system ({kind}) are not seen on "
        "other machines; two runs in one folder would overwrite each other's files.",
        f"Look whether it still runs there (ps -p {owner.process}); if it does not, remove "
        f"{folder / LOCK}.",
    )
