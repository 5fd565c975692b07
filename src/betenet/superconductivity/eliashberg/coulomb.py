"""The Coulomb pseudopotential and the cutoff that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from betenet.errors import ConfigError
from betenet.superconductivity.eliashberg.conventions import (
    CONVENTIONS,
    DEFAULT_CONVENTION,
    Convention,
)
from betenet.superconductivity.moments import CheckedMoments

CUTOFF_FACTOR = 30.0
"""ω_c over ω_max. Tc is then within 0.1 % of its limit for μ* up to 0.13 and λ above 0.35."""
STRONG_CUTOFF_FACTOR = 15.0
"""ω_c over √λ ω_2, where that is more: 2πTc may reach 1.15 √λ ω_2, and the sum must go beyond."""
MOST_RESCALING = 3.0
"""The default cutoff is lowered where μ*_c would be more than this many times μ*."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Coulomb:
    """Repulsion and cutoff of each spectrum of a batch.

    Parameters
    ----------
    mu_star
        μ*, as it enters the formulas for Tc; belongs to ``mu_star_frequency`` [1].
    mu_star_frequency
        ω_ph [meV].
    cutoff
        ω_c of the Matsubara sums [meV].
    mu_star_cutoff
        μ*_c, the repulsion at ω_c, which enters the equations [1].
    convention
        What μ* means.
    """

    mu_star: Float[np.ndarray, " batch"]
    mu_star_frequency: Float[np.ndarray, " batch"]
    cutoff: Float[np.ndarray, " batch"]
    mu_star_cutoff: Float[np.ndarray, " batch"]
    convention: Convention = CONVENTIONS[DEFAULT_CONVENTION]

    def at_cutoff(self, cutoff: ArrayLike) -> Coulomb:
        """Repulsion seen at another cutoff [meV]; an error if it diverges below it."""
        wanted = np.broadcast_to(np.asarray(cutoff, dtype=np.float64), self.cutoff.shape)
        seen = self.mu_star_cutoff
        if not self.convention.repulsion_ends:
            seen = rescale(seen, self.cutoff, wanted)
        return replace(self, cutoff=wanted, mu_star_cutoff=seen)

    def cutoff_at(self, temperature: Float[np.ndarray, " batch"]) -> Float[np.ndarray, " batch"]:
        """ω_c at a temperature [meV], which counts where the number of frequencies is fixed."""
        count = self.convention.n_frequencies
        return self.cutoff if count is None else 2.0 * np.pi * count * temperature

    def rows(self, chosen: np.ndarray) -> Coulomb:
        """Repulsion of some of the spectra."""
        return replace(
            self,
            mu_star=self.mu_star[chosen],
            mu_star_frequency=self.mu_star_frequency[chosen],
            cutoff=self.cutoff[chosen],
            mu_star_cutoff=self.mu_star_cutoff[chosen],
        )


def rescale(
    mu_star: ArrayLike, frequency: ArrayLike, cutoff: ArrayLike
) -> Float[np.ndarray, "..."]:
    r"""The repulsion at another cutoff.

    .. math:: \mu^*_c = \frac{\mu^*}{1 + \mu^* \ln(\omega_{ph}/\omega_c)}

    Parameters
    ----------
    mu_star
        μ* that belongs to ``frequency`` [1].
    frequency, cutoff
        ω_ph and ω_c [meV].

    Raises
    ------
    ConfigError
        If the repulsion diverges between the two.

    References
    ----------
    Morel, Anderson, Phys. Rev. 125, 1263 (1962).

    Examples
    --------
    >>> round(float(rescale(0.12, 28.0, 280.0)), 4)
    0.1658
    """
    mu = np.asarray(mu_star, dtype=np.float64)
    screening = 1.0 + mu * np.log(np.asarray(frequency) / np.asarray(cutoff))
    if np.any(screening <= 0.0):
        raise ConfigError(
            f"μ* = {np.max(mu):g} diverges below the cutoff.",
            reason="1 + μ* ln(ω_ph/ω_c) is not positive: a repulsion so strong at ω_ph cannot come "
            "from ω_c.",
            fix="Lower the cutoff or μ*, or state the frequency that μ* belongs to.",
        )
    return np.asarray(mu / screening)


def _repulsion(mu_star: ArrayLike, batch: tuple[int, ...]) -> Float[np.ndarray, " batch"]:
    mu = np.broadcast_to(np.asarray(mu_star, dtype=np.float64), batch)
    if not np.all(np.isfinite(mu)) or np.any(mu < 0.0):
        raise ConfigError(
            f"mu_star is {np.asarray(mu_star).tolist()}.",
            reason="μ* is a repulsion, zero or positive.",
            fix="Use a value near 0.1.",
        )
    return mu


