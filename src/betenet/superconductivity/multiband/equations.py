r"""The Eliashberg equations of several bands, with a constant density of states in each.

.. math::
    Z_{i,n} = 1+\frac{\pi T}{\omega_n}\sum_{jm}\lambda_{ij}(n-m)\frac{\omega_m}{u_{j,m}},\qquad
    Z_{i,n}\Delta_{i,n} = \pi T\sum_{jm}[\lambda_{ij}(n-m)-\mu^*_{ij}]\frac{\Delta_{j,m}}{u_{j,m}}

with the compressed sums of one band (``eliashberg.linearised``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from jaxtyping import Float

from betenet.superconductivity.eliashberg.kernel import PairingKernel
from betenet.superconductivity.eliashberg.linearised import (
    kernels_between,
    matsubara_frequency,
    matsubara_sums,
)
from betenet.superconductivity.eliashberg.matsubara import SHORT
from betenet.superconductivity.eliashberg.status import Status

TOLERANCE = 1e-10
"""Change of Δ, as a share of its maximum, at which Newton's steps end."""

_MAX_STEPS = 80


@dataclass(frozen=True, slots=True)
class BandSums:
    """What the equations are made of at one temperature.

    Parameters
    ----------
    temperature
        k_B T [meV].
    n_matsubara
        Number of positive Matsubara frequencies below the cutoff, not whole [1].
    indices, weights
        Nodes of the Matsubara sums and their weights [1].
    minus, plus
        λ_ij(n - m) and λ_ij(n + m + 1) [1].
    tail
        Sum over j of what is above the cutoff in the normal self-energy [1].
    """

    temperature: float
    n_matsubara: float
    indices: Float[np.ndarray, " node"]
    weights: Float[np.ndarray, " node"]
    minus: Float[np.ndarray, "band band node node"]
    plus: Float[np.ndarray, "band band node node"]
    tail: Float[np.ndarray, "band node"]

    @property
    def omega(self) -> Float[np.ndarray, " node"]:
        """ω_n [meV]."""
        return matsubara_frequency(np.array(self.temperature), self.indices)


def sums_of_bands(
    kernel: PairingKernel, n_bands: int, temperature: float, cutoff: float, short: float = SHORT
) -> BandSums:
    """Nodes and kernels at a temperature [meV], of a kernel with a row for each pair of bands."""
    pairs = n_bands * n_bands
    sums = matsubara_sums(kernel, np.full(pairs, temperature), np.full(pairs, cutoff), short)
    n_nodes = sums.indices.shape[1]
    square = (n_bands, n_bands)
    return BandSums(
        temperature=temperature,
        n_matsubara=float(sums.n_matsubara[0]),
        indices=sums.indices[0],
        weights=sums.weights[0],
        minus=sums.minus.reshape(*square, n_nodes, n_nodes),
        plus=sums.plus.reshape(*square, n_nodes, n_nodes),
        tail=sums.tail.reshape(*square, n_nodes).sum(axis=1),
    )


def linearised_matrix(
    sums: BandSums,
    mu_star_cutoff: Float[np.ndarray, "band band"],
    fermi_dos: Float[np.ndarray, " band"],
) -> Float[np.ndarray, "row row"]:
    """The symmetric matrix whose largest eigenvalue is 1 at Tc; rows are bands, then nodes."""
    odd = 2.0 * sums.indices + 1.0
    u = np.sqrt(sums.weights / odd)
    balance = np.sqrt(fermi_dos[:, None] / fermi_dos)
    pairing = sums.minus + sums.plus - 2.0 * mu_star_cutoff[..., None, None]
    matrix = pairing * balance[..., None, None] * np.outer(u, u)
    normal = np.einsum("ijnm,m->in", sums.minus - sums.plus, sums.weights) + sums.tail
    n_bands, n_nodes = normal.shape
    full = matrix.transpose(0, 2, 1, 3).reshape(n_bands * n_nodes, -1).copy()
    diagonal = np.arange(len(full))
    full[diagonal, diagonal] -= (normal / odd).ravel()
    return 0.5 * (full + full.T)  # what rounding of λ_ij leaves


def find_gaps(
    sums: BandSums,
    mu_star_cutoff: Float[np.ndarray, "band band"],
    gap: Float[np.ndarray, "band node"],
) -> tuple[Float[np.ndarray, "band node"], Status]:
    """Δ_i at the nodes by Newton's method, from a first guess [meV]."""
    kt, w, omega = sums.temperature, sums.weights, sums.omega
    n_bands, n_nodes = gap.shape
    normal = np.pi * kt * (sums.minus - sums.plus) * w
    pairing = np.pi * kt * (sums.minus + sums.plus - 2.0 * mu_star_cutoff[..., None, None]) * w
    tail, size = np.pi * kt * sums.tail, n_bands * n_nodes
    diagonal: np.ndarray = np.arange(size, dtype=np.intp)
    for _ in range(_MAX_STEPS):
        root = np.sqrt(omega**2 + gap**2)
        z = 1.0 + (np.einsum("ijnm,jm->in", normal, omega / root) + tail) / omega
        residual = z * gap - np.einsum("ijnm,jm->in", pairing, gap / root)
        slope = -normal * (gap / omega)[:, None, :, None] * (omega * gap / root**3)[:, None]
        slope -= pairing * (omega**2 / root**3)[:, None]
        matrix = slope.transpose(0, 2, 1, 3).reshape(size, -1).copy()
        matrix[diagonal, diagonal] += z.ravel()
        solved = cast("np.ndarray", np.linalg.solve(matrix, residual.ravel()))
        step = solved.reshape(gap.shape)
        largest = float(np.max(np.abs(gap)))
        # no step may take more than half of the largest gap
        gap = gap - step * min(1.0, 0.5 * largest / max(float(np.max(np.abs(step))), 1e-300))
        if not np.all(np.isfinite(gap)) or np.max(np.abs(gap)) < 1e-9 * kt:
            return gap, Status.NOT_CONVERGED
        if np.max(np.abs(step)) < TOLERANCE * np.max(np.abs(gap)):
            return gap, Status.CONVERGED
    return gap, Status.NOT_CONVERGED


def gaps_at(
    kernel: PairingKernel,
    sums: BandSums,
    mu_star_cutoff: Float[np.ndarray, "band band"],
    gap: Float[np.ndarray, "band node"],
    indices: Float[np.ndarray, " index"],
) -> tuple[Float[np.ndarray, " index"], Float[np.ndarray, "band index"]]:
    """ω_n and Δ_i,n at any Matsubara frequencies below the cutoff, by the equations [meV]."""
    n_bands = len(gap)
    pairs, kt = n_bands * n_bands, sums.temperature
    rows, columns = np.tile(indices, (pairs, 1)), np.tile(sums.indices, (pairs, 1))
    minus, plus, tail = kernels_between(
        kernel, np.full(pairs, kt), np.full(pairs, sums.n_matsubara), rows, columns
    )
    square = (n_bands, n_bands, indices.size)
    odd, even = ((minus + sign * plus).reshape(*square, -1) for sign in (-1.0, 1.0))
    beyond = tail.reshape(square).sum(axis=1)
    root = np.sqrt(sums.omega**2 + gap**2)
    omega = matsubara_frequency(np.array(kt), indices)
    flow = np.einsum("ijnm,jm->in", odd, sums.weights * sums.omega / root)
    z = 1.0 + np.pi * kt * (flow + beyond) / omega
    pull = even - 2.0 * mu_star_cutoff[..., None, None]
    paired = np.einsum("ijnm,jm->in", pull, sums.weights * gap / root)
    return omega, np.pi * kt * paired / z
