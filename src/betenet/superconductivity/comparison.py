"""Tc by every closed formula side by side, with the reason where one is missing or doubtful."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypedDict

from betenet.errors import ConfigError
from betenet.superconductivity.critical_temperature import (
    DEFAULT_MU_STAR,
    METHODS,
    METHODS_WITH_DEBYE_TEMPERATURE,
    METHODS_WITH_OMEGA_2,
    XIE_2022_POLE_HALF_WIDTH,
    critical_temperature,
)

MCMILLAN_LARGEST_COUPLING = 1.5
"""λ above which McMillan's formula falls below Eliashberg theory (Allen and Dynes 1975)."""

XIE_2019_COUPLING_RANGE = (0.69, 2.59)
"""λ of the materials that the formula of Xie 2019 was learnt from."""

NEEDS_DEBYE_TEMPERATURE = (
    "needs the Debye temperature, which α²F does not tell: give --debye (debye_temperature in "
    "Python)"
)
NEEDS_OMEGA_2 = "needs ω_2"
NEEDS_OMEGA_LOG = "needs ω_log"
"""Why a row has no Tc; a program adds how to give what is missing."""

_WITHOUT_STRONG_COUPLING = frozenset(("mcmillan", "allen_dynes_simple"))

# ω_2 is never below ω_log; rounded input may put it there by less than this.
_ROUNDING = 0.999


class _Inputs(TypedDict):
    """What a formula may need."""

    coupling: float
    omega_log: float | None
    omega_2: float | None
    mu_star: float
    debye_temperature: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodResult:
    """Tc by one method.

    Parameters
    ----------
    method
        Name of the method; a key of ``critical_temperature.METHODS`` for a closed formula.
    tc
        Tc [K]; ``None`` if the method cannot be used.
    remark
        Why there is no Tc, or why it should be doubted; empty if there is no such reason.
    source
        Where the method comes from.
    """

    method: str
    tc: float | None
    remark: str
    source: str

    def to_dict(self) -> dict[str, object]:
        """Plain values, with keys that carry the unit."""
        return {
            "method": self.method,
            "tc_kelvin": self.tc,
            "remark": self.remark,
            "source": self.source,
        }


def compare_methods(
    *,
    coupling: float,
    omega_log: float | None,
    omega_2: float | None = None,
    mu_star: float = DEFAULT_MU_STAR,
    debye_temperature: float | None = None,
    further: Iterable[MethodResult] = (),
) -> list[MethodResult]:
    """Tc by every closed formula, and by further methods that the caller has a result of.

    Parameters
    ----------
    coupling
        λ [1].
    omega_log
        ω_log; without it, only McMillan's formula can have a Tc [meV].
    omega_2
        ω_2; without it, the methods that need it have no Tc [meV].
    mu_star
        μ* [1].
    debye_temperature
        Θ_D; without it, McMillan's formula has no Tc [K].
    further
        Rows to be put after those of the formulas, as that of a solution of the Eliashberg
        equations.

    Returns
    -------
    list[MethodResult]
        One row for each method, in the order of ``critical_temperature.METHODS``.

    Raises
    ------
    ConfigError
        If ω_2 is below ω_log, Θ_D is not positive, or μ* is negative or not finite.

    Notes
    -----
    A remark does not say that the number is wrong: it says that the formula was not made for
    such an input. Where remarks differ, prefer a method that has none.

    Examples
    --------
    >>> rows = compare_methods(coupling=2.0, omega_log=10.0)
    >>> [row.method for row in rows if row.tc is None]
    ['mcmillan', 'allen_dynes', 'xie_2022']
    >>> rows[1].remark
    'too low: fitted to λ below 1.5, and it saturates above'
    """
    if omega_log is not None and omega_2 is not None and omega_2 < _ROUNDING * omega_log:
        raise ConfigError(
            f"omega_2 ({omega_2:g} meV) is below omega_log ({omega_log:g} meV).",
            reason="No spectrum has such moments: ω_log is the smallest of the averages.",
            fix="Check whether the two were exchanged, or given in different units.",
        )
    check_debye_temperature(debye_temperature)
    inputs: _Inputs = {
        "coupling": coupling,
        "omega_log": omega_log,
        "omega_2": omega_2,
        "mu_star": mu_star,
        "debye_temperature": debye_temperature,
    }
    rows = [
        MethodResult(
            method=method,
            tc=_tc(method, **inputs),
            remark=method_remark(method, **inputs),
            source=source,
        )
        for method, source in METHODS.items()
    ]
    return rows + list(further)


