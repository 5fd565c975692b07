r"""The equations on the real axis: gap edge and density of states at any temperature.

.. math::
    z Z(z) = z + i\pi T\sum_m\lambda(z-i\omega_m)\frac{\omega_m}{E_m}
    + i\pi\int\alpha^2F(\nu)\{[n(\nu)+f(\nu-z)]\,G(z-\nu)+[n(\nu)+f(\nu+z)]\,G(z+\nu)\}
    \,\mathrm{d}\nu, \qquad G(z) = \frac{z}{\sqrt{z^2-\Delta(z)^2}}

and ZΔ by the same without the first z, with Δ for ω and for z above a root and with -μ*_c in the
sum (Marsiglio, Schossmann, Carbotte, Phys. Rev. B 37, 4965 (1988)). What is known on the imaginary
axis comes in through the sums; the integral is the rest of an exact continuation, no fit. On a line
ω + iη below the first Matsubara frequency all functions are smooth on the scale of η or πT.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Complex, Float

from betenet.superconductivity.eliashberg.gap_equations import ImaginaryAxis
from betenet.superconductivity.eliashberg.mixing import AndersonMixing
from betenet.superconductivity.eliashberg.phonon_convolution import (
    joining_matrices,
    phonon_curve,
    thermal_curve,
)
from betenet.superconductivity.eliashberg.status import Status
from betenet.superconductivity.moments import CheckedMoments

HEIGHT = 0.01
"""η over Δ(iπT): the broadening of the density of states."""
HIGHEST = 0.3
"""Largest η over πT."""
REACH = 5.0
"""Energies go up to this many times the highest phonon, and 5 Δ and 10 T beyond."""
TOLERANCE = 1e-6
"""Change of Δ, as a share of Δ(iπT), at which the iteration ends."""

# Spacings: half of η where N(ω) has its peak, a quarter of an energy between the scales of
# temperature, gap and phonons, an 80th of the phonons' range inside it.
_EDGE_SPACING, _EDGE_WIDTH, _PER_FOLD, _PHONON_SPACING = 0.5, 6.0, 4.0, 80.0
_LEAST_SHARE = 0.3  # of the range of even spacing that counts as the phonons'
_NEWTON_STEPS = 4
_MAX_STEPS = 300
_FIT_POINTS, _FIT_HEIGHTS, _FIT_ORDER, _FINER = 11, 3.0, 6, 2001


@dataclass(frozen=True, kw_only=True, slots=True)
class RealAxis:
    """Δ and Z at ω + iη for one spectrum at one temperature.

    Parameters
    ----------
    energies
        ω, positive, dense where the density of states has its peak; empty without a solution on
        the imaginary axis [meV].
    height
        η [meV].
    gap
        Δ(ω + iη) [meV].
    renormalisation
        Z(ω + iη) [1].
    status
        ``CONVERGED``, ``NOT_CONVERGED``, or that of the imaginary axis.
    """

    energies: Float[np.ndarray, " energy"]
    height: float
    gap: Complex[np.ndarray, " energy"]
    renormalisation: Complex[np.ndarray, " energy"]
    status: Status

    @property
    def dos(self) -> Float[np.ndarray, " energy"]:
        r"""Density of states over that of the normal metal, Re G(ω + iη) [1]."""
        z = self.energies + 1j * self.height
        root = _upper_root(z * self.renormalisation, self.gap * self.renormalisation)
        return np.real(z * self.renormalisation / root)

    @property
    def edge(self) -> float:
        """The lowest ω where Re Δ(ω) falls through ω, at η = 0; nan if there is none [meV].

        Around it Δ on the line is a polynomial, which is read on the axis itself. Strong coupling
        close to Tc leaves no edge: thermal phonons scatter everything below it.
        """
        if not self.energies.size:
            return np.nan
        # a first guess on the axis, for an edge that is about to vanish
        lowered = self.gap - 1j * self.height * np.gradient(self.gap, self.energies)
        # ω = 0 is no edge: what phonons scatter has Δ(0) = 0
        away = self.energies > 2.0 * self.height
        found = _falls(np.where(away, np.real(lowered) - self.energies, -1.0))
        if found is None:
            return np.nan
        origin = float(self.energies[found])
        distance = np.abs(self.energies - origin)
        half = max(_FIT_HEIGHTS * self.height, float(np.sort(distance)[_FIT_POINTS]))
        near = distance <= half
        lowest, span = max(origin - half, 0.0), 2.0 * half
        powers = np.arange(_FIT_ORDER + 1)
        vandermonde = ((self.energies[near] - origin) / span)[:, None] ** powers
        fit = np.linalg.lstsq(vandermonde + 0j, self.gap[near], rcond=None)[0]
        omega = lowest + span * np.arange(_FINER) / (_FINER - 1)
        z = (omega - origin - 1j * self.height) / span
        excess = np.asarray(np.real(z[:, None] ** powers @ fit) - omega)
        at = _falls(excess)
        if at is None:
            return np.nan
        share = excess[at] / (excess[at] - excess[at + 1])
        return float(omega[at] + share * (omega[at + 1] - omega[at]))


def continue_to_real_axis(
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, " n_freq"],
    solution: ImaginaryAxis,
    *,
    rule: str = "onset",
    near: float | None = None,
) -> RealAxis:
    """Δ and Z a small distance above the real axis.

    Parameters
    ----------
    frequencies, a2f, rule
        As on the imaginary axis, one spectrum.
    solution
        On the imaginary axis, not below about 0.01 Tc: the grid must resolve πT.
    near
        Where the gap edge may lie; Δ(iπT) if absent [meV].

    Notes
    -----
    The Matsubara sums are those of the imaginary axis, compressed: as functions of the index their
    terms are singular where Re n < 0 only, for λ(z - iω_n) as for E_n, and blocks that double in
    length stay as far from there as on the imaginary axis. Δ and ZΔ are iterated with Anderson's
    mixing, 5 steps for weak coupling and 60 for λ = 30. If the edge is not where it was expected
    and the grid is dense, it is solved once more. Against grids twice as fine and other η the edge
    is good to 1e-5, to 1e-4 where it fades close to Tc, and to 1e-3 for peaks of α²F that are
    narrower than a percent of their frequency. For another rule than ``"onset"`` see
    ``phonon_convolution.phonon_curve``.

    References
    ----------
    Anderson, J. ACM 12, 547 (1965) for the mixing.
    """
    if solution.status is not Status.CONVERGED:
        none = np.empty(0)
        return RealAxis(
            energies=none, height=0.0, gap=none + 0j, renormalisation=none + 0j,
            status=solution.status,
        )  # fmt: skip
    kt, scale = float(solution.sums.temperature[0]), float(solution.gap[0])
    height = min(HEIGHT * scale, HIGHEST * np.pi * kt)
    nodes, curve = phonon_curve(frequencies, a2f, rule, kt)
    phonons = float(CheckedMoments(nodes[1:], curve[1:]).omega_max())
    at = scale if near is None else near
    found = _solve(_Equations(solution, nodes, curve, phonons, height, at), scale)
    if abs(found.edge - at) > _EDGE_WIDTH * height:
        found = _solve(_Equations(solution, nodes, curve, phonons, height, found.edge), scale)
    return found


class _Equations:
    """All that does not change from step to step, on the grid of one solution."""

    def __init__(
        self,
        solution: ImaginaryAxis,
        nodes: np.ndarray,
        curve: np.ndarray,
        phonons: float,
        height: float,
        edge: float,
    ) -> None:
        kt, gap = float(solution.sums.temperature[0]), solution.gap
        reach = REACH * phonons + 5.0 * float(gap[0]) + 10.0 * kt
        # absorption leads beyond the reach, emission below zero
        x = _energies(edge, height, kt, phonons + 3.0 * float(gap[0]), phonons, reach + nodes[-1])
        self.inner = int(np.sum(x < reach))
        self.mirrored = int(np.sum(x < float(nodes[-1]))) + 2
        self.x, self.height, self.z = x, height, x + 1j * height
        columns = np.asarray(np.concatenate([-x[: self.mirrored][::-1], x]))
        emitted, absorbed = joining_matrices(nodes, curve, x[: self.inner], columns)
        thermal = joining_matrices(nodes, thermal_curve(nodes, curve, kt), x[: self.inner], columns)
        exponent = np.asarray((columns + 1j * height) / (2.0 * kt))
        occupied = 0.5 - 0.5 * np.tanh(exponent)
        joined = emitted * (1.0 - occupied) + absorbed * occupied + thermal[0] + thermal[1]
        joined *= 1j * np.pi
        self._below = np.ascontiguousarray(joined[:, : self.mirrored][:, ::-1])
        self._above = np.ascontiguousarray(joined[:, self.mirrored :])
        poles, anomalous_poles = _poles(self.z, solution)
        attraction = np.pi * kt * (absorbed - emitted)
        share = solution.weights @ (gap / np.hypot(solution.omega, gap))
        self._normal = self.z[: self.inner] + joined.sum(axis=1)
        self._normal += 1j * (attraction @ self._odd(poles))
        self._anomalous = attraction @ self._odd(anomalous_poles)
        self._anomalous -= 2.0 * np.pi * kt * solution.mu_star_cutoff * share

    def start(self, gap: float) -> np.ndarray:
        """ZΔ and zZ with a constant gap and Z of the normal metal."""
        return np.stack([gap * self._normal / self.z[: self.inner], self._normal])

    def step(self, state: np.ndarray) -> np.ndarray:
        """The right-hand sides of ZΔ and zZ."""
        anomalous, normal = state
        # beyond the reach, where only thermal phonons lead: both as they are there
        more = self.z[self.inner :]
        anomalous = np.append(anomalous, np.full(more.size, anomalous[-1]))
        normal = np.append(normal, more * normal[-1] / self.z[self.inner - 1])
        root = _upper_root(normal, anomalous)
        # G - 1 instead of G, which does not fall; the 1 is in the constant part
        return np.stack(
            [
                self._anomalous + self._scattering(anomalous / root, -1.0),
                self._normal + self._scattering(normal / root - 1.0, 1.0),
            ]
        )

    def gap(self, state: np.ndarray) -> np.ndarray:
        """Δ from ZΔ and zZ."""
        return self.z[: self.inner] * state[0] / state[1]

    def _scattering(self, values: np.ndarray, parity: float) -> np.ndarray:
        # at -ω + iη both functions are, but for a sign, the conjugates of those at ω + iη
        mirrored = np.conj(values[: self.mirrored])
        return self._above @ values + parity * (self._below @ mirrored)

    def _odd(self, values: np.ndarray) -> np.ndarray:
        return np.concatenate([-np.conj(values[: self.mirrored][::-1]), values])


def _solve(equations: _Equations, scale: float) -> RealAxis:
    """Iterate with Anderson's mixing: the step that the last few residuals are best undone by."""
    state = equations.start(scale)
    mixing = AndersonMixing()
    status = Status.NOT_CONVERGED
    for _ in range(_MAX_STEPS):
        new = equations.step(state)
        change = np.max(np.abs(equations.gap(new) - equations.gap(state)))
        if not np.isfinite(change):
            break
        if change < TOLERANCE * scale:
            state, status = new, Status.CONVERGED
            break
        flat, change_of = (part.view(np.float64).ravel() for part in (state, new - state))
        state = mixing.next(flat, change_of).view(np.complex128).reshape(state.shape)
    inner = slice(equations.inner)
    return RealAxis(
        energies=equations.x[inner],
        height=equations.height,
        gap=equations.gap(state),
        renormalisation=state[1] / equations.z[inner],
        status=status,
    )


