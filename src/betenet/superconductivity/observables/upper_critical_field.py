r"""The upper critical field, in the dirty and in the clean limit, by the Eliashberg equations.

A field breaks pairs. In the dirty limit it does so by the same energy at all frequencies,
:math:`\rho = e D B`, and ρ at which a gap opens is the largest eigenvalue of

.. math:: \pi T\,[\lambda(n-m) - \mu^*_c] - \delta_{nm}\,|\tilde\omega_n|

(Bergmann and Rainer). In the clean limit :math:`1/|\tilde\omega_n|` of the pairs becomes

.. math:: \chi_n = \frac{2}{\sqrt\alpha}\int_0^\infty e^{-q^2}
    \arctan\frac{q\sqrt\alpha}{|\tilde\omega_n|}\,\mathrm{d}q, \qquad
    \alpha = \tfrac12 e\hbar B v_F^2 .

Neither spin (Pauli limit) nor an anisotropic Fermi surface is in them.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from jaxtyping import Float

from betenet.errors import ConfigError
from betenet.spectrum import check_spectrum
from betenet.superconductivity.critical_temperature import DEFAULT_MU_STAR
from betenet.superconductivity.eliashberg.kernel import PairingKernel
from betenet.superconductivity.eliashberg.linearised import Sums, matsubara_sums, series_nodes
from betenet.superconductivity.eliashberg.threads import one_blas_thread
from betenet.superconductivity.eliashberg.transition import Transition, checked_transition
from betenet.units import ELEMENTARY_CHARGE, KELVIN_TO_MEV, PLANCK_CONSTANT

REDUCED_TEMPERATURES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Default sweep of T/Tc; the first is as good as T = 0."""
FLUX_QUANTUM = PLANCK_CONSTANT / (2.0 * ELEMENTARY_CHARGE)
"""Φ₀ = h/2e [Wb]."""

_HBAR = PLANCK_CONSTANT / (2.0 * np.pi)
_Q, _Q_WEIGHTS = np.polynomial.legendre.leggauss(40)
_Q_REACH = 5.0
_SHORT = 160.0


@dataclass(frozen=True, kw_only=True, slots=True)
class UpperCriticalField:
    """H_c2(T) of one spectrum.

    Parameters
    ----------
    transition
        Tc and what it depends on.
    limit
        ``"dirty"`` or ``"clean"``.
    temperatures
        T [K].
    fields
        μ₀H_c2 at each temperature [T].
    slope
        -d(μ₀H_c2)/dT at Tc [T/K].
    """

    transition: Transition
    limit: str
    temperatures: Float[np.ndarray, " temperature"]
    fields: Float[np.ndarray, " temperature"]
    slope: float

    @property
    def at_zero(self) -> float:
        """μ₀H_c2(0), that at the lowest temperature [T]."""
        return float(self.fields[0])

    @property
    def reduced(self) -> float:
        """H_c2(0) over Tc |dH_c2/dT|; 0.693 (dirty) and 0.727 (clean) for weak coupling [1]."""
        return self.at_zero / (float(self.transition.tc) * self.slope)

    @property
    def coherence_length(self) -> float:
        """ξ(0) = √(Φ₀/2πH_c2(0)) of Ginzburg and Landau [nm]."""
        return 1e9 * float(np.sqrt(FLUX_QUANTUM / (2.0 * np.pi * self.at_zero)))


def diffusion_constant(resistivity: float, fermi_dos: float, volume: float) -> float:
    """D of the normal metal from its residual resistivity, by Einstein's relation [cm²/s].

    Parameters
    ----------
    resistivity
        ρ₀ [µΩ cm].
    fermi_dos
        N(0) of both spins, for the cell, without the phonons' enhancement [1/eV].
    volume
        Volume of the cell [Å³].
    """
    density = fermi_dos / (ELEMENTARY_CHARGE * volume * 1e-30)  # 1/(J m³)
    return 1e4 / (resistivity * 1e-8 * ELEMENTARY_CHARGE**2 * density)


