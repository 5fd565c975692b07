"""α²F(ω) with its member band and λ(ω), and what each site contributes."""

# pyright: reportUnknownMemberType=false
# (matplotlib leaves the keyword arguments of its methods untyped)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from betenet.errors import SpectrumError
from betenet.plotting.canvas import (
    A2F_COLOUR,
    COLOURS,
    COUPLING_COLOUR,
    FONT,
    LINE_SPACING,
    SMALL_FONT,
    axes_of,
    dress,
    make_room,
    save,
    typeset,
)
from betenet.quantities import QUANTITIES
from betenet.spectrum import Spectrum
from betenet.superconductivity.moments import coupling_constant, cumulative_coupling
from betenet.superconductivity.spectrum_band import spectrum_band

_WEIGHT_SHOWN = 0.01
_HEADROOM = 1.42  # room above the curves for the numbers and the legend
_LETTERS = 105
"""Letters of a line of warnings."""
_BELOW_LABEL = 27.0
"""Distance of the warnings from the axes: ticks and their label are between [pt]."""
_PRINTED = ("coupling", "omega_log", "tc")
_MATH = {
    "coupling": r"$\lambda$",
    "omega_log": r"$\omega_{\mathrm{log}}$",
    "tc": r"$T_{\mathrm{c}}$",
}


@runtime_checkable
class PrintedEstimate(Protocol):
    """A number with its uncertainty that can print itself."""

    @property
    def interval_68(self) -> tuple[float, float]:
        """Lower and upper end of the central 68 %; nan if they are not known."""
        ...

    def as_text(self, *, unit: bool = True) -> str:
        """Value and the ends of its 68 % interval, with the unit."""
        ...


@runtime_checkable
class Crystal(Protocol):
    """A crystal as it was understood."""

    @property
    def details(self) -> str:
        """The crystal in a line."""
        ...


@runtime_checkable
class Coded(Protocol):
    """A finding with a name that does not change."""

    @property
    def code(self) -> str:
        """The name."""
        ...


@runtime_checkable
class PredictedSpectrum(Protocol):
    """What a figure needs of a prediction."""

    @property
    def formula(self) -> str:
        """Chemical formula, the title."""
        ...

    @property
    def as_read(self) -> Crystal | None:
        """The crystal as it was understood, printed below the title."""
        ...

    @property
    def findings(self) -> Sequence[Coded]:
        """What the model was not made for or does not know, printed below the title too."""
        ...

    @property
    def warnings(self) -> Sequence[str]:
        """What one should know before trusting the numbers, printed below the axes."""
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


def plot_spectrum(
    source: PredictedSpectrum | Spectrum, target: str | Path | Axes | None = None
) -> Axes:
    """α²F(ω) with its 68 % interval, and the cumulative λ(ω).

    Parameters
    ----------
    source
        A prediction, whose formula, quantities and warnings are printed as well, or a spectrum,
        with at most one leading axis: the members.
    target
        Axes to draw into, or the file to write; its suffix names the format. A new figure, which
        is not written, if absent: `axes.figure` is it.

    Returns
    -------
    Axes
        The axes of α²F; those of λ(ω) share its frequency axis.

    Raises
    ------
    SpectrumError
        If a failed prediction, or a spectrum with more than one leading axis, is given.

    Notes
    -----
    The band of a prediction is the calibrated one of `superconductivity.spectrum_band`. A spectrum
    without a prediction has the band that holds 68 % of its members.
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
    axes = axes_of(target)
    axes.plot(omega, mean, color=A2F_COLOUR, lw=1.3, label=r"$\alpha^2F(\omega)$")
    top = mean
    if len(members) > 1:
        known = None if isinstance(source, Spectrum) else source.estimates.get("coupling")
        if known is None:
            low, top = np.quantile(members, [0.16, 0.84], axis=0)
        else:
            low, top = spectrum_band(spectrum, known.interval_68)
        label = "68 % of members" if known is None else "68 % interval"
        axes.fill_between(omega, low, top, color=A2F_COLOUR, alpha=0.22, lw=0, label=label)
    _frame(axes, omega, np.maximum(mean, top))
    right = _draw_coupling(axes, spectrum, mean)
    if float(mean.min()) < 0.0:
        _show_negative(axes, right)
    if not isinstance(source, Spectrum):
        _print_quantities(axes, source)
        if not isinstance(target, Axes):
            make_room(axes, len(_warning_lines(source)))
    save(axes, target)
    return axes


def plot_sites(source: PredictedSpectrum, target: str | Path | Axes | None = None) -> Axes:
    """Contributions of the sites to α²F(ω), stacked, one colour per element.

    Parameters
    ----------
    source
        A prediction that holds its sites' contributions.
    target
        As for `plot_spectrum`.

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
    axes = axes_of(target)
    floor = np.zeros_like(omega)
    for index, element in enumerate(dict.fromkeys(source.symbols)):
        chosen = sites[[symbol == element for symbol in source.symbols]]
        share = float(coupling_constant(omega, chosen.sum(axis=0), spectrum.rule))
        name = element if len(chosen) == 1 else f"{element} ({len(chosen)} sites)"
        label = rf"{name}: $\lambda$ = {share:.2f}"
        for site in chosen:
            colour = COLOURS[index % len(COLOURS)]
            axes.fill_between(
                omega, floor, floor + site, facecolor=colour, edgecolor="white", lw=0.4, label=label
            )
            floor, label = floor + site, "_nolegend_"
    axes.plot(omega, floor, color="black", lw=1.0, label="sum")
    _frame(axes, omega, floor)
    _print_title(axes, source)
    if not isinstance(target, Axes):
        make_room(axes, len(_warning_lines(source)))
    handles, labels = axes.get_legend_handles_labels()
    columns = 1 + (len(labels) > 3)
    axes.legend(
        handles, labels, loc="upper left", ncols=columns, frameon=False, fontsize=FONT - 0.5
    )
    save(axes, target)
    return axes


