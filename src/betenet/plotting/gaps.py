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
from matplotlib.figure import Figure

from betenet.plotting.canvas import (
    COLOURS,
    FIGURE_SIZE,
    FONT,
    axes_of,
    dress,
    save,
    save_figure,
    typeset,
)
from betenet.superconductivity.full_bandwidth import BandState, ElectronDos
from betenet.superconductivity.multiband import MultibandState

_GREY = "#9a9a9a"
_WIDTH = 30.0  # of the energies that are drawn, over the frequency of μ*


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


def plot_full_bandwidth(
    state: BandState, dos: ElectronDos, path: str | Path | None = None, *, title: str = ""
) -> Figure:
    """N(ε) around the Fermi level, and the gap that it gives against temperature.

    Parameters
    ----------
    state
        Tc and gap with N(ε).
    dos
        N(ε).
    path
        File to write; None writes none.
    title
        Above the figure.
    """
    figure = Figure(figsize=(2.0 * FIGURE_SIZE[0], FIGURE_SIZE[1]), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(1e-3 * dos.energies, dos.dos, lw=1.0, color=COLOURS[0])
    left.axvline(0.0, lw=0.6, color=_GREY)
    mu = float(state.transition.chemical_potential)
    if np.isfinite(mu):
        left.axvline(
            1e-3 * mu, lw=0.8, ls="--", color=COLOURS[1], label=r"$\mu$ at $T_{\mathrm{c}}$"
        )
        left.legend(fontsize=FONT, frameon=False)
    shown = _WIDTH * float(state.transition.coulomb.mu_star_frequency[0]) * 1e-3
    left.set_xlim(max(-shown, 1e-3 * dos.energies[0]), min(shown, 1e-3 * dos.energies[-1]))
    left.set_ylim(bottom=0.0)
    dress(left, r"$\varepsilon - E_{\mathrm{F}}$ (eV)", r"$N$ (1/eV)")
    tc, constant = float(state.transition.tc), float(state.transition.constant_tc)
    t = [one.temperature for one in state.solutions]
    gaps = [float(one.gap[0]) for one in state.solutions]
    right.plot([*t, tc], [*gaps, 0.0], "o-", ms=3.0, lw=1.0, color=COLOURS[0])
    if not t:
        right.plot([0.0], [state.gap], "s", ms=4.0, color=COLOURS[0])
    right.axvline(constant, lw=0.8, ls="--", color=_GREY, label=r"$T_{\mathrm{c}}$ if constant")
    right.set_xlim(left=0.0)
    right.set_ylim(bottom=0.0)
    right.legend(fontsize=FONT, frameon=False)
    dress(right, "$T$ (K)", r"$\Delta(i\pi T)$ (meV)")
    left.set_title(typeset(title), fontsize=FONT + 1.0)
    if path is not None:
        save_figure(figure, path)
    return figure
