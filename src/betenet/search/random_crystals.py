"""Crystals of chance in a space group of chance: atoms on Wyckoff positions.

The table of Wyckoff positions is that of pyxtal (Fredericks et al., Comput. Phys. Commun. 261,
107810 (2021)). Its own generator may take minutes for some groups and compositions; a time limit
would make a search depend on the machine. Here each crystal has a number of trials instead.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import inf

import numpy as np
from ase import Atoms
from jaxtyping import Float

from betenet import extras
from betenet.errors import StructureError
from betenet.phonons.space_group import find_space_group
from betenet.search.crowding import compressed_volume, is_crowded
from betenet.structures import standardise

EXTRA = "search"
GROUPS = 230
MOST_TRIALS = 400
"""Space groups that are tried, each with several sets of coordinates, before P1 is taken."""
_COORDINATES = 5
_CENTRING = {"P": 1, "A": 2, "B": 2, "C": 2, "I": 2, "F": 4, "R": 3}
_MOST_FREE = (0, 0, 1, 2, inf)
"""Most free coordinates, one of these by chance for each trial: most crystals have few."""
_KEPT = 0.7
"""Share of the positions of a crystal that are kept when its coordinates are drawn again."""
_SYMPREC = 1e-3
_SWELL = 1.06
"""Factor of the volume after each start whose atoms are too near."""


@dataclass(frozen=True, slots=True, eq=False)
class Position:
    """A Wyckoff position.

    Attributes
    ----------
    letter
        Its letter.
    operations
        Where a free point goes, x' = W x + w: (W w) as rows (place, 3, 4).
    freedom
        Number of free coordinates.
    """

    letter: str
    operations: Float[np.ndarray, "place 3 4"]
    freedom: int


@cache
def positions_of(number: int) -> tuple[tuple[Position, ...], int]:
    """Wyckoff positions of a space group, and primitive cells in its conventional cell.

    Parameters
    ----------
    number
        Space group; in its standard setting.

    Raises
    ------
    ConfigError
        If the extra ``search`` is not installed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own dependencies
        symmetry = extras.load(EXTRA, "pyxtal.symmetry")
    group = symmetry.Group(number)
    found = tuple(
        Position(
            one.letter,
            np.array([op.affine_matrix[:3] for op in one.ops], dtype=float),
            int(one.get_dof()),
        )
        for one in group
    )
    return found, _CENTRING[str(group.symbol)[0]]


def random_crystal(
    counts: Mapping[str, int], pressure: float, rng: np.random.Generator
) -> Atoms | None:
    """A crystal of a composition, in a space group of chance.

    Parameters
    ----------
    counts
        Atoms of each element in the primitive cell.
    pressure
        Pressure, which the volume follows from [GPa].
    rng
        Source of chance.

    Returns
    -------
    Atoms or None
        Primitive cell, which may be smaller than asked for; None where atoms are always too near.

    Raises
    ------
    ConfigError
        If the extra ``search`` is not installed.
    """
    volume = compressed_volume(counts, pressure) * rng.uniform(0.85, 1.25)
    for trial in range(MOST_TRIALS):
        number = int(rng.integers(1, GROUPS + 1)) if trial < MOST_TRIALS - 20 else 1
        table, centring = positions_of(number)
        wanted = {symbol: count * centring for symbol, count in counts.items()}
        freedom = _MOST_FREE[int(rng.integers(len(_MOST_FREE)))]
        chosen = _sites(table, wanted, rng, most_free=freedom)
        if chosen is None:
            continue
        for _ in range(_COORDINATES):
            found = on_positions(number, chosen, volume, rng)
            if found is not None:
                return found
        volume *= _SWELL ** (1.0 / 4.0)
    return None


