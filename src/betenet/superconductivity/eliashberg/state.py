"""Everything that the Eliashberg equations say about one spectrum below its Tc."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from jaxtyping import Float

from betenet.errors import SpectrumError
from betenet.spectrum import check_a2f, check_frequencies
from betenet.superconductivity.critical_temperature import DEFAULT_MU_STAR
from betenet.superconductivity.eliashberg.continuation import (
    GapEdge,
    gap_edge,
    quasiparticle_dos,
)
from betenet.superconductivity.eliashberg.gap import FROZEN
from betenet.superconductivity.eliashberg.gap_equations import ImaginaryAxis, solve_gap_equations
from betenet.superconductivity.eliashberg.kernel import PairingKernel
from betenet.superconductivity.eliashberg.status import Status
from betenet.superconductivity.eliashberg.thermodynamics import (
    NEAR_TC,
    condensation_ratio,
    critical_field_ratio,
    deviation_function,
    free_energy_difference,
    specific_heat_jump,
    zero_temperature_energy,
)
from betenet.superconductivity.eliashberg.transition import Transition, eliashberg_tc
from betenet.superconductivity.moments import coupling_constant
from betenet.units import KELVIN_TO_MEV

REDUCED_TEMPERATURES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99)
"""Default sweep of T/Tc."""
BROADENING = 0.01
"""Broadening of the density of states, in units of Δ₀."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SuperconductingState:
    """The superconducting state of one spectrum, from T = 0 to Tc.

    Parameters
    ----------
    transition
        Tc, its status and what it depends on.
    gap
        Δ₀, the gap edge at 0.1 Tc [meV].
    gap_ratio
        2Δ₀/k_B Tc [1].
    gap_spread
        Relative disagreement of Padé approximants on Δ₀ [1].
    gap_status
        Whether Δ₀ is to be trusted.
    temperatures
        T [K].
    gaps
        Gap edge at each temperature; the gap at the lowest Matsubara frequency where the
        continuation is not stable, see ``gap_statuses`` [meV].
    gap_statuses
        Status at each temperature.
    free_energy
        ΔF/N(0) at each temperature [meV²].
    critical_field_ratio
        H_c(T)/H_c(0) [1].
    deviation
        H_c(T)/H_c(0) - (1 - t²) [1].
    specific_heat_jump
        ΔC/γTc [1].
    condensation_ratio
        γTc²/H_c(0)² [1].
    dos_energies, dos
        ω [meV] and N(ω)/N(0) at 0.1 Tc [1]; empty where the continuation failed.
    solutions
        Δ and Z on the imaginary axis at each temperature.
    """

    transition: Transition
    gap: float
    gap_ratio: float
    gap_spread: float
    gap_status: Status
    temperatures: Float[np.ndarray, " temperature"]
    gaps: Float[np.ndarray, " temperature"]
    gap_statuses: tuple[Status, ...]
    free_energy: Float[np.ndarray, " temperature"]
    critical_field_ratio: Float[np.ndarray, " temperature"]
    deviation: Float[np.ndarray, " temperature"]
    specific_heat_jump: float
    condensation_ratio: float
    dos_energies: Float[np.ndarray, " energy"]
    dos: Float[np.ndarray, " energy"]
    solutions: tuple[ImaginaryAxis, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """What is not converged, and what to do about it; empty if all is well."""
        found = {
            f"Tc: {self.tc_status.text}": self.tc_status,
            f"gap: {self.gap_status.text}": self.gap_status,
        }
        for temperature, status in zip(self.temperatures, self.gap_statuses, strict=True):
            found.setdefault(f"gap at {temperature:.4g} K: {status.text}", status)
        return tuple(text for text, status in found.items() if not status.is_good)

    @property
    def tc_status(self) -> Status:
        """Status of Tc."""
        return cast("Status", self.transition.status[()])


def superconducting_state(
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, " n_freq"],
    mu_star: float = DEFAULT_MU_STAR,
    *,
    cutoff: float | None = None,
    mu_star_frequency: float | None = None,
    rule: str = "onset",
    reduced_temperatures: tuple[float, ...] = REDUCED_TEMPERATURES,
) -> SuperconductingState:
    """Tc, gap, free energy, critical field and specific-heat jump of one spectrum.

    Parameters
    ----------
    frequencies, a2f, mu_star, cutoff, mu_star_frequency, rule
        As for ``eliashberg_tc``, one spectrum.
    reduced_temperatures
        T/Tc of the sweep, above 0 [1].

    Raises
    ------
    SpectrumError
        If the spectrum is not valid, or more than one.
    ConfigError
        If a number is out of range.

    Notes
    -----
    At 0.1 Tc the gap differs from that of T = 0 by a share of exp(-Δ/k_B T), below 1e-7.
    Without a transition all numbers are nan and the sweep is empty.

    Examples
    --------
    Weak coupling gives the numbers of BCS:

    >>> omega = np.linspace(9.9, 10.1, 41)
    >>> a2f = 150.0 * np.maximum(0.1 - np.abs(omega - 10.0), 0.0)  # λ = 0.3
    >>> state = superconducting_state(omega, a2f, 0.0)
    >>> round(state.gap_ratio, 2), round(state.specific_heat_jump, 2)
    (3.54, 1.44)
    """
    grid = check_frequencies(frequencies)
    values = check_a2f(a2f, grid.size)
    if values.ndim != 1:
        raise SpectrumError(
            f"α²F of shape {values.shape} for one superconducting state.",
            reason="Each spectrum has its own temperatures.",
            fix="Pass one spectrum at a time.",
        )
    transition = eliashberg_tc(
        grid, values, mu_star, cutoff=cutoff, mu_star_frequency=mu_star_frequency, rule=rule
    )
    if float(transition.tc) <= 0.0:
        return _no_state(transition)
    kernel = PairingKernel(grid, values[None], 4.0 * float(transition.coulomb.cutoff[0]), rule)
    return _state(kernel, transition, coupling_constant(grid, values, rule), reduced_temperatures)


