"""What a source gives: a candidate with what the database says of it, or why there is none.

Candidates can be written as a file that every source reads: one JSON object a line.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from ase import Atoms

from betenet.errors import BetenetError
from betenet.runs.replace_file import replacing


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """A structure of a database.

    Attributes
    ----------
    name
        Name in the database, if it has one, else file and place in it; unique in a source.
    atoms
        Structure as the database has it.
    given
        What the database says of it: `BAND_GAP` [eV] and `HULL_DISTANCE` [eV per atom] under our
        names, everything else under the database's.
    """

    name: str
    atoms: Atoms
    given: Mapping[str, float | str] = field(default_factory=dict[str, float | str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """An entry of a database that is no structure.

    Attributes
    ----------
    name
        Name as for `Candidate`.
    error
        Error that says why.
    """

    name: str
    error: BetenetError


Entry = Candidate | Unreadable


def write_candidates(path: str | Path, candidates: Iterable[Candidate]) -> int:
    """Write a stream of candidates; compressed if the name ends in ``.gz``.

    Parameters
    ----------
    path
        The file; it appears whole or not at all.
    candidates
        Candidates, none of which is held in memory.

    Returns
    -------
    int
        Number of candidates.

    Raises
    ------
    DataError
        If the file cannot be written.
    """
    count = 0
    with replacing(path) as part, _opened(part, compressed=Path(path).suffix == ".gz") as file:
        for candidate in candidates:
            file.write(json.dumps(_to_object(candidate), ensure_ascii=False).encode() + b"\n")
            count += 1
    return count


@contextmanager
def _opened(path: Path, *, compressed: bool) -> Generator[IO[bytes]]:
    with path.open("wb") as file:
        if not compressed:
            yield file
            return
        # without name and time the same candidates give the same file
        with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
            yield cast("IO[bytes]", packed)


def _to_object(candidate: Candidate) -> dict[str, Any]:
    atoms = candidate.atoms
    structure = {
        "lattice": atoms.cell.array.tolist(),
        "species": atoms.get_chemical_symbols(),
        "frac_coords": atoms.get_scaled_positions(wrap=False).tolist(),
    }
    return {"id": candidate.name, "structure": structure, **candidate.given}
