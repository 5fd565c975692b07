"""What a funnel is going to give, and what it costs, before anything expensive runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from betenet.errors import ConfigError, DataError
from betenet.json_output import plain_table
from betenet.screening.calibration import SECONDS, Calibration
from betenet.screening.direct_estimate import DirectEstimate, direct_estimate
from betenet.screening.forecast_findings import extrapolated, findings
from betenet.screening.funnel import Funnel, Stage
from betenet.screening.intervals import Interval, effective_number
from betenet.screening.passage import Passage, pass_through
from betenet.screening.populations import Draws, PassedRows, draw_populations
from betenet.screening.reweighting import Reweighting, reweight
from betenet.screening.thresholds import Threshold

_HEADS = ("stage", "threshold", "in", "out", "precision", "recall", "core-hours")
"""Columns of a forecast on a terminal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageForecast:
    """What is to be expected of one stage.

    Attributes
    ----------
    name
        Name of the stage.
    threshold
        Threshold that will decide, judged on the rows of the table that reach it; None where none
        does.
    entering, passing
        Numbers of candidates.
    precision
        Share of positives among what passes [1].
    recall
        Share of all positives in front of the funnel that passes [1].
    core_hours
        Cost of the stage [core-hours].
    table_rows, table_positives
        Numbers of rows of the table that pass it and all before, and of positive ones among them:
        what is known of the stage comes from these.
    """

    name: str
    threshold: Threshold | None
    entering: Interval
    passing: Interval
    precision: Interval
    recall: Interval
    core_hours: Interval
    table_rows: int
    table_positives: int

    def cells(self) -> tuple[str, ...]:
        """Cells of the stage's line in a table on a terminal."""
        cut = float("inf") if self.threshold is None else self.threshold.value
        threshold = f"{cut:.3g}" if cut < float("inf") else "–"
        if self.threshold is not None and self.threshold.criterion != "threshold":
            threshold += f" ({self.threshold.criterion} {self.threshold.wanted:g})"
        return (
            self.name,
            threshold,
            self.entering.rounded().as_text(),
            self.passing.rounded().as_text(),
            self.precision.as_text(percent=True),
            self.recall.as_text(percent=True),
            self.core_hours.as_text(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What is to be expected of a funnel.

    Attributes
    ----------
    n_candidates
        Number of candidates in front of the funnel.
    stages
        Forecasts of the stages; precision and recall of the last one are those of the funnel.
    positives
        Number of positives in the population.
    core_hours
        Cost of all stages [core-hours].
    table
        Name of the calibration table, with the formula of its labels.
    rows, n_effective
        Number of rows of the table, and of rows of equal weight that say as much.
    reweighted
        Whether the scores of the population were known.
    direct
        Another estimate of the positives; None where their probabilities are not known.
    extrapolated
        Why it is nothing but an extrapolation, as a clause; empty if it is more.
    warnings
        Warnings that a user must know, the most important first.
    """

    n_candidates: int
    stages: tuple[StageForecast, ...]
    positives: Interval
    core_hours: Interval
    table: str
    rows: int
    n_effective: float
    reweighted: bool
    direct: DirectEstimate | None
    extrapolated: str
    warnings: tuple[str, ...]

    @property
    def precision(self) -> Interval:
        """Precision of the shortlist [1]."""
        return self.stages[-1].precision

    @property
    def recall(self) -> Interval:
        """Recall of the whole funnel [1]."""
        return self.stages[-1].recall

    @property
    def shortlist(self) -> Interval:
        """Number of structures that pass all stages."""
        return self.stages[-1].passing

    @property
    def thresholds(self) -> dict[str, float]:
        """Thresholds that were chosen for a precision or a recall, by the name of the stage."""
        return {
            stage.name: stage.threshold.value
            for stage in self.stages
            if stage.threshold is not None and stage.threshold.criterion in ("precision", "recall")
        }

    def to_dict(self) -> dict[str, Any]:
        """Table for JSON, with precision, recall and shortlist of the whole funnel."""
        names = ("precision", "recall", "shortlist")
        whole = {name: getattr(self, name).to_dict() for name in names}
        return plain_table(self) | whole

    def as_text(self) -> str:
        """Text for a terminal: stages in a table, the whole, and what to mind."""
        lines = [_HEADS, *(stage.cells() for stage in self.stages)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADS))]
        table = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ]
        table.insert(1, "─" * (sum(widths) + 2 * (len(widths) - 1)))
        count = f"{self.n_candidates:,}".replace(",", " ")
        rows = f"{self.rows} rows of {self.table}"
        if self.reweighted:
            rows += f", weighted to the candidates' scores: as good as {self.n_effective:.0f}"
        precision, recall = (one.as_text(percent=True) for one in (self.precision, self.recall))
        shares = f"precision {precision}, recall {recall}"
        whole = [
            "",
            f"Of {count} candidates {self.positives.as_text()} are to be found.",
            f"The shortlist has {self.shortlist.as_text()}; {shares}.",
            f"It costs {self.core_hours.as_text()} core-hours.",
            f"Intervals of 95 % in brackets, from {rows}.",
        ]
        if self.direct is not None:
            whole.append(
                f"By the sum of their probabilities {self.direct.promised:.3g} are to be found; on "
                f"the table {self.direct.kept.as_text(percent=True)} of such a sum came true: "
                f"{self.direct.positives.as_text()}."
            )
        doubt = f"An extrapolation, not a forecast: {self.extrapolated}."
        first = [doubt] if self.extrapolated else []
        return "\n".join([*first, *table, *whole, *(f"! {one}" for one in self.warnings)])


def forecast(
    funnel: Funnel,
    calibration: Calibration,
    n_candidates: int,
    population_scores: Float[np.ndarray, " candidate"] | None = None,
    *,
    population_probabilities: Float[np.ndarray, " candidate"] | None = None,
    seconds: Mapping[str, float] | None = None,
    seed: int = 0,
) -> Forecast:
    """Precision, recall, numbers and cost of a funnel, each with its intervals.

    Parameters
    ----------
    funnel
        The funnel; thresholds that it does not give are chosen from the table.
    calibration
        Table of scores of materials whose Tc is known.
    n_candidates
        Number of structures in front of the first stage.
    population_scores
        Scores of the first stage, nan where it failed; the table is then weighted to have the same
        scores (`reweight`). Without, the candidates are taken to be like the table.
    population_probabilities
        The candidates' probabilities of a Tc above 5 K [1], for the direct estimate.
    seconds
        Time of one core for a structure [s], by the name of a stage or its kind. If absent, the
        time that was measured on the table, else that of the stage's kind.
    seed
        Seed of the draws.

    Raises
    ------
    ConfigError
        If a threshold cannot be had, μ* is not that of the table where one is to be chosen by it,
        or there is no candidate.
    DataError
        If the table has no scores of a stage, or no positive row.

    Notes
    -----
    Rows of the table go through all stages one after the other, so what one stage leaves for the
    next is counted and not multiplied. A threshold that the labels choose is chosen ten times, each
    time without a tenth of the rows, which it then judges (`pass_through`). Intervals are those of
    what will be counted in a population of this size (`draw_populations`). They take for granted
    that the candidates are like the rows of the table, or like those of the same score.
    """
    known = None if population_scores is None else np.asarray(population_scores, dtype=float)
    _check(funnel, calibration, n_candidates, known)
    first = funnel.stages[0]
    weighing, passage = _weighed(funnel, calibration, n_candidates, known)
    weights = np.ones(len(calibration)) if weighing is None else weighing.weights
    n_first = None if weighing is None else weighing.passing
    # how many pass follows from the thresholds that will be used, how many of them rightly from
    # those that the rows had no part in
    counts, shares = (
        _numbers(reached, calibration, weights, (len(funnel.stages), n_candidates, n_first), seed)
        for reached in (passage.apparent, passage.reached)
    )
    stages = tuple(
        _stage(place, funnel, calibration, passage, weights, counts, shares, seconds or {})
        for place in range(len(funnel.stages))
    )
    direct = None
    if population_probabilities is not None and known is not None:
        cut = passage.thresholds[0]
        picked = np.nan_to_num(known, nan=-np.inf) >= (-np.inf if cut is None else cut.value)
        picked &= np.isfinite(known)
        direct = direct_estimate(calibration, first, population_probabilities, picked, seed=seed)
    n_effective = float(len(calibration)) if weighing is None else weighing.n_effective
    return Forecast(
        n_candidates=n_candidates,
        stages=stages,
        positives=Interval.from_draws(counts.expected[0, 1], counts.draws.found[:, 0]),
        core_hours=Interval.total(stage.core_hours for stage in stages),
        table=calibration.title,
        rows=len(calibration),
        n_effective=n_effective,
        reweighted=weighing is not None,
        direct=direct,
        extrapolated=extrapolated(calibration, weighing),
        warnings=findings(funnel, calibration, passage, weighing),
    )


def _check(funnel: Funnel, table: Calibration, n_candidates: int, known: np.ndarray | None) -> None:
    if n_candidates < 1 or (known is not None and known.size != n_candidates):
        scores = "" if known is None else f" and {known.size} scores"
        raise ConfigError(
            f"There are {n_candidates} candidates{scores}.",
            "A forecast is made for a number of candidates, each with its score if any has one.",
            "Give a number above zero, and a score, or nan, for each.",
        )
    if not table.positive.any():
        raise DataError(
            f"None of the {len(table)} rows of {table.name} is positive.",
            "Precision and recall are measured on positive rows.",
            "Use a table with some.",
        )
    chosen = [stage.name for stage in funnel.stages if stage.precision or stage.recall]
    if chosen and funnel.mu_star != table.mu_star:
        raise ConfigError(
            f"The threshold of {', '.join(map(repr, chosen))} cannot be chosen for "
            f"μ* = {funnel.mu_star:g}.",
            f"Each Tc of {table.name} is for μ* = {table.mu_star:g}.",
            "Give thresholds in K or a budget, or make a table with "
            "benchmarks/screening_calibration.py.",
        )


def _weighed(
    funnel: Funnel, table: Calibration, n_candidates: int, known: np.ndarray | None
) -> tuple[Reweighting | None, Passage]:
    """Weights of the rows and how far they come; a chosen threshold depends on the weights."""
    if known is None:
        return None, pass_through(funnel, table, n_candidates, np.ones(len(table)))
    first = funnel.stages[0]
    if not first.rules.ranks:
        raise ConfigError(
            f"The first stage, {first.name!r}, gives no score of the candidates.",
            "It computes phonons, which is what a forecast is to be made before.",
            "Put a structure stage in front, or leave the population's scores out.",
        )
    scores = table.column(first)
    given = None
    if first.criterion is not None and first.criterion[0] == "budget":
        # the candidates' own scores say where the budget cuts
        cut = given = _budget_cut(known, int(first.criterion[1]))
    elif first.criterion is not None and first.criterion[0] == "threshold":
        cut = first.criterion[1]
    else:
        without = reweight(scores, known)
        passage = pass_through(funnel, table, n_candidates, without.weights)
        threshold = passage.thresholds[0]
        cut = None if threshold is None else threshold.value
    weighing = reweight(scores, known, cut)
    return weighing, pass_through(funnel, table, n_candidates, weighing.weights, given)


def _budget_cut(known: np.ndarray, budget: int) -> float | None:
    scored = np.sort(known[np.isfinite(known)])
    return None if budget >= scored.size else float(scored[-budget])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Numbers:
    """Candidates by stages passed: expected ones, as `PassedRows.expected` has them, and drawn."""

    expected: Float[np.ndarray, "stages 2"]
    draws: Draws


def _numbers(
    reached: np.ndarray,
    table: Calibration,
    weights: np.ndarray,
    sizes: tuple[int, int, int | None],
    seed: int,
) -> _Numbers:
    rows = PassedRows(
        reached=reached, positive=table.positive, weights=weights, groups=table.groups
    )
    n_stages, n_candidates, n_first = sizes
    return _Numbers(
        expected=rows.expected(*sizes),
        draws=draw_populations(
            rows, n_stages=n_stages, n_candidates=n_candidates, n_first=n_first, seed=seed
        ),
    )


def _stage(
    place: int,
    funnel: Funnel,
    table: Calibration,
    passage: Passage,
    weights: np.ndarray,
    counts: _Numbers,
    shares: _Numbers,
    seconds: Mapping[str, float],
) -> StageForecast:
    stage, after = funnel.stages[place], place + 1
    entering, entered = counts.expected[place, 0], counts.draws.passing[:, place]
    passing, found = shares.expected[after]
    cost = _seconds(stage, table, weights * (passage.apparent >= place), seconds)
    drawn = np.random.default_rng(place).normal(*cost, len(entered)).clip(0.0)
    precision = found / passing if passing > 0.0 else np.nan
    recall = found / shares.expected[0, 1] if shares.expected[0, 1] > 0.0 else np.nan
    through = passage.apparent >= after
    return StageForecast(
        name=stage.name,
        threshold=passage.thresholds[place],
        entering=Interval.from_draws(entering, entered),
        passing=Interval.from_draws(counts.expected[after, 0], counts.draws.passing[:, after]),
        precision=Interval.from_draws(precision, shares.draws.precision[:, after]),
        recall=Interval.from_draws(recall, shares.draws.recall[:, after]),
        core_hours=Interval.from_draws(entering * cost[0] / 3600, entered * drawn / 3600),
        table_rows=int(through.sum()),
        table_positives=int((through & table.positive).sum()),
    )


def _seconds(
    stage: Stage, table: Calibration, weights: np.ndarray, given: Mapping[str, float]
) -> tuple[float, float]:
    """Mean of a structure's seconds and its standard error."""
    for name in (stage.name, stage.kind):
        if name in given:
            return float(given[name]), 0.0
    measured = table.find(stage, SECONDS)
    if measured is not None:
        known = weights * np.isfinite(measured)
        if known.sum() > 0.0:
            values = np.nan_to_num(measured)
            mean = float(np.average(values, weights=known))
            variance = float(np.average((values - mean) ** 2, weights=known))
            return mean, (variance / effective_number(known)) ** 0.5
    facts: Mapping[str, float] = table.facts.get("seconds", {})
    return float(facts.get(stage.kind, stage.rules.seconds)), 0.0