def _energies(
    edge: float, height: float, kt: float, straight: float, phonons: float, end: float
) -> np.ndarray:
    """Positive ω, as evenly spaced as a smooth count of points lets them be.

    The count is a sum of one for each scale: arctan around the edge, arsinh above the temperature
    and, up to ``straight`` evenly, for the phonons. It is odd in ω, so that ω and -ω are alike.
    """
    width = _EDGE_WIDTH * height
    at_edge = _EDGE_WIDTH / _EDGE_SPACING
    near_zero = 0.7 * np.pi * kt
    even = _PHONON_SPACING * straight / max(phonons, _LEAST_SHARE * straight)

    def count(x: np.ndarray) -> np.ndarray:
        peaks = np.arctan((x - edge) / width) + np.arctan((x + edge) / width)
        logarithmic = _PER_FOLD * np.arcsinh(x / near_zero)
        return at_edge * peaks + logarithmic + even * np.arcsinh(x / straight)

    def density(x: np.ndarray) -> np.ndarray:
        peaks = width / (width**2 + (x - edge) ** 2) + width / (width**2 + (x + edge) ** 2)
        logarithmic = _PER_FOLD / np.hypot(x, near_zero)
        return at_edge * peaks + logarithmic + even / np.hypot(x, straight)

    around = edge + width * np.tan(np.linspace(-1.5, 1.5, 1001))
    farthest = float(np.arcsinh(end / near_zero)) + 1.0
    broad = near_zero * np.sinh(farthest * np.arange(4001) / 4000)
    fine = np.union1d(broad, around[around > 0.0])
    counts = count(fine)
    wanted = np.arange(0.5, float(np.interp(end, fine, counts)) + 2.0)
    x = np.interp(wanted, counts, fine)
    for _ in range(_NEWTON_STEPS):  # lines would leave kinks, which cost accuracy
        x -= (count(x) - wanted) / density(x)
    return x


