"""Figure of `phonon_validation.py`: parity of three frequencies, distances, three densities."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from phonon_pairs import CENTRES, EDGES, NAMES, Pair, features

from betenet.plotting.canvas import COLOURS, FONT, dress, typeset

LABELS = {
    "omega_log": r"$\omega_\mathrm{log}$",
    "omega_2": r"$\omega_2$",
    "omega_99": r"$\omega_{99}$",
}
STABLE, UNSTABLE, DFT = COLOURS[0], COLOURS[1], "0.55"
RESOLUTION = 160
LIMIT = 0.5
"""Of the histogram of relative distances; what is beyond counts in its last bin."""


def draw(path: Path, pairs: list[Pair]) -> None:
    """Draw all crystals above, three of them below."""
    figure = Figure(figsize=(8.0, 4.4), layout="constrained")
    axes = figure.subplot_mosaic("aaabbbcccddd;eeeeffffgggg")
    for place, name in zip("abc", NAMES, strict=True):
        draw_parity(axes[place], name, pairs)
    axes["a"].legend(fontsize=FONT - 1, frameon=False, loc="upper left", handletextpad=0.1)
    draw_distances(axes["d"], pairs)
    known = [one for one in pairs if one.is_stable and not one.contradicts_itself]
    known.sort(key=lambda one: one.relative_distance)
    chosen = {"best": known[0], "median": known[len(known) // 2], "worst": known[-1]}
    for place, (rank, pair) in zip("efg", chosen.items(), strict=True):
        draw_pair(axes[place], rank, pair)
    axes["e"].legend(fontsize=FONT - 0.5, frameon=False)
    figure.savefig(path, dpi=RESOLUTION)


def draw_parity(axes: Axes, name: str, pairs: list[Pair]) -> None:
    """One frequency by both sides."""
    true = np.array([features(pair.dft)[name] for pair in pairs])
    ours = np.array([features(pair.field.shares)[name] for pair in pairs])
    stable = np.array([pair.is_stable for pair in pairs])
    for chosen, colour, label in (
        (~stable, UNSTABLE, "unstable on a side"),
        (stable, STABLE, "stable on both"),
    ):
        axes.scatter(true[chosen], ours[chosen], s=4, color=colour, linewidths=0, label=label)
    top = 1.05 * max(true.max(), ours.max())
    axes.plot([0, top], [0, top], color="0.3", linewidth=0.6)
    axes.set(xlim=(0, top), ylim=(0, top), aspect="equal")
    dress(axes, f"{LABELS[name]} by DFT (meV)", "by the force field (meV)")


def draw_distances(axes: Axes, pairs: list[Pair]) -> None:
    """How many crystals are how far apart."""
    distances = [
        np.minimum([pair.relative_distance for pair in pairs if pair.is_stable == held], LIMIT)
        for held in (True, False)
    ]
    edges = np.linspace(0.0, 100 * LIMIT, 26).tolist()
    axes.hist([100 * one for one in distances], edges, stacked=True, color=[STABLE, UNSTABLE])
    dress(axes, r"$W_1$ / mean frequency (%)", "crystals")


def draw_pair(axes: Axes, rank: str, pair: Pair) -> None:
    """Both densities of states of one crystal."""
    width = EDGES[1] - EDGES[0]
    axes.stairs(pair.dft / width, EDGES, fill=True, color=DFT, alpha=0.6, label="DFT (JARVIS)")
    axes.stairs(pair.field.shares / width, EDGES, color=STABLE, linewidth=1.1, label="force field")
    held = CENTRES[(pair.dft > 0.001) | (pair.field.shares > 0.001)]
    axes.set_xlim(min(0.0, held[0] - width), held[-1] + 2 * width)
    axes.set_ylim(bottom=0.0)
    title = f"{rank}: {typeset(pair.label)}, $W_1$ = {pair.distance:.2g} meV"
    axes.set_title(title, fontsize=FONT + 0.5)
    dress(axes, r"$\omega$ (meV)", r"$g$ (share of states / meV)")
