"""A spectrum whose moments are moved: scaled, shifted and stretched along ln ω."""

# scipy comes without stubs
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from jaxtyping import Float

from betenet.superconductivity.integration import moment_weights

STRETCH = (0.2, 4.0)
"""Limits of the factor between distances along ln ω."""
_NOTHING = 1e-12
"""Height, relative to the highest peak, below which a spectrum is zero."""


def stretched(
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, "*batch n_freq"],
    reference: Float[np.ndarray, " n_freq"],
    factors: tuple[float, float, float],
) -> Float[np.ndarray, "*batch n_freq"]:
    r"""Spectra mapped along ln ω so that λ, ω_log and ω_2 of one of them change by given factors.

    .. math:: \ln\omega' = \ln(f_1\,\omega_{\log}) + p\,(\ln\omega - \ln\omega_{\log}), \qquad
              \alpha^2F'(\omega') = \frac{f_0}{p}\,\alpha^2F(\omega)

    with p such that ω_2 of the reference changes by f_2. All spectra get the same map, so their
    mean is mapped as the reference is, and what sets them apart stays.

    Parameters
    ----------
    frequencies
        ω > 0 [meV].
    a2f
        To be mapped [1].
    reference
        α²F that decides the map [1].
    factors
        f_0 of λ, f_1 of ω_log, f_2 of ω_2 [1].

    Returns
    -------
    ndarray
        On the same frequencies; what is moved beyond them is lost.

    Notes
    -----
    ω_2 cannot fall to ω_log or below: p is kept within :data:`STRETCH`, and where a factor asks for
    more, ω_2 changes by less. Between grid points the spectrum is interpolated, which moves moments
    by some 0.1 % on a grid of 5 % steps.
    """
    logs = np.log(frequencies)
    share = reference * moment_weights(frequencies, 0)
    share = share / share.sum()
    centre = float(share @ logs)
    distances = logs - centre

    def log_ratio(stretch: float) -> float:
        """ln(ω_2/ω_log) once distances are so many times as long."""
        scaled = 2.0 * stretch * distances
        top = scaled.max()
        return 0.5 * float(top + np.log(share @ np.exp(scaled - top)))

    wanted = log_ratio(1.0) + np.log(factors[2] / factors[1])
    low, high = STRETCH
    if wanted <= log_ratio(low):
        stretch = low
    elif wanted >= log_ratio(high):
        stretch = high
    else:
        stretch = _root(lambda p: log_ratio(p) - wanted, low, high)
    # scipy.interpolate and scipy.optimize take longer to import than a prediction
    from scipy.interpolate import PchipInterpolator

    source = centre + (logs - centre - np.log(factors[1])) / stretch
    # the slopes of far tails would overflow, and their cubics round below zero
    height = np.abs(a2f)
    solid = np.where(height > _NOTHING * height.max(axis=-1, keepdims=True), a2f, 0.0)
    moved = PchipInterpolator(logs, solid, axis=-1, extrapolate=False)(source)
    if a2f.min() >= 0.0:
        moved = np.maximum(moved, 0.0)
    return np.nan_to_num(moved) * (factors[0] / stretch)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import brentq  # pyright: ignore[reportUnknownVariableType]

    return float(cast("Any", brentq)(function, low, high, xtol=1e-6))
