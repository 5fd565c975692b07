"""Tc, its interval, P(Tc > 10 K) and family from a composition, by forests kept as arrays.

The forests were trained on measured superconductors by `benchmarks/composition_models.py`, which
measures them too. What they say is the Tc of a superconductor of that composition: whether there is
one at all, nobody has told them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from betenet.known.composition_families import composition_families
from betenet.known.findings import CUPRATE, IRON_BASED
from betenet.known.forest import Forest
from betenet.known.known_compositions import KnownCompositions
from betenet.known.packed_forest import packed, packed_leaves, unpacked, with_leaves
from betenet.known.superconductor_features import superconductor_features

Amounts = Float[np.ndarray, "row number"]
Column = Float[np.ndarray, " row"]

MODEL = "composition_models.npz"
THRESHOLD = 10.0
"""Tc that P(Tc > 10 K) is about [K]."""
MOST = 160.0
"""Bound of Tc [K]: the highest at ambient pressure is 135."""
LEAST_OVERLAP = 0.72
"""Overlap with the nearest known composition below which a composition is unlike all of them."""
_OF_ALL = 0.75
"""Share of what is so of all superconductors in P(Tc > 10 K) of what is unlike all of them."""
_LEAST_SHARE = 0.01
"""Share of Tc > 10 K in the leaves, from its bounds, that is told apart [1]."""
FORESTS = ("linear", "logarithmic", "randomised", "above", "spread")
ANSWERS = ("linear", "logarithmic", "randomised", "median")
"""Answers that Tc is blended of: of three forests, and the median of the third one's trees."""
_LOGARITHMIC = ANSWERS.index("logarithmic")
_NUMBERS = ("blend", "logistic", "ends", "prior")


@dataclass(frozen=True, eq=False, kw_only=True)
class Estimates:
    """What the model says of compositions.

    Attributes
    ----------
    tc
        Critical temperature [K].
    low_68, high_68, low_95, high_95
        Ends of its intervals [K].
    above
        Probability that Tc exceeds 10 K [1].
    families
        Names of the families.
    overlap
        Overlap with the nearest known composition [1].
    pairs
        Main elements that no known composition has together, as `KnownCompositions.strange_pairs`.
    elements
        Elements that no known composition has, as `KnownCompositions.strange_elements`.
    """

    tc: Column
    low_68: Column
    high_68: Column
    low_95: Column
    high_95: Column
    above: Column
    families: list[str]
    overlap: Column
    pairs: list[tuple[int, int] | None]
    elements: list[list[int]]

    @property
    def unlike(self) -> Bool[np.ndarray, " row"]:
        """Whether a composition is unlike all that the model knows."""
        return is_unlike(self.overlap, self.pairs, self.elements)


def is_unlike(
    overlap: Column, pairs: list[tuple[int, int] | None], elements: list[list[int]]
) -> Bool[np.ndarray, " row"]:
    """Whether a composition has a new element, a new main pair, or little overlap with any."""
    new_pair = np.array([pair is not None for pair in pairs], dtype=bool)
    new_element = np.array([bool(one) for one in elements], dtype=bool)
    return new_pair | new_element | (overlap < LEAST_OVERLAP)


