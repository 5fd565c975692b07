"""Archives, member by member: nothing but the member in hand is unpacked."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from io import BufferedIOBase
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import cast

from betenet.errors import DataError
from betenet.screening.candidates import Entry
from betenet.screening.sources.compressed import DAMAGE
from betenet.screening.sources.source import unreadable

TAR_SUFFIXES = (".tar", ".tgz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz")

_BROKEN = (*DAMAGE, tarfile.TarError, zipfile.BadZipFile, NotImplementedError, RuntimeError)

ReadFile = Callable[[Path, str], Iterator[Entry]]
Wanted = Callable[[str], bool]


def is_archive(name: str) -> bool:
    """Whether a file's name is that of an archive."""
    return name.lower().endswith((".zip", *TAR_SUFFIXES))


def read_archive(path: Path, name: str, *, read: ReadFile, wanted: Wanted) -> Iterator[Entry]:
    """Read every member of an archive, in its order.

    Parameters
    ----------
    path
        A .zip, .tar, .tar.gz, .tar.bz2 or .tar.xz file. A zip's table of contents is in memory,
        as its format demands; a tar is read from front to back.
    name
        The archive's name in the source; members are called ``name/member``.
    read
        Reads an unpacked member.
    wanted
        Whether a member of this name may hold a structure.

    Yields
    ------
    Candidate or Unreadable
        A damaged member of a zip loses itself only; that of a tar also those behind it.
    """
    members = _zip_members if name.lower().endswith(".zip") else _tar_members
    found = False
    with TemporaryDirectory() as folder:
        try:
            for inner, unpack in members(path):
                # hidden folders and the resource forks that macOS adds are no structures
                if any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(inner).parts):
                    continue
                if not wanted(PurePosixPath(inner).name):
                    continue
                found = True
                yield from _read_member(Path(folder), inner, f"{name}/{inner}", unpack, read)
        except _BROKEN as error:
            yield unreadable(
                name,
                DataError(
                    "The archive breaks off or is damaged; what follows cannot be read.",
                    f"{type(error).__name__}: {error}",
                    "Fetch it again.",
                ),
            )
            return
    if not found:
        error = DataError("The archive holds no structure file.", fix="Check its members.")
        yield unreadable(name, error)


def _read_member(
    folder: Path, inner: str, name: str, unpack: Callable[[], BufferedIOBase], read: ReadFile
) -> Iterator[Entry]:
    # its own name tells the format: POSCAR, x.cif
    target = folder / PurePosixPath(inner).name
    try:
        with unpack() as packed, target.open("wb") as file:
            shutil.copyfileobj(packed, file)
    except tarfile.TarError:
        raise
    except _BROKEN as error:
        target.unlink(missing_ok=True)
        yield unreadable(name, error)
        return
    try:
        yield from read(target, name)
    finally:
        target.unlink(missing_ok=True)


def _zip_members(path: Path) -> Iterator[tuple[str, Callable[[], BufferedIOBase]]]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                yield (
                    info.filename,
                    lambda member=info: cast("BufferedIOBase", archive.open(member)),
                )


def _tar_members(path: Path) -> Iterator[tuple[str, Callable[[], BufferedIOBase]]]:
    with closing(tarfile.open(path, "r|*")) as archive:
        while (info := archive.next()) is not None:
            # the list of all members would grow without end
            archive.members.clear()  # pyright: ignore[reportAttributeAccessIssue]
            if info.isfile():
                yield info.name, lambda member=info: _extracted(archive, member)


def _extracted(archive: tarfile.TarFile, member: tarfile.TarInfo) -> BufferedIOBase:
    file = archive.extractfile(member)
    if not isinstance(file, BufferedIOBase):
        raise tarfile.ReadError(f"{member.name} is no regular file")
    return file
