"""Families of unconventional superconductors that a composition alone may belong to."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from ase.data import chemical_symbols
from jaxtyping import Float

from betenet.known.findings import CUPRATE, FULLERIDE, HEAVY_FERMION, IRON_BASED

OXIDE = "oxide"
HYDRIDE = "hydride"
CHEVREL = "chevrel"
OTHER = "other"
FAMILIES = (*(CUPRATE, IRON_BASED, HEAVY_FERMION, FULLERIDE, HYDRIDE, CHEVREL, OXIDE, OTHER),)
"""Families of the table of measured superconductors."""
UNCONVENTIONAL: Mapping[str, str] = {
    CUPRATE: "cuprate",
    IRON_BASED: "iron pnictide or chalcogenide",
    HEAVY_FERMION: "possibly a heavy fermion",
    FULLERIDE: "fulleride",
}
"""Families that electron-phonon theory is not known to explain, in words."""

_SPACERS = frozenset(
    "Ca Sr Ba La Ce Pr Nd Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Y Bi Tl Hg Pb Na K".split()  # noqa: SIM905
)
_PARTNERS = frozenset("P As S Se Te".split())  # noqa: SIM905
_HEAVY = frozenset("Ce Yb U Np Pu".split())  # noqa: SIM905
_BINDING = frozenset("H N O F Cl Br I".split())  # noqa: SIM905
_CHALCOGENS = frozenset("S Se Te".split())  # noqa: SIM905


def composition_family(shares: Mapping[str, float]) -> str:
    """Family that a composition may belong to: one of `FAMILIES`.

    Parameters
    ----------
    shares
        Share of each element in the atoms [1].

    Notes
    -----
    Cuprate: at least 4 % Cu with more oxygen than Cu, and an ion that stands between the planes.
    Iron-based: Fe and P, As, S, Se or Te, at least 10 % of each, and no phosphate or the like, with
    more oxygen than all the rest. Heavy fermion: at least 5 % of Ce,
    Yb, U, Np or Pu, few atoms that bind electrons. Fulleride: more than 90 % carbon.
    Hydride: half of the atoms or more are hydrogen. Chevrel: Mo₆ with eight chalcogen atoms. What
    is sure needs the structure: `families.family_findings`.

    Examples
    --------
    >>> composition_family({"Ba": 2 / 13, "Cu": 3 / 13, "O": 7 / 13, "Y": 1 / 13})
    'cuprate'
    >>> composition_family({"Nb": 0.75, "Sn": 0.25})
    'other'
    """

    def of(elements: frozenset[str] | str) -> float:
        return sum(share for symbol, share in shares.items() if symbol in elements)

    oxygen, copper = shares.get("O", 0.0), shares.get("Cu", 0.0)
    carbon, molybdenum, chalcogen = shares.get("C", 0.0), shares.get("Mo", 0.0), of(_CHALCOGENS)
    tests = {
        CUPRATE: copper >= 0.04 and oxygen > copper and of(_SPACERS) > 0.05,
        IRON_BASED: shares.get("Fe", 0.0) >= 0.1 and of(_PARTNERS) >= 0.1 and oxygen <= 0.5,
        FULLERIDE: carbon > 0.9 and len(shares) > 1,
        HYDRIDE: shares.get("H", 0.0) >= 0.5,
        CHEVREL: molybdenum > 0.25 and abs(chalcogen / max(molybdenum, 0.01) - 4 / 3) < 0.25,
        OXIDE: 0.3 <= oxygen < 1.0,
        HEAVY_FERMION: of(_HEAVY) >= 0.05 and of(_BINDING) <= 0.3 and of(_HEAVY) < 1.0,
    }
    return next((family for family, holds in tests.items() if holds), OTHER)


def composition_families(amounts: Float[np.ndarray, "row number"]) -> list[str]:
    """Family of each composition, as `composition_family` tells it.

    Parameters
    ----------
    amounts
        Amount of each element in a formula, column Z - 1 for the element Z [1].

    Examples
    --------
    >>> amounts = np.zeros((2, 118))
    >>> amounts[0, [38, 55, 28, 7]] = [1, 2, 3, 7]
    >>> amounts[1, [40, 49]] = [3, 1]
    >>> composition_families(amounts)
    ['cuprate', 'other']
    """
    shares = amounts / amounts.sum(axis=1, keepdims=True)
    return [
        composition_family({chemical_symbols[at + 1]: float(row[at]) for at in np.flatnonzero(row)})
        for row in shares
    ]


def family_sentence(family: str) -> str:
    """What to know of a family before electron-phonon theory is asked; empty for most.

    Examples
    --------
    >>> family_sentence("cuprate")
    'cuprate: electron-phonon theory is not known to explain its superconductivity'
    """
    if family not in UNCONVENTIONAL:
        return ""
    words = UNCONVENTIONAL[family]
    return f"{words}: electron-phonon theory is not known to explain its superconductivity"
