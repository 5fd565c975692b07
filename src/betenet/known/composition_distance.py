"""How unlike compositions are: earth mover's distance along Pettifor's scale of the elements."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from ase.data import atomic_numbers
from jaxtyping import Float, Int

from betenet.known.elements import MAX_NUMBER, element_facts

STEPS = 103
"""Length of the scale: neighbours on it are chemically alike, as niobium and tantalum."""
_BLOCK = 256


@lru_cache(maxsize=1)
def _places() -> Int[np.ndarray, " number"]:
    """Place of each element on the scale, by atomic number; those without one stand at the end."""
    names, facts = element_facts()
    known = facts[:, names.index("mendeleev_number")]
    found = np.full(MAX_NUMBER + 1, STEPS - 1, dtype=np.intp)
    found[1:] = np.where(np.isnan(known), STEPS, known).astype(np.intp) - 1
    return found


def composition_profile(amounts: Mapping[str, float]) -> Float[np.ndarray, " step"]:
    """Share of the atoms up to each step of the scale [1].

    Parameters
    ----------
    amounts
        Amount of each element [1].

    Examples
    --------
    >>> float(composition_profile({"Nb": 3.0, "Sn": 1.0})[-1])
    1.0
    """
    numbers = np.array([[atomic_numbers[symbol] for symbol in amounts]])
    return composition_profiles(numbers, np.array([list(amounts.values())], dtype=float))[0]


def composition_profiles(
    numbers: Int[np.ndarray, "composition element"],
    amounts: Float[np.ndarray, "composition element"],
) -> Float[np.ndarray, "composition step"]:
    """Profiles of many compositions, see `composition_profile`.

    Parameters
    ----------
    numbers
        Atomic numbers; 0, with the amount 0, fills rows of fewer elements.
    amounts
        Amount of each element [1].
    """
    shares = np.zeros((len(numbers), STEPS), dtype=np.float32)
    rows = np.repeat(np.arange(len(numbers)), numbers.shape[1])
    weights = amounts / amounts.sum(axis=1, keepdims=True)
    np.add.at(shares, (rows, _places()[numbers].ravel()), weights.ravel())
    return np.cumsum(shares, axis=1)


def composition_distances(
    one: Float[np.ndarray, " step"], others: Float[np.ndarray, "composition step"]
) -> Float[np.ndarray, " composition"]:
    """Distances of compositions from one [steps of the scale for each atom].

    Parameters
    ----------
    one, others
        Profiles.

    Notes
    -----
    The least work that turns one composition into the other, where an atom that becomes another
    element costs the steps between these on the scale of Pettifor: 0 for the same composition, 0.25
    if a quarter of the atoms move by one step.

    References
    ----------
    Hargreaves, Dyer, Gaultois, Kurlin and Rosseinsky, Chem. Mater. 32, 10610 (2020);
    Pettifor, Solid State Commun. 51, 31 (1984).
    """
    ones = np.ones(STEPS, dtype=others.dtype)
    # blocks that stay in the cache: four times as fast as all rows at once
    blocks = (others[first : first + _BLOCK] for first in range(0, len(others), _BLOCK))
    return np.concatenate([np.empty(0, others.dtype), *(np.abs(one - b) @ ones for b in blocks)])
