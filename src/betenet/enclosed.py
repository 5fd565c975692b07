"""Folders that may come from somebody else: nothing in them leads out of them.

A link in such a folder could let a calculation overwrite any file of its user, and a pipe let it
wait for ever. So every folder that is written to is looked through before, and what is opened to
be written follows no link.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from betenet.errors import DataError


def check_enclosed(folder: str | Path, *, deep: bool = True) -> None:
    """Check that a folder holds files and folders, and links to what is in it.

    Parameters
    ----------
    folder
        May be absent, or a link itself: the user has named it.
    deep
        Look into the folders in it too.

    Raises
    ------
    DataError
        If a link leads out of the folder, or to a folder that it is in itself; if there is a pipe,
        a device or a socket; or if the folder cannot be read.
    """
    home = os.path.realpath(folder)
    try:
        for entry in _entries(home, deep=deep) if Path(home).is_dir() else ():
            if entry.is_symlink():
                _check_link(home, Path(entry.path), folder)
            elif not (entry.is_file() or entry.is_dir()):
                raise DataError(
                    f"{entry.path} is no file, but a pipe, a device or a socket.",
                    "Reading it may never end.",
                    "Remove it.",
                )
    except OSError as error:
        raise DataError(
            f"{folder} cannot be looked through.", f"{error}.", "Make it readable."
        ) from error


def follow_no_link(path: str | Path, flags: int) -> int:
    """Opener for files that are written in such a folder; a link is an OSError."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)


def _entries(folder: str, *, deep: bool) -> Iterator[os.DirEntry[str]]:
    waiting = [folder]
    while waiting:
        with os.scandir(waiting.pop()) as listing:
            for entry in listing:
                yield entry
                if deep and entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)


def _check_link(home: str, link: Path, named: str | Path) -> None:
    target = os.path.realpath(link)
    place = str(Path(os.path.realpath(link.parent)) / link.name)
    if not _is_in(target, home):
        raise DataError(
            f"{link} is a link that leads out of {named}, to {target}.",
            "A calculation would read or overwrite what is there.",
            "Remove the link, or put a copy in its place.",
        )
    if _is_in(place, target):
        raise DataError(
            f"{link} is a link to itself or to a folder that it is in.",
            "Copying it would never end.",
            "Remove the link.",
        )


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