def upper_critical_field(  # noqa: PLR0913 - as ``eliashberg_tc``, with the metal's own
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, " n_freq"],
    mu_star: float = DEFAULT_MU_STAR,
    *,
    diffusion: float | None = None,
    fermi_velocity: float | None = None,
    cutoff: float | None = None,
    mu_star_frequency: float | None = None,
    rule: str = "onset",
    reduced_temperatures: tuple[float, ...] = REDUCED_TEMPERATURES,
) -> UpperCriticalField:
    """H_c2(T) in the dirty limit (of a diffusion constant) or the clean one (of v_F).

    Parameters
    ----------
    frequencies, a2f, mu_star, cutoff, mu_star_frequency, rule
        As for ``eliashberg_tc``, one spectrum.
    diffusion
        D, see :func:`diffusion_constant` [cm²/s].
    fermi_velocity
        v_F of the bands, without the phonons' enhancement of the mass [10⁶ m/s].
    reduced_temperatures
        T/Tc, growing, below 1.

    Raises
    ------
    SpectrumError
        If the spectrum is not valid.
    ConfigError
        If not exactly one of D and v_F is given, or it is not positive, or there is no Tc.

    References
    ----------
    Bergmann, Rainer, Z. Phys. 263, 59 (1973); Schossmann, Schachinger, Phys. Rev. B 33, 6123
    (1986); for weak coupling Helfand, Werthamer, Phys. Rev. 147, 288 (1966).
    """
    given = diffusion if fermi_velocity is None else fermi_velocity
    if (diffusion is None) == (fermi_velocity is None) or given is None or not given > 0.0:
        raise ConfigError(
            f"H_c2 with D = {diffusion} cm²/s and v_F = {fermi_velocity}·10⁶ m/s.",
            reason="D belongs to the dirty limit, v_F to the clean one.",
            fix="Give one of the two, above zero.",
        )
    grid, values = check_spectrum(frequencies, a2f)
    transition = checked_transition(
        grid, values, mu_star, cutoff=cutoff, mu_star_frequency=mu_star_frequency, rule=rule,
        check_cutoff=False,
    )  # fmt: skip
    tc = float(transition.tc)
    if tc <= 0.0:
        raise ConfigError("H_c2 of a spectrum without a transition.", fix="Look at its Tc and μ*.")
    omega_c = transition.coulomb.cutoff
    mu = float(transition.coulomb.mu_star_cutoff[0])
    kernel = PairingKernel.for_cutoff(grid, values[None], omega_c, rule)
    is_dirty = diffusion is not None
    near = (0.98, 0.99)
    found: dict[float, float] = {}
    with one_blas_thread():
        for t in sorted({*reduced_temperatures, *near}):
            kt = np.array([t * tc * KELVIN_TO_MEV])
            sums = matsubara_sums(kernel, kt, omega_c, _SHORT)
            found[t] = _pair_breaking(sums, mu) if is_dirty else _alpha(kernel, sums, mu)
    tesla = _tesla(given, is_dirty)
    # the line through two points and zero at Tc, bent
    one, two = (found[t] * tesla / (1.0 - t) for t in near)
    slope = (two + (two - one)) / tc
    return UpperCriticalField(
        transition=transition,
        limit="dirty" if is_dirty else "clean",
        temperatures=tc * np.array(reduced_temperatures),
        fields=tesla * np.array([found[t] for t in reduced_temperatures]),
        slope=float(slope),
    )


def _tesla(given: float, is_dirty: bool) -> float:
    """Field that a unit of pair breaking stands for, by D in cm²/s or v_F in 10⁶ m/s [T]."""
    joule = 1e-3 * ELEMENTARY_CHARGE
    if is_dirty:
        return joule / (ELEMENTARY_CHARGE * given * 1e-4)
    return joule**2 / (0.5 * ELEMENTARY_CHARGE * _HBAR * (given * 1e6) ** 2)


def _weighted(sums: Sums, mu_star: float) -> tuple[np.ndarray, np.ndarray]:
    """πT (λ - μ*) between nodes, made symmetric by the weights, and |ω̃| by the same sums."""
    root = np.sqrt(sums.weights[0])
    kt = float(sums.temperature[0])
    pairing = np.pi * kt * ((sums.minus + sums.plus)[0] - 2.0 * mu_star) * np.outer(root, root)
    normal = (sums.minus - sums.plus)[0] @ sums.weights[0] + sums.tail[0]
    return pairing, sums.omega[0] + np.pi * kt * normal


def _pair_breaking(sums: Sums, mu_star: float) -> float:
    """ρ [meV]."""
    pairing, scattered = _weighted(sums, mu_star)
    values = cast("np.ndarray", np.linalg.eigvalsh(pairing - np.diag(scattered)))
    return float(values[-1])


def _alpha(kernel: PairingKernel, sums: Sums, mu_star: float) -> float:
    """α [meV²] at which the largest eigenvalue with 1/χ on the diagonal is zero."""
    optimize: Any = importlib.import_module("scipy.optimize")  # untyped, slow to import
    pairing, scattered = _weighted(sums, mu_star)
    kt, index = float(sums.temperature[0]), sums.indices[0]
    distance, weight = series_nodes(np.ones_like(index), index)
    zero = float(kernel(np.zeros((1, 1)))[0, 0])
    inside = zero + 2.0 * np.sum(kernel(2.0 * np.pi * kt * distance[None])[0] * weight, axis=-1)
    exact = sums.omega[0] + np.pi * kt * inside

    def excess(log_alpha: float) -> float:
        raised = 1.0 / _clean_pairs(exact, float(np.exp(log_alpha))) - exact
        values = cast("np.ndarray", np.linalg.eigvalsh(pairing - np.diag(scattered + raised)))
        return float(values[-1])

    low, high = np.log(1e-10 * exact[0] ** 2), np.log(1e3 * exact[0] ** 2)
    return float(np.exp(optimize.brentq(excess, low, high, xtol=1e-9)))


def _clean_pairs(scattered: np.ndarray, alpha: float) -> np.ndarray:
    """χ_n [1/meV]."""
    q = 0.5 * _Q_REACH * (1.0 + _Q)
    ratio = np.sqrt(alpha) * q / scattered[:, None]
    values = np.exp(-(q**2)) * np.arctan(ratio)
    return _Q_REACH * (values @ _Q_WEIGHTS) / np.sqrt(alpha)
