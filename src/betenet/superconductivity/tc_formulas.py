"""Closed formulas of the critical temperature, each by its authors' name, and where each fails.

The arguments of a formula say what it needs: ``coupling`` is λ [1], ``omega_log`` and ``omega_2``
are ω_log and ω_2 [meV], ``mu_star`` is μ* [1], ``debye_temperature`` is Θ_D [K]. All of them
broadcast, and the result is Tc [K]: 0 where a formula has no superconducting solution, where λ is
not positive, and where a frequency is nan or not positive, as it is for a spectrum without weight;
nan where λ itself is nan. A μ* that is negative or not finite, and shapes that do not broadcast,
are a :class:`~betenet.errors.ConfigError`.

A doubt is a function that says why a formula was not made for such an input; its text is empty
where there is no reason. The table of formulas is ``critical_temperature.FORMULAS``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from betenet.errors import ConfigError
from betenet.units import MEV_TO_KELVIN

DEFAULT_MU_STAR = 0.10

LARGEST_COUPLING_OF_MCMILLAN = 1.5
"""λ above which McMillan's exponential falls below Eliashberg theory (Allen and Dynes 1975) [1]."""

COUPLING_RANGE_OF_XIE_2019 = (0.69, 2.59)
"""λ of the materials that the formula of Xie 2019 was learnt from [1]."""

XIE_2022_POLE_HALF_WIDTH = 0.1
"""|1/λ - μ* - ω_log/ω_2| below which f_μ of Xie 2022 is led through its pole [1]."""


class Inputs(NamedTuple):
    """Numbers that a formula may need, as in the module's text; None if one is not known."""

    coupling: float
    omega_log: float | None
    omega_2: float | None
    mu_star: float
    debye_temperature: float | None
    omega_1: float | None = None
    omega_max: float | None = None


def mcmillan(
    coupling: ArrayLike, *, debye_temperature: ArrayLike, mu_star: ArrayLike = DEFAULT_MU_STAR
) -> Float[np.ndarray, "..."]:
    r"""Tc by McMillan's formula of 1968, with the Debye temperature.

    .. math::
        T_c = \frac{\Theta_D}{1.45}
        \exp\left[-\frac{1.04(1+\lambda)}{\lambda-\mu^*(1+0.62\lambda)}\right]

    Tc is 0 where λ ≤ μ*(1+0.62λ).

    Notes
    -----
    Fitted to solutions for the phonons of niobium and λ up to 1; it saturates above λ of 1.5.
    Θ_D is that of the sound waves and does not follow from α²F, so that none is estimated here:
    :func:`allen_dynes_simple` is the formula for where only α²F is known.

    References
    ----------
    McMillan, Phys. Rev. 167, 331 (1968), Eq. (18).

    Examples
    --------
    Niobium, whose Tc is 9.2 K:

    >>> round(float(mcmillan(0.82, debye_temperature=277.0, mu_star=0.13)), 1)
    9.2
    """
    lam, debye, mu = broadcast_inputs(coupling, debye_temperature, mu_star)
    valid = couples(lam, debye)
    lam_, debye_ = _safe(valid, lam, debye)
    return zero_unless(valid, debye_ / 1.45 * _exponential(lam_, mu), lam)


def allen_dynes_simple(
    coupling: ArrayLike, omega_log: ArrayLike, mu_star: ArrayLike = DEFAULT_MU_STAR
) -> Float[np.ndarray, "..."]:
    r"""Tc by Allen and Dynes with f₁ = f₂ = 1: McMillan's exponential with ω_log/1.2.

    .. math::
        T_c = \frac{\omega_{\log}}{1.2}
        \exp\left[-\frac{1.04(1+\lambda)}{\lambda-\mu^*(1+0.62\lambda)}\right]

    Tc is 0 where λ ≤ μ*(1+0.62λ).

    Notes
    -----
    BETE-NET, JARVIS and Alexandria call this form "Allen-Dynes", lambda.x and EPW "McMillan".
    Meant for λ < 1.5; it saturates and falls ever further below Eliashberg theory above. The full
    correction is :func:`allen_dynes`.

    References
    ----------
    Dynes, Solid State Commun. 10, 615 (1972); Allen, Dynes, Phys. Rev. B 12, 905 (1975).

    Examples
    --------
    >>> round(float(allen_dynes_simple(0.8714948, 61.4704, 0.16)), 2)
    26.41
    """
    lam, omega, mu = broadcast_inputs(coupling, omega_log, mu_star)
    valid = couples(lam, omega)
    lam_, omega_ = _safe(valid, lam, omega)
    return zero_unless(valid, _simple(lam_, omega_, mu), lam)


