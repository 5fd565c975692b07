"""BETE-NET's preprocessing: a spectrum or a phonon DOS, smoothed, on 51 coarse bins."""

# scipy comes without stubs
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from typing import cast

import numpy as np
from jaxtyping import Float

from betenet.errors import SpectrumError
from betenet.spectrum import IntegrationRule

BINS = np.arange(0.25, 101.0, 2.0)
"""The published grid, 0.25, 2.25 … 100.25 meV."""
BINS.setflags(write=False)
TRUNCATED = 0.01
"""Share of the area under a curve above the bins from which it is said to be truncated."""

FEWEST_BINS = 6
"""Bins that a grid needs: the filter is five of them wide."""

_SAMPLES = 20
"""Samples of the fine grid in a bin: steps of 0.1 meV for the published bins of 2 meV."""
_BEYOND = 8
"""Samples from the last bin on, itself included: up to 100.95 meV as published."""
_WINDOW = 101
_ORDER = 3
_EQUAL = 1e-6
"""Relative difference up to which two grids, or the steps of one, are the same."""


def rule_of(frequencies: Float[np.ndarray, " n_freq"]) -> IntegrationRule:
    """Rule by which moments of a network's α²F are integrated: as those it has learnt from were.

    Parameters
    ----------
    frequencies
        Grid of the network [meV].

    Returns
    -------
    str
        ``"published"`` on the published bins, else ``"onset"``.
    """
    published = frequencies.shape == BINS.shape and np.allclose(frequencies, BINS, atol=0.0)
    return "published" if published else "onset"


def binned(
    frequencies: Float[np.ndarray, " n_freq"],
    values: Float[np.ndarray, "*batch n_freq"],
    bins: Float[np.ndarray, " bin"] = BINS,
) -> Float[np.ndarray, "*batch bin"]:
    """Smoothed and binned as the published targets and inputs are.

    Linear interpolation onto 0.25, 0.35 … 100.95 meV, a Savitzky-Golay filter (101 samples,
    cubic), linear interpolation onto :data:`BINS`, and zero where that is negative. There is no
    other normalisation: an input of a network is the density of states of each atom itself.

    Parameters
    ----------
    frequencies
        ω, finite and strictly increasing, of any sign [meV].
    values
        α²F [1] or a density of states [1/meV], one curve per leading index.
    bins
        The grid, with equal steps [meV]. The steps of the fine one, and with them the width of the
        filter, are in proportion to its own.

    Returns
    -------
    Float[ndarray, "*batch bin"]
        The curves on the bins, in their own unit. Curves that are on the bins already are not
        smoothed again.

    Raises
    ------
    SpectrumError
        If frequencies do not increase, shapes do not match, a value is not finite, or the steps of
        the bins are not equal.

    Notes
    -----
    Beyond the ends of the input the interpolation holds its first and its last value, as the
    published code does; ``Spectrum.resample`` lets α²F fall with ω² below and vanish above
    instead. They differ unless α²F ends at zero. What lies above the last bin is lost: see
    :func:`share_above`.

    References
    ----------
    Gibson et al., npj Comput. Mater. 11, 7 (2025).

    Examples
    --------
    A parabola passes a cubic filter unchanged, but for the rounding of interpolation:

    >>> omega = np.linspace(0.0, 101.0, 10101)
    >>> bool(np.allclose(binned(omega, omega**2), BINS**2, atol=1e-3))
    True
    """
    # scipy.signal takes longer to import than all else here.
    from scipy.signal import savgol_filter  # pyright: ignore[reportUnknownVariableType]

    grid, curves = _check(frequencies, values)
    if _same(grid, bins):
        return np.maximum(curves, 0.0)
    fine = _fine_grid(bins)
    samples = _interpolated(fine, grid, curves.reshape(-1, grid.size))
    smooth = cast("np.ndarray", savgol_filter(samples, _WINDOW, _ORDER, axis=-1, mode="interp"))
    coarse = _interpolated(bins, fine, smooth)
    return np.maximum(coarse, 0.0).reshape(*curves.shape[:-1], bins.size)


def share_above(
    frequencies: Float[np.ndarray, " n_freq"],
    values: Float[np.ndarray, " n_freq"],
    limit: float = float(BINS[-1]),
) -> float:
    """Share of the area under a curve that lies above a frequency.

    Parameters
    ----------
    frequencies
        ω, finite and strictly increasing [meV].
    values
        α²F [1] or a density of states [1/meV]; negative ones count as zero.
    limit
        The frequency [meV].

    Returns
    -------
    float
        The share [1]; 0 for a curve without area.

    Raises
    ------
    SpectrumError
        As for :func:`binned`.

    Examples
    --------
    >>> share_above(np.array([0.0, 100.0, 200.0]), np.array([1.0, 1.0, 1.0]), limit=150.0)
    0.25
    """
    grid, curve = _check(frequencies, values)
    curve = np.maximum(curve, 0.0)
    area = float(np.trapezoid(curve, grid))
    above = grid > limit
    if area <= 0.0 or not np.any(above):
        return 0.0
    start = max(limit, float(grid[0]))
    tail = np.append(start, grid[above]), np.append(np.interp(start, grid, curve), curve[above])
    return float(np.trapezoid(tail[1], tail[0])) / area


def _same(grid: np.ndarray, bins: np.ndarray) -> bool:
    step = float(bins[-1] - bins[0]) / max(bins.size - 1, 1)
    return grid.size == bins.size and bool(np.abs(grid - bins).max() <= _EQUAL * step)


def _fine_grid(bins: np.ndarray) -> np.ndarray:
    steps = np.diff(bins)
    step = float(bins[-1] - bins[0]) / max(steps.size, 1)
    if bins.size < FEWEST_BINS or not np.all(np.abs(steps - step) <= _EQUAL * step):
        raise SpectrumError(
            f"A grid of {bins.size} frequencies up to {bins[-1]:g} meV cannot be smoothed onto.",
            reason="The filter is five bins wide, and the bins are equal.",
            fix=f'Take {FEWEST_BINS} bins or more, with frequency_spacing = "linear".',
        )
    return bins[0] + step / _SAMPLES * np.arange((bins.size - 1) * _SAMPLES + _BEYOND)


def _interpolated(points: np.ndarray, grid: np.ndarray, rows: np.ndarray) -> np.ndarray:
    result = np.empty((len(rows), points.size))
    for i in range(len(rows)):
        result[i] = np.interp(points, grid, rows[i])
    return result


def _check(frequencies: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    grid = np.asarray(frequencies, dtype=np.float64)
    curves = np.asarray(values, dtype=np.float64)
    if grid.ndim != 1 or grid.size < 2 or curves.ndim == 0 or curves.shape[-1] != grid.size:
        raise SpectrumError(
            f"Frequencies have shape {grid.shape} and the curves {curves.shape}.",
            reason="Frequency is the last axis, the same for every curve.",
            fix="Pass at least two frequencies, and as many values of each curve.",
        )
    if not (np.all(np.isfinite(grid)) and np.all(np.diff(grid) > 0.0)):
        raise SpectrumError(
            "Frequencies are not finite, or do not increase strictly.",
            reason="Interpolation between them has no meaning.",
            fix="Sort the rows and remove repeated ones.",
        )
    if not np.all(np.isfinite(curves)):
        raise SpectrumError(
            f"{int(np.sum(~np.isfinite(curves)))} values are not finite.",
            reason="Smoothing would spread them over 10 meV.",
            fix="Leave that curve out, or repair the calculation it came from.",
        )
    return grid, curves