def _poles(z: np.ndarray, solution: ImaginaryAxis) -> tuple[np.ndarray, np.ndarray]:
    """Σ g/(z - iω_m) over both signs of ω_m, with g = ω/E and with g = Δ/E.

    With g = sign ω the first has a closed form up to infinity, but for a constant, which does not
    count: the sums are needed at two energies, as a difference.
    """
    special: Any = importlib.import_module("scipy.special")  # untyped, and slow to import
    kt = float(solution.sums.temperature[0])
    omega, gap, weights = solution.omega, solution.gap, solution.weights
    energy = np.hypot(omega, gap)
    pairs = 1.0 / (z[:, None] ** 2 + omega**2)
    loss = -(gap**2) / (energy * (energy + omega))  # ω/E - 1
    index = 1j * z / (2.0 * np.pi * kt)
    closed = special.digamma(0.5 + index) + special.digamma(0.5 - index)
    normal = 2j * (pairs @ (weights * omega * loss)) - 1j * closed / (2.0 * np.pi * kt)
    return normal, 2.0 * z * (pairs @ (weights * gap / energy))


def _upper_root(normal: np.ndarray, anomalous: np.ndarray) -> np.ndarray:
    """Root of (zZ)² - (ZΔ)² in the upper half-plane: excitations decay."""
    root = np.sqrt((normal - anomalous) * (normal + anomalous))
    return np.where(np.imag(root) < 0.0, -root, root)


def _falls(excess: np.ndarray) -> int | None:
    """The first entry above zero before one that is not."""
    found = np.flatnonzero((excess[:-1] > 0.0) & (excess[1:] <= 0.0))
    return int(found[0]) if found.size else None
