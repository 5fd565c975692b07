"""Rows in our own layout: one JSON object a line, for datasets of anyone (`docs/datasets.md`)."""

from __future__ import annotations

import gzip
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from betenet.datasets.folds import reduced_formula
from betenet.datasets.jsonl_fields import (
    FIELDS,
    STRUCTURE_FIELDS,
    check_kept,
    electronic_dos_fields,
    read_electronic_dos,
    read_number,
    read_site_phonon_dos,
    read_spectrum,
    read_structure,
    read_targets,
    read_text,
    site_phonon_dos_fields,
)
from betenet.datasets.rows import TARGETS, Curves, Row
from betenet.errors import BetenetError, DataError
from betenet.input_files import DAMAGE, in_short, lines_of, open_text
from betenet.input_files import read_text as read_text_file
from betenet.json_input import decode_json
from betenet.quantities import QUANTITIES
from betenet.runs import replace_file
from betenet.superconductivity.binned import BINS, binned


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entry:
    """One material of a dataset: a row, and what training has no use for.

    Attributes
    ----------
    row
        Crystal and first-principles moments.
    split
        Name of the part of the dataset that it belongs to; empty if it has none.
    tc
        Tc that the dataset states [K]; NaN if it states none.
    mu_star
        μ* of that Tc [1]; NaN where unknown.
    """

    row: Row
    split: str = ""
    tc: float = math.nan
    mu_star: float = math.nan


@dataclass(frozen=True, slots=True)
class Refusal:
    """A material that cannot be used.

    Attributes
    ----------
    id
        Its id, or the number of its line.
    reason
        Why.
    """

    id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """Materials with first-principles moments, and those that were refused.

    Attributes
    ----------
    name
        File or source.
    entries
        The materials that can be used, in the order of the file.
    refused
        The others.
    warnings
        What a user should know.
    """

    name: str
    entries: tuple[Entry, ...]
    refused: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = ()


def read_jsonl(path: str | Path) -> Dataset:
    r"""Read a dataset, plain or compressed by gzip.

    Parameters
    ----------
    path
        A file with one JSON object a line.

    Returns
    -------
    Dataset
        A row that is broken, incomplete, contradicts itself or comes from a calculation that is
        not kept is among the refused; keys that the layout does not know are left out, with a
        warning.

    Raises
    ------
    DataError
        If the file cannot be opened.

    Examples
    --------
    >>> import tempfile
    >>> lead = {"id": "Pb", "coupling": 1.55, "omega_log_kelvin": 56.0, "structure": {
    ...     "lattice": [[0, 2.475, 2.475], [2.475, 0, 2.475], [2.475, 2.475, 0]],
    ...     "species": ["Pb"], "frac_coords": [[0, 0, 0]]}}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "two.jsonl"
    ...     _ = path.write_text(json.dumps(lead) + "\n" + json.dumps({"id": "Nb"}))
    ...     dataset = read_jsonl(path)
    >>> [entry.row.formula for entry in dataset.entries]
    ['Pb']
    >>> dataset.refused[0].id, dataset.refused[0].reason
    ('Nb', 'it has no structure: lattice, species and frac_coords are missing')
    """
    refused: list[Refusal] = []
    lines = ((f"line {number}", line) for number, line in _lines(Path(path), refused))
    return _collected(Path(path), lines, refused)


def read_records(folder: str | Path) -> Dataset:
    """Read a folder of records: JSON files with one object each, not those in folders below it.

    Parameters
    ----------
    folder
        The folder. A file whose object has neither structure nor formula is no record, and is left
        out with a warning.

    Returns
    -------
    Dataset
        As of `read_jsonl`, in the order of the files' names.

    Raises
    ------
    DataError
        If the folder cannot be listed.
    """
    path = Path(folder)
    try:
        files = sorted(one for one in path.iterdir() if one.suffix == ".json" and one.is_file())
    except OSError as error:
        raise DataError(
            f"The folder {path} cannot be listed.", error.strerror or str(error), "Give another."
        ) from error
    refused: list[Refusal] = []
    others: list[str] = []
    records: list[tuple[str, str]] = []
    for file in files:
        try:
            text = read_text_file(file)
        except (OSError, ValueError) as error:
            refused.append(Refusal(file.name, f"unreadable: {in_short(error)}"))
            continue
        if _is_another(text):
            others.append(f"{file.name} is no record of a crystal: left out")
        else:
            records.append((file.name, text))
    found = _collected(path, records, refused)
    return replace(found, warnings=(*others, *found.warnings))


def _is_another(text: str) -> bool:
    """Whether it is a JSON object that does not even speak of a crystal."""
    try:
        data = _object(text)
    except DataError:
        return False
    return not any(key in data for key in ("structure", "formula", *STRUCTURE_FIELDS))


def _collected(path: Path, texts: Iterable[tuple[str, str]], refused: list[Refusal]) -> Dataset:
    """Read JSON objects, each with the name of its place; refusals are added to those given."""
    entries: list[Entry] = []
    unknown: Counter[str] = Counter()
    warnings: list[str] = []
    places: dict[str, str] = {}
    for place, text in texts:
        name = place
        try:
            data = _object(text)
            name = read_text(data, "id") or name
            if name in places:
                raise DataError(f"its id was used before, in {places[name]}")
            places[name] = place
            unknown.update(key for key in data if key not in FIELDS)
            entry, notes = read_entry(name, data, path.name.partition(".")[0])
        except BetenetError as error:
            refused.append(Refusal(name, _in_one_line(error)))
            continue
        entries.append(entry)
        warnings.extend(f"{name}: {note}" for note in notes)
    warnings.extend(
        f"the key {key!r}, in {count} rows, is not part of the layout and was left out"
        for key, count in sorted(unknown.items())
    )
    return Dataset(
        name=str(path), entries=tuple(entries), refused=tuple(refused), warnings=tuple(warnings)
    )


