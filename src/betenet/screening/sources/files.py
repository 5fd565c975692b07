"""A file or a folder of structures as a source."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from betenet.errors import ConfigError, DataError
from betenet.input_files import LARGEST_FILE, LARGEST_MEMBER, check_file, in_short, suffix_of
from betenet.screening.candidates import Candidate, Entry
from betenet.screening.sources.archives import is_archive, read_archive
from betenet.screening.sources.ase_database import read_ase_database
from betenet.screening.sources.documents import read_jsonl, read_parquet
from betenet.screening.sources.given import given_in, id_in
from betenet.screening.sources.json_file import read_json
from betenet.screening.sources.source import distinct, unreadable, with_note
from betenet.structures import (
    SKIPPED_NAMES,
    SKIPPED_SUFFIXES,
    StructureRecord,
    read_structures,
)
from betenet.structures.links import Links

_READERS = {
    ".db": read_ase_database,
    ".json": read_json,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".parquet": read_parquet,
}
_FRAMES = frozenset({".xyz", ".extxyz"})
"""Formats whose comment lines may say more than the structure."""

_GROUP = frozenset({"spacegroup", "unit_cell", "occupancy"})
"""What ASE notes of a CIF in ``info``: no property."""


@dataclass
class FileSource:
    """Structures of a file or a folder.

    Attributes
    ----------
    path
        A file in a format that `read_structures` reads, an archive of such files, ASE's database,
        JSON, JSONL or Parquet, some of them compressed; or a folder of them, walked in sorted
        order, with hidden files and those of other kinds passed over, and links to folders
        followed once.

    Raises
    ------
    DataError
        If there is no such file or folder, or nothing in it.
    """

    path: Path
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = str(self.path)
        if not self.path.is_dir():
            try:
                check_file(self.path)
            except OSError as error:
                raise DataError(
                    f"There is no file or folder {self.path} that can be read.",
                    f"Looked at {self.path.absolute()}: {in_short(error)}.",
                    "Check the path; a database on the web begins with optimade: or mp:.",
                ) from error
        if next(self._files(), None) is None:
            raise DataError(
                f"The folder {self.path} holds no structure file.",
                "All its files are of other kinds.",
                "Give the folder that has the structures.",
            )

    def identity(self) -> dict[str, Any]:
        """Path, and a digest: of the content of a file; of names, sizes and times in a folder."""
        if self.path.is_file():
            with self.path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = self.path.stat().st_size
            return {"kind": "file", "path": str(self.path), "bytes": size, "sha256": digest}
        listing, count, size = hashlib.sha256(), 0, 0
        for file, name in self._files():
            stat = file.lstat()  # a link that leads nowhere has no other
            listing.update(f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode(errors="replace"))
            count, size = count + 1, size + stat.st_size
        return {
            "kind": "folder",
            "path": str(self.path),
            "files": count,
            "bytes": size,
            "listing_sha256": listing.hexdigest(),
        }

    def __iter__(self) -> Iterator[Entry]:
        """Entries file by file, named by their id, else by file (from the folder) and place."""
        return distinct(entry for file, name in self._files() for entry in _safely(file, name))

    def _files(self) -> Iterator[tuple[Path, str]]:
        if self.path.is_file():
            yield self.path, self.path.name
        else:
            yield from _walk(self.path)


def read_file(path: Path, name: str) -> Iterator[Entry]:
    """Read the structures of one file.

    Parameters
    ----------
    path
        The file.
    name
        What to call it.
    """
    try:
        size = check_file(path)
    except OSError as error:
        yield unreadable(name, error)
        return
    if not size:
        error = DataError("The file is empty.", "It has 0 bytes.", "Fetch it again.")
        yield unreadable(name, error)
    elif is_archive(path.name):
        wanted = _may_hold_structure
        yield from read_archive(path, name, read=_read_member, wanted=wanted, largest=_largest)
    elif (reader := _READERS.get(suffix_of(path.name))) is not None:
        yield from reader(path, name)
    else:
        for record in read_structures(path):
            yield _entry(record, path, name)


def _safely(path: Path, name: str) -> Iterator[Entry]:
    """The structures of a file; whatever a reader raises loses what follows in it only."""
    try:
        yield from read_file(path, name)
    except ConfigError:
        raise
    except Exception as error:  # noqa: BLE001 - the next file may be whole
        yield unreadable(name, error)


def _largest(name: str) -> int:
    return LARGEST_MEMBER if suffix_of(name) in {*_READERS, *_FRAMES} else LARGEST_FILE


def _read_member(path: Path, name: str) -> Iterator[Entry]:
    if is_archive(path.name):
        error = DataError("An archive in an archive is not read.", fix="Unpack the outer one.")
        return iter([unreadable(name, error)])
    return read_file(path, name)


def _entry(record: StructureRecord, path: Path, name: str) -> Entry:
    # a name of the source: the path may be that of an unpacked member
    own = name + record.name.removeprefix(str(path))
    if record.atoms is None:
        error = record.error
        assert error is not None
        summary = error.summary.removeprefix(f"{record.name}: ")
        return unreadable(own, type(error)(summary, error.reason, error.fix))
    info: dict[str, Any] = {}
    if suffix_of(path.name) in _FRAMES:
        info = {key: x for key, x in record.atoms.info.items() if key not in _GROUP}
        own = id_in(info) or own
        info.pop("id", None)
    candidate = Candidate(name=own, atoms=record.atoms, given=given_in(info))
    return with_note(candidate, *record.warnings) if record.warnings else candidate


def _walk(root: Path) -> Iterator[tuple[Path, str]]:
    """Files below a folder with their names from it; one listing for each level at a time.

    What cannot be read is among them: links that lead nowhere, and folders that are locked.
    """
    links = Links(root)
    below: list[Iterator[tuple[Path, str]]] = [_listing(root, "")]
    while below:
        path, name = next(below[-1], (None, ""))
        if path is None:
            below.pop()
        elif path.is_dir() and os.access(path, os.R_OK | os.X_OK):
            if links.leads_on(path):
                below.append(_listing(path, f"{name}/"))
        elif _may_hold_structure(path.name):
            yield path, name


def _listing(folder: Path, prefix: str) -> Iterator[tuple[Path, str]]:
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    return ((path, prefix + path.name) for path in paths)


def _may_hold_structure(name: str) -> bool:
    suffix = suffix_of(name)
    if is_archive(name) or suffix in _READERS:
        return True
    return suffix not in SKIPPED_SUFFIXES and name not in SKIPPED_NAMES
