"""A Fermi surface in its Brillouin zone."""

# pyright: reportUnknownMemberType=false
# (matplotlib leaves the keyword arguments of its methods untyped)

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from betenet.plotting.canvas import COLOURS, FIGURE_SIZE, FONT, save_figure

_LIGHT = np.array([0.4, -0.5, 0.77])
_DARKEST = 0.45
"""Brightness of triangles that turn away from the light [1]."""


def draw_sheets(
    sheets: Sequence[tuple[np.ndarray, np.ndarray]],
    outlines: Sequence[np.ndarray],
    path: str | Path | None = None,
    *,
    names: Sequence[str] = (),
    title: str = "",
) -> Figure:
    """Triangles of each sheet within the outline of the zone, one panel for each sheet.

    Parameters
    ----------
    sheets
        Corners (corner, 3) [1/Å] and triangles (triangle, 3) of each.
    outlines
        Closed outline of each face of the zone (end, 3) [1/Å].
    path
        File to write; its suffix names the format. None writes none.
    names
        What each sheet is called.
    title
        Chemical formula.
    """
    collections: Any = importlib.import_module("mpl_toolkits.mplot3d.art3d")  # untyped

    n = max(len(sheets), 1)
    columns = min(n, 3)
    rows = -(-n // columns)
    size = (0.62 * FIGURE_SIZE[0] * columns, 0.62 * FIGURE_SIZE[0] * rows)
    figure = Figure(figsize=size, layout="constrained")
    reach = max(float(np.abs(one).max()) for one in outlines)
    for number in range(n):
        axes: Any = figure.add_subplot(rows, columns, number + 1, projection="3d")
        if number < len(sheets):
            corners, triangles = sheets[number]
            faces = corners[triangles]
            colours = _shaded(faces, COLOURS[number % len(COLOURS)])
            axes.add_collection3d(
                collections.Poly3DCollection(faces, facecolors=colours, linewidths=0.0)
            )
        for outline in outlines:
            axes.plot(*outline.T, color="0.35", lw=0.6)
        for setter in (axes.set_xlim, axes.set_ylim, axes.set_zlim):
            setter(-0.75 * reach, 0.75 * reach)
        axes.set_box_aspect((1, 1, 1))
        axes.view_init(elev=18, azim=32)
        axes.set_axis_off()
        if number < len(names):
            axes.set_title(names[number], fontsize=FONT)
    figure.suptitle(title, fontsize=FONT + 1.0)
    save_figure(figure, path)
    return figure


def _shaded(faces: np.ndarray, colour: str) -> np.ndarray:
    """Colours of triangles by how they face the light (triangle, 3)."""
    normals = np.cross(faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0])
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    facing = np.abs((normals / np.where(lengths > 0.0, lengths, 1.0)) @ _LIGHT)
    return np.outer(_DARKEST + (1.0 - _DARKEST) * facing, to_rgb(colour)).clip(0.0, 1.0)
