"""Bands along lines of the Brillouin zone, with the orbitals that each state is made of."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from ase.units import Hartree
from jaxtyping import Float

from betenet.electrons.orbitals import OrbitalWeights, orbitals_beside, read_orbitals
from betenet.electrons.qe_elements import (
    atoms_of,
    file_of,
    needed,
    optional_number,
    parse,
    states_of,
)
from betenet.electrons.wave_vectors import corners_of
from betenet.errors import BetenetError, DataError, StructureError
from betenet.espresso.grids import reciprocal_operations
from betenet.json_input import read_json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LINES = "lines"
"""Folder of the bands along lines, below that of a material of `betenet electrons run`."""
JUMP = 4.0
"""Steps between points are a jump from one line to another beyond so many typical ones [1]."""
_BEND = 1e-3
"""Change of direction, relative to a step, that is a corner [1]."""
BANDS_COLUMNS = (
    *("name", "point", "k_1", "k_2", "k_3", "distance_per_angstrom", "corner", "spin", "band"),
    *("energy_from_fermi_ev", "orbital", "weight"),
)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LineBands:
    """Bands along lines, or the error that took their place.

    Attributes
    ----------
    name
        Where they were read.
    error
        Why there is no result.
    atoms
        The crystal.
    waves
        Points in units of the reciprocal vectors.
    distances
        Length of the path up to each point, without the jumps [1/Å].
    corners
        Number of a point, and its name; empty for a corner that has none.
    energies
        Energies from the Fermi level (spin, point, band) [eV].
    orbitals
        Shares of orbitals (spin, point, band, orbital); None where nothing has projected them.
    """

    name: str
    error: BetenetError | None = None
    atoms: Atoms | None = None
    waves: Float[np.ndarray, "point 3"] | None = None
    distances: Float[np.ndarray, " point"] | None = None
    corners: tuple[tuple[int, str], ...] = ()
    energies: Float[np.ndarray, "spin point band"] | None = None
    orbitals: OrbitalWeights | None = None

    @property
    def formula(self) -> str:
        """Chemical formula of the cell; empty without a result."""
        return "" if self.atoms is None else str(self.atoms.get_chemical_formula(empirical=True))

    def crossing(self) -> list[int]:
        """Numbers of the bands that cross the Fermi level on these lines, counted from 1."""
        if self.energies is None:
            return []
        low, high = self.energies.min(axis=(0, 1)), self.energies.max(axis=(0, 1))
        return (np.flatnonzero((low < 0.0) & (high > 0.0)) + 1).tolist()

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON, with keys that carry the unit."""
        table: dict[str, object] = {"name": self.name, "formula": self.formula}
        if self.energies is not None and self.waves is not None and self.distances is not None:
            kinds, weights = self._shares()
            table |= {
                "k": self.waves.round(9).tolist(),
                "distances_per_angstrom": self.distances.tolist(),
                "corners": [{"point": index, "name": name} for index, name in self.corners],
                "energies_from_fermi_ev": self.energies.tolist(),
                "orbitals": list(kinds),
                "weights": None if weights is None else weights.round(6).tolist(),
                "bands_that_cross": self.crossing(),
            }
        return table | {"error": None if self.error is None else self.error.to_dict()}

    def lines(self) -> list[str]:
        """Lines of the zone, bands that cross the Fermi level and what they are made of there."""
        if self.energies is None or self.distances is None:
            return []
        names = "–".join(name or "?" for _, name in self.corners)
        head = f"{self.name} ({self.formula}): {self.distances.size} points along {names}"
        crossing = self.crossing()
        if not crossing:
            below, above = self.energies[self.energies <= 0.0], self.energies[self.energies > 0.0]
            gap = float(above.min() - below.max()) if above.size and below.size else math.nan
            return [f"{head}: no band crosses E_F, gap {gap:.3g} eV on these lines"]
        told = [f"{head}: {', '.join(map(str, crossing))} cross E_F"]
        made_of = {band: self._made_of(band - 1) for band in crossing}
        told += [f"    band {band} near E_F: {parts}" for band, parts in made_of.items() if parts]
        return told

    def csv_rows(self) -> Generator[dict[str, str]]:
        """Rows of text with the columns of `BANDS_COLUMNS`: one for each state and orbital."""
        if self.energies is None or self.waves is None or self.distances is None:
            return
        kinds, weights = self._shares()
        names = dict(self.corners)
        for spin, point, band in np.ndindex(*self.energies.shape):
            row = {
                "name": self.name,
                "point": str(point),
                **{f"k_{axis + 1}": f"{self.waves[point, axis]:.6f}" for axis in range(3)},
                "distance_per_angstrom": f"{self.distances[point]:.6f}",
                "corner": names.get(point, ""),
                "spin": str(spin + 1),
                "band": str(band + 1),
                "energy_from_fermi_ev": f"{self.energies[spin, point, band]:.6f}",
            }
            if weights is None:
                yield row
                continue
            for kind, weight in zip(kinds, weights[spin, point, band], strict=True):
                yield row | {"orbital": kind, "weight": f"{weight:.4f}"}

    def plot(self, path: str | Path | None = None) -> Figure:
        """Bands, in a panel for each orbital with its share as width; written to a file if named.

        Raises
        ------
        BetenetError
            If there is no result.
        """
        from betenet.plotting.bands import plot_bands

        if self.energies is None or self.distances is None:
            raise self.error or BetenetError(f"There are no bands of {self.name}.")
        kinds, weights = self._shares()
        return plot_bands(
            self.distances,
            self.energies,
            [(float(self.distances[index]), name) for index, name in self.corners],
            path,
            kinds=kinds,
            weights=weights,
            title=self.formula,
        )

    def _shares(self) -> tuple[tuple[str, ...], np.ndarray | None]:
        return ((), None) if self.orbitals is None else self.orbitals.by_kind()

    def _made_of(self, band: int) -> str:
        """Mean shares of orbitals of the points of a band that are nearest to the Fermi level."""
        kinds, weights = self._shares()
        if weights is None or self.energies is None:
            return ""
        values = np.abs(self.energies[..., band])
        near = values <= max(float(np.quantile(values, 0.1)), float(values.min()))
        means = weights[..., band, :][near].mean(axis=0)
        order = np.argsort(-means)
        return ", ".join(f"{kinds[one]} {means[one]:.0%}" for one in order if means[one] > 0.05)