def check_debye_temperature(debye_temperature: float | None) -> None:
    """Refuse a Debye temperature that is none.

    Raises
    ------
    ConfigError
        If it is given and not a positive number.
    """
    if debye_temperature is not None and not (
        math.isfinite(debye_temperature) and debye_temperature > 0.0
    ):
        raise ConfigError(
            f"The Debye temperature is {debye_temperature:g} K.",
            reason="It is the highest frequency of sound waves in K, tens to thousands.",
            fix="Give a positive temperature in K, as 428 for aluminium.",
        )


def method_remark(
    method: str,
    *,
    coupling: float,
    omega_log: float | None,
    omega_2: float | None = None,
    mu_star: float = DEFAULT_MU_STAR,
    debye_temperature: float | None = None,
) -> str:
    """Why a formula gives no Tc, or one that should be doubted; mostly empty.

    Arguments are those of :func:`compare_methods`.
    """
    missing = _missing(method, omega_log, omega_2, debye_temperature)
    if missing:
        return missing
    of_moments = method not in METHODS_WITH_DEBYE_TEMPERATURE
    if not coupling > 0.0 or (of_moments and not (omega_log is not None and omega_log > 0.0)):
        return "no coupling: λ or ω_log is not positive"
    if method == "xie_2019":
        low, high = XIE_2019_COUPLING_RANGE
        fitted = low <= coupling <= high
        return "" if fitted else f"outside the λ of {low} to {high} that it was learnt from"
    if coupling <= mu_star * (1.0 + 0.62 * coupling):
        return "λ ≤ μ*(1+0.62λ): the repulsion wins"
    if method in _WITHOUT_STRONG_COUPLING and coupling > MCMILLAN_LARGEST_COUPLING:
        return f"too low: fitted to λ below {MCMILLAN_LARGEST_COUPLING}, and it saturates above"
    if method == "xie_2022" and omega_2 is not None and omega_log is not None:
        distance = 1.0 / coupling - mu_star - omega_log / omega_2
        if abs(distance) < XIE_2022_POLE_HALF_WIDTH:
            return (
                "the formula has a pole at 1/λ = μ* + ω_log/ω_2, which is smoothed here: prefer "
                "another method"
            )
    return ""


def _missing(
    method: str,
    omega_log: float | None,
    omega_2: float | None,
    debye_temperature: float | None,
) -> str:
    """What a formula needs and is not given; empty if nothing."""
    if method in METHODS_WITH_DEBYE_TEMPERATURE:
        return NEEDS_DEBYE_TEMPERATURE if debye_temperature is None else ""
    if omega_log is None:
        return NEEDS_OMEGA_LOG
    return NEEDS_OMEGA_2 if method in METHODS_WITH_OMEGA_2 and omega_2 is None else ""


def _tc(
    method: str,
    *,
    coupling: float,
    omega_log: float | None,
    omega_2: float | None,
    mu_star: float,
    debye_temperature: float | None,
) -> float | None:
    if _missing(method, omega_log, omega_2, debye_temperature):
        return None
    return float(
        critical_temperature(
            method,
            coupling=coupling,
            omega_log=math.nan if omega_log is None else omega_log,
            omega_2=omega_2,
            mu_star=mu_star,
            debye_temperature=debye_temperature,
        )
    )
