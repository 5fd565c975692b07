"""Figures of gaps: of several bands by temperature, and distributions over the Fermi surface."""

# pyright: reportUnknownMemberType=false
# (matplotlib leaves the keyword arguments of its methods untyped)

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from betenet.plotting.canvas import COLOURS, FONT, axes_of, dress, save, typeset
from betenet.superconductivity.multiband import MultibandState


@runtime_checkable
class DrawnDistribution(Protocol):
    """A distribution of gaps at one temperature."""

    @property
    def temperature(self) -> float:
        """T [K]."""
        ...

    @property
    def gaps(self) -> Float[np.ndarray, " gap"]:
        """Gaps [meV]."""
        ...

    @property
    def weights(self) -> Float[np.ndarray, " gap"]:
        """How often each occurs, of any scale."""
        ...


def plot_band_gaps(
    state: MultibandState, target: str | Path | Axes | None = None, *, title: str = ""
) -> Axes:
    """Gap of each band against temperature.

    Parameters
    ----------
    state
        Gaps of the bands.
    target
        Axes to draw into, or the file to write; a new figure if absent.
    title
        Above the figure.
    """
    axes = axes_of(target)
    t = np.append(state.temperatures, state.tc)
    rows = np.vstack([state.lowest_gaps, np.zeros(len(state.blocks.names))])
    for name, gaps, colour in zip(state.blocks.names, rows.T, COLOURS, strict=False):
        axes.plot(t, gaps, "o-", ms=3.0, lw=1.0, color=colour, label=name)
    axes.set_xlim(left=0.0)
    axes.set_ylim(bottom=min(0.0, float(rows.min())))
    dress(axes, "$T$ (K)", r"$\Delta(i\pi T)$ (meV)")
    axes.legend(fontsize=FONT, frameon=False)
    axes.set_title(typeset(title), fontsize=FONT + 1.0)
    save(axes, target)
    return axes


def plot_gap_distributions(
    distributions: Sequence[DrawnDistribution],
    isotropic: tuple[Sequence[float], Sequence[float]] | None = None,
    target: str | Path | Axes | None = None,
    *,
    title: str = "",
) -> Axes:
    """Distributions of gaps over the Fermi surface by temperature, beside an isotropic gap.

    Parameters
    ----------
    distributions
        One for each temperature.
    isotropic
        Temperatures [K] and gaps [meV] of the isotropic equations.
    target, title
        As for :func:`plot_band_gaps`.
    """
    axes = axes_of(target)
    temperatures = sorted({one.temperature for one in distributions})
    step = min(np.diff(temperatures), default=max(temperatures[0], 1.0))
    for one in distributions:
        width = 0.8 * step * one.weights / max(float(one.weights.max()), 1e-300)
        axes.fill_betweenx(
            one.gaps, one.temperature, one.temperature + width, color=COLOURS[0], lw=0.4
        )
    if isotropic is not None:
        axes.plot(*isotropic, "o-", ms=3.0, lw=1.0, color=COLOURS[1], label="isotropic")
        axes.legend(fontsize=FONT, frameon=False)
    axes.set_ylim(bottom=0.0)
    dress(axes, "$T$ (K)", r"$\Delta$ (meV)")
    axes.set_title(typeset(title), fontsize=FONT + 1.0)
    save(axes, target)
    return axes
