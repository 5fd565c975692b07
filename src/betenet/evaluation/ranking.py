"""How well materials are ranked in the search for a high Tc, and where to cut the ranking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from betenet.evaluation.compare import Comparison
from betenet.evaluation.metrics import Score, average_precision
from betenet.evaluation.precision_recall import (
    Curve,
    Point,
    confusion,
    precision_recall_curve,
)
from betenet.evaluation.scores import score, score_dict


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingPoint:
    """A threshold and why it was chosen.

    Attributes
    ----------
    choice
        What was asked for.
    point
        The threshold and its confusion matrix; None if the ranking cannot give what was asked.
    """

    choice: str
    point: Point | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Materials ranked by a score.

    Attributes
    ----------
    key
        Key of the score: ``tc_kelvin``, or ``probability``.
    text
        What it is.
    rows, positives
        Materials in all, and those sought.
    average_precision
        Area under the curve.
    curve
        Precision and recall at every threshold.
    points
        Thresholds that were asked for.
    """

    key: str
    text: str
    rows: int
    positives: int
    average_precision: Score | None
    curve: Curve
    points: tuple[OperatingPoint, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        area = self.average_precision
        return {
            "score": self.key,
            "rows": self.rows,
            "positives": self.positives,
            "average_precision": None if area is None else score_dict(area),
            "thresholds": self.curve.thresholds.tolist(),
            "precision": self.curve.precision.tolist(),
            "recall": self.curve.recall.tolist(),
            "points": [_point_dict(point) for point in self.points],
        }


def rank(
    found: Comparison,
    *,
    tc_threshold: float,
    precisions: Sequence[float],
    recalls: Sequence[float],
    n_resamples: int,
) -> tuple[Ranking, ...]:
    """Rank by the predicted Tc, and by the probability that it is high.

    Parameters
    ----------
    found
        The materials.
    tc_threshold
        Materials whose reference Tc is above it are sought [K].
    precisions, recalls
        Wanted of the thresholds [1].
    n_resamples
        For the interval of the average precision.

    Returns
    -------
    tuple of Ranking
        Empty where there is nothing to find: no reference Tc is known, or none is above the
        threshold.
    """
    rankings: list[Ranking] = []
    for key, text, values, cut in (
        ("tc_kelvin", "predicted Tc (K)", found.predicted["tc"], tc_threshold),
        ("probability", f"P(Tc > {tc_threshold:g} K)", found.probability, 0.5),
    ):
        known = np.isfinite(found.reference["tc"]) & np.isfinite(values)
        positive, ranked = found.reference["tc"][known] > tc_threshold, values[known]
        if not positive.any():
            continue
        curve = precision_recall_curve(positive, ranked)
        chosen = [(f"{text} at {cut:g}", cut)]
        chosen += [(f"precision {p:g}", curve.threshold_for_precision(p)) for p in precisions]
        chosen += [(f"recall {r:g}", curve.threshold_for_recall(r)) for r in recalls]
        rankings.append(
            Ranking(
                key=key,
                text=text,
                rows=int(known.sum()),
                positives=int(positive.sum()),
                average_precision=score(
                    average_precision, "1", positive, ranked, n_resamples=n_resamples
                ),
                curve=curve,
                points=tuple(
                    OperatingPoint(
                        choice=choice,
                        point=None if at is None else confusion(positive, ranked, at),
                    )
                    for choice, at in chosen
                ),
            )
        )
    return tuple(rankings)


def _point_dict(chosen: OperatingPoint) -> dict[str, Any]:
    point = chosen.point
    if point is None:
        return {"choice": chosen.choice, "threshold": None}
    return {
        "choice": chosen.choice,
        "threshold": point.threshold,
        "precision": point.precision if np.isfinite(point.precision) else None,
        "recall": point.recall,
        "true_positives": point.true_positives,
        "false_positives": point.false_positives,
        "false_negatives": point.false_negatives,
        "true_negatives": point.true_negatives,
    }
