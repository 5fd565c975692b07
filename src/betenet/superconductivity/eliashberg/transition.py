"""Tc from the linearised Eliashberg equations, for many spectra at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike

from betenet.errors import ConfigError
from betenet.spectrum import check_spectrum
from betenet.superconductivity.critical_temperature import (
    DEFAULT_METHOD,
    DEFAULT_MU_STAR,
    critical_temperature,
)
from betenet.superconductivity.eliashberg.conventions import (
    CONVENTIONS,
    DEFAULT_CONVENTION,
    Convention,
)
from betenet.superconductivity.eliashberg.conventions import convention as named_convention
from betenet.superconductivity.eliashberg.coulomb import Coulomb, coulomb
from betenet.superconductivity.eliashberg.kernel import PairingKernel
from betenet.superconductivity.eliashberg.linearised import (
    largest_eigenvalue,
    matsubara_sums,
    sums_of_convention,
)
from betenet.superconductivity.eliashberg.matsubara import by_terms
from betenet.superconductivity.eliashberg.root import Bracket, find_root
from betenet.superconductivity.eliashberg.status import Status, first_status
from betenet.superconductivity.eliashberg.threads import one_blas_thread
from betenet.superconductivity.moments import CheckedMoments
from betenet.units import KELVIN_TO_MEV

LOWEST = 1e-3
"""Temperature below which no transition is looked for [K]."""
CUTOFF_TOLERANCE = 1e-3
"""Relative change of Tc with the cutoff that is still called converged."""
RESOLUTION = 1e-3
"""Change of Tc that is none, however large a share of a tiny Tc it is [K]."""
_WIDEST = 100.0  # highest cutoff over the highest frequency, where it goes with the temperature
_SLOPE, _WEAK = 0.72, 0.05  # dρ/d ln T is near -0.72 λ/(1 + 0.1 λ), which the first step takes
_CHUNK = 64  # spectra at a time: their matrices stay in the processor's cache


@dataclass(frozen=True, kw_only=True, slots=True)
class Transition:
    """Tc of each spectrum, with what it depends on.

    Parameters
    ----------
    tc
        Tc; 0 where there is none above the lowest temperature searched [K].
    status
        How the search ended, an array of :class:`Status`.
    coulomb
        μ*, the frequency it belongs to, the cutoff and μ*_c; the arrays are flat.
    cutoff_change
        Relative change of Tc that doubling the cutoff makes, from ln Tc and so never below -1; nan
        where it was not asked for or there is no Tc [1].
    """

    tc: Float[np.ndarray, "*batch"]
    status: np.ndarray
    coulomb: Coulomb
    cutoff_change: Float[np.ndarray, "*batch"]


def eliashberg_tc(  # noqa: PLR0913 - each is a choice of the user
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, "*batch n_freq"],
    mu_star: ArrayLike = DEFAULT_MU_STAR,
    *,
    cutoff: ArrayLike | None = None,
    mu_star_frequency: ArrayLike | None = None,
    rule: str = "onset",
    lowest: float = LOWEST,
    check_cutoff: bool = True,
    convention: str = DEFAULT_CONVENTION,
) -> Transition:
    r"""Tc of the isotropic Migdal-Eliashberg equations.

    Parameters
    ----------
    frequencies
        ω, strictly increasing and positive [meV].
    a2f
        α²F(ω), one spectrum per leading index [1].
    mu_star
        μ*, one for all, or one for each spectrum [1].
    cutoff
        ω_c of the Matsubara sums, one for all or one for each spectrum; the larger of 30 ω_max and
        15 √λ ω_2 if absent [meV].
    mu_star_frequency
        ω_ph, where μ* holds, likewise: ω_max if absent. At the cutoff
        :math:`\mu^*_c = \mu^*/[1+\mu^*\ln(\omega_{ph}/\omega_c)]`; give the cutoff itself for μ*
        to enter as it is [meV].
    rule
        Integration rule, see ``superconductivity.moments``.
    lowest
        Temperature below which no transition is looked for [K].
    check_cutoff
        Find what doubling the cutoff would change.
    convention
        What μ* means, by its name in ``conventions.CONVENTIONS``.

    Returns
    -------
    Transition
        Tc [K] and its status, with the batch shape of α²F.

    Raises
    ------
    SpectrumError
        If the spectrum or the rule is not valid.
    ConfigError
        If μ*, a frequency or the temperature is out of range, or μ* diverges below the cutoff.

    Notes
    -----
    Tc is where the largest eigenvalue of the pairing matrix is 1. It is sought in ln T from
    Allen and Dynes' value, by secants inside a bracket. Matsubara sums are compressed (see
    ``matsubara``), so that 1 mK costs twice what 10 K does. The error of Tc against full sums and
    an infinite cutoff is below 0.1 %, mostly below 0.01 %.

    References
    ----------
    Bergmann, Rainer, Z. Phys. 263, 59 (1973); Allen, Dynes, Phys. Rev. B 12, 905 (1975), App. A.

    Examples
    --------
    An Einstein mode with λ = 1 has Tc = 0.1146 Ω:

    >>> omega = np.linspace(9.9, 10.1, 41)
    >>> a2f = np.maximum(0.1 - np.abs(omega - 10.0), 0.0) * 10.0 / 0.02
    >>> round(float(eliashberg_tc(omega, a2f, 0.0).tc) / 116.045, 4)
    0.1146
    """
    return checked_transition(
        *check_spectrum(frequencies, a2f), mu_star, cutoff=cutoff,
        mu_star_frequency=mu_star_frequency, rule=rule, lowest=lowest, check_cutoff=check_cutoff,
        meaning=named_convention(convention),
    )  # fmt: skip


def root_status(
    coupling: Float[np.ndarray, " batch"],
    root: Float[np.ndarray, " batch"],
    unsettled: Bool[np.ndarray, " batch"],
    change: Float[np.ndarray, " batch"],
) -> np.ndarray:
    """How the search for the Tc of each spectrum ended.

    Parameters
    ----------
    coupling
        λ [1].
    root
        Natural logarithm of k_B Tc in meV, nan without a transition.
    unsettled
        Whether the search had to stop before it converged.
    change
        Relative change of Tc with another cutoff, nan where it was not looked at [1].
    """
    tc = np.nan_to_num(np.exp(root) / KELVIN_TO_MEV)
    moves = (np.abs(change) > CUTOFF_TOLERANCE) & (np.abs(change) * tc > RESOLUTION)
    return first_status(
        [
            (coupling <= 0.0, Status.NO_COUPLING),
            (np.isnan(root), Status.NOT_SUPERCONDUCTING),
            (unsettled, Status.NOT_CONVERGED),
            (moves, Status.CUTOFF_TOO_LOW),
        ]
    )


def checked_transition(  # noqa: PLR0913 - as above
    grid: Float[np.ndarray, " n_freq"],
    values: Float[np.ndarray, "*batch n_freq"],
    mu_star: ArrayLike,
    *,
    cutoff: ArrayLike | None,
    mu_star_frequency: ArrayLike | None,
    rule: str,
    lowest: float = LOWEST,
    check_cutoff: bool = True,
    meaning: Convention = CONVENTIONS[DEFAULT_CONVENTION],
) -> Transition:
    """:func:`eliashberg_tc` of a spectrum that is valid already."""
    shape, flat = values.shape[:-1], values.reshape(-1, grid.size)
    mu = for_each(mu_star, shape, "mu_star")
    if not (np.isfinite(lowest) and lowest > 0.0):
        raise ConfigError(f"lowest is {lowest} K.", fix="Give a positive temperature in K.")
    repulsion = coulomb(
        grid, flat, mu, cutoff=cutoff, mu_star_frequency=mu_star_frequency, rule=rule,
        meaning=meaning,
    )  # fmt: skip
    top = repulsion.cutoff
    if meaning.n_frequencies is not None:  # the cutoff goes with the temperature
        top = np.full_like(top, _WIDEST * grid[-1])
    kernel = PairingKernel.for_cutoff(grid, flat, top, rule)
    known = CheckedMoments(grid, flat, rule)
    coupling = known.coupling
    inputs = {"coupling": coupling, "omega_log": known.omega_log, "omega_2": known.omega_n(2)}
    start = critical_temperature(DEFAULT_METHOD, **inputs, mu_star=mu)

    def eigenvalue(rows: np.ndarray, log_temperature: np.ndarray) -> np.ndarray:
        return eigenvalues(kernel.rows(rows), repulsion.rows(rows), log_temperature)

    with one_blas_thread():
        root = find_root(
            eigenvalue, start * KELVIN_TO_MEV, lowest * KELVIN_TO_MEV, coupling > 0.0,
            slope=-_SLOPE * np.maximum(coupling, _WEAK) / (1.0 + 0.1 * np.maximum(coupling, _WEAK)),
        )  # fmt: skip
        change = np.full(len(flat), np.nan)
        if check_cutoff and meaning.screening != "none":  # else the cutoff is part of μ*
            change = _cutoff_change(kernel, repulsion, root)
    tc = np.nan_to_num(np.exp(root.root) / KELVIN_TO_MEV)
    if meaning.n_frequencies is not None:
        repulsion = replace(repulsion, cutoff=repulsion.cutoff_at(np.exp(np.nan_to_num(root.root))))
    status = root_status(coupling, root.root, ~root.settled, change)
    return Transition(
        tc=tc.reshape(shape),
        status=status.reshape(shape),
        coulomb=repulsion,
        cutoff_change=change.reshape(shape),
    )


def for_each(value: ArrayLike, shape: tuple[int, ...], name: str) -> Float[np.ndarray, " batch"]:
    """One number for each spectrum of a batch, as a flat array.

    Raises
    ------
    ConfigError
        If the numbers do not fit the batch.
    """
    numbers = np.asarray(value, dtype=np.float64)
    try:
        return np.broadcast_to(numbers, shape).reshape(-1)
    except ValueError as error:
        raise ConfigError(
            f"{name} has shape {numbers.shape}, but the spectra have {shape}.",
            fix="Give one number for all, or one for each spectrum.",
        ) from error


def eigenvalues(
    kernel: PairingKernel, repulsion: Coulomb, log_temperature: Float[np.ndarray, " batch"]
) -> Float[np.ndarray, " batch"]:
    """ρ of each spectrum at its own temperature, given as ln k_B T [ln meV]."""
    temperature = np.exp(log_temperature)
    found = np.empty(len(temperature))
    cutoff = repulsion.cutoff_at(temperature)
    for rows in chunks(cutoff / (2.0 * np.pi * temperature)):
        part = repulsion.rows(rows)
        sums = matsubara_sums(kernel.rows(rows), temperature[rows], cutoff[rows])
        sums = sums_of_convention(sums, part)
        found[rows] = largest_eigenvalue(sums, part.mu_star_cutoff)
    return found


def chunks(n_matsubara: Float[np.ndarray, " batch"]) -> list[np.ndarray]:
    """Rows whose sums have the same terms, a chunk at a time."""
    return [
        rows[first : first + _CHUNK]
        for rows in by_terms(n_matsubara)
        for first in range(0, len(rows), _CHUNK)
    ]


def _cutoff_change(kernel: PairingKernel, repulsion: Coulomb, root: Bracket) -> np.ndarray:
    """Relative change of Tc if the cutoff is doubled and μ*_c goes with it."""
    change = np.full(len(root.root), np.nan)
    found = np.isfinite(root.root)
    # A repulsion of 1 and more diverges within the next factor of e: there is no twice for it, but
    # the error falls with the square of the cutoff, and half of it tells four times as much.
    strong = found & (repulsion.mu_star_cutoff >= 1.0)
    for rows, factor, share in ((found & ~strong, 2.0, 1.0), (strong, 0.5, -0.25)):
        if np.any(rows):
            chosen = np.flatnonzero(rows)
            other = repulsion.rows(chosen).at_cutoff(factor * repulsion.cutoff[chosen])
            excess = eigenvalues(kernel.rows(chosen), other, root.root[chosen]) - 1.0
            change[chosen] = np.expm1(-share * excess / root.slope[chosen])
    return change
