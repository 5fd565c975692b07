"""Fig. 4: parity of the variants, the best and the worst α²F, and the error by element."""

# pyright: reportUnknownMemberType=false
# (matplotlib leaves the keyword arguments of its methods untyped)

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from betenet.evaluation.element_errors import mean_by_element, normalised_errors
from betenet.evaluation.figures import MATH
from betenet.evaluation.metrics import mae, r2, rmse
from betenet.evaluation.periodic_table import FEWEST, draw_elements
from betenet.paper.data import JUDGED, PaperData
from betenet.paper.report_part import Drawn, Numbers, Part
from betenet.paper.variant import Variant
from betenet.plotting.canvas import A2F_COLOUR, COLOURS, FONT, dress, typeset
from betenet.quantities import QUANTITIES

SHOWN = 6
"""Materials shown as the best, and as the worst."""

_COLUMNS = 3
_VARIANT_COLOURS = (COLOURS[0], COLOURS[1], COLOURS[2], COLOURS[3], COLOURS[6])
_STYLES = ("-", "--", "-.", ":", "-")


def variants_figure(data: PaperData, networks: Sequence[Variant]) -> Part:
    """Parity, spectra and errors by element of the networks on the test rows.

    Parameters
    ----------
    data
        The database.
    networks
        Variants with spectra, one or more.
    """
    reference = {key: data.reference[key][data.test] for key in JUDGED}
    delta = common_errors(reference, networks)
    mean = _mean_of_known(delta)
    elements = [one for one, tested in zip(data.elements, data.test, strict=True) if tested]
    by_element = mean_by_element(elements, mean)
    figures = [_parity(reference, networks), *_spectra(data, networks, mean)]
    figures.append(_elements(by_element))
    names = ", ".join(one.name for one in networks)
    text = (
        f"Test rows, predicted by {names}. Δ̄ of a material: |Δλ|, |Δω_log| and |Δω_2|, each scaled "
        "so that the smallest error of all variants together is 0 and the greatest 1, averaged "
        "over the three and over the variants."
    )
    return Part(
        title="Figure 4: the variants on the test set",
        text=text,
        figures=tuple(figures),
        numbers=tuple(_numbers(data, networks, delta, mean, elements)),
    )


def common_errors(
    reference: dict[str, Float[np.ndarray, " row"]], networks: Sequence[Variant]
) -> Float[np.ndarray, "variant row"]:
    """Δ of each variant and row, on one scale: variants can be compared [1]."""
    errors = {
        key: np.concatenate([one.predicted[key] - reference[key] for one in networks])
        for key in reference
    }
    return normalised_errors(errors).reshape(len(networks), -1)


