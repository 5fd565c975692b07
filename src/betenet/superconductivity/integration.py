"""Integrals of α²F(ω) against any function of ω: one weight for each sample, see ``moments``."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from betenet.spectrum import check_frequencies, check_rule

Kernel = Callable[[np.ndarray], np.ndarray]
"""A function of ω [meV] that α²F is integrated against."""

# 16 Gauss-Legendre nodes integrate 1/ω to 1e-9 even between neighbours a factor 10 apart, and
# to rounding on any grid in use; closed forms would cancel on fine grids.
_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(16)


def kernel_weights(
    frequencies: Float[np.ndarray, " n_freq"], kernel: Kernel, rule: str = "onset"
) -> Float[np.ndarray, " n_freq"]:
    r"""Weights w with :math:`\sum_i w_i\,\alpha^2F(\omega_i) = \int \alpha^2F\,k(\omega)`.

    Parameters
    ----------
    frequencies
        ω, strictly increasing and positive [meV].
    kernel
        k(ω): takes ω > 0 as an array of any shape [meV], gives one of the same shape.
    rule
        Integration rule, see ``moments``. ``"onset"`` is exact for kernels as smooth
        as 1/ω between neighbouring frequencies.

    Returns
    -------
    Float[ndarray, " n_freq"]
        In the unit of k times meV. Errors are those of ``moments.coupling_constant``.
    """
    return checked_kernel_weights(check_frequencies(frequencies), kernel, rule)


def checked_kernel_weights(
    grid: Float[np.ndarray, " n_freq"], kernel: Kernel, rule: str = "onset"
) -> Float[np.ndarray, " n_freq"]:
    """:func:`kernel_weights` of a grid that is valid already."""
    first, left, right = interval_weights(grid, kernel, rule)
    weights = np.zeros_like(grid)
    weights[0] = first
    weights[:-1] += left
    weights[1:] += right
    return weights


def moment_weights(
    frequencies: Float[np.ndarray, " n_freq"], n: int, rule: str = "onset"
) -> Float[np.ndarray, " n_freq"]:
    """:func:`kernel_weights` of k(ω) = ω^(n-1) [meV^n]; order 0 gives λ/2."""
    return known_weights(check_frequencies(frequencies).tobytes(), n, rule).copy()


def log_moment_weights(
    frequencies: Float[np.ndarray, " n_freq"], rule: str = "onset"
) -> Float[np.ndarray, " n_freq"]:
    """:func:`kernel_weights` of k(ω) = ln ω/ω, where ω counts in meV."""
    return known_weights(check_frequencies(frequencies).tobytes(), None, rule).copy()


@lru_cache(maxsize=64)
def known_weights(grid: bytes, n: int | None, rule: str) -> Float[np.ndarray, " n_freq"]:
    """Weights of :func:`moment_weights`, or of :func:`log_moment_weights` where n is None.

    They are kept, for a million spectra share a grid; the grid is given as the bytes of its
    frequencies, which are not checked.
    """
    kernel = _log_kernel if n is None else power_kernel(n)
    return checked_kernel_weights(np.frombuffer(grid), kernel, rule)


@lru_cache(maxsize=8)
def known_coupling_intervals(grid: bytes, rule: str) -> tuple[float, np.ndarray, np.ndarray]:
    """:func:`interval_weights` of λ/2, kept as :func:`known_weights` keeps its own."""
    return interval_weights(np.frombuffer(grid), power_kernel(0), rule)


def power_kernel(n: int) -> Kernel:
    """The function ω^(n-1)."""
    return lambda omega: omega ** float(n - 1)


def _log_kernel(omega: np.ndarray) -> np.ndarray:
    return np.log(omega) / omega


def interval_weights(
    grid: np.ndarray, kernel: Kernel, rule: str
) -> tuple[float, np.ndarray, np.ndarray]:
    """Weights of the first sample below it, and of both ends of each interval within it."""
    check_rule(rule)
    lower, upper = grid[:-1], grid[1:]
    step = upper - lower
    if rule == "published":
        return 0.0, np.zeros_like(step), kernel(upper) * step
    if rule == "trapezoid":
        return 0.0, 0.5 * kernel(lower) * step, 0.5 * kernel(upper) * step
    position = 0.5 * (1.0 + _NODES)
    share = 0.5 * _NODE_WEIGHTS * kernel(lower[:, None] + step[:, None] * position)
    left = step * (share @ (1.0 - position))
    right = step * (share @ position)
    if grid[1] > 2.0 * grid[0]:
        left[0], right[0] = 0.0, _onset_weight(grid[1], kernel)
        return 0.0, left, right
    return _onset_weight(grid[0], kernel), left, right


def _onset_weight(omega: float, kernel: Kernel) -> float:
    r"""∫ (x/omega)² kernel(x) dx from 0 to omega."""
    # With x = omega·t² the integrand of the logarithm is smooth enough for the nodes at t = 0.
    t = 0.5 * (1.0 + _NODES)
    return float(omega * np.sum(_NODE_WEIGHTS * t**5 * kernel(omega * t**2)))
