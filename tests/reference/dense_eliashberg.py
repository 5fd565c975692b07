"""The linearised Eliashberg equations solved plainly: the oracle and the peer of the engine.

One spectrum at a time, every Matsubara frequency below the cutoff a row of a dense matrix, the
kernel from integrals in closed form, the largest eigenvalue from LAPACK, Tc by bisection and
Brent's method. Nothing here is shared with the package, and frequencies and temperatures are all
in one unit (meV, or that of an Einstein mode).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg import eigvalsh, hankel, toeplitz
from scipy.optimize import brentq
from scipy.sparse.linalg import eigsh

Kernel = Callable[[np.ndarray], np.ndarray]
"""λ(iν) as a function of ν."""

STRONG_COUPLING = 0.1827262477
"""T/(√λ ω_2) for λ → ∞: Kiessling, Altshuler, Yuzbashyan, arXiv:2409.02121."""


def einstein_kernel(coupling: float, omega: float = 1.0) -> Kernel:
    """λ(iν) of a single phonon frequency."""
    return lambda nu: coupling * omega**2 / (omega**2 + np.asarray(nu) ** 2)


def sampled_kernel(frequencies: np.ndarray, a2f: np.ndarray) -> Kernel:
    """λ(iν) of an α²F that is linear between samples and ∝ ω² below the first, in closed form.

    As the package does, the first sample is left out where the grid begins with a gap.
    """
    first = 1 if frequencies[1] > 2.0 * frequencies[0] else 0
    x, y = frequencies[first:], a2f[first:]
    slope = np.diff(y) / np.diff(x)
    base = y[:-1] - slope * x[:-1]

    step, product, difference = np.diff(x), x[1:] * x[:-1], x[1:] ** 2 - x[:-1] ** 2
    at_zero = y[0] + float(np.sum(2.0 * base * np.log(x[1:] / x[:-1]) + 2.0 * slope * step))

    def some(nu: np.ndarray) -> np.ndarray:
        square = nu[:, None] ** 2
        within = np.log1p(difference / (square + x[:-1] ** 2)) @ base
        angle = np.arctan(nu[:, None] * step / (square + product))
        within += 2.0 * (step - nu[:, None] * angle) @ slope
        share = x[0] ** 2 / square[:, 0]
        # the series where the closed form would cancel
        onset = np.where(share < 1e-6, share / 2.0, 1.0 - np.log1p(share) / share)
        return within + y[0] * onset

    def kernel(nu: np.ndarray) -> np.ndarray:
        flat = np.abs(np.ravel(nu))
        found = np.full(flat.shape, at_zero)
        for chunk in np.array_split(np.flatnonzero(flat), 1 + flat.size // 500):
            found[chunk] = some(flat[chunk])
        return found.reshape(np.shape(nu))

    return kernel


def count(temperature: float, cutoff: float) -> int:
    """Matsubara frequencies between 0 and the cutoff."""
    return max(1, round(cutoff / (2.0 * np.pi * temperature)))


def pairing_matrix(values: np.ndarray, mu_star_cutoff: float) -> np.ndarray:
    """The matrix over n ≥ 0, made symmetric, from λ(iν_k) for k = 0 … 2N - 1."""
    number = len(values) // 2
    attraction = toeplitz(values[:number]) + hankel(values[1 : number + 1], values[number:])
    # the normal self-energy: Σ over all m' of λ(n - m') s_n s_m' leaves 2n + 1 terms around 0
    normal = values[0] + 2.0 * np.concatenate([[0.0], np.cumsum(values[1:number])])
    root = np.sqrt(2.0 * np.arange(number) + 1.0)
    matrix = (attraction - 2.0 * mu_star_cutoff) / np.outer(root, root)
    return matrix - np.diag(normal / root**2)


def by_lapack(matrix: np.ndarray) -> float:
    """Largest eigenvalue of a symmetric matrix."""
    last = len(matrix) - 1
    return float(eigvalsh(matrix, subset_by_index=[last, last])[0])


def by_arpack(matrix: np.ndarray) -> float:
    """The same to 1e-6 by Lanczos's method, which is faster from about 100 rows on."""
    if len(matrix) < 100:
        return by_lapack(matrix)
    start = 1.0 / (2.0 * np.arange(len(matrix)) + 1.0)
    accuracy: Any = 1e-6  # an int by scipy's own stubs
    found = eigsh(matrix, 1, which="LA", v0=start, tol=accuracy, return_eigenvectors=False)
    return float(found[0])


