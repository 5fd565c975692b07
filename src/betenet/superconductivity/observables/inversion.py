r"""α²F from a tunnelling density of states: the inversion of McMillan and Rowell.

The density of states of the superconductor, over that of BCS with the same gap, is calculated for a
trial α²F, and α²F is corrected by Newton's method until it agrees with what was measured; μ* is the
number that gives the gap edge. A weak demand for smoothness stands in for what noise hides.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from betenet.errors import ConfigError
from betenet.superconductivity.eliashberg.gap import FROZEN
from betenet.superconductivity.eliashberg.gap_equations import solve_gap_equations
from betenet.superconductivity.eliashberg.kernel import PairingKernel
from betenet.superconductivity.eliashberg.real_axis import continue_to_real_axis
from betenet.superconductivity.eliashberg.status import Status
from betenet.superconductivity.eliashberg.transition import Transition, checked_transition
from betenet.superconductivity.moments import CheckedMoments
from betenet.superconductivity.observables.tunnelling import density_of_states

POINTS = 32
"""Samples of α²F that are looked for."""
SMOOTHNESS = 3e-4
"""Weight of the second differences of α²F against relative deviations of N(ω)."""
ROUNDING = 0.25
"""Share of the second difference of α²F that may be lost at a peak."""

_STEP = 0.02
_LEAST_RATIO = 0.85
"""Mean of N(ω) over that of BCS below twice the edge that is believed, or its inverse [1]."""
_MAX_STEPS = 12
_GAP_WEIGHT = 3.0
_TOLERANCE = 2e-3
_EDGE_TOLERANCE = 3e-3
_HIGHEST_MU_STAR = 0.4
_NEW_DERIVATIVES = {0, 1, 3, 6, 10}  # they cost most, and change little in later steps
_START_COUPLING = 0.8


@dataclass(frozen=True, kw_only=True, slots=True)
class Inversion:
    """α²F found in a tunnelling density of states.

    Parameters
    ----------
    frequencies
        ω [meV].
    a2f
        α²F [1].
    a2f_error
        Standard error of each value: of the noise, and of peaks that the demand for smoothness and
        the samples round off [1].
    mu_star, mu_star_error
        μ* at ω_max, which gives the gap edge, and its standard error [1].
    coupling, coupling_error
        λ and its standard error [1].
    tc
        Tc that follows [K].
    misfit
        Root mean square of N(ω)/N_BCS(ω) calculated less measured [1].
    status
        ``CONVERGED``, or ``NOT_CONVERGED`` if steps still change α²F.
    """

    frequencies: Float[np.ndarray, " n_freq"]
    a2f: Float[np.ndarray, " n_freq"]
    a2f_error: Float[np.ndarray, " n_freq"]
    mu_star: float
    mu_star_error: float
    coupling: float
    coupling_error: float
    tc: float
    misfit: float
    status: Status


def invert_tunnelling(
    energies: Float[np.ndarray, " energy"],
    dos: Float[np.ndarray, " energy"],
    gap: float,
    highest: float,
    *,
    noise: float = 1e-4,
    points: int = POINTS,
    smoothness: float = SMOOTHNESS,
) -> Inversion:
    """Find α²F and μ* that give a measured density of states at low temperature.

    Parameters
    ----------
    energies
        ω, growing, from about Δ₀ + 0.5 meV to Δ₀ + ω_max or more [meV].
    dos
        N(ω)/N(0), normalised by the normal metal [1].
    gap
        Edge Δ₀ [meV].
    highest
        Frequency above which α²F is zero [meV].
    noise
        Standard error of each value of N(ω)/N(0) [1].
    points
        Samples of α²F, evenly spaced.
    smoothness
        Weight of its second differences.

    Raises
    ------
    ConfigError
        If the data do not reach over the phonons, start below the edge, or have no such edge.

    Notes
    -----
    Below 0.1 Tc the thermal part is negligible. α²F may not be negative.

    References
    ----------
    McMillan, Rowell, Phys. Rev. Lett. 14, 108 (1965), and in Superconductivity, ed. Parks (1969).
    """
    if energies[0] <= gap or energies[-1] < gap + highest:
        raise ConfigError(
            f"N(ω) from {energies[0]:.4g} to {energies[-1]:.4g} meV, with "
            f"an edge at {gap:.4g} meV.",
            reason=f"Phonons of up to {highest:.4g} meV show up to {gap + highest:.4g} meV, and "
            "below the edge there is nothing to invert.",
            fix="Give N(ω) from above the edge to Δ₀ + ω_max.",
        )
    measured = dos / _bcs(energies, gap)
    _check_edge(energies, measured, gap)
    forward = _Forward(energies, gap, highest, points)
    values = np.append(forward.start(), 0.11)
    penalty = _roughness(points) * smoothness * points
    status, jacobian = Status.NOT_CONVERGED, np.empty(0)
    for number in range(_MAX_STEPS):
        found = forward(values)
        if number in _NEW_DERIVATIVES:
            jacobian = forward.jacobian(values, found)
        residual = np.append(measured - found[:-1], -_GAP_WEIGHT * found[-1])
        rows = np.concatenate([jacobian, np.pad(penalty, ((0, 0), (0, 1)))])
        right = np.concatenate([residual, -penalty @ values[:-1]])
        step = _bounded(rows, right, values)
        most = max(float(np.max(np.abs(step[:-1]))), 1e-300)
        scale = min(1.0, 0.5 * float(np.max(values[:-1])) / most)
        values = values + scale * step
        moved = scale * most / float(np.max(values[:-1]))
        if moved < _TOLERANCE and abs(found[-1]) < _EDGE_TOLERANCE:
            status = Status.CONVERGED
            break
    return _result(forward, values, jacobian, measured, noise, status)


def _check_edge(
    energies: Float[np.ndarray, " energy"], ratio: Float[np.ndarray, " energy"], gap: float
) -> None:
    """Refuse what is no superconductor's: phonons change N(ω) by some per cent near its edge."""
    near = energies < 2.0 * gap
    mean = float(ratio[near].mean()) if near.any() else 1.0
    if not _LEAST_RATIO < mean < 1.0 / _LEAST_RATIO:
        raise ConfigError(
            f"Below {2.0 * gap:.4g} meV N(ω) is {mean:.3g} times that of BCS with an edge at "
            f"{gap:.4g} meV.",
            reason="Phonons change it by some per cent. That of a normal metal is 1 everywhere.",
            fix="Check the edge, and that the data are those of the superconductor, divided by "
            "those of the normal metal, at a low temperature.",
        )