def allen_dynes(
    coupling: ArrayLike,
    omega_log: ArrayLike,
    omega_2: ArrayLike,
    mu_star: ArrayLike = DEFAULT_MU_STAR,
) -> Float[np.ndarray, "..."]:
    r"""Tc by Allen and Dynes, with strong-coupling and shape corrections.

    .. math::
        T_c = f_1 f_2 T_c^\mathrm{simple}, \quad
        f_1 = \left[1+(\lambda/\Lambda_1)^{3/2}\right]^{1/3}, \quad
        f_2 = 1+\frac{(r-1)\lambda^2}{\lambda^2+\Lambda_2^2}

    with Tc of :func:`allen_dynes_simple`, r = ω_2/ω_log, Λ₁ = 2.46(1+3.8μ*), Λ₂ = 1.82(1+6.3μ*)r.

    Tc is 0 where that of :func:`allen_dynes_simple` is.

    Notes
    -----
    Has the right limit Tc ∝ √λ ω_2 for λ → ∞. Some codes leave the factor r out of Λ₂, which
    raises Tc by 7-8 % for hydrides with λ of 3 to 4.

    References
    ----------
    Allen, Dynes, Phys. Rev. B 12, 905 (1975), Eqs. (34)-(38).

    Examples
    --------
    >>> round(float(allen_dynes(0.8714948, 61.4704, 70.6457, 0.16)), 2)
    27.46
    """
    lam, omega, second, mu = broadcast_inputs(coupling, omega_log, omega_2, mu_star)
    valid = couples(lam, omega, second)
    lam_, omega_, second_ = _safe(valid, lam, omega, second)
    ratio = second_ / omega_
    lambda_1 = 2.46 * (1.0 + 3.8 * mu)
    lambda_2 = 1.82 * (1.0 + 6.3 * mu) * ratio
    f_1 = np.cbrt(1.0 + (lam_ / lambda_1) ** 1.5)
    f_2 = 1.0 + (ratio - 1.0) * lam_**2 / (lam_**2 + lambda_2**2)
    return zero_unless(valid, f_1 * f_2 * _simple(lam_, omega_, mu), lam)


def xie_2019(
    coupling: ArrayLike, omega_log: ArrayLike, mu_star: ArrayLike = DEFAULT_MU_STAR
) -> Float[np.ndarray, "..."]:
    r"""Tc by the first formula that symbolic regression found in Allen and Dynes' table.

    .. math:: T_c = 0.09525\,\frac{\lambda^4\,\omega_{\log}}{\lambda^3+\sqrt{\mu^*}}

    Notes
    -----
    Learned from 29 materials with λ of 0.69 to 2.59. It never vanishes: at small λ it gives a
    finite Tc where the others give none.

    References
    ----------
    Xie, Stewart, Hamlin, Hirschfeld, Hennig, Phys. Rev. B 100, 174513 (2019).

    Examples
    --------
    Lead:

    >>> round(float(xie_2019(1.55, 56.0 / MEV_TO_KELVIN, 0.105)), 2)
    7.61
    """
    lam, omega, mu = broadcast_inputs(coupling, omega_log, mu_star)
    valid = couples(lam, omega)
    lam_, omega_ = _safe(valid, lam, omega)
    # The fraction divided through by λ³, which would underflow at small λ.
    tc = 0.09525 * lam_ * omega_ / (1.0 + np.sqrt(mu) / np.maximum(lam_**3, _TINY))
    return zero_unless(valid, MEV_TO_KELVIN * tc, lam)


def xie_2022(
    coupling: ArrayLike,
    omega_log: ArrayLike,
    omega_2: ArrayLike,
    mu_star: ArrayLike = DEFAULT_MU_STAR,
) -> Float[np.ndarray, "..."]:
    r"""Tc by the formula that symbolic regression found in Eliashberg solutions.

    .. math::
        T_c = f_\omega f_\mu T_c^\mathrm{simple}, \quad
        f_\omega = 1.92\,\frac{\lambda+r-\sqrt[3]{\mu^*}}{\sqrt\lambda\,e^{r}}-0.08, \quad
        f_\mu = 1+\frac{6.86\,e^{-\lambda/\mu^*}}{1/\lambda-\mu^*-r}

    with Tc of :func:`allen_dynes_simple` and r = ω_log/ω_2.

    Tc is 0 where that of :func:`allen_dynes_simple` is, or a factor is negative.

    Notes
    -----
    f_μ has a pole at d = 1/λ-μ*-r = 0, near λ = 1, that is no physics. Where \|d\| < 0.1 its
    1/d is replaced with the straight line d/0.1² that joins both branches, so that f_μ stays
    continuous, is 1 at the pole, and is the published expression everywhere else. For
    μ* ≤ 0.1, f_μ is within 1.2 % of 1 there (r ≤ 0.95). For μ* ≥ 0.15 the pole is felt
    outside as well (by tens of per cent for λ from 0.8 to 1.1): prefer another formula there.
    f_ω grows as 1/√λ for small λ, but McMillan's exponential vanishes faster.

    References
    ----------
    Xie, Quan, Hire et al., npj Comput. Mater. 8, 14 (2022).

    Examples
    --------
    >>> round(float(xie_2022(0.8714948, 61.4704, 70.6457, 0.16)), 2)
    31.5
    """
    lam, omega, second, mu = broadcast_inputs(coupling, omega_log, omega_2, mu_star)
    valid = couples(lam, omega, second)
    lam_, omega_, second_ = _safe(valid, lam, omega, second)
    ratio = omega_ / second_
    f_omega = 1.92 * (lam_ + ratio - np.cbrt(mu)) / (np.sqrt(lam_) * np.exp(ratio)) - 0.08
    distance = 1.0 / lam_ - mu - ratio
    bounded = np.maximum(np.abs(distance), XIE_2022_POLE_HALF_WIDTH)
    inverse = distance / bounded / bounded
    f_mu = 1.0 + 6.86 * np.exp(-lam_ / np.maximum(mu, 1e-12)) * inverse
    factor = np.maximum(f_omega, 0.0) * np.maximum(f_mu, 0.0)
    return zero_unless(valid, factor * _simple(lam_, omega_, mu), lam)


