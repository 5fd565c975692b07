"""How uncertain a predicted α²F(ω) is at each frequency."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from betenet.spectrum import Spectrum
from betenet.superconductivity.moments import coupling_constant, omega_max

RELATIVE = 0.1
"""Error of the height that the members do not show, relative to the mean spectrum [1]."""
HEIGHT = 0.15
"""Error that does not vanish where the mean spectrum does, relative to its mean height [1]."""
Z_68, Z_95 = 0.99446, 1.95996
"""Half-widths of the central 68 % and 95 % of a normal distribution, in standard deviations."""


def spectrum_band(
    spectrum: Spectrum, interval_68: tuple[float, float], z: float = Z_68
) -> tuple[Float[np.ndarray, " n_freq"], Float[np.ndarray, " n_freq"]]:
    r"""Ends of the interval of α²F at each frequency, around the mean of the members.

    .. math:: \sigma^2(\omega) = (s_\lambda\, \bar a)^2 + \mathrm{var}_m(a_m \bar\lambda/\lambda_m)
              + (0.1\, \bar a)^2 + (0.15\, h)^2

    s_λ is the spread of ln λ by its calibrated interval, a_m the spectrum of a member, h the mean
    height up to ω_max.

    Parameters
    ----------
    spectrum
        α²F of each member, (member, n_freq).
    interval_68
        Ends of the 68 % interval of λ [1]; the spread of the members takes its place where it is
        not known.
    z
        Half-width in standard deviations.

    Returns
    -------
    low, high
        α²F [1], never negative.

    Notes
    -----
    The two constants were chosen on 18 digitised curves; how often a known curve lies inside is
    what ``benchmarks/spectrum_band.py`` measures.
    """
    members = np.atleast_2d(spectrum.a2f)
    mean = members.mean(0)
    couplings = np.atleast_1d(coupling_constant(spectrum.frequencies, members, spectrum.rule))
    spread = _spread(couplings, interval_68)
    variance = (spread * mean) ** 2 + (RELATIVE * mean) ** 2
    if len(members) > 1 and np.all(couplings > 0.0):
        shapes = members * (couplings.mean() / couplings)[:, None]
        variance = variance + shapes.var(axis=0, ddof=1)
    top = float(omega_max(spectrum.frequencies, mean))
    height = float(np.trapezoid(mean, spectrum.frequencies)) / top if top > 0.0 else 0.0
    # nothing vibrates far above the highest mode
    inside = spectrum.frequencies <= top
    half = z * np.sqrt(variance + np.where(inside, HEIGHT * height, 0.0) ** 2)
    return np.maximum(mean - half, 0.0), mean + half


def _spread(couplings: Float[np.ndarray, " member"], interval_68: tuple[float, float]) -> float:
    """Standard deviation of ln λ, by its interval or by the members."""
    low, high = interval_68
    if np.isfinite(low) and np.isfinite(high) and low > 0.0:
        return float(np.log(high / low)) / (2.0 * Z_68)
    positive = couplings[couplings > 0.0]
    return float(np.std(np.log(positive), ddof=1)) if len(positive) > 1 else 0.0
