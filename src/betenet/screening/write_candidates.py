"""Candidates as a file that every source reads: one JSON object a line."""

from __future__ import annotations

import gzip
import json
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from betenet.runs.replace_file import replacing
from betenet.screening.candidates import Candidate


def write_candidates(path: str | Path, candidates: Iterable[Candidate]) -> int:
    """Write a stream of candidates; compressed if the name ends in ``.gz``.

    Parameters
    ----------
    path
        The file; it appears whole or not at all.
    candidates
        None of them is held.

    Returns
    -------
    int
        How many there were.

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
