"""The structures of a file, one by one, by the format that its name or its content tells."""

from __future__ import annotations

import io
import re
import sqlite3
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from ase import Atoms

from betenet.errors import StructureError
from betenet.formats.text import as_text
from betenet.input_files import COMPRESSED_SUFFIXES, lines_of, open_bytes, open_text
from betenet.json_input import decode_json
from betenet.structures.airss import res_frames
from betenet.structures.convert import to_atoms
from betenet.structures.documents import check_document, documents
from betenet.structures.few_digits import complete_digits
from betenet.structures.passed_over import check_passed_over, plain_abinit
from betenet.structures.poscar import is_poscar, poscar_frames, xdatcar_frames
from betenet.structures.pw_input import is_pw_input, read_pw_input
from betenet.structures.pw_output import pw_output_frames
from betenet.structures.reading_errors import FIX, in_words

Frame = Callable[[], Atoms]
Kind = tuple[str, Callable[[Path], Iterator[Frame]]]
"""Kind of a file in words, and its reader."""

START = 1 << 16
"""Number of bytes by which a format is told."""

_POSCAR_NAME = re.compile(r"POSCAR|CONTCAR|CENTCAR|\.vasp$", re.IGNORECASE)
_ESPRESSO_PROGRAM = re.compile(r"^\s*Program (\w+)\s+v\.", re.MULTILINE)
_NAMELIST = re.compile(r"^[ \t]*&(\w+)", re.MULTILINE)
_OTHER_INPUTS = frozenset(
    ("inputph", "inputpp", "input", "inputepw", "dos", "bands", "projwfc", "plot", "control")
)
"""First namelists of inputs of Quantum ESPRESSO's other programs, or of pw.x without a crystal."""
_AIMS = re.compile(r"^\s*(atom|atom_frac|lattice_vector)\s", re.MULTILINE)
_ELK = re.compile(r"^\s*avec\s*$", re.MULTILINE)


