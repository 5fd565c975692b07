"""Features of a composition that tell metals from insulators: charges, electrons, elements."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from betenet.known.elements import MAX_NUMBER, bonding, element_facts, scaled_facts

Numbers = Int[np.ndarray, " element"]
Amounts = Float[np.ndarray, " element"]

ANION_GROUPS = (13, 14, 15, 16, 17)
ANION_RANGE = 0.35
"""Elements this close to the most electronegative one count as anions [1]."""
_STATES = 20_000
"""Combinations of charges that are looked at."""
_CLASSES: dict[str, tuple[int, ...]] = {
    "hydrogen": (1,),
    "alkali": (3, 11, 19, 37, 55),
    "alkaline_earth": (4, 12, 20, 38, 56),
    "transition": (*range(21, 30), *range(39, 48), *range(72, 80)),
    "zinc_group": (30, 48, 80),
    "f_element": (*range(57, 72), *range(89, 104)),
    "magnetic_3d": (24, 25, 26, 27, 28),
    "group_13": (5, 13, 31, 49, 81),
    "group_14": (6, 14, 32, 50, 82),
    "pnictogen": (7, 15, 33, 51, 83),
    "chalcogen": (8, 16, 34, 52, 84),
    "halogen": (9, 17, 35, 53),
    "noble_gas": (2, 10, 18, 36, 54, 86),
    "oxygen": (8,),
    "nitrogen": (7,),
    "carbon": (6,),
    "fluorine": (9,),
    "copper_group": (29, 47, 79),
}
BALANCE = (
    "n_elements",
    "unbalance_common",
    "charge_common",
    "unbalance_every",
    "charge_every",
    "electrons",
    "anions",
    "octet_lack",
    "octet_filling",
    "electrons_per_anion",
    "electronegativity_range",
    "electronegativity_above_rest",
    "most_electronegative_fraction",
    "electronegativity_variance",
)
"""Features of charge balance and electron counting, which the judge of crystals has too."""
_OTHERS = ("largest_fraction", "odd_electrons", "electrons_per_formula", "anion_group", "anion")


@lru_cache(maxsize=1)
def composition_feature_names() -> tuple[str, ...]:
    """Names of the features, in their order."""
    facts, _ = element_facts()
    statistics = (f"{kind}_{name}" for kind in ("mean", "std", "min", "max") for name in facts)
    return (*statistics, *_CLASSES, *BALANCE, *_OTHERS)


def composition_features(numbers: Numbers, amounts: Amounts) -> Float[np.ndarray, " feature"]:
    """Features of a composition, as `composition_feature_names` has them.

    Parameters
    ----------
    numbers
        Atomic numbers, each once.
    amounts
        Amount of each element: whole numbers for a cell or a formula [1].

    Notes
    -----
    Statistics of the facts of the elements over the atoms; fractions of classes of elements; the
    smallest sum of charges [e per atom], with the elements' common charges and with all; electrons
    that the anions lack for a full shell and that the others give. NaN where it has no meaning.
    """
    table = bonding()
    shares = amounts / amounts.sum()
    facts = scaled_facts()[numbers - 1]
    mean = shares @ facts
    spread = np.sqrt(np.maximum(shares @ facts**2 - mean**2, 0.0))
    chi = table.electronegativity[numbers]
    lead = int(np.argmax(chi))
    rest = 1.0 - shares[lead]
    others = (shares @ chi - shares[lead] * chi[lead]) / rest if rest > 1e-9 else chi[lead]
    anions = np.isin(table.group[numbers], ANION_GROUPS) & (chi >= chi.max() - ANION_RANGE)
    anions |= (numbers == 1) & (chi >= chi.max() - ANION_RANGE)
    share = float(shares[anions].sum())
    full = np.where(numbers == 1, 1.0, 18.0 - table.group[numbers])
    need = float((shares * full)[anions].sum()) if share else np.nan
    electrons = table.electrons[numbers]
    give = float((shares * electrons)[~anions].sum())
    total = float(shares @ electrons)
    counts = _formula(amounts)
    balance = (
        len(numbers),
        *_unbalance(numbers, shares, rare=False),
        *_unbalance(numbers, shares, rare=True),
        total,
        share,
        need - give,
        give / need if share else np.nan,
        total / share if share else np.nan,
        chi.max() - chi.min(),
        chi[lead] - others,
        shares[lead],
        shares @ (chi - shares @ chi) ** 2,
    )
    rest_of_them = (
        shares.max(),
        np.nan if counts is None else float((counts @ numbers) % 2),
        np.nan if counts is None else float(counts @ electrons),
        table.group[numbers[lead]],
        float(numbers[lead]),
    )
    classes = _class_masks()[:, numbers] @ shares
    parts: list[Any] = [mean, spread, facts.min(0), facts.max(0), classes, balance, rest_of_them]
    return np.concatenate(parts)


def formal_charges(
    numbers: Numbers, amounts: Amounts, *, fixed: Mapping[int, float] | None = None
) -> Float[np.ndarray, " element"] | None:
    """Charges of the elements whose sum is nearest to zero; None for an element or an alloy.

    The least electronegative element is positive, the most electronegative one negative. Rare
    charges are tried only where the common ones do not balance.

    Parameters
    ----------
    numbers
        Atomic numbers, each once.
    amounts
        Amount of each element [1].
    fixed
        Charges of elements that are known, by atomic number [e].

    Examples
    --------
    >>> formal_charges(np.array([8, 22, 38]), np.array([3.0, 1.0, 1.0])).tolist()
    [-2.0, 4.0, 2.0]
    """
    for rare in (False, True):
        found = _charges(numbers, amounts, rare=rare, fixed=fixed or {})
        if found is None:
            continue
        if rare or abs(found @ amounts) / amounts.sum() < 1e-6:
            return found
    return None


def _unbalance(numbers: Numbers, shares: Amounts, *, rare: bool) -> tuple[float, float]:
    """Sum of charges, and of the positive ones [e per atom]."""
    found = _charges(numbers, shares, rare=rare, fixed={})
    if found is None:
        return np.nan, np.nan
    return float(abs(found @ shares)), float(np.maximum(found, 0.0) @ shares)


def _charges(
    numbers: Numbers, amounts: Amounts, *, rare: bool, fixed: Mapping[int, float]
) -> np.ndarray | None:
    """The charges with the smallest sum, and of equal ones the smallest."""
    table = bonding()
    states = table.every if rare else table.common
    order = np.argsort(table.electronegativity[numbers], kind="stable")
    if len(order) < 2:
        return None
    chosen: list[tuple[float, ...]] = []
    for place, number in enumerate(map(int, numbers[order])):
        charges: tuple[float, ...] = states[number]
        if number in fixed:
            charges = (fixed[number],)
        elif place == 0:
            charges = tuple(charge for charge in charges if charge > 0)
        elif place == len(order) - 1 and not fixed:
            charges = tuple(charge for charge in charges if charge < 0)
        if not charges:
            return None
        chosen.append(charges[: max(_STATES // prod(map(len, chosen)), 1)])
    combinations, positive = _combinations(tuple(chosen))
    ordered = amounts[order] / amounts.sum()
    total = np.abs(combinations @ ordered) + 1e-4 * (positive @ ordered)
    found = np.empty(len(order))
    found[order] = combinations[int(np.argmin(total))]
    return found


@lru_cache(maxsize=64)
def _combinations(
    charges: tuple[tuple[float, ...], ...],
) -> tuple[Float[np.ndarray, "combination element"], Float[np.ndarray, "combination element"]]:
    """One charge of each element in every combination, and the positive ones of these."""
    grids = np.meshgrid(*(np.array(one, dtype=float) for one in charges), indexing="ij")
    found = np.stack([grid.ravel() for grid in grids], axis=-1)
    return found, np.maximum(found, 0.0)


def _formula(amounts: Amounts) -> Int[np.ndarray, " element"] | None:
    """Whole numbers of the reduced formula; None if there are none."""
    whole = np.round(amounts).astype(int)
    if np.abs(amounts - whole).max() > 1e-6:
        return None
    return whole // np.gcd.reduce(whole)


@lru_cache(maxsize=1)
def _class_masks() -> Float[np.ndarray, "kind number"]:
    masks = np.zeros((len(_CLASSES), MAX_NUMBER + 1))
    for row, members in enumerate(_CLASSES.values()):
        masks[row, list(members)] = 1.0
    return masks
