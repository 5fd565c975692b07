"""Features of a composition that tell hosts from dopants: single elements, layers, metals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase.data import atomic_numbers
from jaxtyping import Float

from betenet.known.elements import bonding, element_facts, scaled_facts

Amounts = Float[np.ndarray, "row number"]
Column = Float[np.ndarray, " row"]

_TINY = 1e-6
_MOST = 20.0
"""Bound of ratios, of which traces make any number [1]."""
_TO_COPPER = "Zn Ni Fe Co Al Ga Li Mg Ti Mn Cr Ce Pr Nd Y Hg Tl Pb Bi Nb Ta Ru B C F K Na S".split()  # noqa: SIM905
_TO_IRON = "K Na Co Ni Mn Cr Ru Rh Cu Zn Ce F H P As Se Te S Ba Sr Ca Eu La Th".split()  # noqa: SIM905
_SINGLE = [
    *"Li Na K Rb Cs Sc Ti Cr Mn Co Zn Ga Ge Ru Rh Pd Cd In Ce Pr Nd Sm Eu Gd Yb".split(),  # noqa: SIM905
    *"Lu Hf Ta W Re Os Ir Pt Au Th U Br Cl I Te Be".split(),  # noqa: SIM905
]
_RARE_EARTHS = "Sc Y La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu".split()  # noqa: SIM905
_HEAVY = ("Hg", "Tl", "Pb", "Bi")
_ANIONS = "O F Cl Br I S N".split()  # noqa: SIM905
_IN_PLANES = "Cu Zn Ni Fe Co Al Ga Li Mg Ti Mn Cr".split()  # noqa: SIM905
_FACTS = (
    "mendeleev_number",
    "electronegativity_pauling",
    "atomic_radius_angstrom",
    "ionization_energy_ev",
)
_TRACE, _MINOR, _MAJOR = 0.02, 0.05, 0.08
"""Shares of the atoms below which an element is a trace, a dopant; from which it is the host's."""
_METALLIC = 2.0
"""Electronegativity below which an element counts as a metal [1]."""


def doping_features(shares: Amounts) -> dict[str, Column]:
    """Features by name; NaN where a ratio has nothing to divide by.

    Parameters
    ----------
    shares
        Share of each element in the atoms, column Z - 1 for the element Z [1].

    Notes
    -----
    Amounts of single dopants for each Cu and each Fe; ratios of the ions between the planes of
    cuprates; how much is below 2 and 5 % of the atoms; facts of the three main elements, of the
    metals and of the anions among them.
    """
    shares = np.round(shares, 9)  # a share of 0.05 is one in every unit
    columns = {f"{one}_for_copper": _ratio(shares, [one], ["Cu"]) for one in _TO_COPPER}
    columns |= {f"{one}_for_iron": _ratio(shares, [one], ["Fe"]) for one in _TO_IRON}
    columns |= {f"share_{atomic_numbers[one]}": _share(shares, [one]) for one in _SINGLE}
    return columns | _layers(shares) | _hosts(shares) | _main_elements(shares) | _metals(shares)


def _layers(shares: Amounts) -> dict[str, Column]:
    """Ratios of the ions on the sites of cuprates."""
    large, between = ["Ba", "Sr"], ["Ca", *_RARE_EARTHS]
    oxygen = _share(shares, ["O"])
    cations = 1.0 - _share(shares, _ANIONS)
    return {
        "calcium_between": _ratio(shares, ["Ca"], between),
        "strontium_of_large": _ratio(shares, ["Sr"], large),
        "between_for_large": _ratio(shares, between, large),
        "heavy_for_large": _ratio(shares, _HEAVY, large),
        "copper_for_large": _ratio(shares, ["Cu"], large),
        "praseodymium_of_rare_earths": _ratio(shares, ["Pr"], _RARE_EARTHS),
        "cerium_of_rare_earths": _ratio(shares, ["Ce"], _RARE_EARTHS),
        "copper_of_planes": _ratio(shares, ["Cu"], _IN_PLANES),
        "lead_of_heavy": _ratio(shares, ["Pb"], _HEAVY),
        "copper_for_sites": _ratio(shares, ["Cu"], [*large, *between]),
        "cations_for_copper": _bounded(cations, _share(shares, ["Cu"])),
        "oxygen_for_others": _bounded(oxygen, 1.0 - oxygen),
    }


