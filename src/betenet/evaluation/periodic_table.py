"""A periodic table that shows one number per element."""

# pyright: reportUnknownMemberType=false
# (matplotlib leaves the keyword arguments of its methods untyped)

from __future__ import annotations

from collections.abc import Mapping

from ase.data import atomic_numbers, chemical_symbols
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from betenet.plotting.canvas import FONT

_NOBLE = (0, 2, 10, 18, 36, 54, 86, 118)
_F_ROWS = {6: 8.4, 7: 9.4}
_LAST = 103
"""Heavier elements have no first-principles data to speak of."""
FEWEST = 3
"""Mean values of fewer compounds are printed but not coloured."""


def place(symbol: str) -> tuple[float, int]:
    """Row and column of an element, from 1; the f elements stand below.

    Examples
    --------
    >>> place("H"), place("B"), place("Nb"), place("Hf"), place("La")
    ((1, 1), (2, 13), (5, 5), (6, 4), (8.4, 3))
    """
    number = atomic_numbers[symbol]
    period = next(p for p in range(1, 8) if number <= _NOBLE[p])
    step, length = number - _NOBLE[period - 1], _NOBLE[period] - _NOBLE[period - 1]
    if step <= 2 and number != 2:
        return period, step
    if length == 32 and step <= 17:
        return _F_ROWS[period], step
    return period, 18 - (length - step)


def draw_elements(values: Mapping[str, tuple[int, float]], label: str) -> Figure:
    """Colour each element by its value.

    Parameters
    ----------
    values
        Number of compounds and value by symbol.
    label
        Label of the colour bar.
    """
    figure = Figure(figsize=(7.4, 4.3), layout="constrained")
    axes = figure.add_subplot()
    shown = [value for count, value in values.values() if count >= FEWEST]
    norm = Normalize(vmin=0.0, vmax=max(shown, default=1.0) or 1.0)
    colours = colormaps["cividis"].reversed()
    for symbol in chemical_symbols[1 : _LAST + 1]:
        row, column = place(symbol)
        count, value = values.get(symbol, (0, 0.0))
        colour = colours(norm(value)) if count >= FEWEST else (1.0, 1.0, 1.0, 1.0)
        red, green, blue, _ = colour
        dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
        axes.add_patch(
            Rectangle((column - 0.48, row - 0.48), 0.96, 0.96, fc=colour, ec="#999999", lw=0.4)
        )
        ink = "white" if dark else "black" if count else "#aaaaaa"
        axes.text(column, row - 0.22, symbol, ha="center", va="center", size=FONT + 1, color=ink)
        if count:
            axes.text(column, row + 0.12, f"{value:.2f}", ha="center", va="center", size=5.5, c=ink)
            axes.text(column, row + 0.35, f"n={count}", ha="center", va="center", size=4.2, c=ink)
    axes.set_xlim(0.4, 18.6)
    axes.set_ylim(10.0, 0.4)
    axes.set_aspect("equal")
    axes.set_axis_off()
    bar = figure.colorbar(
        ScalarMappable(norm, colours), ax=axes, location="bottom", shrink=0.5, aspect=40, pad=0.01
    )
    bar.set_label(label, size=FONT + 0.5)
    bar.ax.tick_params(labelsize=FONT)
    return figure
