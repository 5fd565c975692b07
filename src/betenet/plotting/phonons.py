"""Phonon bands along high-symmetry lines, beside the density of states of each element."""

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
from matplotlib.patches import Rectangle

from betenet.errors import SpectrumError
from betenet.phonon_dos import PhononDos
from betenet.plotting.canvas import (
    A2F_COLOUR,
    COLOURS,
    COUPLING_COLOUR,
    FIGURE_SIZE,
    FONT,
    dress,
    save_figure,
    typeset,
)

_JUMP = 1e-9
_MARGIN = 0.04
_VISIBLE = 0.5  # imaginary frequencies above minus this are the noise of interpolation [meV]
_INTERPOLATED_COLOUR = "0.5"
_DOT = 1.9
_CLOSE = 0.035  # corners nearer than this share of the path have overlapping names


@runtime_checkable
class Line(Protocol):
    """Frequencies on one straight line of the Brillouin zone."""

    @property
    def place(self) -> np.ndarray:
        """Place of each point on the path, from 0 to 1."""
        ...

    @property
    def frequencies(self) -> np.ndarray:
        """At each point, negative for imaginary ones [meV]."""
        ...

    @property
    def ends(self) -> tuple[str, str]:
        """Names of the two corners; Γ is ``"G"``."""
        ...

    @property
    def fitting_place(self) -> np.ndarray:
        """Place of each point where frequencies are computed, not interpolated."""
        ...

    @property
    def fitting(self) -> np.ndarray:
        """Frequencies at these points [meV]."""
        ...


def plot_phonons(
    lines: Sequence[Line],
    dos: PhononDos,
    path: str | Path | None = None,
    *,
    title: str = "",
    details: str = "",
    stable: bool = False,
) -> Figure:
    """Bands along the high-symmetry lines, and the density of states by element beside them.

    Parameters
    ----------
    lines
        In the order of the path.
    dos
        By site, with elements; without them the total alone is drawn.
    path
        File to write; its suffix names the format. None writes none.
    title
        Chemical formula, and perhaps more behind a colon.
    details
        Printed below the title in small letters.
    stable
        Whether the crystal is stable by its verdict, so that imaginary frequencies are no more than
        interpolation: they are then grey, not in the colour of a warning.

    Returns
    -------
    Figure
        Two panels with one frequency axis. Imaginary frequencies are below zero, in another colour,
        those of an unstable crystal on a tinted ground. Dots are where frequencies come straight
        from the forces.

    Raises
    ------
    SpectrumError
        If there is no line.
    """
    if not lines:
        raise SpectrumError("There are no bands to draw.", fix="Give at least one line.")
    figure = Figure(figsize=(1.35 * FIGURE_SIZE[0], FIGURE_SIZE[1]), layout="constrained")
    bands, states = figure.subplots(1, 2, sharey=True, width_ratios=(2.6, 1.0))
    below = _INTERPOLATED_COLOUR if stable else COUPLING_COLOUR
    _draw_bands(bands, lines, below)
    _draw_states(states, dos)
    every = np.concatenate([line.frequencies.ravel() for line in lines])
    low, high = _range(every, dos)
    bands.set_ylim(low, high)
    for axes in (bands, states):
        axes.axhline(0.0, color="black", lw=0.5)
        if low < -_VISIBLE and not stable:
            axes.axhspan(low, 0.0, color=COUPLING_COLOUR, alpha=0.08, lw=0)
    if low < -_VISIBLE:
        states.text(
            0.96, 0.02, "interpolated" if stable else "imaginary",
            transform=states.transAxes, ha="right", va="bottom",
            fontsize=FONT - 0.5, color=below,
        )  # fmt: skip
    formula, colon, rest = title.partition(":")
    whole = typeset(formula) + colon + rest
    bands.set_title(whole, fontsize=FONT + 1.5, loc="left", pad=13.0 if details else None)
    bands.text(0.0, 1.015, details, transform=bands.transAxes, va="bottom", fontsize=FONT - 2.5)
    save_figure(figure, path)
    return figure


def _draw_bands(axes: Axes, lines: Sequence[Line], below: str) -> None:
    for line in lines:
        axes.plot(line.place, line.frequencies, color=below, lw=0.9)
        for real in axes.plot(line.place, line.frequencies, color=A2F_COLOUR, lw=0.9):
            real.set_clip_path(Rectangle((-1.0, 0.0), 3.0, 1e6, transform=axes.transData))
        axes.plot(
            line.fitting_place, line.fitting, "o", color="black", ms=_DOT, mew=0, clip_on=False
        )
    dress(axes, "", r"$\omega$ (meV)")
    axes.tick_params(axis="x", length=0)
    places, names = _corners(lines)
    axes.set_xticks(places, names)
    for place in places:
        axes.axvline(place, color="black", lw=0.4)
    axes.set_xlim(float(lines[0].place[0]), float(lines[-1].place[-1]))


def _corners(lines: Sequence[Line]) -> tuple[list[float], list[str]]:
    """Where the path turns, and the names there; both where it jumps."""
    places, names = [float(lines[0].place[0])], [lines[0].ends[0]]
    for before, line in zip(lines, [*lines[1:], None], strict=True):
        place, name = float(before.place[-1]), before.ends[1]
        if line is not None and line.ends[0] != name:
            name = f"{name}|{line.ends[0]}"
        if place - places[-1] < _JUMP:
            continue
        places.append(place)
        names.append(name)
    shown = [_greek(name) for name in names]
    for index in range(1, len(places)):
        # names of corners that lie close: on two levels
        if places[index] - places[index - 1] < _CLOSE and not shown[index - 1].startswith("\n"):
            shown[index] = "\n" + shown[index]
    return places, shown


def _greek(name: str) -> str:
    """``"G|X1"`` as it is printed: Γ|X₁."""
    return typeset(name.replace("G", "Γ"))


def _draw_states(axes: Axes, dos: PhononDos) -> None:
    omega = dos.frequencies
    if dos.sites is None or dos.symbols is None:
        axes.fill_betweenx(omega, 0.0, dos.total, color=A2F_COLOUR, alpha=0.3, lw=0)
    else:
        floor: Float[np.ndarray, " n_freq"] = np.zeros_like(omega)
        for index, element in enumerate(dict.fromkeys(dos.symbols)):
            chosen = dos.sites[[symbol == element for symbol in dos.symbols]].sum(axis=0)
            axes.fill_betweenx(
                omega, floor, floor + chosen, color=COLOURS[index % len(COLOURS)], lw=0,
                label=element,
            )  # fmt: skip
            floor = floor + chosen
        axes.legend(frameon=False, fontsize=FONT - 0.5, loc="best", handlelength=1.2)
    axes.plot(dos.total, omega, color="black", lw=0.7)
    dress(axes, r"$g(\omega)$ (meV$^{-1}$)", "")
    axes.set_xlim(0.0, 1.08 * float(dos.total.max()))


def _range(every: np.ndarray, dos: PhononDos) -> tuple[float, float]:
    """Range of the frequency axis: all bands and states, from zero where none is below."""
    held = dos.frequencies[dos.total > 0.0]
    lowest = float(min(every.min(), held.min(initial=0.0)))
    highest = float(max(every.max(), held.max(initial=0.0)))
    margin = _MARGIN * (highest - min(lowest, 0.0))
    return (lowest - margin if lowest < -_VISIBLE else 0.0), highest + margin
