"""Figures of benchmarks/tc_equations.py: parity, the deviation, the latent plane of spectra."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from betenet.errors import DataError
from betenet.tc_equations.decoder import SpectrumCoder, shipped_coder
from betenet.tc_equations.formula_errors import formula_tc, judged
from betenet.tc_equations.made_spectra import on_grid
from betenet.tc_equations.makers import make_spectra
from betenet.tc_equations.real_spectra import Sources, known_spectra
from betenet.tc_equations.reduced_shapes import curves_of, second_moment, shapes_of

OLD, NEW = "allen_dynes", "two_modes"
SETS = {
    "low Tc, no hydrogen": ("first_principles",),
    "hydrides": ("hydrides",),
    "bimodal Einstein": ("bimodal_einstein",),
}
NAMED = {
    "Nb_c5": ("Nb", 6, 3), "Pb_elphgap": ("Pb", 6, -9), "LaH10": ("LaH$_{10}$", 6, 3),
    "CaH6_150": ("CaH$_6$", 6, 3), "V_10": ("V", 6, 2), "MgB2_epwref_t05": ("MgB$_2$", 7, 1),
    "Nb_mh2": ("NbH$_2$", 6, 4), "Se_h3x-200GPa": ("H$_3$Se", -34, 3),
    "ThH9_150": ("ThH$_9$", 6, 3), "bete_net-811": ("NiH", 6, 3),
}  # fmt: skip
"""Labels of calculated spectra, and how far they stand from their point."""
RECORDS = Path(__file__).parent / "first_principles" / "campaign"
WIDEST = 4.5  # frequency at which the small curves end, over ω_log
REACH = 1.6  # deviations of calculated spectra that are shown


def draw_figures(columns: dict[str, np.ndarray], folder: Path) -> None:
    """Draw all figures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in (
        ("tc_equations", parity(columns)),
        ("tc_deviation", deviation(columns)),
        ("spectrum_autoencoder", latent_plane()),
    ):
        figure.savefig(folder / f"{name}.png", dpi=130)
        print(f"figure: {folder / name}.png")


def parity(columns: dict[str, np.ndarray]) -> Figure:
    """Tc by Allen and Dynes (a) and by two modes (b) beside the equations, shaded by density."""
    figure = Figure(figsize=(9.0, 6.0), layout="constrained")
    axes = figure.subplots(2, 3, sharex="col", sharey="col")
    good = judged(columns)
    for place, (title, makers) in enumerate(SETS.items()):
        chosen = good & np.isin(columns["maker"], makers)
        rows = {key: values[chosen] for key, values in columns.items()}
        axes[0, place].set_title(title)
        axes[1, place].set_xlabel(r"$T_c$ by the Eliashberg equations (K)")
        if not chosen.any():
            continue
        exact = rows["tc_kelvin"] * rows["scale"]
        found = [formula_tc(name, rows) * rows["scale"] for name in (OLD, NEW)]
        limits = 0.7 * exact.min(), 1.4 * exact.max()
        for axis, name, tc in zip(axes[:, place], (OLD, NEW), found, strict=True):
            axis.plot(limits, limits, color="0.6", linewidth=0.8, zorder=0)
            axis.hexbin(exact, tc, bins="log", gridsize=45, xscale="log", yscale="log",
                                 cmap="viridis", mincnt=1, linewidths=0.1,
                                 extent=(*np.log10(limits), *np.log10(limits)))  # fmt: skip
            axis.set(xlim=limits, ylim=limits)
            rmse = np.sqrt(np.mean((tc / exact - 1.0) ** 2))
            axis.text(0.04, 0.96, f"{name}\nrmse {rmse:.1%}, n = {len(tc)}", va="top",
                      transform=axis.transAxes, fontsize=9)  # fmt: skip
    for line, letter in enumerate("ab"):
        axes[line, 0].set_ylabel(r"$T_c$ by the formula (K)")
        axes[line, 0].text(-0.2, 1.02, f"({letter})", transform=axes[line, 0].transAxes,
                           fontweight="bold")  # fmt: skip
    return figure


