"""Fig. 3: loss over the epochs, landscapes around the weights, and parity, region by region."""

# pyright: reportUnknownMemberType=false
# (matplotlib leaves the keyword arguments of its methods untyped)

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatterSciNotation

from betenet.evaluation.compare import Values
from betenet.evaluation.figures import MATH
from betenet.evaluation.metrics import mae, r2
from betenet.paper.learning import SPAN, Learning
from betenet.paper.report_part import Drawn, Numbers, Part
from betenet.plotting.canvas import COLOURS, FONT, dress
from betenet.quantities import QUANTITIES
from betenet.training.loss_landscape import LossLandscape

SMOOTHING = 51
"""Records over which the running median of a curve is taken at most."""

_NARROW = 12.0
"""Ratio of the epochs of two extrema below which their labels stand on two lines."""

TRAIN_COLOUR, VALIDATION_COLOUR = "#2f6fae", "#e07b1f"
_WHEN = {"classical": "first minimum", "critical": "maximum", "modern": "second minimum"}


def learning_figure(found: Learning) -> Part:
    """Curves, landscapes and parity of one member, as far as they are known."""
    epochs = ", ".join(f"{name} {int(one['epoch'])}" for name, one in found.extrema.items())
    text = (
        f"Member {found.member} of {found.members} that have begun. Extrema of the validation loss "
        f"in the three regions, by epoch: {epochs or 'none yet'}. The lines are running medians "
        "over a fifth of the epochs around, the bands behind them the losses themselves."
    )
    figures = [
        Drawn(
            name="figure_3a",
            figure=draw_curves(found),
            text=f"Training and validation loss over the epochs. {epochs}",
            caption="(a) Loss over the epochs",
        )
    ]
    if found.landscapes:
        figures.append(
            Drawn(
                name="figure_3a_landscapes",
                figure=draw_landscapes(found.landscapes),
                text="Training loss on a plane through the weights of each region.",
                caption=(
                    "Insets of (a): training loss on a plane through the weights, in two "
                    "filter-normalised directions; 1 is the length of the weights"
                ),
            )
        )
    if found.predicted:
        figures.append(
            Drawn(
                name="figure_3b-g",
                figure=draw_region_parity(found),
                text=_parity_text(found),
                caption="(b–g) Predicted against calculated values of the validation rows",
            )
        )
    return Part(
        title="Figure 3: the double descent of one member",
        text=text,
        figures=tuple(figures),
        numbers=tuple(_numbers(found)),
        left_out=found.left_out,
    )


def draw_curves(found: Learning) -> Figure:
    """Validation loss above the training loss over the epochs, with the extrema of the regions."""
    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    panels = figure.subplots(2, 1, sharex=True)
    epochs = found.curve.epochs + 1
    for axes, values, colour, name in (
        (panels[0], found.curve.validation, VALIDATION_COLOUR, "validation"),
        (panels[1], found.curve.train, TRAIN_COLOUR, "training"),
    ):
        axes.loglog(epochs, values, lw=2.2, color=colour, alpha=0.3)
        axes.loglog(epochs, smoothed(values), lw=1.3, color=colour)
        dress(axes, "", f"{name} loss")
        for one in found.extrema.values():
            axes.axvline(one["epoch"] + 1.0, color="#777777", lw=0.7, ls=":", zorder=0)
            loss = one[f"{'train' if name == 'training' else name}_loss"]
            axes.plot(one["epoch"] + 1.0, loss, "o", ms=4.5, mfc="white", mec="black", zorder=4)
    _plain_ticks(panels[0])
    panels[0].set_ylim(0.85 * found.curve.validation.min(), 1.6 * found.curve.validation.max())
    panels[1].set_xlim(0.8, 1.6 * float(epochs[-1]))
    panels[1].set_xlabel("epoch", fontsize=FONT + 0.5)
    _name_regions(panels[0], found)
    return figure


def _plain_ticks(axes: Axes) -> None:
    """A logarithmic axis of less than a decade or two says its numbers at more than the decades."""
    axes.yaxis.set_minor_formatter(LogFormatterSciNotation(minor_thresholds=(2.0, 0.5)))
    axes.tick_params(which="both", direction="in", labelsize=FONT - 0.5, right=True)


def _name_regions(axes: Axes, found: Learning) -> None:
    previous, line = 0.0, 0
    for region, one in found.extrema.items():
        epoch = one["epoch"] + 1.0
        line = line + 1 if epoch < _NARROW * previous else 0  # the labels would overlap
        axes.annotate(
            f"{region}, {_WHEN[region]}",
            (epoch, 1.0),
            xycoords=axes.get_xaxis_transform(),
            xytext=(-4, -4 - 10 * line),
            textcoords="offset points",
            ha="right",
            va="top",
            fontsize=FONT,
        )
        previous = epoch


