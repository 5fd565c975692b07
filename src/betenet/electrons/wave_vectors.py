"""Wave vectors: points and lines of the Brillouin zone, in both ways to write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast

import numpy as np
from ase import Atoms
from jaxtyping import Float

from betenet.errors import ConfigError, StructureError
from betenet.spelling import none_of
from betenet.structures.cell import call_spglib

_TOLERANCES = (2e-4, 1e-3, 1e-2)
"""How far a cell may be from one of the fourteen lattices [1]."""
_SYMPREC = 1e-3

Waves = Float[np.ndarray, "q 3"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class WavePath:
    """Lines of the Brillouin zone, one after the other.

    Attributes
    ----------
    waves
        Wave vectors in units of the reciprocal vectors.
    distances
        Length of the path up to each of them [1/Å].
    line
        Number of the line that each lies on.
    shares
        Place of each on its line, from 0 to 1 [1].
    ends
        Names of the two ends of each line; Γ is ``"G"``.
    """

    waves: Waves
    distances: Float[np.ndarray, " q"]
    line: np.ndarray
    shares: Float[np.ndarray, " q"]
    ends: tuple[tuple[str, str], ...]

    def place(self, index: int) -> str:
        """Where a wave vector is, such as ``0.917 G–H``."""
        first, last = self.ends[int(self.line[index])]
        return f"{self.shares[index]:.3f} {first}–{last}"


def corners_of(atoms: Atoms) -> tuple[str, Mapping[str, Float[np.ndarray, " 3"]]]:
    """Usual path of the lattice, and its corners in units of the reciprocal vectors.

    Raises
    ------
    StructureError
        If the cell is none of the fourteen lattices within any tolerance.
    """
    bandpath: Any = cast("Any", atoms.cell).bandpath
    for tolerance in _TOLERANCES:
        try:
            found = bandpath(npoints=0, eps=tolerance)
        except (RuntimeError, ValueError):
            continue
        return str(found.path), dict(found.special_points)
    raise StructureError(
        "The lattice of the cell cannot be told.",
        "It is close to several of the fourteen, and none of them.",
        "Name wave vectors by numbers; or idealise the structure and compute it again.",
    )


def lines_of(names: str) -> list[tuple[str, str]]:
    """Lines of a path that is written as in ``GHN,GP``.

    Examples
    --------
    >>> lines_of("GHN,GP1")
    [('G', 'H'), ('H', 'N'), ('G', 'P1')]
    """
    found: list[tuple[str, str]] = []
    for part in names.replace("Γ", "G").split(","):
        corners: list[str] = []
        for letter in part.strip():
            if corners and (letter.isdigit() or letter in "'_"):
                corners[-1] += letter
            else:
                corners.append(letter)
        found += list(pairwise(corners))
    return found


def wave_path(
    atoms: Atoms, names: str | None = None, *, grid: Sequence[int] | None = None, points: int = 24
) -> WavePath:
    """Wave vectors along lines between corners of the zone.

    Parameters
    ----------
    atoms
        The crystal.
    names
        Corners, as in ``GHN,GP``; the usual path of the lattice if absent.
    grid
        Mesh whose points are taken where lines run through them; other lines, and all if it is
        absent, have `points` intervals.
    points
        Intervals of a line that does not run through the mesh.

    Raises
    ------
    ConfigError
        If a name is no corner of this lattice, or there is no line.
    StructureError
        If the lattice cannot be told.
    """
    usual, corners = corners_of(atoms)
    ends = lines_of(usual if names is None else names)
    if not ends:
        raise ConfigError(f"{names!r} is no line.", "", "Name two corners or more, as in GHN.")
    for name in (one for pair in ends for one in pair):
        if name not in corners:
            raise ConfigError(
                f"{name} is no corner of the zone of this lattice.",
                none_of(name, sorted(corners)),
                f"Its usual path is {usual}.",
            )
    reciprocal = 2.0 * np.pi * np.linalg.inv(atoms.cell.array).T
    waves: list[np.ndarray] = []
    distances, line, shares = list[np.ndarray](), list[np.ndarray](), list[np.ndarray]()
    length: float = 0.0
    for number, (first, last) in enumerate(ends):
        start = np.asarray(corners[first], dtype=np.float64)
        change = np.asarray(corners[last] - start, dtype=np.float64)
        share = np.linspace(0.0, 1.0, _intervals(start, change, grid, points) + 1)
        long = float(np.linalg.norm(change @ reciprocal))
        waves.append(np.outer(share, change) + start)
        distances.append(length + share * long)
        line.append(np.full(share.size, number))
        shares.append(share)
        length += long
    return WavePath(
        waves=np.concatenate(waves),
        distances=np.concatenate(distances),
        line=np.concatenate(line),
        shares=np.concatenate(shares),
        ends=tuple(ends),
    )


def _intervals(start: np.ndarray, change: np.ndarray, grid: Sequence[int] | None, n: int) -> int:
    """Intervals of a line such that its points are on the mesh; `n` if that is not possible."""
    if grid is None:
        return n
    first, moved = start * np.asarray(grid), change * np.asarray(grid)
    whole = np.rint(moved)
    if np.abs(moved - whole).max() > 1e-6 or np.abs(first - np.rint(first)).max() > 1e-6:
        return n
    return max(int(np.gcd.reduce(np.abs(whole).astype(int))), 1)


def conventional(atoms: Atoms, waves: Waves) -> Waves:
    """Wave vectors in units of the reciprocal vectors of the conventional cell.

    Of a cubic crystal these are 2π/a along its cube's axes, as textbooks have them.

    Raises
    ------
    StructureError
        If spglib finds no symmetry.
    """
    cell = (atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers)
    found = call_spglib("get_symmetry_dataset", cell, symprec=_SYMPREC)
    if found is None:
        raise StructureError("spglib finds no symmetry of the cell.", "", "Check the structure.")
    # columns of the conventional cell are those of the cell times the inverse of the matrix
    return waves @ np.linalg.inv(np.asarray(found.transformation_matrix, dtype=np.float64))


def parse_waves(words: Sequence[str]) -> Waves:
    """Wave vectors that are written as in ``0.5,0.5,0.5``, also with fractions.

    Raises
    ------
    ConfigError
        If a word is not three numbers.

    Examples
    --------
    >>> parse_waves(["1/2,0,-.25"])
    array([[ 0.5 ,  0.  , -0.25]])
    """
    return np.array([_parsed(word) for word in words]).reshape(-1, 3)


def _parsed(word: str) -> list[float]:
    try:
        parts = [one.partition("/") for one in word.split(",")]
        found = [float(above) / float(below or 1) for above, _, below in parts]
    except (ValueError, ZeroDivisionError):
        found = []
    if len(found) != 3 or not np.isfinite(found).all():
        raise ConfigError(
            f"{word!r} is no wave vector.",
            "It is three numbers in units of the reciprocal vectors.",
            "Write it as in 0.5,0.5,0.5.",
        )
    return found