def read_line_bands(path: str | Path) -> LineBands:
    """Read bands along lines: what pw.x has saved with ``calculation = 'bands'``.

    Parameters
    ----------
    path
        ``data-file-schema.xml``, also compressed; the folder ``PREFIX.save``; or a folder that
        `betenet electrons run --path` has made, whose Fermi level is that of its mesh.

    Raises
    ------
    DataError
        If it is missing, broken, of another program, or on a mesh; or states no Fermi level.
    """
    home = Path(path)
    inside = home / LINES
    file = file_of(inside if inside.is_dir() else home)
    root = parse(file)
    output = needed(root, "output", file)
    kind = root.findtext("input/control_variables/calculation", "").strip()
    if kind != "bands":
        raise DataError(
            f"{file} has no bands along lines: its calculation is {kind or 'unknown'}.",
            "A mesh has no order in which its points follow each other.",
            "Compute bands with calculation = 'bands', or with `betenet electrons run --path`; "
            "of a mesh `betenet electrons read` tells N(E_F).",
        )
    structure = needed(output, "band_structure", file)
    atoms = atoms_of(output, file)
    points, energies = states_of(structure, output, atoms, file)
    level = _level_of_mesh(home) if inside.is_dir() else math.nan
    for element in ("fermi_energy", "highestOccupiedLevel"):
        level = level if math.isfinite(level) else optional_number(structure, element) * Hartree
    if not math.isfinite(level):
        raise DataError(
            f"{file} states no Fermi level.",
            "pw.x takes it from the density, unless occupations are fixed.",
            "Compute the density with smearing.",
        )
    beside = orbitals_beside(file)
    distances, corners = _path(atoms, points)
    return LineBands(
        name=str(path),
        atoms=atoms,
        waves=points,
        distances=distances,
        corners=corners,
        energies=energies - level,
        orbitals=None if beside is None else read_orbitals(beside, energies.shape),
    )


def read_all_line_bands(paths: Sequence[str | Path]) -> Generator[LineBands]:
    """Bands of several files; one that cannot be used has its `error` set."""
    for path in paths:
        try:
            yield read_line_bands(path)
        except BetenetError as error:
            yield LineBands(name=str(path), error=error)


def _level_of_mesh(home: Path) -> float:
    """Fermi energy of the mesh in the same folder; nan if there is none [eV]."""
    record = home / "electrons.json"
    if not record.is_file():
        return math.nan
    found: Any = read_json(record)
    try:
        return float(found["fermi_level"]["fermi_energy_ev"])
    except (KeyError, TypeError, ValueError):
        return math.nan


def _path(
    atoms: Atoms, points: Float[np.ndarray, "point 3"]
) -> tuple[Float[np.ndarray, " point"], tuple[tuple[int, str], ...]]:
    """Length of the path up to each point, and its corners with their names."""
    reciprocal = 2.0 * np.pi * np.linalg.inv(atoms.cell.array).T
    steps = np.diff(points, axis=0) @ reciprocal
    lengths = np.linalg.norm(steps, axis=1)
    moved = lengths > 1e-6
    typical = float(np.median(lengths[moved])) if moved.any() else 1.0
    jumps = lengths > JUMP * typical
    distances = np.concatenate([[0.0], np.cumsum(np.where(jumps, 0.0, lengths))])
    found: list[tuple[int, str]] = []
    for index in range(len(points)):
        ends = index in {0, len(points) - 1}
        if ends or not moved[index - 1] or jumps[index - 1] or jumps[index]:
            corner = True
        else:
            before, after = steps[index - 1] / lengths[index - 1], steps[index]
            turned = after / max(float(lengths[index]), 1e-9) - before
            corner = bool(moved[index] and np.linalg.norm(turned) > _BEND)
        if corner:
            found.append((index, _name(atoms, points[index])))
    return distances, tuple(_joined(found, distances))


def _joined(
    corners: Sequence[tuple[int, str]], distances: np.ndarray
) -> Generator[tuple[int, str]]:
    """Corners at the same place of the path made one."""
    last: tuple[int, str] | None = None
    for index, name in corners:
        if last is not None and abs(distances[index] - distances[last[0]]) < 1e-9:
            last = (last[0], last[1] if last[1] == name else f"{last[1]}|{name}")
            continue
        if last is not None:
            yield last
        last = (index, name)
    if last is not None:
        yield last


def _name(atoms: Atoms, point: Float[np.ndarray, " 3"]) -> str:
    """Name of a corner of the zone; empty if it is none of this lattice."""
    try:
        _, corners = corners_of(atoms)
    except StructureError:
        return ""
    images = reciprocal_operations(atoms)
    for name, corner in corners.items():
        apart = np.asarray(corner) @ np.concatenate([images, -images]) - point
        if (np.abs(apart - np.rint(apart)).max(axis=-1) < 1e-4).any():
            return name
    return ""
