"""The superconducting state below Tc with an energy-dependent density of states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from jaxtyping import Float

from betenet.errors import SpectrumError
from betenet.spectrum import check_spectrum
from betenet.superconductivity.critical_temperature import DEFAULT_MU_STAR
from betenet.superconductivity.eliashberg.continuation import GapEdge, gap_edge
from betenet.superconductivity.eliashberg.gap import FROZEN
from betenet.superconductivity.eliashberg.gap_equations import (
    ImaginaryAxis,
    find_gap,
    gap_starts,
    sums_below_tc,
)
from betenet.superconductivity.eliashberg.kernel import PairingKernel
from betenet.superconductivity.eliashberg.status import Status
from betenet.superconductivity.eliashberg.threads import one_blas_thread
from betenet.superconductivity.full_bandwidth.electron_dos import ElectronDos
from betenet.superconductivity.full_bandwidth.normal_state import BandSums, NormalState
from betenet.superconductivity.full_bandwidth.transition import BandTransition, band_tc
from betenet.units import KELVIN_TO_MEV

REDUCED_TEMPERATURES = (0.1, 0.3, 0.5, 0.7, 0.9, 0.98)
"""Default sweep of T/Tc."""
TOLERANCE = 1e-8
"""Change of Δ, as a share of its maximum, at which the iteration with N(ε) ends."""

_MAX_STEPS = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class BandSolution:
    """Z, χ, φ and μ at one temperature.

    Parameters
    ----------
    temperature
        T [K].
    omega
        ω of the nodes, the first Matsubara frequencies and more and more sparse ones [meV].
    renormalisation
        Z(iω) [1].
    shift
        χ(iω) [meV].
    gap
        Δ(iω) = φ/Z [meV].
    mu
        μ - E_F [meV].
    status
        How it ended.
    """

    temperature: float
    omega: Float[np.ndarray, " node"]
    renormalisation: Float[np.ndarray, " node"]
    shift: Float[np.ndarray, " node"]
    gap: Float[np.ndarray, " node"]
    mu: float
    status: Status

    @property
    def pairing(self) -> Float[np.ndarray, " node"]:
        """φ(iω) = Z Δ [meV]."""
        return self.renormalisation * self.gap


@dataclass(frozen=True, kw_only=True, slots=True)
class BandState:
    """The superconducting state of one spectrum with N(ε).

    Parameters
    ----------
    transition
        Tc and what it depends on (no batch).
    gap
        Δ₀, the edge by Padé approximants at 0.1 Tc [meV].
    gap_ratio
        2Δ₀/k_B Tc [1].
    gap_status
        How the continuation ended.
    solutions
        Z, χ, φ and μ at each temperature.
    """

    transition: BandTransition
    gap: float
    gap_ratio: float
    gap_status: Status
    solutions: tuple[BandSolution, ...]


def band_state(
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, " n_freq"],
    dos: ElectronDos,
    mu_star: float = DEFAULT_MU_STAR,
    *,
    cutoff: float | None = None,
    mu_star_frequency: float | None = None,
    rule: str = "onset",
    reduced_temperatures: tuple[float, ...] = REDUCED_TEMPERATURES,
) -> BandState:
    """Gap, Z, χ, φ and chemical potential from 0.1 Tc to Tc.

    Parameters
    ----------
    frequencies, a2f, dos, mu_star, cutoff, mu_star_frequency, rule
        As for ``band_tc``, one spectrum.
    reduced_temperatures
        T/Tc, between 0 and 1.

    Raises
    ------
    SpectrumError
        If the spectrum or N(ε) is not valid, or more than one spectrum is given.
    ConfigError
        If a number is out of range.

    Notes
    -----
    At each temperature Δ is found by Newton's method with the weights that N(ε) gives at the Z, χ
    and μ of the last Δ, and these are found again, until Δ stays.
    """
    grid, values = check_spectrum(frequencies, a2f)
    if values.ndim != 1:
        raise SpectrumError(
            f"α²F of shape {values.shape} for one superconducting state.",
            fix="Pass one spectrum at a time.",
        )
    transition = band_tc(
        grid, values, dos, mu_star, cutoff=cutoff, mu_star_frequency=mu_star_frequency, rule=rule
    )
    tc = float(transition.tc)
    if tc <= 0.0:
        return BandState(
            transition=transition, gap=0.0, gap_ratio=np.nan,
            gap_status=cast("Status", transition.status[()]), solutions=(),
        )  # fmt: skip
    kernel = PairingKernel.for_cutoff(grid, values[None], 4.0 * transition.coulomb.cutoff, rule)
    solver = _Solver(kernel, dos, transition)
    found: dict[float, BandSolution] = {}
    edge: GapEdge | None = None
    with one_blas_thread():
        for t in sorted({FROZEN, *reduced_temperatures}):
            found[t] = solver.solve(t * tc)
            if t == FROZEN:
                edge = gap_edge(kernel, solver.axis)
    assert edge is not None  # 0.1 Tc is always solved
    return BandState(
        transition=transition,
        gap=edge.gap,
        gap_ratio=2.0 * edge.gap / (tc * KELVIN_TO_MEV),
        gap_status=edge.status,
        solutions=tuple(found[t] for t in reduced_temperatures),
    )


class _Solver:
    """Solutions at growing temperatures, each started from the one before."""

    axis: ImaginaryAxis

    def __init__(self, kernel: PairingKernel, dos: ElectronDos, transition: BandTransition) -> None:
        self._kernel, self._dos, self._tc = kernel, dos, float(transition.tc)
        self._cutoff = float(transition.coulomb.cutoff[0])
        self._mu_star = float(transition.coulomb.mu_star_cutoff[0])
        self._warm: ImaginaryAxis | None = None
        self._last: NormalState | None = None

    def solve(self, temperature: float) -> BandSolution:
        """Z, χ, Δ and μ at a temperature [K]."""
        sums = sums_below_tc(self._kernel, self._cutoff, self._tc, temperature)
        bands, omega = BandSums(self._kernel, sums, self._dos), sums.omega[0]
        starts = gap_starts(omega, self._cutoff, self._tc, temperature, self._warm)
        status, gap = Status.ABOVE_TC, np.zeros_like(omega)
        normal = bands.solve(start=self._last)
        if temperature < self._tc:
            for start in starts:
                gap, normal, status = self._iterate(bands, start, normal)
                if status is Status.CONVERGED:
                    break
        self.axis = ImaginaryAxis(
            temperature=temperature, sums=normal.sums, mu_star_cutoff=self._mu_star, gap=gap,
            normal_renormalisation=normal.renormalisation, status=status,
        )  # fmt: skip
        if status is Status.CONVERGED:
            self._warm, self._last = self.axis, normal
        return BandSolution(
            temperature=temperature, omega=omega, renormalisation=normal.renormalisation,
            shift=normal.shift, gap=gap, mu=normal.mu, status=status,
        )  # fmt: skip

    def _iterate(
        self, bands: BandSums, gap: np.ndarray, normal: NormalState
    ) -> tuple[np.ndarray, NormalState, Status]:
        for _ in range(_MAX_STEPS):
            new, status = find_gap(normal.sums, self._mu_star, gap)
            if status is not Status.CONVERGED:
                return new, normal, status
            change = float(np.max(np.abs(new - gap)))
            normal, gap = bands.solve(new, normal), new
            if change < TOLERANCE * float(np.max(np.abs(new))):
                ended = Status.CONVERGED if normal.converged else Status.NOT_CONVERGED
                return gap, normal, ended
        return gap, normal, Status.NOT_CONVERGED
