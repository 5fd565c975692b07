"""The paper's supplement: the same crystals in another dataset of calculations."""

# pyright: reportUnknownMemberType=false
# (matplotlib leaves the keyword arguments of its methods untyped)

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from betenet.datasets.jsonl_rows import Dataset
from betenet.datasets.rows import TARGETS, Row
from betenet.errors import BetenetError
from betenet.evaluation.compare import COMPARED, reference_values
from betenet.evaluation.figures import MATH
from betenet.evaluation.metrics import mae, r2
from betenet.paper.data import PaperData
from betenet.paper.report_part import Drawn, Numbers, Part
from betenet.plotting.canvas import A2F_COLOUR, FONT, dress
from betenet.quantities import QUANTITIES
from betenet.structures import standardise
from betenet.structures.find_space_group import find_space_group
from betenet.superconductivity.critical_temperature import DEFAULT_METHOD, SIMPLE_METHOD

SAME_VOLUME = 0.15
"""Relative difference of the volumes of one crystal in two calculations, at most."""
TOLERANCE = 1e-2
"""Tolerance of the space groups: two relaxations do not end at the same digits [Å]."""
FEWEST = 3
"""Pairs from which the datasets are compared."""


def two_datasets_part(data: PaperData, other: Dataset) -> Part:
    """λ, ω_log, ω_2 and Tc of the crystals that both datasets have.

    Parameters
    ----------
    data
        The database.
    other
        Another dataset.
    """
    title = f"Supplement: the database and {other.name}"
    mine = [entry.row for entry in data.dataset.entries]
    pairs = same_crystals(mine, [entry.row for entry in other.entries])
    if len(pairs) < FEWEST:
        reason = f"{other.name} has {len(pairs)} of the crystals, too few to compare."
        return Part(title=title, left_out=(reason,))
    both = [mine[i] for i, _ in pairs], [other.entries[j].row for _, j in pairs]
    # one formula for both sides, which the other dataset may have no ω_2 for
    shapes = np.array([row.targets[TARGETS.index("omega_2")] for row in both[1]])
    method = DEFAULT_METHOD if np.isfinite(shapes).all() else SIMPLE_METHOD
    ours, theirs = (reference_values(rows, mu_star=data.mu_star, tc_method=method) for rows in both)
    keys = [key for key in COMPARED if np.isfinite(theirs[key]).sum() >= FEWEST]
    said = "; ".join(_said(key, ours[key], theirs[key]) for key in keys)
    text = (
        f"{len(pairs)} crystals that both have: of one reduced formula, one space group, and "
        f"volumes for each atom within {SAME_VOLUME:.0%}. {said}. Tc is by {method} "
        "on both sides. The settings of the calculations alone make this difference."
    )
    columns: dict[str, Any] = {
        "id": [mine[i].id for i, _ in pairs],
        "other_id": [other.entries[j].row.id for _, j in pairs],
        "formula": [mine[i].formula for i, _ in pairs],
    }
    for key in keys:
        columns[QUANTITIES[key].export_key] = ours[key]
        columns[f"{QUANTITIES[key].export_key}_other"] = theirs[key]
    drawn = Drawn(
        name="supplement_datasets",
        figure=_draw(ours, theirs, keys, other.name),
        text=f"{other.name} against the database, {len(pairs)} crystals. {said}.",
    )
    return Part(
        title=title,
        text=text,
        figures=(drawn,),
        numbers=(Numbers(name="supplement_datasets", columns=columns),),
    )


def same_crystals(mine: Sequence[Row], others: Sequence[Row]) -> list[tuple[int, int]]:
    """Indices of the rows of two datasets that are one crystal: of formula, space group, volume."""
    formulas = {row.formula for row in mine}
    by_key: dict[tuple[str, int], list[tuple[float, int]]] = {}
    for index, row in enumerate(others):
        if row.formula in formulas:
            by_key.setdefault(_key(row), []).append((_volume(row), index))
    pairs: list[tuple[int, int]] = []
    known = {formula for formula, _ in by_key}
    for index, row in enumerate(mine):
        if row.formula not in known:
            continue
        volume = _volume(row)
        candidates = [(abs(v / volume - 1.0), j) for v, j in by_key.get(_key(row), ())]
        if candidates and min(candidates)[0] <= SAME_VOLUME:
            pairs.append((index, min(candidates)[1]))
    return pairs


def _key(row: Row) -> tuple[str, int]:
    try:
        return row.formula, find_space_group(standardise(row.atoms), TOLERANCE)[1]
    except BetenetError:
        return row.formula, 0


def _volume(row: Row) -> float:
    return float(row.atoms.get_volume()) / len(row.atoms)


def _said(key: str, ours: np.ndarray, theirs: np.ndarray) -> str:
    known = np.isfinite(ours) & np.isfinite(theirs)
    unit = "" if QUANTITIES[key].export_unit == "1" else f" {QUANTITIES[key].export_unit}"
    median = float(np.median(np.abs(ours - theirs)[known]))
    error = mae(ours[known], theirs[known])
    return (
        f"{QUANTITIES[key].symbol}: mean |difference| {error:.3g}{unit}, median {median:.3g}{unit}"
    )


def _draw(
    ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray], keys: Sequence[str], name: str
) -> Figure:
    figure = Figure(figsize=(2.5 * len(keys) + 0.2, 2.8), layout="constrained")
    for axes, key in zip(figure.subplots(1, len(keys), squeeze=False)[0], keys, strict=True):
        known = np.isfinite(ours[key]) & np.isfinite(theirs[key])
        pair = ours[key][known], theirs[key][known]
        top = 1.05 * max(float(values.max()) for values in pair)
        axes.plot([0.0, top], [0.0, top], color="#555555", lw=0.8, zorder=0)
        axes.plot(*pair, "o", ms=2.6, mew=0.0, alpha=0.6, color=A2F_COLOUR)
        axes.set_xlim(0.0, top)
        axes.set_ylim(0.0, top)
        axes.set_aspect("equal")
        unit = "" if QUANTITIES[key].export_unit == "1" else " (K)"
        dress(axes, f"{MATH[key]}{unit}, database", f"{MATH[key]}{unit}, {name}")
        axes.set_title(f"n = {known.sum()}, R² = {r2(*pair):.2f}", fontsize=FONT, loc="left")
    return figure