def _hosts(shares: Amounts) -> dict[str, Column]:
    """How much of the composition is dopants, and what the host is without them."""
    ordered = -np.sort(-shares, axis=1)[:, :5]
    there = shares > 0.0
    host = np.where(shares >= _MINOR, shares, 0.0)
    host /= np.maximum(host.sum(axis=1, keepdims=True), _TINY)
    facts = _facts()
    shift = (host - shares) @ facts
    return {
        "traces": np.where(shares < _TRACE, shares, 0.0).sum(axis=1),
        "dopants": np.where(shares < _MINOR, shares, 0.0).sum(axis=1),
        "n_traces": (there & (shares < _TRACE)).sum(axis=1).astype(float),
        "n_main": (shares > _MAJOR).sum(axis=1).astype(float),
        "fourth_share": ordered[:, 3],
        "fifth_share": ordered[:, 4],
        "second_for_first": _bounded(ordered[:, 1], ordered[:, 0]),
        "third_for_second": _bounded(ordered[:, 2], ordered[:, 1]),
        "smallest_share": np.where(there, shares, np.inf).min(axis=1),
        **{f"host_shift_{name}": shift[:, k] for k, name in enumerate(_FACTS)},
    }


def _main_elements(shares: Amounts) -> dict[str, Column]:
    """Facts of the three elements that there is most of."""
    order = np.argsort(-shares, axis=1, kind="stable")[:, :3]
    facts, electrons = _facts()[:, :3], bonding().electrons[1:]
    found: dict[str, Column] = {}
    for rank, place in enumerate(order.T, start=1):
        there = np.take_along_axis(shares, place[:, None], axis=1)[:, 0] > 0.0
        values = np.column_stack([facts[place], electrons[place], place + 1.0])
        values = np.where(there[:, None], values, np.nan)
        names = (*_FACTS[:3], "valence_electrons", "atomic_number")
        found |= {f"main_{rank}_{name}": values[:, k] for k, name in enumerate(names)}
    return found


def _metals(shares: Amounts) -> dict[str, Column]:
    """Means over the metals and over the other elements."""
    electronegativity = bonding().electronegativity[1:]
    metallic = electronegativity < _METALLIC
    share = (shares * metallic).sum(axis=1)
    of_metals = shares * metallic / np.maximum(share, _TINY)[:, None]
    of_others = shares * ~metallic / np.maximum(1.0 - share, _TINY)[:, None]
    means = of_metals @ _facts()
    others = of_others @ electronegativity
    return {
        "metals": share,
        "metals_valence_electrons": of_metals @ bonding().electrons[1:],
        "anions_electronegativity": others,
        "anions_above_metals": others - of_metals @ electronegativity,
        **{f"metals_{name}": means[:, k] for k, name in enumerate(_FACTS)},
    }


def _facts() -> Float[np.ndarray, "number fact"]:
    names, _ = element_facts()
    return scaled_facts()[:, [names.index(name) for name in _FACTS]]


def _share(shares: Amounts, symbols: Sequence[str]) -> Column:
    return shares[:, [atomic_numbers[one] - 1 for one in symbols]].sum(axis=1)


def _ratio(shares: Amounts, one: Sequence[str], other: Sequence[str]) -> Column:
    return _bounded(_share(shares, one), _share(shares, other))


def _bounded(numerator: Column, denominator: Column) -> Column:
    """Quotient up to a bound; NaN where there is nothing to divide by."""
    return np.minimum(numerator / np.where(denominator > _TINY, denominator, np.nan), _MOST)
