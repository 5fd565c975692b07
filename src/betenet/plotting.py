"""Figures: α²F(ω) with its member band and λ(ω), and what each site contributes.

Everything is drawn with matplotlib's object interface: no window, no current figure, no global
style. Give a path to get a file, or axes to draw into.
"""

# pyright: reportUnknownMemberType=false
# (matplotlib leaves the keyword arguments of its methods untyped)

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from betenet.errors import SpectrumError
from betenet.quantities import QUANTITIES
from betenet.spectrum import Spectrum
from betenet.superconductivity.moments import coupling_constant, cumulative_coupling

FIGURE_SIZE = (4.0, 2.9)
"""Width and height: a little more than a journal's column [inch]."""

_RESOLUTION = 220
_WEIGHT_SHOWN = 0.01
_HEADROOM = 1.42  # room above the curves for the numbers and the legend
_FONT = 7.5
_A2F_COLOUR = "#1f4e79"
_COUPLING_COLOUR = "#b5541c"
_ELEMENT_COLOURS = (  # after Okabe and Ito: told apart also without red-green vision
    "#4c86b8",
    "#e0a040",
    "#4a9f84",
    "#bf6a94",
    "#8a8a8a",
    "#7cc0e6",
    "#c9673a",
    "#d9cf55",
)
_PRINTED = ("coupling", "omega_log", "tc")
_MATH = {
    "coupling": r"$\lambda$",
    "omega_log": r"$\omega_{\mathrm{log}}$",
    "tc": r"$T_{\mathrm{c}}$",
}


@runtime_checkable
class PrintedEstimate(Protocol):
    """A number with its uncertainty that can print itself."""

    def as_text(self, *, unit: bool = True) -> str:
        """Value ± spread, with the unit."""
        ...


@runtime_checkable
class PredictedSpectrum(Protocol):
    """What a figure needs of a prediction."""

    @property
    def formula(self) -> str:
        """Chemical formula, the title."""
        ...

    @property
    def symbols(self) -> Sequence[str]:
        """Element of each site."""
        ...

    @property
    def spectrum(self) -> Spectrum | None:
        """α²F of each member."""
        ...

    @property
    def site_a2f(self) -> np.ndarray | None:
        """Each site's contribution, mean over the members."""
        ...

    @property
    def mu_star(self) -> float:
        """μ* of the critical temperature."""
        ...

    @property
    def estimates(self) -> Mapping[str, PrintedEstimate]:
        """Quantities with uncertainty, by key."""
        ...


def plot_spectrum(source: PredictedSpectrum | Spectrum, target: str | Path | Axes) -> Axes:
    """α²F(ω), the band that holds 68 % of the members, and the cumulative λ(ω).

    Parameters
    ----------
    source
        A prediction, whose formula and quantities are printed as well, or a spectrum, with at
        most one leading axis: the members.
    target
        Axes to draw into, or the file to write; its suffix names the format.

    Returns
    -------
    Axes
        The axes of α²F; those of λ(ω) share its frequency axis.

    Raises
    ------
    SpectrumError
        If a failed prediction, or a spectrum with more than one leading axis, is given.
    """
    spectrum = source if isinstance(source, Spectrum) else _spectrum_of(source)
    members = np.atleast_2d(spectrum.a2f)
    if members.ndim != 2:
        raise SpectrumError(
            f"A spectrum with leading axes {spectrum.batch_shape} does not fit one figure.",
            reason="The one leading axis that can be drawn is the member axis.",
            fix="Plot the spectra of one structure at a time.",
        )
    omega, mean = spectrum.frequencies, members.mean(axis=0)
    axes = _axes(target)
    axes.plot(omega, mean, color=_A2F_COLOUR, lw=1.3, label=r"$\alpha^2F(\omega)$")
    top = mean
    if len(members) > 1:
        low, top = np.quantile(members, [0.16, 0.84], axis=0)
        axes.fill_between(
            omega, low, top, color=_A2F_COLOUR, alpha=0.22, lw=0, label="68 % of members"
        )
    _frame(axes, omega, np.maximum(mean, top))
    _draw_coupling(axes, spectrum, mean)
    if not isinstance(source, Spectrum):
        _print_quantities(axes, source)
    _save(axes, target)
    return axes


