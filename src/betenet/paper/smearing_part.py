"""The paper's supplement: how λ and the frequencies move with the smearing of the calculation."""

# pyright: reportUnknownMemberType=false
# (matplotlib leaves the keyword arguments of its methods untyped)

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from betenet.datasets.bete_net_database import smearing_names
from betenet.evaluation.figures import MATH
from betenet.paper.data import JUDGED, PaperData
from betenet.paper.report_part import Drawn, Numbers, Part
from betenet.paper.supplement import raw_moments
from betenet.plotting.canvas import COLOURS, FONT, dress, typeset
from betenet.quantities import QUANTITIES
from betenet.superconductivity.moments import moments

SHOWN = 6
"""Materials whose α²F is drawn at each smearing: elements first."""

_COLUMNS = 3


def smearing_part(data: PaperData) -> Part:
    """Quantities at each smearing relative to those of the α²F that is used."""
    title = "Supplement: smearings"
    names = smearing_names(
        {f"a2F_sigma_{n}": 0 for row in data.raw.values() for n in row.smearings}
    )
    if not names:
        return Part(
            title=title, left_out=("The database has no α²F of other smearings (a2F_sigma_N).",)
        )
    used = raw_moments(data)
    ratios = {name: _ratios(data, name, used) for name in names}
    said = "; ".join(
        f"{name}: "
        + ", ".join(f"{QUANTITIES[k].symbol} {np.nanmedian(v):.3f}" for k, v in r.items())
        for name, r in ratios.items()
    )
    columns: dict[str, Any] = {"id": data.ids, "formula": data.formulas}
    for name, ratio in ratios.items():
        columns |= {f"{key}_ratio_sigma_{name}": values for key, values in ratio.items()}
    figures = [
        Drawn(
            name="supplement_smearing",
            figure=_draw_ratios(ratios),
            text=f"Median ratios to the α²F that is used, by smearing. {said}.",
            caption="Ratio to the α²F that is used: median and central 68 % of the materials",
        )
    ]
    chosen = _materials(data)
    if chosen:
        figures.append(
            Drawn(
                name="supplement_smearing_spectra",
                figure=_draw_spectra(data, names, chosen),
                text=f"α²F at each smearing of {', '.join(data.formulas[row] for row in chosen)}.",
                caption="α²F at each smearing; black: the one that is used",
            )
        )
    return Part(
        title=title,
        text=f"Columns a2F_sigma_N of the database, by N. Median ratios: {said}.",
        figures=tuple(figures),
        numbers=(Numbers(name="supplement_smearing", columns=columns),),
    )


def _ratios(
    data: PaperData, name: str, used: dict[str, Float[np.ndarray, " row"]]
) -> dict[str, Float[np.ndarray, " row"]]:
    """Quantities at a smearing over those that are used; NaN of rows without it."""
    found = {key: np.full(len(data.ids), np.nan) for key in JUDGED}
    for row, one in enumerate(data.ids):
        curves = data.raw[one].smearings.get(name)
        if curves is None:
            continue
        positive = curves[0] > 0.0
        values = moments(curves[0][positive], curves[1][positive], "onset")
        for key, column in found.items():
            column[row] = float(values[key]) * QUANTITIES[key].export_factor / used[key][row]
    return found


def _materials(data: PaperData) -> list[int]:
    """Rows with smearings to draw: the simplest formulas first."""
    rows = [row for row, name in enumerate(data.ids) if data.raw[name].smearings]
    return sorted(rows, key=lambda row: (len(data.elements[row]), data.formulas[row]))[:SHOWN]


def _draw_ratios(ratios: dict[str, dict[str, np.ndarray]]) -> Figure:
    figure = Figure(figsize=(4.6, 2.9), layout="constrained")
    axes = figure.add_subplot()
    axes.axhline(1.0, color="#777777", lw=0.8, ls=":")
    places = np.arange(len(ratios), dtype=np.float64)
    for number, key in enumerate(JUDGED):
        ends = np.array([np.nanquantile(one[key], (0.16, 0.5, 0.84)) for one in ratios.values()])
        axes.errorbar(
            places + 0.12 * (number - 1),
            ends[:, 1],
            yerr=np.abs(ends[:, (0, 2)].T - ends[:, 1]),
            fmt="o-",
            ms=3.5,
            lw=1.0,
            capsize=2.0,
            color=(COLOURS[0], COLOURS[6], COLOURS[2])[number],
            label=MATH[key],
        )
    axes.set_xticks(places, list(ratios))
    axes.set_xlim(-0.5, len(ratios) - 0.5)
    dress(axes, "smearing (N of a2F_sigma_N)", "ratio to the one that is used")
    axes.legend(loc="best", frameon=False, fontsize=FONT)
    return figure


def _draw_spectra(data: PaperData, names: list[str], rows: list[int]) -> Figure:
    lines = -(-len(rows) // _COLUMNS)
    columns = min(_COLUMNS, len(rows))
    figure = Figure(figsize=(2.5 * columns, 1.9 * lines + 0.4), layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False)
    handles: dict[str, Any] = {}
    for axes, row in zip(panels.flat, rows, strict=False):
        raw = data.raw[data.ids[row]]
        (handles["used"],) = axes.plot(
            raw.frequencies, raw.a2f, color="black", lw=1.3, label="used"
        )
        for number, name in enumerate(names):
            if name in raw.smearings:
                colour = COLOURS[number % len(COLOURS)]
                (handles[name],) = axes.plot(*raw.smearings[name], lw=0.9, color=colour, label=name)
        top = raw.frequencies[raw.a2f > 0.01 * raw.a2f.max()]
        axes.set_xlim(0.0, 1.08 * float(top[-1]))
        axes.set_ylim(0.0, None)
        axes.set_title(f"{typeset(data.formulas[row])} ({data.ids[row]})", fontsize=FONT)
        dress(axes, r"$\omega$ (meV)", r"$\alpha^2F$")
    for axes in panels.flat[len(rows) :]:
        axes.set_axis_off()
    figure.legend(
        handles=list(handles.values()),
        loc="outside upper center",
        ncols=8,
        frameon=False,
        fontsize=FONT,
    )
    return figure
