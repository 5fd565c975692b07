"""Frequencies at which phonons can end, and the units in which those of a file end there."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from betenet.errors import DataError
from betenet.units import convert_frequency

NO_PHONONS = (0.3, 1000.0)
"""Bounds between which every phonon spectrum ends [meV]: that of H2 does at 546 meV."""

UNITS_TO_SUGGEST = ("meV", "THz", "cm-1", "Ry", "Ha", "eV", "K")

_EXPECTED = (5.0, 500.0)
_WEIGHT = 0.01


def highest_frequency(
    frequencies: Float[np.ndarray, " n_freq"], values: Float[np.ndarray, "column n_freq"]
) -> float:
    """Highest frequency above zero with more than 1 % of the peak, nan if there is none."""
    size = np.abs(np.nan_to_num(values, posinf=0.0, neginf=0.0)).max(axis=0, initial=0.0)
    heavy = (size > _WEIGHT * size.max(initial=0.0)) & (frequencies > 0.0)
    return float(frequencies[heavy].max()) if np.any(heavy) else float("nan")


def units_that_fit(frequency: float) -> list[str]:
    """Texts that say what a frequency is in each unit in which it is one of phonons.

    Examples
    --------
    >>> units_that_fit(8.9)
    ['8.9 meV if they are in meV', '36.8 meV if they are in THz']
    """
    low, high = _EXPECTED
    return [
        f"{value:.3g} meV if they are in {unit}"
        for unit in UNITS_TO_SUGGEST
        if low <= (value := float(convert_frequency(frequency, unit, "meV"))) <= high
    ]


def check_phonon_range(path: str, highest: float, unit: str, fix: str) -> None:
    """Refuse frequencies that no phonons have: the unit is another one.

    Parameters
    ----------
    path
        The file, for messages.
    highest
        The highest frequency with weight; nan where there is none [meV].
    unit
        Unit in which the frequencies were taken.
    fix
        Words that say how to give another.

    Raises
    ------
    DataError
        With the units that would fit.
    """
    low, high = NO_PHONONS
    if np.isnan(highest) or low <= highest <= high:
        return
    fitting = units_that_fit(float(convert_frequency(highest, "meV", unit)))
    guess = f"It would be {', '.join(fitting)}." if fitting else "No unit makes phonons of them."
    raise DataError(
        f"{path}: the highest frequency is {highest:.4g} meV, taken in {unit}; no phonon has that.",
        reason=f"Phonons end between {low:g} and {high:g} meV. {guess}",
        fix=fix,
    )
