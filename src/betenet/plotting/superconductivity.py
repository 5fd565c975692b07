"""Figures of what is computed from α²F: Tc, smearings, gap and critical field, resistivity."""

# pyright: reportUnknownMemberType=false
# (matplotlib leaves the keyword arguments of its methods untyped)

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from betenet.errors import SpectrumError
from betenet.plotting.canvas import (
    A2F_COLOUR,
    COLOURS,
    COUPLING_COLOUR,
    FIGURE_SIZE,
    FONT,
    axes_of,
    dress,
    save,
    save_figure,
    typeset,
)
from betenet.plotting.spectrum import plot_spectrum
from betenet.quantities import QUANTITIES
from betenet.spectrum import Spectrum
from betenet.superconductivity.comparison import MethodResult
from betenet.superconductivity.critical_temperature import DEFAULT_METHOD, ELIASHBERG, FORMULAS
from betenet.superconductivity.eliashberg.state import SuperconductingState
from betenet.superconductivity.resistivity import Resistivity

_REFERENCE = "#9a9a9a"
_TC_COLOURS = {DEFAULT_METHOD: COLOURS[1], ELIASHBERG: COLOURS[2]}
_OTHER_COLOURS = (COLOURS[0], COLOURS[4], COLOURS[1], COLOURS[3], COLOURS[5])
_DASHES = ("-", (0, (5, 2)), "-", (0, (1, 1)), (0, (3, 1, 1, 1)))
_SHOWN_GAPS = 3.0
_HIGHEST_DOS = 5.0
_BCS_DEVIATION = -0.037  # the minimum at weak coupling


@runtime_checkable
class AnalysedSpectrum(Protocol):
    """What a figure needs of an analysis of a spectrum."""

    @property
    def spectrum(self) -> Spectrum | None:
        """α²F without leading axes; None if only its moments are known."""
        ...

    @property
    def quantities(self) -> Mapping[str, float]:
        """λ [1] and moments [meV] by key."""
        ...

    @property
    def mu_star(self) -> float:
        """μ* of Tc [1]."""
        ...

    @property
    def methods(self) -> Sequence[MethodResult]:
        """Tc by each method."""
        ...

    @property
    def best(self) -> MethodResult:
        """Tc to quote."""
        ...

    def method(self, name: str, /) -> MethodResult | None:
        """Tc by one method; None if it was not asked for."""
        ...


def plot_analysis(
    analysis: AnalysedSpectrum, target: str | Path | Axes | None = None, *, title: str = ""
) -> Axes:
    """α²F(ω) and λ(ω), with λ, ω_log and Tc printed.

    Parameters
    ----------
    analysis
        Analysis of one spectrum.
    target
        Axes to draw into, or the file to write; its suffix names the format. A new figure, which is
        not written, if absent.
    title
        Above the figure.

    Raises
    ------
    SpectrumError
        If only moments were analysed.
    """
    if analysis.spectrum is None:
        raise SpectrumError(
            "An analysis of moments alone has no spectrum to draw.", fix="Analyse α²F(ω) itself."
        )
    axes = plot_spectrum(analysis.spectrum, axes_of(target))
    best, unit = analysis.best, QUANTITIES["omega_log"]
    omega_log = analysis.quantities["omega_log"] * unit.export_factor
    lines = [rf"$\lambda$ = {analysis.quantities['coupling']:.3f}"]
    if np.isfinite(omega_log):
        lines.append(rf"$\omega_{{\mathrm{{log}}}}$ = {omega_log:.1f} {unit.export_unit}")
    if best.tc is not None:
        mu_star = analysis.mu_star
        lines.append(rf"$T_{{\mathrm{{c}}}}$ = {best.tc:.4g} K  ($\mu^*$ = {mu_star:g})")
        lines.append(best.method)
    _head(axes, title)
    _print(axes, "\n".join(lines))
    save(axes, target)
    return axes


