"""Free energy, specific-heat jump and critical field from solutions on the imaginary axis.

Energies are per electron state at the Fermi level, in units of N(0), the density of states of one
spin: a free-energy difference f is in meV², and N(0)·f is an energy. Ratios need no N(0).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from betenet.superconductivity.eliashberg.gap_equations import ImaginaryAxis
from betenet.units import ELEMENTARY_CHARGE, KELVIN_TO_MEV

NEAR_TC = (0.95, 0.97, 0.98, 0.99)
"""T/Tc from which the behaviour at Tc is extrapolated."""
VACUUM_PERMEABILITY = 1.25663706212e-6
"""μ₀ [N/A²] (CODATA 2018)."""


def free_energy_difference(solution: ImaginaryAxis) -> float:
    r"""Free energy of the superconducting less that of the normal state.

    .. math::
        \frac{\Delta F}{N(0)} = -\pi T\sum_n
        \left(\sqrt{\omega_n^2+\Delta_n^2}-|\omega_n|\right)
        \left(Z_n^S - Z_n^N\frac{|\omega_n|}{\sqrt{\omega_n^2+\Delta_n^2}}\right)

    Returns
    -------
    float
        ΔF/N(0), negative below Tc [meV²].

    References
    ----------
    Bardeen, Stephen, Phys. Rev. 136, A1485 (1964); Carbotte, Rev. Mod. Phys. 62, 1027 (1990),
    Eq. (4.1).
    """
    kt, omega, gap = float(solution.sums.temperature[0]), solution.omega, solution.gap
    gain = gap**2 / (np.sqrt(omega**2 + gap**2) + omega)
    change = solution.renormalisation_change + solution.normal_renormalisation * solution.loss
    return float(-2.0 * np.pi * kt * np.sum(solution.weights * gain * change))


def specific_heat_jump(solutions: Sequence[ImaginaryAxis], tc: float, coupling: float) -> float:
    r"""Jump of the specific heat at Tc over γTc; 1.43 for weak coupling [1].

    Parameters
    ----------
    solutions
        At the reduced temperatures :data:`NEAR_TC`.
    tc
        [K].
    coupling
        λ, which enters the Sommerfeld constant γ = (2π²/3) k_B² N(0)(1+λ) [1].

    Notes
    -----
    Near Tc the free energy goes as (T - Tc)²; its coefficient is extrapolated to Tc by the
    polynomial through all points.
    """
    t = np.array([solution.temperature / tc for solution in solutions])
    energies = np.array([free_energy_difference(solution) for solution in solutions])
    curvature = 2.0 * _extrapolate(1.0 - t, -energies / (1.0 - t) ** 2)
    return curvature / (_sommerfeld(coupling) * (tc * KELVIN_TO_MEV) ** 2)


def zero_temperature_energy(solution: ImaginaryAxis, coupling: float) -> float:
    """ΔF/N(0) at T = 0 from a solution at low T, where the superconductor is still frozen [meV²].

    The free energy of the normal state, -γT²/2, is all that varies with T below about 0.15 Tc,
    unless phonons are softer than that: at λ = 100 the result is 1 % off.
    """
    kt = solution.temperature * KELVIN_TO_MEV
    return free_energy_difference(solution) - 0.5 * _sommerfeld(coupling) * kt**2


def critical_field_ratio(
    energies: Float[np.ndarray, " temperature"], at_zero: float
) -> Float[np.ndarray, " temperature"]:
    """H_c(T)/H_c(0) from free-energy differences and that at T = 0 [1]."""
    return np.sqrt(np.maximum(energies / at_zero, 0.0))


def deviation_function(
    field_ratio: Float[np.ndarray, " temperature"],
    reduced_temperatures: Float[np.ndarray, " temperature"],
) -> Float[np.ndarray, " temperature"]:
    """D(t) = H_c(T)/H_c(0) - (1 - t²) [1]; down to -0.037 for weak, above 0 for strong coupling."""
    return field_ratio - (1.0 - reduced_temperatures**2)


def condensation_ratio(tc: float, at_zero: float, coupling: float) -> float:
    """γTc²/H_c(0)² in Gaussian units; 0.168 for weak coupling [1]."""
    return _sommerfeld(coupling) * (tc * KELVIN_TO_MEV) ** 2 / (8.0 * np.pi * abs(at_zero))


def critical_field_tesla(
    energy: Float[np.ndarray, "..."], fermi_dos: float, volume: float
) -> Float[np.ndarray, "..."]:
    """Thermodynamic critical field.

    Parameters
    ----------
    energy
        ΔF/N(0), negative [meV²].
    fermi_dos
        N(0) of one spin and one cell, without the phonons' enhancement [1/eV].
    volume
        Volume of the cell [Å³].

    Returns
    -------
    Float[ndarray, "..."]
        μ₀H_c [T].
    """
    density = np.abs(energy) * 1e-6 * fermi_dos * ELEMENTARY_CHARGE / (volume * 1e-30)
    return np.asarray(np.sqrt(2.0 * VACUUM_PERMEABILITY * density))


def _sommerfeld(coupling: float) -> float:
    """γ/(k_B² N(0))."""
    return 2.0 * np.pi**2 / 3.0 * (1.0 + coupling)


def _extrapolate(x: np.ndarray, y: np.ndarray) -> float:
    """Value at 0 of the polynomial through all points."""
    value = 0.0
    for index, point in enumerate(x.tolist()):
        others = (other for other in x.tolist() if other != point)
        value += float(y[index]) * math.prod(other / (other - point) for other in others)
    return value
