"""Masses of isotopes that a structure states: they change its phonons, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import atomic_masses, atomic_numbers

from betenet.errors import StructureError

NATURAL = 0.01
"""Relative difference from the natural mass up to which there is no isotope: tables differ."""

FARTHEST = 0.15
"""Relative difference of an isotope of an element beyond helium; lithium-6 has 0.14."""

_LIGHT = {"H": (0.99, 3.1), "He": (2.9, 4.1)}
_NAMES = {2: "deuterium", 3: "tritium"}


def isotope_masses(atoms: Atoms) -> dict[str, float]:
    """Masses of elements whose isotopes a structure states.

    Parameters
    ----------
    atoms
        Its ``masses`` as ASE reads them; a structure without them is of natural isotopes.

    Returns
    -------
    dict
        Element to mass [u]; without elements of natural mass.

    Raises
    ------
    StructureError
        If a mass is that of no isotope, or an element has two: atoms that symmetry makes equal
        would no longer be.

    Examples
    --------
    >>> isotope_masses(Atoms("PdH", masses=[106.42, 2.014]))
    {'H': 2.014}
    >>> isotope_masses(Atoms("PdH"))
    {}
    """
    if not atoms.has("masses"):
        return {}
    found: dict[str, float] = {}
    for symbol in sorted(set(atoms.get_chemical_symbols())):
        masses = atoms.get_masses()[atoms.symbols == symbol]
        mass = float(masses[0])
        if not np.allclose(masses, mass, rtol=1e-3):
            raise StructureError(
                f"Atoms of {symbol} have masses of {masses.min():g} to {masses.max():g} u.",
                "Phonons are computed with one isotope of each element.",
                "Give all of them one mass; deuterium is D or has 2.014 u.",
            )
        natural = float(atomic_masses[atomic_numbers[symbol]])
        if abs(mass / natural - 1.0) <= NATURAL:
            continue
        low, high = _LIGHT.get(symbol, ((1.0 - FARTHEST) * natural, (1.0 + FARTHEST) * natural))
        if not low <= mass <= high:
            raise StructureError(
                f"The structure states {mass:g} u as the mass of {symbol}.",
                f"Its natural mass is {natural:g} u, and no isotope is so far from it.",
                "Remove the masses from the file for natural ones, or correct them.",
            )
        found[symbol] = mass
    return found


def with_isotopes(atoms: Atoms, given: Atoms | None) -> Atoms:
    """A cell of a crystal with the isotopes of another cell of it.

    Parameters
    ----------
    atoms
        Any cell; it is not changed.
    given
        As it was read, with its masses; None if that is not known.

    Raises
    ------
    StructureError
        As of `isotope_masses`.
    """
    masses = {} if given is None else isotope_masses(given)
    return set_masses(atoms, masses) if masses else atoms


def set_masses(atoms: Atoms, masses: dict[str, float]) -> Atoms:
    """Copy of a structure whose elements have these masses [u], others their natural ones."""
    copy: Any = atoms.copy()
    copy.set_masses(
        [
            masses.get(symbol, float(atomic_masses[atomic_numbers[symbol]]))
            for symbol in atoms.get_chemical_symbols()
        ]
    )
    return copy


def isotope_remark(masses: dict[str, float]) -> str:
    """What is to be said of isotopes.

    Examples
    --------
    >>> isotope_remark({"H": 2.014, "B": 10.013})
    'computed with the masses of isotopes: H 2.014 u (deuterium), B 10.013 u'
    """
    return "computed with the masses of isotopes: " + ", ".join(_named(masses.items()))


def _named(masses: Iterable[tuple[str, float]]) -> list[str]:
    return [
        f"{symbol} {mass:.6g} u"
        + (f" ({_NAMES[round(mass)]})" if symbol == "H" and round(mass) in _NAMES else "")
        for symbol, mass in masses
    ]