def eigenvalue(
    kernel: Kernel,
    temperature: float,
    cutoff: float,
    mu_star_cutoff: float = 0.0,
    largest: Callable[[np.ndarray], float] = by_lapack,
) -> float:
    """ρ(T) with all Matsubara frequencies below the cutoff."""
    steps = np.arange(2 * count(temperature, cutoff))
    values = kernel(2.0 * np.pi * temperature * steps)
    return largest(pairing_matrix(values, mu_star_cutoff))


def critical_temperature(
    kernel: Kernel,
    cutoff: float,
    mu_star_cutoff: float,
    start: float,
    tolerance: float = 1e-6,
    largest: Callable[[np.ndarray], float] = by_lapack,
) -> float:
    """T where ρ is 1, to a relative tolerance, sought from a first guess.

    N frequencies reach up to 2πTN, which is not quite the cutoff; the repulsion is taken there,
    or the eigenvalue would jump wherever N does.
    """

    def excess(log_temperature: float) -> float:
        temperature = np.exp(log_temperature)
        reached = 2.0 * np.pi * temperature * count(temperature, cutoff)
        mu = mu_star_cutoff / (1.0 + mu_star_cutoff * np.log(cutoff / reached))
        return eigenvalue(kernel, temperature, cutoff, mu, largest) - 1.0

    low = high = np.log(start)
    step = 0.2
    if excess(low) > 0.0:
        while excess(high := high + step) > 0.0:
            low, step = high, 2.0 * step
    else:
        while excess(low := low - step) <= 0.0:
            high, step = low, 2.0 * step
    root = brentq(excess, low, high, xtol=tolerance)
    return float(np.exp(np.float64(root)))  # pyright: ignore[reportArgumentType]


# ----------------------------------------------------------------------------- spectra to try it on


def einstein_mode(coupling: float, omega: float = 1.0, width: float = 1e-3) -> np.ndarray:
    """Frequencies and α²F of a triangle so narrow that it is one frequency to 1e-6."""
    grid = omega * np.array([1.0 - width, 1.0, 1.0 + width])
    return np.stack([grid, np.array([0.0, coupling / (2.0 * width), 0.0])])


def acoustic_peaks() -> np.ndarray:
    """Two broad peaks on an ω² onset, as of an elementary metal; λ is near 0.9."""
    grid = np.linspace(0.1, 30.0, 300)
    peaks = np.exp(-(((grid - 15.0) / 3.0) ** 2)) + 0.7 * np.exp(-(((grid - 24.0) / 1.5) ** 2))
    return np.stack([grid, 1.3 * peaks * np.tanh(grid / 8.0) ** 2])


def soft_and_hard_modes() -> np.ndarray:
    """Heavy and light atoms, modes from 2 to 200 meV on an uneven grid; λ is near 2."""
    grid = np.geomspace(0.5, 220.0, 200)
    soft = 0.25 * np.exp(-(((grid - 4.0) / 1.0) ** 2))
    hard = 1.1 * np.exp(-(((grid - 120.0) / 40.0) ** 2))
    return np.stack([grid, soft + hard])


def coarse_bins() -> np.ndarray:
    """51 bins that begin with a gap, as the published networks have them; no two alike."""
    grid = np.arange(0.25, 101.0, 2.0)
    return np.stack([grid, np.random.default_rng(0).uniform(0.0, 0.8, 51) * (grid < 60.0)])


SPECTRA: dict[str, np.ndarray] = {
    "Einstein": einstein_mode(1.3, 20.0),
    "acoustic": acoustic_peaks(),
    "soft and hard": soft_and_hard_modes(),
    "coarse bins": coarse_bins(),
}
"""Rows of frequencies and α²F."""
