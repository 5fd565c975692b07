"""Phonon frequencies along the high-symmetry lines of the Brillouin zone."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from ase import Atoms
from ase.cell import Cell
from ase.dft.kpoints import parse_path_string
from jaxtyping import Float

from betenet.phonons.compute import vacuum_axis_of
from betenet.phonons.dynamical_matrices import matrices_of
from betenet.phonons.force_constants import HarmonicCrystal, force_constants
from betenet.phonons.force_field import ForceField
from betenet.phonons.progress import Told, tell_nobody
from betenet.phonons.result import PhononResult
from betenet.phonons.run import one_thread
from betenet.phonons.settings import PhononSettings
from betenet.structures.dimensionality import dimensionality

POINTS = 240
"""Points of the whole path, about; each line between two corners has two at least."""

_WHOLE = 1e-6
"""How far from a whole number of turns a wave counts as one that fits."""

_LATTICE_TOLERANCES = (2e-4, 1e-3, 1e-2)


@dataclass(frozen=True, slots=True, eq=False)
class BandLine:
    """Frequencies on one straight line.

    Attributes
    ----------
    place
        Place of each point on the path; the whole path is 1 long (q,).
    frequencies
        Ascending at each point, negative for imaginary ones (q, mode) [meV].
    ends
        Names of the two corners; Γ is ``"G"``.
    fitting_place
        Place of each point that fits the supercell, where nothing is interpolated (p,).
    fitting
        Frequencies at these points, as above (p, mode) [meV].
    corners
        The two corners in reciprocal vectors of the primitive cell (2, 3).
    """

    place: Float[np.ndarray, " q"]
    frequencies: Float[np.ndarray, "q mode"]
    ends: tuple[str, str]
    fitting_place: Float[np.ndarray, " p"]
    fitting: Float[np.ndarray, "p mode"]
    corners: Float[np.ndarray, "2 3"]


def band_structure(source: Any, *, points: int = POINTS) -> tuple[BandLine, ...]:
    """Frequencies along the high-symmetry lines, from force constants.

    Parameters
    ----------
    source
        A crystal with force constants, or an object of phonopy with them.
    points
        Number of points of the whole path, about.

    Returns
    -------
    tuple of BandLine
        In the order of the path. Where a line begins with another corner than the one before ended
        with, the path jumps, and its length does not grow.

    Notes
    -----
    The path is that of the Bravais lattice, of a layer in vacuum that of its plane. A crystal of
    lower symmetry than its lattice has lines that this path leaves out.

    References
    ----------
    Setyawan and Curtarolo, Comput. Mater. Sci. 49, 299 (2010), as ASE has it.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from ase.calculators.emt import EMT
    >>> from betenet.phonons import PhononSettings, make_force_field
    >>> from betenet.phonons.force_constants import force_constants
    >>> emt, settings = make_force_field(EMT()), PhononSettings(distance=6.0)
    >>> lines = band_structure(force_constants(bulk("Cu"), emt, settings))
    >>> "".join(line.ends[0] for line in lines), lines[-1].ends
    ('GXWKGLUWLU', ('U', 'X'))
    >>> round(abs(float(lines[0].frequencies[0].max())), 3)      # acoustic, at Γ
    0.0
    """
    matrices, atoms, vectors = matrices_of(source), _primitive(source), _supercell(source)
    cell = Cell(atoms.cell.array)
    path, corners = _path(cell, dimensionality(atoms).vacuum_axes)
    pairs = [pair for part in parse_path_string(path) for pair in pairwise(part)]
    reciprocal = [(corners[last] - corners[first]) @ cell.reciprocal() for first, last in pairs]
    lengths = np.array([np.linalg.norm(vector) for vector in reciprocal])
    lengths /= lengths.sum()
    begins = np.concatenate([[0.0], lengths.cumsum()])
    lines: list[BandLine] = []
    for index, (first, last) in enumerate(pairs):
        steps = np.linspace(0.0, 1.0, max(2, round(points * lengths[index]) + 1))
        fits = fitting_steps(vectors, corners[first], corners[last])
        every = np.concatenate([steps, fits])[:, None] * (corners[last] - corners[first])
        found = matrices.frequencies(corners[first] + every)
        line = BandLine(
            place=begins[index] + steps * lengths[index],
            frequencies=found[: len(steps)],
            ends=(first, last),
            fitting_place=begins[index] + fits * lengths[index],
            fitting=found[len(steps) :],
            corners=np.array([corners[first], corners[last]]),
        )
        lines.append(line)
    return tuple(lines)


def _primitive(source: Any) -> Atoms:
    """Primitive cell of a crystal with force constants, ours or phonopy's."""
    if isinstance(source, HarmonicCrystal):
        return source.supercell.primitive
    cell = source.primitive
    return Atoms(cell.numbers, positions=cell.positions, cell=cell.cell, pbc=True)