def open_frames(path: Path) -> Iterator[Frame]:
    """Each structure of a file as a function that builds it.

    Parameters
    ----------
    path
        The file.

    Yields
    ------
    Callable
        Reader of one structure; it raises `StructureError` if this structure is broken.

    Raises
    ------
    StructureError
        If the format is unknown, or the file is broken so that nothing more can be read of it.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    name = path.name
    if suffixes and suffixes[-1] in COMPRESSED_SUFFIXES:
        name = name[: -len(suffixes.pop())]
    suffix = suffixes[-1] if suffixes else ""
    kind, frames = _BY_SUFFIX.get(suffix) or _by_content(path, name, suffix)
    with in_words(kind):
        for frame in frames(path):
            yield partial(_build, frame, kind)


def _build(frame: Frame, kind: str) -> Atoms:
    with in_words(kind):
        atoms, note = complete_digits(frame())
    if note:
        warnings.warn(note, stacklevel=2)
    return atoms


def _lines(path: Path) -> tuple[str, ...]:
    with open_bytes(path) as file:
        content = file.read()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        content = content.decode(
            "utf-16"
        ).encode()  # as Windows writes it, and says so at its start
    return as_text(path, content).lines


def _by_content(path: Path, name: str, suffix: str) -> Kind:
    """The kind of a file in words, and its reader."""
    with in_words("text"), open_bytes(path) as file:
        start = file.read(START)
    text = "" if b"\0" in start else start.decode("utf-8", "replace")
    lines = text.splitlines()
    if "XDATCAR" in name.upper():
        return "XDATCAR of VASP", lambda path: xdatcar_frames(_lines(path), path)
    if _POSCAR_NAME.search(name) or suffix == ".poscar":
        return "POSCAR of VASP", lambda path: poscar_frames(_lines(path), path)
    if suffix == ".res":
        return "RES file of AIRSS", lambda path: res_frames(_lines(path))
    if is_pw_input(text):
        return "input of pw.x", lambda path: iter([partial(read_pw_input, "\n".join(_lines(path)))])
    if (found := _ESPRESSO_PROGRAM.search(text)) is not None:
        if found[1] == "PWSCF":
            return "output of pw.x", lambda path: pw_output_frames(_lines(path))
        raise _without_structure(f"the output of Quantum ESPRESSO's {found[1]}")
    if (found := _NAMELIST.search(text)) is not None and found[1].lower() in _OTHER_INPUTS:
        raise _without_structure(f"an input of Quantum ESPRESSO with &{found[1]} and no &system")
    if is_poscar(lines):
        return "POSCAR of VASP", lambda path: poscar_frames(_lines(path), path)
    return _by_ase(path, text)


def _without_structure(what: str) -> StructureError:
    return StructureError(
        f"The file is {what}: it has no structure to read.",
        "Inputs and outputs of pw.x name the cell and the atoms.",
        "Give the input or output of pw.x, or a CIF or POSCAR.",
    )


def _by_ase(path: Path, text: str) -> Kind:
    from ase.io import formats

    ase: Any = formats
    try:
        format_ = ase.get_ioformat(ase.filetype(str(path)))
    except ase.UnknownFileTypeError as error:
        raise _unknown() from error
    name: str = format_.name
    if not text and not format_.isbinary:
        raise StructureError(
            "The file is binary, and of no format that is known.",
            "It holds null bytes, which no text does.",
            "Give a text file of a structure, such as CIF or POSCAR, in UTF-8.",
        )
    if name == "aims" and not _AIMS.search(text):
        if not _ELK.search(text):
            raise _unknown()
        name = "elk-in"
    # ASE asks names alone for these: what they hold must have been seen above
    told_by_name = name == "espresso-out" or (name in {"vasp", "espresso-in"} and text)
    if told_by_name or not format_.can_read or name in _NOT_READ:
        raise _unknown()
    check_passed_over(name, text)
    if name == "abinit-in":
        return ase.ioformats[name].description, _abinit_frames
    return ase.ioformats[name].description, partial(_ase_frames, format_=name)


def _abinit_frames(path: Path) -> Iterator[Frame]:
    from ase.io import formats

    text = plain_abinit("\n".join(_lines(path)))
    atoms = cast("Any", formats).read(io.StringIO(text), format="abinit-in")
    yield partial(_with_atoms, atoms)


_NOT_READ = frozenset({"py", "mysql", "postgresql", "html", "png", "eps", "gif", "mp4", "pov"})


def _unknown() -> StructureError:
    return StructureError(
        "The format of the file is unknown.",
        reason="Neither its name nor its first lines are those of a structure file that is read.",
        fix="Give the file the suffix of its format, such as .cif, .vasp or .extxyz.",
    )


def _ase_frames(path: Path, *, format_: str) -> Iterator[Frame]:
    from ase.io import formats

    found = iter(
        cast("Any", formats).iread(
            str(path), index=":", format=format_, do_not_split_by_at_sign=True
        )
    )
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they are about calculators, not about structures
            atoms = next(found, None)
        if atoms is None:
            return
        yield partial(_with_atoms, atoms)


def _with_atoms(atoms: Atoms) -> Atoms:
    if not len(atoms):
        raise StructureError(
            "No atoms are found in the file.",
            "It may be of another format than its name or its first lines say.",
            FIX,
        )
    return to_atoms(atoms)


def _database_frames(path: Path) -> Iterator[Frame]:
    # ASE makes its tables in any database that it opens: look first
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as look:
        try:
            look.execute("SELECT id FROM systems LIMIT 1")
        except sqlite3.Error as error:
            raise StructureError(
                "This is no database of ASE, or a damaged one.",
                "It has no table of systems.",
                "Give a file that ase.db wrote.",
            ) from error
    yield from _ase_frames(path, format_="db")


def _cif_frames(path: Path) -> Iterator[Frame]:
    from betenet.structures.cif import atoms_from_block
    from betenet.structures.cif_blocks import read_blocks

    for block in read_blocks("\n".join(_lines(path))):
        if block.has_sites():
            yield partial(atoms_from_block, block)


def _xyz_frames(path: Path) -> Iterator[Frame]:
    """Cut an xyz file into frames, so that each can fail alone."""
    with open_text(path, largest=None) as handle:
        number = 0
        lines = lines_of(handle)
        for header in lines:
            number += 1
            if not header.strip():
                continue
            if not header.strip().isdigit():
                raise StructureError(
                    f"Line {number} should be the number of atoms of a frame.",
                    reason=f"It reads {header.strip()[:60]!r}; what follows cannot be placed.",
                    fix="Correct this line, or the number of atoms of the frame before it.",
                )
            frame = [header, *islice(lines, int(header) + 1)]
            yield partial(_one_xyz, frame, number)
            number += len(frame) - 1


def _one_xyz(lines: list[str], number: int) -> Atoms:
    from ase.io import formats

    if len(lines) < int(lines[0]) + 2:
        raise StructureError(
            f"The file ends in the middle of the frame that starts at line {number}.",
            reason=f"It announces {int(lines[0])} atoms, but {max(len(lines) - 2, 0)} follow.",
            fix="Write the file again; the program that made it may have been stopped.",
        )
    return cast("Any", formats).read(io.StringIO("".join(lines)), index=0, format="extxyz")


def _json_frames(path: Path) -> Iterator[Frame]:
    with open_bytes(path) as file:
        text = file.read()
    data: object = decode_json(text)
    keys = set(cast("dict[str, object]", data)) if isinstance(data, dict) else set[str]()
    if keys >= {"ids", "nextid"}:
        yield from _ase_frames(path, format_="json")
        return
    if "__ase_objtype__" in keys:
        from ase.io import jsonio

        data = cast("Any", jsonio).decode(text.decode())
    for row in documents(cast("object", data)):
        yield partial(_one_document, row)


def _one_document(row: object) -> Atoms:
    if not isinstance(row, Atoms):
        check_document(row)
    return to_atoms(row)


_BY_SUFFIX: dict[str, Kind] = {
    ".cif": ("CIF", _cif_frames),
    ".mcif": ("CIF", _cif_frames),
    ".xyz": ("XYZ file", _xyz_frames),
    ".extxyz": ("XYZ file", _xyz_frames),
    ".json": ("JSON", _json_frames),
    ".db": ("database of ASE", _database_frames),
}
