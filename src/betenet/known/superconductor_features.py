"""Features of a composition that superconductivity goes by: elements, sites, ratios, charges."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from betenet.known.doping_features import doping_features
from betenet.known.elements import MAX_NUMBER, bonding, element_facts, scaled_facts

Amounts = Float[np.ndarray, "row number"]
Column = Float[np.ndarray, " row"]

MISSING = -9.0
"""Value of a ratio whose denominator is zero; below every ratio that there is."""
_TINY = 1e-6
_MOST = 20.0
"""Bound of ratios, of which traces make any number [1]."""
_PNICTOGENS, _CHALCOGENS = (15, 33, 51, 83), (16, 34, 52)
_RARE_EARTHS = (21, 39, *range(57, 72))
_HEAVY = (80, 81, 82, 83)
"""Hg, Tl, Pb and Bi, between whose layers the planes of many cuprates lie."""
_TRANSITION = (*range(21, 30), *range(39, 48), *range(72, 80))
_GROUPS: dict[str, tuple[int, ...]] = {
    "rare_earth": _RARE_EARTHS,
    "alkaline_earth": (12, 20, 38, 56),
    "alkali": (3, 11, 19, 37, 55),
    "heavy_metal": _HEAVY,
    "halogen": (9, 17, 35, 53),
    "chalcogen": _CHALCOGENS,
    "pnictogen": _PNICTOGENS[:3],
    "magnetic_3d": (24, 25, 26, 27, 28),
    "transition_3d_early": (22, 23),
    "transition_4d": tuple(range(40, 48)),
    "transition_5d": tuple(range(72, 80)),
    "group_13": (5, 13, 31, 49),
    "group_14": (6, 14, 32, 50),
    "f_electron": (58, 70, 92, 93, 94, 95),
    "actinide": tuple(range(89, 104)),
    "zinc_group": (30, 48),
    "platinum_group": (44, 45, 46, 76, 77, 78),
}
_SINGLE = (
    *(1, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 20, 23, 26, 28, 29, 33, 34, 38, 39, 40),
    *(41, 42, 50, 51, 52, 56, 57, 80, 81, 82, 83),
)
_TO_COPPER: dict[str, tuple[int, ...]] = {
    "oxygen": (8,),
    "rare_earth": _RARE_EARTHS,
    "alkaline_earth": (20, 38, 56),
    "calcium": (20,),
    "strontium": (38,),
    "barium": (56,),
    "heavy_metal": _HEAVY,
    "lanthanum": (57,),
    "praseodymium": (59,),
    "plane_dopant": (13, 24, 25, 26, 27, 28, 30, 31),
}
_TO_IRON: dict[str, tuple[int, ...]] = {
    "pnictogen": (15, 33, 51),
    "chalcogen": _CHALCOGENS,
    "arsenic": (33,),
    "rare_earth": _RARE_EARTHS,
    "alkaline_earth": (20, 38, 56),
    "alkali": (3, 11, 19, 37, 55),
    "oxygen": (8,),
    "fluorine_and_hydrogen": (1, 9),
    "cobalt": (27,),
    "nickel": (28,),
    "other_metals": (24, 25, 29, 30, 44, 45, 46, 77, 78),
}
_CHARGES: dict[int, tuple[int, ...]] = {
    1: (1, 3, 11, 19, 37, 47, 55),
    2: (4, 12, 20, 25, 26, 27, 28, 29, 30, 38, 46, 48, 56, 63, 78, 80),
    3: (5, 13, 21, 24, 31, 39, 45, 49, 57, *range(59, 63), *range(64, 72), 77, 79, 81, 83),
    4: (6, 14, 22, 32, 40, 44, 50, 58, 72, 76, 82, 90, 92),
    5: (23, 41, 73),
    6: (42, 74),
    7: (43, 75),
    -1: (9, 17, 35, 53),
    -2: (8, 16, 34, 52),
    -3: (7, 15, 33, 51),
}
"""Charges as ions of oxides have them [e]; Cu and Fe with the charge of the undoped parent."""
_SITE_RADII: dict[int, float] = {
    20: 1.18,
    38: 1.31,
    56: 1.47,
    **dict(
        zip(
            range(57, 72),
            (
                *(1.216, 1.196, 1.179, 1.163, 1.144, 1.132, 1.12, 1.107),
                *(1.095, 1.083, 1.072, 1.062, 1.052, 1.042, 1.032),
            ),
            strict=True,
        )
    ),
    39: 1.075,
    21: 0.87,
}
"""Radii of ions with nine neighbours (Sc: eight), Shannon, Acta Cryst. A32, 751 (1976) [Å]."""


def superconductor_features(amounts: Amounts) -> Float[np.ndarray, "row feature"]:
    """Features of compositions, as `superconductor_feature_names` has them; no value is NaN.

    Parameters
    ----------
    amounts
        Amount of each element in a formula, column Z - 1 for the element Z; not all zero [1].

    Notes
    -----
    Mean, standard and mean absolute deviation, largest and smallest of the facts of the elements
    over the atoms; shares of groups of elements and of single ones; what there is for each Cu and
    each Fe; sum of charges, for all atoms and for each Cu and Fe (the holes that doping makes);
    mean and variance of the radius on the large sites; electrons for each transition metal; what
    is host and what dopant, see `doping_features`.
    """
    shares = amounts / amounts.sum(axis=1, keepdims=True)
    found = np.column_stack([*_statistics(shares), *_columns(shares).values()])
    # rounded: sums of products differ in the last digit with the number of rows
    return np.round(np.nan_to_num(found, nan=MISSING), 5).astype(np.float32)


@lru_cache(maxsize=1)
def superconductor_feature_names() -> tuple[str, ...]:
    """Names of the features, in their order."""
    facts = (*element_facts()[0], "valence_electrons")
    kinds = ("mean", "std", "deviation", "min", "max")
    one = np.eye(1, MAX_NUMBER)
    return (*(f"{kind}_{fact}" for kind in kinds for fact in facts), *_columns(one))


@lru_cache(maxsize=1)
def _facts() -> Float[np.ndarray, "number fact"]:
    electrons = bonding().electrons[1:]
    return np.column_stack([scaled_facts(), (electrons - 4.0) / 3.0])


def _statistics(shares: Amounts) -> list[Float[np.ndarray, "row fact"]]:
    facts = _facts()
    mean = shares @ facts
    spread = np.sqrt(np.maximum(shares @ facts**2 - mean**2, 0.0))
    deviation, low = np.zeros_like(mean), np.full_like(mean, np.inf)
    high = -low
    for place in np.flatnonzero(shares.any(axis=0)):  # element by element: rows have few
        rows = np.flatnonzero(shares[:, place])
        deviation[rows] += shares[rows, place, None] * np.abs(facts[place] - mean[rows])
        low[rows] = np.minimum(low[rows], facts[place])
        high[rows] = np.maximum(high[rows], facts[place])
    return [mean, spread, deviation, low, high]


def _columns(shares: Amounts) -> dict[str, Column]:
    """The features beside the statistics."""
    columns = {f"share_{name}": _share(shares, group) for name, group in _GROUPS.items()}
    columns |= {f"share_{number}": shares[:, number - 1] for number in _SINGLE}
    columns |= _mixture(shares)
    copper, iron = _share(shares, (29,)), _share(shares, (26,))
    for name, group in _TO_COPPER.items():
        columns[f"{name}_for_copper"] = _ratio(_share(shares, group), copper)
    for name, group in _TO_IRON.items():
        columns[f"{name}_for_iron"] = _ratio(_share(shares, group), iron)
    known = _share(shares, (8, 29, 20, 38, 56, *_RARE_EARTHS, *_HEAVY, 9, 17, 35, 53))
    columns["others_for_copper"] = _ratio(1.0 - known, copper)
    charge = shares @ _charge_table()
    columns["charge"] = charge
    columns["positive_charge"] = shares @ np.maximum(_charge_table(), 0.0)
    columns["charge_for_copper"] = _ratio(charge, copper)
    columns["charge_for_iron"] = _ratio(charge, iron)
    return columns | _sites(shares) | _electrons(shares) | doping_features(shares)


def _mixture(shares: Amounts) -> dict[str, Column]:
    """How many elements there are, and how they share."""
    ordered = -np.sort(-shares, axis=1)[:, :3]
    logarithms = np.log(np.where(shares > 0.0, shares, 1.0))
    return {
        "n_elements": (shares > 0.0).sum(axis=1).astype(float),
        "first_share": ordered[:, 0],
        "second_share": ordered[:, 1],
        "third_share": ordered[:, 2],
        "entropy": -(shares * logarithms).sum(axis=1),
        "norm_2": np.sqrt((shares**2).sum(axis=1)),
        "norm_5": (shares**5).sum(axis=1) ** 0.2,
    }


def _sites(shares: Amounts) -> dict[str, Column]:
    """Mean and variance of the radius of the ions on large sites."""
    radii = np.zeros(MAX_NUMBER)
    radii[[number - 1 for number in _SITE_RADII]] = list(_SITE_RADII.values())
    there = shares @ (radii > 0.0)
    mean = _quotient(shares @ radii, there)
    variance = _quotient(shares @ radii**2, there) - mean**2
    return {"site_radius": mean, "site_radius_variance": variance}


def _electrons(shares: Amounts) -> dict[str, Column]:
    """Valence electrons for each atom and each transition metal; distance from Matthias' peaks."""
    electrons = bonding().electrons[1:]
    metal = np.zeros(MAX_NUMBER)
    metal[[number - 1 for number in _TRANSITION]] = 1.0
    each = shares @ electrons
    of_metals = _quotient(shares @ (metal * electrons), shares @ metal)
    return {
        "transition_share": shares @ metal,
        "electrons_for_transition": of_metals,
        "electrons": each,
        "from_4_7_electrons": np.abs(each - 4.7),
        "from_6_5_electrons": np.abs(each - 6.5),
    }


def _share(shares: Amounts, group: Iterable[int]) -> Column:
    return shares[:, [number - 1 for number in group]].sum(axis=1)


def _quotient(numerator: Column, denominator: Column) -> Column:
    """NaN where there is nothing to divide by."""
    safe = np.where(denominator > _TINY, denominator, np.nan)
    return numerator / safe


def _ratio(numerator: Column, denominator: Column) -> Column:
    return np.clip(_quotient(numerator, denominator), -_MOST / 4.0, _MOST)


@lru_cache(maxsize=1)
def _charge_table() -> Float[np.ndarray, " number"]:
    charges = np.zeros(MAX_NUMBER)
    for charge, numbers in _CHARGES.items():
        charges[[number - 1 for number in numbers]] = charge
    return charges
