r"""The distribution nearest to a prior, in relative entropy, for which given averages vanish.

.. math::
    \min_p \sum_i p_i \ln\frac{p_i}{q_i}
    \quad\text{with}\quad \sum_i p_i = 1,\; \sum_i p_i D_{ik} = 0

has the solution :math:`p_i \propto q_i \exp(\sum_k D_{ik}\theta_k)`, with the θ that minimise
:math:`\ln\sum_i q_i \exp(\sum_k D_{ik}\theta_k)`, a smooth convex function of as many variables as
there are averages.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import cast

import numpy as np
from jaxtyping import Float

TOLERANCE = 1e-11
"""Largest average that counts as zero; deviations are meant to be of order 1."""

_NEWTON_DECREMENT = 1e-6  # distance to the minimum, in standard deviations of the averages
_MAX_STEPS = 60  # 5 to 15 are usual
_SHORTEST = 1e-12  # of a step, as a share of Newton's
_SUFFICIENT_DECREASE = 1e-4
_ROUNDING = 1e-12  # of θ·D, relative


class Outcome(Enum):
    """How the search for θ ended; the text says what that tells of the averages."""

    SOLVED = "a distribution has them"
    IMPOSSIBLE = "no distribution over these samples has them"
    NOT_SETTLED = "at best one that leaves most of these samples empty comes near them"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tilted:
    """A prior tilted to have the averages wanted.

    Parameters
    ----------
    probabilities
        p, sums to 1; the last iterate if there is no solution.
    relative_entropy
        Σ p ln(p/q), where q sums to 1 [nat].
    outcome
        Whether p solves the problem.
    steps
        Newton steps taken.
    """

    probabilities: Float[np.ndarray, " sample"]
    relative_entropy: float
    outcome: Outcome
    steps: int


def tilt_prior(
    log_prior: Float[np.ndarray, " sample"], deviations: Float[np.ndarray, "sample average"]
) -> Tilted:
    """Minimise the relative entropy to a prior with every average of the deviations zero.

    Parameters
    ----------
    log_prior
        ln q, finite; its sum need not be 1.
    deviations
        D, one column for each average, of order 1 where the prior has its weight.

    Notes
    -----
    Newton's method with backtracking. The step comes from a QR factorisation of the weighted
    deviations, not from their covariance, whose condition number is the square: averages of ω, ω²
    and ω³ over a narrow peak are almost dependent. It stops early, with proof, where θ·D is
    negative at every sample: its average cannot be zero then.

    Examples
    --------
    A coin that shows heads (1) in 3 of 4 throws:

    >>> coin = tilt_prior(np.zeros(2), np.array([[0.0 - 0.75], [1.0 - 0.75]]))
    >>> coin.probabilities.round(9).tolist()
    [0.25, 0.75]
    """
    p, start_sum = _normalise(log_prior)
    log_sum = start_sum
    tilt = np.zeros(log_prior.size)
    outcome, steps = Outcome.NOT_SETTLED, 0
    for steps in range(_MAX_STEPS + 1):  # noqa: B007 (how many there were is part of the result)
        averages = p @ deviations
        step, decrement = _newton_step(p, deviations, averages)
        if np.max(np.abs(averages), initial=0.0) < TOLERANCE and decrement < _NEWTON_DECREMENT:
            outcome = Outcome.SOLVED
            break
        if not np.isfinite(decrement):
            break
        direction = deviations @ step
        length = _step_length(log_prior + tilt, direction, log_sum, decrement)
        tilt = tilt + length * direction
        p, log_sum = _normalise(log_prior + tilt)
        if tilt.max() < -_ROUNDING * np.abs(tilt).max():
            outcome = Outcome.IMPOSSIBLE
            break
    # Σ p ln(p/q) = Σ p tilt - ln Σ q e^tilt, and Σ p tilt vanishes at the solution
    entropy = float(p @ tilt - (log_sum - start_sum))
    return Tilted(probabilities=p, relative_entropy=entropy, outcome=outcome, steps=steps)


def _normalise(log_weights: np.ndarray) -> tuple[np.ndarray, float]:
    """Normalised weights, and the logarithm of their sum."""
    highest = log_weights.max()
    weights = np.exp(log_weights - highest)
    total = weights.sum()
    return weights / total, float(highest + np.log(total))


def _newton_step(
    p: np.ndarray, deviations: np.ndarray, averages: np.ndarray
) -> tuple[np.ndarray, float]:
    """Step of θ and the Newton decrement; the latter is infinite where no step exists."""
    weighted = np.sqrt(p)[:, None] * (deviations - averages)
    # the stubs of numpy give one type for every mode
    factor = cast("np.ndarray", np.linalg.qr(weighted, mode="r"))
    diagonal = np.abs(np.diag(factor))
    no_step = np.zeros_like(averages), np.inf
    if factor.shape[0] < averages.size or diagonal.min(initial=1.0) <= 1e-14 * diagonal.max(
        initial=0.0
    ):
        return no_step
    scaled = np.linalg.solve(factor.T, averages)
    step = -np.linalg.solve(factor, scaled)
    return (step, float(np.linalg.norm(scaled))) if np.all(np.isfinite(step)) else no_step


def _step_length(
    log_weights: np.ndarray, direction: np.ndarray, log_sum: float, decrement: float
) -> float:
    """Share of a Newton step that lowers the logarithm of the sum enough."""
    length = 1.0
    # where the decrease is below rounding, Newton's full step is as good as it gets
    while decrement > _NEWTON_DECREMENT and length > _SHORTEST:
        trial_sum = _normalise(log_weights + length * direction)[1]
        if trial_sum <= log_sum - _SUFFICIENT_DECREASE * length * decrement**2:
            break
        length *= 0.5
    return length
