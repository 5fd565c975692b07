"""Fig. 5: the test set searched for a high Tc, by each model."""

# pyright: reportUnknownMemberType=false
# (matplotlib leaves the keyword arguments of its methods untyped)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize, PowerNorm
from matplotlib.figure import Figure

from betenet.ensemble.estimates import TC_THRESHOLD
from betenet.errors import ConfigError
from betenet.evaluation.metrics import average_precision
from betenet.evaluation.precision_recall import Curve, Point, confusion, precision_recall_curve
from betenet.paper.data import PaperData
from betenet.paper.report_part import Drawn, Numbers, Part
from betenet.paper.table_one import judged_for_tc
from betenet.paper.variant import MEAN, Variant
from betenet.plotting.canvas import FONT, dress

_COLUMNS = 2
_COLOURS = "viridis"
_RIGHT, _TOP = 1.02, 1.12
_FAR = 0.85
"""Recall beyond which a label stands left of its point."""
_INSET = (0.36, 0.32)
_CORNERS = ((0.6, 0.62), (0.6, 0.36), (0.6, 0.15), (0.16, 0.15), (0.16, 0.62))
"""Width and height of the inset, and places for it, the best one first [share of the panel]."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Search:
    """A model's ranking of the test rows by Tc.

    Attributes
    ----------
    name
        Name of the model.
    rows, positives
        Rows that are judged, and those of them with a high calculated Tc.
    average_precision
        Area under the curve [1].
    curve
        Precision and recall at every threshold of the predicted Tc [K].
    point
        The threshold that is suggested, and what it picks.
    """

    name: str
    rows: int
    positives: int
    average_precision: float
    curve: Curve
    point: Point

    @property
    def chance(self) -> tuple[float, float, float, float]:
        """True positives, false positives, false negatives and true negatives by chance.

        They are expected where as many rows are picked as the threshold picks.

        Examples
        --------
        >>> point = Point(
        ...     threshold=5.0, true_positives=3, false_positives=1, false_negatives=1,
        ...     true_negatives=3,
        ... )
        >>> flat = Curve(thresholds=np.ones(1), precision=np.ones(1), recall=np.ones(1))
        >>> Search(
        ...     name="", rows=8, positives=4, average_precision=1.0, curve=flat, point=point
        ... ).chance
        (2.0, 2.0, 2.0, 2.0)
        """
        picked = self.point.true_positives + self.point.false_positives
        share, left = self.positives / self.rows, self.rows - picked
        return picked * share, picked * (1.0 - share), left * share, left * (1.0 - share)


def screening_figure(
    data: PaperData,
    variants: Sequence[Variant],
    *,
    precision: float,
    thresholds: Mapping[str, float],
) -> Part:
    """Precision and recall of each model but the mean, with a threshold and what it picks.

    Parameters
    ----------
    data
        The database.
    variants
        The models.
    precision
        The suggested threshold has the most recall among those of this precision [1].
    thresholds
        Thresholds by the name of the model, which are taken instead [K].

    Raises
    ------
    ConfigError
        If a threshold is given for a model that there is not, or the precision is out of range.
    """
    ranked = _ranked(variants, thresholds)
    found: list[Search] = []
    left_out: list[str] = []
    for one in ranked:
        result = search(data, one, precision=precision, threshold=thresholds.get(one.name))
        if isinstance(result, str):
            left_out.append(f"{one.name}: {result}")
        else:
            found.append(result)
    title = f"Figure 5: the search for Tc above {TC_THRESHOLD:g} K"
    if not found:
        return Part(title=title, left_out=tuple(left_out) or ("There is no model.",))
    said = "; ".join(f"{one.name} {one.average_precision:.2f}" for one in found)
    first = found[0]
    text = (
        f"{first.positives} of the {first.rows} rows on which {first.name} is judged have a "
        f"calculated Tc above {TC_THRESHOLD:g} K, so that chance gives an average precision of "
        f"{first.positives / first.rows:.2f}. The colour is the threshold of the predicted Tc. "
        "Black: the suggested threshold, with the most recall at a precision of "
        f"{precision:g} or more, or the most precise where none is, unless it was given; it was "
        "chosen on these very rows. Inset: its "
        "confusion matrix, in brackets what a random choice of as many rows would give."
    )
    drawn = Drawn(
        name="figure_5",
        figure=draw_searches(found),
        text=f"Precision against recall. Average precision: {said}.",
    )
    return Part(
        title=title,
        text=text,
        figures=(drawn,),
        numbers=tuple(_numbers(found)),
        left_out=tuple(left_out),
    )


def _ranked(variants: Sequence[Variant], thresholds: Mapping[str, float]) -> list[Variant]:
    """The models that rank at all; the thresholds must be theirs."""
    ranked = [one for one in variants if one.name != MEAN]
    check_thresholds(thresholds, [one.name for one in ranked])
    return ranked


def check_thresholds(thresholds: Mapping[str, float], names: Sequence[str]) -> None:
    """Check that thresholds are given for models that are ranked.

    Raises
    ------
    ConfigError
        If one is given for another name.
    """
    unknown = sorted(set(thresholds) - set(names))
    if unknown:
        raise ConfigError(
            f"A threshold is given for {', '.join(unknown)}.",
            f"The models are {', '.join(names) or 'none'}.",
            "Give thresholds for these by their names.",
        )


def search(
    data: PaperData, variant: Variant, *, precision: float, threshold: float | None
) -> Search | str:
    """A model's ranking; or why there is none."""
    reference = {key: values[data.test] for key, values in data.reference.items()}
    judged = judged_for_tc(reference, variant.predicted)
    positive = reference["tc"][judged] > TC_THRESHOLD
    score = variant.predicted["tc"][judged]
    if not positive.any():
        return (
            f"none of the {len(positive)} rows on which Tc is judged has a calculated Tc above "
            f"{TC_THRESHOLD:g} K: there is nothing to find"
        )
    curve = precision_recall_curve(positive, score)
    at = threshold if threshold is not None else curve.threshold_for_precision(precision)
    if at is None:  # no threshold is as precise
        at = float(curve.thresholds[int(np.argmax(curve.precision))])
    return Search(
        name=variant.name,
        rows=len(positive),
        positives=int(positive.sum()),
        average_precision=average_precision(positive, score),
        curve=curve,
        point=confusion(positive, score, at),
    )


