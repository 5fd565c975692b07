"""Train, judge and write the models of Tc from composition alone.

    python benchmarks/composition_models.py [--write] [--figures DIR] [--parts apart …] [--peer]
                                            [--cache FOLDER] [--widening 1.2 1.1]

Measured superconductors are joined by composition. Scores: five folds with the chemical systems
(sets of elements) kept apart; trained on reports up to 1995 or 2007 and judged on compositions
reported later; and at random, for comparison with the literature alone. Beside them: the mean of
the family, the nearest known composition, with --peer a plain forest, and how far repeated reports
of one composition scatter.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from composition_figures import draw_figures
from composition_forests import OF_SPREAD, Trained, check_export, exported, fit, gain, train_forests
from composition_scores import Crossed, baselines, by_flag, floor, report
from measured_superconductors import Measured, read_measured
from scipy.optimize import minimize

import betenet.known
from betenet.datasets.rows import data_folder
from betenet.known.composition_model import (
    ANSWERS,
    MODEL,
    THRESHOLD,
    CompositionModel,
    joined_tc,
    kinds_of,
    logistic_terms,
    spread_features,
)
from betenet.known.known_compositions import KnownCompositions
from betenet.known.superconductor_features import (
    superconductor_feature_names,
    superconductor_features,
)

N_FOLDS = 5
PARTS = ["apart", "random", "time"]
YEARS = (1995, 2007)
ENDS = (0.025, 0.16, 0.84, 0.975)
STEPS = 10
SHARES = np.array(
    [one for one in product(range(STEPS + 1), repeat=len(ANSWERS)) if sum(one) == STEPS], float
)
SHARES /= STEPS
"""Shares of the answers in Tc that are tried [1]."""
ROOT_WEIGHT = 0.1
"""Weight of the root mean square beside the mean error in their choice [1]."""
SPAN = 7
"""Years before the last that the model is judged on which tells how its intervals age."""


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What the forests say of compositions that they have not seen, and how near these are.

    ``each`` (answer, row): the `ANSWERS`.
    """

    each: np.ndarray
    share: np.ndarray
    logit: np.ndarray
    overlap: np.ndarray

    def of(self, rows: np.ndarray) -> Answers:
        """Some of the rows."""
        others = (getattr(self, name)[rows] for name in ("share", "logit", "overlap"))
        return Answers(self.each[:, rows], *others)


