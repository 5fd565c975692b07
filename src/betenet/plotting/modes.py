"""Figure of α²F(ω) split into its phonon modes."""

# pyright: reportUnknownMemberType=false
# (matplotlib leaves the keyword arguments of its methods untyped)

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from betenet.plotting.canvas import COLOURS, FIGURE_SIZE, FONT, dress, save_figure
from betenet.plotting.superconductivity import typeset_title
from betenet.superconductivity.mode_coupling import ModeCoupling


def plot_modes(
    frequencies: Float[np.ndarray, " n_freq"],
    modes: Float[np.ndarray, "mode n_freq"],
    found: ModeCoupling,
    path: str | Path | None = None,
    *,
    title: str = "",
) -> Figure:
    """α²F(ω) split into its phonon modes, and λ of each.

    Parameters
    ----------
    frequencies
        ω [meV].
    modes
        Share of each mode in α²F(ω) [1].
    found
        λ of each.
    path
        File to write; its suffix names the format. None writes none.
    title
        Above the figure.
    """
    figure = Figure(figsize=(1.7 * FIGURE_SIZE[0], FIGURE_SIZE[1]), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.6, 1.0))
    colours = [COLOURS[i % len(COLOURS)] for i in range(len(modes))]
    left.stackplot(frequencies, np.maximum(modes, 0.0), colors=colours, lw=0.0)
    dress(left, r"$\omega$ (meV)", r"$\alpha^2F(\omega)$ by mode")
    shown = frequencies[np.any(np.abs(modes) > 1e-3 * np.abs(modes).max(initial=0.0), axis=0)]
    left.set_xlim(0.0, 1.05 * float(shown[-1]) if shown.size else float(frequencies[-1]))
    left.set_ylim(0.0, max(1.05 * left.get_ylim()[1], 1e-9))
    numbers = np.arange(1, len(modes) + 1)
    right.barh(numbers, found.coupling, color=colours, height=0.8)
    right.invert_yaxis()
    dress(right, r"$\lambda$ of the mode", "mode, by frequency at each q")
    step = max(1, len(modes) // 12)
    right.set_yticks(numbers[::step])
    text = rf"$\lambda$ = {found.total:.3f}"
    if not found.is_complete:
        text += f"\nmodes: {found.sum:.3f}"
    right.text(0.96, 0.04, text, transform=right.transAxes, ha="right", fontsize=FONT)
    right.set_xlim(min(0.0, 1.1 * float(found.coupling.min())), 1.35 * right.get_xlim()[1])
    if title:
        figure.suptitle(typeset_title(title), fontsize=FONT + 1.5)
    save_figure(figure, path)
    return figure
