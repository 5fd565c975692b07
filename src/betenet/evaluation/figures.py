"""Figures of an evaluation: parity, ranking, reliability, spectra. One idea each, phone-sized."""

# pyright: reportUnknownMemberType=false
# (matplotlib leaves the keyword arguments of its methods untyped)

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from betenet.evaluation.compare import Comparison, SpectrumPair
from betenet.evaluation.ranking import Ranking
from betenet.evaluation.reliability import LEVELS, Reliability
from betenet.plotting.canvas import A2F_COLOUR, COLOURS, FIGURE_SIZE, FONT, axes_of, dress, typeset
from betenet.quantities import QUANTITIES
from betenet.superconductivity.spectrum_band import spectrum_band

MATH = {
    "coupling": r"$\lambda$",
    "omega_log": r"$\omega_{\mathrm{log}}$",
    "omega_2": r"$\omega_2$",
    "tc": r"$T_{\mathrm{c}}$",
}
_SEEN_COLOUR = "#8f8f8f"
_REFERENCE_COLOUR = "#222222"


def draw_parity(found: Comparison, key: str) -> Figure:
    """Predicted against first-principles values of one quantity, with the 68 % intervals."""
    reference, predicted = found.reference[key], found.predicted[key]
    known = np.isfinite(reference) & np.isfinite(predicted)
    axes = _square()
    top = 1.05 * float(max(reference[known].max(), predicted[known].max(), 1e-9))
    axes.plot([0.0, top], [0.0, top], color="#555555", lw=0.8, zorder=1)
    seen = np.zeros(len(known), dtype=bool) if found.seen is None else found.seen
    for group, colour, label in (
        (known & seen, _SEEN_COLOUR, "formula seen in training"),
        (known & ~seen, A2F_COLOUR, "formula not seen" if found.seen is not None else "materials"),
    ):
        if not group.any():
            continue
        low, high = found.intervals[key][group, 0], found.intervals[key][group, 1]
        axes.vlines(reference[group], low, high, color=colour, lw=0.5, alpha=0.35, zorder=2)
        axes.plot(
            reference[group], predicted[group], "o", ms=2.6, mew=0.0, color=colour, label=label
        )
    axes.set_xlim(0.0, top)
    axes.set_ylim(0.0, top)
    axes.set_aspect("equal")
    unit = QUANTITIES[key].export_unit
    ending = "" if unit == "1" else f" ({unit})"
    dress(axes, f"first-principles {MATH[key]}{ending}", f"predicted {MATH[key]}{ending}")
    axes.legend(loc="upper left", frameon=False, fontsize=FONT)
    return _figure(axes)


def draw_precision_recall(rankings: Sequence[Ranking]) -> Figure:
    """Precision against recall of both rankings, with the thresholds that were asked for."""
    axes = axes_of("")
    for ranking, colour in zip(rankings, (COLOURS[6], A2F_COLOUR), strict=False):
        curve, area = ranking.curve, ranking.average_precision
        name = f"by {ranking.text}" + ("" if area is None else f", AP {area.value:.2f}")
        recall = np.concatenate([[0.0], curve.recall])
        precision = np.concatenate([curve.precision[:1], curve.precision])
        axes.step(recall, precision, where="pre", color=colour, lw=1.2, label=name)
        points = [p.point for p in ranking.points if p.point is not None]
        axes.plot(
            [point.recall for point in points],
            [point.precision for point in points],
            "o",
            ms=4.0,
            mfc="white",
            color=colour,
        )
    first = rankings[0]
    axes.axhline(first.positives / first.rows, color="#777777", lw=0.8, ls=":", label="chance")
    axes.set_xlim(0.0, 1.02)
    axes.set_ylim(0.0, 1.05)
    dress(axes, "recall", "precision")
    axes.legend(loc="best", frameon=False, fontsize=FONT)
    return _figure(axes)


def draw_coverage(found: Reliability) -> Figure:
    """Share of materials inside their central intervals, against the share that was promised."""
    axes = _square()
    axes.plot([0.0, 1.0], [0.0, 1.0], color="#555555", lw=0.8)
    for index, (key, inside) in enumerate(found.curves.items()):
        axes.plot(LEVELS, inside, "-o", ms=2.4, lw=1.0, color=COLOURS[index], label=MATH[key])
    if "tc" in found.coverage:
        levels = found.coverage["tc"]
        shares = [levels[level].value for level in levels]
        axes.plot(
            [level / 100 for level in levels], shares, "D", ms=4.0, color="black", label=MATH["tc"]
        )
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(0.0, 1.0)
    axes.set_aspect("equal")
    dress(axes, "promised by the interval", "found inside")
    axes.legend(loc="upper left", frameon=False, fontsize=FONT)
    return _figure(axes)


def draw_probability(found: Reliability, threshold: float) -> Figure:
    """Share of materials above the threshold, against the probability predicted for them."""
    axes = _square()
    axes.plot([0.0, 1.0], [0.0, 1.0], color="#555555", lw=0.8)
    predicted = [one.predicted for one in found.bins]
    observed = [one.observed for one in found.bins]
    axes.plot(predicted, observed, "-o", color=A2F_COLOUR, lw=1.0, ms=4.0)
    for one in found.bins:
        below = one.observed > 0.5  # inside the frame on either side of the middle
        axes.annotate(
            f"{one.rows}",
            (one.predicted, one.observed),
            xytext=(5, -8 if below else 5),
            textcoords="offset points",
            fontsize=FONT,
        )
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(-0.03, 1.03)
    limit = rf"$T_{{\mathrm{{c}}}} > {threshold:g}$ K"
    dress(axes, f"predicted probability of {limit}", f"share with {limit}")
    return _figure(axes)


def draw_spectrum_pair(
    pair: SpectrumPair, formula: str, interval_68: tuple[float, float]
) -> Figure:
    """First-principles and predicted α²F of one material, with the band of the prediction.

    Parameters
    ----------
    pair
        Both spectra.
    formula
        Title of the figure.
    interval_68
        Ends of the 68 % interval of λ [1].
    """
    axes = axes_of("")
    reference, members = pair.reference, np.atleast_2d(pair.predicted.a2f)
    omega, mean = pair.predicted.frequencies, members.mean(0)
    axes.plot(
        reference.frequencies,
        reference.a2f,
        color=_REFERENCE_COLOUR,
        lw=1.2,
        label="first principles",
    )
    axes.plot(omega, mean, color=COLOURS[6], lw=1.2, label="predicted")
    if len(members) > 1:
        low, high = spectrum_band(pair.predicted, interval_68)
        axes.fill_between(omega, low, high, color=COLOURS[6], alpha=0.25, lw=0)
    peak = max(float(reference.a2f.max()), float(mean.max()))
    weight = omega[mean > 0.01 * peak], reference.frequencies[reference.a2f > 0.01 * peak]
    axes.set_xlim(0.0, 1.05 * max(float(part[-1]) for part in weight if part.size))
    axes.set_ylim(0.0, 1.25 * peak)
    axes.set_title(typeset(formula), fontsize=FONT + 1.5)
    dress(axes, rf"$\omega$ ({QUANTITIES['frequencies'].unit})", r"$\alpha^2F(\omega)$")
    axes.legend(loc="upper right", frameon=False, fontsize=FONT)
    return _figure(axes)


def _square() -> Axes:
    side = FIGURE_SIZE[1] + 0.5
    return Figure(figsize=(side, side), layout="constrained").add_subplot()


def _figure(axes: Axes) -> Figure:
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure
