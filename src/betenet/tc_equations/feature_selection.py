"""Formulas for Tc out of a space of features with dimensions: screening, then selection.

The way of the formula of 2019: features are built from λ, μ* and ω_log by +, -, ×, ÷, exp, exp(-),
⁻¹, ², ³, √ and log, each of which is told what has a dimension; those that are a temperature are
fitted to Tc by one factor, without an intercept, and the best are kept. The last rung is never
built: the error of each product, quotient, sum and difference of two features of the rung below
follows from products of matrices.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

MOST_OPERATIONS = 10
"""Operations of the largest formula."""
_LARGEST = 1e8  # beyond, a value says nothing but that an exponential ran away
_SAME = 10  # digits in which two features must agree to be one
_SEVERAL = 10  # best formulas of a resampled table, among which equal ones are told apart


@dataclass(frozen=True, slots=True, eq=False)
class Feature:
    """A quantity built from others.

    Parameters
    ----------
    text
        How it is built.
    values
        Its value for each material.
    dimension
        Power of a frequency that it has [1].
    operations
        How many operations it takes.
    """

    text: str
    values: Float[np.ndarray, " row"]
    dimension: float
    operations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """A formula Tc = factor × text.

    Parameters
    ----------
    text
        The feature.
    factor
        Its factor, fitted [1].
    rmse
        Root of the mean square of the error of Tc [K].
    operations
        Operations of the feature.
    """

    text: str
    factor: float
    rmse: float
    operations: int


_UNARY: Mapping[str, tuple[Callable[[np.ndarray], np.ndarray], float | None]] = {
    "exp({})": (np.exp, None),
    "exp(-{})": (lambda x: np.exp(-x), None),
    "log({})": (np.log, None),
    "{}^-1": (lambda x: 1.0 / x, -1.0),
    "{}^2": (np.square, 2.0),
    "{}^3": (lambda x: x**3, 3.0),
    "sqrt({})": (np.sqrt, 0.5),
}
"""Operations on one feature, and what they do to its dimension; None where it must have none."""


def grow(features: Sequence[Feature]) -> list[Feature]:
    """The next rung: all features, and those that one operation makes of them."""
    found = {_key(one): one for one in features}
    for one in features:
        for form, (function, power) in _UNARY.items():
            if power is None and one.dimension != 0.0:
                continue
            with np.errstate(all="ignore"):
                values = function(one.values)
            dimension = one.dimension * (power or 0.0)
            _keep(found, form.format(one.text), values, dimension, one.operations + 1)
    for place, left in enumerate(features):
        for right in features[place + 1 :]:
            _combine(found, left, right)
    return list(found.values())


def _combine(found: dict[tuple[object, ...], Feature], left: Feature, right: Feature) -> None:
    operations = left.operations + right.operations + 1
    a, b, total = left.values, right.values, left.dimension + right.dimension
    _keep(found, f"({left.text}*{right.text})", a * b, total, operations)
    for up, down in ((left, right), (right, left)):
        with np.errstate(all="ignore"):
            quotient = up.values / down.values
        apart = up.dimension - down.dimension
        _keep(found, f"({up.text}/{down.text})", quotient, apart, operations)
    if left.dimension == right.dimension:
        _keep(found, f"({left.text}+{right.text})", a + b, left.dimension, operations)
        _keep(found, f"({left.text}-{right.text})", a - b, left.dimension, operations)


def _keep(
    found: dict[tuple[object, ...], Feature],
    text: str,
    values: np.ndarray,
    dimension: float,
    operations: int,
) -> None:
    size = np.abs(values)
    usable = np.all(np.isfinite(values)) and size.max() < _LARGEST and size.max() > 1.0 / _LARGEST
    if usable and operations <= MOST_OPERATIONS and np.ptp(values) > 0.0:
        one = Feature(text, values, dimension, operations)
        known = found.get(_key(one))
        if known is None or operations < known.operations:
            found[_key(one)] = one


def _key(one: Feature) -> tuple[object, ...]:
    """Equal for features that are the same but for the way they are built."""
    return one.dimension, *(f"{value:.{_SAME}g}" for value in one.values.tolist())


def select(
    features: Sequence[Feature], tc: Float[np.ndarray, " row"], count: int = 20
) -> list[Selected]:
    """The formulas of least error among all pairs of features, and the features themselves.

    Parameters
    ----------
    features
        The rung below the last.
    tc
        Tc of each material [K].
    count
        How many formulas are kept.
    """
    found = [_fitted(one, tc) for one in features if one.dimension == 1.0]
    found += [_fitted(one, tc) for one in _best_pairs(features, tc, 4 * count)]
    by_text = {round(one.rmse, 9): one for one in sorted(found, key=_last_of_equals)}
    return sorted(by_text.values(), key=lambda one: one.rmse)[:count]


def _last_of_equals(one: Selected) -> tuple[int, str]:
    return -one.operations, one.text


def _best_pairs(features: Sequence[Feature], tc: np.ndarray, count: int) -> list[Feature]:
    values = np.stack([one.values for one in features])
    dimension = np.array([one.dimension for one in features])
    operations = np.array([one.operations for one in features])
    short = operations[:, None] + operations + 1 <= MOST_OPERATIONS
    inverse = np.divide(1.0, values, out=np.zeros_like(values), where=np.abs(values) > 1e-12)
    by_tc, norm = values @ tc, np.sum(values**2, axis=1)
    product, same = values @ values.T, dimension[:, None] == dimension
    scores = {
        "*": (_cosine((values * tc) @ values.T, values**2 @ (values**2).T),
              dimension[:, None] + dimension == 1.0),
        "/": (_cosine((values * tc) @ inverse.T, values**2 @ (inverse**2).T),
              dimension[:, None] - dimension == 1.0),
        "+": (_cosine(by_tc[:, None] + by_tc, norm[:, None] + norm + 2.0 * product),
              same & (dimension == 1.0)),
        "-": (_cosine(by_tc[:, None] - by_tc, norm[:, None] + norm - 2.0 * product),
              same & (dimension == 1.0)),
    }  # fmt: skip
    pairs: list[Feature] = []
    for sign, (score, allowed) in scores.items():
        flat = np.where(allowed & short, score, 0.0).reshape(-1)
        for place in np.argpartition(-flat, min(count, flat.size - 1))[:count].tolist():
            found: dict[tuple[object, ...], Feature] = {}
            left, right = features[place // len(features)], features[place % len(features)]
            _combine(found, left, right)
            pairs += [one for one in found.values() if one.text[len(left.text) + 1] == sign]
    return [one for one in pairs if one.dimension == 1.0]


def _cosine(numerator: np.ndarray, square: np.ndarray) -> np.ndarray:
    """Squared cosine of the angle between a feature and Tc, up to the norm of Tc."""
    return np.divide(numerator**2, square, out=np.zeros_like(square), where=square > 1e-12)


def _fitted(one: Feature, tc: np.ndarray) -> Selected:
    factor = float(one.values @ tc / (one.values @ one.values))
    rmse = float(np.sqrt(np.mean((factor * one.values - tc) ** 2)))
    return Selected(text=one.text, factor=factor, rmse=rmse, operations=one.operations)


def bootstrap_frequencies(
    features: Sequence[Feature], tc: Float[np.ndarray, " row"], draws: int, seed: int = 0
) -> Counter[str]:
    """How often each form is the best of a resampled set of materials."""
    rng, counts = np.random.default_rng(seed), Counter[str]()
    for _ in range(draws):
        rows = rng.integers(len(tc), size=len(tc))
        drawn = [
            Feature(one.text, one.values[rows], one.dimension, one.operations) for one in features
        ]
        # of several, for forms that are the same tie, and rounding must not choose among them
        counts[select(drawn, tc[rows], _SEVERAL)[0].text] += 1
    return counts