def draw_searches(found: Sequence[Search]) -> Figure:
    """A panel for each model, with one scale of colours."""
    columns = min(_COLUMNS, len(found))
    lines = -(-len(found) // columns)
    figure = Figure(figsize=(3.7 * columns + 0.5, 3.1 * lines), layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False)
    highest = max(float(one.curve.thresholds.max()) for one in found)
    norm = PowerNorm(0.5, 0.0, max(highest, 1.0))  # most thresholds are low
    for axes, one in zip(panels.flat, found, strict=False):
        _draw_search(axes, one, norm)
    for axes in panels.flat[len(found) :]:
        axes.set_axis_off()
    bar = figure.colorbar(ScalarMappable(norm, _COLOURS), ax=panels.ravel().tolist(), aspect=30)
    bar.set_label(r"threshold of the predicted $T_{\mathrm{c}}$ (K)", fontsize=FONT)
    bar.ax.tick_params(labelsize=FONT)
    return figure


def _draw_search(axes: Axes, one: Search, norm: Normalize) -> None:
    segments = segments_of(one.curve)
    lines = LineCollection(list(segments), cmap=_COLOURS, norm=norm, linewidths=2.0)
    lines.set_array(one.curve.thresholds)
    axes.add_collection(lines)
    axes.axhline(one.positives / one.rows, color="#777777", lw=0.8, ls=":")
    axes.plot(one.point.recall, one.point.precision, "o", ms=5.5, color="black", zorder=5)
    at_the_end = one.point.recall > _FAR
    axes.annotate(
        f"{one.point.threshold:.1f} K",
        (one.point.recall, one.point.precision),
        xytext=(-7, -10) if at_the_end else (6, 5),
        textcoords="offset points",
        ha="right" if at_the_end else "left",
        fontsize=FONT,
    )
    axes.set_xlim(0.0, _RIGHT)
    axes.set_ylim(0.0, _TOP)
    axes.set_title(f"{one.name} (AP = {one.average_precision:.2f})", fontsize=FONT + 1.0)
    dress(axes, "recall", "precision")
    _inset(axes, one, free_corner(segments))


def segments_of(curve: Curve) -> Float[np.ndarray, "segment 2 2"]:
    """Pieces of the curve, one for each threshold, as pairs of (recall, precision).

    Examples
    --------
    >>> two = Curve(
    ...     thresholds=np.array([2.0, 1.0]),
    ...     precision=np.array([1.0, 0.5]),
    ...     recall=np.array([0.5, 1.0]),
    ... )
    >>> segments_of(two).tolist()
    [[[0.0, 1.0], [0.5, 1.0]], [[0.5, 1.0], [1.0, 0.5]]]
    """
    recall = np.concatenate([[0.0], curve.recall])
    precision = np.concatenate([curve.precision[:1], curve.precision])
    points = np.stack([recall, precision], axis=1)
    return np.stack([points[:-1], points[1:]], axis=1)


def free_corner(segments: Float[np.ndarray, "segment 2 2"]) -> tuple[float, float]:
    """Lower left corner of the place for the inset that hides the least of the curve."""
    shares = np.linspace(0.0, 1.0, 20)[:, None, None]
    points = (segments[:, 0] + shares * (segments[:, 1] - segments[:, 0])).reshape(-1, 2)
    at = points / (_RIGHT, _TOP)

    def hidden(corner: tuple[float, float]) -> int:
        low = np.array(corner) - (0.12, 0.14)  # the labels of the inset's axes
        return int(np.all((at > low) & (at < np.array(corner) + _INSET), axis=1).sum())

    return min(_CORNERS, key=hidden)


def _inset(axes: Axes, one: Search, corner: tuple[float, float]) -> None:
    """The confusion matrix: predicted label to the right, true label downwards."""
    inset = axes.inset_axes((*corner, *_INSET))
    point, chance = one.point, one.chance
    counts = np.array(
        [
            [point.true_negatives, point.false_positives],
            [point.false_negatives, point.true_positives],
        ]
    )
    by_chance = np.array([[chance[3], chance[1]], [chance[2], chance[0]]])
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    inset.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.6, aspect="auto")
    for (line, column), count in np.ndenumerate(counts):
        inset.text(
            *(column, line, f"{count}\n({by_chance[line, column]:.1f})"),
            ha="center",
            va="center",
            fontsize=FONT - 1.5,
        )
    inset.set_xticks([0, 1], ["low", "high"], fontsize=FONT - 1.5)
    inset.set_yticks([0, 1], ["low", "high"], fontsize=FONT - 1.5, rotation=90, va="center")
    inset.set_xlabel("predicted", fontsize=FONT - 1.5, labelpad=1)
    inset.set_ylabel("true", fontsize=FONT - 1.5, labelpad=1)
    inset.tick_params(length=0, pad=1)


def _numbers(found: Sequence[Search]) -> list[Numbers]:
    lines = [
        (one.name, *map(float, values))
        for one in found
        for values in zip(one.curve.thresholds, one.curve.precision, one.curve.recall, strict=True)
    ]
    names = ("model", "threshold_kelvin", "precision", "recall")
    points: dict[str, Any] = {
        "model": [one.name for one in found],
        "rows": [one.rows for one in found],
        "positives": [one.positives for one in found],
        "average_precision": [one.average_precision for one in found],
        "threshold_kelvin": [one.point.threshold for one in found],
        "precision": [one.point.precision for one in found],
        "recall": [one.point.recall for one in found],
    }
    for index, name in enumerate(
        ("true_positives", "false_positives", "false_negatives", "true_negatives")
    ):
        points[name] = [getattr(one.point, name) for one in found]
        points[f"{name}_by_chance"] = [one.chance[index] for one in found]
    return [
        Numbers.of_rows("figure_5_curves", names, lines),
        Numbers(name="figure_5_thresholds", columns=points),
    ]
