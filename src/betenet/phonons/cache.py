"""Phonons on disk, found again by the structure, the settings and the force field."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import numpy as np
from ase import Atoms

from betenet.phonons.result import PhononResult
from betenet.runs import ContentStore
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


def content_hash(atoms: Atoms, *settings: bytes) -> bytes:
    """Hash of numbers, cell and positions, and of what else a result depends on.

    Two structures share a hash only if they agree to the last bit and in the order of atoms; a
    rotated copy is another structure.

    Parameters
    ----------
    atoms
        Crystal; its periodicity is not part of the hash: it belongs to the settings.
    settings
        Settings that are hashed first, one after the other.
    """
    digest = hashlib.blake2b(b"".join(settings), digest_size=32)
    digest.update(np.ascontiguousarray(atoms.numbers, dtype="<i8").data)
    digest.update(np.ascontiguousarray(atoms.cell.array, dtype="<f8").data)
    digest.update(np.ascontiguousarray(atoms.positions, dtype="<f8").data)
    return digest.digest()


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