def write_jsonl(path: str | Path, entries: Iterable[Entry]) -> None:
    """Write a dataset; compressed if the name ends in ``.gz``. The file appears whole or not.

    Parameters
    ----------
    path
        The file; what it held is replaced.
    entries
        The materials. What is not known of them is left out.

    Raises
    ------
    DataError
        If it cannot be written; the old content is still there then.
    """
    target = Path(path)
    lines = (json.dumps(_to_object(entry), ensure_ascii=False) + "\n" for entry in entries)
    content = "".join(lines).encode()
    # without a time stamp the same rows give the same file
    replace_file(target, gzip.compress(content, mtime=0) if target.suffix == ".gz" else content)


def _lines(path: Path, refused: list[Refusal]) -> Iterator[tuple[int, str]]:
    """Number and text of each line that is not empty; what cannot be decoded is refused."""
    number = 0
    try:
        with open_text(path, None, "surrogateescape") as file:
            for number, line in enumerate(lines_of(file), start=1):
                if line.strip():
                    yield number, line
    except DAMAGE as error:
        if isinstance(error, OSError) and error.errno and not number:
            raise DataError(
                f"The dataset {path} cannot be read.",
                error.strerror or str(error),
                "Give a file with one JSON object a line.",
            ) from error
        refused.append(
            Refusal(f"line {number + 1} and all below", f"unreadable: {in_short(error)}")
        )


def _object(line: str) -> Mapping[str, Any]:
    try:
        data = decode_json(line)
    except ValueError as error:
        raise DataError(f"it is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise DataError("it is no JSON object")
    return cast("dict[str, Any]", data)


def read_entry(name: str, data: Mapping[str, Any], source: str) -> tuple[Entry, list[str]]:
    """One material from an object of the layout, and notes on it.

    Parameters
    ----------
    name
        Id of the material.
    data
        The object.
    source
        Level of theory, where the object states none.

    Raises
    ------
    DataError, SpectrumError
        If it cannot be used.
    """
    check_kept(data)
    atoms = read_structure(data)
    spectrum = read_spectrum(data)
    targets, notes = read_targets(data, spectrum)
    dos = read_number(data, "dos_fermi") / len(atoms)
    row = Row(
        id=name,
        source=read_text(data, "source") or source,
        atoms=atoms,
        formula=reduced_formula(atoms.get_chemical_symbols()),
        targets=targets,
        # an unknown one is 0 in some files, and smearing can bring it below
        fermi_dos=dos if dos > 0.0 else math.nan,
        spectrum=spectrum,
        site_phonon_dos=read_site_phonon_dos(data, len(atoms)),
        electronic_dos=read_electronic_dos(data),
    )
    entry = Entry(
        row=row,
        split=read_text(data, "split"),
        tc=read_number(data, "tc_kelvin", at_least=0.0),
        mu_star=read_number(data, "mu_star", at_least=0.0),
    )
    return entry, notes


def _to_object(entry: Entry) -> dict[str, Any]:
    row = entry.row
    structure = (
        row.atoms.cell.array.tolist(),
        row.atoms.get_chemical_symbols(),
        row.atoms.get_scaled_positions(wrap=False).tolist(),
    )
    data: dict[str, Any] = {
        "id": row.id,
        "source": row.source,
        "structure": dict(zip(STRUCTURE_FIELDS, structure, strict=True)),
    }
    numbers = {
        QUANTITIES[key].export_key: float(value) * QUANTITIES[key].export_factor
        for key, value in zip(TARGETS, row.targets, strict=True)
    }
    numbers |= {"tc_kelvin": entry.tc, "mu_star": entry.mu_star}
    numbers["dos_fermi"] = row.fermi_dos * len(row.atoms)
    data |= {key: value for key, value in numbers.items() if math.isfinite(value)}
    if row.spectrum is not None:
        frequencies, a2f = row.spectrum
        data["spectrum"] = {"frequencies_mev": frequencies.tolist(), "a2f": a2f.tolist()}
    data |= _written_dos(row)
    if entry.split:
        data["split"] = entry.split
    return data


def _written_dos(row: Row) -> dict[str, Any]:
    """Densities of states; those of phonons share their frequencies, or get the published bins."""
    data = electronic_dos_fields(row.electronic_dos)
    phonons: dict[str, Curves] = dict(row.site_phonon_dos)
    if phonons:
        frequencies = next(iter(phonons.values()))[0]
        if any(not np.array_equal(grid, frequencies) for grid, _ in phonons.values()):
            phonons = {key: (BINS, binned(*curves)) for key, curves in phonons.items()}
            frequencies = BINS
        sites = {key: shares for key, (_, shares) in phonons.items()}
        data |= site_phonon_dos_fields(frequencies, sites)
    return data


def _in_one_line(error: BetenetError) -> str:
    return " ".join(part for part in (error.summary, error.reason) if part)
