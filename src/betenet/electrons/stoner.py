"""Enhancement of χ0 by exchange, with one number for it: the random-phase approximation."""

from __future__ import annotations

import math

import numpy as np
from ase import Atoms
from jaxtyping import Float

from betenet.errors import ConfigError
from betenet.espresso.settings import symbols_of

STONER = {"V": 0.35, "Cr": 0.38, "Mn": 0.41, "Fe": 0.46, "Co": 0.49, "Ni": 0.50, "Pd": 0.34}
"""Stoner's I of elements [eV], of an atom, in the convention in which I · N(E_F) > 1 with N(E_F)
of both spins is Stoner's criterion. After Janak, Phys. Rev. B 16, 255 (1977), from memory, to two
digits, and not checked in the paper: UNCHECKED says so wherever one of them is used."""
UNCHECKED = (
    "Stoner's I is of a table from memory of Janak, Phys. Rev. B 16, 255 (1977), that nobody has "
    "checked: look it up there before you quote what follows from it, or give a number"
)
"""What a result says that takes I from the table."""


def stoner_parameter(atoms: Atoms, given: str) -> float:
    """I for a cell [eV]: a number as it is, or that of an element, shared among its atoms.

    Parameters
    ----------
    atoms
        The crystal.
    given
        A number [eV], or ``"element"`` for the table.

    Raises
    ------
    ConfigError
        If it is no number, or the crystal is no element of the table.
    """
    if given != "element":
        try:
            number = float(given)
        except ValueError:
            number = math.nan
        if not (math.isfinite(number) and number >= 0.0):
            raise ConfigError(
                f"{given!r} is no value of Stoner's I.",
                "It is a number of eV, zero or above.",
                "Give one such as 0.4, or `element` for the table.",
            )
        return number
    symbols = set(symbols_of(atoms))
    symbol = next(iter(symbols))
    if len(symbols) > 1 or symbol not in STONER:
        raise ConfigError(
            f"There is no I for {atoms.get_chemical_formula()}.",
            f"The table has the elements {', '.join(STONER)}.",
            "Give a number of eV.",
        )
    return STONER[symbol] / len(atoms)


def enhanced(chi0: Float[np.ndarray, "*q"], parameter: float) -> Float[np.ndarray, "*q"]:
    """χ0/(1 - I χ0) [1/eV]; infinite from the instability on.

    Parameters
    ----------
    chi0
        Susceptibility without interaction, both spins together [1/eV].
    parameter
        Stoner's I [eV].

    Notes
    -----
    An approximation: I is the same at all q and for all states, and χ0 has matrix elements of 1.
    What it adds to the order of the peaks is nothing; how near to 1 the product I χ0 comes is what
    it tells.

    Examples
    --------
    >>> enhanced(np.array([0.5, 2.0]), 0.5)
    array([0.66666667,        inf])
    """
    factor = 1.0 - parameter * np.asarray(chi0, dtype=np.float64)
    return np.where(factor > 0.0, chi0 / np.where(factor > 0.0, factor, 1.0), np.inf)