def deviation(columns: dict[str, np.ndarray]) -> Figure:
    """Error of both formulas over ω_2/ω_log, for weak and for strong coupling."""
    chosen = judged(columns)
    rows = {key: values[chosen] for key, values in columns.items()}
    ratio = rows["omega_2"] / rows["omega_log"]
    figure = Figure(figsize=(8.6, 3.6), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    strong = rows["coupling"] >= 1.5
    for axis, side, title in zip(axes, (~strong, strong), ("λ < 1.5", "λ ≥ 1.5"), strict=True):
        for name, color in ((OLD, "tab:red"), (NEW, "tab:blue")):
            error = 100.0 * (formula_tc(name, rows) / rows["tc_kelvin"] - 1.0)
            _band(axis, ratio[side], error[side], name, color)
        axis.axhline(0.0, color="0.6", linewidth=0.8, zorder=0)
        axis.set(title=title, xlabel=r"$\omega_2/\omega_{\log}$", xlim=(1.0, 3.5), ylim=(-55, 60))
    axes[0].set_ylabel(r"error of $T_c$ (%)")
    axes[0].legend(frameon=False, loc="upper left")
    return figure


def _band(axis: Axes, ratio: np.ndarray, error: np.ndarray, name: str, color: str) -> None:
    """Median and the middle 90 % of the error in bins of the ratio."""
    edges = np.quantile(ratio, np.linspace(0.0, 1.0, 25))
    places = [(ratio >= a) & (ratio <= b) for a, b in pairwise(edges)]
    low, middle, high = np.array([np.quantile(error[p], (0.05, 0.5, 0.95)) for p in places]).T
    centres = [np.median(ratio[p]) for p in places]
    axis.fill_between(centres, low, high, color=color, alpha=0.2, linewidth=0.0)
    axis.plot(centres, middle, color=color, label=f"{name}: median, middle 90 %")


def latent_plane() -> Figure:
    """The plane of the two widest latent directions (c), and decoded spectra over it (d)."""
    coder = shipped_coder()
    figure = Figure(figsize=(9.6, 4.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_plane(left, coder)
    _draw_samples(right, coder)
    for axis, letter in ((left, "c"), (right, "d")):
        axis.set_xlabel("first latent direction (standard deviations)")
        axis.text(-0.1, 1.02, f"({letter})", transform=axis.transAxes, fontweight="bold")
    left.set_ylabel("second latent direction (standard deviations)")
    return figure


def _on_plane(coder: SpectrumCoder, latent: np.ndarray) -> np.ndarray:
    """Places in the plane, in standard deviations of calculated spectra."""
    within = np.linalg.lstsq(coder.weights["root"], (latent - coder.weights["centre"]).T)[0]
    return within[[-1, -2]]


def _draw_plane(axis: Axes, coder: SpectrumCoder) -> None:
    try:
        known = known_spectra(Sources(records=(RECORDS,)))
        made = shapes_of(make_spectra("maximum_entropy", 1500).a2f)
    except DataError as error:
        axis.text(0.5, 0.5, error.summary, transform=axis.transAxes, ha="center", wrap=True)
        return
    x, y = _on_plane(coder, coder.encode(made))
    shown = axis.scatter(x, y, c=second_moment(made), s=6, alpha=0.5, linewidths=0,
                         cmap="viridis", vmin=1.0, vmax=1.8)  # fmt: skip
    real = shapes_of(
        np.stack([on_grid(one.spectrum.frequencies, one.spectrum.a2f)[0] for one in known])
    )
    x, y = _on_plane(coder, coder.encode(real))
    axis.scatter(x, y, s=26, color="tab:red", edgecolor="white", linewidth=0.5)
    for one, a, b in zip(known, x, y, strict=True):
        if one.name in NAMED:
            label, right, up = NAMED[one.name]
            axis.annotate(label, (a, b), xytext=(right, up), textcoords="offset points", fontsize=8,
                          path_effects=[withStroke(linewidth=2.5, foreground="white")])  # fmt: skip
    axis.set(
        xlim=(-3.4, 3.4),
        ylim=(-3.4, 3.4),
        title="calculated spectra (red)\nand maximum-entropy ones of moments",
    )
    axis.figure.colorbar(shown, ax=axis, label=r"$\omega_2/\omega_{\log}$ of the dots", shrink=0.8)


def _draw_samples(axis: Axes, coder: SpectrumCoder) -> None:
    """Small curves of α²F(ω) on a lattice of places in the plane."""
    steps = np.linspace(-REACH, REACH, 5)
    root, height, wide = coder.weights["root"], 0.8 * (steps[1] - steps[0]), 0.85
    omega = np.linspace(0.02, WIDEST, 240)
    for second in steps:
        for first in steps:
            latent = coder.weights["centre"] + first * root[:, -1] + second * root[:, -2]
            curve = curves_of(coder.decode(latent[None]), np.log(omega))[0]
            x = first + wide * (steps[1] - steps[0]) * (omega / omega[-1] - 0.5)
            y = second - 0.5 * height + height * curve / curve.max()
            axis.fill_between(
                x, second - 0.5 * height, y, color="tab:blue", alpha=0.25, linewidth=0
            )
            axis.plot(x, y, color="tab:blue", linewidth=1.0)
            axis.plot(x[[0, -1]], [second - 0.5 * height] * 2, color="0.5", linewidth=0.5)
    axis.set(title=rf"decoded $\alpha^2F(\omega)$ over the plane,"
             "\n"
             rf"each from 0 to {WIDEST:g} $\omega_{{\log}}$",
             xticks=steps.round(1), yticks=steps.round(1))  # fmt: skip
