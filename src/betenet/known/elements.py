"""Tabulated facts of the chemical elements."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from ase.data import atomic_numbers
from jaxtyping import Float

MAX_NUMBER = 118
_LOGARITHMIC = (
    "mass_u",
    "melting_point_kelvin",
    "boiling_point_kelvin",
    "molar_volume_cm3",
    "bulk_modulus_gpa",
    "thermal_conductivity_w_per_m_k",
)
_IDENTITY = ("atomic_number", "symbol")
_ELECTRONEGATIVITIES = {
    "He": 5.5,
    "Ne": 4.8,
    "Ar": 3.2,
    "Kr": 3.0,
    "Xe": 2.6,
    "Pm": 1.13,
    "Eu": 1.2,
    "Tb": 1.2,
    "Yb": 1.1,
    "Rn": 2.2,
}
"""Estimates where Pauling gives none."""


@lru_cache(maxsize=1)
def element_facts() -> tuple[tuple[str, ...], Float[np.ndarray, "number fact"]]:
    """Tabulated facts of the elements, `elements.csv`.

    Returns
    -------
    names
        Names of the columns; one starting with ``log_`` holds the natural logarithm.
    Float[ndarray, "number fact"]
        Row Z - 1 is the element Z, in the units of the names; NaN where nothing is tabulated.
    """
    rows = _read("elements.csv")
    columns = [name for name in rows[0] if name not in _IDENTITY]
    table = np.full((MAX_NUMBER, len(columns)), np.nan)
    for row in rows:
        table[int(row["atomic_number"]) - 1] = [
            float(row[c]) if row[c] else np.nan for c in columns
        ]
    names: list[str] = []
    for index, name in enumerate(columns):
        if name == "tc_element_kelvin":
            table[: len(rows), index] = np.sqrt(np.nan_to_num(table[: len(rows), index]))
            names.append("sqrt_tc_element_kelvin")
        elif name in _LOGARITHMIC:
            table[:, index] = np.log(table[:, index])
            names.append("log_" + name)
        else:
            names.append(name)
    return tuple(names), table


@lru_cache(maxsize=1)
def scaled_facts() -> Float[np.ndarray, "number fact"]:
    """`element_facts` with zero mean and unit variance; an unknown fact stands at the mean."""
    _, facts = element_facts()
    return np.nan_to_num((facts - np.nanmean(facts, axis=0)) / np.nanstd(facts, axis=0))


@dataclass(frozen=True, slots=True, eq=False)
class Bonding:
    """Bonding of the elements, by atomic number; row 0 is no element.

    Attributes
    ----------
    common, every
        Charges that an element takes in most of its compounds, and in any [e].
    electronegativity
        Pauling's, estimated where there is none [1].
    group, period
        Group and period of the periodic table; group 0 for the f elements without a group.
    electrons
        Electrons of the valence shell: not those of the last noble gas and of full d and f shells.
    radius, c
        Parameters of the bond-valence law [Å], [1].
    volume
        Volume of an atom in the elemental solid or liquid [Å³].
    """

    common: tuple[tuple[int, ...], ...]
    every: tuple[tuple[int, ...], ...]
    electronegativity: Float[np.ndarray, " number"]
    group: Float[np.ndarray, " number"]
    period: Float[np.ndarray, " number"]
    electrons: Float[np.ndarray, " number"]
    radius: Float[np.ndarray, " number"]
    c: Float[np.ndarray, " number"]
    volume: Float[np.ndarray, " number"]


@lru_cache(maxsize=1)
def bonding() -> Bonding:
    """Table of how the elements bond, from `bonding.csv` and `elements.csv`.

    Examples
    --------
    >>> table = bonding()
    >>> table.common[26], table.every[26], float(table.electrons[26])
    ((2, 3), (2, 3, 4), 8.0)
    """
    common: list[tuple[int, ...]] = [()] * (MAX_NUMBER + 1)
    every = list(common)
    radius, c = np.full(MAX_NUMBER + 1, 1.5), np.full(MAX_NUMBER + 1, 1.3)
    for row in _read("bonding.csv"):
        number = atomic_numbers[row["symbol"]]
        common[number] = tuple(map(int, row["common_charges"].split()))
        every[number] = common[number] + tuple(map(int, row["rare_charges"].split()))
        if row["bond_radius_angstrom"]:
            radius[number] = float(row["bond_radius_angstrom"])
            c[number] = float(row["bond_c"])
    names, facts = element_facts()

    def column(name: str, unknown: float) -> Float[np.ndarray, " number"]:
        values = np.nan_to_num(facts[:, names.index(name)], nan=unknown)
        return np.concatenate([[unknown], values])

    electronegativity = column("electronegativity_pauling", 1.3)
    for symbol, value in _ELECTRONEGATIVITIES.items():
        electronegativity[atomic_numbers[symbol]] = value
    group = column("group", 0.0)
    return Bonding(
        common=tuple(common),
        every=tuple(every),
        electronegativity=electronegativity,
        group=group,
        period=column("period", 6.0),
        electrons=_valence_electrons(group),
        radius=radius,
        c=c,
        volume=np.exp(column("log_molar_volume_cm3", np.log(20.0))) / 0.602214,
    )


def _valence_electrons(group: Float[np.ndarray, " number"]) -> Float[np.ndarray, " number"]:
    electrons = np.where(group > 12, group - 10, group)
    electrons[2] = 2.0
    numbers = np.arange(len(group))
    electrons[(numbers >= 57) & (numbers <= 71)] = 3.0
    actinides = (numbers >= 89) & (numbers <= 103)
    electrons[actinides] = np.minimum(numbers[actinides] - 86, 6)
    return electrons


def _read(name: str) -> list[dict[str, str]]:
    text = files("betenet.known").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
