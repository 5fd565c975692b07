"""Weights that make the calibration table look like the population that is really screened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from betenet.errors import DataError
from betenet.screening.intervals import effective_number

BELOW, ABOVE = 10, 6
"""Most strata below and above the threshold of the first stage."""
FEWEST_BELOW, FEWEST_ABOVE = 30, 12
"""Rows of a stratum: above the threshold each counts, and the shares change faster."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reweighting:
    """A table seen with the scores of a population.

    Attributes
    ----------
    weights
        Weights of the table's rows; they add up to the number of rows (row,).
    n_effective
        Number of rows of equal weight that say as much.
    largest_weight
        Largest weight of a row.
    beyond
        Share of the population with a higher score than any row of the table.
    scored, unscored
        Number of candidates with a score, and without one.
    passing
        Number of candidates at the threshold or above.
    """

    weights: Float[np.ndarray, " row"]
    n_effective: float
    largest_weight: float
    beyond: float
    scored: int
    unscored: int
    passing: int


def reweight(
    table: Float[np.ndarray, " row"],
    population: Float[np.ndarray, " candidate"],
    threshold: float | None = None,
) -> Reweighting:
    r"""Weights by strata of the score.

    .. math:: w_i = \frac{N_h / N}{n_h / n}

    for a row in stratum h, with N_h of the N candidates and n_h of the n rows. It takes for granted
    that materials of one score are positive as often in the population as in the table.

    Parameters
    ----------
    table, population
        Scores of one stage; nan where there is none.
    threshold
        Threshold of the stage: it parts two strata, so that the share that passes is that of the
        population.

    Raises
    ------
    DataError
        If the table or the population has no score.

    Notes
    -----
    Strata hold equal numbers of rows, 30 at least below the threshold and 12 above; a score that
    many rows share stays in one. Post-stratification is a ratio of two histograms; smoother
    estimates of the ratio of densities have their largest errors where scores are high and rows are
    few, which is where a funnel cuts. M. Sugiyama, M. Krauledat, K.-R. Müller, J. Mach. Learn. Res.
    8, 985 (2007), on weighting under covariate shift.
    """
    known, candidates = np.isfinite(table), population[np.isfinite(population)]
    if not known.any() or not candidates.size:
        raise DataError(
            f"{int(known.sum())} rows of the table and {candidates.size} candidates have a score.",
            "The two distributions of scores are compared.",
            "Give the scores of the first stage.",
        )
    edges = _edges(table[known], threshold)
    rows = _counts(table[known], edges)
    sought = _counts(candidates, edges) / candidates.size
    ratio = np.divide(sought * known.sum(), rows, out=np.zeros(len(rows)), where=rows > 0)
    weights = np.zeros(len(table))
    weights[known] = ratio[np.searchsorted(edges, table[known], side="right")]
    if weights.sum() <= 0.0:
        weights = known.astype(float)
    weights *= known.sum() / weights.sum()
    cut = -np.inf if threshold is None else threshold
    return Reweighting(
        weights=weights,
        n_effective=effective_number(weights),
        largest_weight=float(weights.max()),
        beyond=float((candidates > table[known].max()).mean()),
        scored=int(candidates.size),
        unscored=int(population.size - candidates.size),
        passing=int((candidates >= cut).sum()),
    )


def _edges(scores: Float[np.ndarray, " row"], threshold: float | None) -> np.ndarray:
    """Lower ends of all strata but the first."""
    cut = np.inf if threshold is None else threshold
    low, high = scores[scores < cut], scores[scores >= cut]
    edges = _starts(low, BELOW, FEWEST_BELOW)
    if np.isfinite(cut) and len(low) and len(high):
        edges.append(cut)
    return np.array(edges + _starts(high, ABOVE, FEWEST_ABOVE))


def _starts(scores: np.ndarray, most: int, fewest: int) -> list[float]:
    """Lower ends of strata of about equal numbers of rows, but that of the first."""
    size = max(fewest, len(scores) / most)
    starts: list[float] = []
    held = 0
    for value, count in zip(*np.unique(scores, return_counts=True), strict=True):
        if held >= size:
            starts.append(float(value))
            held = 0
        held += int(count)
    return starts[:-1] if held < size / 2 else starts


def _counts(scores: np.ndarray, edges: np.ndarray) -> Int[np.ndarray, " stratum"]:
    return np.bincount(np.searchsorted(edges, scores, side="right"), minlength=len(edges) + 1)
