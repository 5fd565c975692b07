"""Fig. 2: λ, ω_log and ω_2 of the database beside its densities of states, and their histograms."""

# pyright: reportUnknownMemberType=false
# (matplotlib leaves the keyword arguments of its methods untyped)

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from betenet.evaluation.figures import MATH
from betenet.paper.base_model import BASE_FEATURES, FERMI_WINDOW
from betenet.paper.data import JUDGED, PaperData
from betenet.paper.report_part import Drawn, Numbers, Part
from betenet.plotting.canvas import A2F_COLOUR, COLOURS, FONT, dress
from betenet.quantities import QUANTITIES
from betenet.units import MEV_TO_KELVIN

SMALL_COUPLING = 0.5
"""λ below which the paper counts the materials."""

FEWEST = 3
"""Materials from which a correlation is drawn."""

_BINS = 30
_LETTERS = "abcdefgh"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Correlation:
    """A quantity beside another one.

    Attributes
    ----------
    key
        Key of the quantity.
    label
        What it is set beside, as on an axis.
    feature, values
        Pairs that are known.
    pearson, spearman
        Linear and rank correlation [1].
    """

    key: str
    label: str
    feature: Float[np.ndarray, " n"]
    values: Float[np.ndarray, " n"]
    pearson: float
    spearman: float


def dataset_figure(data: PaperData) -> Part:
    """Correlations with the densities of states as far as the database has them; histograms."""
    found = correlations(data)
    reference = data.reference
    known = {one.key for one in found}
    without = [QUANTITIES[key].symbol for key in JUDGED if key not in known]
    left_out: list[str] = []
    if without:
        left_out.append(
            f"Correlations of {', '.join(without)}: the database has no "
            "electronic or no coarse phonon density of states for them."
        )
    small = int((reference["coupling"] < SMALL_COUPLING).sum())
    count = len(data.ids)
    said = "; ".join(
        f"{QUANTITIES[one.key].symbol} {one.pearson:.2f} and {one.spearman:.2f}" for one in found
    )
    text = f"{count} materials, {small} of them ({small / count:.0%}) with λ < {SMALL_COUPLING:g}."
    if said:
        text += f" Linear and rank correlation with what each is drawn against, Tc with λ: {said}."
    if known & set(JUDGED):
        text += (
            f" The electronic DOS is the mean within {FERMI_WINDOW:g} meV of the Fermi level, for "
            "each atom, in the unit of the database; frequencies of the phonon DOS are those that "
            "it would have as α²F."
        )
    drawn = Drawn(
        name="figure_2",
        figure=_draw(found, reference),
        text=f"λ, ω_log, ω_2 and Tc of {count} materials: histograms. {said}",
    )
    columns: dict[str, Any] = {"id": data.ids, "formula": data.formulas}
    columns |= {QUANTITIES[key].export_key: values for key, values in reference.items()}
    features = zip(BASE_FEATURES, data.features.T, strict=True)
    columns |= {f"{name}{_UNITS[name]}": values for name, values in features}
    return Part(
        title="Figure 2: the database",
        text=text,
        figures=(drawn,),
        numbers=(Numbers(name="figure_2", columns=columns), _correlation_numbers(found)),
        left_out=tuple(left_out),
    )


_UNITS = {"fermi_dos": "_per_atom", "phonon_omega_log": "_mev", "phonon_omega_2": "_mev"}


