"""Families of superconductors, told from the composition alone."""

from __future__ import annotations

import numpy as np
from ase.data import atomic_numbers
from jaxtyping import Float

CUPRATE, IRON_BASED, HEAVY_FERMION = "cuprate", "iron_based", "heavy_fermion"
FAMILIES = (
    CUPRATE,
    IRON_BASED,
    HEAVY_FERMION,
    "oxide",
    "chevrel_like",
    "carbon",
    "hydride",
    "other",
)
"""Names of the families; where a composition fits several, the first one counts."""
_LEAST_OXYGEN, _LEAST_IRON = 0.25, 0.05
_LEAST_CARBON = 0.75
_LEAST_HYDROGEN = 0.3


def superconductor_families(amounts: Float[np.ndarray, "row number"]) -> list[str]:
    """Family of each composition, one of `FAMILIES`.

    Parameters
    ----------
    amounts
        Amount of each element in a formula, column Z - 1 for the element Z [1].

    Notes
    -----
    Cuprate: Cu, and more than a quarter of the atoms O. Iron-based: Fe, and P, As, Sb, S, Se or
    Te, more than a twentieth of the atoms each. Heavy fermion: Ce, Yb, U, Np or Pu without
    oxygen; that is what such metals have, not a proof of heavy electrons. Chevrel-like: Mo and
    S, Se or Te. Carbon: three quarters of the atoms or more are C. Hydride: three tenths or more
    are H.

    Examples
    --------
    >>> amounts = np.zeros((2, 118))
    >>> amounts[0, [38, 55, 28, 7]] = [1, 2, 3, 7]
    >>> amounts[1, [40, 49]] = [3, 1]
    >>> superconductor_families(amounts)
    ['cuprate', 'other']
    """
    shares = amounts / amounts.sum(axis=1, keepdims=True)

    def share(symbols: str) -> Float[np.ndarray, " row"]:
        return shares[:, [atomic_numbers[symbol] - 1 for symbol in symbols.split()]].sum(axis=1)

    oxygen, chalcogen = share("O"), share("S Se Te")
    iron = (share("Fe") > _LEAST_IRON) & (share("P As Sb S Se Te") > _LEAST_IRON)
    tests = (
        (share("Cu") > 0.0) & (oxygen > _LEAST_OXYGEN),
        iron,
        (share("Ce Yb U Np Pu") > 0.0) & (oxygen == 0.0),
        oxygen > 0.0,
        (share("Mo") > 0.0) & (chalcogen > 0.0),
        share("C") >= _LEAST_CARBON,
        share("H") >= _LEAST_HYDROGEN,
        np.ones(len(shares), dtype=bool),
    )
    first = np.argmax(np.stack(tests), axis=0)
    return [FAMILIES[place] for place in first]
