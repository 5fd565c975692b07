"""Figure of bands along lines of the zone, with the share of orbitals as width."""

# pyright: reportUnknownMemberType=false
# (matplotlib leaves the keyword arguments of its methods untyped)

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from betenet.plotting.canvas import COLOURS, FIGURE_SIZE, FONT, dress, save_figure

PANELS = 4
"""Most orbitals that are drawn: those with the largest shares within 2 eV of the Fermi level."""
LEAST = 0.02
"""Share of all orbitals there, below which one is not drawn [1]."""
WINDOW = (-8.0, 5.0)
"""Energies that are drawn [eV]."""
_WIDEST = 26.0
"""Area of the circle of a state that is in one orbital [pt²]."""


def plot_bands(
    distances: Float[np.ndarray, " point"],
    energies: Float[np.ndarray, "spin point band"],
    corners: Sequence[tuple[float, str]],
    path: str | Path | None = None,
    *,
    kinds: Sequence[str] = (),
    weights: Float[np.ndarray, "spin point band kind"] | None = None,
    title: str = "",
) -> Figure:
    """Bands along lines, in a panel for each of the largest orbitals.

    Parameters
    ----------
    distances
        Length of the path up to each point [1/Å].
    energies
        Energies from the Fermi level [eV].
    corners
        Place and name of each corner of the path.
    path
        File to write; its suffix names the format. None writes none.
    kinds, weights
        Names of the orbitals, and the share of each state in them [1].
    title
        Chemical formula.
    """
    shown: list[int] = []
    if weights is not None:
        near = np.abs(energies) < 2.0
        sums = weights[near].sum(axis=0) if near.any() else weights.sum(axis=(0, 1, 2))
        order = np.argsort(-sums)[:PANELS].tolist()
        shown = [kind for kind in order if sums[kind] > LEAST * sums.sum()]
    n = max(len(shown), 1)
    size = ((0.55 + 0.5 * n) * FIGURE_SIZE[0], 1.15 * FIGURE_SIZE[1])
    figure = Figure(figsize=size, layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, n, sharey=True))
    for place, axes in enumerate(panels):
        for spin, one in enumerate(energies):
            style = "-" if spin == 0 else ":"
            axes.plot(distances, _broken(distances, one), color="0.6", lw=0.6, ls=style)
        if weights is not None:
            _circles(axes, distances, energies, weights[..., shown[place]], place)
            axes.set_title(kinds[shown[place]], fontsize=FONT)
        axes.axhline(0.0, color="0.3", lw=0.7, ls="--")
        for corner, _ in corners:
            axes.axvline(corner, color="0.85", lw=0.6, zorder=0)
        dress(axes, "", "energy $-$ $E_F$ (eV)" if place == 0 else "")
        axes.set_xlim(float(distances[0]), float(distances[-1]))
        axes.set_xticks([at for at, _ in corners], [name.replace("G", "Γ") for _, name in corners])
    low = max(float(energies.min()) - 0.5, WINDOW[0])
    panels[0].set_ylim(low, min(float(energies.max()) + 0.5, WINDOW[1]))
    figure.suptitle(title, fontsize=FONT + 0.5)
    save_figure(figure, path)
    return figure


def _circles(
    axes: Axes,
    distances: np.ndarray,
    energies: np.ndarray,
    weights: np.ndarray,
    place: int,
) -> None:
    places = np.broadcast_to(distances[None, :, None], energies.shape)
    axes.scatter(
        places.ravel(),
        energies.ravel(),
        s=_WIDEST * weights.ravel().clip(0.0, 1.0),
        color=COLOURS[place % len(COLOURS)],
        alpha=0.6,
        lw=0,
        zorder=2,
    )


def _broken(distances: np.ndarray, energies: np.ndarray) -> np.ndarray:
    """Energies with a gap in the line where the path jumps: two points at one distance."""
    found = energies.copy()
    same = np.flatnonzero(np.diff(distances) < 1e-9)
    for index in same:
        if not np.allclose(energies[index], energies[index + 1], atol=1e-6):
            found[index] = np.nan
    return found
