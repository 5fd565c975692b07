"""The pairing kernel λ(iν) of a spectrum: tabulated once, then read at any difference of ω_n."""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from betenet.spectrum import check_frequencies
from betenet.superconductivity.integration import checked_kernel_weights

STEP = 0.04
"""Spacing of the table in ln ν; with cubics between, its error is below 2e-7 of λ."""
BELOW = 1e-3
"""The table begins at this share of the lowest frequency; λ(iν) is flat below."""
_PAGE = 100  # tables of one grid are of few sizes, so that their weights can be kept


class PairingKernel:
    r"""λ(iν) of a batch of spectra on one grid.

    .. math::
        \lambda(i\nu) = \int \frac{2\omega\,\alpha^2F(\omega)}{\nu^2+\omega^2}\,\mathrm{d}\omega

    Parameters
    ----------
    frequencies
        ω, strictly increasing and positive [meV].
    a2f
        α²F(ω), finite, one spectrum for each row [1].
    highest
        Largest ν that will be asked for [meV].
    rule
        Integration rule of the moments, which is also that of the kernel.

    Raises
    ------
    SpectrumError
        If the frequencies or the rule are not valid.

    Notes
    -----
    Between two samples α²F is linear, as for the moments, and λ(0) is their λ. In ln ν the kernel
    is a sum of logistic steps, analytic in a strip of half-width π/2, so that a uniform table
    with cubics between its entries is as good as the integral.
    """

    def __init__(
        self,
        frequencies: Float[np.ndarray, " n_freq"],
        a2f: Float[np.ndarray, "batch n_freq"],
        highest: float,
        rule: str = "onset",
    ) -> None:
        self._tabulate(check_frequencies(frequencies), a2f, highest, rule)

    def _tabulate(self, grid: np.ndarray, a2f: np.ndarray, highest: float, rule: str) -> None:
        self._lowest = BELOW * float(grid[0])
        span = np.log(max(highest, float(grid[-1])) / self._lowest)
        # one entry before and two after: each cubic goes through four of them
        n_entries = _PAGE * (int(np.ceil(span / STEP)) // _PAGE + 1) + 3
        self._cubics = _cubics(a2f @ _table_weights(grid.tobytes(), n_entries, rule).T)

    @classmethod
    def for_cutoff(
        cls,
        frequencies: Float[np.ndarray, " n_freq"],
        a2f: Float[np.ndarray, "batch n_freq"],
        cutoff: Float[np.ndarray, " batch"],
        rule: str = "onset",
    ) -> PairingKernel:
        """λ(iν) for sums up to each ω_c [meV], and to twice it for the check of convergence.

        The frequencies are not checked.
        """
        # two frequencies below the cutoff are up to twice it apart, by n + m + 1
        highest = 2.0 * 2.0 * float(cutoff.max(initial=1.0))
        kernel = object.__new__(cls)
        kernel._tabulate(frequencies, a2f, highest, rule)
        return kernel

    def __call__(self, nu: Float[np.ndarray, "batch *rest"]) -> Float[np.ndarray, "batch *rest"]:
        """λ(iν) at ν [meV], any sign, other ν for each spectrum."""
        scaled = np.abs(nu)
        np.maximum(scaled, self._lowest, out=scaled)
        scaled /= self._lowest
        np.log(scaled, out=scaled)
        scaled /= STEP
        np.minimum(scaled, self._cubics.shape[1], out=scaled)  # a little above the table is its end
        entry = scaled.astype(np.intp)
        scaled -= entry
        n_entries = self._cubics.shape[1]
        first = n_entries * np.arange(len(self._cubics))
        np.minimum(entry, n_entries - 1, out=entry)
        entry += first.reshape(-1, *(1,) * (nu.ndim - 1))
        cubics = self._cubics.reshape(-1, 4).take(entry, axis=0)
        value = cubics[..., 3] * scaled
        for power in (2, 1):
            value += cubics[..., power]
            value *= scaled
        value += cubics[..., 0]
        return value

    def rows(self, chosen: Int[np.ndarray, " chosen"]) -> PairingKernel:
        """The kernels of some of the spectra."""
        part = object.__new__(PairingKernel)
        part._lowest = self._lowest
        part._cubics = self._cubics[chosen]
        return part


@lru_cache(maxsize=4)
def _table_weights(
    grid_bytes: bytes, n_entries: int, rule: str
) -> Float[np.ndarray, "entry n_freq"]:
    """Weights of the samples of α²F in each entry of the table."""
    grid = np.frombuffer(grid_bytes)
    nodes = BELOW * grid[0] * np.exp(STEP * np.arange(-1, n_entries - 1))
    return np.stack(
        [checked_kernel_weights(grid, partial(pole, nu), rule) for nu in nodes.tolist()]
    )


def pole(nu: ArrayLike, omega: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """2ω/(ν²+ω²), what a phonon at ω gives to λ(iν) [1/meV]."""
    return np.asarray(2.0 * omega / (np.asarray(nu) ** 2 + omega**2))


def _cubics(values: Float[np.ndarray, "batch entry"]) -> Float[np.ndarray, "batch interval 4"]:
    """Coefficients of the cubic through the four entries around each interval."""
    before, left, right, after = (values[:, k : k + values.shape[1] - 3] for k in range(4))
    return np.stack(
        [
            left,
            right - left / 2.0 - before / 3.0 - after / 6.0,
            (before + right) / 2.0 - left,
            (after - before) / 6.0 + (left - right) / 2.0,
        ],
        axis=-1,
    )
