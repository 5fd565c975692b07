"""Physical constants (CODATA 2018) and conversion of frequencies.

Inside the package frequencies are in meV, temperatures in K and lengths in Å. Other units
appear only where data enters or leaves, and are converted there with
:func:`convert_frequency`.

References
----------
Tiesinga, Mohr, Newell, Taylor, Rev. Mod. Phys. 93, 025010 (2021).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from betenet.errors import ConfigError

ELEMENTARY_CHARGE = 1.602176634e-19
"""Elementary charge [C], exact."""
PLANCK_CONSTANT = 6.62607015e-34
"""Planck constant h [J s], exact."""
BOLTZMANN_CONSTANT = 1.380649e-23
"""Boltzmann constant [J/K], exact."""
SPEED_OF_LIGHT = 299792458.0
"""Speed of light [m/s], exact."""
ATOMIC_MASS_UNIT = 1.66053906660e-27
"""Atomic mass unit [kg]."""
RYDBERG_EV = 13.605693122994
"""Rydberg energy [eV]."""
VACUUM_PERMITTIVITY = 8.8541878128e-12
"""Electric constant ε₀ [F/m]."""

BOLTZMANN_EV_PER_KELVIN = BOLTZMANN_CONSTANT / ELEMENTARY_CHARGE
"""Boltzmann constant [eV/K]."""
KELVIN_TO_MEV = 1e3 * BOLTZMANN_EV_PER_KELVIN
MEV_TO_KELVIN = 1.0 / KELVIN_TO_MEV
THZ_TO_MEV = 1e15 * PLANCK_CONSTANT / ELEMENTARY_CHARGE
INVERSE_CM_TO_MEV = 1e5 * PLANCK_CONSTANT * SPEED_OF_LIGHT / ELEMENTARY_CHARGE
RYDBERG_TO_MEV = 1e3 * RYDBERG_EV
HARTREE_TO_MEV = 2.0 * RYDBERG_TO_MEV

FREQUENCY_UNITS_IN_MEV: Mapping[str, float] = MappingProxyType(
    {
        "meV": 1.0,
        "eV": 1e3,
        "K": KELVIN_TO_MEV,
        "THz": THZ_TO_MEV,
        "cm-1": INVERSE_CM_TO_MEV,
        "cm⁻¹": INVERSE_CM_TO_MEV,
        "Ry": RYDBERG_TO_MEV,
        "Ha": HARTREE_TO_MEV,
    }
)
"""One of each unit, in meV."""
ENERGY_UNITS = ("eV", "meV", "Ry", "Ha")
"""Units of the energies of electrons in files; densities of states are in the inverse."""


def convert_frequency(values: ArrayLike, from_unit: str, to_unit: str) -> Float[np.ndarray, "..."]:
    """Frequencies (as energies ħω) in another unit.

    Parameters
    ----------
    values
        Frequencies, any shape [from_unit].
    from_unit, to_unit
        Keys of :data:`FREQUENCY_UNITS_IN_MEV`; upper and lower case matter.

    Returns
    -------
    Float[ndarray, "..."]
        Frequencies of the same shape [to_unit].

    Raises
    ------
    ConfigError
        If a unit is unknown.

    Examples
    --------
    >>> float(convert_frequency(1.0, "THz", "meV").round(6))
    4.135668
    """
    factor = _in_mev(from_unit) / _in_mev(to_unit)
    return np.asarray(np.asarray(values, dtype=np.float64) * factor)


def _in_mev(unit: str) -> float:
    if unit not in FREQUENCY_UNITS_IN_MEV:
        raise ConfigError(
            f"Unknown unit of frequency: {unit!r}.",
            reason="Units are matched by their exact spelling.",
            fix=f"Use one of {', '.join(FREQUENCY_UNITS_IN_MEV)}.",
        )
    return FREQUENCY_UNITS_IN_MEV[unit]
