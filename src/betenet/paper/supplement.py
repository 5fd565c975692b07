"""The paper's supplement: shares of the elements in both splits, and what smoothing loses."""

# pyright: reportUnknownMemberType=false
# (matplotlib leaves the keyword arguments of its methods untyped)

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from ase.data import atomic_numbers
from jaxtyping import Float
from matplotlib.figure import Figure

from betenet.evaluation.figures import MATH
from betenet.evaluation.metrics import mae
from betenet.paper.data import JUDGED, PaperData
from betenet.paper.report_part import Drawn, Numbers, Part
from betenet.plotting.canvas import A2F_COLOUR, COLOURS, FONT, dress
from betenet.quantities import QUANTITIES
from betenet.superconductivity.moments import moments

_ELEMENTS_A_LINE = 36


def element_shares_part(data: PaperData) -> Part:
    """Share of the training rows, and of the test rows, that hold each element."""
    title = "Supplement: elements in training and test"
    if not data.test.any() or not data.train.any():
        return Part(title=title, left_out=("The folder has no indices/ with both splits.",))
    elements = sorted(frozenset[str]().union(*data.elements), key=lambda e: atomic_numbers[e])
    present = np.array([[element in one for element in elements] for one in data.elements])
    shares = {
        "training": present[data.train].mean(axis=0),
        "test": present[data.test].mean(axis=0),
    }
    gap = np.abs(shares["training"] - shares["test"])
    worst = int(np.argmax(gap))
    only = [
        element
        for element, train, test in zip(elements, *shares.values(), strict=True)
        if test > 0.0 and train == 0.0
    ]
    said = (
        f"The greatest difference is that of {elements[worst]}: "
        f"{shares['training'][worst]:.1%} of training, {shares['test'][worst]:.1%} of the test."
    )
    if only:
        said += f" In the test alone: {', '.join(only)}."
    counts = {
        "element": elements,
        "training_materials": present[data.train].sum(axis=0),
        "test_materials": present[data.test].sum(axis=0),
        "training_share": shares["training"],
        "test_share": shares["test"],
    }
    return Part(
        title=title,
        text=f"Share of the {int(data.train.sum())} training and {int(data.test.sum())} test rows "
        f"that hold an element. {said}",
        figures=(
            Drawn(
                name="supplement_elements",
                figure=_draw_shares(elements, shares),
                text=f"Bars of the shares of {len(elements)} elements. {said}",
            ),
        ),
        numbers=(Numbers(name="supplement_elements", columns=counts),),
    )


def _draw_shares(elements: list[str], shares: Mapping[str, np.ndarray]) -> Figure:
    lines = -(-len(elements) // _ELEMENTS_A_LINE)
    length = -(-len(elements) // lines)
    figure = Figure(figsize=(7.4, 1.7 * lines + 0.3), layout="constrained")
    panels = figure.subplots(lines, 1, squeeze=False, sharey=True)[:, 0]
    for line, axes in enumerate(panels):
        part = slice(line * length, (line + 1) * length)
        places = np.arange(len(elements[part]), dtype=np.float64)
        for number, (name, values) in enumerate(shares.items()):
            axes.bar(
                places + (number - 0.5) * 0.4,
                100.0 * values[part],
                width=0.38,
                color=(COLOURS[0], COLOURS[6])[number],
                label=name,
            )
        dress(axes, "", "share (%)")
        axes.set_xticks(places, elements[part], fontsize=FONT - 1.0)
        axes.set_xlim(-0.8, length - 0.2)
        axes.tick_params(axis="x", length=0)
    panels[0].legend(loc="upper right", frameon=False, fontsize=FONT)
    return figure


def smoothing_part(data: PaperData) -> Part:
    """Moments of the smoothed and binned α²F beside those of α²F as calculated."""
    raw = raw_moments(data)
    said: list[str] = []
    columns: dict[str, Any] = {"id": data.ids, "formula": data.formulas}
    for key in JUDGED:
        pair = raw[key], data.reference[key]
        unit = "" if QUANTITIES[key].export_unit == "1" else f" {QUANTITIES[key].export_unit}"
        relative = float(np.median(np.abs(pair[1] / pair[0] - 1.0)))
        said.append(
            f"{QUANTITIES[key].symbol}: mean |difference| {mae(*pair):.3g}{unit}, "
            f"median {relative:.1%}"
        )
        columns[f"{QUANTITIES[key].export_key}_raw"] = pair[0]
        columns[f"{QUANTITIES[key].export_key}_binned"] = pair[1]
    text = (
        "α²F as calculated, integrated with an ω² onset, beside α²F smoothed and binned at 0.25, "
        f"2.25 … 100.25 meV with the published sum, which networks learn. {'; '.join(said)}. "
        "Modes above 100.25 meV are lost in the bins."
    )
    drawn = Drawn(
        name="supplement_smoothing",
        figure=_draw_smoothing(raw, data.reference),
        text=f"Ratios of the moments of the binned to those of the raw α²F. {'; '.join(said)}.",
    )
    return Part(
        title="Supplement: what smoothing loses",
        text=text,
        figures=(drawn,),
        numbers=(Numbers(name="supplement_smoothing", columns=columns),),
    )


def raw_moments(data: PaperData) -> dict[str, Float[np.ndarray, " row"]]:
    """λ [1], ω_log and ω_2 [K] of each row's α²F as the database has it."""
    found: dict[str, list[float]] = {key: [] for key in JUDGED}
    for name in data.ids:
        row = data.raw[name]
        positive = row.frequencies > 0.0
        values = moments(row.frequencies[positive], row.a2f[positive], "onset")
        for key, column in found.items():
            column.append(float(values[key]) * QUANTITIES[key].export_factor)
    return {key: np.array(column) for key, column in found.items()}


def _draw_smoothing(raw: Mapping[str, np.ndarray], binned: Mapping[str, np.ndarray]) -> Figure:
    """Ratios of the binned quantities to the raw ones."""
    figure = Figure(figsize=(7.4, 2.5), layout="constrained")
    panels = figure.subplots(1, len(JUDGED), sharey=True)
    for axes, key in zip(panels, JUDGED, strict=True):
        ratio = binned[key] / raw[key]
        axes.axhline(1.0, color="#555555", lw=0.8, zorder=0)
        axes.plot(raw[key], ratio, "o", ms=2.4, mew=0.0, alpha=0.6, color=A2F_COLOUR)
        axes.set_xlim(0.0, 1.05 * float(raw[key].max()))
        dress(axes, MATH[key] + ("" if key == "coupling" else " (K)") + " as calculated", "")
        axes.set_title(MATH[key], fontsize=FONT + 0.5)
    panels[0].set_ylabel("smoothed and binned / as calculated", fontsize=FONT)
    return figure
