"""Everything that the Eliashberg equations say about one spectrum below its Tc."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
from jaxtyping import Float

from betenet.errors import ConfigError, SpectrumError
from betenet.spectrum import check_spectrum
from betenet.superconductivity.critical_temperature import DEFAULT_MU_STAR
from betenet.superconductivity.eliashberg.continuation import SPREAD_TOLERANCE, GapEdge, gap_edge
from betenet.superconductivity.eliashberg.gap import FROZEN
from betenet.superconductivity.eliashberg.gap_equations import ImaginaryAxis, solve_gap_equations
from betenet.superconductivity.eliashberg.kernel import PairingKernel
from betenet.superconductivity.eliashberg.real_axis import RealAxis, continue_to_real_axis
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
from betenet.superconductivity.eliashberg.transition import Transition, checked_transition
from betenet.superconductivity.moments import CheckedMoments
from betenet.units import KELVIN_TO_MEV

REDUCED_TEMPERATURES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99)
"""Default sweep of T/Tc."""


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
        Whether Δ₀ is to be trusted: the exact continuation and Padé approximants agree on it to
        1 %.
    temperatures
        T [K].
    gaps
        Gap edge at each temperature, where Re Δ(ω) = ω by the exact continuation; Δ(iπT) where
        that has no such ω (``NO_EDGE``) or did not converge; 0 at and above Tc. Below 0.1 Tc it is
        the edge at 0.1 Tc, from which it does not differ [meV].
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
    continued
        Δ, Z and N(ω)/N(0) on the real axis at each temperature; at 0.1 Tc for those below.
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
    continued: tuple[RealAxis, ...]

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
    after_each: Callable[[], object] | None = None,
) -> SuperconductingState:
    """Tc, gap, free energy, critical field and specific-heat jump of one spectrum.

    Parameters
    ----------
    frequencies, a2f, mu_star, cutoff, mu_star_frequency, rule
        As for ``eliashberg_tc``, one spectrum.
    reduced_temperatures
        T/Tc of the sweep, above 0; from 1 on the metal is normal and its gap zero [1].
    after_each
        Called whenever one of these temperatures is done, for a progress bar.

    Raises
    ------
    SpectrumError
        If the spectrum is not valid, or more than one.
    ConfigError
        If a number is out of range.

    Notes
    -----
    At 0.1 Tc the gap differs from that of T = 0 by a share of exp(-Δ/k_B T), below 1e-7.
    Without a transition all numbers are nan and the sweep is empty. An edge is where quasiparticles
    have most states, not a promise that there are none below: with strong coupling N(0) is some
    tenths close to Tc, see ``continued``.

    Examples
    --------
    Weak coupling gives the numbers of BCS:

    >>> omega = np.linspace(9.9, 10.1, 41)
    >>> a2f = 150.0 * np.maximum(0.1 - np.abs(omega - 10.0), 0.0)  # λ = 0.3
    >>> state = superconducting_state(omega, a2f, 0.0)
    >>> round(state.gap_ratio, 2), round(state.specific_heat_jump, 2)
    (3.54, 1.44)
    """
    grid, values = check_spectrum(frequencies, a2f)
    if values.ndim != 1:
        raise SpectrumError(
            f"α²F of shape {values.shape} for one superconducting state.",
            reason="Each spectrum has its own temperatures.",
            fix="Pass one spectrum at a time.",
        )
    _check_temperatures(reduced_temperatures)
    transition = checked_transition(
        grid, values, mu_star, cutoff=cutoff, mu_star_frequency=mu_star_frequency, rule=rule
    )
    if float(transition.tc) <= 0.0:
        return _no_state(transition)
    metal = _Metal(grid, values, rule, transition)
    return _state(metal, reduced_temperatures, after_each or (lambda: None))


class _Metal:
    """One spectrum with its Tc, and what is solved with it."""

    def __init__(
        self, grid: np.ndarray, a2f: np.ndarray, rule: str, transition: Transition
    ) -> None:
        self.transition, self.tc = transition, float(transition.tc)
        self.coupling = float(CheckedMoments(grid, a2f, rule).coupling)
        self._spectrum, self._rule = (grid, a2f), rule
        cutoff = transition.coulomb.cutoff
        self.kernel = PairingKernel.for_cutoff(grid, a2f[None], cutoff, rule)

    def solved(self, reduced: np.ndarray) -> dict[float, ImaginaryAxis]:
        """Solutions on the imaginary axis, by reduced temperature."""
        repulsion = self.transition.coulomb
        cutoff, mu_star = float(repulsion.cutoff[0]), float(repulsion.mu_star_cutoff[0])
        found = solve_gap_equations(self.kernel, cutoff, mu_star, self.tc, reduced * self.tc)
        return dict(zip(reduced.tolist(), found, strict=True))

    def continued(self, solution: ImaginaryAxis, near: GapEdge) -> RealAxis:
        """Solution on the real axis."""
        expected = near.gap if near.status is Status.CONVERGED else None
        return continue_to_real_axis(*self._spectrum, solution, rule=self._rule, near=expected)


def _state(
    metal: _Metal, reduced_temperatures: tuple[float, ...], after_each: Callable[[], object]
) -> SuperconductingState:
    tc, lam = metal.tc, metal.coupling
    wanted = np.array(reduced_temperatures, dtype=np.float64)
    by_t = metal.solved(np.unique([*reduced_temperatures, FROZEN, *NEAR_TC]))
    solutions = tuple(by_t[t] for t in wanted.tolist())
    pade = gap_edge(metal.kernel, by_t[FROZEN])
    frozen = metal.continued(by_t[FROZEN], pade)
    gap, gap_status = _checked(frozen, pade)
    axes: list[RealAxis] = []
    for t in wanted.tolist():
        near = pade if t <= FROZEN else gap_edge(metal.kernel, by_t[t])
        axes.append(frozen if t <= FROZEN else metal.continued(by_t[t], near))
        after_each()
    gaps, statuses = zip(*map(_edge, axes, solutions), strict=True) if axes else ((), ())
    at_zero = zero_temperature_energy(by_t[FROZEN], lam)
    energies = np.array([free_energy_difference(solution) for solution in solutions])
    field = critical_field_ratio(energies, at_zero)
    return SuperconductingState(
        transition=metal.transition,
        gap=gap,
        gap_ratio=2.0 * gap / (tc * KELVIN_TO_MEV),
        gap_spread=pade.spread,
        gap_status=gap_status,
        temperatures=wanted * tc,
        gaps=np.array(gaps),
        gap_statuses=statuses,
        free_energy=energies,
        critical_field_ratio=field,
        deviation=deviation_function(field, wanted),
        specific_heat_jump=specific_heat_jump([by_t[t] for t in NEAR_TC], tc, lam),
        condensation_ratio=condensation_ratio(tc, at_zero, lam),
        dos_energies=frozen.energies,
        dos=frozen.dos,
        solutions=solutions,
        continued=tuple(axes),
    )


def _edge(axis: RealAxis, solution: ImaginaryAxis) -> tuple[float, Status]:
    """The edge on the real axis; the gap on the imaginary one where there is none."""
    lowest = float(solution.gap[0])
    if axis.status is not Status.CONVERGED:
        return lowest, axis.status
    edge = axis.edge
    return (lowest, Status.NO_EDGE) if np.isnan(edge) else (edge, Status.CONVERGED)


def _checked(axis: RealAxis, pade: GapEdge) -> tuple[float, Status]:
    """Δ₀ of the exact continuation, else of the approximants; good if the two agree."""
    if axis.status is not Status.CONVERGED or np.isnan(axis.edge):
        unstable = pade.status is Status.CONVERGED
        return pade.gap, Status.CONTINUATION_UNSTABLE if unstable else pade.status
    apart = abs(pade.gap / axis.edge - 1.0)
    agree = apart < SPREAD_TOLERANCE
    return axis.edge, Status.CONVERGED if agree else Status.CONTINUATION_UNSTABLE


def _check_temperatures(reduced: tuple[float, ...]) -> None:
    wrong = [t for t in reduced if not (np.isfinite(t) and t > 0.0)]
    if wrong:
        raise ConfigError(
            f"Reduced temperature {wrong[0]}.",
            reason="T/Tc is above zero: at zero the Matsubara frequencies have no distance.",
            fix=f"Use {FROZEN:g} for the lowest; the gap is then that of T = 0.",
        )


def _no_state(transition: Transition) -> SuperconductingState:
    none = np.empty(0)
    status = cast("Status", transition.status[()])
    return SuperconductingState(
        transition=transition, gap=0.0, gap_ratio=np.nan, gap_spread=np.nan, gap_status=status,
        temperatures=none, gaps=none, gap_statuses=(), free_energy=none,
        critical_field_ratio=none, deviation=none, specific_heat_jump=np.nan,
        condensation_ratio=np.nan, dos_energies=none, dos=none, solutions=(),
        continued=(),
    )  # fmt: skip
