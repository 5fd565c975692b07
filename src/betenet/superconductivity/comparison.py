"""Tc by every closed formula side by side, with the reason where one is missing or doubtful."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from betenet.errors import ConfigError
from betenet.superconductivity.critical_temperature import (
    DEFAULT_MU_STAR,
    FORMULAS,
    Inputs,
    critical_temperature,
)

NEEDS = {
    "omega_log": "needs ω_log",
    "omega_2": "needs ω_2",
    "debye_temperature": "needs the Debye temperature, which α²F does not tell: give --debye "
    "(debye_temperature in Python)",
}
"""Why a row has no Tc, by what is missing; a program adds how to give it."""

ERROR_KEYS = ("relative_error_95", "tc_kelvin_low_95", "tc_kelvin_high_95")
"""Keys of the error of a formula and of the ends of its interval."""

# ω_2 is never below ω_log; rounded input may put it there by less than this.
_ROUNDING = 0.999


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodResult:
    """Tc by one method.

    Parameters
    ----------
    method
        Name of the method; a key of ``critical_temperature.FORMULAS`` for a closed formula.
    tc
        Tc [K]; ``None`` if the method cannot be used.
    remark
        Why there is no Tc, or why it should be doubted; empty if there is no such reason.
    source
        Where the method comes from.
    error_95
        Relative distance from the solution of the Eliashberg equations that 95 % of known spectra
        do not exceed [1]; None where it was not measured.
    """

    method: str
    tc: float | None
    remark: str
    source: str
    error_95: float | None = None

    @property
    def interval_95(self) -> tuple[float, float] | None:
        """Ends of the Tc of the Eliashberg equations that the error allows [K]; None if unknown."""
        if self.tc is None or self.error_95 is None:
            return None
        return self.tc / (1.0 + self.error_95), self.tc / (1.0 - self.error_95)

    def interval_to_dict(self) -> dict[str, float]:
        """The error and the ends of its interval, with keys that carry the unit; mostly empty."""
        ends = self.interval_95
        if ends is None or self.error_95 is None:
            return {}
        return dict(zip(ERROR_KEYS, (self.error_95, *ends), strict=True))

    def to_dict(self) -> dict[str, object]:
        """Plain values, with keys that carry the unit."""
        return {
            "method": self.method,
            "tc_kelvin": self.tc,
            **self.interval_to_dict(),
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
    omega_1: float | None = None,
    omega_max: float | None = None,
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
    omega_1, omega_max
        ω_1 and ω_max, for formulas that use them [meV].
    further
        Rows to be put after those of the formulas, as that of a solution of the Eliashberg
        equations.

    Returns
    -------
    list[MethodResult]
        One row for each method, in the order of ``critical_temperature.FORMULAS``.

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
    >>> [row.remark[:10] for row in rows if row.tc is None]  # what each formula lacks
    ['needs the ', 'needs ω_2', 'needs ω_2', 'needs ω_2']
    >>> rows[1].remark
    'too low: fitted to λ below 1.5, and it saturates above'
    """
    if not possible(omega_log, omega_2):
        raise ConfigError(
            f"omega_2 ({omega_2:g} meV) is below omega_log ({omega_log:g} meV).",
            reason="No spectrum has such moments: ω_log is the smallest of the averages.",
            fix="Check whether the two were exchanged, or given in different units.",
        )
    check_debye_temperature(debye_temperature)
    inputs = Inputs(coupling, omega_log, omega_2, mu_star, debye_temperature, omega_1, omega_max)
    rows = [
        MethodResult(
            method=name,
            tc=_tc(name, inputs),
            remark=method_remark(name, **inputs._asdict()),
            source=formula.source,
            error_95=formula_error(name, inputs),
        )
        for name, formula in FORMULAS.items()
    ]
    return rows + list(further)


def possible(omega_log: float | None, omega_2: float | None) -> bool:
    """Whether a spectrum that is nowhere negative can have these moments, as far as known."""
    return omega_log is None or omega_2 is None or not omega_2 < _ROUNDING * omega_log


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
    omega_1: float | None = None,
    omega_max: float | None = None,
) -> str:
    """Why a formula gives no Tc, or one that should be doubted; mostly empty.

    Arguments are those of :func:`compare_methods`.
    """
    formula = FORMULAS[method]
    inputs = Inputs(coupling, omega_log, omega_2, mu_star, debye_temperature, omega_1, omega_max)
    missing = [key for key in formula.needs if getattr(inputs, key) is None]
    if missing:
        return NEEDS[missing[0]]
    scale = omega_log if "omega_log" in formula.needs else debye_temperature
    if not (coupling > 0.0 and scale is not None and scale > 0.0):
        return "no coupling: λ or ω_log is not positive"
    return next((text for doubt in formula.doubts if (text := doubt(inputs))), "")


def formula_error(method: str, inputs: Inputs) -> float | None:
    """Relative error of a formula that 95 % of known spectra do not exceed [1].

    None where it was not measured, as for the Eliashberg equations themselves.
    """
    formula = FORMULAS.get(method)
    return None if formula is None or formula.error_95 is None else formula.error_95(inputs)


def formula_error_of(method: str, quantities: Mapping[str, float], mu_star: float) -> float | None:
    """:func:`formula_error` of λ [1] and the moments that are known [meV], by key."""
    if "coupling" not in quantities:
        return None
    known = {key: quantities.get(key) for key in ("omega_log", "omega_2", "omega_1", "omega_max")}
    coupling = quantities["coupling"]
    inputs = Inputs(coupling=coupling, mu_star=mu_star, debye_temperature=None, **known)
    return formula_error(method, inputs)


def error_is_known(method: str) -> bool:
    """Whether each Tc by a method comes with its error."""
    return method in FORMULAS and FORMULAS[method].error_95 is not None


def _tc(method: str, inputs: Inputs) -> float | None:
    if any(getattr(inputs, key) is None for key in FORMULAS[method].needs):
        return None
    return float(critical_temperature(method, **inputs._asdict()))
