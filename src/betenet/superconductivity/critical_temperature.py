"""Critical temperature from λ, ω_log, ω_2, Θ_D and μ*: the closed formulas by name.

``mcmillan`` is the formula of 1968 with the Debye temperature. The same exponential with ω_log/1.2
for Θ_D/1.45, which other programs often call McMillan's formula too, is ``allen_dynes_simple``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from betenet.errors import ConfigError
from betenet.superconductivity.tc_formulas import (
    DEFAULT_MU_STAR,
    XIE_2022_POLE_HALF_WIDTH,
    allen_dynes,
    allen_dynes_simple,
    mcmillan,
    xie_2019,
    xie_2022,
)

__all__ = [
    "DEFAULT_MU_STAR",
    "METHODS",
    "METHODS_OF_MOMENTS",
    "METHODS_WITH_DEBYE_TEMPERATURE",
    "METHODS_WITH_OMEGA_2",
    "XIE_2022_POLE_HALF_WIDTH",
    "allen_dynes",
    "allen_dynes_simple",
    "critical_temperature",
    "mcmillan",
    "xie_2019",
    "xie_2022",
]

METHODS: Mapping[str, str] = MappingProxyType(
    {
        "mcmillan": "McMillan with Θ_D/1.45 (needs Θ_D, not ω_log), PR 167, 331 (1968)",
        "allen_dynes_simple": "Allen-Dynes with f1 = f2 = 1: ω_log/1.2, PRB 12, 905 (1975)",
        "allen_dynes": "Allen-Dynes with f1 and f2 (needs ω_2), PRB 12, 905 (1975)",
        "xie_2019": "Xie et al., PRB 100, 174513 (2019)",
        "xie_2022": "Xie et al. (needs ω_2), npj Comput. Mater. 8, 14 (2022)",
    }
)
"""Methods of :func:`critical_temperature` and where they come from."""

METHODS_WITH_DEBYE_TEMPERATURE = frozenset(("mcmillan",))
"""Methods that need the Debye temperature, which is measured and no property of α²F."""

METHODS_WITH_OMEGA_2 = frozenset(("allen_dynes", "xie_2022"))
"""Methods that correct for the shape of α²F."""

METHODS_OF_MOMENTS = tuple(name for name in METHODS if name not in METHODS_WITH_DEBYE_TEMPERATURE)
"""Methods that need nothing but μ* and moments of α²F."""


def critical_temperature(
    method: str = "allen_dynes",
    *,
    coupling: ArrayLike,
    omega_log: ArrayLike,
    omega_2: ArrayLike | None = None,
    mu_star: ArrayLike = DEFAULT_MU_STAR,
    debye_temperature: ArrayLike | None = None,
) -> Float[np.ndarray, "..."]:
    """Tc by the method named.

    Parameters
    ----------
    method
        A key of :data:`METHODS`.
    coupling
        λ [1].
    omega_log
        ω_log; ignored by ``mcmillan`` [meV].
    omega_2
        ω_2; needed by ``allen_dynes`` and ``xie_2022``, ignored by the others [meV].
    mu_star
        μ* [1].
    debye_temperature
        Θ_D; needed by ``mcmillan``, ignored by the others [K].

    Returns
    -------
    Float[ndarray, "..."]
        Tc [K].

    Raises
    ------
    ConfigError
        If the method is unknown, lacks ω_2 or Θ_D, or μ* is negative or not finite.

    Examples
    --------
    >>> tc = critical_temperature("allen_dynes_simple", coupling=[0.0, 1.0], omega_log=10.0)
    >>> tc.round(2).tolist()
    [0.0, 8.08]
    """
    if method not in METHODS:
        raise ConfigError(
            f"Unknown method for the critical temperature: {method!r}.",
            fix=f"Use one of {', '.join(METHODS)}.",
        )
    if method in METHODS_WITH_DEBYE_TEMPERATURE:
        if debye_temperature is None:
            raise ConfigError(
                f"Method {method} needs the Debye temperature.",
                reason="It is McMillan's formula of 1968, with Θ_D/1.45, and α²F does not tell "
                "Θ_D.",
                fix="Pass debye_temperature in K (betenet tc --debye), or use allen_dynes_simple, "
                "the same formula with ω_log/1.2.",
            )
        return mcmillan(coupling, debye_temperature=debye_temperature, mu_star=mu_star)
    if method not in METHODS_WITH_OMEGA_2:
        simple = xie_2019 if method == "xie_2019" else allen_dynes_simple
        return simple(coupling, omega_log, mu_star)
    if omega_2 is None:
        without = (name for name in METHODS_OF_MOMENTS if name not in METHODS_WITH_OMEGA_2)
        raise ConfigError(
            f"Method {method} needs omega_2.",
            reason="It corrects for the shape of α²F by the ratio of ω_2 and ω_log.",
            fix=f"Pass omega_2, or use one of {', '.join(without)}.",
        )
    corrected = xie_2022 if method == "xie_2022" else allen_dynes
    return corrected(coupling, omega_log, omega_2, mu_star)
