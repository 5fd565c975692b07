"""What all figures share: size, fonts, colours, and where they are drawn and saved."""

# pyright: reportUnknownMemberType=false
# (matplotlib leaves the keyword arguments of its methods untyped)

from __future__ import annotations

import re
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

FIGURE_SIZE = (4.0, 2.9)
"""Width and height: a little more than a journal's column [inch]."""

FONT = 7.5
"""Size of most letters [pt]."""
SMALL_FONT = FONT - 2.5
"""Size of letters beside the axes [pt]."""
LINE_SPACING = 1.3
"""Distance of small lines over the size of their letters [1]."""

A2F_COLOUR = "#1f4e79"
COUPLING_COLOUR = "#b5541c"
COLOURS = (  # after Okabe and Ito: told apart also without red-green vision
    "#4c86b8",
    "#e0a040",
    "#4a9f84",
    "#bf6a94",
    "#8a8a8a",
    "#7cc0e6",
    "#c9673a",
    "#d9cf55",
)

_RESOLUTION = 220


def axes_of(target: str | Path | Axes | None) -> Axes:
    """The given axes, or those of a new figure."""
    if isinstance(target, Axes):
        return target
    return Figure(figsize=FIGURE_SIZE, layout="constrained").add_subplot()


def make_room(axes: Axes, n_lines: int) -> None:
    """Make a figure higher by some small lines below its axes, which keep their size."""
    figure = axes.get_figure(root=True)
    if figure is not None:
        points = n_lines * LINE_SPACING * SMALL_FONT
        figure.set_figheight(FIGURE_SIZE[1] + points / 72.0)


def save(axes: Axes, target: str | Path | Axes | None) -> None:
    """Write the figure if the target is a file."""
    figure = axes.get_figure(root=True)
    if figure is not None and not isinstance(target, Axes):
        save_figure(figure, target)


def save_figure(figure: Figure, path: str | Path | None) -> None:
    """Write a figure; its suffix names the format."""
    if path is not None:
        figure.savefig(path, dpi=_RESOLUTION)


def dress(axes: Axes, x: str, y: str) -> None:
    """Labels of the axes, and ticks that point inwards on all sides."""
    axes.set_xlabel(x, fontsize=FONT + 0.5)
    axes.set_ylabel(y, fontsize=FONT + 0.5)
    axes.tick_params(direction="in", labelsize=FONT, top=True, right=True)


def typeset(formula: str) -> str:
    """Chemical formula with its numbers as subscripts."""
    return re.sub(r"(\d+(?:\.\d+)?)", r"$_{\1}$", formula)
