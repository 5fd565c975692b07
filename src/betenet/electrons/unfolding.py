"""From the irreducible points of a mesh to all of them, by the operations of the crystal."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from betenet.errors import DataError
from betenet.espresso.grids import Grid, Operations

_ON_MESH = 1e-4
"""Distance from a point of the mesh that rounding explains [steps of the mesh]."""
_SHOWN = 1e-6
"""Digits to which coordinates of points are told apart."""

Images = Int[np.ndarray, "op point 3"]


def with_reversal(operations: Operations) -> Int[np.ndarray, "image 3 3"]:
    """The operations, and those that time reversal adds: a point and its negative are equal."""
    return np.unique(np.concatenate([operations, -operations]), axis=0)


def mesh_of(
    points: Float[np.ndarray, "point 3"], operations: Operations
) -> tuple[Grid, tuple[float, float, float]]:
    """Mesh that points and their images fill, told from their coordinates alone.

    Parameters
    ----------
    points
        Coordinates in units of the reciprocal vectors.
    operations
        Operations on rows of such coordinates.

    Returns
    -------
    grid, offset
        Points along each axis, and the place of the first in steps of the mesh.
    """
    images = _turned(points, with_reversal(operations)).reshape(-1, 3)
    images = np.round(images % 1.0 / _SHOWN) * _SHOWN % 1.0
    numbers, starts = [1, 1, 1], [0.0, 0.0, 0.0]
    for axis in range(3):
        values = np.unique(np.round(images[:, axis], 6))
        values = values[values < 1.0 - 10.0 * _SHOWN]
        numbers[axis] = values.size
        starts[axis] = 0.5 if values[0] * values.size > 0.25 else 0.0
    return (numbers[0], numbers[1], numbers[2]), (starts[0], starts[1], starts[2])


def _turned(
    points: Float[np.ndarray, "point 3"], operations: Operations
) -> Float[np.ndarray, "op point 3"]:
    """Images of points, which are rows of coordinates."""
    return points @ operations.astype(np.float64)


def images_on_mesh(
    points: Float[np.ndarray, "point 3"],
    operations: Operations,
    grid: Grid,
    offset: tuple[float, float, float],
) -> Images:
    """Place on the mesh of each image of each point; -1 where it is not on the mesh.

    Parameters
    ----------
    points
        Coordinates in units of the reciprocal vectors.
    operations
        Operations on rows of such coordinates; time reversal included.
    grid, offset
        Points along each axis, and the place of the first in steps of the mesh.
    """
    steps = _turned(points, operations) * np.asarray(grid) - np.asarray(offset)
    nearest = np.rint(steps)
    far = np.abs(steps - nearest).max(axis=-1) > _ON_MESH
    places = nearest.astype(int) % np.asarray(grid)
    places[far] = -1
    return places


def unfold(
    values: Float[np.ndarray, "spin point band"],
    places: Images,
    grid: Grid,
    source: str,
    compared: int | None = None,
) -> tuple[Float[np.ndarray, "spin n_1 n_2 n_3 band"], float]:
    """Values on the full mesh, and the largest difference where images meet.

    Parameters
    ----------
    values
        Values at the irreducible points.
    places
        Images of the points, from `images_on_mesh`.
    grid
        Points along each axis.
    source
        Name for messages.
    compared
        Number of bands that are compared where images meet, the lowest ones; None for all. The
        highest bands of a calculation have not always converged.

    Raises
    ------
    DataError
        If a point of the mesh is an image of none.
    """
    full = np.full((values.shape[0], *grid, values.shape[2]), np.nan)
    mismatch = 0.0
    for images in places:
        known = images[:, 0] >= 0
        first, second, third = images[known].T
        before = full[:, first, second, third]
        apart = np.abs(before - values[:, known])[..., :compared]
        mismatch = max(mismatch, float(np.nanmax(apart, initial=0.0)))
        full[:, first, second, third] = np.where(np.isnan(before), values[:, known], before)
    missing = int(np.isnan(full[0, ..., 0]).sum())
    if missing:
        total = grid[0] * grid[1] * grid[2]
        raise DataError(
            f"{source} lacks {missing} of the {total} points of its "
            f"{' × '.join(map(str, grid))} mesh.",
            "Its k-points and what symmetry makes of them do not fill a mesh: they may lie on "
            "lines, or be a part of a list.",
            "Compute bands on a mesh: K_POINTS automatic, calculation = 'nscf'.",
        )
    return full, mismatch
