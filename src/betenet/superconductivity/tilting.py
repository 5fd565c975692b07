"""A spectrum on given vibrations, with given moments: the nearest one in relative entropy."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from betenet.superconductivity.integration import log_moment_weights, moment_weights
from betenet.superconductivity.moments import moments

RIDGE = 0.01
"""Added to the curvature of Newton's steps, which are shorter and always defined then [1]."""
STEPS = 40
"""Steps of at most one unit of θ: beyond some tens, moments count as out of reach."""
CLOSE = 0.01
"""Relative error up to which ω_log and ω_2 count as reached."""
TAIL = 1e-4
"""Share of the area of F_0 that is cut off at its top: exp(ω²) would make much of a faint tail."""
SOFTEST = -2.0
"""Least b that counts as reached: below, α²F of a Debye solid would not vanish at ω = 0."""
_LONGEST = 1.0
_ENOUGH = 1e-6
_NOTHING = 1e-12
"""Height, relative to the highest peak, below which a spectrum is zero."""


def tilted(
    frequencies: Float[np.ndarray, " n_freq"],
    base: Float[np.ndarray, " n_freq"],
    targets: Float[np.ndarray, "spectrum 3"],
) -> tuple[Float[np.ndarray, "spectrum n_freq"], Bool[np.ndarray, " spectrum"]]:
    r"""α²F with given λ, ω_log and ω_2 whose peaks are those of another curve.

    .. math:: \alpha^2F(\omega) = F_0(\omega)\,
              \exp\left(a + b\ln\omega + d\,\omega^2\right)

    Among all spectra with these moments it is the one nearest to F_0 in relative entropy, by the
    measure 2α²F dω/ω of λ.

    Parameters
    ----------
    frequencies
        ω > 0 [meV].
    base
        F_0 ≥ 0, in any unit: a phonon density of states, say.
    targets
        λ [1], ω_log and ω_2 [meV] of each spectrum.

    Returns
    -------
    spectra
        α²F [1], with λ as asked.
    reached
        Whether ω_log and ω_2 are within `CLOSE` of what was asked, with b above `SOFTEST`: no tilt
        of F_0 has moments outside of its own range of frequencies. Of F_0 = 0 none is reached, and
        the spectra are zero.

    References
    ----------
    Csiszár, Ann. Probab. 3, 146 (1975), on projections in relative entropy.

    Examples
    --------
    >>> omega = np.geomspace(1.0, 100.0, 400)
    >>> base = omega**2 * (omega < 40.0)
    >>> spectra, reached = tilted(omega, base, np.array([[0.5, 20.0, 24.0], [0.5, 50.0, 60.0]]))
    >>> found = moments(omega, spectra[0])
    >>> [round(float(found[name]), 2) for name in ("coupling", "omega_log", "omega_2")]
    [0.5, 20.0, 24.0]
    >>> reached.tolist()
    [True, False]
    """
    if not base.any():
        return np.zeros((len(targets), len(base))), np.zeros(len(targets), dtype=bool)
    area = (base * moment_weights(frequencies, 1)).cumsum()
    known = np.where(area <= (1.0 - TAIL) * area[-1], base, 0.0)
    inside = known > 0.0
    coupling, omega_log, omega_2 = targets.T[:, :, None]
    normal = moment_weights(frequencies, 0)
    integrals = np.stack(
        [
            np.broadcast_to(normal, (len(targets), len(frequencies))),
            log_moment_weights(frequencies) - np.log(omega_log) * normal,
            moment_weights(frequencies, 2) / omega_2**2 - normal,
        ],
        axis=1,
    )
    features = np.stack([np.log(frequencies / omega_log), (frequencies / omega_2) ** 2 - 1.0], 1)
    theta = _tilt(features[..., inside], (known * integrals)[..., inside])
    exponent = (theta[..., None] * features).sum(1)
    exponent -= exponent[:, inside].max(axis=1, keepdims=True)
    spectra = known * np.exp(np.minimum(exponent, 0.0))
    spectra[spectra < _NOTHING * spectra.max(axis=1, keepdims=True)] = 0.0
    spectra *= 0.5 * coupling / (spectra @ normal)[:, None]
    found = moments(frequencies, spectra)
    ratios = np.stack([found["omega_log"], found["omega_2"]], axis=-1) / targets[:, 1:]
    close = (np.abs(ratios - 1.0) < CLOSE).all(axis=1)
    return spectra, np.asarray(close & (theta[:, 0] > SOFTEST))


def _tilt(
    features: Float[np.ndarray, "spectrum 2 point"],
    integrals: Float[np.ndarray, "spectrum 3 point"],
) -> Float[np.ndarray, "spectrum 2"]:
    """θ for which the means of the features vanish, as far as the steps reach: a convex problem.

    Parameters
    ----------
    features
        ln ω and ω², less what is asked of their means.
    integrals
        Weights of their integrals over the base, that of 1/ω first.
    """
    theta = np.zeros((len(features), 2))
    for _ in range(STEPS):
        exponent = (theta[..., None] * features).sum(1)
        exponent -= exponent.max(axis=1, keepdims=True)
        part = integrals * np.exp(exponent)[:, None]
        total = part.sum(2)
        mean, share = total[:, 1:] / total[:, :1], part[:, :1] / total[:, :1, None]
        weighted = features * share
        first, second = (features * weighted).sum(2).T - mean.T**2 + RIDGE
        mixed = (weighted[:, 0] * features[:, 1]).sum(1) - mean[:, 0] * mean[:, 1]
        step = np.stack(
            [
                mixed * mean[:, 1] - second * mean[:, 0],
                mixed * mean[:, 0] - first * mean[:, 1],
            ],
            axis=1,
        ) / (first * second - mixed**2).reshape(-1, 1)
        length = np.abs(step).max(axis=1, keepdims=True)
        theta = theta + step * np.minimum(1.0, _LONGEST / np.maximum(length, _ENOUGH))
        if length.max() < _ENOUGH:
            break
    return theta
