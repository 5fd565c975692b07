"""Figures of electrons at the Fermi level: nesting along a path, Fermi surfaces, M(P)."""

# pyright: reportUnknownMemberType=false
# (matplotlib leaves the keyword arguments of its methods untyped)

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from betenet.plotting.canvas import (
    A2F_COLOUR,
    COUPLING_COLOUR,
    FIGURE_SIZE,
    FONT,
    dress,
    save_figure,
)

Curve = Float[np.ndarray, " q"]


def plot_nesting(
    distances: Curve,
    chi0: Curve,
    nesting: Curve,
    null: Curve,
    corners: Sequence[tuple[float, str]],
    path: str | Path | None = None,
    *,
    title: str = "",
    marked: Sequence[tuple[float, float, str]] = (),
) -> Figure:
    """Re χ0 and the nesting function along lines of the zone, one above the other.

    Parameters
    ----------
    distances
        Length of the path up to each wave vector [1/Å].
    chi0
        Re χ0 over N(E_F) [1].
    nesting
        Nesting function over its mean in the zone; nan at Γ [1].
    null
        Nesting function of the null model [1].
    corners
        Place and name of each corner of the path.
    path
        File to write; its suffix names the format. None writes none.
    title
        Chemical formula and mesh.
    marked
        Place, height and words of peaks of the nesting function.
    """
    figure = Figure(figsize=(1.25 * FIGURE_SIZE[0], 1.3 * FIGURE_SIZE[1]), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    above.plot(distances, chi0, color=A2F_COLOUR, lw=1.1, marker="o", ms=1.8)
    below.plot(distances, nesting, color=COUPLING_COLOUR, lw=1.1, marker="o", ms=1.8)
    top = 1.4 * float(np.nanmax(nesting))
    below.plot(distances, null, color="0.55", lw=0.9, ls="--", label="spheres of equal $N(E_F)$")
    below.axhline(1.0, color="0.75", lw=0.7)
    below.set_ylim(0.0, top)
    below.legend(fontsize=FONT - 1.0, frameon=False, loc="upper right")
    for place, height, words in marked:
        below.annotate(
            words,
            (place, height),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            fontsize=FONT - 1.5,
        )
    for axes in (above, below):
        for place, _ in corners:
            axes.axvline(place, color="0.85", lw=0.6, zorder=0)
    dress(above, "", r"Re $\chi_0(q)\,/\,N(E_F)$")
    dress(below, "", r"nesting $\xi(q)\,/\,\langle\xi\rangle$")
    below.set_xlim(float(distances[0]), float(distances[-1]))
    below.set_xticks(
        [place for place, _ in corners], [name.replace("G", "Γ") for _, name in corners]
    )
    above.set_title(title, fontsize=FONT + 0.5)
    save_figure(figure, path)
    return figure