def _mean_of_known(delta: Float[np.ndarray, "variant row"]) -> Float[np.ndarray, " row"]:
    known = np.isfinite(delta)
    count = known.sum(axis=0)
    total = np.where(known, delta, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _parity(reference: dict[str, np.ndarray], networks: Sequence[Variant]) -> Drawn:
    figure = Figure(figsize=(7.4, 2.5 * len(networks)), layout="constrained")
    panels = figure.subplots(len(networks), len(JUDGED), squeeze=False)
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    said: list[str] = []
    for row, variant in zip(panels, networks, strict=True):
        for axes, key in zip(row, JUDGED, strict=True):
            known = np.isfinite(reference[key]) & np.isfinite(variant.predicted[key])
            pair = reference[key][known], variant.predicted[key][known]
            _parity_panel(axes, key, pair)
            name = next(letters, "")
            axes.set_title(f"({name}) {variant.name}", fontsize=FONT + 0.5, loc="left")
            if known.any():
                said.append(f"{variant.name} {QUANTITIES[key].symbol} MAE {mae(*pair):.3g}")
    return Drawn(
        name="figure_4a-i",
        figure=figure,
        text=f"Predicted against calculated values. {'; '.join(said)}.",
        caption="(a–i) Predicted against calculated λ, ω_log and ω_2",
    )


def _parity_panel(axes: Axes, key: str, pair: tuple[np.ndarray, np.ndarray]) -> None:
    ending = "" if QUANTITIES[key].export_unit == "1" else " (K)"
    top = 1.05 * max([1e-9, *(float(values.max()) for values in pair if values.size)])
    axes.plot([0.0, top], [0.0, top], color="#555555", lw=0.8, zorder=0)
    axes.plot(*pair, "o", ms=2.6, mew=0.0, alpha=0.6, color=A2F_COLOUR)
    axes.set_xlim(0.0, top)
    axes.set_ylim(0.0, top)
    axes.set_aspect("equal")
    if pair[0].size > 1 and np.ptp(pair[0]) > 0.0:
        unit = "" if key == "coupling" else " K"
        axes.text(
            *(0.04, 0.96),
            f"R² {r2(*pair):.2f}\nMAE {mae(*pair):.3g}{unit}\nRMSE {rmse(*pair):.3g}{unit}",
            transform=axes.transAxes,
            ha="left",
            va="top",
            fontsize=FONT - 0.5,
        )
    dress(axes, f"calculated {MATH[key]}{ending}", f"predicted {MATH[key]}{ending}")


def _spectra(data: PaperData, networks: Sequence[Variant], mean: np.ndarray) -> list[Drawn]:
    order = np.argsort(mean)
    order = order[np.isfinite(mean[order])]
    shown = min(SHOWN, len(order) // 2)
    drawn: list[Drawn] = []
    for letter, word, rows in (
        ("j", "best", order[:shown]),
        ("k", "worst", order[::-1][:shown]),
    ):
        if shown:
            drawn.append(_spectrum_panels(data, networks, mean, rows.tolist(), letter, word))
    return drawn


def _spectrum_panels(
    data: PaperData,
    networks: Sequence[Variant],
    mean: np.ndarray,
    rows: list[int],
    letter: str,
    word: str,
) -> Drawn:
    lines = -(-len(rows) // _COLUMNS)
    figure = Figure(figsize=(7.4, 1.9 * lines + 0.4), layout="constrained")
    panels = figure.subplots(lines, _COLUMNS, squeeze=False)
    tested = np.flatnonzero(data.test).tolist()
    handles: list[Any] = []
    names: list[str] = []
    for axes, row in zip(panels.flat, rows, strict=False):
        index = tested[row]
        handles = _draw_spectra(axes, data, networks, index, row)
        names.append(f"{data.formulas[index]} {mean[row]:.2f}")
        named = f"{typeset(data.formulas[index])} ({data.ids[index]})"
        axes.set_title(rf"{named}, $\overline{{\Delta}}$ = {mean[row]:.2f}", fontsize=FONT)
    for axes in panels.flat[len(rows) :]:
        axes.set_axis_off()
    for axes in panels[:, 0]:
        axes.set_ylabel(r"$\alpha^2F(\omega)$", fontsize=FONT + 0.5)
    for axes in panels[-1]:
        axes.set_xlabel(r"$\omega$ (meV)", fontsize=FONT + 0.5)
    figure.legend(
        handles=handles, loc="outside upper center", ncols=8, frameon=False, fontsize=FONT
    )
    return Drawn(
        name=f"figure_4{letter}",
        figure=figure,
        text=f"α²F of the {word} materials by Δ̄: {', '.join(names)}.",
        caption=f"({letter}) α²F of the {len(rows)} {word} materials",
    )


def _draw_spectra(
    axes: Axes, data: PaperData, networks: Sequence[Variant], index: int, row: int
) -> list[Any]:
    known = data.dataset.entries[index].row.spectrum
    assert known is not None
    curves = [(*known, "#222222", "calculated", "-")]
    for number, one in enumerate(networks):
        assert one.frequencies is not None
        assert one.a2f is not None
        colour = _VARIANT_COLOURS[number % len(_VARIANT_COLOURS)]
        curves.append(
            (one.frequencies, one.a2f[row], colour, one.name, _STYLES[number % len(_STYLES)])
        )
    handles = [
        axes.plot(omega, a2f, color=colour, lw=1.2, ls=style, label=name)[0]
        for omega, a2f, colour, name, style in curves
    ]
    peak = max(float(np.nanmax(a2f)) for _, a2f, *_ in curves)
    ends = [omega[a2f > 0.02 * peak][-1] for omega, a2f, *_ in curves if (a2f > 0.02 * peak).any()]
    axes.set_xlim(0.0, 1.08 * float(max(ends)))
    axes.set_ylim(0.0, 1.12 * peak)
    dress(axes, "", "")
    return handles


def _elements(by_element: dict[str, tuple[int, float]]) -> Drawn:
    counted = [(value, name) for name, (count, value) in by_element.items() if count >= FEWEST]
    text = "Periodic table with the mean error Δ̄ of the materials that hold each element."
    if counted:
        (low, best), (high, worst) = min(counted), max(counted)
        text += f" Least for {best}, {low:.2f}; greatest for {worst}, {high:.2f}."
    return Drawn(
        name="figure_4l",
        figure=draw_elements(by_element, r"mean $\overline{\Delta}$"),
        text=text,
        caption=(
            f"(l) Mean Δ̄ of the materials that hold an element; not coloured: fewer than {FEWEST}"
        ),
    )


def _numbers(
    data: PaperData,
    networks: Sequence[Variant],
    delta: np.ndarray,
    mean: np.ndarray,
    elements: list[frozenset[str]],
) -> list[Numbers]:
    tested = np.flatnonzero(data.test).tolist()
    errors: dict[str, Any] = {
        "id": [data.ids[row] for row in tested],
        "formula": [data.formulas[row] for row in tested],
        "delta_mean": mean,
    }
    errors |= {f"delta_{one.name}": values for one, values in zip(networks, delta, strict=True)}
    by_element = mean_by_element(elements, mean)
    parts = [mean_by_element(elements, values) for values in delta]
    table: dict[str, Any] = {
        "element": list(by_element),
        "materials": [count for count, _ in by_element.values()],
        "delta_mean": [value for _, value in by_element.values()],
    }
    for one, found in zip(networks, parts, strict=True):
        table[f"delta_{one.name}"] = [found.get(e, (0, float("nan")))[1] for e in by_element]
    return [
        Numbers(name="figure_4_errors", columns=errors),
        Numbers(name="figure_4_elements", columns=table),
        _spectrum_numbers(data, networks, tested),
    ]


def _spectrum_numbers(data: PaperData, networks: Sequence[Variant], tested: list[int]) -> Numbers:
    """α²F of every test row: a line for each curve and frequency."""
    lines: list[tuple[str, str, float, float]] = []
    for row, index in enumerate(tested):
        known = data.dataset.entries[index].row.spectrum
        assert known is not None
        curves = [("calculated", *known)]
        curves += [
            (one.name, one.frequencies, one.a2f[row])
            for one in networks
            if one.frequencies is not None and one.a2f is not None
        ]
        lines += [
            (data.ids[index], name, float(omega), float(value))
            for name, grid, values in curves
            for omega, value in zip(grid, values, strict=True)
        ]
    names = ("id", "curve", "frequency_mev", "a2f")
    return Numbers.of_rows("figure_4_spectra", names, lines)