def plot_sites(source: PredictedSpectrum, target: str | Path | Axes) -> Axes:
    """Contributions of the sites to α²F(ω), stacked, one colour per element.

    Parameters
    ----------
    source
        A prediction that holds its sites' contributions.
    target
        Axes to draw into, or the file to write; its suffix names the format.

    Returns
    -------
    Axes
        The axes. The legend says how much of λ each element carries.

    Raises
    ------
    SpectrumError
        If the prediction failed or holds no contributions of sites.

    Notes
    -----
    The split over sites is the network's own: it is learnt from totals alone, so it shows where
    the network puts the weight, and is no projection of phonon eigenvectors.
    """
    spectrum, sites = _spectrum_of(source), source.site_a2f
    if sites is None:
        raise SpectrumError(
            f"The prediction of {source.formula} has no contributions of sites.",
            reason="They were not kept.",
            fix="Predict again and keep them (`--per-site` on the command line).",
        )
    omega = spectrum.frequencies
    axes = _axes(target)
    floor = np.zeros_like(omega)
    for index, element in enumerate(dict.fromkeys(source.symbols)):
        chosen = sites[[symbol == element for symbol in source.symbols]]
        share = float(coupling_constant(omega, chosen.sum(axis=0), spectrum.rule))
        name = element if len(chosen) == 1 else f"{element} ({len(chosen)} sites)"
        label = rf"{name}: $\lambda$ = {share:.2f}"
        for site in chosen:
            colour = _ELEMENT_COLOURS[index % len(_ELEMENT_COLOURS)]
            axes.fill_between(
                omega, floor, floor + site, facecolor=colour, edgecolor="white", lw=0.4, label=label
            )
            floor, label = floor + site, "_nolegend_"
    axes.plot(omega, floor, color="black", lw=1.0, label="sum")
    _frame(axes, omega, floor)
    axes.set_title(_typeset(source.formula), fontsize=_FONT + 1.5)
    handles, labels = axes.get_legend_handles_labels()
    columns = 1 + (len(labels) > 3)
    axes.legend(
        handles, labels, loc="upper left", ncols=columns, frameon=False, fontsize=_FONT - 0.5
    )
    _save(axes, target)
    return axes


def _spectrum_of(source: PredictedSpectrum) -> Spectrum:
    if source.spectrum is None:
        raise SpectrumError(
            "A prediction that failed cannot be drawn.",
            reason="It holds an error instead of a spectrum.",
            fix="Leave it out, or correct its structure and predict again.",
        )
    return source.spectrum


def _axes(target: str | Path | Axes) -> Axes:
    if isinstance(target, Axes):
        return target
    return Figure(figsize=FIGURE_SIZE, layout="constrained").add_subplot()


def _save(axes: Axes, target: str | Path | Axes) -> None:
    figure = axes.get_figure(root=True)
    if figure is not None and not isinstance(target, Axes):
        figure.savefig(target, dpi=_RESOLUTION)


def _frame(
    axes: Axes, omega: Float[np.ndarray, " n_freq"], highest: Float[np.ndarray, " n_freq"]
) -> None:
    """Labels, ticks, and the range of frequencies that carries weight."""
    peak = float(highest.max())
    shown = omega[highest > _WEIGHT_SHOWN * peak]
    end = float(shown[-1]) if shown.size else float(omega[-1])
    axes.set_xlim(0.0, min(1.06 * end, float(omega[-1])))
    axes.set_ylim(0.0, _HEADROOM * peak if peak > 0.0 else 1.0)
    frequency = QUANTITIES["frequencies"]
    axes.set_xlabel(rf"$\omega$ ({frequency.unit})", fontsize=_FONT + 0.5)
    axes.set_ylabel(r"$\alpha^2F(\omega)$", fontsize=_FONT + 0.5)
    axes.tick_params(direction="in", labelsize=_FONT, top=True)


def _draw_coupling(axes: Axes, spectrum: Spectrum, mean: Float[np.ndarray, " n_freq"]) -> None:
    cumulative = cumulative_coupling(spectrum.frequencies, mean, spectrum.rule)
    right = axes.twinx()
    right.plot(
        spectrum.frequencies,
        cumulative,
        color=_COUPLING_COLOUR,
        lw=1.1,
        ls=(0, (5, 2)),
        label=r"$\lambda(\omega)$",
    )
    total = float(cumulative[-1])
    right.set_ylim(0.0, _HEADROOM * total if total > 0.0 else 1.0)
    right.set_ylabel(r"$\lambda(\omega)$", color=_COUPLING_COLOUR, fontsize=_FONT + 0.5)
    right.tick_params(direction="in", labelsize=_FONT, colors=_COUPLING_COLOUR)
    right.spines["right"].set_color(_COUPLING_COLOUR)
    curves = [*axes.get_legend_handles_labels()[0], *right.get_legend_handles_labels()[0]]
    right.legend(handles=curves, loc="upper right", frameon=False, fontsize=_FONT - 0.5)


def _print_quantities(axes: Axes, source: PredictedSpectrum) -> None:
    axes.set_title(_typeset(source.formula), fontsize=_FONT + 1.5)
    known = [key for key in _PRINTED if key in source.estimates]
    lines = [f"{_MATH[key]} = {source.estimates[key].as_text()}" for key in known]
    if "tc" in known:
        lines[-1] += rf"  ($\mu^*$ = {source.mu_star:.2f})"
    axes.text(
        0.03,
        0.96,
        "\n".join(lines),
        transform=axes.transAxes,
        ha="left",
        va="top",
        fontsize=_FONT,
        linespacing=1.45,
    )


def _typeset(formula: str) -> str:
    """Chemical formula with its numbers as subscripts."""
    return re.sub(r"(\d+(?:\.\d+)?)", r"$_{\1}$", formula)
