"""Tc over a band of μ*: the repulsion is an assumption, and Tc hangs on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from betenet.analysis.export import without_nan
from betenet.analysis.result import Analysis
from betenet.analysis.settings import AnalysisSettings
from betenet.analysis.spectrum import analyse_each, analyse_moments
from betenet.errors import ConfigError
from betenet.spectrum import Spectrum

STEP = 0.01
"""Distance of the values of μ* where none is given [1]."""

MOST_VALUES = 200
"""How many values a band may have."""


def mu_star_values(low: float, high: float, step: float = STEP) -> Float[np.ndarray, " value"]:
    """Values of μ* from one end of a band to the other.

    Parameters
    ----------
    low, high
        The ends, both of them included [1].
    step
        Distance of the values; the last one may be shorter [1].

    Raises
    ------
    ConfigError
        If the ends do not increase from 0 to below 1, or the step makes too many values.

    Examples
    --------
    >>> mu_star_values(0.10, 0.16, 0.02).tolist()
    [0.1, 0.12, 0.14, 0.16]
    """
    if not (0.0 <= low < high < 1.0 and step > 0.0):
        raise ConfigError(
            f"A band of μ* from {low:g} to {high:g} in steps of {step:g}.",
            reason="μ* is a repulsion from 0 to below 1, and a band goes up.",
            fix="Give LOW:HIGH or LOW:HIGH:STEP, as 0.10:0.16 or 0.10:0.16:0.02.",
        )
    # 1e-9: a step that divides the band up to rounding
    n_steps = int(np.ceil((high - low) / step - 1e-9))
    if n_steps >= MOST_VALUES:
        raise ConfigError(
            f"A band of μ* with {n_steps + 1} values.",
            reason=f"More than {MOST_VALUES} values only cost time: Tc(μ*) is smooth.",
            fix="Give a larger step.",
        )
    return np.append(np.round(low + step * np.arange(n_steps), 10), high)


def analyse_mu_star_band(
    source: Spectrum | Mapping[str, float],
    mu_star: Sequence[float] | Float[np.ndarray, " value"],
    settings: AnalysisSettings | None = None,
) -> list[Analysis]:
    """Tc by every method at each of several μ*.

    Parameters
    ----------
    source
        α²F without leading axes; or ``coupling`` [1], ``omega_log`` and ``omega_2`` [meV], as for
        :func:`~betenet.analysis.spectrum.analyse_moments`, for the formulas alone.
    mu_star
        Values of μ*, as from :func:`mu_star_values` [1].
    settings
        What to compute; its own μ* is not used, and neither is what takes more than Tc.

    Returns
    -------
    list[Analysis]
        One for each value, with that value as ``settings.mu_star``.

    Raises
    ------
    SpectrumError
        If the spectrum has leading axes.
    ConfigError
        If a value of μ*, or a frequency, is out of range.

    Examples
    --------
    Niobium by the formulas, from λ, ω_log and ω_2:

    >>> niobium = {"coupling": 0.9377, "omega_log": 13.50, "omega_2": 15.94}
    >>> band = analyse_mu_star_band(niobium, mu_star_values(0.10, 0.16, 0.06))
    >>> [round(found.best.tc) for found in band]
    [10, 7]
    """
    wanted = AnalysisSettings() if settings is None else settings
    each = [replace(wanted.only_tc(), mu_star=float(value)) for value in mu_star]
    if not isinstance(source, Spectrum):
        return [analyse_moments(source, one) for one in each]
    batch = Spectrum(
        source.frequencies, np.atleast_2d(source.a2f), rule=source.rule, allow_negative=True
    )
    first = analyse_each(batch, each[0])[0] if each else None
    quality = None if first is None or first.quality is None else [first.quality]
    later = [analyse_each(batch, one, quality=quality)[0] for one in each[1:]]
    return later if first is None else [first, *later]


def band_to_dicts(band: Sequence[Analysis]) -> list[dict[str, object]]:
    """Tc by each method at each μ* as plain values, with keys that carry the unit."""
    return [
        {
            "mu_star": found.settings.mu_star,
            "tc_kelvin": without_nan(found.best.tc),
            "tc_method": found.best.method,
            "methods": {
                row.method: {"tc_kelvin": row.tc, **row.interval_to_dict()} for row in found.methods
            },
        }
        for found in band
    ]