def plot_smearings(
    smearings: Float[np.ndarray, " smearing"],
    analyses: Sequence[AnalysedSpectrum],
    target: str | Path | Axes | None = None,
    *,
    label: str = "smearing",
    title: str = "",
) -> Axes:
    """How λ and Tc move with the smearing.

    Parameters
    ----------
    smearings
        Values along the axis.
    analyses
        One for each.
    target, title
        As for :func:`plot_analysis`.
    label
        What the values are, with their unit.

    Returns
    -------
    Axes
        The axes of λ; those of Tc share its horizontal axis.
    """
    axes = axes_of(target)
    coupling = [analysis.quantities["coupling"] for analysis in analyses]
    axes.plot(smearings, coupling, "o-", ms=3.0, lw=1.1, color=A2F_COLOUR, label=r"$\lambda$")
    dress(axes, label, r"$\lambda$")
    axes.tick_params(right=False)
    right = axes.twinx()
    asked = [row.method for row in analyses[0].methods]
    for method in [name for name in _TC_COLOURS if name in asked] or asked[:1]:
        rows = [analysis.method(method) for analysis in analyses]
        tc = [np.nan if row is None or row.tc is None else row.tc for row in rows]
        colour = _TC_COLOURS.get(method, COUPLING_COLOUR)
        right.plot(smearings, tc, "s--", ms=2.8, lw=1.0, color=colour, label=_tc_label(method))
    right.set_ylabel(r"$T_{\mathrm{c}}$ (K)", fontsize=FONT + 0.5)
    right.tick_params(direction="in", labelsize=FONT)
    for one in (axes, right):
        one.set_ylim(0.0, 1.35 * max(one.get_ylim()[1], 1e-9))
    curves = [*axes.get_legend_handles_labels()[0], *right.get_legend_handles_labels()[0]]
    right.legend(handles=curves, loc="upper right", frameon=False, fontsize=FONT - 0.5, ncols=3)
    _head(axes, title)
    save(axes, target)
    return axes


def plot_state(
    state: SuperconductingState, path: str | Path | None = None, *, title: str = ""
) -> Figure:
    """Gap against temperature, density of states, and deviation of the critical field.

    Parameters
    ----------
    state
        Solution for one spectrum that is superconducting.
    path
        File to write; its suffix names the format. None writes none.
    title
        Above the figure.

    Returns
    -------
    Figure
        Three panels; grey lines are the behaviour at weak coupling (BCS). Where the gap has no
        edge, the gap function at the lowest Matsubara frequency stands for it, with an open symbol.

    Raises
    ------
    SpectrumError
        If there is no superconducting state.
    """
    if not state.temperatures.size:
        raise SpectrumError(
            "There is no superconducting state to draw.",
            reason="The spectrum has no transition.",
            fix="Look at the status of its Tc.",
        )
    figure = Figure(figsize=(2.4 * FIGURE_SIZE[0], 0.95 * FIGURE_SIZE[1]), layout="constrained")
    first, second, third = figure.subplots(1, 3)
    _draw_gap(first, state)
    _draw_dos(second, state)
    _draw_deviation(third, state)
    if title:
        figure.suptitle(typeset_title(title), fontsize=FONT + 1.5)
    save_figure(figure, path)
    return figure


def plot_resistivity(
    found: Resistivity, target: str | Path | Axes | None = None, *, title: str = ""
) -> Axes:
    """ρ(T) of one spectrum.

    Parameters
    ----------
    found
        Without leading axes.
    target, title
        As for :func:`plot_analysis`.
    """
    axes = axes_of(target)
    _head(axes, title)
    axes.plot(found.temperatures, found.resistivity, color=A2F_COLOUR, lw=1.3)
    dress(axes, r"$T$ (K)", r"$\rho$ ($\mu\Omega$ cm)")
    axes.set_xlim(0.0, float(found.temperatures[-1]))
    axes.set_ylim(0.0, 1.25 * float(np.max(found.resistivity)) or 1.0)
    default = " (default)" if found.plasma_energy_is_default else ""
    lines = [rf"$\hbar\omega_{{\mathrm{{p}}}}$ = {found.plasma_energy:g} eV{default}"]
    if found.approximation:
        lines.append(r"$\alpha^2_{\mathrm{tr}}F \approx \alpha^2F$")
    _print(axes, "\n".join(lines))
    save(axes, target)
    return axes


