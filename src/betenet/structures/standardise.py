"""Primitive cell of a crystal, reduced and ordered: one for whatever cell it was written in."""

from __future__ import annotations

import warnings
from typing import Any, cast

import numpy as np
import spglib
from ase import Atoms
from jaxtyping import Float, Int

from betenet.errors import StructureError
from betenet.structures.cell import SPGLIB_ERRORS, cell_vectors, reduce_cell
from betenet.structures.check import MAX_ATOMS, check_size, fewest_atoms

EDGE_TOLERANCE = 1e-5
"""Fractional coordinates this close below 1 are written as just below 0: rounding cannot flip."""

Lattice = Float[np.ndarray, "3 3"]
PrimitiveCell = tuple[Lattice, Float[np.ndarray, "primitive 3"], Int[np.ndarray, " primitive"]]


def standardise(atoms: Atoms, *, symprec: float = 1e-3, max_atoms: int | None = MAX_ATOMS) -> Atoms:
    """Return the primitive cell of a crystal, Niggli-reduced, its atoms in a fixed order.

    Parameters
    ----------
    atoms
        A structure that :func:`betenet.structures.check_structure` accepts.
    symprec
        Two atoms are translations of each other if they agree within this distance [Å]. The
        default lets coordinates written with four or five digits pass, and is far below the
        displacements that make a different crystal.
    max_atoms
        Number of atoms that the primitive cell may have; ``None`` for no limit.

    Returns
    -------
    Atoms
        Numbers, positions [Å] and a right-handed cell [Å]; nothing else (no magnetic moments,
        velocities, constraints, masses or labels). Atoms are sorted by atomic number, then by
        fractional coordinates.

    Raises
    ------
    StructureError
        If the primitive cell cannot be found or has more than ``max_atoms`` atoms.

    Notes
    -----
    Conventional cells, supercells and skewed cells give the same primitive crystal; atoms that a
    lattice translation maps on each other are averaged, which takes the rounding of a supercell
    out. Orientation and origin are kept: the crystal is neither rotated nor symmetrised.

    A cell whose element counts have no common divisor is primitive already, and is only reduced.

    References
    ----------
    Togo, Shinohara and Tanaka, Sci. Technol. Adv. Mater. Meth. 4, 2384822 (2024) (spglib).

    Examples
    --------
    >>> from ase.build import bulk
    >>> len(standardise(bulk("NaCl", "rocksalt", a=5.64, cubic=True)))
    2
    """
    check_size(fewest_atoms(atoms), max_atoms, at_least=True)
    lattice = cell_vectors(atoms)
    positions = np.linalg.solve(lattice.T, atoms.positions.T).T
    numbers = np.array(atoms.numbers, dtype=np.intc)
    if max_atoms is not None and len(atoms) > max_atoms:
        most = _count_translations(
            lattice, positions, numbers, symprec, -(-len(atoms) // max_atoms)
        )
        check_size(len(atoms) // most, max_atoms)
    if fewest_atoms(atoms) < len(atoms):
        lattice, positions, numbers = primitive_cell(lattice, positions, numbers, symprec)
    check_size(len(numbers), max_atoms)
    reduced = reduce_cell(lattice)
    positions = np.linalg.solve(reduced.T, lattice.T @ positions.T).T
    positions -= np.floor(positions + EDGE_TOLERANCE)
    keys = np.round(positions / EDGE_TOLERANCE / 10).astype(int)
    order = np.lexsort((keys[:, 2], keys[:, 1], keys[:, 0], numbers))
    return Atoms(numbers=numbers[order], scaled_positions=positions[order], cell=reduced, pbc=True)


def _count_translations(
    lattice: Lattice,
    positions: Float[np.ndarray, "site 3"],
    numbers: Int[np.ndarray, " site"],
    symprec: float,
    enough: int,
) -> int:
    """Translations that map the crystal on itself, none of them left out below ``enough``.

    Without ``enough`` of them the primitive cell is too large, which tells it in less time than a
    search of the whole symmetry takes. Their tolerance is twice that of the search.
    """
    elements, counts = np.unique(numbers, return_counts=True)
    rarest = np.flatnonzero(numbers == elements[counts.argmin()])
    metric = lattice @ lattice.T
    alike = {int(element): positions[numbers == element] for element in elements}
    found = 0
    for end in rarest:
        shift = positions[end] - positions[rarest[0]]
        if all(
            _is_mapped(position + shift, alike[int(number)], metric, 2.0 * symprec)
            for position, number in zip(positions, numbers, strict=True)
        ):
            found += 1
            if found >= enough:
                return found
    return found


def _is_mapped(
    place: Float[np.ndarray, " 3"],
    others: Float[np.ndarray, "other 3"],
    metric: Lattice,
    tolerance: float,
) -> bool:
    away = others - place
    away -= np.round(away)
    return bool(np.einsum("ni,ij,nj->n", away, metric, away).min() < tolerance**2)


def primitive_cell(
    lattice: Lattice,
    positions: Float[np.ndarray, "site 3"],
    numbers: Int[np.ndarray, " site"],
    symprec: float,
    *,
    idealise: bool = False,
) -> PrimitiveCell:
    """Primitive cell by spglib, as it lies or, idealised, in the standard orientation.

    Raises
    ------
    StructureError
        If spglib finds none.
    """
    found = None
    why = "It gave no reason."
    with warnings.catch_warnings():
        # spglib 2.6 and later announce the change of their error handling at every call
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            found = cast("Any", spglib).standardize_cell(
                (lattice, positions, numbers),
                to_primitive=True,
                no_idealize=not idealise,
                symprec=symprec,
            )
        except SPGLIB_ERRORS as error:
            why = f"It says: {error}."
    if found is None:
        raise StructureError(
            f"spglib finds no primitive cell within symprec = {symprec:g} Å.",
            reason=f"{why} Usually atoms lie closer than symprec, or nearly on top of each other.",
            fix="Check the positions, or try another symprec.",
        )
    return cast("PrimitiveCell", found)
