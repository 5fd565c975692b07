"""How wide should the intervals be? Learnt from materials that the members had not seen.

The spread of the members tells how far they disagree, not how far they are all wrong. Two numbers
for each quantity mend that: the logarithmic standard deviation becomes
√((scale·spread)² + floor²). Families in which errors are larger have their intervals widened by one
factor more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import minimize

CENTRAL_68 = 0.9945
"""Half-width of the central 68 % of a normal distribution in standard deviations."""
CENTRAL_95 = 1.96
EXACT = 1e-6
"""Errors of a logarithm below this are none."""
HYDRIDES = "hydrides"
"""Family whose intervals a card may widen: crystals with hydrogen."""

Calibration = Mapping[str, Mapping[str, float]]
"""`scale` and `floor` of each quantity."""


def fit_spread(
    errors: Float[np.ndarray, " row"], spreads: Float[np.ndarray, " row"]
) -> tuple[float, float]:
    """Scale and floor that make errors of logarithms look drawn from their spreads.

    Parameters
    ----------
    errors
        ln(true/predicted).
    spreads
        Standard deviation of the members' logarithms.

    Returns
    -------
    scale, floor
        By the maximum likelihood of a normal distribution whose tails are cut at 3 standard
        deviations, then both brought by one factor to the compromise at which the 68 % interval
        covers as much too much as the 95 % interval covers too little.
    """

    def cost(logs: np.ndarray) -> float:
        variance = (np.exp(logs[0]) * spreads) ** 2 + np.exp(2 * logs[1]) + EXACT**2
        score = np.minimum(errors**2 / variance, 9.0)
        return float(np.mean(score + np.log(variance)))

    start = np.log([1.0, max(float(np.median(np.abs(errors))), 1e-3)])
    best = minimize(cost, start, method="Nelder-Mead", options={"maxiter": 4000, "xatol": 1e-6})
    scale, floor = np.exp(best.x).tolist()
    width = np.sqrt((scale * spreads) ** 2 + floor**2 + EXACT**2)
    factor = balance(np.abs(errors) / width)
    return float(factor * scale), float(factor * floor)


def balance(score: Float[np.ndarray, " row"]) -> float:
    """Factor at which the coverages of the 68 % and 95 % intervals are off by opposite amounts.

    Parameters
    ----------
    score
        Errors in units of their width.
    """

    def excess(factor: float) -> float:
        covered = [np.mean(score <= factor * z) for z in (CENTRAL_68, CENTRAL_95)]
        return float(covered[0] - 0.68 + covered[1] - 0.95)

    low, high = 0.1, 10.0
    for _ in range(60):
        middle = np.sqrt(low * high)
        low, high = (low, middle) if excess(middle) > 0 else (middle, high)
    return float(np.sqrt(low * high))


def interval_coverage(
    errors: Float[np.ndarray, " row"],
    spreads: Float[np.ndarray, " row"],
    calibration: Mapping[str, float],
) -> tuple[float, float]:
    """Share of rows inside their 68 % and 95 % intervals.

    Parameters
    ----------
    errors, spreads
        As for `fit_spread`.
    calibration
        `scale` and `floor`.
    """
    width = np.sqrt((calibration["scale"] * spreads) ** 2 + calibration["floor"] ** 2)
    covered = [float(np.mean(np.abs(errors) <= z * width)) for z in (CENTRAL_68, CENTRAL_95)]
    return covered[0], covered[1]


def widened(calibration: Calibration, factor: float) -> dict[str, dict[str, float]]:
    """A calibration whose intervals are wider by a factor.

    Parameters
    ----------
    calibration
        `scale` and `floor` of each quantity.
    factor
        Factor of both [1].
    """
    return {
        key: {name: factor * value for name, value in line.items()}
        for key, line in calibration.items()
    }


def family_factor(card: Mapping[str, Any], numbers: Int[np.ndarray, " site"]) -> float:
    """How much wider the intervals of a crystal are than those of most metals [1].

    Parameters
    ----------
    card
        Card of a model; ``wider`` holds the families.
    numbers
        Atomic numbers of the crystal.
    """
    families: Mapping[str, Mapping[str, float]] = card.get("wider", {})
    return float(families[HYDRIDES]["factor"]) if HYDRIDES in families and 1 in numbers else 1.0
