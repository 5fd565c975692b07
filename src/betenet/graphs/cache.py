"""Pairs of neighbours on disk, found again by the content of the structure."""

from __future__ import annotations

import struct
from pathlib import Path

from ase import Atoms

from betenet.content_store import ContentStore
from betenet.graphs.pairs import Pairs
from betenet.structures.content import content_hash

FORMAT = 1
"""Part of every key and of the file's name; to be raised when pairs are found or kept otherwise."""


def content_key(atoms: Atoms, cutoff: float) -> bytes:
    """Hash of all that a graph depends on: the structure, its periodicity, and the cutoff."""
    return content_hash(atoms, struct.pack("<IdI3?", FORMAT, cutoff, len(atoms), *atoms.pbc))


class GraphCache(ContentStore[Pairs]):
    """Pairs of neighbours in one SQLite file, safe against kills and damage.

    Parameters
    ----------
    folder
        Made if it is absent. It may be removed at any time; nothing else removes old entries.

    Raises
    ------
    DataError
        If there can be no such folder, or nothing can be read or written in it.
    """

    def __init__(self, folder: str | Path) -> None:
        path = Path(folder) / f"graphs-{FORMAT}.sqlite"
        super().__init__(path, table="pairs", what="Graphs", decode=Pairs.from_bytes)
