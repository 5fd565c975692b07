"""A hash of all that a structure is, for what is kept about it."""

from __future__ import annotations

import hashlib

import numpy as np
from ase import Atoms


def content_hash(atoms: Atoms, *settings: bytes) -> bytes:
    """Hash of numbers, cell and positions, and of what else the kept thing depends on.

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