def plot_mu_star(
    band: Sequence[AnalysedSpectrum], target: str | Path | Axes | None = None, *, title: str = ""
) -> Axes:
    """Tc by each method over a band of μ*.

    Parameters
    ----------
    band
        One analysis for each μ*, as of
        :func:`~betenet.analysis.mu_star_band.analyse_mu_star_band`.
    target, title
        As for :func:`plot_analysis`.

    Raises
    ------
    SpectrumError
        If no method has a Tc.
    """
    known = [i for i, row in enumerate(band[0].methods) if row.tc is not None] if band else []
    if not known:
        raise SpectrumError(
            "There is no Tc over μ* to draw.",
            fix="Give at least one μ*, and what a method needs: α²F, or λ and ω_log.",
        )
    axes = axes_of(target)
    mu_star = [found.mu_star for found in band]
    for place in known:
        method = band[0].methods[place].method
        tc = [found.methods[place].tc for found in band]
        axes.plot(
            mu_star, np.array(tc, dtype=float), label=method.replace("_", "-"), **_style(method)
        )
    dress(axes, r"$\mu^*$", r"$T_{\mathrm{c}}$ (K)")
    axes.set_xlim(mu_star[0], mu_star[-1])
    axes.set_ylim(0.0, 1.08 * max(axes.get_ylim()[1], 1e-9))
    axes.legend(frameon=False, fontsize=FONT - 0.5, loc="best")
    _head(axes, title)
    save(axes, target)
    return axes


def _draw_gap(axes: Axes, state: SuperconductingState) -> None:
    tc = float(state.transition.tc)
    reduced = np.linspace(1e-3, 1.0, 300)
    axes.plot(
        reduced * tc,
        state.gap * np.tanh(1.74 * np.sqrt(1.0 / reduced - 1.0)),
        color=_REFERENCE,
        lw=0.9,
        label=r"BCS with $\Delta_0$",
    )
    good = [status.is_good for status in state.gap_statuses]
    axes.plot(
        [*state.temperatures, tc],
        [*(solution.gap[0] for solution in state.solutions), 0.0],
        color=COUPLING_COLOUR,
        lw=1.0,
        ls=(0, (5, 2)),
        label="lowest Matsubara\nfrequency",
    )
    axes.plot([*state.temperatures, tc], [*state.gaps, 0.0], lw=1.1, color=A2F_COLOUR)
    for chosen, filling, label in (
        (np.array(good), A2F_COLOUR, "gap edge"),
        (~np.array(good), "white", "no edge there"),
    ):
        if np.any(chosen):
            axes.plot(
                state.temperatures[chosen],
                state.gaps[chosen],
                "o",
                ms=3.2,
                color=A2F_COLOUR,
                mfc=filling,
                label=label,
            )
    dress(axes, r"$T$ (K)", r"$\Delta$ (meV)")
    axes.set_xlim(0.0, 1.05 * tc)
    axes.set_ylim(0.0, 1.25 * max(state.gap, float(np.max(state.gaps))))
    axes.legend(frameon=False, fontsize=FONT - 0.5, loc="lower left")
    _print(
        axes,
        rf"$\Delta_0$ = {state.gap:.3g} meV,  $2\Delta_0/k_{{\mathrm{{B}}}}T_{{\mathrm{{c}}}}$ = "
        rf"{state.gap_ratio:.2f}",
    )