def _spectrum_of(source: PredictedSpectrum) -> Spectrum:
    if source.spectrum is None:
        raise SpectrumError(
            "A prediction that failed cannot be drawn.",
            reason="It holds an error instead of a spectrum.",
            fix="Leave it out, or correct its structure and predict again.",
        )
    return source.spectrum


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
    dress(axes, rf"$\omega$ ({frequency.unit})", r"$\alpha^2F(\omega)$")
    axes.tick_params(right=False)


def _show_negative(*both: Axes) -> None:
    """Extend the axes below zero by the same share, so that their zeros stay together."""
    lowest = [min(float(np.min(line.get_ydata())) for line in one.lines) for one in both]
    tops = [one.get_ylim()[1] for one in both]
    share = max(-1.1 * low / top for low, top in zip(lowest, tops, strict=True))
    for one, top in zip(both, tops, strict=True):
        one.set_ylim(-share * top, top)
    both[0].axhline(0.0, color="black", lw=0.5)


def _draw_coupling(axes: Axes, spectrum: Spectrum, mean: Float[np.ndarray, " n_freq"]) -> Axes:
    cumulative = cumulative_coupling(spectrum.frequencies, mean, spectrum.rule)
    right = axes.twinx()
    right.plot(
        spectrum.frequencies,
        cumulative,
        color=COUPLING_COLOUR,
        lw=1.1,
        ls=(0, (5, 2)),
        label=r"$\lambda(\omega)$",
    )
    total = float(cumulative[-1])
    right.set_ylim(0.0, _HEADROOM * total if total > 0.0 else 1.0)
    right.set_ylabel(r"$\lambda(\omega)$", color=COUPLING_COLOUR, fontsize=FONT + 0.5)
    right.tick_params(direction="in", labelsize=FONT, colors=COUPLING_COLOUR)
    right.spines["right"].set_color(COUPLING_COLOUR)
    curves = [*axes.get_legend_handles_labels()[0], *right.get_legend_handles_labels()[0]]
    right.legend(handles=curves, loc="upper right", frameon=False, fontsize=FONT - 0.5)
    return right


def _print_title(axes: Axes, source: PredictedSpectrum) -> None:
    """Formula, in small letters what was read and found, and below the axes the warnings."""
    read = "" if source.as_read is None else source.as_read.details
    found = ", ".join(finding.code.replace("_", " ") for finding in source.findings)
    above = [line for line in (read, found) if line]
    axes.set_title(typeset(source.formula), fontsize=FONT + 1.5, pad=4.0 + 9.0 * len(above))
    axes.text(
        0.5,
        1.015,
        "\n".join(above),
        transform=axes.transAxes,
        ha="center",
        va="bottom",
        fontsize=SMALL_FONT,
    )
    if lines := _warning_lines(source):
        axes.annotate(
            "\n".join(lines),
            xy=(-0.1, 0.0),
            xycoords="axes fraction",
            xytext=(0.0, -_BELOW_LABEL),
            textcoords="offset points",
            ha="left",
            va="top",
            color=COUPLING_COLOUR,
            fontsize=SMALL_FONT,
            linespacing=LINE_SPACING,
        )


def _warning_lines(source: PredictedSpectrum) -> list[str]:
    return [
        line
        for warning in source.warnings
        for line in wrap(f"! {warning}", _LETTERS, subsequent_indent="   ")
    ]


def _print_quantities(axes: Axes, source: PredictedSpectrum) -> None:
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
        fontsize=FONT,
        linespacing=1.45,
    )
    _print_title(axes, source)
