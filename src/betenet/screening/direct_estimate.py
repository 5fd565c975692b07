"""Positives of a population by the sum of their probabilities, and what such sums are worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from betenet.ensemble.prediction import TC_PROBABILITY
from betenet.errors import DataError
from betenet.screening.calibration import Calibration
from betenet.screening.funnel import Stage
from betenet.screening.intervals import Interval

DRAWS = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectEstimate:
    """Positives of a population by the models' own probabilities.

    Attributes
    ----------
    promised, promised_passing
        Sum of the probabilities over the population, and over what passes the first stage.
    kept
        Number of positive rows of the table over the sum of their probabilities: what such promises
        are worth [1].
    positives
        Number of positives: promised times kept.
    """

    promised: float
    promised_passing: float
    kept: Interval
    positives: Interval


def direct_estimate(
    table: Calibration,
    stage: Stage,
    probabilities: Float[np.ndarray, " candidate"],
    picked: Bool[np.ndarray, " candidate"],
    *,
    seed: int = 0,
) -> DirectEstimate:
    """Positives by the sum of probabilities, and by what such a sum was worth on the table.

    Parameters
    ----------
    table
        Table with the probabilities of its rows.
    stage
        First stage of the funnel.
    probabilities
        Probabilities of the population [1]; nan where there is none.
    picked
        Candidates that pass the stage.
    seed
        Seed of the draws.

    Raises
    ------
    DataError
        If the table has no probabilities.

    Notes
    -----
    Positive rows of the table are drawn from a gamma distribution (a Poisson number seen once, by
    Jeffreys' prior), the chance of the population's own rows from a normal one.
    """
    of_table = table.find(stage, TC_PROBABILITY)
    if of_table is None or not np.nansum(of_table):
        raise DataError(
            f"{table.name} has no probabilities for stage {stage.name!r}.",
            "What they are worth is measured on the table.",
            "Leave the population's probabilities out.",
        )
    generator = np.random.default_rng(seed)
    promised_there = float(np.nansum(of_table))
    hits = int(table.positive.sum())
    kept = generator.gamma(hits + 0.5, 1.0, DRAWS) / promised_there
    p = np.nan_to_num(probabilities)
    promised = float(p.sum())
    chance = generator.normal(0.0, float(np.sqrt((p * (1.0 - p)).sum())), DRAWS)
    drawn = np.maximum(kept * promised + chance, 0.0)
    return DirectEstimate(
        promised=promised,
        promised_passing=float(p[picked].sum()),
        kept=Interval.from_draws(hits / promised_there, kept),
        positives=Interval.from_draws(hits / promised_there * promised, drawn),
    )
