"""Tc by every closed formula side by side, with the reason where one is missing or doubtful."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from betenet.errors import ConfigError
from betenet.superconductivity.critical_temperature import (
    DEFAULT_MU_STAR,
    METHODS,
    XIE_2022_POLE_HALF_WIDTH,
    critical_temperature,
)

MCMILLAN_LARGEST_COUPLING = 1.5
"""λ above which McMillan's formula falls below Eliashberg theory (Allen and Dynes 1975)."""

XIE_2019_COUPLING_RANGE = (0.69, 2.59)
"""λ of the materials that the formula of Xie 2019 was learnt from."""

METHODS_WITH_OMEGA_2 = frozenset(("allen_dynes", "xie_2022"))
"""Methods that correct for the shape of α²F."""

_WITHOUT_STRONG_COUPLING = frozenset(("mcmillan", "allen_dynes_simple"))

# ω_2 is never below ω_log; rounded input may put it there by less than this.
_ROUNDING = 0.999


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
    further: Iterable[MethodResult] = (),
) -> list[MethodResult]:
    """Tc by every closed formula, and by further methods that the caller has a result of.

    Parameters
    ----------
    coupling
        λ [1].
    omega_log
        ω_log [meV]; without it, there is no Tc.
    omega_2
        ω_2 [meV]; without it, the methods that need it have no Tc.
    mu_star
        μ* [1].
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
        If ω_2 is below ω_log, or μ* is negative or not finite.

    Notes
    -----
    A remark does not say that the number is wrong: it says that the formula was not made for
    such an input. Where remarks differ, prefer a method that has none.

    Examples
    --------
    >>> rows = compare_methods(coupling=2.0, omega_log=10.0)
    >>> [row.method for row in rows if row.tc is None]
    ['allen_dynes', 'xie_2022']
    >>> rows[0].remark
    'too low: fitted to λ below 1.5, and it saturates above'
    """
    if omega_log is not None and omega_2 is not None and omega_2 < _ROUNDING * omega_log:
        raise ConfigError(
            f"omega_2 ({omega_2:g} meV) is below omega_log ({omega_log:g} meV).",
            reason="No spectrum has such moments: ω_log is the smallest of the averages.",
            fix="Check whether the two were exchanged, or given in different units.",
        )
    rows = [
        MethodResult(
            method=method,
            tc=_tc(method, coupling, omega_log, omega_2, mu_star),
            remark=method_remark(
                method, coupling=coupling, omega_log=omega_log, omega_2=omega_2, mu_star=mu_star
            ),
            source=source,
        )
        for method, source in METHODS.items()
    ]
    return rows + list(further)


def method_remark(
    method: str,
    *,
    coupling: float,
    omega_log: float | None,
    omega_2: float | None = None,
    mu_star: float = DEFAULT_MU_STAR,
) -> str:
    """Why a formula gives no Tc, or one that should be doubted; mostly empty.

    Arguments are those of :func:`compare_methods`.
    """
    if omega_log is None:
        return "needs ω_log"
    if method in METHODS_WITH_OMEGA_2 and omega_2 is None:
        return "needs ω_2"
    if not (omega_log > 0.0 and coupling > 0.0):
        return "no coupling: λ or ω_log is not positive"
    if method == "xie_2019":
        low, high = XIE_2019_COUPLING_RANGE
        fitted = low <= coupling <= high
        return "" if fitted else f"outside the λ of {low} to {high} that it was learnt from"
    if coupling <= mu_star * (1.0 + 0.62 * coupling):
        return "λ ≤ μ*(1+0.62λ): the repulsion wins"
    if method in _WITHOUT_STRONG_COUPLING and coupling > MCMILLAN_LARGEST_COUPLING:
        return f"too low: fitted to λ below {MCMILLAN_LARGEST_COUPLING}, and it saturates above"
    if method == "xie_2022" and omega_2 is not None:
        distance = 1.0 / coupling - mu_star - omega_log / omega_2
        if abs(distance) < XIE_2022_POLE_HALF_WIDTH:
            return "at the pole of its f_μ (1/λ = μ* + ω_log/ω_2), which is bridged"
    return ""


def _tc(
    method: str, coupling: float, omega_log: float | None, omega_2: float | None, mu_star: float
) -> float | None:
    if omega_log is None or (method in METHODS_WITH_OMEGA_2 and omega_2 is None):
        return None
    return float(
        critical_temperature(
            method, coupling=coupling, omega_log=omega_log, omega_2=omega_2, mu_star=mu_star
        )
    )
