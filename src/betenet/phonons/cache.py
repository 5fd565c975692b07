"""Phonons on disk, found again by the structure, the settings and the force field."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms

from betenet.content_store import ContentStore
from betenet.errors import DataError
from betenet.phonons.result import PhononResult

FORMAT = 1
"""Part of the file's name; to be raised when results are kept otherwise."""


def phonon_key(atoms: Atoms, digest: str) -> bytes:
    """Hash of a structure, to the last bit, and of what its phonons are computed with."""
    header = struct.pack("<I3?", len(atoms), *atoms.pbc)
    key = hashlib.blake2b(header, digest_size=32)
    key.update(digest.encode())
    key.update(np.ascontiguousarray(atoms.numbers, dtype="<i8").data)
    key.update(np.ascontiguousarray(atoms.cell.array, dtype="<f8").data)
    key.update(np.ascontiguousarray(atoms.positions, dtype="<f8").data)
    return key.digest()


class PhononCache(ContentStore):
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
        super().__init__(path, table="phonons", what="Phonons")

    def load(self, keys: Sequence[bytes]) -> list[PhononResult | None]:
        """Return what is kept under each key, or None.

        Raises
        ------
        DataError
            If the file cannot be read for another reason than damage.
        """
        return [None if data is None else self._decode(data) for data in self.load_bytes(keys)]

    def _decode(self, data: bytes) -> PhononResult | None:
        try:
            return PhononResult.from_bytes(data)
        except DataError:
            self.damaged += 1
            return None