def coulomb(
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, "batch n_freq"],
    mu_star: ArrayLike,
    *,
    cutoff: ArrayLike | None = None,
    mu_star_frequency: ArrayLike | None = None,
    rule: str = "onset",
    meaning: Convention = CONVENTIONS[DEFAULT_CONVENTION],
) -> Coulomb:
    """Cutoff and repulsion of each spectrum, with defaults where nothing is given.

    Parameters
    ----------
    frequencies, a2f
        ω [meV] and α²F [1], which are not checked.
    mu_star
        μ*, one for all or one for each spectrum [1].
    cutoff
        ω_c, one for all or one for each; if absent, the larger of 30 ω_max and 15 √λ ω_2, or what
        makes μ*_c three times μ* if that is less (for μ* above 0.19) [meV].
    mu_star_frequency
        ω_ph that μ* belongs to, likewise; ω_max if absent. Give the cutoff itself to enter μ* into
        the equations as it is [meV].
    rule
        Integration rule of the moments.
    meaning
        Convention that μ* follows.

    Raises
    ------
    ConfigError
        If a number is out of range, or μ* diverges below the cutoff.
    """
    known = CheckedMoments(frequencies, a2f, rule)
    highest = known.omega_max()
    strong = np.sqrt(np.abs(known.coupling)) * known.omega_n(2)
    top = np.where(np.isfinite(highest), highest, frequencies[-1])
    usual = np.fmax(CUTOFF_FACTOR * top, STRONG_CUTOFF_FACTOR * strong)
    batch = a2f.shape[:-1]
    mu = _repulsion(mu_star, batch)
    given = mu_star_frequency
    omega_ph = top if given is None else _positive("mu_star_frequency", given, batch)
    if meaning.screening != "none":  # else nothing diverges
        with np.errstate(divide="ignore", over="ignore"):
            usual = np.fmin(usual, omega_ph * np.exp((1.0 - 1.0 / MOST_RESCALING) / mu))
    if meaning.needs_frequency and given is None:
        raise ConfigError(
            f"Convention {meaning.name} without the electrons' energy.",
            reason="The bare repulsion belongs to E_F (or half the width of the band).",
            fix="Give it as mu_star_frequency in meV (--mu-star-frequency).",
        )
    if meaning.cutoff is not None:
        usual = np.full(batch, meaning.cutoff)
    omega_2 = np.nan_to_num(known.omega_n(2), nan=float(frequencies[-1]))
    if meaning.omega_2_factor is not None:
        usual = meaning.omega_2_factor * omega_2
    if meaning.repulsion_factor is not None and given is None:
        omega_ph = meaning.repulsion_factor * omega_2
    omega_c = usual if cutoff is None else _positive("cutoff", cutoff, batch)
    at_cutoff = mu
    if meaning.screening == "logarithm":
        at_cutoff = rescale(mu, omega_ph, omega_c)
    elif meaning.screening == "band":
        at_cutoff = mu / (1.0 + mu * _rungs(omega_c / omega_ph))
    elif not meaning.repulsion_ends:
        omega_ph = omega_c  # where it belongs, by this convention
    return Coulomb(
        mu_star=mu,
        mu_star_frequency=omega_ph,
        cutoff=omega_c,
        mu_star_cutoff=np.asarray(at_cutoff),
        convention=meaning,
    )


def _rungs(ratio: Float[np.ndarray, " batch"]) -> Float[np.ndarray, " batch"]:
    """∫ (2/π) arctan(E_F/ω) dω/ω from ω_c, with ω_c/E_F; ln(E_F/ω_c) where that is small."""
    nodes, weights = np.polynomial.legendre.leggauss(64)
    # in s = ln(ω/E_F): to where the rest is (2/π) e^-s
    far = 8.0
    low = np.log(ratio)
    half = 0.5 * np.maximum(far - low, 0.0)
    s = low[:, None] + half[:, None] * (1.0 + nodes)
    inside = half * (np.arctan(np.exp(-s)) @ weights)
    return 2.0 / np.pi * (inside + np.exp(-np.maximum(far, low)))


def _positive(name: str, value: ArrayLike, batch: tuple[int, ...]) -> np.ndarray:
    """A frequency for each spectrum of a batch."""
    numbers = np.asarray(value, dtype=np.float64)
    if not np.all(np.isfinite(numbers) & (numbers > 0.0)):
        raise ConfigError(
            f"{name} is {numbers.tolist()} meV.", fix="Give a positive frequency in meV."
        )
    return np.broadcast_to(numbers, batch)