def repulsion_wins(inputs: Inputs) -> str:
    """Doubt of every formula with McMillan's exponential, which is 0 here."""
    wins = inputs.coupling <= inputs.mu_star * (1.0 + 0.62 * inputs.coupling)
    return "λ ≤ μ*(1+0.62λ): the repulsion wins" if wins else ""


def saturates(inputs: Inputs) -> str:
    """Doubt of McMillan's exponential without a correction for strong coupling."""
    if inputs.coupling <= LARGEST_COUPLING_OF_MCMILLAN:
        return ""
    return f"too low: fitted to λ below {LARGEST_COUPLING_OF_MCMILLAN}, and it saturates above"


def outside_the_table(inputs: Inputs) -> str:
    """Doubt of Xie 2019: λ beyond that of Allen and Dynes' table."""
    low, high = COUPLING_RANGE_OF_XIE_2019
    known = low <= inputs.coupling <= high
    return "" if known else f"outside the λ of {low} to {high} that it was learnt from"


def near_the_pole(inputs: Inputs) -> str:
    """Doubt of Xie 2022: λ so near the pole that f_μ is not the published one."""
    if inputs.omega_log is None or inputs.omega_2 is None:
        return ""
    distance = 1.0 / inputs.coupling - inputs.mu_star - inputs.omega_log / inputs.omega_2
    if not abs(distance) < XIE_2022_POLE_HALF_WIDTH:
        return ""
    return (
        "the formula has a pole at 1/λ = μ* + ω_log/ω_2, which is smoothed here: prefer another "
        "method"
    )


_TINY = np.finfo(np.float64).tiny


def broadcast_inputs(*values: ArrayLike) -> tuple[np.ndarray, ...]:
    """All arguments as float64 of one shape; the last is μ*, which is checked."""
    arrays = tuple(np.asarray(value, dtype=np.float64) for value in values)
    mu = arrays[-1]
    if not np.all(np.isfinite(mu) & (mu >= 0.0)):
        raise ConfigError(
            f"mu_star is {mu.tolist()}.",
            reason="μ* is a repulsion, zero or positive.",
            fix=f"Use a value near {DEFAULT_MU_STAR}.",
        )
    try:
        return np.broadcast_arrays(*arrays)
    except ValueError as error:
        raise ConfigError(
            f"Arguments of shapes {[array.shape for array in arrays]} do not broadcast.",
            reason=str(error),
            fix="Give scalars, or arrays of one shape.",
        ) from error


def couples(*values: np.ndarray) -> np.ndarray:
    """Where λ and the frequencies are all positive and finite."""
    positive = [np.isfinite(value) & (value > 0.0) for value in values]
    return np.asarray(np.logical_and.reduce(positive))


def _safe(valid: np.ndarray, *values: np.ndarray) -> tuple[np.ndarray, ...]:
    """The values, with a harmless 1 where they are not valid."""
    if valid.all():
        return values
    return tuple(np.where(valid, value, 1.0) for value in values)


def zero_unless(valid: np.ndarray, tc: ArrayLike, coupling: np.ndarray) -> np.ndarray:
    """Tc where the inputs are valid, 0 elsewhere; nan where λ is."""
    return np.where(np.isnan(coupling), np.nan, np.where(valid, tc, 0.0))


def _simple(coupling: np.ndarray, omega_log: np.ndarray, mu_star: np.ndarray) -> np.ndarray:
    """Allen and Dynes without f₁ and f₂, which the corrected formulas start from [K]."""
    return np.asarray(MEV_TO_KELVIN * omega_log / 1.2 * _exponential(coupling, mu_star))


def _exponential(coupling: np.ndarray, mu_star: np.ndarray) -> np.ndarray:
    """McMillan's exponential of a positive λ; 0 where the repulsion wins."""
    bracket = coupling - mu_star * (1.0 + 0.62 * coupling)
    attracts = bracket > 0.0
    exponent = -1.04 * (1.0 + coupling) / np.where(attracts, np.maximum(bracket, _TINY), 1.0)
    return np.where(attracts, np.exp(exponent), 0.0)