def main() -> None:
    """Print the measured numbers; write the model and the figures if asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true", help="write the model")
    parser.add_argument("--figures", type=Path, help="folder for the figures")
    parser.add_argument("--trees", type=int, default=700, help="in each boosted forest")
    parser.add_argument("--wide", type=int, default=50, help="extremely randomised trees")
    parser.add_argument("--peer", action="store_true", help="judge a plain forest too")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to judge")
    parser.add_argument("--cache", type=Path, help="folder that keeps what forests said")
    parser.add_argument(
        "--widening", type=float, nargs=2, help="what the part time has found, if that is left out"
    )
    parser.add_argument("--rows", type=int, help="take so many compositions alone, for a trial")
    chosen = parser.parse_args()
    folder = data_folder() / "supercon"
    measured = some(read_measured(folder), chosen.rows)
    features = superconductor_features(measured.amounts)
    floor(measured)
    factors = tuple(chosen.widening or (1.0, 1.0))
    if "time" in chosen.parts:
        for year in YEARS:
            factors = over_time(folder, year, chosen)
        print(f"\nfrom here on intervals are wider by {factors[0]:.2f} and {factors[1]:.2f}")
    elif chosen.write and chosen.widening is None:
        parser.error("--write needs the part time, or its --widening: it tells how intervals age")
    if "apart" in chosen.parts:
        folds = measured.folds(N_FOLDS)
        answers, estimates = judged("systems apart", measured, features, folds, factors, chosen)
        finish(measured, features, answers, estimates, factors, chosen)
    if "random" in chosen.parts:
        folds = np.random.default_rng(0).integers(0, N_FOLDS, len(measured.tc))
        judged("at random", measured, features, folds, factors, chosen)


def judged(
    name: str,
    measured: Measured,
    features: np.ndarray,
    folds: np.ndarray,
    factors: tuple[float, float],
    chosen: argparse.Namespace,
) -> tuple[Answers, Crossed]:
    """Answers and estimates of compositions in folds that had not been seen, with their scores."""
    answers = unseen(name, measured, features, folds, chosen)
    estimates = crossed(measured, features, folds, answers, factors)
    report(name, measured, estimates)
    by_flag(name, measured, estimates)
    baselines(measured, features, folds, peer=chosen.peer)
    return answers, estimates


def finish(
    measured: Measured,
    features: np.ndarray,
    answers: Answers,
    estimates: Crossed,
    factors: tuple[float, float],
    chosen: argparse.Namespace,
) -> None:
    """Train on everything; write the model and draw the figures if asked for."""
    if not (chosen.write or chosen.figures):
        return
    trained = train_forests(measured, features, chosen.trees, chosen.wide)
    check_export(trained, features[::97])
    model = joined(measured, features, answers, trained, factors)
    if chosen.write:
        path = Path(betenet.known.__file__).parent / MODEL
        model.write(path)
        print(f"wrote {path}, {path.stat().st_size / 1024:.0f} KiB", flush=True)
    if chosen.figures:
        importance = dict(zip(superconductor_feature_names(), gain(trained.boosters), strict=True))
        draw_figures(chosen.figures, measured, estimates.tc, estimates.above, importance)


def some(measured: Measured, rows: int | None) -> Measured:
    """The rows, or a few of them."""
    if rows is None:
        return measured
    return measured.of(np.random.default_rng(1).permutation(len(measured.tc))[:rows])


def unseen(
    name: str,
    measured: Measured,
    features: np.ndarray,
    folds: np.ndarray,
    chosen: argparse.Namespace,
) -> Answers:
    """What forests say that were trained on the other folds."""
    count = len(measured.tc)
    found = Answers(np.empty((len(ANSWERS), count)), *(np.empty(count) for _ in range(3)))
    for fold in np.unique(folds):
        path = chosen.cache and chosen.cache / f"{name.replace(' ', '-')}-{fold}.npz"
        test = folds == fold
        if path and path.exists():
            with np.load(path) as kept:
                answers = Answers(*(kept[field] for field in Answers.__slots__))
        else:
            answers = of_others(measured, features, test, chosen)
            if path:
                np.savez(path, **{one: getattr(answers, one) for one in Answers.__slots__})
        for field in Answers.__slots__:
            getattr(found, field)[..., test] = getattr(answers, field)
    return found


def of_others(
    measured: Measured, features: np.ndarray, test: np.ndarray, chosen: argparse.Namespace
) -> Answers:
    """What forests say of some rows that were trained on the others."""
    known, asked = measured.of(~test), features[test]
    forests = train_forests(known, features[~test], chosen.trees, chosen.wide).forests
    overlap = KnownCompositions.of(known.amounts).overlap(measured.amounts[test])
    told = (forests[one].scores(asked) for one in ("share", "above"))
    return Answers(answers_of(forests, asked), *told, overlap)


def answers_of(forests: Mapping[str, Any], asked: np.ndarray) -> np.ndarray:
    """The `ANSWERS` of forests."""
    each = [forests[name].scores(asked) for name in ANSWERS[:-1]]
    return np.stack([*each, forests["randomised"].medians(asked)])


def joined(
    measured: Measured,
    features: np.ndarray,
    answers: Answers,
    trained: Trained,
    widening: tuple[float, float] = (1.0, 1.0),
) -> CompositionModel:
    """A model: forests of all rows, and numbers of answers on rows that had not been seen.

    ``widening``: factors of the intervals of 68 and 95 % [1].
    """
    kinds = kinds_of(list(measured.family))
    blend = np.array([best_shares(measured, answers, kinds == kind) for kind in range(3)])
    tc = joined_tc(answers.each, blend[kinds])
    error = np.log1p(measured.tc) - np.log1p(tc)
    question = spread_features(features, answers.each, answers.logit, answers.overlap)
    halves = np.arange(len(tc)) % 2 == 0
    target = np.log(np.abs(error) + 0.02)
    # ends are measured with the spread of the other half: the trees know their own half too well
    spread = np.empty(len(tc))
    for half in (halves, ~halves):
        spread[half] = exported(fit(question[~half], target[~half], 150, **OF_SPREAD)).scores(
            question[half]
        )
    ratio = error / np.exp(np.clip(spread, -4.0, 1.0))
    ends = [
        np.quantile(ratio[kinds == kind] if (kinds == kind).sum() > 50 else ratio, ENDS)
        for kind in range(3)
    ]
    return CompositionModel(
        **trained.forests,
        spread=exported(fit(question, target, 150, **OF_SPREAD)),
        blend=blend,
        logistic=logistic(
            logistic_terms(answers.logit, answers.share, tc), measured.tc > THRESHOLD
        ),
        ends=widened(np.array(ends), widening),
        prior=np.array([*np.quantile(measured.tc, ENDS), (measured.tc > THRESHOLD).mean()]),
        known=KnownCompositions.of(measured.amounts),
    )


def widened(ends: np.ndarray, factors: tuple[float, float]) -> np.ndarray:
    """Ends, as `ENDS`, times the factors of the intervals of 68 and 95 %."""
    narrow, wide = factors
    return ends * np.array([wide, narrow, narrow, wide])


def best_shares(measured: Measured, answers: Answers, rows: np.ndarray) -> np.ndarray:
    """Shares of the answers with the smallest mean error, and a little of its root mean square."""
    if rows.sum() < 50:
        return SHARES.mean(axis=0)
    costs = []
    for shares in SHARES:
        tc = joined_tc(answers.each[:, rows], np.broadcast_to(shares, (int(rows.sum()), 4)))
        error = tc - measured.tc[rows]
        costs.append(np.abs(error).mean() + ROOT_WEIGHT * np.sqrt((error**2).mean()))
    return SHARES[int(np.argmin(costs))]


def logistic(terms: np.ndarray, above: np.ndarray) -> np.ndarray:
    """Factors of a logistic regression."""
    sign = np.where(above, 1.0, -1.0)

    def cost(factors: np.ndarray) -> float:
        return float(np.logaddexp(0.0, -sign * (terms @ factors)).mean())

    return minimize(cost, np.array([0.0, 0.3, 0.3, 1.0])).x


def crossed(
    measured: Measured,
    features: np.ndarray,
    folds: np.ndarray,
    answers: Answers,
    factors: tuple[float, float],
) -> Crossed:
    """What the whole model says of each fold, with the numbers of the other folds' answers."""
    parts: dict[str, np.ndarray] = {}
    for fold in np.unique(folds):
        test = np.flatnonzero(folds == fold)
        rest = np.flatnonzero(folds != fold)
        of_rest, of_test = answers.of(rest), answers.of(test)
        *each, medians = of_test.each
        told = {name: Given(one, medians) for name, one in zip(ANSWERS[:-1], each, strict=True)}
        told |= {"share": Given(of_test.share), "above": Given(of_test.logit)}
        given = Trained(told, {})
        model = joined(measured.of(rest), features[rest], of_rest, given, factors)
        estimates = model.estimate(measured.amounts[test])
        for name in ("tc", "low_68", "high_68", "low_95", "high_95", "above", "unlike"):
            parts.setdefault(name, np.empty(len(folds)))[test] = getattr(estimates, name)
    return Crossed(**{**parts, "unlike": parts["unlike"] > 0.0})