def smoothed(values: Float[np.ndarray, " record"]) -> Float[np.ndarray, " record"]:
    """Running median over a tenth of the records before each, and as many after it.

    The window grows with the epoch as the axis of a logarithmic figure does, up to `SMOOTHING`.

    Examples
    --------
    >>> noisy = np.where(np.arange(40) % 7 == 6, 9.0, 1.0)
    >>> smoothed(noisy)[[6, 20, 34]].tolist()
    [9.0, 1.0, 1.0]
    """
    medians: list[float] = []
    for place in range(len(values)):
        reach = min(SMOOTHING // 2, place // 10, len(values) - 1 - place)
        medians.append(float(np.median(values[place - reach : place + reach + 1])))
    return np.array(medians)


def draw_landscapes(landscapes: Mapping[str, LossLandscape]) -> Figure:
    """A surface for each region, all with one scale."""
    figure = Figure(figsize=(2.9 * len(landscapes), 3.0))
    figure.subplots_adjust(left=0.0, right=0.96, bottom=0.12, top=0.9, wspace=0.08)
    values = np.array([np.log10(plane.train) for plane in landscapes.values()])
    low, high = float(values.min()), float(values.max())
    for number, (region, plane) in enumerate(landscapes.items()):
        axes: Any = figure.add_subplot(1, len(landscapes), number + 1, projection="3d")
        alpha, beta = np.meshgrid(plane.alpha, plane.beta)
        axes.plot_surface(
            *(alpha, beta, values[number]),
            cmap="viridis",
            vmin=low,
            vmax=high,
            linewidth=0.0,
            rcount=60,
            ccount=60,
        )
        middle = values[number][len(plane.beta) // 2, len(plane.alpha) // 2]
        axes.plot([0.0], [0.0], [middle], "o", ms=4.0, color="#c0392b", zorder=9)
        axes.set_zlim(low, high)
        axes.set_title(f"{region}, loss {10.0**middle:.1e} at the weights", fontsize=FONT)
        axes.set_xlabel("direction 1", fontsize=FONT - 1.0, labelpad=-8)
        axes.set_ylabel("direction 2", fontsize=FONT - 1.0, labelpad=-8)
        axes.set_xticks([-SPAN, 0.0, SPAN])
        axes.set_yticks([-SPAN, 0.0, SPAN])
        axes.tick_params(labelsize=FONT - 1.5, pad=-3)
    figure.text(0.5, 0.02, "height: log$_{10}$ of the training loss", fontsize=FONT, ha="center")
    return figure


def draw_region_parity(found: Learning) -> Figure:
    """A row for each region: λ at the left, ω_log and ω_2 at the right."""
    figure = Figure(figsize=(6.2, 2.9 * len(found.predicted)), layout="constrained")
    panels = figure.subplots(len(found.predicted), 2, squeeze=False)
    letters = iter("bcdefg")
    for row, (region, predicted) in zip(panels, found.predicted.items(), strict=True):
        for axes, keys in zip(row, (("coupling",), ("omega_log", "omega_2")), strict=True):
            _parity(axes, found, predicted, keys)
            axes.set_title(f"({next(letters)}) {region}", fontsize=FONT + 0.5, loc="left")
    return figure


def _parity(axes: Axes, found: Learning, predicted: Values, keys: tuple[str, ...]) -> None:
    top = 0.0
    for number, key in enumerate(keys):
        pair = found.calculated[key], predicted[key]
        top = max(top, *(float(values.max()) for values in pair))
        unit = QUANTITIES[key].export_unit
        ending = "" if unit == "1" else f" {unit}"
        axes.plot(
            *pair,
            "o",
            ms=2.6,
            mew=0.0,
            alpha=0.6,
            color=(COLOURS[0], COLOURS[6])[number],
            label=f"{MATH[key]}: R² {r2(*pair):.2f}, MAE {mae(*pair):.2g}{ending}",
        )
    top = 1.05 * max(top, 1e-9)
    axes.plot([0.0, top], [0.0, top], color="#555555", lw=0.8, zorder=0)
    axes.set_xlim(0.0, top)
    axes.set_ylim(0.0, top)
    axes.set_aspect("equal")
    names, unit = ", ".join(MATH[key] for key in keys), "" if keys[0] == "coupling" else " (K)"
    dress(axes, f"calculated {names}{unit}", f"predicted {names}{unit}")
    axes.legend(loc="upper left", frameon=False, fontsize=FONT - 0.5, handletextpad=0.1)


def _parity_text(found: Learning) -> str:
    said = (
        f"{region}: "
        + ", ".join(
            f"R² of {QUANTITIES[key].symbol} {r2(found.calculated[key], values[key]):.2f}"
            for key in found.calculated
        )
        for region, values in found.predicted.items()
    )
    return f"Predicted against calculated values of {len(found.ids)} rows. {'; '.join(said)}."


def _numbers(found: Learning) -> list[Numbers]:
    columns: dict[str, Any] = {
        "epoch": found.curve.epochs,
        "train_loss": found.curve.train,
        "validation_loss": found.curve.validation,
    }
    tables = [Numbers(name="figure_3_curves", columns=columns)]
    regions = {
        "region": list(found.extrema),
        **{
            name: [one[name] for one in found.extrema.values()]
            for name in ("epoch", "train_loss", "validation_loss")
        },
    }
    tables.append(Numbers(name="figure_3_regions", columns=regions))
    if found.landscapes:
        tables.append(_landscape_numbers(found))
    if found.predicted:
        tables.append(_parity_numbers(found))
    return tables


def _landscape_numbers(found: Learning) -> Numbers:
    lines: list[tuple[str, float, float, float, float]] = []
    for region, plane in found.landscapes.items():
        for j, i in np.ndindex(plane.train.shape):
            place = float(plane.alpha[i]), float(plane.beta[j])
            lines.append((region, *place, float(plane.train[j, i]), float(plane.held_out[j, i])))
    names = ("region", "direction_1", "direction_2", "train_loss", "validation_loss")
    return Numbers.of_rows("figure_3_landscapes", names, lines)


def _parity_numbers(found: Learning) -> Numbers:
    columns: dict[str, Any] = {"id": list(found.ids)}
    for key, values in found.calculated.items():
        name = QUANTITIES[key].export_key
        columns[f"{name}_calculated"] = values
        columns |= {f"{name}_{region}": one[key] for region, one in found.predicted.items()}
    return Numbers(name="figure_3_parity", columns=columns)