def _supercell(source: Any) -> Float[np.ndarray, "3 3"]:
    """Vectors of the supercell as rows, in those of the primitive cell."""
    if isinstance(source, HarmonicCrystal):
        return source.supercell.matrix.astype(np.float64)
    return np.rint(np.linalg.solve(source.primitive_matrix, source.supercell_matrix)).T


def fitting_steps(
    vectors: Float[np.ndarray, "3 3"], first: Float[np.ndarray, "3"], last: Float[np.ndarray, "3"]
) -> Float[np.ndarray, " p"]:
    """Where on a line the q points lie that fit the supercell, from 0 at its beginning to 1.

    Parameters
    ----------
    vectors
        Vectors of the supercell as rows, in those of the primitive cell.
    first, last
        Ends of the line, in units of the reciprocal vectors of the primitive cell.

    Notes
    -----
    q fits if its wave is the same at all vectors R of the supercell: q · R is an integer.
    """
    phase, change = vectors @ first, vectors @ (last - first)
    fastest = int(np.abs(change).argmax())
    ends = sorted((phase[fastest], phase[fastest] + change[fastest]))
    whole = np.arange(np.ceil(ends[0] - _WHOLE), np.floor(ends[1] + _WHOLE) + 1)
    steps = np.sort((whole - phase[fastest]) / change[fastest])
    turns = phase + steps[:, None] * change
    return steps[np.abs(turns - np.rint(turns)).max(axis=1) < _WHOLE]


def bands_of(
    result: PhononResult,
    field: ForceField,
    settings: PhononSettings,
    told: Told = tell_nobody,
) -> tuple[BandLine, ...]:
    """Frequencies along the high-symmetry lines of a crystal whose phonons are known.

    Parameters
    ----------
    result
        Phonons of the same force field and settings.
    field
        Gives the forces.
    settings
        Settings of the supercell.
    told
        Called with each step, for a display of the progress.

    Returns
    -------
    tuple of BandLine
        As `band_structure` gives them.

    Notes
    -----
    A result does not keep its force constants, which are a thousand times larger than its density
    of states. They are computed again, for the structure as it was relaxed: the displaced
    supercells a second time, the relaxation not.
    """
    axis = vacuum_axis_of(result.atoms)
    with one_thread():
        return band_structure(force_constants(result.atoms, field, settings, axis, told))


def _path(cell: Cell, vacuum: tuple[int, ...]) -> tuple[str, dict[str, np.ndarray]]:
    """Corners of the path, and where they are in units of the reciprocal vectors."""
    periodic = [axis not in vacuum for axis in range(3)]
    for tolerance in _LATTICE_TOLERANCES:
        try:
            found = cell.bandpath(npoints=0, eps=tolerance, pbc=periodic)
        except (RuntimeError, ValueError):  # neither this lattice nor clearly another one
            continue
        return found.path, dict(found.special_points)
    # any lattice is triclinic; its corners are those of the reciprocal vectors
    halves = dict(zip("XYZ", np.eye(3) / 2.0, strict=True))
    kept = {name: point for name, point in halves.items() if periodic["XYZ".index(name)]}
    corners = {"G": np.zeros(3), **kept, "R": np.sum(list(kept.values()), axis=0)}
    first, second, *rest = kept
    return ",".join([f"{first}G{second}", *(f"G{name}" for name in rest), "GR"]), corners
