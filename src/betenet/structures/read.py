"""Structures from files, folders, objects and mixtures of them; a bad one never stops the rest."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import cast

from ase import Atoms

from betenet.errors import StructureError, unexpected
from betenet.input_files import check_file, in_short
from betenet.structures.as_read import AsRead
from betenet.structures.check import MAX_ATOMS, check_structure
from betenet.structures.convert import is_structure, to_atoms
from betenet.structures.frames import Frame, open_frames
from betenet.structures.reading_errors import in_words
from betenet.structures.standardise import standardise
from betenet.structures.walk import structure_files


@dataclass(frozen=True, slots=True, kw_only=True)
class StructureRecord:
    """One structure, or the reason why there is none.

    Parameters
    ----------
    name
        Source of the structure: the path as given, with ``#n`` counted from 0 when a file or an
        iterable holds several; the formula for objects.
    atoms
        The structure; ``None`` if there is an error.
    error
        Reason why there is no structure; ``None`` if there is one.
    warnings
        Sentences that a user should know about how it was read.
    given
        The structure as it was read, where ``atoms`` is its primitive cell.
    as_read
        The crystal as it was understood, where it has been prepared.
    checked
        Whether `check_structure` has accepted the structure, and need not be asked again.
    """

    name: str
    atoms: Atoms | None = None
    error: StructureError | None = None
    warnings: tuple[str, ...] = ()
    given: Atoms | None = None
    as_read: AsRead | None = None
    checked: bool = False

    def __post_init__(self) -> None:
        if (self.atoms is None) == (self.error is None):
            raise ValueError("A StructureRecord has either atoms or an error.")


def read_structures(source: object) -> Iterator[StructureRecord]:
    """Read every structure of a source, one record each; nothing is checked or changed.

    Parameters
    ----------
    source
        A path to a CIF, a POSCAR (also several in a row), an input or output of pw.x, a ``.res``
        of AIRSS, an xyz file, JSON (pymatgen, JARVIS, OPTIMADE, the Materials Project, ASE; one
        structure or many), any other file that ASE reads, also compressed, or a folder; ASE
        Atoms, a pymatgen Structure, JARVIS Atoms or their dictionaries; a record, passed on; or
        an iterable that mixes them.

        A folder is walked recursively in sorted order, and links to folders outside of it are
        followed once. Hidden entries, ``SKIPPED_SUFFIXES``,
        ``SKIPPED_NAMES`` and the folders of first-principles calculations are passed over there;
        every other file that cannot be read is an error.

    Yields
    ------
    StructureRecord
        Record of each structure, and of each file or frame that is missing, empty, broken or of an
        unknown format. A broken frame of a CIF block, xyz file or JSON list loses itself only; in
        other formats also those behind it.

    Examples
    --------
    >>> from ase.build import bulk
    >>> [(record.name, record.error is None) for record in read_structures([bulk("Nb"), "no.cif"])]
    [('Nb#0', True), ('no.cif', False)]
    """
    if isinstance(source, StructureRecord):
        yield source
    elif isinstance(source, str) and not source.strip():
        error = StructureError(
            "The name of a file is empty.",
            "An empty name would stand for the current folder.",
            "Write . for the current folder.",
        )
        yield StructureRecord(name=repr(source), error=error)
    elif isinstance(source, str | Path):
        try:
            yield from _read_path(Path(source))
        except OSError as failure:
            reason = failure.strerror or str(failure)
            fix = "Check the path and its permissions."
            error = StructureError(f"{source}: The file cannot be read.", reason, fix)
            yield StructureRecord(name=str(source), error=error)
    elif is_structure(source) or not isinstance(source, Iterable):
        for record in _read_frames(iter([partial(_converted, source)])):
            yield replace(record, name=_object_name(record, source))
    else:
        for index, item in enumerate(cast("Iterable[object]", source)):
            for record in read_structures(item):
                named = isinstance(item, str | Path | StructureRecord)
                yield record if named else replace(record, name=f"{record.name}#{index}")


def prepare_structures(
    source: object, *, symprec: float = 1e-3, max_atoms: int | None = MAX_ATOMS
) -> Iterator[StructureRecord]:
    """Read, check and standardise every structure of a source.

    Parameters
    ----------
    source
        Source of structures, as for :func:`read_structures`.
    symprec
        Tolerance of the search for the primitive cell [Å].
    max_atoms
        Number of atoms that the primitive cell may have; ``None`` for no limit.

    Yields
    ------
    StructureRecord
        Record with the primitive cell and what was read, or with the error of the step that failed,
        which names the structure.
    """
    for record in read_structures(source):
        if record.atoms is None:
            yield record
            continue
        try:
            if not record.checked:
                check_structure(record.atoms, max_atoms=max_atoms)
            atoms = standardise(record.atoms, symprec=symprec, max_atoms=max_atoms)
            understood = AsRead.of(record.atoms, atoms, symprec)
        except StructureError as error:
            yield replace(record, atoms=None, error=_named(record.name, error))
        except Exception as failure:  # noqa: BLE001 - the others are to be read
            wrong = unexpected(failure, record.name)
            error = StructureError(wrong.summary, wrong.reason, wrong.fix)
            yield replace(record, atoms=None, error=error)
        else:
            yield replace(record, atoms=atoms, given=record.atoms, as_read=understood)


def _converted(source: object) -> Atoms:
    with in_words(f"object of type {type(source).__name__}"):
        return to_atoms(source)


def _object_name(record: StructureRecord, source: object) -> str:
    if record.atoms is None:
        return type(source).__name__
    return str(record.atoms.get_chemical_formula(empirical=True)) or "no atoms"


def _named(name: str, error: StructureError) -> StructureError:
    named = StructureError(f"{name}: {error.summary}", reason=error.reason, fix=error.fix)
    named.__cause__ = error.__cause__
    return named


def _read_path(path: Path) -> Iterator[StructureRecord]:
    if path.is_dir():
        files = structure_files(path)
        for file in files:
            yield from _read_path(file)
        if files:
            return
        what = ("The folder holds no structure file.", "All its files are of other kinds.")
    elif why := _why_not(path):
        found = "It is no file that can be read." if path.exists() else _NOTHING
        what = (found, f"Looked at {path.absolute()}: {why}.")
    elif path.stat().st_size == 0:
        what = ("The file is empty.", "It has 0 bytes.")
    else:
        records = _read_frames(open_frames(path))
        first = next(records, None)
        if first is not None:
            yield from _with_names(str(path), first, records)
            return
        what = ("The file holds no structure.", "It was read to its end without finding atoms.")
    error = StructureError(f"{path}: {what[0]}", what[1], fix="Check the path and the file.")
    yield StructureRecord(name=str(path), error=error)


_NOTHING = "There is no such file or folder."


def _why_not(path: Path) -> str:
    """Reason why a path is none of a file that can be read; empty if it is."""
    try:
        check_file(path)
    except OSError as error:
        return in_short(error)
    return ""


def _with_names(
    name: str, first: StructureRecord, rest: Iterator[StructureRecord]
) -> Iterator[StructureRecord]:
    """Name the records of a file; they are counted only if there are several."""
    second = next(rest, None)
    records = [first] if second is None else chain([first, second], rest)
    for index, record in enumerate(records):
        full = name if second is None else f"{name}#{index}"
        error = None if record.error is None else _named(full, record.error)
        yield replace(record, name=full, error=error)


def _read_frames(frames: Iterator[Frame]) -> Iterator[StructureRecord]:
    """Read frame by frame; whatever a reader raises becomes the record's error."""
    while True:
        atoms = error = None
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                frame = next(frames, None)
                if frame is None:
                    return
                atoms = frame()
            except StructureError as refused:
                error = refused
        notes: list[str] = []
        if atoms is not None:
            notes = [str(note.message) for note in caught if note.category is UserWarning]
            notes += _isotope_notes(atoms)
        yield StructureRecord(
            name="", atoms=atoms, error=error, warnings=tuple(dict.fromkeys(notes))
        )


def _isotope_notes(atoms: Atoms) -> list[str]:
    masses = atoms.arrays.get("masses")
    if masses is None or not (masses[atoms.numbers == 1] > 1.5).any():
        return []
    return [
        (
            "Deuterium or tritium: the network knows hydrogen of natural mass only; "
            "phonons that are computed get the isotope's mass."
        )
    ]
