"""How Tc answers to α²F(ω): the functional derivative, and the isotope effect that follows."""

# scipy comes without stubs
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
from jaxtyping import Float

from betenet.errors import SpectrumError
from betenet.spectrum import check_a2f, check_spectrum
from betenet.superconductivity.critical_temperature import DEFAULT_MU_STAR
from betenet.superconductivity.eliashberg.coulomb import Coulomb
from betenet.superconductivity.eliashberg.kernel import PairingKernel, pole
from betenet.superconductivity.eliashberg.linearised import (
    matsubara_sums,
    screened_matrix,
    tail_nodes,
)
from betenet.superconductivity.eliashberg.transition import (
    Transition,
    checked_transition,
    eigenvalues,
)
from betenet.superconductivity.integration import checked_kernel_weights
from betenet.units import KELVIN_TO_MEV

_DIFFERENCE = 1e-3  # of ln T, for dρ/d ln T
_NODES = 400  # frequencies at which the response is computed; it is smooth in ln ω

Response = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Function of ν and ω."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TcResponse:
    """Change of Tc with α²F, and with the masses.

    Parameters
    ----------
    transition
        Tc, its status, and what it depends on.
    derivative
        δTc/δα²F(ω): a small change of α²F changes Tc by its integral with this [K/meV].
    isotope_coefficient
        -d ln Tc/d ln M, all masses together; 0.5 without repulsion [1].
    site_isotope_coefficients
        Isotope coefficient of the mass of each site, where partial spectra were given; their sum
        is the total if the partial spectra sum to α²F [1].
    """

    transition: Transition
    derivative: Float[np.ndarray, " n_freq"]
    isotope_coefficient: float
    site_isotope_coefficients: Float[np.ndarray, " site"] | None


def tc_response(
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, " n_freq"],
    mu_star: float = DEFAULT_MU_STAR,
    *,
    cutoff: float | None = None,
    mu_star_frequency: float | None = None,
    rule: str = "onset",
    site_a2f: Float[np.ndarray, "site n_freq"] | None = None,
) -> TcResponse:
    r"""Functional derivative of Tc, and the isotope coefficient.

    .. math::
        \frac{\delta T_c}{\delta\alpha^2F(\omega)}
        = -\frac{\partial\rho/\partial\alpha^2F(\omega)}{\partial\rho/\partial T},\qquad
        \alpha = \frac{1}{2T_c}\int\alpha^2F\,\frac{\mathrm{d}}{\mathrm{d}\omega}
        \left[\omega\frac{\delta T_c}{\delta\alpha^2F}\right]\mathrm{d}\omega

    Parameters
    ----------
    frequencies, a2f, mu_star, cutoff, mu_star_frequency, rule
        As for ``eliashberg_tc``, one spectrum.
    site_a2f
        Part of α²F that each site's displacements carry [1].

    Returns
    -------
    TcResponse
        Zeros and nan where there is no transition, see its status.

    Raises
    ------
    SpectrumError
        If the spectrum is not valid, or the sites do not fit the frequencies.

    Notes
    -----
    All masses scale all frequencies by M^(-1/2) and leave λ; the cutoff and μ*_c, which are
    electronic, stay where they are. The mass of one site is taken to shift each frequency by that
    site's share of α²F there, as Rainer and Culetto do; this leaves out how the eigenvectors turn.

    References
    ----------
    Bergmann, Rainer, Z. Phys. 263, 59 (1973); Rainer, Culetto, Phys. Rev. B 19, 2540 (1979).
    """
    grid, values = check_spectrum(frequencies, a2f)
    sites = None if site_a2f is None else check_a2f(site_a2f, grid.size)
    if values.ndim != 1 or (sites is not None and sites.ndim != 2):
        raise SpectrumError(
            f"α²F has shape {values.shape}" + ("." if sites is None else f", sites {sites.shape}."),
            reason="The response is that of one spectrum, its sites one row each.",
            fix="Pass one spectrum at a time.",
        )
    transition = checked_transition(
        grid, values, mu_star, cutoff=cutoff, mu_star_frequency=mu_star_frequency, rule=rule
    )
    tc = float(transition.tc)
    if tc <= 0.0:
        return TcResponse(
            transition=transition,
            derivative=np.zeros_like(grid),
            isotope_coefficient=np.nan,
            site_isotope_coefficients=None if sites is None else np.full(len(sites), np.nan),
        )
    repulsion = transition.coulomb
    kernel = PairingKernel.for_cutoff(grid, values[None], repulsion.cutoff, rule)
    kt = tc * KELVIN_TO_MEV
    distances, shares = _eigenvalue_response(kernel, repulsion, kt)
    slope = _slope(kernel, repulsion, kt)
    scale = -tc / slope
    derivative = scale * _tabulated(grid, distances, shares, pole)(grid)
    isotope = checked_kernel_weights(
        grid, _tabulated(grid, distances, scale * shares, _shifted_pole), rule
    ) / (2.0 * tc)
    return TcResponse(
        transition=transition,
        derivative=derivative,
        isotope_coefficient=float(values @ isotope),
        site_isotope_coefficients=None if sites is None else sites @ isotope,
    )


