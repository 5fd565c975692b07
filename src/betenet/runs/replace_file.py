"""Write a file or a folder so that it never holds half of its content, also after a crash."""

from __future__ import annotations

import ctypes
import errno
import glob
import os
import shutil
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from betenet.errors import DataError

UNFINISHED = ".part"
"""How the names of unfinished files end; they begin with a dot and the name of the whole file."""
_RENAME_EXCHANGE = 2
"""A flag of Linux's renameat2."""
LEFT_BEHIND = 86_400.0
"""An unfinished file that nobody has written to for so long is that of a killed process [s]."""


def replace_file(path: str | Path, content: str | bytes) -> None:
    """Write a file: it holds its old content or the new one, whole, also after a crash.

    Parameters
    ----------
    path
        The file; what it held is replaced, its permissions stay.
    content
        The new content; a text is written in UTF-8, its line ends as they are.

    Raises
    ------
    DataError
        If it cannot be written; the old content is still there then.
    """
    with replacing(path) as unfinished:
        unfinished.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def replacing(path: str | Path) -> Generator[Path]:
    """Write a file piece by piece; it is replaced once all of its content is on the disk.

    Parameters
    ----------
    path
        The file; what it held is replaced, its permissions stay.

    Yields
    ------
    Path
        An empty file beside it to write to. It takes the place of the other one in the end, unless
        there is an exception.

    Raises
    ------
    DataError
        If it cannot be written; the old content is still there then.
    """
    target = Path(path)
    with _errors_named(target):
        handle, name = tempfile.mkstemp(UNFINISHED, f".{target.name}.", target.parent)
        os.close(handle)
        unfinished = Path(name)
        try:
            yield unfinished
            _to_disk(unfinished)
            unfinished.chmod(_permissions(target, 0o666))
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)
        _settle(target)


@contextmanager
def replacing_folder(path: str | Path) -> Generator[Path]:
    """Write a folder of files; it is replaced once all of them are on the disk.

    Parameters
    ----------
    path
        The folder; what it held is replaced.

    Yields
    ------
    Path
        An empty folder beside it to write to. It takes the place of the other one in the end,
        unless there is an exception.

    Raises
    ------
    DataError
        If it cannot be written; the old folder is still there then.

    Notes
    -----
    Linux lets two folders exchange their names, so that there is always one of them. Elsewhere a
    process that is killed between two renames leaves the old folder under a name that begins with
    a dot and ends with ``.old``.
    """
    target = Path(path)
    with _errors_named(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(UNFINISHED, f".{target.name}.", target.parent))
        try:
            yield unfinished
            for written in unfinished.rglob("*"):
                _to_disk(written)
            unfinished.chmod(_permissions(target, 0o777))
            _exchange(unfinished, target)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        _settle(target)


def _exchange(new: Path, target: Path) -> None:
    if not target.exists():
        new.replace(target)
        return
    if _exchanged(new, target):  # the old one now has the unfinished one's name, and goes with it
        return
    old = new.with_suffix(".old")
    target.replace(old)
    try:
        new.replace(target)
    except OSError:
        old.replace(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _exchanged(one: Path, other: Path) -> bool:
    """Whether two folders have exchanged their names in one step, which not every system can."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None) if os.name == "posix" else None
    if rename is None or other.is_symlink():
        return False
    names = (ctypes.c_char_p(os.fsencode(path.absolute())) for path in (one, other))
    return rename(-1, next(names), -1, next(names), _RENAME_EXCHANGE) == 0


def _to_disk(path: Path) -> None:
    """Wait until the disk has a file or a folder, whoever has written to it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _settle(target: Path) -> None:
    """Wait until the disk has the new name; remove what killed processes have left of old ones."""
    with suppress(OSError):  # some file systems know no such wait for folders
        _to_disk(target.parent)
    limit = time.time() - LEFT_BEHIND
    for left in target.parent.glob(f".{glob.escape(target.name)}.*{UNFINISHED}"):
        with suppress(OSError):  # another process may remove it, too
            if left.stat().st_mtime < limit:
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def _permissions(path: Path, most: int) -> int:
    """Permissions of what is replaced; of something new, what the user's mask leaves of `most`."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return most & ~mask


@contextmanager
def _errors_named(target: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(
            f"Cannot write {target}.", error.strerror or str(error), _remedy(target, error.errno)
        ) from error


def _remedy(target: Path, code: int | None) -> str:
    if code in {errno.ENOSPC, errno.EDQUOT}:
        return "Free some space, or give a path on another disk."
    if code in {errno.ENOENT, errno.ENOTDIR}:
        return f"Make the folder {target.parent} first, or give another path."
    return "Give another path, or make this one writable."
