"""Anions that are bonded among themselves, such as O₂²⁻, C₂²⁻ and N₃⁻, and their charges."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers
from jaxtyping import Bool, Float, Int

from betenet.known.composition_features import ANION_RANGE, formal_charges
from betenet.known.elements import bonding

Pairs = Int[np.ndarray, " pair"]

SINGLE_BONDS = {
    "C": 1.54,
    "N": 1.45,
    "O": 1.48,
    "Si": 2.35,
    "P": 2.22,
    "S": 2.06,
    "Ge": 2.45,
    "As": 2.46,
    "Se": 2.36,
    "Sn": 2.85,
    "Sb": 2.85,
    "Te": 2.80,
}
"""Length of a single bond between like atoms [Å]."""
_SQUEEZED, _STRETCHED = 0.7, 1.13
"""Shortest and longest bond over a single one [1]; nets of Sb and layers of Te are wider."""
_PAIRS = {
    "O": ((1.24, (0,)), (1.40, (-1,)), (9.0, (-2,))),
    "N": ((1.16, (0,)), (9.0, (-2, -4))),
    "C": ((1.33, (-2, -4)), (1.46, (-4,)), (9.0, (-6,))),
}
"""Charges of a pair up to a bond length [Å]: O₂, superoxide and peroxide; N₂, diazenide and
pernitride; carbides of acetylene, of ethylene and of ethane."""
SUPEROXIDE = -1
_AZIDE_BOND = 1.30
"""Longest bond of N₃⁻ [Å]."""
_CONJUGATED = 1.50
"""Longest bond [Å] of carbon whose rings and chains may be neutral."""
_MOST_CHOICES = 64


@dataclass(frozen=True, slots=True, eq=False)
class Charges:
    """Formal charges of the sites of a crystal.

    Attributes
    ----------
    charges
        Charge of each site [e]; 0 in an element or an alloy.
    left_over
        Sum of the charges per atom [e]; -1 where there are none.
    within
        Mask of the pairs that are bonds within an anion of several atoms.
    superoxide
        Whether there are pairs O₂⁻, which have an unpaired electron.
    """

    charges: Float[np.ndarray, " atom"]
    left_over: float
    within: Bool[np.ndarray, " pair"]
    superoxide: bool


def site_charges(atoms: Atoms, first: Pairs, second: Pairs, lengths: np.ndarray) -> Charges:
    """Charges that balance best, with those of bonded anions by the rule of eight electrons.

    Parameters
    ----------
    atoms
        Periodic cell.
    first, second, lengths
        Pairs of neighbours, each both ways, and their distances [Å].

    Notes
    -----
    A bond between two like anions spares each of them one electron, and a multiple bond more. Of
    the charges that a pair may have, those are taken that the cations balance.
    """
    numbers = np.asarray(atoms.numbers)
    kinds, counts = np.unique(numbers, return_counts=True)
    chi = bonding().electronegativity
    longest = np.zeros(len(chi))
    for symbol, single in SINGLE_BONDS.items():
        number = atomic_numbers[symbol]
        if len(kinds) > 1 and chi[number] >= chi[kinds].max() - ANION_RANGE:
            longest[number] = _STRETCHED * single
    within = (numbers[first] == numbers[second]) & (lengths < longest[numbers[first]])
    within &= lengths > _SQUEEZED / _STRETCHED * longest[numbers[first]]
    if not within.any():
        found = formal_charges(kinds, counts.astype(float))
        return _spread(found, np.full(len(numbers), np.nan), numbers, within, superoxide=False)
    groups = _groups(len(numbers), first[within], second[within])
    bonds = np.bincount(first[within], minlength=len(numbers))
    shortest = np.full(len(numbers), np.inf)
    np.minimum.at(shortest, first[within], lengths[within])
    bonded = np.isin(numbers, numbers[first[within]])
    return _balanced(numbers, within, _choices(numbers, groups, bonds, shortest, bonded))


def _balanced(
    numbers: Int[np.ndarray, " atom"],
    within: Bool[np.ndarray, " pair"],
    choices: list[tuple[Float[np.ndarray, " atom"], bool]],
) -> Charges:
    """The choice of charges of bonded anions that the other elements balance best."""
    kinds, counts = np.unique(numbers, return_counts=True)
    best: Charges | None = None
    for anions, superoxide in choices:
        known = np.unique(numbers[np.isfinite(anions)])
        fixed = {int(z): float(anions[numbers == z].mean()) for z in known}
        found = formal_charges(kinds, counts.astype(float), fixed=fixed)
        one = _spread(found, anions, numbers, within, superoxide=superoxide)
        if best is None or 0.0 <= one.left_over < best.left_over - 1e-9 or best.left_over < 0.0:
            best = one
    assert best is not None
    return best


def _spread(
    found: Float[np.ndarray, " kind"] | None,
    anions: Float[np.ndarray, " atom"],
    numbers: Int[np.ndarray, " atom"],
    within: Bool[np.ndarray, " pair"],
    *,
    superoxide: bool,
) -> Charges:
    if found is None:
        return Charges(np.zeros(len(numbers)), -1.0, within, superoxide=False)
    kinds, counts = np.unique(numbers, return_counts=True)
    charges = found[np.searchsorted(kinds, numbers)]
    charges = np.where(np.isfinite(anions), anions, charges)
    left_over = abs(float(found @ counts)) / len(numbers)
    return Charges(charges, left_over, within, superoxide)


def _choices(
    numbers: Int[np.ndarray, " atom"],
    groups: Int[np.ndarray, " atom"],
    bonds: Int[np.ndarray, " atom"],
    shortest: Float[np.ndarray, " atom"],
    bonded: Bool[np.ndarray, " atom"],
) -> list[tuple[Float[np.ndarray, " atom"], bool]]:
    """Charges of the bonded anions and of the single atoms of their elements, in a few ways."""
    symbols = {atomic_numbers[symbol]: symbol for symbol in SINGLE_BONDS}
    lack = 18.0 - bonding().group[numbers]
    members = [np.flatnonzero(groups == group) for group in np.unique(groups[bonded])]
    kinds: dict[tuple[str, tuple[float, ...], int], list[np.ndarray]] = {}
    for atoms in members:
        symbol = symbols[int(numbers[atoms[0]])]
        lacking = np.maximum(lack[atoms] - bonds[atoms], 0.0)
        ways = _ways(symbol, bonds[atoms], float(shortest[atoms].min()), -float(lacking.sum()))
        kinds.setdefault((symbol, ways, len(atoms)), []).append(atoms)
    found: list[tuple[np.ndarray, bool]] = []
    for chosen in list(product(*(ways for _, ways, _ in kinds)))[:_MOST_CHOICES]:
        anions, superoxide = np.full(len(numbers), np.nan), False
        for (symbol, _, size), total, alike in zip(kinds, chosen, kinds.values(), strict=True):
            for atoms in alike:
                anions[atoms] = total / size
            superoxide |= symbol == "O" and size == 2 and total == SUPEROXIDE
        found.append((anions, superoxide))
    return found


def _ways(
    symbol: str, bonds: Int[np.ndarray, " atom"], shortest: float, by_octet: float
) -> tuple[float, ...]:
    """Charges that an anion of like atoms may have [e]."""
    if len(bonds) == 2 and (bonds == 1).all() and symbol in _PAIRS:
        return next(ways for longest, ways in _PAIRS[symbol] if shortest < longest)
    if symbol == "N" and sorted(bonds) == [1, 1, 2] and shortest < _AZIDE_BOND:
        return (-1.0,)
    if symbol == "C" and len(bonds) > 1 and shortest < _CONJUGATED:
        return (by_octet, 0.0)
    return (by_octet,)


def _groups(n_atoms: int, first: Pairs, second: Pairs) -> Int[np.ndarray, " atom"]:
    """Number of the group of bonded atoms that each atom is in."""
    groups = np.arange(n_atoms)
    while True:
        lower = groups.copy()
        np.minimum.at(lower, first, groups[second])
        if (lower == groups).all():
            return groups
        groups = lower
