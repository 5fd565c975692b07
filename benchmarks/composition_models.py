"""Train, judge and write the models of Tc from composition alone.

    python benchmarks/composition_models.py [--write] [--figures DIR] [--parts apart …] [--peer]

Measured superconductors are joined by composition. Scores: five folds with the chemical systems
(sets of elements) kept apart; trained on reports up to 1995 or 2007 and judged on compositions
reported later; and at random, for comparison with the literature alone. Beside them: the mean of
the family, the nearest known composition, with --peer a plain forest, and how far repeated reports
of one composition scatter.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from composition_figures import draw_figures
from composition_forests import OF_SPREAD, Trained, check_export, exported, fit, gain, train_forests
from measured_superconductors import Measured, read_measured
from scipy.optimize import minimize
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.metrics import roc_auc_score

import betenet.known
from betenet.datasets.rows import data_folder
from betenet.known.composition_model import (
    MODEL,
    OF_TC,
    THRESHOLD,
    CompositionModel,
    Estimates,
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
    [(a, b, STEPS - a - b) for a in range(STEPS + 1) for b in range(STEPS + 1 - a)], dtype=float
)
SHARES /= STEPS
"""Shares of the forests of Tc that are tried [1]."""


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What the forests say of compositions that they have not seen, and how near these are.

    ``each`` (forest, row): the forests `OF_TC`.
    """

    each: np.ndarray
    share: np.ndarray
    logit: np.ndarray
    overlap: np.ndarray

    def of(self, rows: np.ndarray) -> Answers:
        """Some of the rows."""
        others = (getattr(self, name)[rows] for name in ("share", "logit", "overlap"))
        return Answers(self.each[:, rows], *others)


@dataclass(frozen=True, slots=True, eq=False)
class Crossed:
    """What models say that have not seen a composition, as `Estimates` has it."""

    tc: np.ndarray
    low_68: np.ndarray
    high_68: np.ndarray
    low_95: np.ndarray
    high_95: np.ndarray
    above: np.ndarray
    unlike: np.ndarray

    def of(self, rows: np.ndarray) -> Crossed:
        """Some of the rows."""
        return Crossed(*(getattr(self, name)[rows] for name in self.__slots__))