def _eigenvalue_response(
    kernel: PairingKernel, repulsion: Coulomb, kt: float
) -> tuple[np.ndarray, np.ndarray]:
    """ρ changes by the sum of shares times the change of λ(iν) at the distances ν [meV]."""
    sums = matsubara_sums(kernel, np.array([kt]), repulsion.cutoff)
    vector = np.linalg.eigh(screened_matrix(sums, repulsion.mu_star_cutoff))[1][0, :, -1]
    x, w = sums.indices[0], sums.weights[0]
    paired = vector * np.sqrt(w / (2.0 * x + 1.0))
    paired = np.outer(paired, paired)
    normal = vector**2 / (2.0 * x + 1.0)
    tail, tail_weights = (part[0] for part in tail_nodes(sums.n_matsubara, sums.indices))
    distances = [np.abs(x[:, None] - x), x[:, None] + x + 1.0, tail]
    shares = [
        paired - np.outer(normal, w),
        paired + np.outer(normal, w),
        -normal[:, None] * tail_weights,
    ]
    return (
        2.0 * np.pi * kt * np.concatenate([part.ravel() for part in distances]),
        np.concatenate([part.ravel() for part in shares]),
    )


def _slope(kernel: PairingKernel, repulsion: Coulomb, kt: float) -> float:
    """dρ/d ln T."""
    at = np.log(kt) + np.array([-_DIFFERENCE, _DIFFERENCE])
    low, high = (eigenvalues(kernel, repulsion, part[None]) for part in at)
    return float((high - low)[0]) / (2.0 * _DIFFERENCE)


def _shifted_pole(nu: np.ndarray, omega: np.ndarray) -> np.ndarray:
    """d(ω·pole)/dω: what stretching the frequency axis does."""
    return 4.0 * omega * nu**2 / (nu**2 + omega**2) ** 2


def _tabulated(
    grid: np.ndarray, distances: np.ndarray, shares: np.ndarray, response: Response
) -> Callable[[np.ndarray], np.ndarray]:
    """The sum of the shares' responses as a function of ω, by a spline in ln ω."""
    from scipy.interpolate import CubicSpline  # pyright: ignore[reportUnknownVariableType]

    lowest = 1e-3 * float(grid[0])
    logs = np.linspace(math.log(lowest), math.log(float(grid[-1])), _NODES)
    values = [shares @ response(distances, np.exp(at)) for at in logs.reshape(-1, 1)]
    spline = CubicSpline(logs, np.array(values))
    return lambda at: cast("np.ndarray", spline(np.log(np.maximum(at, lowest))))
