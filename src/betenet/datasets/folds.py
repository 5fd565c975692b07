"""Folds and bootstraps by reduced formula, so that no compound stands on both sides."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from math import gcd

import numpy as np
from jaxtyping import Int


def reduced_formula(symbols: Sequence[str]) -> str:
    """Elements in alphabetical order with their smallest whole-number counts.

    Examples
    --------
    >>> reduced_formula(["Nb", "Nb", "Nb", "Sn"] * 2)
    'Nb3Sn'
    """
    return formula_of(Counter(symbols))


def formula_of(counts: Mapping[str, int]) -> str:
    """Reduced formula of whole numbers of atoms, by element; empty without any.

    Examples
    --------
    >>> formula_of({"S": 2, "H": 6})
    'H3S'
    """
    divisor = gcd(*counts.values())
    return "".join(
        symbol + (str(n // divisor) if n > divisor else "") for symbol, n in sorted(counts.items())
    )


def fold_of(formula: str, n_folds: int = 5, seed: int = 0) -> int:
    """Fold of a reduced formula: a hash, so the same in every source and on every machine."""
    digest = hashlib.sha256(f"{seed}:{formula}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % n_folds


def bootstrap_counts(formulas: Sequence[str], draws: float, seed: int) -> Int[np.ndarray, " row"]:
    """How often each row is drawn, with replacement, by formula.

    Parameters
    ----------
    formulas
        Reduced formula of each row; rows that share one are drawn together.
    draws
        Draws in units of the number of formulas; 1 is the usual bootstrap, which leaves a share
        e^-1 out of the bag.
    seed
        Seed of the draw.

    Returns
    -------
    Int[ndarray, " row"]
        Zero for the rows out of the bag.
    """
    names, inverse = np.unique(np.asarray(formulas), return_inverse=True)
    generator = np.random.default_rng(seed)
    drawn = generator.integers(0, len(names), size=round(draws * len(names)))
    return np.bincount(drawn, minlength=len(names))[inverse]
