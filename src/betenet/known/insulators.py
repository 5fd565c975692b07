"""Metals told from insulators by boosted trees on composition, bonds, volume and electrons.

Two forests, one after the other: the first was trained on compositions that are known to be metals
or not, the second on crystals, with what the first says as one of its features.
`benchmarks/insulators.py` trains and measures them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import as_file, files
from typing import Any, cast

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers
from jaxtyping import Float

from betenet.known.composition_features import (
    BALANCE,
    composition_feature_names,
    composition_features,
)
from betenet.known.forest import Forest
from betenet.known.salts import counted_insulator
from betenet.known.structure_features import structure_features

MODEL = "insulators.safetensors"
LIKELY = -1.6
"""Logit of being a metal below which a crystal is likely an insulator: 3 % of the metals at most,
in any of the training sets, each judged by forests that have not seen its formula [1]."""
POSSIBLE = 1.5
"""Logit below which a crystal is possibly an insulator [1]."""


@lru_cache(maxsize=1)
def _balance_columns() -> list[int]:
    names = composition_feature_names()
    return [names.index(name) for name in BALANCE]


@lru_cache(maxsize=1)
def _forests() -> tuple[Forest, Forest]:
    from safetensors import numpy as tensor_files

    with as_file(files("betenet.known").joinpath(MODEL)) as path:
        tensors: dict[str, np.ndarray] = cast("Any", tensor_files).load_file(path)
    return Forest.from_tensors(tensors, "composition"), Forest.from_tensors(tensors, "crystal")


def composition_logit(atoms: Atoms) -> float:
    """Logit of being a metal, by the composition alone [1]."""
    return _forests()[0].score(_composition(atoms))


def likely_insulators(formulas: Sequence[Mapping[str, float]]) -> list[bool]:
    """Whether each formula, as it is written, is likely that of an insulator.

    Parameters
    ----------
    formulas
        Amounts by symbols [1]. Amounts that are not whole are of a doped compound, whose charges
        say nothing: never an insulator here.

    Notes
    -----
    By the trees on compositions, or by `salts.counted_insulator`. Of the known superconductors with
    whole amounts 2.9 % are called so, most of which insulate unless doped or under pressure
    (SrTiO3, SnTe, CsI, Si); of cuprates and iron-based ones none.

    Examples
    --------
    >>> likely_insulators([{"Na": 1.0, "Cl": 1.0}, {"Nb": 3.0, "Sn": 1.0}, {"Na": 0.9, "Cl": 1.0}])
    [True, False, False]
    """
    whole = [all(float(one).is_integer() for one in formula.values()) for formula in formulas]
    features: list[np.ndarray] = []
    for formula, is_whole in zip(formulas, whole, strict=True):
        if is_whole:
            counts = {atomic_numbers[symbol]: amount for symbol, amount in formula.items()}
            numbers = np.array(sorted(counts))
            features.append(composition_features(numbers, np.array([counts[n] for n in numbers])))
    logits = iter(_forests()[0].scores(np.array(features)) if features else ())
    return [
        is_whole and (bool(next(logits) < LIKELY) or counted_insulator(formula))
        for formula, is_whole in zip(formulas, whole, strict=True)
    ]


def metal_logit(atoms: Atoms) -> float:
    """Logit of being a metal [1].

    Parameters
    ----------
    atoms
        A primitive cell, as `betenet.structures.standardise` gives it: electrons are counted in it.

    Examples
    --------
    >>> from ase.build import bulk
    >>> metal_logit(bulk("Nb")) > POSSIBLE, metal_logit(bulk("NaCl", "rocksalt", a=5.64)) < LIKELY
    (True, True)
    """
    composition = _composition(atoms)
    logit = _forests()[0].score(composition)
    return _forests()[1].score(crystal_features(logit, composition, structure_features(atoms)))


def crystal_features(
    logit: float,
    composition: Float[np.ndarray, " statistic"],
    structure: Float[np.ndarray, " descriptor"],
) -> Float[np.ndarray, " feature"]:
    """Features of the second forest: the first one's answer, charge balance, structure."""
    return np.concatenate([[logit], composition[_balance_columns()], structure])


def _composition(atoms: Atoms) -> Float[np.ndarray, " feature"]:
    numbers, counts = np.unique(np.asarray(atoms.numbers), return_counts=True)
    return composition_features(numbers, counts.astype(float))
