"""Tc and the gap at zero temperature, for many spectra."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from betenet.spectrum import check_spectrum
from betenet.superconductivity.critical_temperature import DEFAULT_MU_STAR
from betenet.superconductivity.eliashberg.continuation import gap_edge
from betenet.superconductivity.eliashberg.gap_equations import solve_gap_equations
from betenet.superconductivity.eliashberg.kernel import PairingKernel
from betenet.superconductivity.eliashberg.transition import LOWEST, Transition, checked_transition
from betenet.units import KELVIN_TO_MEV

FROZEN = 0.1
"""T/Tc at which the superconductor is as good as at zero temperature."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """Gap edge of each spectrum.

    Parameters
    ----------
    transition
        Tc of each spectrum, its status and what it depends on.
    gap
        Δ₀; 0 where there is no transition [meV].
    gap_ratio
        2Δ₀/k_B Tc; nan where there is no transition [1].
    status
        How the continuation ended, an array of ``Status``; that of Tc where there is none.
    """

    transition: Transition
    gap: Float[np.ndarray, "*batch"]
    gap_ratio: Float[np.ndarray, "*batch"]
    status: np.ndarray


def eliashberg_gap(
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, "*batch n_freq"],
    mu_star: ArrayLike = DEFAULT_MU_STAR,
    *,
    cutoff: float | None = None,
    mu_star_frequency: float | None = None,
    rule: str = "onset",
    lowest: float = LOWEST,
) -> Gap:
    """Tc and Δ₀ of the isotropic Migdal-Eliashberg equations.

    Arguments and errors are those of ``eliashberg_tc``.

    Returns
    -------
    Gap
        Δ₀ [meV] and 2Δ₀/k_B Tc [1] at 0.1 Tc, with the batch shape of α²F.

    Notes
    -----
    Δ₀ is that of Padé approximants: good to 3e-4 for λ up to 3, to 2e-3 for λ up to 100 or phonons
    of very different frequencies. ``superconducting_state`` has the exact continuation, for one
    spectrum.

    Examples
    --------
    >>> omega = np.linspace(9.9, 10.1, 41)
    >>> weak = 150.0 * np.maximum(0.1 - np.abs(omega - 10.0), 0.0)  # λ = 0.3
    >>> eliashberg_gap(omega, np.stack([weak, 5.0 * weak]), 0.0).gap_ratio.round(1).tolist()
    [3.5, 4.8]
    """
    grid, values = check_spectrum(frequencies, a2f)
    transition = checked_transition(
        grid, values, mu_star, cutoff=cutoff, mu_star_frequency=mu_star_frequency, rule=rule,
        lowest=lowest,
    )  # fmt: skip
    repulsion, tc = transition.coulomb, transition.tc.reshape(-1)
    flat = values.reshape(-1, grid.size)
    kernel = PairingKernel.for_cutoff(grid, flat, repulsion.cutoff, rule)
    gap, status = np.zeros_like(tc), transition.status.reshape(-1).copy()
    for row in np.flatnonzero(tc > 0.0).tolist():
        one = kernel.rows(np.array([row]))
        (solution,) = solve_gap_equations(
            one,
            float(repulsion.cutoff[row]),
            float(repulsion.mu_star_cutoff[row]),
            float(tc[row]),
            FROZEN * tc[row : row + 1],
        )
        edge = gap_edge(one, solution)
        gap[row], status[row] = edge.gap, edge.status
    ratio = np.full_like(tc, np.nan)
    np.divide(2.0 * gap, tc * KELVIN_TO_MEV, out=ratio, where=tc > 0.0)
    shape = values.shape[:-1]
    return Gap(
        transition=transition,
        gap=gap.reshape(shape),
        gap_ratio=ratio.reshape(shape),
        status=status.reshape(shape),
    )