def _draw_dos(axes: Axes, state: SuperconductingState) -> None:
    dress(axes, r"$\omega$ (meV)", r"$N(\omega)/N(0)$")
    if not state.dos_energies.size:
        axes.text(0.5, 0.5, "not available", transform=axes.transAxes, ha="center", fontsize=FONT)
        return
    axes.plot(state.dos_energies, state.dos, color=A2F_COLOUR, lw=1.3, label="Eliashberg")
    above = state.gap * np.linspace(1.0002, _SHOWN_GAPS, 2000)
    bcs = above / np.sqrt(above**2 - state.gap**2)
    # on top, or it would be hidden: the two nearly agree
    axes.plot(
        above, bcs, color=_REFERENCE, lw=0.9, ls=(0, (3, 2)), label=r"BCS with $\Delta_0$", zorder=3
    )
    axes.axhline(1.0, color=_REFERENCE, lw=0.6, ls=":")
    axes.set_xlim(0.0, _SHOWN_GAPS * state.gap)
    axes.set_ylim(0.0, _HIGHEST_DOS)
    axes.legend(frameon=False, fontsize=FONT - 0.5, loc="upper right")


def _draw_deviation(axes: Axes, state: SuperconductingState) -> None:
    squared = (state.temperatures / float(state.transition.tc)) ** 2
    axes.axhline(0.0, color=_REFERENCE, lw=0.6, ls=":")
    axes.plot(
        [0.0, *squared, 1.0], [0.0, *state.deviation, 0.0], "o-", ms=3.0, lw=1.1, color=A2F_COLOUR
    )
    axes.axhline(_BCS_DEVIATION, color=_REFERENCE, lw=0.9, ls=(0, (3, 2)))
    axes.text(
        0.97, _BCS_DEVIATION, "BCS, lowest", ha="right", va="bottom", color="#6e6e6e", fontsize=FONT
    )
    dress(
        axes,
        r"$(T/T_{\mathrm{c}})^2$",
        r"$H_{\mathrm{c}}(T)/H_{\mathrm{c}}(0) - [1 - (T/T_{\mathrm{c}})^2]$",
    )
    axes.set_xlim(0.0, 1.0)
    low, high = float(np.min(state.deviation)), float(np.max(state.deviation))
    axes.set_ylim(min(1.4 * low, -0.045), max(1.4 * high, 0.02))
    _print(
        axes, rf"$\Delta C/\gamma T_{{\mathrm{{c}}}}$ = {state.specific_heat_jump:.2f} (BCS 1.43)"
    )


def _style(method: str) -> dict[str, Any]:
    """Line of a method: the equations stand out, and each has its colour in every figure."""
    if method == ELIASHBERG:
        return {"color": _TC_COLOURS[method], "marker": "o", "ms": 3.2, "lw": 1.6, "zorder": 3}
    place = list(FORMULAS).index(method)
    colour = _TC_COLOURS.get(method, _OTHER_COLOURS[place % len(_OTHER_COLOURS)])
    return {"color": colour, "lw": 1.1, "ls": _DASHES[place % len(_DASHES)]}


def _head(axes: Axes, title: str) -> None:
    if title:
        axes.set_title(typeset_title(title), fontsize=FONT + 1.5)


def typeset_title(title: str) -> str:
    """A title whose first word, where it is a formula, has its numbers as subscripts."""
    match = re.match(r"(?:[A-Z][a-z]?\d*)+(?=$|[\s,])", title)
    return title if match is None else typeset(match.group()) + title[match.end() :]


def _tc_label(method: str) -> str:
    return rf"$T_{{\mathrm{{c}}}}$ {method.replace('_', '-')}"


def _print(axes: Axes, text: str) -> None:
    axes.text(
        0.03, 0.96, text, transform=axes.transAxes, ha="left", va="top", fontsize=FONT,
        linespacing=1.45,
    )  # fmt: skip
