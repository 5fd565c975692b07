"""Forests on compositions: trained by LightGBM and scikit-learn, and made plain arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from measured_superconductors import Measured
from sklearn.ensemble import ExtraTreesRegressor

from betenet.known.composition_model import THRESHOLD
from betenet.known.forest import Forest

SETTINGS: dict[str, Any] = {
    "learning_rate": 0.07,
    "num_leaves": 31,
    "max_depth": 9,
    "min_child_samples": 7,
    "feature_fraction": 0.5,
    "extra_trees": True,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "reg_lambda": 3.0,
    "verbose": -1,
    "num_threads": 1,
    "deterministic": True,
    "seed": 7,
}
OF_SPREAD = {
    "learning_rate": 0.05,
    "num_leaves": 8,
    "min_child_samples": 30,
    "feature_fraction": 0.2,
}
RANDOMISED: dict[str, Any] = {
    "max_features": 0.5,
    "min_samples_leaf": 2,
    "random_state": 0,
    "n_jobs": 1,
}

TC_WEIGHT = 3.0
"""Weight of Tc in the splits of the randomised trees, beside whether it exceeds 10 K [1]."""


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """Forests as arrays, by name; and as the libraries have them."""

    forests: Mapping[str, Any]
    boosters: Mapping[str, lightgbm.Booster]
    randomised: ExtraTreesRegressor | None = None
    factors: np.ndarray | None = None


def train_forests(measured: Measured, features: np.ndarray, trees: int, wide: int) -> Trained:
    """Train the forests on compositions.

    Parameters
    ----------
    measured, features
        Compositions and their features.
    trees
        Trees in each of the three boosted forests.
    wide
        Extremely randomised trees, which are much larger.
    """
    targets = {
        "linear": ("regression", measured.tc),
        "logarithmic": ("regression", np.log1p(measured.tc)),
        "above": ("binary", (measured.tc > THRESHOLD).astype(float)),
    }
    boosters = {
        name: fit(features, target, trees, objective=objective)
        for name, (objective, target) in targets.items()
    }
    factors = joint_factors(measured.tc)
    both = np.column_stack([measured.tc, measured.tc > THRESHOLD]) * factors
    randomised = ExtraTreesRegressor(wide, **RANDOMISED).fit(features, both)
    forests = {name: exported(booster) for name, booster in boosters.items()}
    for column, name in enumerate(("randomised", "share")):
        forests[name] = exported_mean(randomised, column, 1.0 / factors[column])
    return Trained(forests, boosters, randomised, factors)


def joint_factors(tc: np.ndarray) -> np.ndarray:
    """Factors of Tc, and of whether it exceeds 10 K, that weigh them in the splits for both."""
    spread = np.array([tc.std(), max(float((tc > THRESHOLD).std()), 0.05)])
    return np.sqrt([TC_WEIGHT, 1.0]) / spread


def fit(features: np.ndarray, target: np.ndarray, trees: int, **settings: Any) -> lightgbm.Booster:
    """Boosted trees."""
    data = lightgbm.Dataset(features, target, params={"max_bin": 255, "verbose": -1})
    return lightgbm.train({**SETTINGS, **settings}, data, num_boost_round=trees)


def exported(booster: lightgbm.Booster) -> Forest:
    """The trees as arrays, rounded so that single precision decides as double precision does."""
    nodes: list[tuple[int, float, int, int, float]] = []

    def enter(tree: dict[str, Any]) -> int:
        place = len(nodes)
        nodes.append((-1, 0.0, 0, 0, float(tree.get("leaf_value", 0.0))))
        if "split_feature" in tree:
            left, right = enter(tree["left_child"]), enter(tree["right_child"])
            nodes[place] = (tree["split_feature"], float(tree["threshold"]), left, right, 0.0)
        return place

    roots = [enter(tree["tree_structure"]) for tree in booster.dump_model()["tree_info"]]
    feature, threshold, left, right, value = (
        np.array(column) for column in zip(*nodes, strict=True)
    )
    return _forest(np.array(roots), feature, threshold, left, right, value)


def exported_mean(model: ExtraTreesRegressor, column: int, scale: float) -> Forest:
    """The mean of one answer of scikit-learn's trees, times a scale, as the sum of arrays."""
    scale /= len(model.estimators_)
    columns: list[list[np.ndarray]] = []
    first, roots = 0, list[int]()
    for one in model.estimators_:
        tree = one.tree_
        leaf = tree.children_left < 0
        value = np.where(leaf, tree.value[:, column, 0] * scale, 0.0)
        children = (np.where(leaf, 0, ends + first) for ends in _children(tree))
        feature = np.where(leaf, -1, tree.feature)
        columns.append([feature, np.where(leaf, 0.0, tree.threshold), *children, value])
        roots.append(first)
        first += tree.node_count
    joined = (np.concatenate(column) for column in zip(*columns, strict=True))
    feature, threshold, left, right, value = joined
    return _forest(np.array(roots), feature, threshold, left, right, value)


def _children(tree: Any) -> tuple[np.ndarray, np.ndarray]:
    return tree.children_left, tree.children_right


def _forest(
    roots: np.ndarray,
    feature: np.ndarray,
    threshold: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    value: np.ndarray,
) -> Forest:
    """Arrays of the right kinds; single precision decides as double precision does."""
    single = threshold.astype(np.float32)
    above = single > threshold
    single[above] = np.nextafter(single[above], np.float32(-np.inf))
    return Forest(
        roots=roots.astype(np.int32),
        feature=feature.astype(np.int16),
        threshold=single,
        left=left.astype(np.int32),
        right=right.astype(np.int32),
        unknown_left=np.zeros(len(feature), dtype=bool),
        value=value.astype(np.float32),
        offset=0.0,
    )


def check_export(trained: Trained, rows: np.ndarray) -> None:
    """Raise if the arrays do not say what the trees say."""
    wanted = {name: one.predict(rows, raw_score=True) for name, one in trained.boosters.items()}
    if trained.randomised is not None:
        both = trained.randomised.predict(rows) / trained.factors
        wanted |= {"randomised": both[:, 0], "share": both[:, 1]}
    for name, scores in wanted.items():
        found = trained.forests[name].scores(rows)
        np.testing.assert_allclose(found, scores, rtol=1e-4, atol=1e-3)
    if trained.randomised is not None:
        each = [one.predict(rows)[:, 0] for one in trained.randomised.estimators_]
        found = trained.forests["randomised"].medians(rows) * trained.factors[0]
        np.testing.assert_allclose(found, np.median(each, axis=0), rtol=1e-4, atol=1e-3)


def gain(boosters: dict[str, lightgbm.Booster]) -> Sequence[float]:
    """Mean share of each feature in what the splits of the three forests gain."""
    gains = [one.feature_importance("gain") for one in boosters.values()]
    return list(np.mean([one / one.sum() for one in gains], axis=0))