def correlations(data: PaperData) -> list[Correlation]:
    """λ, ω_log and ω_2 beside the features of the base model, and Tc beside λ, where known."""
    labels = (
        r"$N(E_{\mathrm{F}})$ per atom (unit of the database)",
        r"$\omega_{\mathrm{log}}$ of the coarse phonon DOS (K)",
        r"$\omega_2$ of the coarse phonon DOS (K)",
    )
    factors = (1.0, MEV_TO_KELVIN, MEV_TO_KELVIN)
    columns = [
        (key, label, factor * feature)
        for key, label, factor, feature in zip(
            JUDGED, labels, factors, data.features.T, strict=True
        )
    ]
    columns.append(("tc", MATH["coupling"], data.reference["coupling"]))
    found: list[Correlation] = []
    for key, label, feature in columns:
        known = np.isfinite(feature) & np.isfinite(data.reference[key])
        if known.sum() < FEWEST or np.ptp(feature[known]) == 0.0:
            continue
        pair = feature[known], data.reference[key][known]
        ranks = [np.unique(values, return_inverse=True)[1] for values in pair]
        found.append(
            Correlation(
                key=key,
                label=label,
                feature=pair[0],
                values=pair[1],
                pearson=float(np.corrcoef(pair[0], pair[1])[0, 1]),
                spearman=float(np.corrcoef(ranks[0], ranks[1])[0, 1]),
            )
        )
    return found


def _correlation_numbers(found: list[Correlation]) -> Numbers:
    return Numbers(
        name="figure_2_correlations",
        columns={
            "quantity": [QUANTITIES[one.key].export_key for one in found],
            "materials": [len(one.values) for one in found],
            "pearson": [one.pearson for one in found],
            "spearman": [one.spearman for one in found],
        },
    )


def _draw(found: list[Correlation], reference: dict[str, np.ndarray]) -> Figure:
    """A row for each quantity: correlation and histogram; histograms alone without correlations."""
    keys = [key for key in reference if np.isfinite(reference[key]).any()]
    if not any(one.key in JUDGED for one in found):
        figure = Figure(figsize=(7.2, 4.6), layout="constrained")
        for axes, key in zip(figure.subplots(2, 2).flat, keys, strict=False):
            _histogram(axes, reference[key], _label(key), sideways=False)
        return figure
    figure = Figure(figsize=(7.2, 2.2 * len(keys)), layout="constrained")
    panels = figure.subplots(len(keys), 2, squeeze=False, sharey="row", width_ratios=[2.2, 1.0])
    by_key = {one.key: one for one in found}
    letters = iter(_LETTERS)
    for row, key in zip(panels, keys, strict=True):
        _histogram(row[1], reference[key], _label(key), sideways=True)
        row[1].set_ylim(0.0, 1.05 * float(np.nanmax(reference[key])))
        if key in by_key:
            _scatter(row[0], by_key[key], _label(key), next(letters))
        else:
            row[0].set_axis_off()
            row[1].set_ylabel(_label(key), fontsize=FONT + 0.5)
    return figure


def _label(key: str) -> str:
    return MATH[key] + ("" if key == "coupling" else " (K)")


def _scatter(axes: Axes, one: Correlation, label: str, letter: str) -> None:
    axes.plot(one.feature, one.values, "o", ms=2.4, mew=0.0, alpha=0.6, color=A2F_COLOUR)
    axes.set_xlim(0.0, 1.03 * float(one.feature.max()))
    axes.ticklabel_format(axis="x", scilimits=(-2, 4), useMathText=True)
    axes.xaxis.get_offset_text().set_fontsize(FONT)
    dress(axes, one.label, label)
    axes.set_title(
        f"({letter})   r = {one.pearson:.2f}, rank {one.spearman:.2f}, n = {len(one.values)}",
        fontsize=FONT,
        loc="left",
    )


def _histogram(axes: Axes, values: np.ndarray, label: str, *, sideways: bool) -> None:
    known = values[np.isfinite(values)]
    axes.hist(
        known,
        bins=np.linspace(0.0, 1.02 * max(float(known.max()), 1e-9), _BINS).tolist(),
        orientation="horizontal" if sideways else "vertical",
        color=COLOURS[0],
        edgecolor="white",
        linewidth=0.3,
    )
    if sideways:
        dress(axes, "materials", "")
    else:
        dress(axes, label, "materials")
    (axes.xaxis if sideways else axes.yaxis).set_major_locator(MaxNLocator(5, integer=True))
