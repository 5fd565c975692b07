r"""Z, χ and the chemical potential on the imaginary axis, with N(ε) and a given gap.

.. math::
    \omega_n Z_n &= \omega_n + T\sum_m \lambda(n-m)\,\frac{\omega_m}{u_m}\,\mathrm{Im}\,g(z_m),
    \qquad u_m = \sqrt{\omega_m^2+\Delta_m^2} \\
    \chi_n &= -T\sum_m \lambda(n-m)\,\mathrm{Re}\,g(z_m),
    \qquad z_m = \mu-\chi_m + i Z_m u_m

and μ such that the electrons are as many as below E_F without interaction. For a constant density
of states Im g = π, Re g = 0, and these are the usual equations: all that N(ε) changes in them is
the weight Im g/π of each frequency, so that the solvers for a constant density are used as they
are, with these weights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from betenet.superconductivity.eliashberg.kernel import PairingKernel
from betenet.superconductivity.eliashberg.linearised import (
    Sums,
    matsubara_frequency,
    series_nodes,
    tail_nodes,
)
from betenet.superconductivity.eliashberg.matsubara import block_nodes
from betenet.superconductivity.eliashberg.mixing import AndersonMixing
from betenet.superconductivity.full_bandwidth.electron_dos import ElectronDos

TOLERANCE = 1e-8
"""Change of ωZ, χ and μ, as a share of πT, at which the iteration ends."""
BEYOND = (1.0, 2.0)
"""Lengths of the two blocks of frequencies beyond the cutoff, where the normal self-energy goes on,
as shares of the cutoff."""

_MAX_STEPS = 200
_NEAR = 3e-3  # change of μ over πT within which Re g of free electrons is a line


@dataclass(frozen=True, kw_only=True, slots=True)
class NormalState:
    """Z, χ and μ of one spectrum at one temperature.

    Parameters
    ----------
    sums
        Sums up to the cutoff in which N(ε) is a part of the weights (a batch of one).
    mu
        μ - E_F [meV].
    renormalisation
        Z(iω) at the nodes [1].
    shift
        χ(iω) at the nodes [meV].
    converged
        Whether the iteration has settled.
    state
        What another temperature can start from: ω [meV], ωZ [meV], χ [meV], μ [meV].
    """

    sums: Sums
    mu: float
    renormalisation: Float[np.ndarray, " node"]
    shift: Float[np.ndarray, " node"]
    converged: bool
    state: tuple[np.ndarray, np.ndarray, np.ndarray, float]


class BandSums:
    """Nodes and kernels at one temperature, on which Z, χ and μ are found.

    Parameters
    ----------
    kernel
        λ(iν) of one spectrum.
    sums
        Sums up to the cutoff for a constant density of states (a batch of one).
    dos
        N(ε).
    normal_ends
        Whether the normal self-energy ends at the cutoff, as in EPW.
    """

    def __init__(
        self, kernel: PairingKernel, sums: Sums, dos: ElectronDos, *, normal_ends: bool = False
    ) -> None:
        self._sums, self._dos, self._ends = sums, dos, normal_ends
        self._known: tuple[float, np.ndarray, np.ndarray | None] = (0.0, np.empty(0), None)
        self.kt, n = float(sums.temperature[0]), float(sums.n_matsubara[0])
        self._extend(n, normal_ends)
        x, spacing = self.index, 2.0 * np.pi * self.kt
        minus = kernel(spacing * (x[:, None] - x)[None])[0]
        plus = kernel(spacing * (x[:, None] + x + 1.0)[None])[0]
        self._odd, self._even = (minus - plus) * self.weights, (minus + plus) * self.weights

        def total(first: np.ndarray, length: np.ndarray) -> np.ndarray:
            distance, weight = series_nodes(first, length)
            return np.sum(kernel(spacing * distance[None])[0] * weight, axis=-1)

        ones, top = np.ones_like(x), self.top
        zero = float(kernel(np.zeros((1, 1)))[0, 0])
        distance, weight = tail_nodes(np.array([top]), x[None])
        self._tail = np.sum(kernel(spacing * distance[0][None])[0] * weight[0], axis=-1)
        self._within = zero + 2.0 * total(ones, x)  # Σ λ(k), k = -n … n
        if normal_ends:
            self._within -= self._tail
            self._tail = np.zeros_like(x)
        self._all = zero + total(ones, np.maximum(top - 1.0 - x, 0.0)) + total(ones, top + x)

    def _extend(self, n: float, normal_ends: bool) -> None:
        x, w, self.top = self._sums.indices[0], self._sums.weights[0], n
        self.inner = x.size
        if not normal_ends:
            lengths = np.maximum(np.array(BEYOND) * n, 8.5)
            starts = n + np.array([0.0, lengths[0]])
            more, more_w = block_nodes(lengths)
            x = np.concatenate([x, (more + starts[:, None]).ravel()])
            w = np.concatenate([w, more_w.ravel()])
            self.top = n + float(lengths.sum())
        self.index, self.weights = x, w
        self.omega = matsubara_frequency(np.array(self.kt), x)

    def solve(
        self,
        gap: Float[np.ndarray, " node"] | None = None,
        start: NormalState | None = None,
    ) -> NormalState:
        """Z, χ and μ with a gap at the nodes up to the cutoff (none for the normal metal)."""
        delta = np.zeros_like(self.omega)
        if gap is not None:
            delta[: self.inner] = gap  # beyond the cutoff it counts for nothing
        u = np.hypot(self.omega, delta)
        point = self._start(start)
        mixing, converged = AndersonMixing(), False
        for _ in range(_MAX_STEPS):
            residual = self._step(point, u) - point
            if not np.all(np.isfinite(residual)):
                break
            if np.max(np.abs(residual)) < TOLERANCE * np.pi * self.kt:
                converged = True
                break
            point = mixing.next(point, residual)
            np.maximum(point[: u.size], self.omega, out=point[: u.size])
        return self._result(point, u, converged=converged)

    def _start(self, warm: NormalState | None) -> np.ndarray:
        if warm is None:
            first = self.omega + np.pi * self.kt * self._within
            return np.concatenate([first, np.zeros_like(first), [0.0]])
        omega, scattered, shift, mu = warm.state
        carried = self.omega + np.interp(self.omega, omega, scattered - omega)
        return np.concatenate([carried, np.interp(self.omega, omega, shift), [mu]])

    def _transformed(self, point: np.ndarray, u: np.ndarray) -> np.ndarray:
        """G at the nodes."""
        n = u.size
        scattered, shift, mu = point[:n], point[n : 2 * n], point[-1]
        return self._dos.transform(mu - shift + 1j * scattered * (u / self.omega))

    def _free(self, mu: float) -> np.ndarray:
        """Re g at the frequencies without interaction; by a line where μ has hardly moved."""
        known, values, slope = self._known
        if slope is not None and abs(mu - known) < _NEAR * np.pi * self.kt:
            return values + slope * (mu - known)
        found = np.real(self._dos.transform(mu + 1j * self.omega))
        moved = mu - known
        line = (found - values) / moved if values.size and abs(moved) > 0.0 else None
        self._known = (mu, found, line)
        return found

    def _step(self, point: np.ndarray, u: np.ndarray) -> np.ndarray:
        g = self._transformed(point, u)
        flow = np.imag(g) * (self.omega / u)
        # the weight at n itself is taken off: what is left is smooth where λ is narrow
        scattered = self.omega + self.kt * (
            flow * self._within
            + self._odd @ flow
            - self._odd.sum(axis=1) * flow
            + self._tail * (flow[-1] - flow)
        )
        real = np.real(g)
        beside = self._even @ real - self._even.sum(axis=1) * real
        shift = -self.kt * (real * self._all + beside)
        mu = point[-1] - self._surplus(point, real - self._free(float(point[-1])))
        return np.concatenate([scattered, shift, [mu]])

    def _surplus(self, point: np.ndarray, change: np.ndarray) -> float:
        """Electrons above the right number, over N(0) [meV]."""
        mu, last = float(point[-1]), 2.0 * np.pi * self.kt * self.top
        lost = float(point[self.omega.size - 1] - self.omega[-1])
        # beyond the last frequency Z u - ω is constant
        above = np.real(self._dos.transform(np.array([mu + 1j * (last + 0.5 * lost)])))
        inside = 2.0 * self.kt * float(self.weights @ change) - lost * float(above[0]) / np.pi
        return self._dos.added_electrons(mu, self.kt) - inside

    def _result(self, point: np.ndarray, u: np.ndarray, *, converged: bool) -> NormalState:
        g = self._transformed(point, u)
        n, inner, sums = u.size, self.inner, self._sums
        share = np.imag(g) / np.pi
        flow = share * (self.omega / u)
        rest = self._odd[:inner, inner:] @ (flow[inner:] - flow[-1])
        tail = np.zeros(inner) if self._ends else sums.tail[0] * flow[-1] + rest
        weights = sums.weights[0] * share[:inner]
        return NormalState(
            sums=replace(
                sums,
                weights=weights[None],
                tail=tail[None],
                tail_share=tail[None] / sums.tail,
            ),
            mu=float(point[-1]),
            renormalisation=point[:inner] / self.omega[:inner],
            shift=point[n : n + inner],
            converged=converged,
            state=(self.omega, point[:n], point[n : 2 * n], float(point[-1])),
        )
