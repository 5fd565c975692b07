r"""The non-linear equations on the imaginary axis: Δ and Z below Tc.

.. math::
    Z_n = 1 + \frac{\pi T}{\omega_n}\sum_m \lambda(n-m)\frac{\omega_m}{E_m}, \qquad
    Z_n\Delta_n = \pi T\sum_m [\lambda(n-m)-\mu^*_c]\frac{\Delta_m}{E_m}, \qquad
    E_m = \sqrt{\omega_m^2+\Delta_m^2}

with the same compressed sums as for Tc (``linearised``), solved by Newton's method for Δ alone.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from jaxtyping import Float

from betenet.superconductivity.eliashberg.kernel import PairingKernel
from betenet.superconductivity.eliashberg.linearised import (
    Sums,
    kernels_between,
    matsubara_frequency,
    matsubara_sums,
    series_nodes,
)
from betenet.superconductivity.eliashberg.matsubara import SHORT
from betenet.superconductivity.eliashberg.status import Status
from betenet.superconductivity.eliashberg.threads import one_blas_thread
from betenet.units import KELVIN_TO_MEV

TOLERANCE = 1e-11
"""Change of Δ, as a share of its maximum, at which Newton's steps end."""

_MAX_STEPS = 60
# In a strong and cold superconductor λ(n - m) may be narrower than a block where the gap is not yet
# small; the sums are short there. Near Tc they must be those that have given Tc.
_COLD = 0.5
_SHORT = 160.0
_BCS_RATIO = 1.764
_SAFE_START = 1.5  # from above Newton's method comes down to the gap; from below it may end at zero


@dataclass(frozen=True, kw_only=True, slots=True)
class ImaginaryAxis:
    """Solution for one spectrum at one temperature.

    Parameters
    ----------
    temperature
        T [K].
    sums
        Nodes, weights and kernels (a batch of one).
    mu_star_cutoff
        μ*_c [1].
    gap
        Δ(iω) at the nodes [meV].
    normal_renormalisation
        Z(iω) of the normal metal at the nodes [1].
    status
        ``CONVERGED``, ``ABOVE_TC`` (the gap is zero) or ``NOT_CONVERGED``.
    """

    temperature: float
    sums: Sums
    mu_star_cutoff: float
    gap: Float[np.ndarray, " node"]
    normal_renormalisation: Float[np.ndarray, " node"]
    status: Status

    @property
    def omega(self) -> Float[np.ndarray, " node"]:
        """ω of the nodes, the first Matsubara frequencies and more and more sparse ones [meV]."""
        return self.sums.omega[0]

    @property
    def weights(self) -> Float[np.ndarray, " node"]:
        """Weights of the nodes in a sum over the positive Matsubara frequencies [1]."""
        return self.sums.weights[0]

    @property
    def loss(self) -> Float[np.ndarray, " node"]:
        """1 - ω/√(ω²+Δ²) at the nodes, without the cancellation near Tc [1]."""
        root = np.sqrt(self.omega**2 + self.gap**2)
        return self.gap**2 / (root * (root + self.omega))

    @property
    def renormalisation_change(self) -> Float[np.ndarray, " node"]:
        """Z(iω) of the superconductor less that of the normal metal [1]."""
        flow = (self.sums.minus - self.sums.plus)[0] @ (self.weights * self.loss)
        return -np.pi * float(self.sums.temperature[0]) * flow / self.omega

    @property
    def renormalisation(self) -> Float[np.ndarray, " node"]:
        """Z(iω) at the nodes [1]."""
        return self.normal_renormalisation + self.renormalisation_change

    def at_indices(
        self, kernel: PairingKernel, indices: Float[np.ndarray, " index"]
    ) -> tuple[Float[np.ndarray, " index"], Float[np.ndarray, " index"]]:
        """ω_n and Δ_n at any Matsubara frequencies below the cutoff, by the equations [meV]."""
        sums, kt = self.sums, float(self.sums.temperature[0])
        minus, plus, tail = (
            part[0]
            for part in kernels_between(
                kernel, sums.temperature, sums.n_matsubara, indices[None], sums.indices
            )
        )
        if sums.tail_share is not None:
            tail = tail * _interpolated(sums.indices[0], sums.tail_share[0], indices)
        root = np.sqrt(self.omega**2 + self.gap**2)
        omega = matsubara_frequency(np.array(kt), indices)
        z = 1.0 + np.pi * kt * ((minus - plus) @ (self.weights * self.omega / root) + tail) / omega
        pairing = (minus + plus - 2.0 * self.mu_star_cutoff) @ (self.weights * self.gap / root)
        return omega, np.pi * kt * pairing / z


def solve_gap_equations(
    kernel: PairingKernel,
    cutoff: float,
    mu_star_cutoff: float,
    tc: float,
    temperatures: Float[np.ndarray, " temperature"],
) -> list[ImaginaryAxis]:
    """Δ and Z at several temperatures, each started from the one below.

    Parameters
    ----------
    kernel
        λ(iν) of one spectrum.
    cutoff, mu_star_cutoff
        ω_c [meV] and μ*_c [1].
    tc
        Where the linearised equations have their solution [K].
    temperatures
        Increasing; at and above Tc the gap is zero [K].

    Notes
    -----
    Newton's method needs four to eight steps of some 50 unknowns each, at any temperature. Close
    to Tc the gap goes to zero as √(Tc - T), where iteration by substitution takes thousands.
    """
    solutions: list[ImaginaryAxis] = []
    guess: ImaginaryAxis | None = None
    for temperature in temperatures.tolist():
        with one_blas_thread():
            solution = _solve(kernel, cutoff, mu_star_cutoff, tc, temperature, guess)
        solutions.append(solution)
        guess = solution if solution.status is Status.CONVERGED else guess
    return solutions