class Given:
    """Stands for a forest whose answers are there already."""

    def __init__(self, values: np.ndarray, medians: np.ndarray | None = None) -> None:
        self._values, self._medians = values, medians

    def scores(self, features: np.ndarray) -> np.ndarray:
        """The answers."""
        del features
        return self._values

    def medians(self, features: np.ndarray) -> np.ndarray | None:
        """The medians of the trees."""
        del features
        return self._medians


def over_time(folder: Path, year: int, chosen: argparse.Namespace) -> tuple[float, float]:
    """Train on reports up to a year, judge on what was reported first after it.

    Returns the factors that its intervals would have needed.
    """
    given = widening(*aged(folder, year - SPAN, year, chosen))
    later, found = aged(folder, year, np.inf, chosen, factors=given)
    name = f"up to {year}, later"
    print(f"\nintervals of 68 and 95 % are wider by {given[0]:.2f} and {given[1]:.2f}", end="")
    print(f", as those up to {year - SPAN} should have been for what came until {year}")
    report(name, later, found)
    by_flag(name, later, found)
    needed = widening(later, found)
    return given[0] * needed[0], given[1] * needed[1]


def aged(
    folder: Path,
    year: float,
    until: float,
    chosen: argparse.Namespace,
    *,
    factors: tuple[float, float] = (1.0, 1.0),
) -> tuple[Measured, Crossed]:
    """What a model says that has learnt up to a year, and what came later, until another one."""
    before = some(read_measured(folder, until=year, say=lambda _: None), chosen.rows)
    after = some(read_measured(folder, until=until, say=lambda _: None), chosen.rows)
    features = superconductor_features(before.amounts)
    answers = unseen(f"up to {year}", before, features, before.folds(3), chosen)
    trained = train_forests(before, features, chosen.trees, chosen.wide)
    later = after.of(after.first > year)
    found = joined(before, features, answers, trained, factors).estimate(later.amounts)
    return later, Crossed.of_estimates(found)


def widening(measured: Measured, found: Crossed) -> tuple[float, float]:
    """Factors by which the intervals of what is known would have held as much as they should.

    In the logarithms ln(1 + Tc / K), of the distance between Tc and the end; 1 at least.
    """
    plain = ~found.unlike
    tc, middle = np.log1p(measured.tc[plain]), np.log1p(found.tc[plain])
    if len(tc) < 50:
        return 1.0, 1.0
    factors = []
    for part in (68, 95):
        low, high = (np.log1p(getattr(found, f"{end}_{part}")[plain]) for end in ("low", "high"))
        reach = np.where(tc > middle, high - middle, middle - low)
        needed = np.quantile(np.abs(tc - middle) / np.maximum(reach, 1e-6), part / 100)
        factors.append(max(float(needed), 1.0))
    return factors[0], factors[1]


if __name__ == "__main__":
    main()
