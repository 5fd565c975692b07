"""The published table for datasets with gaps: each measure on the rows that have its quantity."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from betenet.errors import DataError
from betenet.evaluation.compare import COMPARED, Values
from betenet.evaluation.metrics import (
    Score,
    average_precision,
    bootstrap_interval,
    mae,
    r2,
    rmse,
)
from betenet.quantities import QUANTITIES, exported_in_table_unit, table_unit

_MEASURES = {
    "r2": "R²",
    "mae": "MAE",
    "rmse": "RMSE",
    "average_precision": "AP by Tc",
    "average_precision_by_probability": "AP by P(Tc > 5 K)",
}
"""Names of the measures in text for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantityScores:
    """Measures of one quantity.

    Attributes
    ----------
    rows
        Rows whose reference and prediction are known.
    scores
        By measure; one that is undefined for these rows is absent.
    """

    rows: int
    scores: dict[str, Score]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"rows": self.rows} | {name: score_dict(s) for name, s in self.scores.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """A line of the table of results.

    Attributes
    ----------
    model
        What predicted.
    scope
        What it was tested on.
    quantities
        By the keys of `COMPARED`.
    """

    model: str
    scope: str
    quantities: dict[str, QuantityScores]

    def to_dict(self) -> dict[str, Any]:
        """For JSON, with the names of the quantities as files have them."""
        exported = {QUANTITIES[key].export_key: q.to_dict() for key, q in self.quantities.items()}
        return {"model": self.model, "scope": self.scope} | exported

    def as_lines(self, unit: str = "") -> Iterator[str]:
        """Lines of text for people: one of names, one of measures for each quantity.

        Parameters
        ----------
        unit
            Unit of phonon frequencies; that of files if empty.
        """
        yield f"{self.model} ({self.scope})"
        for key, measured in self.quantities.items():
            cells = (
                f"{_MEASURES[name]} {score_text(score_in_unit(key, one, unit))}"
                for name, one in measured.scores.items()
            )
            line = "   ".join(cells) or "not known"
            yield f"  {QUANTITIES[key].symbol:<6} n = {measured.rows:<6} {line}"


def table_row(
    model: str,
    scope: str,
    reference: Values,
    predicted: Values,
    *,
    tc_threshold: float,
    n_resamples: int,
    rankings: Mapping[str, Float[np.ndarray, " row"]] | None = None,
    chosen: Bool[np.ndarray, " row"] | None = None,
) -> TableRow:
    """R², MAE and RMSE of λ, ω_log, ω_2 and Tc, and the average precision for a high Tc.

    Parameters
    ----------
    model, scope
        Names of the line.
    reference, predicted
        By the keys of `COMPARED`: λ [1], the others [K].
    tc_threshold
        Materials whose reference is above it are sought [K].
    n_resamples
        For the bootstrap intervals; 0 for none.
    rankings
        Scores by which the materials are ranked, by the name of the measure; Tc itself if absent.
    chosen
        Rows that count; all if absent.
    """
    size = len(reference["coupling"])
    counted = np.ones(size, dtype=bool) if chosen is None else chosen
    quantities: dict[str, QuantityScores] = {}
    for key in COMPARED:
        known = counted & np.isfinite(reference[key]) & np.isfinite(predicted[key])
        pair, unit = (reference[key][known], predicted[key][known]), QUANTITIES[key].export_unit
        scores = {
            name: score(measure, unit if name != "r2" else "1", *pair, n_resamples=n_resamples)
            for name, measure in (("r2", r2), ("mae", mae), ("rmse", rmse))
        }
        if key == "tc":
            for name, ranked in (rankings or {"average_precision": predicted["tc"]}).items():
                usable = known & np.isfinite(ranked)
                positive = reference["tc"][usable] > tc_threshold
                columns = (positive, ranked[usable])
                scores[name] = score(average_precision, "1", *columns, n_resamples=n_resamples)
        found = {name: value for name, value in scores.items() if value is not None}
        quantities[key] = QuantityScores(rows=int(known.sum()), scores=found)
    return TableRow(model=model, scope=scope, quantities=quantities)


def score(
    measure: Callable[..., float], unit: str, *columns: np.ndarray, n_resamples: int
) -> Score | None:
    """A measure with its 95 % bootstrap interval.

    Returns
    -------
    Score or None
        Without an interval where too few resamples define it; None if it is undefined itself.
    """
    try:
        value = measure(*columns)
    except DataError:
        return None
    low = high = None
    if n_resamples:
        with suppress(DataError):  # too few resamples define it
            low, high = bootstrap_interval(measure, *columns, n_resamples=n_resamples)
    return Score(value=value, unit=unit, low=low, high=high)


def score_dict(found: Score) -> dict[str, Any]:
    """For JSON: value, unit, and the ends of the interval where there is one."""
    plain: dict[str, Any] = {"value": found.value, "unit": found.unit}
    if found.low is not None:
        plain |= {"low_95": found.low, "high_95": found.high}
    return plain


def score_in_unit(key: str, score: Score, unit: str) -> Score:
    """A measure of a phonon frequency in a unit; any other measure as it is."""
    if score.unit == "1":
        return score
    factor = float(exported_in_table_unit(key, 1.0, unit))
    low, high = (None if end is None else end * factor for end in (score.low, score.high))
    return replace(
        score, value=score.value * factor, low=low, high=high, unit=table_unit(key, unit)
    )


def score_text(score: Score) -> str:
    """A measure with its unit and interval, as text.

    Examples
    --------
    >>> score_text(Score(value=30.57, unit="K", low=28.0, high=33.1))
    '30.6 K [28.0, 33.1]'
    """
    digits = 1 if score.unit == "K" and abs(score.value) >= 10.0 else 3
    unit = "" if score.unit == "1" else f" {score.unit}"
    if score.low is None or score.high is None:
        return f"{score.value:.{digits}f}{unit}"
    return f"{score.value:.{digits}f}{unit} [{score.low:.{digits}f}, {score.high:.{digits}f}]"
