"""Phonons on disk, found again by the structure, the settings and the force field."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from ase import Atoms

from betenet.content_store import ContentStore
from betenet.phonons.result import PhononResult
from betenet.structures.content import content_hash
from betenet.structures.dimensionality import dimensionality

FORMAT = 1
"""Part of the file's name; to be raised when results are kept otherwise."""


def phonon_key(atoms: Atoms, digest: str) -> bytes:
    """Hash of a structure, to the last bit, and of what its phonons are computed with."""
    settings = [struct.pack("<I3?", len(atoms), *atoms.pbc), digest.encode()]
    if atoms.has("masses"):
        settings.append(np.ascontiguousarray(atoms.get_masses(), dtype="<f8").tobytes())
    if all(atoms.pbc) and dimensionality(atoms).kind != "bulk":
        settings.append(b"in vacuum")  # computed in another way since entries are kept
    return content_hash(atoms, *settings)


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
