"""Measures of agreement between predicted and reference quantities, and the paper's table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from betenet.errors import ConfigError, DataError
from betenet.quantities import QUANTITIES
from betenet.superconductivity.critical_temperature import (
    DEFAULT_METHOD,
    SIMPLE_METHOD,
    critical_temperature,
)

Values = Float[np.ndarray, " n"]

NEEDED = ("coupling", "omega_log")  # by `table`
MOMENTS = (*NEEDED, "omega_2")


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """One number of a table of results.

    Parameters
    ----------
    value
        The measure over all rows [unit].
    unit
        Unit of the measure; ``"1"`` if it has none.
    low, high
        Ends of its bootstrap interval [unit]; None where none was asked for.
    """

    value: float
    unit: str
    low: float | None = None
    high: float | None = None


def mae(reference: Values, predicted: Values) -> float:
    """Mean absolute error.

    Parameters
    ----------
    reference, predicted
        One value per row [any unit].

    Returns
    -------
    float
        The error [the same unit].

    Raises
    ------
    DataError
        If there is no row, or a value is not finite.

    Examples
    --------
    >>> mae(np.array([1.0, 2.0]), np.array([1.5, 1.0]))
    0.75
    """
    _check(reference=reference, predicted=predicted)
    return float(np.abs(predicted - reference).mean())


def rmse(reference: Values, predicted: Values) -> float:
    """Root of the mean squared error; arguments and errors as for :func:`mae`.

    Examples
    --------
    >>> rmse(np.array([0.0, 0.0]), np.array([1.0, 7.0]))
    5.0
    """
    _check(reference=reference, predicted=predicted)
    return float(np.sqrt(np.square(predicted - reference).mean()))


def r2(reference: Values, predicted: Values) -> float:
    r"""Coefficient of determination R².

    .. math:: R^2 = 1 - \sum_i (y_i - p_i)^2 / \sum_i (y_i - \bar y)^2

    It is 1 for perfect predictions, 0 for those no better than the mean of the reference, and
    negative for worse ones. It is not the square of a correlation.

    Parameters
    ----------
    reference, predicted
        y and p, one value per row [any unit].

    Returns
    -------
    float
        R² [1].

    Raises
    ------
    DataError
        If there is no row, a value is not finite, or the reference is constant: it has no
        variance to explain.

    Examples
    --------
    >>> r2(np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0]))
    0.0
    """
    _check(reference=reference, predicted=predicted)
    if np.ptp(reference) == 0.0:
        raise DataError(
            f"R² is undefined: all {reference.size} reference values are equal.",
            reason="It compares errors with the variance of the reference, which is zero.",
            fix="Use at least two different reference values, or look at mae and rmse.",
        )
    residual = np.square(predicted - reference).sum()
    return float(1.0 - residual / np.square(reference - reference.mean()).sum())


def average_precision(positive: Bool[np.ndarray, " n"], score: Values) -> float:
    r"""Average precision: the area under the precision-recall curve, as a sum of steps.

    .. math:: \mathrm{AP} = \sum_k (R_k - R_{k-1}) P_k

    Recall R and precision P are taken at each *distinct* score, from the highest down. Rows of
    equal score enter together, so their order in the input has no influence. A score without
    any information gives the fraction of positives.

    Parameters
    ----------
    positive
        Whether a row is one of those sought.
    score
        The higher, the more likely a positive [any unit].

    Returns
    -------
    float
        AP, between 0 and 1 [1].

    Raises
    ------
    DataError
        If there is no row, no positive, or a score is not finite.

    Examples
    --------
    >>> average_precision(np.array([True, False, True]), np.array([3.0, 2.0, 1.0]))
    0.8333333333333333
    """
    _check(positive=positive, score=score)
    if not positive.any():
        raise DataError(
            f"Average precision is undefined: none of the {positive.size} rows is positive.",
            reason="There is nothing to be found, so recall has no meaning.",
            fix="Lower the threshold that defines a positive, or use more rows.",
        )
    order = np.argsort(-score, kind="stable")
    sorted_score = score[order]
    last_of_tie = np.append(np.flatnonzero(np.diff(sorted_score)), score.size - 1)
    true_positives = np.cumsum(positive[order])[last_of_tie]
    precision = true_positives / (last_of_tie + 1)
    recall = true_positives / true_positives[-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def coverage(reference: Values, lower: Values, upper: Values) -> float:
    """Fraction of the reference values that lie in their predicted interval, ends included.

    Parameters
    ----------
    reference, lower, upper
        True value and ends of the interval, one per row [any unit].

    Returns
    -------
    float
        The fraction [1].

    Raises
    ------
    DataError
        If there is no row, a value is not finite, or an interval's ends are in the wrong order.

    Examples
    --------
    >>> coverage(np.array([1.0, 5.0]), lower=np.array([0.0, 0.0]), upper=np.array([2.0, 2.0]))
    0.5
    """
    _check(reference=reference, lower=lower, upper=upper)
    inverted = np.flatnonzero(lower > upper)
    if inverted.size:
        row = inverted[0]
        raise DataError(
            f"The interval of row {row} runs from {lower[row]:g} down to {upper[row]:g}.",
            reason="Nothing can lie in it.",
            fix="Pass the lower end as lower and the upper end as upper.",
        )
    return float(np.mean((lower <= reference) & (reference <= upper)))


def bootstrap_interval(
    measure: Callable[..., float],
    *columns: Float[np.ndarray, " n"] | Bool[np.ndarray, " n"],
    n_resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile bootstrap interval of a measure.

    Parameters
    ----------
    measure
        Called with the columns, resampled together; for example :func:`mae`.
    columns
        Its arguments, one value per row.
    n_resamples
        How often the rows are drawn anew, with replacement.
    level
        Fraction of the resampled measures inside the interval [1].
    seed
        Seed of the draws; the same seed and number of rows draw the same rows.

    Returns
    -------
    tuple of float
        Lower and upper end [unit of the measure].

    Raises
    ------
    DataError
        If the measure is undefined in more than a tenth of the resamples, or the columns differ
        in length.
    ConfigError
        If ``level`` or ``n_resamples`` is out of range.

    Notes
    -----
    Rows are taken as independent. Resamples in which the measure is undefined (no positive row,
    say) are left out. Efron, Ann. Stat. 7, 1 (1979).

    Examples
    --------
    >>> bootstrap_interval(mae, np.zeros(5), np.ones(5), n_resamples=20)
    (1.0, 1.0)
    """
    _check_resampling(n_resamples, level)
    _check(**{f"column {number}": column for number, column in enumerate(columns)})
    rng = np.random.default_rng(seed)
    n_rows = columns[0].size
    values: list[float] = []
    for _ in range(n_resamples):
        rows = rng.integers(n_rows, size=n_rows)
        with suppress(DataError):  # undefined for these rows
            values.append(measure(*(column[rows] for column in columns)))
    if len(values) < 0.9 * n_resamples:
        raise DataError(
            f"The measure is undefined in {n_resamples - len(values)} of {n_resamples} resamples.",
            reason=f"{n_rows} rows hold too few of the cases it needs.",
            fix="Use more rows, or leave the interval out.",
        )
    low, high = np.quantile(values, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return float(low), float(high)


def table(
    reference: Mapping[str, Values],
    predicted: Mapping[str, Values],
    *,
    mu_star: float = 0.10,
    tc_threshold: float = 5.0,
    n_resamples: int = 0,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, dict[str, Score]]:
    """Table I of Gibson et al., npj Comput. Mater. 11, 7 (2025), and errors of Tc.

    Tc of both sides comes from their own moments: by the default formula on the rows that know
    ω_2, or by the simplified one if ``omega_2`` is not judged at all.

    Parameters
    ----------
    reference, predicted
        ``coupling`` [1], ``omega_log`` [K] and, where it is known, ``omega_2`` [K], one value per
        row; NaN in a reference is a value not known. Kelvin is the unit of the published errors.
    mu_star
        μ* for Tc [1].
    tc_threshold
        A row is a positive where its reference Tc is above this [K].
    n_resamples, level, seed
        As for :func:`bootstrap_interval`; no intervals for 0 resamples.

    Returns
    -------
    dict
        Scores by quantity and measure, over the rows whose reference is known: ``r2``, ``mae`` and
        ``rmse`` of each moment, ``mae`` and ``average_precision`` of ``tc``. ``omega_2`` is absent
        where a side, or every row, lacks it.

    Raises
    ------
    DataError
        If a quantity is missing or has no such name, the numbers of rows differ, a prediction is
        not finite, or a measure is undefined (see there).
    """
    _check_moments(reference, predicted)

    def score(measure: Callable[..., float], unit: str, *columns: np.ndarray) -> Score:
        value = measure(*columns)
        if n_resamples == 0:
            return Score(value=value, unit=unit)
        low, high = bootstrap_interval(
            measure, *columns, n_resamples=n_resamples, level=level, seed=seed
        )
        return Score(value=value, unit=unit, low=low, high=high)

    scores: dict[str, dict[str, Score]] = {}
    known = {key: ~np.isnan(values) for key, values in reference.items()}
    for key in MOMENTS:
        if key not in NEEDED and not (key in predicted and key in known and known[key].any()):
            continue
        pair = (reference[key][known[key]], predicted[key][known[key]])
        unit = QUANTITIES[key].export_unit
        scores[key] = {
            "r2": score(r2, "1", *pair),
            "mae": score(mae, unit, *pair),
            "rmse": score(rmse, unit, *pair),
        }
    method = DEFAULT_METHOD if "omega_2" in scores else SIMPLE_METHOD
    whole = np.logical_and.reduce([known[key] for key in scores])
    tc_reference, tc_predicted = (
        critical_temperature(
            method,
            mu_star=mu_star,
            **{key: side[key][whole] / QUANTITIES[key].export_factor for key in scores},
        )
        for side in (reference, predicted)
    )
    high = tc_reference > tc_threshold
    scores["tc"] = {
        "mae": score(mae, QUANTITIES["tc"].export_unit, tc_reference, tc_predicted),
        "average_precision": score(average_precision, "1", high, tc_predicted),
    }
    return scores


def _check(**columns: np.ndarray) -> None:
    """Raise unless all columns are of one length, not empty, and finite."""
    sizes = {name: column.size for name, column in columns.items()}
    if len(set(sizes.values())) != 1:
        lengths = ", ".join(f"{name} has {size}" for name, size in sizes.items()) or "no column"
        raise DataError(
            f"The columns do not match: {lengths}.",
            reason="A measure compares them row by row.",
            fix="Pass one value per row in every column.",
        )
    for name, column in columns.items():
        if column.size == 0:
            raise DataError(
                "There is no row to measure.",
                reason=f"{name} is empty.",
                fix="Check the selection that made it.",
            )
        broken = np.flatnonzero(~np.isfinite(column))
        if broken.size:
            raise DataError(
                f"{name} of row {broken[0]} is {column[broken[0]]}.",
                reason="One value that is not finite would spoil the measure over all rows.",
                fix="Leave out rows without a label, and look at why a prediction failed.",
            )


def _check_moments(reference: Mapping[str, Values], predicted: Mapping[str, Values]) -> None:
    """Raise unless the moments are there, match and are finite, or NaN in the reference."""
    columns: dict[str, np.ndarray] = {}
    for side, moments in (("reference", reference), ("predicted", predicted)):
        if not set(NEEDED) <= set(moments) <= set(MOMENTS):
            raise DataError(
                f"The {side} has {', '.join(moments) or 'nothing'}.",
                reason=f"The table is made of {', '.join(MOMENTS)}.",
                fix="Pass these, frequencies in K; the last may be missing.",
            )
        columns |= {f"{side} {key}": values for key, values in moments.items()}
    filled = {f"reference {k}": np.where(np.isnan(v), 0.0, v) for k, v in reference.items()}
    _check(**columns | filled)


def _check_resampling(n_resamples: int, level: float) -> None:
    """Raise unless an interval can be computed with these settings."""
    if n_resamples < 1 or not 0.0 < level < 1.0:
        raise ConfigError(
            f"No interval from n_resamples={n_resamples} and level={level}.",
            reason="It needs at least one resample and a level between 0 and 1.",
            fix="Use the defaults, 1000 and 0.95.",
        )
