"""The inverse problem: the μ* that gives a measured Tc."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from betenet.errors import ConfigError
from betenet.spectrum import check_spectrum
from betenet.superconductivity.eliashberg.coulomb import coulomb, rescale
from betenet.superconductivity.eliashberg.kernel import PairingKernel
from betenet.superconductivity.eliashberg.linearised import matsubara_sums, pairing_matrix
from betenet.superconductivity.eliashberg.status import Status, first_status
from betenet.superconductivity.eliashberg.transition import chunks, for_each
from betenet.units import KELVIN_TO_MEV

_MARGIN = 1e-7
_MAX_STEPS = 30
_CUTOFF_TOLERANCE = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True)
class FittedRepulsion:
    """μ* of each spectrum.

    Parameters
    ----------
    mu_star
        μ* at the frequency it belongs to; nan where none gives the Tc [1].
    mu_star_cutoff
        μ*_c at the cutoff [1].
    mu_star_frequency, cutoff
        ω_ph and ω_c [meV].
    status
        An array of :class:`Status`.
    """

    mu_star: Float[np.ndarray, "*batch"]
    mu_star_cutoff: Float[np.ndarray, "*batch"]
    mu_star_frequency: Float[np.ndarray, "*batch"]
    cutoff: Float[np.ndarray, "*batch"]
    status: np.ndarray


def fit_mu_star(
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, "*batch n_freq"],
    tc: ArrayLike,
    *,
    cutoff: float | None = None,
    mu_star_frequency: float | None = None,
    rule: str = "onset",
) -> FittedRepulsion:
    r"""μ* with which the Eliashberg equations give a measured Tc.

    Parameters
    ----------
    frequencies, a2f
        ω [meV] and α²F [1].
    tc
        Measured Tc, one for all or one for each spectrum [K].
    cutoff, mu_star_frequency, rule
        As for ``eliashberg_tc``.

    Returns
    -------
    FittedRepulsion
        μ*, and the status of each spectrum.

    Raises
    ------
    SpectrumError
        If the spectrum or the rule is not valid.
    ConfigError
        If Tc or a frequency is not positive.

    Notes
    -----
    No search is needed: μ*_c enters the pairing matrix through one vector u, so that its
    eigenvalue is 1 where :math:`1 + 2\mu^*_c\,u^T(1-A)^{-1}u = 0`.
    """
    grid, values = check_spectrum(frequencies, a2f)
    shape, flat = values.shape[:-1], values.reshape(-1, grid.size)
    measured = for_each(tc, shape, "tc")
    if not np.all(np.isfinite(measured) & (measured > 0.0)):
        raise ConfigError(
            f"The measured Tc is {np.asarray(tc).tolist()} K.",
            fix="Give a positive temperature in K.",
        )
    scale_of = partial(
        coulomb, grid, flat, cutoff=cutoff, mu_star_frequency=mu_star_frequency, rule=rule
    )
    scale = scale_of(0.0)
    kernel = PairingKernel.for_cutoff(grid, flat, scale.cutoff, rule)
    at_cutoff, status = _repulsion(kernel, measured * KELVIN_TO_MEV, scale.cutoff)
    for _ in range(_MAX_STEPS):
        found = rescale(np.nan_to_num(at_cutoff), scale.cutoff, scale.mu_star_frequency)
        # the default cutoff is lower where μ* turns out to be large
        wanted = scale_of(found)
        if np.allclose(wanted.cutoff, scale.cutoff, rtol=_CUTOFF_TOLERANCE, atol=0.0):
            break
        scale = wanted
        at_cutoff, status = _repulsion(kernel, measured * KELVIN_TO_MEV, scale.cutoff)
    mu_star = np.full(len(flat), np.nan)
    good = np.isfinite(at_cutoff)
    mu_star[good] = rescale(at_cutoff[good], scale.cutoff[good], scale.mu_star_frequency[good])
    return FittedRepulsion(
        mu_star=mu_star.reshape(shape),
        mu_star_cutoff=at_cutoff.reshape(shape),
        mu_star_frequency=scale.mu_star_frequency.reshape(shape),
        cutoff=scale.cutoff.reshape(shape),
        status=status.reshape(shape),
    )


def _repulsion(
    kernel: PairingKernel, kt: np.ndarray, cutoff: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """μ*_c with which the largest eigenvalue is 1 (nan where none does it), and the status."""
    response = np.empty_like(kt)
    largest = np.zeros((kt.size, 2))
    for rows in chunks(cutoff / (2.0 * np.pi * kt)):
        matrix, u = pairing_matrix(matsubara_sums(kernel.rows(rows), kt[rows], cutoff[rows]))
        largest[rows, -min(2, u.shape[1]) :] = np.linalg.eigvalsh(matrix)[:, -2:]
        inverse = np.linalg.solve(np.eye(u.shape[1]) - matrix, u[..., None])[..., 0]
        response[rows] = np.einsum("bi,bi->b", u, inverse)
    second, first = largest.T
    # at μ* = 0 the eigenvalue is 1 up to the accuracy of a Tc
    marginal = np.abs(first - 1.0) < _MARGIN
    status = first_status(
        [
            (marginal, Status.CONVERGED),
            (first < 1.0, Status.NEEDS_ATTRACTION),
            # a second gap opens that the repulsion does not reach
            ((second >= 1.0) | (response >= 0.0), Status.NO_REPULSION_SUFFICES),
        ]
    )
    with np.errstate(divide="ignore"):
        at_cutoff = np.where(marginal, 0.0, -0.5 / response)
    good = np.array([each is Status.CONVERGED for each in status], dtype=bool)
    return np.where(good, at_cutoff, np.nan), status
