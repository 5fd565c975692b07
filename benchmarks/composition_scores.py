"""Scores of Tc from composition: of a model, by family and flag, and of what it has to beat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from measured_superconductors import Measured
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.metrics import roc_auc_score

from betenet.known.composition_model import THRESHOLD, Estimates
from betenet.known.superconductor_features import superconductor_feature_names


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

    @classmethod
    def of_estimates(cls, found: Estimates) -> Crossed:
        """Estimates of a model."""
        return cls(*(getattr(found, name) for name in cls.__slots__))

    def of(self, rows: np.ndarray) -> Crossed:
        """Some of the rows."""
        return Crossed(*(getattr(self, name)[rows] for name in self.__slots__))


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


def report(name: str, measured: Measured, estimates: Crossed) -> None:
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
