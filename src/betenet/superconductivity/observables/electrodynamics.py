r"""Sommerfeld's constant, coherence length and penetration depth.

All need what α²F does not tell: N(E_F), v_F, ħω_p or ρ₀ of the bands.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from betenet.errors import ConfigError
from betenet.superconductivity.eliashberg.gap_equations import ImaginaryAxis
from betenet.superconductivity.eliashberg.thermodynamics import VACUUM_PERMEABILITY
from betenet.units import (
    BOLTZMANN_EV_PER_KELVIN,
    ELEMENTARY_CHARGE,
    PLANCK_CONSTANT,
    SPEED_OF_LIGHT,
)

AVOGADRO = 6.02214076e23
"""Avogadro constant [1/mol], exact."""

_HBAR = PLANCK_CONSTANT / (2.0 * np.pi)


def sommerfeld_constant(fermi_dos: float, coupling: float, formula_units: float = 1.0) -> float:
    r"""Coefficient of the electrons' specific heat, :math:`\frac{\pi^2}{3}k_B^2 N(E_F)(1+\lambda)`.

    Parameters
    ----------
    fermi_dos
        N(E_F) of both spins, for the cell, as calculated for the bands [1/eV].
    coupling
        λ [1].
    formula_units
        Formula units, or atoms, that a mole counts in the cell [1].

    Returns
    -------
    float
        γ [mJ mol⁻¹ K⁻²].

    Examples
    --------
    Aluminium has 0.41 states for each eV and atom, and λ = 0.43; 1.35 is measured:

    >>> round(sommerfeld_constant(0.41, 0.43), 2)
    1.38
    """
    if not (fermi_dos > 0.0 and formula_units > 0.0):
        raise ConfigError(
            f"γ with N(E_F) = {fermi_dos} per eV and {formula_units} formula units.",
            fix="Give both above zero.",
        )
    each = np.pi**2 / 3.0 * BOLTZMANN_EV_PER_KELVIN**2 * fermi_dos * (1.0 + coupling)
    return 1e3 * each * ELEMENTARY_CHARGE * AVOGADRO / formula_units


def pippard_length(fermi_velocity: float, gap: float, coupling: float) -> float:
    r"""Coherence length of the clean metal at T = 0, ħv_F/[πΔ₀(1+λ)].

    Parameters
    ----------
    fermi_velocity
        v_F of the bands [10⁶ m/s].
    gap
        Δ₀ [meV].
    coupling
        λ, by which phonons slow the electrons [1].

    Returns
    -------
    float
        ξ₀ [nm]; BCS, with the renormalised velocity.
    """
    energy = 1e-3 * ELEMENTARY_CHARGE * gap
    return 1e9 * _HBAR * 1e6 * fermi_velocity / (np.pi * energy * (1.0 + coupling))


def dirty_penetration_depth(solution: ImaginaryAxis, resistivity: float) -> float:
    r"""Penetration depth in the dirty local limit.

    .. math:: \frac{1}{\lambda^2} = \frac{\mu_0}{\hbar\rho_0}\,4\pi T\sum_{n\ge 0}
        \frac{\Delta_n^2}{\omega_n^2+\Delta_n^2}

    Parameters
    ----------
    solution
        On the imaginary axis, at the temperature that is wanted.
    resistivity
        ρ₀ [µΩ cm].

    Returns
    -------
    float
        λ [nm]; infinite without a gap.

    Notes
    -----
    For weak coupling the sum is πΔ tanh(Δ/2T): Mattis and Bardeen's result.
    """
    share = solution.gap**2 / (solution.omega**2 + solution.gap**2)
    kt = float(solution.sums.temperature[0])
    energy = 1e-3 * ELEMENTARY_CHARGE * 4.0 * np.pi * kt * float(solution.weights @ share)
    if energy <= 0.0:
        return float("inf")
    return 1e9 / np.sqrt(VACUUM_PERMEABILITY * energy / (_HBAR * resistivity * 1e-8))


def clean_penetration_depth(solution: ImaginaryAxis, plasma_energy: float) -> float:
    r"""London's penetration depth in the clean local limit, with the phonons' renormalisation.

    .. math:: \frac{1}{\lambda^2} = \frac{\omega_p^2}{c^2}\,2\pi T\sum_{n\ge 0}
        \frac{\Delta_n^2}{Z_n(\omega_n^2+\Delta_n^2)^{3/2}}

    Parameters
    ----------
    solution
        On the imaginary axis, at the temperature that is wanted.
    plasma_energy
        ħω_p of the Drude term of the bands [eV].

    Returns
    -------
    float
        λ_L [nm]; infinite without a gap.

    References
    ----------
    Nam, Phys. Rev. 156, 470 (1967); Carbotte, Rev. Mod. Phys. 62, 1027 (1990).
    """
    energy2 = solution.omega**2 + solution.gap**2
    terms: Float[np.ndarray, " node"] = solution.gap**2 / (solution.renormalisation * energy2**1.5)
    kt = float(solution.sums.temperature[0])
    share = 2.0 * np.pi * kt * float(solution.weights @ terms)
    if share <= 0.0:
        return float("inf")
    frequency = plasma_energy * ELEMENTARY_CHARGE / _HBAR
    return 1e9 * SPEED_OF_LIGHT / (frequency * np.sqrt(share))
