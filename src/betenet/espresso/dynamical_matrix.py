"""Phonons at one q-point and its star, and the grid of q-points, as ph.x writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase.units import Bohr
from jaxtyping import Bool, Complex, Float

from betenet.errors import DataError
from betenet.espresso.wall_times import read_output
from betenet.formats.text import TextFile, as_text, broken, parse_numbers, read_bytes
from betenet.units import convert_frequency

AMU_RYDBERG = 911.4442422
"""Atomic mass unit in the unit of mass of Rydberg atomic units, twice the electron's."""

_Q = re.compile(r"q = \(\s*(\S+)\s+(\S+)\s+(\S+)\s*\)")
_DIAGONALIZED = "Diagonalizing the dynamical matrix"
_MODE = re.compile(r"(?:freq|omega) ?\(\s*\d+\)\s*=\s*(\S+) \[THz\].*\n((?:\s*\(.*\)\s*\n)+)")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DynamicalMatrix:
    """Phonons of one irreducible q-point, and the points that symmetry makes of it.

    Attributes
    ----------
    star
        Points of the star, the first is the one that was computed [2π/alat].
    star_fractional
        Points of the star in another unit [reciprocal lattice vectors].
    frequencies
        Frequencies of the modes, growing; negative for imaginary ones [meV].
    displacements
        Displacements of the atoms in each mode, normalised to one over the cell [1].
    masses
        Masses of the atoms [u].
    symbols
        Elements of the atoms, as the file names them.
    cell
        Lattice vectors as rows [Å].
    """

    star: Float[np.ndarray, "star 3"]
    star_fractional: Float[np.ndarray, "star 3"]
    frequencies: Float[np.ndarray, " mode"]
    displacements: Complex[np.ndarray, "mode atom 3"]
    masses: Float[np.ndarray, " atom"]
    symbols: tuple[str, ...]
    cell: Float[np.ndarray, "3 3"]

    @property
    def n_star(self) -> int:
        """How many points of the full grid it stands for."""
        return self.star.shape[0]

    @property
    def q_fractional(self) -> Float[np.ndarray, " 3"]:
        """The q-point that was computed [reciprocal lattice vectors]."""
        return self.star_fractional[0]

    @property
    def is_gamma(self) -> bool:
        """Whether q = 0."""
        return bool(np.all(np.abs(self.star) < 1e-6))

    @property
    def translations(self) -> Bool[np.ndarray, " mode"]:
        r"""Which modes are the three translations of the crystal; none unless q = 0.

        Notes
        -----
        Those with the largest share of the crystal's motion as a whole,

        .. math::
            \frac{|\sum_\kappa M_\kappa u_\kappa|^2}
                 {\sum_\kappa M_\kappa \sum_\kappa M_\kappa |u_\kappa|^2},

        not those of the lowest frequency: an optical mode may be softer, or imaginary. Their
        frequency is zero by symmetry, and what a calculation finds instead is its error, which
        the acoustic sum rule takes away.
        """
        chosen = np.zeros(self.frequencies.size, dtype=bool)
        if not self.is_gamma:
            return chosen
        momentum = np.einsum("a,mac->mc", self.masses, self.displacements)
        size = np.einsum("a,mac->m", self.masses, np.abs(self.displacements) ** 2)
        share = np.sum(np.abs(momentum) ** 2, axis=1) / (self.masses.sum() * size)
        chosen[np.argsort(share)[-3:]] = True
        return chosen

    @property
    def judged_frequencies(self) -> Float[np.ndarray, " judged"]:
        """Frequencies without those of the translations [meV]."""
        return self.frequencies[~self.translations]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class QGrid:
    """The grid of q-points and the irreducible ones of it.

    Attributes
    ----------
    size
        Points along each reciprocal lattice vector.
    points
        The irreducible ones [2π/alat].
    """

    size: tuple[int, int, int]
    points: Float[np.ndarray, "q 3"]


def read_dyn0(path: str | Path) -> QGrid:
    """Read ``PREFIX.dyn0``.

    Raises
    ------
    DataError
        If it is missing, cut off or something else.
    """
    text = as_text(path, read_bytes(path))
    rows = [
        parse_numbers(text.path, i, line.split())
        for i, line in enumerate(text.lines, start=1)
        if line.strip()
    ]
    if [len(row) for row in rows[:2]] != [3, 1] or len(rows) != 2 + int(rows[1][0]):
        raise DataError(
            f"{path} is no list of q-points.",
            reason="Expected are the grid, the number of points, and one line for each point.",
            fix="Check that ph.x, with ldisp=.true., has written it to its end.",
        )
    sizes = [int(x) for x in rows[0]]
    return QGrid(size=(sizes[0], sizes[1], sizes[2]), points=np.array(rows[2:]))


