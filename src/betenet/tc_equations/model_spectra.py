"""Model spectra, drawn at random: Einstein modes, Gaussians and log-normal peaks."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from betenet.superconductivity.moments import OMEGA_MAX_FRACTION
from betenet.tc_equations.made_spectra import GRID, STEP, TOP, Drawn, coupling_weights, even_log

LOWEST_RATIO = 0.05
"""Lowest frequency of a mode, or centre of a peak, over the highest [1]."""
LEAST_SHARE = 0.02
"""Least share of one of two modes in λ; it has a peak that counts as weight [1]."""
MOST_MODES = 6
MOST_PEAKS = 5
GAUSSIAN_WIDTHS = (0.03, 0.3)
"""Standard deviation of a Gaussian over its centre [1]."""
LOG_WIDTHS = (0.03, 0.5)
"""Standard deviation of a log-normal peak in ln ω [1]."""
ONSETS = (0.05, 0.5)
"""Frequency below which α²F of Gaussians falls with ω², over the lowest centre [1]."""

_TOP = int(np.argmin(np.abs(GRID - TOP)))


def bimodal_einstein(rng: np.random.Generator, count: int) -> Drawn:
    """Two Einstein modes: ratio of frequencies 0.05 to 1, even in its logarithm; any shares of λ.

    A mode is one sample of the grid, a triangle of 1 % of its frequency.
    """
    places = np.full((count, 2), _TOP)
    places[:, 0] -= _steps_below_top(rng, count)
    low = rng.uniform(LEAST_SHARE, 1.0 - LEAST_SHARE, count)
    return _modes(places, np.stack([low, 1.0 - low], axis=1))


def multimodal_einstein(rng: np.random.Generator, count: int) -> Drawn:
    """Three to six Einstein modes; their shares of λ are even on the simplex."""
    places = np.full((count, MOST_MODES), _TOP)
    places[:, 1:] -= _steps_below_top(rng, count * (MOST_MODES - 1)).reshape(count, -1)
    shares = rng.exponential(size=places.shape)
    shares[np.arange(MOST_MODES) >= rng.integers(3, MOST_MODES + 1, count)[:, None]] = 0.0
    return _modes(places, shares / shares.sum(axis=1, keepdims=True))


def gaussian(rng: np.random.Generator, count: int) -> Drawn:
    """One to five Gaussians in α²F, which falls with ω² towards zero frequency."""
    centres, shares = _peaks(rng, count)
    widths = centres * even_log(rng, GAUSSIAN_WIDTHS, centres.shape)
    omega = long_grid()
    exponents = -0.5 * ((omega - centres[..., None]) / widths[..., None]) ** 2
    peaks = np.exp(exponents) * (shares * centres / widths)[..., None]
    onset = centres.min(axis=1, initial=TOP) * even_log(rng, ONSETS, count)
    acoustic = -np.expm1(-((omega / onset[:, None]) ** 2))
    return ending_at_top(peaks.sum(axis=1) * acoustic, "gaussian")


def log_normal(rng: np.random.Generator, count: int) -> Drawn:
    """One to five log-normal peaks in the distribution 2α²F/(λω)."""
    centres, shares = _peaks(rng, count)
    widths = even_log(rng, LOG_WIDTHS, centres.shape)
    distance = np.log(long_grid() / centres[..., None])
    peaks = np.exp(-0.5 * (distance / widths[..., None]) ** 2) * (shares / widths)[..., None]
    # P dω = α²F d(ln ω): a peak in ln ω is the same peak of α²F
    return ending_at_top(peaks.sum(axis=1), "log_normal")


def _steps_below_top(rng: np.random.Generator, count: int) -> Int[np.ndarray, " count"]:
    return rng.integers(0, int(-np.log(LOWEST_RATIO) / STEP) + 1, count)


def _modes(places: Int[np.ndarray, "spectrum mode"], shares: Float[np.ndarray, "..."]) -> Drawn:
    shapes = np.zeros((len(places), GRID.size))
    values = shares / coupling_weights()[places]
    np.add.at(shapes, (np.arange(len(places))[:, None], places), values)
    names = [
        " + ".join(
            f"{share:.2f} at {GRID[place]:.1f}"
            for place, share in zip(row, part, strict=True)
            if share > 0.0
        )
        for row, part in zip(places.tolist(), shares.tolist(), strict=True)
    ]
    return Drawn.of_shapes(shapes, names)


def _peaks(
    rng: np.random.Generator, count: int
) -> tuple[Float[np.ndarray, "spectrum peak"], Float[np.ndarray, "spectrum peak"]]:
    """Centres and shares; a spectrum with fewer peaks has shares of zero at the top."""
    centres = TOP * even_log(rng, (LOWEST_RATIO, 1.0), (count, MOST_PEAKS))
    shares = rng.exponential(size=centres.shape)
    absent = np.arange(MOST_PEAKS) >= rng.integers(1, MOST_PEAKS + 1, count)[:, None]
    centres[absent], shares[absent] = TOP, 0.0
    return centres, shares / shares.sum(axis=1, keepdims=True)


def long_grid() -> Float[np.ndarray, " sample"]:
    """The grid and as much again above it, for curves that are yet to be moved down."""
    return GRID[0] * np.exp(STEP * np.arange(2 * GRID.size))


def ending_at_top(curves: Float[np.ndarray, "spectrum sample"], maker: str) -> Drawn:
    """Move each curve along ln ω until its ω_max is at the top of the grid."""
    weighty = curves > OMEGA_MAX_FRACTION * curves.max(axis=1, keepdims=True)
    last = curves.shape[1] - 1 - np.argmax(weighty[:, ::-1], axis=1)
    columns = np.arange(GRID.size) + (last - _TOP)[:, None]
    inside = (columns >= 0) & (columns < curves.shape[1])
    moved = np.take_along_axis(curves, np.clip(columns, 0, curves.shape[1] - 1), axis=1)
    below = np.exp(2.0 * STEP * np.minimum(columns, 0)) * curves[:, :1]  # with ω²
    return Drawn.of_shapes(np.where(inside, moved, below), [maker] * len(curves))
