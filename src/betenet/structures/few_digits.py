"""Coordinates of few digits, completed to the symmetry that they are the rounded values of."""

from __future__ import annotations

from typing import Any

import numpy as np
from ase import Atoms
from jaxtyping import Float

from betenet.structures.cell import call_spglib, cell_vectors
from betenet.structures.cif_sites import ROUNDED
from betenet.structures.orbits import nearest_image
from betenet.structures.symmetry_operations import Operations

FEW = (2, 3)
"""Number of decimals that are few. With four, rounding is within the tolerance of the search; with
one, a coordinate is meant as it stands."""

AS_WRITTEN = 1e-9
"""Distance from a short decimal at which a coordinate lies that was written as one."""

STRICT = 1e-3
"""Tolerance of the symmetry of coordinates as they stand [Å]."""

MISFIT = 1e-3
"""Relative change of the cell's metric under an operation: edges are not made equal here."""

MOST_ATOMS = 400
"""Number of atoms of a cell that is looked at: the search is repeated."""


def complete_digits(atoms: Atoms) -> tuple[Atoms, str]:
    """Put atoms on the places that symmetry asks for, if their digits do not tell the two apart.

    Parameters
    ----------
    atoms
        Atoms of a cell as a file lists them.

    Returns
    -------
    tuple
        The atoms, the same ones if nothing is to be done, and a note on what was moved.

    Notes
    -----
    The symmetry is searched with a tolerance as wide as the digits, from wide to narrow. The first
    one counts that has more operations than the coordinates as they stand, keeps the shape of the
    cell, and moves no coordinate by more than 0.7 of its last digit.

    Examples
    --------
    >>> mercury = Atoms("Hg3", cell=[3.47, 3.47, 6.72, 90, 90, 120], pbc=True,
    ...                 scaled_positions=[[0, 0, 0], [.667, .333, .333], [.333, .667, .667]])
    >>> complete_digits(mercury)[0].get_scaled_positions().round(6)[1].tolist()
    [0.666667, 0.333333, 0.333333]
    """
    if not 1 < len(atoms) <= MOST_ATOMS or not all(atoms.pbc):
        return atoms, ""
    lattice = cell_vectors(atoms)
    if not np.isfinite(atoms.positions).all() or abs(np.linalg.det(lattice)) < 1e-6:
        return atoms, ""
    places = np.linalg.solve(lattice.T, atoms.positions.T).T
    decimals = next((n for n in range(4) if _has_decimals(places, n)), 0)
    if decimals not in FEW or (abs(8 * places - np.round(8 * places)) < AS_WRITTEN).all():
        return atoms, ""
    most = ROUNDED * 10.0**-decimals
    strict = _dataset(lattice, places, atoms.numbers, STRICT)
    widest = 2.0 * most * float(np.sqrt((lattice**2).sum(axis=1)).max())
    for symprec in (widest, widest / 2, widest / 4):
        wide = _dataset(lattice, places, atoms.numbers, symprec)
        if strict is None or wide is None or len(wide.rotations) <= len(strict.rotations):
            continue
        exact = _symmetrised(places, atoms.numbers, wide, lattice)
        if exact is None or float(abs(exact - places).max()) > most:
            continue
        moved = np.sqrt((((exact - places) @ lattice) ** 2).sum(axis=1))
        completed = atoms.copy()
        completed.positions = exact @ lattice
        return completed, (
            f"Coordinates have {decimals} decimals: as they stand the space group is "
            f"{strict.international}; atoms are moved by up to {moved.max():.4f} Å onto the places "
            f"of {wide.international}. Write them with six decimals if they are meant otherwise."
        )
    return atoms, ""


def _has_decimals(places: Float[np.ndarray, "site 3"], decimals: int) -> bool:
    return bool((abs(places - np.round(places, decimals)) < AS_WRITTEN).all())


def _dataset(
    lattice: Float[np.ndarray, "3 3"],
    places: Float[np.ndarray, "site 3"],
    numbers: Any,
    symprec: float,
) -> Any:
    cell = (lattice, places, np.array(numbers, dtype=np.intc))
    return call_spglib("get_symmetry_dataset", cell, symprec=symprec)


def _symmetrised(
    places: Float[np.ndarray, "site 3"], numbers: Any, found: Any, lattice: Float[np.ndarray, "3 3"]
) -> Float[np.ndarray, "site 3"] | None:
    """Mean place of each atom over all operations; None if they change the cell or an element."""
    operations = Operations(np.array(found.rotations), np.array(found.translations))
    if operations.misfit(lattice) > MISFIT:
        return None
    total = np.zeros_like(places)
    for rotation, shift in zip(operations.rotations, operations.translations, strict=True):
        images = places @ rotation.T + shift
        away = nearest_image(images[:, None] - places)
        ends = ((away @ lattice) ** 2).sum(axis=-1).argmin(axis=1)
        if len(set(ends.tolist())) < len(ends) or (numbers[ends] != numbers).any():
            return None
        total[ends] += places[ends] + away[np.arange(len(ends)), ends]
    return total / len(operations)