@dataclass(frozen=True, eq=False, kw_only=True)
class CompositionModel:
    """Forests on compositions, and the numbers that join them.

    Attributes
    ----------
    linear
        Forest whose score is Tc [K].
    logarithmic
        Forest whose score is ln(1 + Tc / K).
    randomised
        Forest of extremely randomised trees whose score is Tc [K].
    share
        The trees of ``randomised``, whose score is the share of Tc > 10 K in their leaves [1].
    above
        Forest whose score is the logit of Tc > 10 K [1].
    spread
        Forest whose score is the logarithm of the expected error of ln(1 + Tc / K) [1].
    blend
        Shares of the `ANSWERS` in the Tc of cuprates, iron-based superconductors and others [1].
    logistic
        Offset, and factors in the logit of P(Tc > 10 K): of the logits of ``above`` and of
        ``share``, and of ln((1 + Tc) / (1 + 10 K)) [1].
    ends
        Ends of the intervals in expected errors, from 2.5 to 97.5 %, for cuprates, iron-based
        superconductors and others [1].
    prior
        Ends of the intervals of all measured Tc, from 2.5 to 97.5 % [K], and the share above 10 K.
    known
        Compositions of the training.

    Notes
    -----
    Where a composition is unlike all that is known, the intervals hold at least those of all
    measured Tc, and three quarters of P(Tc > 10 K) are the share of all that are above.
    """

    linear: Forest
    logarithmic: Forest
    randomised: Forest
    share: Forest
    above: Forest
    spread: Forest
    blend: Float[np.ndarray, "kind answer"]
    logistic: Float[np.ndarray, " term"]
    ends: Float[np.ndarray, "kind end"]
    prior: Float[np.ndarray, " number"]
    known: KnownCompositions

    def estimate(self, amounts: Amounts) -> Estimates:
        """Tc, its intervals, P(Tc > 10 K) and family of compositions.

        Parameters
        ----------
        amounts
            Amount of each element in a formula, column Z - 1 for the element Z [1].
        """
        features = superconductor_features(amounts)
        families = composition_families(amounts)
        kinds = kinds_of(families)
        each = self.answers(features)
        logit = self.above.scores(features)
        tc = joined_tc(each, self.blend[kinds])
        overlap = self.known.overlap(amounts)
        asked = spread_features(features, each, logit, overlap)
        error = np.exp(np.clip(self.spread.scores(asked), -4.0, 1.0))
        ends = np.expm1(np.log1p(tc) + self.ends[kinds].T * error)
        ends = np.clip(ends, 0.0, np.maximum(MOST, tc))
        terms = logistic_terms(logit, self.share.scores(features), tc)
        above = 1.0 / (1.0 + np.exp(-(terms @ self.logistic)))
        pairs = self.known.strange_pairs(amounts)
        elements = self.known.strange_elements(amounts)
        unlike = is_unlike(overlap, pairs, elements)
        ends[:2, unlike] = np.minimum(ends[:2, unlike], self.prior[:2, None])
        ends[2:, unlike] = np.maximum(ends[2:, unlike], self.prior[2:4, None])
        above[unlike] = (1.0 - _OF_ALL) * above[unlike] + _OF_ALL * self.prior[4]
        return Estimates(
            tc=tc,
            low_95=np.minimum(ends[0], tc),
            low_68=np.minimum(ends[1], tc),
            high_68=np.maximum(ends[2], tc),
            high_95=np.maximum(ends[3], tc),
            above=above,
            families=families,
            overlap=overlap,
            pairs=pairs,
            elements=elements,
        )

    def answers(
        self, features: Float[np.ndarray, "row feature"]
    ) -> Float[np.ndarray, "answer row"]:
        """What the forests say of Tc, as `ANSWERS` names it [K], one of them as ln(1 + Tc / K)."""
        trees = (self.linear, self.logarithmic, self.randomised)
        return np.stack(
            [*(one.scores(features) for one in trees), self.randomised.medians(features)]
        )

    def write(self, path: Path) -> None:
        """Write the model as compressed arrays."""
        arrays: dict[str, Any] = {name: getattr(self, name) for name in _NUMBERS}
        for name in FORESTS:
            arrays |= packed(getattr(self, name), name)
        arrays |= packed_leaves(self.share, "share")
        arrays |= self.known.to_arrays("known")
        np.savez_compressed(path, allow_pickle=False, **arrays)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> CompositionModel:
        """Model of the arrays that `write` has written."""
        parts: dict[str, Any] = {name: arrays[name] for name in _NUMBERS}
        parts |= {name: unpacked(arrays, name) for name in FORESTS}
        parts["share"] = with_leaves(parts["randomised"], arrays, "share")
        return cls(**parts, known=KnownCompositions.from_arrays(arrays, "known"))


@lru_cache(maxsize=1)
def shipped_model() -> CompositionModel:
    """Model that comes with the package."""
    with as_file(files("betenet.known").joinpath(MODEL)) as path:
        return read_model(path)


def read_model(path: Path) -> CompositionModel:
    """Model from a file; it holds arrays alone, nothing that is run."""
    with np.load(path, allow_pickle=False) as arrays:
        return CompositionModel.from_arrays({name: arrays[name] for name in arrays.files})


def kinds_of(families: list[str]) -> np.ndarray:
    """Number of the row of `CompositionModel.ends` for each family."""
    return np.array([{CUPRATE: 0, IRON_BASED: 1}.get(name, 2) for name in families], dtype=int)


def joined_tc(
    each: Float[np.ndarray, "answer row"], shares: Float[np.ndarray, "row answer"]
) -> Column:
    """Tc of the `ANSWERS`, each with its share [K]."""
    parts = each.copy()
    parts[_LOGARITHMIC] = np.expm1(np.clip(each[_LOGARITHMIC], 0.0, np.log1p(MOST)))
    return (np.clip(parts, 0.0, MOST).T * shares).sum(axis=1)


def logistic_terms(logit: Column, share: Column, tc: Column) -> Float[np.ndarray, "row term"]:
    """What the logit of P(Tc > 10 K) is a sum of."""
    bounded = np.clip(share, _LEAST_SHARE, 1.0 - _LEAST_SHARE)
    of_share = np.log(bounded / (1.0 - bounded))
    of_tc = np.log1p(tc) - np.log1p(THRESHOLD)
    return np.column_stack([np.ones_like(tc), logit, of_share, of_tc])


def spread_features(
    features: Float[np.ndarray, "row feature"],
    each: Float[np.ndarray, "answer row"],
    logit: Column,
    overlap: Column,
) -> Float[np.ndarray, "row question"]:
    """Features that the expected error is told from: the answers, and how far they are apart."""
    others = np.log1p(np.clip(np.delete(each, _LOGARITHMIC, axis=0), 0.0, MOST))
    apart = np.abs(others - each[_LOGARITHMIC])
    return np.column_stack([*each, logit, *apart, overlap, features]).astype(np.float32)
