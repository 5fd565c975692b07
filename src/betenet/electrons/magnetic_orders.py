"""Collinear orders of the moments of a crystal: which sites point up, which down, in which cell."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from ase import Atoms
from ase.build import make_supercell  # pyright: ignore[reportUnknownVariableType]
from jaxtyping import Int

from betenet.errors import ConfigError
from betenet.espresso.grids import reciprocal_operations
from betenet.espresso.settings import symbols_of
from betenet.known.magnetic import MAGNETIC
from betenet.structures import find_symmetry

FERROMAGNETIC = "ferromagnetic"
ANTIFERROMAGNETIC = "antiferromagnetic"
MOST_PATTERNS = 3
"""Antiferromagnetic patterns of one crystal that are tried."""
LARGEST_CELL = 16
"""Atoms of the largest cell of a pattern."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MagneticOrder:
    """One collinear order.

    Attributes
    ----------
    name
        Name, such as ``antiferromagnetic-2``.
    atoms
        Cell of the order: the given one, or twice as large.
    signs
        1 for a moment up, -1 for one down, 0 for atoms that begin without (site,).
    about
        What the pattern is, in words.
    """

    name: str
    atoms: Atoms
    signs: Int[np.ndarray, " site"]
    about: str

    @property
    def n_moments(self) -> int:
        """Number of sites that begin with a moment."""
        return int(np.abs(self.signs).sum())


def magnetic_sites(atoms: Atoms) -> np.ndarray:
    """Which atoms may have a moment: those of magnetic elements; all of a crystal with none."""
    found = np.array([symbol in MAGNETIC for symbol in symbols_of(atoms)])
    return found if found.any() else np.ones(len(atoms), dtype=bool)


def magnetic_orders(atoms: Atoms, kinds: tuple[str, ...] = ()) -> tuple[MagneticOrder, ...]:
    """Ferromagnetic order, and antiferromagnetic ones of the cell or of cells twice as large.

    Parameters
    ----------
    atoms
        A primitive cell.
    kinds
        `FERROMAGNETIC`, `ANTIFERROMAGNETIC`, or names of single patterns, as in
        ``antiferromagnetic-1``; all if none is given.

    Raises
    ------
    ConfigError
        If a kind is unknown, or the crystal has no pattern of that name.

    Notes
    -----
    In the cell: every way to have as many sites up as down, one of each set that symmetry makes
    equal. With one magnetic site: moments that alternate along each kind of wave vector of half a
    reciprocal vector. Spirals and longer waves are not tried.
    """
    patterns = [f"{ANTIFERROMAGNETIC}-{number}" for number in range(1, MOST_PATTERNS + 1)]
    known = {FERROMAGNETIC, ANTIFERROMAGNETIC, *patterns}
    unknown = [kind for kind in kinds if kind not in known]
    if unknown:
        raise ConfigError(
            f"{unknown[0]!r} is no kind of order.",
            f"There are {FERROMAGNETIC}, {ANTIFERROMAGNETIC} and single patterns: "
            f"{', '.join(patterns)}.",
            "Give some of them, or leave it out for all.",
        )
    sites = magnetic_sites(atoms)
    found: list[MagneticOrder] = []
    if not kinds or FERROMAGNETIC in kinds:
        found.append(_order(FERROMAGNETIC, atoms, sites.astype(int), "all moments up"))
    if not kinds or any(kind.startswith(ANTIFERROMAGNETIC) for kind in kinds):
        cells = _in_the_cell(atoms, sites) if sites.sum() > 1 else _doubled(atoms)
        for number, (cell, signs, about) in enumerate(cells[:MOST_PATTERNS], start=1):
            name = f"{ANTIFERROMAGNETIC}-{number}"
            if not kinds or {ANTIFERROMAGNETIC, name} & set(kinds):
                found.append(_order(name, cell, signs, about))
    if not found:
        raise ConfigError(
            f"{atoms.get_chemical_formula()} has no pattern {', '.join(kinds)}.",
            "Its cell has fewer antiferromagnetic patterns.",
            f"Give {ANTIFERROMAGNETIC} for all that there are.",
        )
    return tuple(found)


def _order(name: str, atoms: Atoms, signs: np.ndarray, about: str) -> MagneticOrder:
    return MagneticOrder(name=name, atoms=atoms, signs=signs, about=about)


def _in_the_cell(atoms: Atoms, sites: np.ndarray) -> list[tuple[Atoms, np.ndarray, str]]:
    """Patterns of the cell itself, one of each set that symmetry or a turn of all makes equal."""
    places = np.flatnonzero(sites)
    images = find_symmetry(atoms).images
    seen: set[bytes] = set()
    found: list[tuple[Atoms, np.ndarray, str]] = []
    for rest in product((1, -1), repeat=places.size - 1):
        signs = np.zeros(len(atoms), dtype=int)
        signs[places] = (1, *rest)
        if signs.sum() != 0 or signs.tobytes() in seen:
            continue
        turned = [sign * signs[image] for image in images for sign in (1, -1)]
        seen.update(one.tobytes() for one in turned)
        up = ", ".join(str(place + 1) for place in np.flatnonzero(signs > 0))
        found.append((atoms, signs, f"up at the atoms {up}"))
    return found


def _doubled(atoms: Atoms) -> list[tuple[Atoms, np.ndarray, str]]:
    """Moments that alternate along half of a reciprocal vector, one of each set of equal ones."""
    if 2 * len(atoms) > LARGEST_CELL:
        return []
    operations = reciprocal_operations(atoms)
    seen: set[tuple[int, int, int]] = set()
    found: list[tuple[Atoms, np.ndarray, str]] = []
    for q in sorted(product((0, 1), repeat=3), key=sum, reverse=True):
        if not any(q) or q in seen:
            continue
        seen |= {_parity(np.array(q) @ operation) for operation in operations}
        cell = make_supercell(atoms, _even_vectors(np.array(q)))
        # how many vectors of the given cell lie between an atom and its image in it
        steps = np.rint(cell.positions @ np.linalg.inv(atoms.cell.array) - _home(atoms, cell))
        signs = np.where((steps.astype(int) @ np.array(q)) % 2 == 0, 1, -1)
        signs = signs * np.tile(magnetic_sites(atoms), 2)
        half = ", ".join("½" if one else "0" for one in q)
        found.append((cell, signs, f"alternating along q = ({half})"))
    return found


def _home(atoms: Atoms, cell: Atoms) -> np.ndarray:
    """Coordinates of each atom of a supercell in the cell that it is a copy of."""
    return np.tile(atoms.get_scaled_positions(wrap=False), (len(cell) // len(atoms), 1))


def _parity(q: np.ndarray) -> tuple[int, int, int]:
    first, second, third = (int(one) % 2 for one in q)
    return first, second, third


def _even_vectors(q: np.ndarray) -> np.ndarray:
    """Three vectors that span all sums n with n · q even (row by row)."""
    place = int(np.flatnonzero(q)[0])
    vectors = np.eye(3, dtype=int)
    for row in np.flatnonzero(q):
        if row == place:
            vectors[row, place] = 2
        else:
            vectors[row, place] = -1
    return vectors