def _solve(
    kernel: PairingKernel,
    cutoff: float,
    mu_star_cutoff: float,
    tc: float,
    temperature: float,
    warm: ImaginaryAxis | None,
) -> ImaginaryAxis:
    sums = sums_below_tc(kernel, cutoff, tc, temperature)
    gap, status = np.zeros(sums.indices.shape[1]), Status.ABOVE_TC
    if temperature < tc:
        for start in gap_starts(sums.omega[0], cutoff, tc, temperature, warm):
            gap, status = find_gap(sums, mu_star_cutoff, start)
            if status is Status.CONVERGED:
                break
    return ImaginaryAxis(
        temperature=temperature,
        sums=sums,
        mu_star_cutoff=mu_star_cutoff,
        gap=gap,
        normal_renormalisation=_normal_renormalisation(kernel, sums),
        status=status,
    )


def sums_below_tc(kernel: PairingKernel, cutoff: float, tc: float, temperature: float) -> Sums:
    """Sums of the equations below Tc, which are longer where it is cold.

    Parameters
    ----------
    kernel
        λ(iν) of one spectrum.
    cutoff
        ω_c [meV].
    tc, temperature
        Tc and T [K].
    """
    kt = np.array([temperature * KELVIN_TO_MEV])
    short = _SHORT if temperature < _COLD * tc else SHORT
    return matsubara_sums(kernel, kt, np.array([cutoff]), short)


def gap_starts(
    omega: Float[np.ndarray, " node"],
    cutoff: float,
    tc: float,
    temperature: float,
    warm: ImaginaryAxis | None,
) -> list[np.ndarray]:
    """First guesses: the gap of a lower temperature, shrunk as BCS has it; else BCS's, enlarged."""

    def shrunk(t: float) -> float:
        return float(np.tanh(1.74 * np.sqrt(max(tc / t - 1.0, 0.0))))

    width = 0.05 * cutoff
    size = _BCS_RATIO * tc * KELVIN_TO_MEV * shrunk(temperature)
    cold = [size * factor / (1.0 + (omega / width) ** 2) for factor in (_SAFE_START, 3.0, 8.0)]
    if warm is None:
        return cold
    carried = np.interp(omega, warm.omega, warm.gap)
    return [carried * shrunk(temperature) / shrunk(warm.temperature), *cold]


def find_gap(
    sums: Sums, mu_star_cutoff: float, gap: Float[np.ndarray, " node"]
) -> tuple[Float[np.ndarray, " node"], Status]:
    """Δ at the nodes by Newton's method, from a first guess [meV].

    Parameters
    ----------
    sums
        Sums at one temperature (a batch of one).
    mu_star_cutoff
        μ*_c [1].
    gap
        First guess, rather too large than too small [meV].
    """
    kt, w = float(sums.temperature[0]), sums.weights[0]
    omega = sums.omega[0]
    normal = np.pi * kt * (sums.minus - sums.plus)[0] * w
    pairing = np.pi * kt * ((sums.minus + sums.plus)[0] - 2.0 * mu_star_cutoff) * w
    tail = np.pi * kt * sums.tail[0]
    start, diagonal = float(gap[0]), np.arange(gap.size)
    for _ in range(_MAX_STEPS):
        root = np.sqrt(omega**2 + gap**2)
        z = np.asarray(1.0 + (normal @ (omega / root) + tail) / omega)
        residual = z * gap - np.asarray(pairing @ (gap / root))
        jacobian = -normal * (gap / omega)[:, None] * (omega * gap / root**3)
        jacobian -= pairing * (omega**2 / root**3)
        jacobian[diagonal, diagonal] += z
        step = cast("np.ndarray", np.linalg.solve(jacobian, residual))
        # the gap at the lowest frequency is positive, and may at most halve in one step
        gap = gap - step * min(1.0, 0.5 * gap[0] / max(step[0], 1e-300))
        if gap[0] < 1e-9 * start or not np.all(np.isfinite(gap)):
            return gap, Status.NOT_CONVERGED
        if np.max(np.abs(step)) < TOLERANCE * np.max(np.abs(gap)):
            return gap, Status.CONVERGED
    return gap, Status.NOT_CONVERGED


def _normal_renormalisation(kernel: PairingKernel, sums: Sums) -> np.ndarray:
    """Z of the normal metal: 1 + (πT/ω_n) Σ λ(k) for k from -n to n."""
    kt, index = float(sums.temperature[0]), sums.indices[0]
    distance, weight = series_nodes(np.zeros_like(index), index + 1.0)
    values = kernel(2.0 * np.pi * kt * distance[None])[0]
    total = 2.0 * np.sum(values * weight, axis=-1) - values[:, 0]
    return 1.0 + np.pi * kt * total / sums.omega[0]


def _interpolated(nodes: np.ndarray, values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """A function that is smooth in the logarithm of the frequency, at other indices."""
    interpolate: Any = importlib.import_module("scipy.interpolate")  # untyped, slow to import
    spline = interpolate.CubicSpline(np.log(nodes + 0.5), values)
    return np.asarray(spline(np.log(at + 0.5)))
