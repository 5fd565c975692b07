"""Figures of hulls: a curve for two elements, a triangle for three, phases against pressure."""

# pyright: reportUnknownMemberType=false
# (matplotlib leaves the keyword arguments of its methods untyped)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from betenet.plotting.canvas import (
    A2F_COLOUR,
    COLOURS,
    COUPLING_COLOUR,
    FONT,
    SMALL_FONT,
    axes_of,
    dress,
    save,
    typeset,
)
from betenet.search.hull import HullEntry

SHOWN = 0.3
"""Enthalpy above the hull up to which phases are drawn [eV]."""
_CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 0.75**0.5]])


def draw_hull(
    entries: Sequence[HullEntry],
    elements: Sequence[str],
    pressure: float,
    target: str | Path | Axes | None = None,
    uncertainties: Sequence[float] = (),
) -> Axes:
    """Draw the hull of two or three elements.

    Parameters
    ----------
    entries
        Phases.
    elements
        The elements.
    pressure
        Pressure [GPa].
    target
        File to write, or axes to draw in.
    uncertainties
        Uncertainties of the enthalpies above the hull, drawn as bars for two elements [eV].

    Returns
    -------
    Axes
        What was drawn in.
    """
    axes = axes_of(target)
    if len(elements) == 2:
        _curve(axes, entries, elements, uncertainties)
    else:
        _triangle(axes, entries, elements)
    axes.set_title(f"{'–'.join(elements)} at {pressure:g} GPa", fontsize=FONT)
    save(axes, target)
    return axes


def _curve(
    axes: Axes,
    entries: Sequence[HullEntry],
    elements: Sequence[str],
    uncertainties: Sequence[float],
) -> None:
    """Formation enthalpies of two elements, and the hull below them."""
    shares = np.array([_share(one, elements[1]) for one in entries])
    values = 1e3 * np.array([one.formation for one in entries])
    near = np.array([one.above <= SHOWN for one in entries])
    stable = np.array([one.is_stable for one in entries])
    axes.axhline(0.0, color="0.8", linewidth=0.6)
    if uncertainties:
        bars = 1e3 * np.nan_to_num(uncertainties)
        drawn = near & (bars > 0.0)
        axes.errorbar(
            shares[drawn], values[drawn], bars[drawn], fmt="none", ecolor="0.8", elinewidth=0.7
        )
    axes.plot(shares[near & ~stable], values[near & ~stable], "o", color="0.7", markersize=2.5)
    order = np.argsort(shares[stable])
    axes.plot(shares[stable][order], values[stable][order], "o-", color=A2F_COLOUR, markersize=4)
    for one, x, y in zip(entries, shares, values, strict=True):
        if one.is_stable:
            axes.annotate(
                f"{typeset(one.phase.formula)}\n{_symbol(one)}",
                (x, y),
                xytext=(0, -4),
                textcoords="offset points",
                ha="center",
                va="top",
                fontsize=SMALL_FONT,
            )
    axes.margins(0.08, 0.2)
    dress(axes, f"share of {elements[1]}", "formation enthalpy (meV/atom)")


def _triangle(axes: Axes, entries: Sequence[HullEntry], elements: Sequence[str]) -> None:
    """Compositions of three elements; phases off the hull are paler the higher they are."""
    outline = np.vstack([_CORNERS, _CORNERS[:1]])
    axes.plot(*outline.T, color="0.6", linewidth=0.8)
    for element, (x, y) in zip(elements, _CORNERS, strict=True):
        axes.annotate(element, (x, y), xytext=(0, 8 if y else -10), textcoords="offset points")
    for one in sorted(entries, key=lambda each: -each.above):
        if one.above > SHOWN:
            continue
        x, y = np.array([_share(one, element) for element in elements]) @ _CORNERS
        if one.is_stable:
            axes.plot(x, y, "o", color=A2F_COLOUR, markersize=5)
            axes.annotate(
                typeset(one.phase.formula),
                (x, y),
                xytext=(5, 2),
                textcoords="offset points",
                fontsize=SMALL_FONT,
            )
        else:
            axes.plot(x, y, "o", color=COUPLING_COLOUR, markersize=2.5, alpha=1 - one.above / SHOWN)
    axes.set_axis_off()
    axes.set_aspect("equal")


def draw_pressures(
    curves: Mapping[str, Sequence[tuple[float, float, float]]],
    quantity: str,
    target: str | Path | Axes | None = None,
) -> Axes:
    """Draw phases against pressure.

    Parameters
    ----------
    curves
        By the name of a phase, its pressures [GPa], enthalpies and their uncertainties [eV], nan
        where one is not known.
    quantity
        What the enthalpies are, in words.
    target
        File to write, or axes to draw in.

    Returns
    -------
    Axes
        What was drawn in.
    """
    axes = axes_of(target)
    for index, (name, points) in enumerate(curves.items()):
        x, y, doubt = np.array(points).T
        style = "-" if index < len(COLOURS) else "--"
        colour = COLOURS[index % len(COLOURS)]
        axes.plot(x, 1e3 * y, f"o{style}", color=colour, markersize=2.5, label=name)
        bars = 1e3 * np.nan_to_num(doubt)
        if bars.any():
            axes.errorbar(x, 1e3 * y, bars, fmt="none", ecolor=colour, elinewidth=0.6, alpha=0.5)
    if curves:
        axes.legend(fontsize=SMALL_FONT, frameon=False)
    dress(axes, "pressure (GPa)", f"{quantity} (meV/atom)")
    save(axes, target)
    return axes


def _share(entry: HullEntry, element: str) -> float:
    counts = entry.phase.counts
    return counts.get(element, 0) / sum(counts.values())


def _symbol(entry: HullEntry) -> str:
    """Space group, its minus signs kept apart from its letters."""
    return entry.phase.space_group or "no space group"
