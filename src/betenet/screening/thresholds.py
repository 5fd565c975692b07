"""Where to cut: a threshold for a wanted precision, recall or budget, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from betenet.errors import ConfigError, DataError
from betenet.evaluation.precision_recall import Curve, precision_recall_curve
from betenet.screening.intervals import Interval, weighted_share

Criterion = Literal["threshold", "precision", "recall", "budget"]
CRITERIA: tuple[Criterion, ...] = ("threshold", "precision", "recall", "budget")
FOLDS = 10
"""Number of parts of the rows; for each a threshold is chosen on the others, to be judged on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A threshold and what it picks of the rows that it was chosen on.

    Attributes
    ----------
    value
        Rows with this score or a higher one are picked [unit of the score].
    criterion, wanted
        Way in which it was chosen, and the number that was wanted.
    precision, recall
        Shares to be expected of new rows [1]. Where the labels have decided on the threshold, they
        are those of rows that had no part in it (see `choose_threshold`).
    apparent_precision, apparent_recall
        Shares among the rows that it was chosen on [1]; a little too good where labels have
        decided.
    picked, rows, positives
        Number of rows at the threshold and above, of all rows, and of positive ones.
    """

    value: float
    criterion: Criterion
    wanted: float
    precision: Interval
    recall: Interval
    apparent_precision: float
    apparent_recall: float
    picked: int
    rows: int
    positives: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredRows:
    """Rows whose score and label are known.

    Attributes
    ----------
    scores
        The higher, the more likely a positive; nan where there is none: such a row is never picked.
    positive
        Whether a row is one of those sought.
    weights
        Number of candidates that each row stands for.
    groups
        Rows that say nearly the same, a formula's for example, have the same number.
    """

    scores: Float[np.ndarray, " row"]
    positive: Bool[np.ndarray, " row"]
    weights: Float[np.ndarray, " row"]
    groups: Int[np.ndarray, " row"]

    def __getitem__(self, chosen: Bool[np.ndarray, " row"]) -> ScoredRows:
        return ScoredRows(
            scores=self.scores[chosen],
            positive=self.positive[chosen],
            weights=self.weights[chosen],
            groups=self.groups[chosen],
        )

    def picked(self, threshold: float) -> Bool[np.ndarray, " row"]:
        """Rows at the threshold or above."""
        return np.asarray(np.nan_to_num(self.scores, nan=-np.inf) >= threshold)


def choose_threshold(
    scores: Float[np.ndarray, " row"],
    positive: Bool[np.ndarray, " row"],
    *,
    threshold: float | None = None,
    precision: float | None = None,
    recall: float | None = None,
    budget: float | None = None,
    weights: Float[np.ndarray, " row"] | None = None,
    groups: Int[np.ndarray, " row"] | None = None,
) -> Threshold:
    """The threshold that gives what is wanted, judged on rows that had no part in the choice.

    Parameters
    ----------
    scores, positive, weights, groups
        Columns of `ScoredRows`; weights of one, and each row its own group, if absent.
    threshold
        The threshold itself: it is only judged.
    precision
        Precision that is wanted [1]. Among the thresholds that have it the one with the most recall
        is chosen: the lowest that does any good.
    recall
        Recall that is wanted [1]. Among the thresholds that have it the one with the most precision
        is chosen.
    budget
        Share of the rows that can be paid for [1]: the threshold that picks as many.

    Raises
    ------
    ConfigError
        If not exactly one of the four is given, it is out of its range, or no threshold gives it;
        the message says what can be had.
    DataError
        If there is no positive row.

    Notes
    -----
    Intervals are those of `weighted_share`: exact ones of binomial counts (Clopper and Pearson)
    for rows of equal weight, each its own group. A threshold that was chosen for the precision that
    the rows show has found their luckiest place. So for ``precision`` and ``recall`` the groups
    are dealt into ten parts, a threshold is chosen for each part on the other nine, and what these
    thresholds pick of their own parts is counted.

    Examples
    --------
    >>> scores = np.array([5.0, 4.0, 3.0, 2.0])
    >>> found = choose_threshold(scores, np.array([True, True, False, True]), threshold=3.5)
    >>> found.precision.value, round(found.precision.low_95, 3), round(found.recall.value, 3)
    (1.0, 0.158, 0.667)
    """
    given = dict(zip(CRITERIA, (threshold, precision, recall, budget), strict=True))
    asked: dict[Criterion, float] = {n: value for n, value in given.items() if value is not None}
    if len(asked) != 1:
        raise ConfigError(
            f"A threshold is chosen by one criterion, not {', '.join(asked) or 'none'}.",
            f"The criteria are {', '.join(CRITERIA)}.",
            "Give one of them.",
        )
    ((criterion, wanted),) = asked.items()
    rows = ScoredRows(
        scores=scores,
        positive=positive,
        weights=np.ones(scores.size) if weights is None else weights,
        groups=np.arange(scores.size) if groups is None else groups,
    )
    if not positive.any():
        raise DataError(
            f"None of the {positive.size} rows is positive.",
            "Precision and recall are measured on positive rows.",
            "Use a table with positive rows that reach this stage.",
        )
    value = find(rows, criterion, wanted)
    honest = picked = rows.picked(value)
    if criterion in ("precision", "recall"):
        honest = np.zeros_like(picked)
        for part in parts(rows.groups):
            honest[part] = rows[part].picked(find_or_none(rows[~part], criterion, wanted))
    return Threshold(
        value=value,
        criterion=criterion,
        wanted=wanted,
        precision=precision_of(rows, honest),
        recall=weighted_share(honest[positive], rows.weights[positive], rows.groups[positive]),
        apparent_precision=precision_of(rows, picked).value,
        apparent_recall=float(rows.weights @ (picked & positive) / (rows.weights @ positive)),
        picked=int(picked.sum()),
        rows=int(picked.size),
        positives=int(positive.sum()),
    )


def precision_of(rows: ScoredRows, picked: Bool[np.ndarray, " row"]) -> Interval:
    """Share of the picked rows that are positive; undefined if none is picked."""
    if not picked.any():
        return Interval.exact(float("nan"))
    return weighted_share(rows.positive[picked], rows.weights[picked], rows.groups[picked])


def find(rows: ScoredRows, criterion: Criterion, wanted: float) -> float:
    """The threshold alone; arguments and errors as for `choose_threshold`."""
    if criterion == "threshold":
        return wanted
    if not 0.0 < wanted <= 1.0:
        raise ConfigError(
            f"A {criterion} of {wanted:g} cannot be had.",
            "It is a share of rows.",
            "Ask for a number above 0, and at most 1.",
        )
    scored = rows[np.isfinite(rows.scores)]
    if criterion == "budget":
        return _quantile(scored, wanted * float(rows.weights.sum()))
    if not scored.positive.any():
        raise _impossible(criterion, wanted, "no positive row reaches this stage")
    curve = precision_recall_curve(scored.positive, scored.scores, scored.weights)
    if criterion == "precision":
        found = curve.threshold_for_precision(wanted)
        reached = _best_precision(curve, scored)
    else:
        total = float(rows.weights @ rows.positive)
        had = float(scored.weights @ scored.positive) / total
        found = curve.threshold_for_recall(wanted / had) if wanted <= had else None
        reached = f"{had:.3g} of the positives have a score"
    if found is None:
        raise _impossible(criterion, wanted, reached)
    return found


def find_or_none(rows: ScoredRows, criterion: Criterion, wanted: float) -> float:
    """The threshold, or infinity where these rows cannot give what is wanted."""
    try:
        return find(rows, criterion, wanted)
    except ConfigError:
        return float("inf")


def parts(groups: Int[np.ndarray, " row"], seed: int = 0) -> list[Bool[np.ndarray, " row"]]:
    """Up to ten parts of the rows, no group in two of them."""
    names, of_group = np.unique(groups, return_inverse=True)
    dealt = np.random.default_rng(seed).permutation(len(names)) % FOLDS
    return [np.asarray(dealt[of_group] == part) for part in np.unique(dealt)]


def _quantile(scored: ScoredRows, wanted: float) -> float:
    """The score at and above which rows weigh as much as is wanted, or just less; inf of none."""
    if not scored.scores.size:
        return float("inf")
    order = np.argsort(-scored.scores, kind="stable")
    ordered = scored.scores[order]
    last_of_tie = np.append(np.flatnonzero(np.diff(ordered)), ordered.size - 1)
    weight = np.cumsum(scored.weights[order])[last_of_tie]
    fitting = np.flatnonzero(weight <= wanted * (1.0 + 1e-12))
    return float(ordered[last_of_tie[fitting[-1]]]) if fitting.size else float("inf")


def _best_precision(curve: Curve, scored: ScoredRows) -> str:
    best = int(np.argmax(curve.precision))
    rows = int((scored.scores >= curve.thresholds[best]).sum())
    return (
        f"the highest is {curve.precision[best]:.3g}, of {rows} rows "
        f"at {curve.thresholds[best]:.4g} and above (recall {curve.recall[best]:.2g})"
    )


def _impossible(criterion: str, wanted: float, reached: str) -> ConfigError:
    return ConfigError(
        f"No threshold gives a {criterion} of {wanted:g}.",
        f"Of the rows of the calibration table, {reached}.",
        "Ask for less, rank by another score, or put another stage in front.",
    )
