"""How many of those picked are right, how many of the right ones are picked, and where to cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from betenet.errors import ConfigError, DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What a threshold picks: rows whose score is at the threshold or above.

    Attributes
    ----------
    threshold
        Threshold of the score [unit of the score].
    true_positives, false_positives, false_negatives, true_negatives
        The confusion matrix [rows].
    """

    threshold: float
    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int

    @property
    def precision(self) -> float:
        """Share of the picked rows that are positive; nan if none is picked."""
        picked = self.true_positives + self.false_positives
        return self.true_positives / picked if picked else float("nan")

    @property
    def recall(self) -> float:
        """Share of the positive rows that are picked."""
        return self.true_positives / (self.true_positives + self.false_negatives)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Precision and recall at each distinct score, from the highest down.

    Attributes
    ----------
    thresholds
        The scores [their unit].
    precision, recall
        Precision and recall of the rows at the threshold and above [1].
    """

    thresholds: Float[np.ndarray, " threshold"]
    precision: Float[np.ndarray, " threshold"]
    recall: Float[np.ndarray, " threshold"]

    def threshold_for_precision(self, wanted: float) -> float | None:
        """The threshold with the most recall among those of the wanted precision, if there is one.

        Raises
        ------
        ConfigError
            If the wanted precision is not above 0 and at most 1.

        Examples
        --------
        >>> positive, score = np.array([True, False, True]), np.array([3.0, 2.0, 1.0])
        >>> precision_recall_curve(positive, score).threshold_for_precision(0.6)
        1.0
        """
        return self._best(self.precision, self.recall, wanted)

    def threshold_for_recall(self, wanted: float) -> float | None:
        """The threshold with the most precision among those of the wanted recall.

        Raises
        ------
        ConfigError
            If the wanted recall is not above 0 and at most 1.
        """
        return self._best(self.recall, self.precision, wanted)

    def _best(self, kept: np.ndarray, sought: np.ndarray, wanted: float) -> float | None:
        if not 0.0 < wanted <= 1.0:
            raise ConfigError(
                f"Precision or recall of {wanted} cannot be had.",
                "They are shares of rows.",
                "Ask for a number above 0, and at most 1.",
            )
        enough = np.flatnonzero(kept >= wanted - 1e-12)
        if not enough.size:
            return None
        # of equals, the one with more of what was asked for
        order = np.lexsort((kept[enough], sought[enough]))
        return float(self.thresholds[enough[order[-1]]])


def precision_recall_curve(
    positive: Bool[np.ndarray, " n"],
    score: Float[np.ndarray, " n"],
    weights: Float[np.ndarray, " n"] | None = None,
) -> Curve:
    """The curve whose area is the average precision.

    Parameters
    ----------
    positive
        Whether a row is one of those sought.
    score
        The higher, the more likely a positive; rows of equal score enter together [any unit].
    weights
        How many rows each stands for, above zero; one if absent.

    Raises
    ------
    DataError
        If no row is positive, or a score is not finite.
    """
    if not positive.any() or not np.isfinite(score).all():
        raise DataError(
            f"{positive.sum()} of {positive.size} rows are positive, "
            f"{np.isfinite(score).sum()} have a score.",
            "Recall is a share of the positive rows, each of which must have its place.",
            "Lower the threshold that defines a positive, or leave rows without a score out.",
        )
    order = np.argsort(-score, kind="stable")
    last_of_tie = np.append(np.flatnonzero(np.diff(score[order])), score.size - 1)
    counts = np.ones(score.size) if weights is None else weights[order]
    picked = np.cumsum(counts)[last_of_tie]
    found = np.cumsum(counts * positive[order])[last_of_tie]
    return Curve(
        thresholds=score[order][last_of_tie],
        precision=found / picked,
        recall=found / found[-1],
    )


def confusion(
    positive: Bool[np.ndarray, " n"], score: Float[np.ndarray, " n"], threshold: float
) -> Point:
    """The confusion matrix at a threshold.

    Examples
    --------
    >>> confusion(np.array([True, False, True]), np.array([3.0, 2.0, 1.0]), 2.0).precision
    0.5
    """
    picked = score >= threshold
    return Point(
        threshold=threshold,
        true_positives=int((picked & positive).sum()),
        false_positives=int((picked & ~positive).sum()),
        false_negatives=int((~picked & positive).sum()),
        true_negatives=int((~picked & ~positive).sum()),
    )
