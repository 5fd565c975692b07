"""Files that a browser sends: on the disk for as long as they are read, under names of ours."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from betenet.app.settings import Limits
from betenet.errors import BetenetError, ConfigError, StructureError
from betenet.input_files import check_size, in_short, suffix_of
from betenet.printable import printable

if TYPE_CHECKING:
    from betenet.structures import StructureRecord

STRUCTURE_SUFFIXES = frozenset(
    (".cif", ".vasp", ".poscar", ".xyz", ".extxyz", ".json", ".res", ".xsf", ".in", ".out")
)
"""Suffixes of structures that are read: readers of no other format are let near files of others,
for some of them open further files that a file names."""
_VASP = re.compile(r"(POSCAR|CONTCAR)", re.IGNORECASE)
_LONGEST_NAME = 120
_Error = TypeVar("_Error", bound=BetenetError)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent.

    Attributes
    ----------
    name
        Name of the file on the machine of the sender: text, and no path of this one.
    content
        Bytes of the file.
    """

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Stored:
    """Files on the disk of this machine, each in a folder of its own.

    Attributes
    ----------
    names
        Name that the sender gave, by the path; in the order in which they were sent.
    too_large
        Why a file is not read, by the path, for those that are larger than allowed.
    """

    names: Mapping[Path, str]
    too_large: Mapping[Path, StructureError]

    def shown(self, text: str) -> str:
        """Text in which every path is the name that the sender gave."""
        for path, name in self.names.items():
            text = text.replace(str(path), name).replace(f"{path.parent}/", "")
        return text

    def shown_error(self, error: _Error) -> _Error:
        """Error whose words name the file as the sender does."""
        words = map(self.shown, (error.summary, error.reason, error.fix))
        return type(error)(*words)

    def shown_data(self, value: Any) -> Any:
        """Data for JSON in which every path is the name that the sender gave."""
        if isinstance(value, str):
            return self.shown(value)
        if isinstance(value, dict):
            table = cast("dict[str, Any]", value)
            return {key: self.shown_data(one) for key, one in table.items()}
        if isinstance(value, list):
            return [self.shown_data(one) for one in cast("list[Any]", value)]
        return value


@contextmanager
def stored(uploads: Sequence[Upload], limits: Limits) -> Generator[Stored]:
    """Write files for as long as they are read.

    A file that is larger than allowed after it is decompressed loses itself alone.

    Raises
    ------
    ConfigError
        If there is none.
    """
    if not uploads:
        raise ConfigError("No file was sent.", "There is nothing to read.", "Send one or more.")
    with tempfile.TemporaryDirectory(prefix="betenet-app-") as folder:
        names: dict[Path, str] = {}
        too_large: dict[Path, StructureError] = {}
        for number, upload in enumerate(uploads):
            name = printable(upload.name)[-_LONGEST_NAME:] or "file"
            path = Path(folder) / str(number) / _on_disk(upload.name)
            path.parent.mkdir()
            path.write_bytes(upload.content)
            names[path] = name
            try:
                check_size(path, limits.content)
            except OSError as error:
                why = f"{name} is not read.", f"{in_short(error)}.", "Send a smaller file."
                too_large[path] = StructureError(*why)
        yield Stored(names, too_large)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a structure or spectrum of a request comes from.

    Attributes
    ----------
    file
        Place of the file in the request, from 0.
    place
        Place in the file, from 0.
    """

    file: int
    place: int

    def to_dict(self) -> dict[str, int]:
        """Keys that an answer gets."""
        return {"file": self.file, "place": self.place}


def structures_of(files: Stored, limits: Limits) -> Iterator[tuple[Origin, StructureRecord]]:
    """Every structure of the files as it was read, or why it cannot be used.

    Parameters
    ----------
    files
        Files on the disk.
    limits
        Atoms and number of the structures; what is beyond that is an error of its own.
    """
    from betenet.structures import StructureRecord

    for number, (origin, record) in enumerate(_read(files), 1):
        if number > limits.structures:
            error = StructureError(
                f"Only the first {limits.structures} structures are read.",
                "The page is for some structures at a time.",
                "Use `betenet predict` or `betenet screen` for many.",
            )
            yield origin, StructureRecord(name="further structures", error=error)
            return
        yield origin, _within(record, limits)


def _read(files: Stored) -> Iterator[tuple[Origin, StructureRecord]]:
    for number, path in enumerate(files.names):
        for place, record in enumerate(_read_file(path, files)):
            yield Origin(number, place), record


def _read_file(path: Path, files: Stored) -> Iterator[StructureRecord]:
    from betenet.structures import StructureRecord, read_structures

    name = files.names[path]
    error = files.too_large.get(path)
    if (
        error is None
        and suffix_of(path.name) not in STRUCTURE_SUFFIXES
        and not _VASP.match(path.name)
    ):
        error = StructureError(
            f"{name}: the page does not read files of this kind.",
            f"It reads {', '.join(sorted(STRUCTURE_SUFFIXES))}, POSCAR and CONTCAR.",
            "Convert it, or use `betenet predict`, which reads any file that ASE reads.",
        )
    if error is not None:
        yield StructureRecord(name=name, error=error)
        return
    for record in read_structures(path):
        given = files.shown(record.name)
        error = None if record.error is None else files.shown_error(record.error)
        warnings = tuple(map(files.shown, record.warnings))
        yield replace(record, name=given, error=error, warnings=warnings)


def _within(record: StructureRecord, limits: Limits) -> StructureRecord:
    if record.atoms is None or len(record.atoms) <= limits.atoms:
        return record
    from betenet.structures import StructureRecord

    error = StructureError(
        f"{record.name}: the cell has {len(record.atoms)} atoms.",
        f"Here it may have {limits.atoms}.",
        "Give its primitive cell, or use `betenet predict`.",
    )
    return StructureRecord(name=record.name, error=error)


def _on_disk(name: str) -> str:
    """Name of a file that tells its format, and nothing else.

    Examples
    --------
    >>> _on_disk("../../etc/passwd"), _on_disk("POSCAR_Nb C"), _on_disk("a/.hidden"), _on_disk("")
    ('passwd', 'POSCAR_Nb_C', 'hidden', 'file')
    """
    last = re.split(r"[/\\]", name)[-1]
    plain = re.sub(r"[^A-Za-z0-9._+-]", "_", last).strip(".-")
    return plain[-_LONGEST_NAME:].lstrip(".-") or "file"
