"""Whether intervals hold what they promise, and probabilities come true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from betenet.evaluation.compare import COMPARED, Comparison
from betenet.evaluation.metrics import Score, coverage
from betenet.evaluation.scores import score, score_dict
from betenet.quantities import QUANTITIES

LEVELS = np.linspace(0.05, 0.95, 19)
BINS = 5
_NO_TC = 1e-3
"""Tc below this [K] is no superconductor on either side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Materials of nearly one predicted probability.

    Attributes
    ----------
    predicted
        Mean of their probabilities [1].
    observed
        Share of them whose reference Tc is above the threshold [1].
    rows
        Number of them.
    """

    predicted: float
    observed: float
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reliability:
    """How far stated uncertainties can be relied on.

    Attributes
    ----------
    coverage
        Share of the materials inside their central 68 % and 95 %, by quantity and level.
    curves
        Share inside the central interval of each level of `LEVELS`, for λ, ω_log and ω_2.
    bins
        Predicted and observed shares of Tc > 5 K.
    brier
        Mean squared difference of probability and outcome [1]; the less the better.
    """

    coverage: Mapping[str, Mapping[int, Score]]
    curves: Mapping[str, Float[np.ndarray, " level"]]
    bins: tuple[Bin, ...]
    brier: float | None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "coverage": {
                QUANTITIES[key].export_key: {
                    f"interval_{level}": score_dict(found) for level, found in levels.items()
                }
                for key, levels in self.coverage.items()
            },
            "levels": LEVELS.tolist(),
            "inside": {QUANTITIES[key].export_key: c.tolist() for key, c in self.curves.items()},
            "tc_probability": [
                {"predicted": b.predicted, "observed": b.observed, "rows": b.rows}
                for b in self.bins
            ],
            "brier_score": self.brier,
        }


def measure_reliability(found: Comparison, *, tc_threshold: float, n_resamples: int) -> Reliability:
    """Coverage of the intervals, and the reliability of the probability of a high Tc."""
    covered: dict[str, dict[int, Score]] = {}
    curves: dict[str, np.ndarray] = {}
    for key in COMPARED:
        ends, reference = found.intervals[key], found.reference[key]
        known = np.isfinite(ends).all(1) & np.isfinite(reference)
        if not known.any():
            continue
        reference, ends = reference[known], ends[known]
        slack = _NO_TC if key == "tc" else 0.0
        measured = {
            level: score(
                coverage,
                "1",
                reference,
                ends[:, column] - slack,
                ends[:, column + 1] + slack,
                n_resamples=n_resamples,
            )
            for level, column in ((68, 0), (95, 2))
        }
        covered[key] = {level: one for level, one in measured.items() if one is not None}
        if key != "tc":  # its distribution is not of one family: 0 K has a weight of its own
            curves[key] = _inside(reference, found.predicted[key][known], ends)
    known = np.isfinite(found.probability) & np.isfinite(found.reference["tc"])
    probability = found.probability[known]
    positive = found.reference["tc"][known] > tc_threshold
    return Reliability(
        coverage=covered,
        curves=curves,
        bins=probability_bins(probability, positive),
        brier=float(np.mean((probability - positive) ** 2)) if known.any() else None,
    )


def probability_bins(
    probability: Float[np.ndarray, " row"], positive: Bool[np.ndarray, " row"]
) -> tuple[Bin, ...]:
    """Rows in equal steps of their probability; steps without a row are left out."""
    steps = np.minimum((probability * BINS).astype(int), BINS - 1)
    return tuple(
        Bin(
            predicted=float(probability[steps == step].mean()),
            observed=float(positive[steps == step].mean()),
            rows=int((steps == step).sum()),
        )
        for step in np.unique(steps).tolist()
    )


def _inside(
    reference: np.ndarray, predicted: np.ndarray, ends: np.ndarray
) -> Float[np.ndarray, " level"]:
    """Shares inside the central intervals; the logarithms are normal around the prediction."""
    width = np.log(ends[:, 1] / ends[:, 0]) / (2.0 * NormalDist().inv_cdf(0.84))
    distance = np.abs(np.log(reference / predicted)) / np.maximum(width, 1e-12)
    needed = [NormalDist().inv_cdf(0.5 + level / 2.0) for level in LEVELS.tolist()]
    return np.array([np.mean(distance <= z) for z in needed])
