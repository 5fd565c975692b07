r"""The linearised equations, which tell the temperature at which a gap opens.

.. math::
    \rho\,\Delta_n = \sum_{m} \frac{\lambda(n-m) - \mu^*_c
    - \delta_{nm}\sum_{m'}\lambda(n-m')\,s_n s_{m'}}{|2m+1|}\,\Delta_m,
    \quad s = \mathrm{sign}\,\omega

The gap is even in the Matsubara frequency, so only n ≥ 0 are kept. The sum over m ends at the
cutoff; the one over m' (the normal self-energy) does not, which makes Tc converge ten times
faster with the cutoff.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from betenet.superconductivity.eliashberg.coulomb import Coulomb
from betenet.superconductivity.eliashberg.kernel import PairingKernel
from betenet.superconductivity.eliashberg.matsubara import (
    SHORT,
    matsubara_nodes,
    partial_weights,
)

# nodes for the sum above the cutoff, in the logarithm of the distance from it
_TAIL_NODES, _TAIL_WEIGHTS = np.polynomial.legendre.leggauss(12)
_SINGLE = 8


@dataclass(frozen=True, slots=True)
class Sums:
    """What the equations of a batch of spectra are made of, at a temperature for each.

    Parameters
    ----------
    temperature
        k_B T [meV].
    n_matsubara
        Number of positive Matsubara frequencies below the cutoff, not whole [1].
    indices, weights
        Weights of the Matsubara sums, see ``matsubara`` [1].
    minus, plus
        λ(n - m) and λ(n + m + 1) [1].
    tail
        Sum of λ(n - m) - λ(n + m + 1) over all m above the cutoff [1].
    tail_share
        Tail over what it is without an end of the normal self-energy and with a constant density of
        states; None where it is that [1].
    repulsion_weights
        Weights in the sum of the repulsion, where it ends below the cutoff; None where it does not
        [1].
    """

    temperature: Float[np.ndarray, " batch"]
    n_matsubara: Float[np.ndarray, " batch"]
    indices: Float[np.ndarray, "batch node"]
    weights: Float[np.ndarray, "batch node"]
    minus: Float[np.ndarray, "batch node node"]
    plus: Float[np.ndarray, "batch node node"]
    tail: Float[np.ndarray, "batch node"]
    tail_share: Float[np.ndarray, "batch node"] | None = None
    repulsion_weights: Float[np.ndarray, "batch node"] | None = None

    @property
    def omega(self) -> Float[np.ndarray, "batch node"]:
        """ω_n = (2n+1)πT [meV]."""
        return matsubara_frequency(self.temperature[:, None], self.indices)


def matsubara_frequency(
    temperature: Float[np.ndarray, "..."], index: Float[np.ndarray, "..."]
) -> Float[np.ndarray, "..."]:
    """ω_n = (2n+1)πT [meV], with T as k_B T [meV]."""
    return np.asarray(np.pi * temperature * (2.0 * index + 1.0))


def matsubara_sums(
    kernel: PairingKernel,
    temperature: Float[np.ndarray, " batch"],
    cutoff: Float[np.ndarray, " batch"],
    short: float = SHORT,
) -> Sums:
    """Nodes, kernels and tail, at a temperature and with a cutoff for each spectrum.

    Parameters
    ----------
    kernel
        λ(iν) of the spectra.
    temperature
        k_B T [meV]; all must need the same number of nodes, see ``matsubara.by_terms``.
    cutoff
        ω_c [meV].
    short
        Number of frequencies up to which none is left out, see ``matsubara``.
    """
    n_matsubara = cutoff / (2.0 * np.pi * temperature)
    x, w = matsubara_nodes(n_matsubara, short)
    minus, plus = _symmetric_kernels(kernel, temperature, x)
    distance, weight = tail_nodes(n_matsubara, x)
    spacing = 2.0 * np.pi * temperature[:, None, None]
    tail = np.einsum("brq,brq->br", kernel(spacing * distance), weight)
    return Sums(temperature, n_matsubara, x, w, minus, plus, tail)


def _symmetric_kernels(
    kernel: PairingKernel, temperature: np.ndarray, x: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """λ(n - m) and λ(n + m + 1) between nodes; half of each is read and mirrored."""
    n_nodes = x.shape[1]
    rows, columns = np.triu_indices(n_nodes)
    left, right = x[:, rows], x[:, columns]
    spacing = 2.0 * np.pi * temperature[:, None]
    values = kernel(spacing * np.concatenate([right - left, right + left + 1.0], axis=1))
    found = np.empty((2, len(x), n_nodes, n_nodes))
    for whole, half in zip(found, np.split(values, 2, axis=1), strict=True):
        whole[:, rows, columns] = half
        whole[:, columns, rows] = half
    return found[0], found[1]


def kernels_between(
    kernel: PairingKernel,
    temperature: Float[np.ndarray, " batch"],
    n_matsubara: Float[np.ndarray, " batch"],
    rows: Float[np.ndarray, "batch row"],
    columns: Float[np.ndarray, "batch node"],
) -> tuple[
    Float[np.ndarray, "batch row node"],
    Float[np.ndarray, "batch row node"],
    Float[np.ndarray, "batch row"],
]:
    """λ(n - m), λ(n + m + 1) and the tail, for n of the rows and m of the columns."""
    spacing = 2.0 * np.pi * temperature[:, None, None]
    left, right = rows[:, :, None], columns[:, None, :]
    distance, weight = tail_nodes(n_matsubara, rows)
    tail = np.einsum("brq,brq->br", kernel(spacing * distance), weight)
    return kernel(spacing * (left - right)), kernel(spacing * (left + right + 1.0)), tail


def tail_nodes(
    n_matsubara: Float[np.ndarray, " batch"], rows: Float[np.ndarray, "batch row"]
) -> tuple[Float[np.ndarray, "batch row tail"], Float[np.ndarray, "batch row tail"]]:
    """Distances from n, and weights, for the sum of λ(n - m) - λ(n + m + 1) over all m ≥ N."""
    # what is left after the two series cancel are the distances N - n … N + n
    return series_nodes(n_matsubara[:, None] - rows, 2.0 * rows + 1.0)


def series_nodes(
    first: Float[np.ndarray, "*rows"], length: Float[np.ndarray, "*rows"]
) -> tuple[Float[np.ndarray, "*rows term"], Float[np.ndarray, "*rows term"]]:
    """Distances and weights for the sum of λ over the distances first … first + length - 1.

    The first eight are taken one by one, for λ may fall within one of them; the integral in the
    logarithm stands for the rest.
    """
    steps = np.arange(_SINGLE)
    single = first[..., None] + steps
    is_there = np.where(steps < length[..., None] - 0.5, 1.0, 0.0)
    left = first + _SINGLE - 0.5
    half_span = 0.5 * np.log(np.maximum(first + length - 0.5, left) / left)
    distance = left[..., None] * np.exp(half_span[..., None] * (1.0 + _TAIL_NODES))
    weight = half_span[..., None] * distance * _TAIL_WEIGHTS
    return np.concatenate([single, distance], axis=-1), np.concatenate([is_there, weight], axis=-1)


def pairing_matrix(
    sums: Sums,
) -> tuple[Float[np.ndarray, "batch node node"], Float[np.ndarray, "batch node"]]:
    r"""The symmetric matrix without repulsion, and the vector that brings the repulsion in.

    Returns
    -------
    tuple
        A and u; the matrix of the linearised equations is A - 2μ*_c u uᵀ. Its eigenvectors v are
        the gap, :math:`\Delta_n = v_n \sqrt{|2n+1|/w_n}`.
    """
    u = np.sqrt(sums.weights / (2.0 * sums.indices + 1.0))
    matrix = (sums.minus + sums.plus) * (u[:, :, None] * u[:, None, :])
    normal = np.einsum("bij,bj->bi", sums.minus - sums.plus, sums.weights) + sums.tail
    np.einsum("bii->bi", matrix)[...] -= normal / (2.0 * sums.indices + 1.0)
    return matrix, u


def largest_eigenvalue(
    sums: Sums, mu_star_cutoff: Float[np.ndarray, " batch"]
) -> Float[np.ndarray, " batch"]:
    """ρ(T) [1]; a gap opens where it falls through 1."""
    if sums.repulsion_weights is not None:
        matrix, u = pairing_matrix(sums)
        repelled = u * sums.repulsion_weights / sums.weights
        matrix -= 2.0 * mu_star_cutoff[:, None, None] * (u[:, :, None] * repelled[:, None, :])
        return np.max(np.real(np.linalg.eigvals(matrix)), axis=-1)
    return np.asarray(np.linalg.eigvalsh(screened_matrix(sums, mu_star_cutoff))[:, -1])


def screened_matrix(
    sums: Sums, mu_star_cutoff: Float[np.ndarray, " batch"]
) -> Float[np.ndarray, "batch node node"]:
    """The symmetric matrix of the linearised equations, repulsion included."""
    matrix, u = pairing_matrix(sums)
    return matrix - 2.0 * mu_star_cutoff[:, None, None] * (u[:, :, None] * u[:, None, :])


def sums_of_convention(sums: Sums, repulsion: Coulomb, short: float = SHORT) -> Sums:
    """The sums as a convention of μ* has them: the normal self-energy or the repulsion may end."""
    meaning = repulsion.convention
    if meaning.normal_ends:
        none = np.zeros_like(sums.tail)
        sums = replace(sums, tail=none, tail_share=none)
    if meaning.repulsion_ends:
        ends = repulsion.mu_star_frequency / (2.0 * np.pi * sums.temperature)
        ends = ends + meaning.repulsion_extra
        weights = partial_weights(sums.indices, sums.weights, sums.n_matsubara, ends, short)
        sums = replace(sums, repulsion_weights=weights)
    return sums