def redrawn(parent: Atoms, rng: np.random.Generator) -> Atoms | None:
    """A crystal in the space group of another, on some of its positions, with new coordinates.

    Parameters
    ----------
    parent
        Primitive cell at rest.
    rng
        Source of chance.

    Returns
    -------
    Atoms or None
        None where nothing is free, or atoms are always too near.

    Raises
    ------
    StructureError
        If the symmetry of the parent cannot be found.
    """
    group = find_space_group(parent, _SYMPREC)
    number = int(group.dataset.number)
    table, _ = positions_of(number)
    by_letter = {each.letter: each for each in table}
    kept: dict[str, list[Position]] = {}
    wanted: dict[str, int] = {}
    for first in np.unique(group.orbits).tolist():
        symbol = parent.get_chemical_symbols()[first]
        here = by_letter[str(group.dataset.wyckoffs[first])]
        kept.setdefault(symbol, [])
        wanted.setdefault(symbol, 0)
        if rng.random() < _KEPT:
            kept[symbol].append(here)
        else:
            wanted[symbol] += len(here.operations)
    volume = float(parent.cell.volume) / len(parent) * rng.uniform(0.95, 1.15)
    for _ in range(_COORDINATES):
        chosen = _sites(table, wanted, rng, kept)
        if chosen is None:
            return None
        found = on_positions(number, chosen, volume, rng)
        if found is not None:
            return found
        volume *= _SWELL ** (1.0 / 4.0)
    return None


def _sites(
    table: tuple[Position, ...],
    wanted: Mapping[str, int],
    rng: np.random.Generator,
    kept: Mapping[str, list[Position]] | None = None,
    most_free: float = inf,
) -> dict[str, list[Position]] | None:
    """Positions of chance that hold the atoms, beside kept ones; None where they do not add up."""
    kept = kept or {}
    used = {one.letter for here in kept.values() for one in here if not one.freedom}
    chosen: dict[str, list[Position]] = {}
    for symbol in rng.permutation(sorted(wanted)).tolist():
        left, here = wanted[symbol], list(kept.get(symbol, []))
        while left:
            free = [
                one
                for one in table
                if len(one.operations) <= left
                and one.freedom <= most_free
                and (one.freedom or one.letter not in used)
            ]
            if not free:
                return None
            one = free[int(rng.integers(len(free)))]
            here.append(one)
            left -= len(one.operations)
            most_free -= one.freedom
            if not one.freedom:
                used.add(one.letter)
        chosen[symbol] = here
    return chosen


def on_positions(
    number: int,
    sites: Mapping[str, list[Position]],
    volume: float,
    rng: np.random.Generator,
    *,
    share: float | None = None,
) -> Atoms | None:
    """A primitive cell with chance values of what is free; None where atoms come too close.

    Parameters
    ----------
    number
        Space group.
    sites
        Wyckoff positions of each element.
    volume
        Volume for each atom [Å³].
    rng
        Source of chance.
    share
        Share of the sum of covalent radii that is too near; that of a start if absent.
    """
    symbols: list[str] = []
    places: list[np.ndarray] = []
    for symbol, positions in sites.items():
        for one in positions:
            point = rng.random(3)
            here = one.operations[:, :, :3] @ point + one.operations[:, :, 3]
            symbols += [symbol] * len(here)
            places.append(here)
    cell = _cell(number, rng)
    scale = (volume * len(symbols) / abs(np.linalg.det(cell))) ** (1 / 3)
    points = np.concatenate(places) % 1.0
    atoms = Atoms(symbols, cell=cell * scale, scaled_positions=points, pbc=True)
    if is_crowded(atoms) if share is None else is_crowded(atoms, share):
        return None
    try:
        return standardise(atoms)
    except StructureError:
        return None


def _cell(number: int, rng: np.random.Generator) -> Float[np.ndarray, "3 3"]:
    """Lattice vectors of a conventional cell of any size."""

    def ratio(low: float, high: float) -> float:
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    if number < 3:
        return np.eye(3) + rng.uniform(-0.35, 0.35, size=(3, 3))
    if 143 <= number < 195:
        c = ratio(0.5, 2.8)
        return np.array([[1.0, 0, 0], [-0.5, np.sqrt(3) / 2, 0], [0, 0, c]])
    if number >= 195:
        return np.eye(3)
    b = 1.0 if number >= 75 else ratio(0.5, 2.0)
    c = ratio(0.5, 2.4)
    cell = np.diag([1.0, b, c])
    if number < 16:
        angle = np.radians(rng.uniform(90.0, 125.0))
        cell[2] = [c * np.cos(angle), 0.0, c * np.sin(angle)]
    return cell
