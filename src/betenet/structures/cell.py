"""Lattice vectors, and the shortest ones of the same lattice."""

from __future__ import annotations

import warnings
from typing import Any, cast

import numpy as np
import spglib
from ase import Atoms
from jaxtyping import Float

from betenet.errors import StructureError

# spglib 2.8 raises where earlier versions return None; before 2.6 it has no error class
SPGLIB_ERRORS: tuple[type[Exception], ...] = (getattr(spglib, "SpglibError", RuntimeError),)


def call_spglib(function: str, *arguments: object, **options: object) -> Any:
    """Return what a function of spglib gives; None where it fails, by whatever version's way."""
    with warnings.catch_warnings():
        # spglib 2.6 and later announce the change of their error handling at every call
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return getattr(spglib, function)(*arguments, **options)
        except SPGLIB_ERRORS:
            return None


def cell_vectors(atoms: Atoms) -> Float[np.ndarray, "3 3"]:
    """Lattice vectors as rows [Å]."""
    return np.array(atoms.cell.array, dtype=float)


def reduce_cell(lattice: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "3 3"]:
    """Return the Niggli-reduced, right-handed vectors of the same lattice, not rotated [Å].

    Raises
    ------
    StructureError
        If the reduction fails.

    References
    ----------
    Křivý and Gruber, Acta Cryst. A 32, 297 (1976).
    """
    reduced = call_spglib("niggli_reduce", lattice)
    if reduced is None and np.isfinite(lattice).all():  # spglib takes a limited number of steps
        reduced = _niggli_by_minkowski(lattice)
    if reduced is None:
        raise StructureError(
            "The cell cannot be reduced to its shortest lattice vectors.",
            reason=f"Its lattice reads {lattice.tolist()} Å.",
            fix="Check the lattice vectors, or write the crystal in a less skewed cell.",
        )
    vectors = np.array(cast("object", reduced), dtype=float)
    return -vectors if np.linalg.det(vectors) < 0 else vectors


def _niggli_by_minkowski(lattice: Float[np.ndarray, "3 3"]) -> Any:
    """Niggli's vectors by way of Minkowski's, for cells that are very skewed; None if that fails.

    References
    ----------
    Nguyen and Stehlé, ACM Trans. Algorithms 5, 46 (2009).
    """
    from ase.geometry import minkowski_reduce  # pyright: ignore[reportUnknownVariableType]

    try:
        shorter = np.asarray(minkowski_reduce(lattice)[0], dtype=float)
    except (RuntimeError, ValueError, FloatingPointError, np.linalg.LinAlgError):
        return None
    return call_spglib("niggli_reduce", shorter)
