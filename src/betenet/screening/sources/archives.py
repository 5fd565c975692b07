"""Archives, member by member: nothing but the member in hand is unpacked."""

from __future__ import annotations

import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from io import BufferedIOBase
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import NamedTuple, cast

from betenet.errors import DataError
from betenet.input_files import DAMAGE, LARGEST_MEMBER, in_short, too_large
from betenet.screening.candidates import Entry
from betenet.screening.sources.source import unreadable

TAR_SUFFIXES = (".tar", ".tgz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz")
LONGEST_NAME = 200
"""Bytes of a name under which a member is unpacked; most disks take 255."""
LARGEST_HEADER = 1 << 20
"""Bytes of what a tar says of one member."""

_BROKEN = (*DAMAGE, tarfile.TarError, zipfile.BadZipFile, NotImplementedError, RuntimeError)
_CHUNK = 1 << 20
_ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:[/\\]")

ReadFile = Callable[[Path, str], Iterator[Entry]]
Wanted = Callable[[str], bool]


class Member(NamedTuple):
    """A file in an archive.

    Attributes
    ----------
    name
        Its name there.
    unpack
        Opens its content.
    refused
        Why it is not read; empty if it is.
    """

    name: str
    unpack: Callable[[], BufferedIOBase]
    refused: str = ""


def is_archive(name: str) -> bool:
    """Whether a file's name is that of an archive."""
    return name.lower().endswith((".zip", *TAR_SUFFIXES))


def read_archive(
    path: Path,
    name: str,
    *,
    read: ReadFile,
    wanted: Wanted,
    largest: Callable[[str], int] = lambda _: LARGEST_MEMBER,
) -> Iterator[Entry]:
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
    largest
        Bytes that a member of this name may have.

    Yields
    ------
    Candidate or Unreadable
        A damaged member of a zip loses itself only; that of a tar also those behind it. A member
        that lies outside of the archive's folder, is encrypted or a link is skipped, and says so.
    """
    members = _zip_members if name.lower().endswith(".zip") else _tar_members
    found = False
    with TemporaryDirectory() as folder:
        try:
            for member in members(path):
                parts = [part for part in re.split(r"[/\\]", member.name) if part not in {"", "."}]
                inner = PurePosixPath(*parts).name
                # hidden folders and the resource forks that macOS adds are no structures
                if any(part.startswith((".", "__MACOSX")) and part != ".." for part in parts):
                    continue
                if not wanted(inner):
                    continue
                found = True
                own = f"{name}/{member.name}"
                refused = member.refused
                if ".." in parts or _ABSOLUTE.match(member.name):
                    refused = "its name leads out of the archive's folder"
                if refused:
                    yield unreadable(own, _skipped(refused))
                    continue
                target = Path(folder) / _short(inner)
                yield from _read_member(target, own, member, read, largest(inner))
        except _BROKEN as error:
            yield unreadable(
                name,
                DataError(
                    "The archive breaks off or is damaged; what follows cannot be read.",
                    f"{type(error).__name__}: {in_short(error)}.",
                    "Fetch it again.",
                ),
            )
            return
    if not found:
        error = DataError("The archive holds no structure file.", fix="Check its members.")
        yield unreadable(name, error)


def _skipped(why: str) -> DataError:
    return DataError(
        "The member of the archive was skipped.",
        f"{why[0].upper()}{why[1:]}.",
        "Unpack the archive where you trust it, and give the folder.",
    )


def _read_member(
    target: Path, name: str, member: Member, read: ReadFile, largest: int
) -> Iterator[Entry]:
    try:
        with member.unpack() as packed, target.open("wb") as file:
            left = largest
            while content := packed.read(_CHUNK):
                left -= len(content)
                if left < 0:
                    raise too_large(name, largest)
                file.write(content)
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


def _short(name: str) -> str:
    """A name that any disk takes; its beginning and its end tell the format: POSCAR, x.cif."""
    encoded = name.encode("utf-8", "replace").replace(b"\0", b"_")
    if len(encoded) > LONGEST_NAME:
        half = LONGEST_NAME // 2
        encoded = encoded[:half] + encoded[-half:]
    return encoded.decode("utf-8", "ignore")


def _zip_members(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                yield Member(
                    info.filename,
                    lambda member=info: cast("BufferedIOBase", archive.open(member)),
                    "it is encrypted" if info.flag_bits & 1 else "",
                )


def _tar_members(path: Path) -> Iterator[Member]:
    with closing(tarfile.open(path, "r|*", tarinfo=_BoundedHeader)) as archive:
        while (info := archive.next()) is not None:
            # the list of all members would grow without end
            archive.members.clear()  # pyright: ignore[reportAttributeAccessIssue]
            if not info.isdir():
                yield Member(
                    info.name,
                    lambda member=info: _extracted(archive, member),
                    "" if info.isfile() else "it is a link or a device",
                )


class _BoundedHeader(tarfile.TarInfo):
    """A header whose long names and other remarks do not fill the memory."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type in _REMARKS and self.size > LARGEST_HEADER:
            raise tarfile.ReadError(f"a header has {self.size:,} bytes")
        return super()._proc_member(archive)  # type: ignore[misc]


_REMARKS = (
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
)


def _extracted(archive: tarfile.TarFile, member: tarfile.TarInfo) -> BufferedIOBase:
    file = archive.extractfile(member)
    if not isinstance(file, BufferedIOBase):
        raise tarfile.ReadError(f"{member.name} is no regular file")
    return file
