"""How far each row of the calibration table comes in a funnel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from betenet.errors import ConfigError, DataError
from betenet.screening.calibration import STABLE, Calibration
from betenet.screening.funnel import Funnel, Stage
from betenet.screening.intervals import Interval
from betenet.screening.thresholds import ScoredRows, Threshold, choose_threshold, find, parts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Passage:
    """Rows of a table in a funnel.

    Attributes
    ----------
    thresholds
        Threshold of each stage, judged on the rows that reach it; None where none decides.
    reached
        Number of stages that each row passes, by thresholds that it had no part in choosing (row,).
    apparent
        Number of stages that each row passes, by the thresholds themselves (row,).
    """

    thresholds: tuple[Threshold | None, ...]
    reached: Int[np.ndarray, " row"]
    apparent: Int[np.ndarray, " row"]


def pass_through(
    funnel: Funnel,
    table: Calibration,
    n_candidates: int,
    weights: Float[np.ndarray, " row"],
    first_cut: float | None = None,
) -> Passage:
    """Send the rows of a table through a funnel, each through the stages that it reaches.

    Parameters
    ----------
    funnel
        The funnel.
    table
        Table with the scores of each stage.
    n_candidates
        Number of candidates in front of the funnel: it says how large a share a budget is.
    weights
        How many candidates each row stands for, in proportion (row,).
    first_cut
        Threshold of the first stage, where it does not follow from the table.

    Raises
    ------
    ConfigError
        If a threshold cannot be had.
    DataError
        If the table lacks scores of a stage, or no positive row reaches one that needs some.
    """
    cuts = choose_cuts(funnel, table, n_candidates, weights, first_cut)
    apparent = count_passed(funnel.stages, table, cuts)
    reached = apparent.copy()
    if any(one.criterion and one.criterion[0] in ("precision", "recall") for one in funnel.stages):
        for part in parts(table.groups):
            others = _others(funnel, table, n_candidates, weights, ~part, first_cut)
            reached[part] = count_passed(funnel.stages, table[part], others)
    judged = tuple(
        _judged(stage, table, cut, reaching=apparent >= place, weights=weights)
        for place, (stage, cut) in enumerate(zip(funnel.stages, cuts, strict=True))
    )
    return Passage(thresholds=judged, reached=reached, apparent=apparent)


def choose_cuts(
    funnel: Funnel,
    table: Calibration,
    n_candidates: int,
    weights: Float[np.ndarray, " row"],
    first_cut: float | None = None,
) -> list[float | None]:
    """The threshold of each stage, chosen on the rows that reach it; None where none decides."""
    cuts: list[float | None] = []
    reaching = np.ones(len(table), dtype=bool)
    for stage in funnel.stages:
        cut = None if cuts else first_cut
        if cut is None:
            cut = _cut(stage, table, reaching, n_candidates, weights)
        cuts.append(cut)
        reaching = reaching & passes(stage, table, cut)
    return cuts


def count_passed(
    stages: Sequence[Stage], table: Calibration, cuts: Sequence[float | None]
) -> Int[np.ndarray, " row"]:
    """How many stages each row passes before the first that it does not."""
    passed = np.zeros(len(table), dtype=np.int64)
    going = np.ones(len(table), dtype=bool)
    for stage, cut in zip(stages, cuts, strict=True):
        going &= passes(stage, table, cut)
        passed += going
    return passed


def passes(stage: Stage, table: Calibration, cut: float | None) -> Bool[np.ndarray, " row"]:
    """Rows that pass a stage if they reach it; one without a score does not."""
    if not stage.rules.ranks:
        if cut is None:
            return np.asarray(table.column(stage, STABLE) == 1.0)
        return np.asarray(np.nan_to_num(table.column(stage), nan=np.inf) <= cut)
    scores = table.column(stage)
    return np.isfinite(scores) if cut is None else np.nan_to_num(scores, nan=-np.inf) >= cut


def scored_rows(stage: Stage, table: Calibration, weights: Float[np.ndarray, " row"]) -> ScoredRows:
    """Rows of a table with the score of a stage."""
    return ScoredRows(
        scores=table.column(stage),
        positive=table.positive,
        weights=weights,
        groups=table.groups,
    )


def _cut(
    stage: Stage,
    table: Calibration,
    reaching: Bool[np.ndarray, " row"],
    n_candidates: int,
    weights: Float[np.ndarray, " row"],
) -> float | None:
    if stage.criterion is None:
        return None
    criterion, wanted = stage.criterion
    if criterion == "budget":
        entering = n_candidates * float(weights[reaching].sum() / weights.sum())
        wanted = min(1.0, wanted / entering) if entering > 0.0 else 1.0
    rows = scored_rows(stage, table, weights)[reaching]
    try:
        value = find(rows, criterion, wanted)
    except ConfigError as error:
        named = f"Stage {stage.name!r}: {error.summary}"
        raise ConfigError(named, error.reason, error.fix) from error
    scored = rows.scores[np.isfinite(rows.scores)]
    if criterion == "budget" and value == np.inf and scored.size:
        return float(scored.max())  # somebody passes, though one row stands for more than these
    return value


def _others(
    funnel: Funnel,
    table: Calibration,
    n_candidates: int,
    weights: Float[np.ndarray, " row"],
    chosen: Bool[np.ndarray, " row"],
    first_cut: float | None,
) -> list[float | None]:
    """Thresholds of some of the rows; infinite where they cannot give what is wanted."""
    try:
        return choose_cuts(funnel, table[chosen], n_candidates, weights[chosen], first_cut)
    except (ConfigError, DataError):
        return [float("inf")] * len(funnel.stages)


def _judged(
    stage: Stage,
    table: Calibration,
    cut: float | None,
    *,
    reaching: Bool[np.ndarray, " row"],
    weights: Float[np.ndarray, " row"],
) -> Threshold | None:
    """A threshold with what it gives of the rows that reach it."""
    if cut is None or stage.criterion is None or not stage.rules.ranks:
        return None
    rows = scored_rows(stage, table, weights)[reaching]
    criterion, wanted = stage.criterion
    if not rows.positive.any():
        nothing = Interval.exact(float("nan"))
        return Threshold(
            value=cut,
            criterion=criterion,
            wanted=wanted,
            precision=nothing,
            recall=nothing,
            apparent_precision=float("nan"),
            apparent_recall=float("nan"),
            picked=int(rows.picked(cut).sum()),
            rows=len(rows.scores),
            positives=0,
        )
    if criterion == "precision":
        asked = {"precision": wanted}
    elif criterion == "recall":
        asked = {"recall": wanted}
    else:
        asked = {"threshold": cut}
    found = choose_threshold(
        rows.scores, rows.positive, weights=rows.weights, groups=rows.groups, **asked
    )
    return found if criterion != "budget" else replace(found, criterion="budget", wanted=wanted)
