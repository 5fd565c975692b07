"""The symmetry of a crystal as a network can use it: where each operation puts each atom."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import spglib
from ase import Atoms
from jaxtyping import Float, Int

from betenet.structures.cell import SPGLIB_ERRORS, cell_vectors

EXACT = 1e-6
"""An operation counts only if it maps every atom and the lattice this closely [Å]: what is built
on it then holds to single precision. Coordinates rounded to five digits mostly fail."""
CHUNK = 200_000
"""Distances compared at a time; bounds the memory of a large cell."""


@dataclass(frozen=True, slots=True)
class SiteSymmetry:
    """Operations of a crystal's space group, those of one cell.

    Attributes
    ----------
    rotations
        Cartesian rotations, proper or improper (op, 3, 3).
    images
        Index of the atom that each atom is mapped on (op, atom).
    """

    rotations: Float[np.ndarray, "op 3 3"]
    images: Int[np.ndarray, "op atom"]

    @classmethod
    def none(cls, n_atoms: int) -> SiteSymmetry:
        """The identity alone."""
        return cls(np.eye(3)[None], np.arange(n_atoms)[None])


def find_symmetry(atoms: Atoms, *, most: float = float("inf")) -> SiteSymmetry:
    """Operations that map a crystal on itself exactly.

    Parameters
    ----------
    atoms
        Crystal, periodic in three directions.
    most
        Distances between atoms and images of atoms that may be compared. A large cell that repeats
        a small one has thousands of operations: to find where they put the atoms takes seconds.

    Returns
    -------
    SiteSymmetry
        The identity alone where spglib fails, an operation is not exact to `EXACT`, or ``most``
        forbids.

    References
    ----------
    Togo, Shinohara and Tanaka, Sci. Technol. Adv. Mater. Meth. 4, 2384822 (2024) (spglib).

    Examples
    --------
    >>> from ase.build import bulk
    >>> len(find_symmetry(bulk("Nb", "bcc", a=3.3)).rotations)
    48
    """
    lattice = cell_vectors(atoms)
    places = np.linalg.solve(lattice.T, atoms.positions.T).T
    found: Any = None
    with warnings.catch_warnings():
        # spglib 2.6 and later announce the change of their error handling at every call
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            crystal = (lattice, places, np.array(atoms.numbers, dtype=np.intc))
            found = cast("Any", spglib).get_symmetry(crystal, symprec=EXACT)
        except SPGLIB_ERRORS:
            found = None
    if found is None or len(found["rotations"]) * len(atoms) ** 2 > most:
        return SiteSymmetry.none(len(atoms))
    turned = np.array(found["rotations"], dtype=float)
    shifts = np.array(found["translations"], dtype=float)
    rotations = lattice.T @ turned @ np.linalg.inv(lattice.T)
    images, worst = _images(lattice, places, turned, shifts)
    # x Rᵀ = x for a rotation that is orthogonal; measured over a length of the size of the cell
    skew = np.abs(rotations @ rotations.transpose(0, 2, 1) - np.eye(3)).max()
    if max(worst, skew * np.abs(lattice).max()) > EXACT:
        return SiteSymmetry.none(len(atoms))
    return SiteSymmetry(rotations, images)


def _images(
    lattice: np.ndarray, places: np.ndarray, turned: np.ndarray, shifts: np.ndarray
) -> tuple[np.ndarray, float]:
    """Nearest atom to the image of each atom, and the largest distance to it [Å]."""
    images = np.empty((len(turned), len(places)), dtype=np.int64)
    worst = 0.0
    step = max(1, CHUNK // len(places) ** 2)
    for start in range(0, len(turned), step):
        part = slice(start, start + step)
        moved = places @ turned[part].transpose(0, 2, 1) + shifts[part, None, :]
        apart = moved[:, :, None, :] - places
        apart = np.linalg.norm((apart - np.round(apart)) @ lattice, axis=3)
        images[part] = apart.argmin(axis=2)
        worst = max(worst, float(apart.min(axis=2).max()))
    return images, worst
