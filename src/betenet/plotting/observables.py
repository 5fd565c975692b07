"""Figures of what experiments see: upper critical field, penetration depth, tunnelling."""

# pyright: reportUnknownMemberType=false
# (matplotlib leaves the keyword arguments of its methods untyped)

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from betenet.errors import SpectrumError
from betenet.plotting.canvas import (
    A2F_COLOUR,
    COLOURS,
    FIGURE_SIZE,
    FONT,
    axes_of,
    dress,
    save,
    save_figure,
    typeset,
)
from betenet.superconductivity.observables import Inversion, Observed

_HIGHEST_CONDUCTANCE = 4.0


def plot_upper_critical_field(
    found: Observed, target: str | Path | Axes | None = None, *, title: str = ""
) -> Axes:
    """H_c2 against temperature in each limit that was computed.

    Parameters
    ----------
    found
        Result with at least one field.
    target
        Axes to draw into, or the file to write; a new figure if absent.
    title
        Above the figure.
    """
    axes = axes_of(target)
    for field, colour in zip(found.fields, COLOURS, strict=False):
        t = np.append(field.temperatures, float(field.transition.tc))
        label = f"{field.limit} limit"
        axes.plot(t, np.append(field.fields, 0.0), "o-", ms=3, lw=1, color=colour, label=label)
    return _dressed(axes, target, r"$\mu_0 H_{\mathrm{c2}}$ (T)", title)


def plot_penetration_depth(
    found: Observed, target: str | Path | Axes | None = None, *, title: str = ""
) -> Axes:
    """Penetration depth against temperature in each limit that was computed.

    Parameters
    ----------
    found
        Result with at least one of the depths.
    target, title
        As for :func:`plot_upper_critical_field`.
    """
    axes = axes_of(target)
    both = {"clean": found.clean_depths, "dirty": found.dirty_depths}
    for (limit, depths), colour in zip(both.items(), COLOURS, strict=False):
        if depths.size:
            label = f"{limit} local limit"
            axes.plot(found.temperatures, depths, "o-", ms=3, lw=1, color=colour, label=label)
    return _dressed(axes, target, r"$\lambda$ (nm)", title)


def _dressed(axes: Axes, target: str | Path | Axes | None, label: str, title: str) -> Axes:
    axes.set_xlim(left=0.0)
    axes.set_ylim(bottom=0.0)
    dress(axes, "$T$ (K)", label)
    axes.legend(fontsize=FONT, frameon=False)
    axes.set_title(typeset(title), fontsize=FONT + 1.0)
    save(axes, target)
    return axes


def plot_tunnelling(found: Observed, path: str | Path | None = None, *, title: str = "") -> Figure:
    """DI/dV around the gap, and d²I/dV² over the range of the phonons.

    Parameters
    ----------
    found
        Result with tunnelling.
    path
        File to write; None writes none.
    title
        Above the figure.

    Raises
    ------
    SpectrumError
        If no tunnelling was computed.
    """
    curves = found.tunnelling
    if curves is None:
        raise SpectrumError("No dI/dV was computed.", fix="Give its temperature, below Tc.")
    figure = Figure(figsize=(2.0 * FIGURE_SIZE[0], FIGURE_SIZE[1]), layout="constrained")
    left, right = figure.subplots(1, 2)
    split = curves.voltages.size // 2
    near, far = slice(0, split + 1), slice(split, None)
    bias, first = curves.voltages[near], curves.conductance[near]
    left.plot(np.append(-bias[::-1], bias), np.append(first[::-1], first), lw=1, color=COLOURS[0])
    left.axhline(1.0, lw=0.6, color="#9a9a9a")
    left.set_ylim(0.0, min(1.1 * float(first.max()), _HIGHEST_CONDUCTANCE))
    dress(left, "$V$ (mV)", r"$(\mathrm{d}I/\mathrm{d}V)\,/\,(\mathrm{d}I/\mathrm{d}V)_N$")
    right.plot(curves.voltages[far], 1e3 * curves.derivative[far], lw=1, color=COLOURS[1])
    right.axhline(0.0, lw=0.6, color="#9a9a9a")
    dress(right, "$V$ (mV)", r"$\mathrm{d}^2I/\mathrm{d}V^2$ (1/V)")
    words = f"{title}   " if title else ""
    left.set_title(typeset(f"{words}{curves.temperature:g} K"), fontsize=FONT + 1.0)
    if path is not None:
        save_figure(figure, path)
    return figure


def plot_inversion(
    found: Inversion, target: str | Path | Axes | None = None, *, title: str = ""
) -> Axes:
    """α²F that a tunnelling density of states gave, with its error.

    Parameters
    ----------
    found
        Result of the inversion.
    target, title
        As for :func:`plot_upper_critical_field`.
    """
    axes = axes_of(target)
    low, high = found.a2f - found.a2f_error, found.a2f + found.a2f_error
    axes.fill_between(
        found.frequencies, np.maximum(low, 0.0), high, color=A2F_COLOUR, alpha=0.25, lw=0
    )
    axes.plot(found.frequencies, found.a2f, lw=1.2, color=A2F_COLOUR)
    axes.set_xlim(0.0, float(found.frequencies[-1]))
    axes.set_ylim(bottom=0.0)
    dress(axes, r"$\omega$ (meV)", r"$\alpha^2F(\omega)$")
    words = rf"$\lambda$ = {found.coupling:.3f} $\pm$ {found.coupling_error:.3f}"
    axes.set_title(f"{typeset(title)}   {words}" if title else words, fontsize=FONT + 1.0)
    save(axes, target)
    return axes
