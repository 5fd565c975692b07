"""What α²F(ω) is taken to look like before its moments are known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float

from betenet.errors import SpectrumError
from betenet.phonon_dos import PhononDos
from betenet.spectrum import Spectrum

OMEGA_MAX_RATIO: Mapping[str, float] = {
    "omega_3": 1.7069,
    "omega_2": 1.8565,
    "omega_1": 2.0431,
    "omega_log": 2.2873,
}
"""ω_max over each moment: medians of the 636 training spectra of BETE-NET.

The higher the order of a moment, the better it tells where a spectrum ends.
"""

ROUNDING = 1e-9
"""Relative rounding of frequencies that counts as none, as of a grid 0.25 + 0.1 n."""

_STEEPNESS = 4  # of the cut where ω_max is not known


def debye_like_prior(
    frequencies: Float[np.ndarray, " n_freq"], omega_max: float
) -> Float[np.ndarray, " n_freq"]:
    r"""Logarithm of α²F ∝ ω²√(1 - (ω/ω_end)²), minus infinity above ω_max.

    .. math:: \alpha^2F \propto \omega^2 \sqrt{1 - (\omega/\omega_{end})^2}

    Parameters
    ----------
    frequencies
        ω, strictly increasing and positive [meV].
    omega_max
        The highest frequency that carries weight [meV].

    Notes
    -----
    ω² is Debye's law; at the top of a band the density of states of a three-dimensional crystal
    falls with the square root of the distance. ω_end is the first frequency of the grid above
    ω_max, where α²F of a sampled spectrum comes down to zero.
    """
    n_inside = int(np.sum(not_above(frequencies, omega_max)))
    beyond = 2.0 * frequencies[-1] - frequencies[-2]
    end = frequencies[n_inside] if n_inside < frequencies.size else beyond
    inside = frequencies[:n_inside]
    log_prior = np.full(frequencies.shape, -np.inf)
    log_prior[:n_inside] = 2.0 * np.log(inside) + 0.5 * np.log1p(-((inside / end) ** 2))
    return log_prior


def not_above(
    frequencies: Float[np.ndarray, " n_freq"], omega_max: float
) -> Bool[np.ndarray, " n_freq"]:
    """Which frequencies are not above ω_max, up to :data:`ROUNDING`."""
    return frequencies <= omega_max * (1.0 + ROUNDING)


def soft_debye_like_prior(
    frequencies: Float[np.ndarray, " n_freq"], known: Mapping[str, float]
) -> Float[np.ndarray, " n_freq"]:
    """Logarithm of α²F ∝ ω² exp(-(ω/ω_c)⁴), where ω_c stands for an ω_max that is not known.

    Parameters
    ----------
    frequencies
        ω, strictly increasing and positive [meV].
    known
        Moments that are known, by their keys [meV]; the highest of them sets ω_c through
        :data:`OMEGA_MAX_RATIO`.

    Raises
    ------
    SpectrumError
        If no moment is known.
    """
    for key, ratio in OMEGA_MAX_RATIO.items():
        if key in known:
            cut = ratio * known[key]
            return 2.0 * np.log(frequencies) - (frequencies / cut) ** _STEEPNESS
    raise SpectrumError(
        "Nothing tells the frequencies of the spectrum.",
        reason="λ alone sets its height, not its shape.",
        fix="Give ω_max or a moment such as ω_log, or a prior.",
    )


def given_prior(
    frequencies: Float[np.ndarray, " n_freq"], prior: PhononDos | Float[np.ndarray, "*batch n_freq"]
) -> Float[np.ndarray, "*batch n_freq"]:
    """Logarithm of a prior α²F on the grid, minus infinity where there is none.

    Parameters
    ----------
    frequencies
        ω, strictly increasing and positive [meV].
    prior
        A phonon density of states g(ω), whose rows at ω ≤ 0 are left out, for α²F ∝ g; or α²F on
        the grid, in any unit.

    Raises
    ------
    SpectrumError
        If the prior does not fit the grid, or is negative or nowhere positive.
    """
    if isinstance(prior, PhononDos):
        dos = prior.positive()
        values = Spectrum(dos.frequencies, dos.total).resample(frequencies).a2f
    else:
        values = Spectrum(frequencies, prior).a2f
    if not np.all(np.any(values > 0.0, axis=-1)):
        raise SpectrumError(
            "The prior is zero at every frequency of the grid.",
            reason="α²F is a multiple of it, so it would be zero as well.",
            fix="Check its unit (meV), or use a grid that covers it.",
        )
    logarithm = np.full(values.shape, -np.inf)
    return np.log(values, out=logarithm, where=values > 0.0)