def main() -> None:
    """Print the measured numbers; write the model and the figures if asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true", help="write the model")
    parser.add_argument("--figures", type=Path, help="folder for the figures")
    parser.add_argument("--trees", type=int, default=700, help="in each boosted forest")
    parser.add_argument("--wide", type=int, default=40, help="extremely randomised trees")
    parser.add_argument("--peer", action="store_true", help="judge a plain forest too")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to judge")
    parser.add_argument("--rows", type=int, help="take so many compositions alone, for a trial")
    chosen = parser.parse_args()
    folder = data_folder() / "supercon"
    measured = some(read_measured(folder), chosen.rows)
    features = superconductor_features(measured.amounts)
    floor(measured)
    if "apart" in chosen.parts:
        folds = measured.folds(N_FOLDS)
        answers, estimates = judged("systems apart", measured, features, folds, chosen)
        finish(measured, features, answers, estimates, chosen)
    if "random" in chosen.parts:
        folds = np.random.default_rng(0).integers(0, N_FOLDS, len(measured.tc))
        judged("at random", measured, features, folds, chosen)
    if "time" in chosen.parts:
        for year in YEARS:
            over_time(folder, measured, year, chosen)


def judged(
    name: str,
    measured: Measured,
    features: np.ndarray,
    folds: np.ndarray,
    chosen: argparse.Namespace,
) -> tuple[Answers, Crossed]:
    """Answers and estimates of compositions in folds that had not been seen, with their scores."""
    answers = unseen(measured, features, folds, chosen)
    estimates = crossed(measured, features, folds, answers)
    report(name, measured, estimates)
    by_flag(name, measured, estimates)
    baselines(measured, features, folds, peer=chosen.peer)
    return answers, estimates


def finish(
    measured: Measured,
    features: np.ndarray,
    answers: Answers,
    estimates: Crossed,
    chosen: argparse.Namespace,
) -> None:
    """Train on everything; write the model and draw the figures if asked for."""
    if not (chosen.write or chosen.figures):
        return
    trained = train_forests(measured, features, chosen.trees, chosen.wide)
    check_export(trained, features[::97])
    model = joined(measured, features, answers, trained)
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
    measured: Measured, features: np.ndarray, folds: np.ndarray, chosen: argparse.Namespace
) -> Answers:
    """What forests say that were trained on the other folds."""
    count = len(measured.tc)
    found = Answers(np.empty((len(OF_TC), count)), *(np.empty(count) for _ in range(3)))
    for fold in np.unique(folds):
        test = folds == fold
        known, asked = measured.of(~test), features[test]
        forests = train_forests(known, features[~test], chosen.trees, chosen.wide).forests
        found.each[:, test] = [forests[name].scores(asked) for name in OF_TC]
        found.share[test] = forests["share"].scores(asked)
        found.logit[test] = forests["above"].scores(asked)
        known_ones = KnownCompositions.of(known.amounts)
        found.overlap[test] = known_ones.overlap(measured.amounts[test])
    return found


def joined(
    measured: Measured, features: np.ndarray, answers: Answers, trained: Trained
) -> CompositionModel:
    """A model: forests of all rows, and numbers of answers on rows that had not been seen."""
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
        ends=np.array(ends),
        prior=np.array([*np.quantile(measured.tc, ENDS), (measured.tc > THRESHOLD).mean()]),
        known=KnownCompositions.of(measured.amounts),
    )


def best_shares(measured: Measured, answers: Answers, rows: np.ndarray) -> np.ndarray:
    """Shares of the forests with the smallest mean of the two usual errors."""
    if rows.sum() < 50:
        return SHARES.mean(axis=0)
    costs = []
    for shares in SHARES:
        tc = joined_tc(answers.each[:, rows], np.broadcast_to(shares, (int(rows.sum()), 3)))
        error = tc - measured.tc[rows]
        costs.append(np.abs(error).mean() + 0.5 * np.sqrt((error**2).mean()))
    return SHARES[int(np.argmin(costs))]


def logistic(terms: np.ndarray, above: np.ndarray) -> np.ndarray:
    """Factors of a logistic regression."""
    sign = np.where(above, 1.0, -1.0)

    def cost(factors: np.ndarray) -> float:
        return float(np.logaddexp(0.0, -sign * (terms @ factors)).mean())

    return minimize(cost, np.array([0.0, 0.3, 0.3, 1.0])).x


def crossed(
    measured: Measured, features: np.ndarray, folds: np.ndarray, answers: Answers
) -> Crossed:
    """What the whole model says of each fold, with the numbers of the other folds' answers."""
    parts: dict[str, np.ndarray] = {}
    for fold in np.unique(folds):
        test = np.flatnonzero(folds == fold)
        rest = np.flatnonzero(folds != fold)
        of_rest, of_test = answers.of(rest), answers.of(test)
        told = {name: Given(of_test.each[k]) for k, name in enumerate(OF_TC)}
        told |= {"share": Given(of_test.share), "above": Given(of_test.logit)}
        given = Trained(told, {})
        model = joined(measured.of(rest), features[rest], of_rest, given)
        estimates = model.estimate(measured.amounts[test])
        for name in ("tc", "low_68", "high_68", "low_95", "high_95", "above", "unlike"):
            parts.setdefault(name, np.empty(len(folds)))[test] = getattr(estimates, name)
    return Crossed(**{**parts, "unlike": parts["unlike"] > 0.0})


class Given:
    """Stands for a forest whose answers are there already."""

    def __init__(self, values: np.ndarray) -> None:
        self._values = values

    def scores(self, features: np.ndarray) -> np.ndarray:
        """The answers."""
        del features
        return self._values


def over_time(folder: Path, measured: Measured, year: int, chosen: argparse.Namespace) -> None:
    """Train on reports up to a year, judge on what was reported first after it."""
    before = some(read_measured(folder, until=year, say=lambda _: None), chosen.rows)
    features = superconductor_features(before.amounts)
    folds = before.folds(3)
    answers = unseen(before, features, folds, chosen)
    trained = train_forests(before, features, chosen.trees, chosen.wide)
    model = joined(before, features, answers, trained)
    later = measured.of(measured.first > year)
    found = model.estimate(later.amounts)
    fields = {name: getattr(found, name) for name in Crossed.__slots__}
    report(f"up to {year}, later", later, found)
    by_flag(f"up to {year}, later", later, Crossed(**fields))
    same = np.full(len(before.tc), before.tc.mean())
    print(f"  accuracy of the commoner class {commoner(later.tc):.3f}", end=", ")
    print(f"MAE of the mean {np.abs(later.tc - same[0]).mean():.2f} K")


def by_flag(name: str, measured: Measured, estimates: Crossed) -> None:
    """Who is called unlike anything known, and the scores of the others."""
    print("  called unlike anything known:", end=" ")
    shares = {kind: estimates.unlike[rows].mean() for kind, rows in measured.kinds().items()}
    print(", ".join(f"{kind} {share:.3f}" for kind, share in shares.items()))
    plain = ~estimates.unlike
    report(f"{name}, not so called", measured.of(plain), estimates.of(plain))
    if estimates.unlike.sum() > 100:
        strange = estimates.unlike
        report(f"{name}, so called", measured.of(strange), estimates.of(strange))