def _result(
    forward: _Forward,
    values: np.ndarray,
    jacobian: np.ndarray,
    measured: np.ndarray,
    noise: float,
    status: Status,
) -> Inversion:
    found = forward(values)
    left = float(np.sqrt(np.mean((found[:-1] - measured) ** 2)))
    n = values.size - 1
    covariance, rounded = _covariance(values[:-1], jacobian, max(noise, left))
    moments = CheckedMoments(forward.grid, values[:-1], "onset")
    unit = CheckedMoments(forward.grid, np.eye(n), "onset").coupling
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    return Inversion(
        frequencies=forward.grid,
        a2f=values[:-1],
        a2f_error=np.hypot(errors[:n], rounded),
        mu_star=float(values[-1]),
        mu_star_error=float(errors[-1]),
        coupling=float(moments.coupling),
        coupling_error=float(np.sqrt(max(float(unit @ covariance[:n, :n] @ unit), 0.0))),
        tc=float(forward.transition(values).tc),
        misfit=left,
        status=status,
    )


def _covariance(
    a2f: np.ndarray, jacobian: np.ndarray, error: float
) -> tuple[np.ndarray, np.ndarray]:
    """Covariance of α²F and μ*, and by how much peaks of α²F may be rounded off.

    Second differences are taken to vary as much as those that were found, which is more than the
    demand for smoothness allows: what it pulls flat is an error too. A peak of a width of few
    samples loses a share of its second difference; with ``ROUNDING`` of it two thirds or more of
    the errors of α²F are below the stated one for six spectra, with noise of 2e-4 and 1e-3.
    """
    n = a2f.size
    bend = _roughness(n)
    bends = bend @ a2f
    precision = jacobian.T @ jacobian / error**2
    precision[:n, :n] += bend.T @ bend / max(float(np.mean(bends**2)), 1e-300)
    curved = np.abs(np.concatenate([bends[:1], bends, bends[-1:]]))
    around = np.maximum(curved, np.maximum(np.append(curved[1:], 0), np.append(0, curved[:-1])))
    return np.linalg.pinv(precision), ROUNDING * around


