"""Table I: errors of λ, ω_log, ω_2 and Tc, and the average precision, model by model."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from betenet.ensemble.estimates import TC_THRESHOLD
from betenet.evaluation.compare import COMPARED, Values
from betenet.evaluation.report import score_cell
from betenet.evaluation.row_rules import ROW_RULES, TcColumns, count_rows
from betenet.evaluation.scores import TableRow, table_row
from betenet.pages.html import table
from betenet.paper.base_model import BASE_FEATURES, LinearModel
from betenet.paper.data import JUDGED, PaperData
from betenet.paper.report_part import Numbers, Part
from betenet.paper.variant import Variant
from betenet.quantities import QUANTITIES, heading

PUBLISHED = MappingProxyType(
    {
        "Base": {"r2": "0.05 0.76 0.82", "mae": "0.22 35 35 2.84", "rmse": "0.32 50 56"},
        "CSO": {"r2": "0.19 0.56 0.75", "mae": "0.21 45 43 2.5", "rmse": "0.31 68 63"},
        "CPD": {"r2": "0.35 0.79 0.87", "mae": "0.18 32 30", "rmse": "0.28 47 45"},
        "FPD": {"r2": "0.37 0.82 0.89", "mae": "0.18 30 28 2.1", "rmse": "0.28 43 42"},
    }
)
"""Measures of λ [1], ω_log, ω_2 and Tc [K] as published, as far as they were."""

PUBLISHED_AVERAGE_PRECISION = MappingProxyType(
    {"Base": "0.41", "CSO": "0.49", "CPD": "0.70", "FPD": "0.74"}
)

_MEASURES = {"r2": "R²", "mae": "MAE", "rmse": "RMSE"}


def judged_for_tc(reference: Values, predicted: Values) -> Bool[np.ndarray, " row"]:
    """Rows on which the paper judges Tc, by its rule in `ROW_RULES`."""
    columns = TcColumns(
        coupling=reference["coupling"], reference=reference["tc"], predicted=predicted["tc"]
    )
    return count_rows("paper", columns).counted


def tc_of_judged(reference: Values, predicted: Values) -> Float[np.ndarray, " row"]:
    """Calculated Tc [K]; NaN in the rows on which the paper does not judge it."""
    return np.where(judged_for_tc(reference, predicted), reference["tc"], np.nan)


def table_one(
    data: PaperData, variants: Sequence[Variant], *, resamples: int, left_out: Sequence[str] = ()
) -> Part:
    """Scores of each model on the test rows.

    Parameters
    ----------
    data
        The database.
    variants
        The models, in the order of the table.
    resamples
        Samples of the bootstrap for 95 % intervals; 0 for none.
    left_out
        Models that are missing, and why.
    """
    reference = {key: values[data.test] for key, values in data.reference.items()}
    rows = [_row(one, reference, resamples) for one in variants]
    numbers = Numbers(
        name="table_1",
        columns={
            "model": [row.model for row in rows],
            **{
                f"{QUANTITIES[key].export_key}_{name}": [_value(row, key, name) for row in rows]
                for key in COMPARED
                for name in ("rows", *_MEASURES)
            },
            "average_precision": [_value(row, "tc", "average_precision") for row in rows],
        },
    )
    text = (
        f"{int(data.test.sum())} materials that indices/ names as the test. λ and the frequencies "
        "are those of the binned α²F; in networks, of the mean α²F of the members. Tc follows from "
        f"them by the full Allen-Dynes formula with μ* = {data.mu_star:g}, and is judged as in the "
        f"paper, on the rows with {', '.join(ROW_RULES['paper'])}. "
        f"AP: average precision of the ranking by Tc, for Tc > {TC_THRESHOLD:g} K."
    )
    return Part(
        title="Table I: errors on the test set",
        text=text,
        numbers=(
            numbers,
            _materials(data, variants, reference),
            *(_coefficients(one.linear) for one in variants if one.linear is not None),
        ),
        body=(_shown(rows), _published()),
        left_out=(*left_out, *(f"{one.name}: {note}" for one in variants for note in one.notes)),
    )


def _row(variant: Variant, reference: Values, resamples: int) -> TableRow:
    return table_row(
        variant.name,
        variant.text,
        {**reference, "tc": tc_of_judged(reference, variant.predicted)},
        variant.predicted,
        tc_threshold=TC_THRESHOLD,
        n_resamples=resamples,
    )


def _value(row: TableRow, key: str, name: str) -> float:
    found = row.quantities[key]
    if name == "rows":
        return found.rows
    return found.scores[name].value if name in found.scores else float("nan")


def _shown(rows: Sequence[TableRow]) -> str:
    lines: list[list[str]] = []
    for row in rows:
        for name, text in _MEASURES.items():
            cells = [score_cell(row.quantities[key].scores.get(name)) for key in COMPARED]
            first = name == "r2"
            area = row.quantities["tc"].scores.get("average_precision")
            counts = [row.quantities[key].rows for key in ("coupling", "tc")]
            judged = f"{counts[0]} ({counts[1]})" if first else ""
            ending = [score_cell(area) if first else "", judged]
            lines.append([row.model if first else "", text, *cells, *ending])
    head = ["model", "", *(heading(key) for key in COMPARED), "AP", "rows (for Tc)"]
    return table("This report; behind the numbers their 95 % bootstrap intervals", head, lines)


def _published() -> str:
    lines: list[list[str]] = []
    for name, found in PUBLISHED.items():
        for measure, text in _MEASURES.items():
            cells = found[measure].split()
            cells += ["–"] * (len(COMPARED) - len(cells))
            first = measure == "r2"
            area = PUBLISHED_AVERAGE_PRECISION[name] if first else ""
            lines.append([name if first else "", text, *cells, area])
    head = ["model", "", *(heading(key) for key in COMPARED), "AP"]
    return table("As published", head, lines)


def _coefficients(model: LinearModel) -> Numbers:
    """A line for each feature, and one for the offset."""
    columns: dict[str, Any] = {"feature": [*BASE_FEATURES, "offset"]}
    lines = np.vstack([model.coefficients, model.offsets])
    for key, values in zip(JUDGED, lines.T, strict=True):
        columns[QUANTITIES[key].export_key] = values
    return Numbers(name="base_model", columns=columns)


def _materials(data: PaperData, variants: Sequence[Variant], reference: Values) -> Numbers:
    tested = np.flatnonzero(data.test).tolist()
    columns: dict[str, Any] = {
        "id": [data.ids[row] for row in tested],
        "formula": [data.formulas[row] for row in tested],
    }
    for key in COMPARED:
        name = QUANTITIES[key].export_key
        columns[f"{name}_calculated"] = reference[key]
        columns |= {f"{name}_{one.name}": one.predicted[key] for one in variants}
    return Numbers(name="test_materials", columns=columns)
