"""Shares of states in the orbitals of atoms, as projwfc.x has written them (``filproj``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from betenet.errors import DataError
from betenet.input_files import DAMAGE, LARGEST_FILE, in_short, open_bytes

UP, DOWN = "projwfc_up", "projwfc_down"
"""Suffixes of the files of projwfc.x: of both spins together or of the first, and of the second."""
SHELLS = "spdf"
"""Letters of the angular momenta, from 0."""

Weights = Float[np.ndarray, "spin point band orbital"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Orbital:
    """The states of one angular momentum of an atom.

    Attributes
    ----------
    site
        Number of the atom, counted from 1.
    element
        Its element.
    letter
        ``"s"``, ``"p"``, ``"d"`` or ``"f"``; those of the core's neighbours count with the others.
    """

    site: int
    element: str
    letter: str

    @property
    def label(self) -> str:
        """Name such as ``Nb1-d``."""
        return f"{self.element}{self.site}-{self.letter}"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OrbitalWeights:
    """Share of each state in each orbital.

    Attributes
    ----------
    orbitals
        Orbitals, in the order of the last axis of the weights.
    weights
        Squares of the projections on orthogonalised orbitals of the atoms; what is missing to 1
        is in none of them. First axes as those of the energies of `Bands`, or of lines [1].
    """

    orbitals: tuple[Orbital, ...]
    weights: Float[np.ndarray, "*state orbital"]

    def by_kind(self) -> tuple[tuple[str, ...], Float[np.ndarray, "*state kind"]]:
        """Names such as ``Nb d`` with the shares of all sites together."""
        names = [f"{one.element} {one.letter}" for one in self.orbitals]
        kinds = tuple(dict.fromkeys(names))
        sums = [self.weights[..., [name == kind for name in names]].sum(axis=-1) for kind in kinds]
        return kinds, np.stack(sums, axis=-1)


def read_orbitals(path: str | Path, shape: Sequence[int]) -> OrbitalWeights:
    """Read ``filproj`` of projwfc.x: of two spins the file of the other one lies beside it.

    Parameters
    ----------
    path
        File ``….projwfc_up``, also compressed.
    shape
        Numbers of spins, points and bands of the energies that it belongs to.

    Raises
    ------
    DataError
        If it is missing, broken, or belongs to other bands.
    """
    file = Path(path)
    spins = [_read(file, shape)]
    if shape[0] == 2:
        spins.append(_read(file.with_name(file.name.replace(UP, DOWN)), shape))
    orbitals = spins[0][0]
    return OrbitalWeights(orbitals=orbitals, weights=np.stack([one for _, one in spins]))


def orbitals_beside(file: Path) -> Path | None:
    """File of projwfc.x in the folder of a file of pw.x, or in one of those around its scratch."""
    save = file.parent
    around = [save, save.parent, save.parent.parent] if save.suffix == ".save" else [save]
    for folder in around:
        found = sorted([*folder.glob(f"*.{UP}"), *folder.glob(f"*.{UP}.gz")])
        if found:
            return found[0]
    return None


def _read(file: Path, shape: Sequence[int]) -> tuple[tuple[Orbital, ...], np.ndarray]:
    """Orbitals, and weights (point, band, orbital)."""
    lines = _lines(file)
    try:
        first, number = _numbers_line(lines)
        n_waves, n_points, n_bands = (int(one) for one in lines[number].split())
        if (n_points, n_bands) != tuple(shape[1:]):
            raise DataError(
                f"{file} has {n_points} points and {n_bands} bands; the energies beside it have "
                f"{shape[1]} and {shape[2]}.",
                "It belongs to another calculation.",
                "Run projwfc.x again after pw.x, or remove the file.",
            )
        spinor = lines[number + 1].split()
        if "T" in spinor:
            raise DataError(
                f"{file} is of spinors.", "Only collinear spins are read.", "Remove the file."
            )
        return _blocks(lines[number + 2 :], first, n_waves, n_points * n_bands, shape)
    except (ValueError, IndexError) as error:
        raise DataError(
            f"{file} is cut off, or no filproj of projwfc.x.",
            f"{error}.",
            "Run projwfc.x again, or remove it.",
        ) from error


def _lines(file: Path) -> list[str]:
    try:
        with open_bytes(file) as stream:
            return stream.read(LARGEST_FILE).decode("utf-8", errors="replace").splitlines()
    except DAMAGE as error:
        raise DataError(
            f"Cannot read {file}.", f"{in_short(error)}.", "Give filproj of projwfc.x."
        ) from error


def _numbers_line(lines: Sequence[str]) -> tuple[int, int]:
    """Number of atoms, and of the line with the numbers of waves, points and bands."""
    # a title; grids with the numbers of atoms and kinds; the lattice; vectors unless it has a
    # name; cutoffs; kinds; atoms
    n_atoms, n_kinds = (int(one) for one in lines[1].split()[6:8])
    vectors = 0 if int(lines[2].split()[0]) else 3
    return n_atoms, 3 + vectors + 1 + n_kinds + n_atoms


def _blocks(
    lines: Sequence[str], n_atoms: int, n_waves: int, n_states: int, shape: Sequence[int]
) -> tuple[tuple[Orbital, ...], np.ndarray]:
    """Waves of the same atom and angular momentum are added up."""
    found: dict[Orbital, np.ndarray] = {}
    for wave in range(n_waves):
        head = lines[wave * (n_states + 1)].split()
        rows = lines[wave * (n_states + 1) + 1 : (wave + 1) * (n_states + 1)]
        site, element, momentum = int(head[1]), "".join(filter(str.isalpha, head[2])), int(head[-2])
        if len(rows) < n_states or not 1 <= site <= n_atoms or momentum >= len(SHELLS):
            raise ValueError(f"orbital {wave + 1} of {n_waves} has {len(rows)} of {n_states} rows")
        orbital = Orbital(site=site, element=element, letter=SHELLS[momentum])
        values = np.array([float(row[-20:].split()[-1]) for row in rows])
        if not (np.isfinite(values).all() and values.min() >= -1e-6 and values.max() < 1.0 + 1e-3):
            raise ValueError(f"orbital {wave + 1} has shares that are not between 0 and 1")
        found[orbital] = found.get(orbital, 0.0) + values.reshape(*shape[1:])
    if not found:
        raise ValueError("there is no orbital in it")
    return tuple(found), np.stack(list(found.values()), axis=-1)
