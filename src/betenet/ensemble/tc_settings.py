"""What Tc of a prediction is computed by: the same limits in Python as on the command line."""

from __future__ import annotations

from betenet.errors import ConfigError
from betenet.superconductivity.critical_temperature import METHODS_OF_SPECTRA


def check_tc_settings(mu_star: float, tc_method: str) -> None:
    """Refuse a μ* or a method that Tc cannot be predicted by.

    Raises
    ------
    ConfigError
        If μ* is not from 0 to below 1, or the method is unknown or needs more than α²F and μ*.
    """
    if not 0.0 <= mu_star < 1.0:
        raise ConfigError(
            f"μ* = {mu_star:g} is out of its range.",
            "It is a number from 0 to below 1; Tc falls to 0 as it grows.",
            "Give 0.10 to 0.16 for most metals.",
        )
    if tc_method not in METHODS_OF_SPECTRA:
        raise ConfigError(
            f"Tc cannot be predicted by {tc_method!r}.",
            "A prediction has α²F and μ*, and nothing else.",
            f"Use one of {', '.join(METHODS_OF_SPECTRA)}.",
        )