def _state(
    kernel: PairingKernel,
    transition: Transition,
    coupling: Float[np.ndarray, ""],
    reduced_temperatures: tuple[float, ...],
) -> SuperconductingState:
    tc, lam = float(transition.tc), float(coupling)
    wanted = np.array(reduced_temperatures)
    reduced = np.unique([*reduced_temperatures, FROZEN, *NEAR_TC])
    repulsion = transition.coulomb
    solved = solve_gap_equations(
        kernel, float(repulsion.cutoff[0]), float(repulsion.mu_star_cutoff[0]), tc, reduced * tc
    )
    by_t = dict(zip(reduced.tolist(), solved, strict=True))
    solutions = tuple(by_t[t] for t in wanted.tolist())
    edges = [gap_edge(kernel, solution) for solution in solutions]
    frozen = gap_edge(kernel, by_t[FROZEN])
    at_zero = zero_temperature_energy(by_t[FROZEN], lam)
    energies = np.array([free_energy_difference(solution) for solution in solutions])
    field = critical_field_ratio(energies, at_zero)
    dos_energies, dos = _dos(frozen)
    return SuperconductingState(
        transition=transition,
        gap=frozen.gap,
        gap_ratio=2.0 * frozen.gap / (tc * KELVIN_TO_MEV),
        gap_spread=frozen.spread,
        gap_status=frozen.status,
        temperatures=wanted * tc,
        gaps=np.array([edge.gap for edge in edges]),
        gap_statuses=tuple(edge.status for edge in edges),
        free_energy=energies,
        critical_field_ratio=field,
        deviation=deviation_function(field, wanted),
        specific_heat_jump=specific_heat_jump([by_t[t] for t in NEAR_TC], tc, lam),
        condensation_ratio=condensation_ratio(tc, at_zero, lam),
        dos_energies=dos_energies,
        dos=dos,
        solutions=solutions,
    )


def _dos(frozen: GapEdge) -> tuple[np.ndarray, np.ndarray]:
    if frozen.continued is None:
        return np.empty(0), np.empty(0)
    highest = max(3.0 * frozen.gap, float(frozen.continued.points[-1].imag))
    fine = np.linspace(0.005, 3.0, 600) * frozen.gap
    energies = np.concatenate([fine, np.linspace(3.0 * frozen.gap, highest, 400)[1:]])
    return energies, quasiparticle_dos(frozen.continued, energies, BROADENING * frozen.gap)


def _no_state(transition: Transition) -> SuperconductingState:
    none = np.empty(0)
    status = cast("Status", transition.status[()])
    return SuperconductingState(
        transition=transition, gap=0.0, gap_ratio=np.nan, gap_spread=np.nan, gap_status=status,
        temperatures=none, gaps=none, gap_statuses=(), free_energy=none,
        critical_field_ratio=none, deviation=none, specific_heat_jump=np.nan,
        condensation_ratio=np.nan, dos_energies=none, dos=none, solutions=(),
    )  # fmt: skip