def read_dyn(path: str | Path, *, with_cell: bool = True) -> DynamicalMatrix:
    """Read ``PREFIX.dynN``.

    Parameters
    ----------
    path
        The file, as text; ph.x writes XML only if its name ends so.
    with_cell
        Whether the cell must be there by its vectors (ibrav = 0). Without them, and if it need
        not, ``cell`` and ``star_fractional`` are nan.

    Raises
    ------
    DataError
        If it is missing, cut off or something else.
    """
    text = as_text(path, read_bytes(path))
    cell, alat, symbols, masses = _header(text, with_cell)
    whole = read_output(path) + "\n"
    body, mark, modes_text = whole.partition(_DIAGONALIZED)
    modes = _MODE.findall(modes_text)
    star = np.array([_numbers(text.path, q) for q in _Q.findall(body)])
    if not mark or star.size == 0 or len(modes) != 3 * len(symbols):
        raise DataError(
            f"{path} holds {len(modes)} of {3 * len(symbols)} modes.",
            reason="The file is cut off.",
            fix="Let ph.x write it again.",
        )
    frequencies = [_numbers(text.path, (mode[0],))[0] for mode in modes]
    displacements = np.array(
        [_displacements(text.path, str(mode[1]), len(symbols)) for mode in modes]
    )
    return DynamicalMatrix(
        star=star,
        star_fractional=star @ (cell / alat).T,
        frequencies=np.asarray(convert_frequency(np.array(frequencies), "THz", "meV")),
        displacements=displacements,
        masses=masses,
        symbols=symbols,
        cell=cell,
    )


def _header(
    text: TextFile, with_cell: bool
) -> tuple[np.ndarray, float, tuple[str, ...], np.ndarray]:
    """Cell [Å], alat [Å], element and mass [u] of each atom."""
    lines = text.lines
    if len(lines) < 4 or "Dynamical matrix" not in lines[0]:
        raise broken(text.path, 1, "this is no dynamical matrix.", fix="Give PREFIX.dynN of ph.x.")
    counts = parse_numbers(text.path, 3, lines[2].split())
    if len(counts) != 9:
        raise broken(text.path, 3, "this is no list of atoms and cell.", fix="Write it again.")
    n_types, n_atoms, alat = int(counts[0]), int(counts[1]), counts[3] * Bohr
    first = 7 if counts[2] == 0 and "Basis vectors" in lines[3] else 3
    if len(lines) < first + n_types + n_atoms:
        raise broken(text.path, len(lines), "the file is cut off.", fix="Write it again.")
    if first == 7:
        rows = [parse_numbers(text.path, i + 1, lines[i].split()) for i in (4, 5, 6)]
        cell = alat * np.array(rows)
    elif not with_cell:
        cell = np.full((3, 3), np.nan)
    else:
        raise broken(
            text.path,
            3,
            f"ibrav is {counts[2]:g}.",
            reason="The file then holds no lattice vectors.",
            fix="Give the cell of pw.x by CELL_PARAMETERS, with ibrav = 0.",
        )
    kinds: list[tuple[str, float]] = []
    for i in range(first, first + n_types):
        if lines[i].count("'") != 2:
            raise broken(
                text.path, i + 1, "this is no species and its mass.", fix="Write it again."
            )
        _, name, mass = lines[i].split("'")
        kinds.append((name.strip(), parse_numbers(text.path, i + 1, mass.split())[0]))
    places = range(first + n_types, first + n_types + n_atoms)
    chosen = [kinds[int(lines[i].split()[1]) - 1] for i in places]
    return cell, alat, tuple(n for n, _ in chosen), np.array([m for _, m in chosen]) / AMU_RYDBERG


def _displacements(path: str, block: str, n_atoms: int) -> np.ndarray:
    tokens = block.replace("(", " ").replace(")", " ").split()
    if len(tokens) != 6 * n_atoms:
        raise DataError(f"{path}: a mode has {len(tokens)} numbers, not {6 * n_atoms}.")
    numbers = np.array(_numbers(path, tuple(tokens))).reshape(n_atoms, 3, 2)
    return numbers[..., 0] + 1j * numbers[..., 1]


def _numbers(path: str, tokens: tuple[str, ...]) -> list[float]:
    try:
        return [float(token) for token in tokens]
    except ValueError as error:
        raise DataError(
            f"{path} holds a field that is no number.",
            reason=str(error),
            fix="Check the calculation: Fortran writes asterisks where a number is too large.",
        ) from error