class _Forward:
    """N(ω)/N_BCS(ω) and the edge of a trial α²F and μ*."""

    def __init__(self, energies: np.ndarray, gap: float, highest: float, points: int) -> None:
        self.grid = highest * (np.arange(points) + 1.0) / points
        self._energies, self._gap = energies, gap

    def start(self) -> np.ndarray:
        """A broad bump with a coupling of 0.8."""
        x = self.grid / self.grid[-1]
        shape = x**2 * np.maximum(1.0 - x, 0.0)
        return shape * _START_COUPLING / float(CheckedMoments(self.grid, shape, "onset").coupling)

    def transition(self, values: np.ndarray) -> Transition:
        """Tc of a trial."""
        return checked_transition(
            self.grid, values[:-1], float(values[-1]), cutoff=None,
            mu_star_frequency=float(self.grid[-1]), rule="onset", check_cutoff=False,
        )  # fmt: skip

    def __call__(self, values: np.ndarray) -> np.ndarray:
        transition = self.transition(values)
        tc = float(transition.tc)
        if tc <= 0.0:
            return np.append(np.ones(self._energies.size), -1.0)
        cutoff = transition.coulomb.cutoff
        kernel = PairingKernel.for_cutoff(self.grid, values[None, :-1], cutoff)
        (solution,) = solve_gap_equations(
            kernel, float(cutoff[0]), float(transition.coulomb.mu_star_cutoff[0]), tc,
            np.array([FROZEN * tc]),
        )  # fmt: skip
        axis = continue_to_real_axis(self.grid, values[:-1], solution)
        if not axis.energies.size or not np.isfinite(axis.edge):
            return np.append(np.ones(self._energies.size), -1.0)
        # compared at equal distance from the edge: the edge itself is a datum of its own
        shifted = self._energies - self._gap + axis.edge
        ratio = density_of_states(axis, shifted) / _bcs(shifted, axis.edge)
        return np.append(ratio, axis.edge / self._gap - 1.0)

    def jacobian(self, values: np.ndarray, found: np.ndarray) -> np.ndarray:
        """Derivative of the data by α²F and μ*."""
        scale = _STEP * float(np.max(values[:-1]))
        columns: list[np.ndarray] = []
        for place in range(values.size):
            step = scale if place < values.size - 1 else 1e-3
            moved = values.copy()
            moved[place] += step
            columns.append((self(moved) - found) / step)
        matrix = np.stack(columns, axis=1)
        matrix[-1] *= _GAP_WEIGHT
        return matrix


def _bounded(rows: np.ndarray, right: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The least-squares step after which α²F and μ* are not negative.

    What is cut off after a free step would be missing in the gap edge, and make λ too large.
    """
    optimize: Any = importlib.import_module("scipy.optimize")  # untyped, slow to import
    ends = np.full(values.size, np.inf)
    ends[-1] = _HIGHEST_MU_STAR
    found = optimize.lsq_linear(rows, right, bounds=(-values - 1e-12, ends - values), method="bvls")
    return np.maximum(np.asarray(found.x), -values)


def _bcs(energies: np.ndarray, gap: float) -> np.ndarray:
    return energies / np.sqrt(energies**2 - gap**2)


def _roughness(points: int) -> np.ndarray:
    return np.diff(np.eye(points), n=2, axis=0)
