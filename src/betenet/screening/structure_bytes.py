"""A structure as bytes that give it back to the last bit."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from ase import Atoms

from betenet.errors import DataError

_HEADER = struct.Struct("<2sI3?")
_MAGIC = b"s1"


def structure_to_bytes(atoms: Atoms) -> bytes:
    """Numbers, cell, positions, periodicity, and masses where there are any; nothing else is kept.

    Examples
    --------
    >>> from ase.build import bulk
    >>> bool(structure_from_bytes(structure_to_bytes(bulk("Nb"))) == bulk("Nb"))
    True
    """
    body = (
        np.ascontiguousarray(atoms.numbers, "<u1").tobytes(),
        np.ascontiguousarray(atoms.cell.array, "<f8").tobytes(),
        np.ascontiguousarray(atoms.positions, "<f8").tobytes(),
        np.ascontiguousarray(atoms.get_masses(), "<f8").tobytes() if atoms.has("masses") else b"",
    )
    header = _HEADER.pack(_MAGIC, len(atoms), *(bool(axis) for axis in atoms.pbc))
    return header + zlib.compress(b"".join(body), 1)


def structure_from_bytes(data: bytes) -> Atoms:
    """The structure that `structure_to_bytes` was given.

    Raises
    ------
    DataError
        If the bytes are something else.
    """
    try:
        magic, count, *pbc = _HEADER.unpack_from(data)
        reader = zlib.decompressobj()
        body = reader.decompress(data[_HEADER.size :], 33 * count + 73)
        sizes = {25 * count + 72, 33 * count + 72}  # the larger one with masses
        if magic != _MAGIC or len(body) not in sizes or not reader.eof:
            raise ValueError(f"{len(body)} bytes are not {count} atoms")
        if not np.isfinite(np.frombuffer(body, "<f8", -1, count)).all():
            raise ValueError("a number is not finite")
    except (struct.error, zlib.error, ValueError, TypeError) as error:
        raise DataError(
            "A kept structure cannot be read.",
            "Its bytes are damaged.",
            "Screen again in a new folder.",
        ) from error
    numbers = np.frombuffer(body, "<u1", count).astype(int)
    reals = np.frombuffer(body, "<f8", -1, count)
    places = reals[9 : 9 + 3 * count].reshape(-1, 3)
    masses = reals[9 + 3 * count :] if len(reals) > 9 + 3 * count else None
    cell = reals[:9].reshape(3, 3)
    return Atoms(numbers, positions=places, cell=cell, pbc=pbc, masses=masses)


def load_of(atoms: Atoms) -> float:
    """Atoms² over the volume [1/Å³]: times the sphere of a cutoff, about the edges of a graph."""
    return len(atoms) ** 2 / max(abs(float(atoms.cell.volume)), 1.0)
