"""Fermi surfaces: triangles of each band's sheet in the first Brillouin zone."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float, Int

from betenet.electrons.bands import Bands
from betenet.electrons.fermi_level import level_and_gap
from betenet.errors import DataError
from betenet.extras import load

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POINTS = 60
"""Points along an edge of the box around the zone on which energies are interpolated."""
_REACH = 2
"""Reciprocal vectors on each side whose planes may bound the zone."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sheet:
    """The part of a Fermi surface that one band makes.

    Attributes
    ----------
    band
        Number of the band, counted from 1.
    spin
        Number of the spin, counted from 0.
    corners
        Corners of the triangles in Cartesian coordinates (corner, 3) [1/Å].
    triangles
        Numbers of the corners of each triangle.
    """

    band: int
    spin: int
    corners: Float[np.ndarray, "corner 3"]
    triangles: Int[np.ndarray, "triangle 3"]

    @property
    def area(self) -> float:
        """Area of all triangles [1/Å²]."""
        first, second, third = (self.corners[self.triangles[:, k]] for k in range(3))
        return float(0.5 * np.linalg.norm(np.cross(second - first, third - first), axis=1).sum())


def fermi_surface(bands: Bands, points: int = POINTS) -> tuple[Sheet, ...]:
    """Sheets of the Fermi surface within the first Brillouin zone, by marching cubes.

    Parameters
    ----------
    bands
        Bands on a full mesh.
    points
        Points along an edge of the box on which energies are interpolated by splines.

    Raises
    ------
    DataError
        If the bands are those of an insulator.
    ConfigError
        If scikit-image is not installed.
    """
    level, gap = level_and_gap(bands)
    if gap > 0.0:
        raise DataError(
            f"{bands.source} has a gap of {gap:.3g} eV at the Fermi level.",
            "There is no Fermi surface.",
            "Leave insulators out.",
        )
    measure = load("electrons", "skimage.measure")
    planes = zone_planes(bands.reciprocal)
    half = float(np.linalg.norm(zone_corners(bands.reciprocal), axis=1).max())
    axis = np.linspace(-half, half, points)
    places = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    step = float(axis[1] - axis[0])
    found: list[Sheet] = []
    for spin, band in np.argwhere(bands.crossing(level)).tolist():
        values = _interpolated(bands, bands.energies[spin, ..., band], places)
        if not values.min() < level < values.max():
            continue
        corners, triangles, *_ = measure.marching_cubes(values, level)
        corners = np.asarray(corners, dtype=np.float64) * step - half
        centres = corners[triangles].mean(axis=1)
        inside = _inside(centres, planes)
        if inside.any():
            kept = np.asarray(triangles)[inside].astype(int)
            found.append(Sheet(band=band + 1, spin=spin, corners=corners, triangles=kept))
    return tuple(found)


def plot_fermi_surface(bands: Bands, path: str | Path | None = None) -> Figure:
    """Draw the Fermi surface in its zone; written to a file if one is named.

    Raises
    ------
    DataError
        If the bands are those of an insulator.
    """
    from betenet.plotting.fermi_surface import draw_sheets

    sheets = fermi_surface(bands)
    names = [
        f"band {one.band}" + (" ↑↓"[one.spin + 1] if bands.n_spins > 1 else "") for one in sheets
    ]
    return draw_sheets(
        [(one.corners, one.triangles) for one in sheets],
        zone_edges(bands.reciprocal),
        path,
        names=names,
        title=str(bands.atoms.get_chemical_formula(empirical=True)),
    )


def zone_planes(reciprocal: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "plane 3"]:
    """Reciprocal vectors whose middle planes may bound the first zone [1/Å]."""
    numbers = [n for n in product(range(-_REACH, _REACH + 1), repeat=3) if any(n)]
    return np.array(numbers, dtype=np.float64) @ reciprocal


def zone_edges(reciprocal: Float[np.ndarray, "3 3"]) -> list[Float[np.ndarray, "end 3"]]:
    """Outline of each face of the first zone, closed [1/Å]."""
    spatial: Any = importlib.import_module("scipy.spatial")  # untyped
    centres = np.concatenate([np.zeros((1, 3)), zone_planes(reciprocal)])
    cell = spatial.Voronoi(centres)
    faces: list[np.ndarray] = []
    for pair, corners in zip(cell.ridge_points, cell.ridge_vertices, strict=True):
        if 0 in pair and -1 not in corners:
            outline = np.asarray(cell.vertices[corners], dtype=np.float64)
            faces.append(np.concatenate([outline, outline[:1]]))
    return faces


def zone_corners(reciprocal: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "corner 3"]:
    """Corners of the first zone [1/Å]."""
    return np.concatenate(zone_edges(reciprocal))


def _inside(
    places: Float[np.ndarray, "place 3"], planes: Float[np.ndarray, "plane 3"]
) -> Bool[np.ndarray, " place"]:
    """Whether places are nearer to Γ than to any other reciprocal vector."""
    limits = 0.5 * (planes**2).sum(axis=1)
    return np.all(places @ planes.T <= limits * (1.0 + 1e-9), axis=1)


def _interpolated(bands: Bands, energies: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Energies of a band at Cartesian places (…, 3), by periodic splines [eV]."""
    ndimage: Any = importlib.import_module("scipy.ndimage")  # untyped
    fractional = places @ np.linalg.inv(bands.reciprocal)
    steps = fractional * np.asarray(bands.grid) - np.asarray(bands.offset)
    return ndimage.map_coordinates(energies, np.moveaxis(steps, -1, 0), order=3, mode="grid-wrap")