def commoner(tc: np.ndarray) -> float:
    """Share of the commoner side of 10 K."""
    share = float((tc > THRESHOLD).mean())
    return max(share, 1.0 - share)


def report(name: str, measured: Measured, estimates: Estimates | Crossed) -> None:
    """Scores of Tc, of its intervals and of P(Tc > 10 K), by family."""
    above = measured.tc > THRESHOLD
    print(f"\n{name}: {len(measured.tc)} compositions; Tc > 10 K:", end=" ")
    accuracy = ((estimates.above > 0.5) == above).mean()
    auc, brier = roc_auc_score(above, estimates.above), ((estimates.above - above) ** 2).mean()
    print(f"accuracy {accuracy:.3f}, AUC {auc:.3f}, Brier {brier:.3f}", end=", ")
    print(f"commoner class {commoner(measured.tc):.3f}")
    for kind, rows in measured.kinds().items():
        if rows.sum() < 20:
            continue
        line(kind, measured.tc[rows], estimates.tc[rows])
        inside = [
            (
                (getattr(estimates, f"low_{p}") <= measured.tc)
                & (measured.tc <= getattr(estimates, f"high_{p}"))
            )[rows].mean()
            for p in (68, 95)
        ]
        width = (estimates.high_68 - estimates.low_68)[rows]
        print(
            f"    in the 68 % interval {inside[0]:.2f}, in that of 95 % {inside[1]:.2f};", end=" "
        )
        print(f"median width of 68 % {np.median(width):.1f} K")


def line(name: str, tc: np.ndarray, found: np.ndarray) -> None:
    """R², MAE and RMSE."""
    error = found - tc
    r2 = 1.0 - (error**2).sum() / ((tc - tc.mean()) ** 2).sum()
    print(f"  {name:<22}{len(tc):>6}  R² {r2:6.3f}  MAE {np.abs(error).mean():5.2f} K", end="  ")
    print(f"RMSE {np.sqrt((error**2).mean()):5.2f} K")


def baselines(measured: Measured, features: np.ndarray, folds: np.ndarray, *, peer: bool) -> None:
    """Scores in the same folds of a family's mean, the nearest composition and a plain forest."""
    ways: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
        "mean of the family": lambda rest, test: family_means(measured, rest, test),
        "nearest composition": lambda rest, test: nearest(measured, rest, test),
    }
    if peer:
        ways["plain forest"] = lambda rest, test: plain_forest(measured, features, rest, test)
    for name, way in ways.items():
        found = np.empty(len(folds))
        for fold in np.unique(folds):
            rest, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
            found[test] = way(rest, test)
        above = measured.tc > THRESHOLD
        print(f" {name}: accuracy {((found > THRESHOLD) == above).mean():.3f}", end=", ")
        print(f"AUC {roc_auc_score(above, found):.3f}")
        for kind, rows in measured.kinds().items():
            line(kind, measured.tc[rows], found[rows])


def family_means(measured: Measured, rest: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Mean Tc of each composition's family [K]."""
    means = {
        one: measured.tc[rest][measured.family[rest] == one].mean()
        for one in set(measured.family[rest])
    }
    return np.array([means.get(one, measured.tc[rest].mean()) for one in measured.family[test]])


def nearest(measured: Measured, rest: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Tc of the composition with the largest overlap [K]."""
    shares = measured.amounts / measured.amounts.sum(axis=1, keepdims=True)
    roots = np.sqrt(shares).astype(np.float32)
    return measured.tc[rest][(roots[test] @ roots[rest].T).argmax(axis=1)]


def plain_forest(
    measured: Measured, features: np.ndarray, rest: np.ndarray, test: np.ndarray
) -> np.ndarray:
    """Extremely randomised trees on the statistics of elements alone [K]."""
    kinds = ("mean_", "std_", "deviation_", "min_", "max_", "share_")
    columns = [k for k, name in enumerate(superconductor_feature_names()) if name.startswith(kinds)]
    trees = ExtraTreesRegressor(50, max_features=0.33, random_state=0, n_jobs=1)
    trees.fit(features[rest][:, columns], measured.tc[rest])
    return trees.predict(features[test][:, columns])


def floor(measured: Measured) -> None:
    """How far repeated reports of one composition scatter."""
    for kind, rows in measured.kinds().items():
        scatter = measured.scatter[rows & np.isfinite(measured.scatter)]
        print(f"repeated reports, {kind}: {len(scatter)} compositions, standard deviation", end=" ")
        print(f"{np.sqrt((scatter**2).mean()):.1f} K (root mean square)", end=", ")
        print(f"{np.median(scatter):.1f} K (median)")


if __name__ == "__main__":
    main()
