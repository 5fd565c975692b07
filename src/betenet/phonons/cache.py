"""Phonons on disk, found again by the structure, the settings and the force field."""

from __future__ import annotations

import struct
from pathlib import Path

from ase import Atoms

from betenet.content_store import ContentStore
from betenet.phonons.result import PhononResult
from betenet.structures.content import content_hash

FORMAT = 1
"""Part of the file's name; to be raised when results are kept otherwise."""


def phonon_key(atoms: Atoms, digest: str) -> bytes:
    """Hash of a structure, to the last bit, and of what its phonons are computed with."""
    return content_hash(atoms, struct.pack("<I3?", len(atoms), *atoms.pbc), digest.encode())


class PhononCache(ContentStore[PhononResult]):
    """Phonons in one SQLite file, safe against kills and damage.

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
        path = Path(folder) / f"phonons-{FORMAT}.sqlite"
        super().__init__(path, table="phonons", what="Phonons", decode=PhononResult.from_bytes)
