"""Where an eigenvalue falls through 1, in the logarithm of temperature, for many spectra."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float

Eigenvalue = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Function of some rows and their ln k_B T that gives their eigenvalues."""

TOLERANCE = 1e-8
"""Relative accuracy of the root."""

_MAX_STEPS = 80
_FIRST_STEP = 0.2
_LEAST_STEP = 1e-3  # by the guess of a slope, so that the next secant has one
_SLOPE_DISTANCE = 1e-5


def find_root(
    eigenvalue: Eigenvalue,
    start: Float[np.ndarray, " batch"],
    lowest: float,
    couples: Bool[np.ndarray, " batch"],
    tolerance: float = TOLERANCE,
    slope: Float[np.ndarray, " batch"] | None = None,
) -> Bracket:
    """Where ρ falls through 1, in ln k_B T; nan where it is below 1 at the lowest temperature.

    Parameters
    ----------
    eigenvalue
        ρ of some rows at their temperatures.
    start
        First guess of k_B T of each row [meV].
    lowest
        Lowest k_B T that is looked at [meV].
    couples
        Rows to be looked at.
    tolerance
        Relative accuracy of the root.
    slope
        Guess of dρ/d ln T of each row, which makes the first step.
    """
    floor = np.log(lowest)
    bracket = Bracket(np.log(np.maximum(start, np.exp(floor))), floor, tolerance)
    if slope is not None:
        bracket.slope[:] = slope
    active = np.flatnonzero(couples)
    for _ in range(_MAX_STEPS):
        if not active.size:
            break
        excess = eigenvalue(active, bracket.at[active]) - 1.0
        active = active[bracket.step(active, excess)]
    bracket.settled[active] = False
    bracket.root[active] = bracket.at[active]
    return bracket


class Bracket:
    """Secants inside a bracket, each row for itself; the function falls with its argument."""

    def __init__(self, start: np.ndarray, floor: float, tolerance: float = TOLERANCE) -> None:
        self._tolerance = tolerance
        self.at = start
        self.root = np.full(start.shape, np.nan)
        self.settled = np.ones(start.shape, dtype=bool)
        self.slope = np.full(start.shape, np.nan)
        self._floor = floor
        self._low = np.full(start.shape, -np.inf)
        self._high = np.full(start.shape, np.inf)
        self._last = np.full((2, *start.shape), np.nan)
        self._reach = np.full(start.shape, _FIRST_STEP)

    def step(self, rows: np.ndarray, excess: np.ndarray) -> np.ndarray:
        """Take in the function at ``at``; say which rows go on."""
        at = self.at[rows]
        self._low[rows] = np.where(excess > 0.0, at, self._low[rows])
        self._high[rows] = np.where(excess > 0.0, self._high[rows], at)
        low, high = self._low[rows], self._high[rows]
        before, value = self._last[:, rows]
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = (excess - value) / (at - before)
            to_root = -excess / slope
        new = at + to_root
        # outside the bracket, or uphill: halve it, or reach further where one end is open
        usable = np.isfinite(new) & (slope < 0.0) & (new > low) & (new < high)
        open_end = ~(np.isfinite(low) & np.isfinite(high))
        guessed = np.isnan(before) & np.isfinite(self.slope[rows])
        with np.errstate(divide="ignore", invalid="ignore"):
            first = np.clip(np.abs(excess / self.slope[rows]), _LEAST_STEP, 2.0 * _FIRST_STEP)
        self._reach[rows] = np.where(guessed, first, self._reach[rows])
        reach = np.where(excess > 0.0, 1.0, -1.0) * self._reach[rows]
        with np.errstate(invalid="ignore"):
            new = np.where(usable, new, np.where(open_end, at + reach, 0.5 * (low + high)))
        new = np.where(open_end, np.clip(new, at - 8.0 * self._reach[rows], at + 1.0), new)
        further = np.maximum(2.0 * self._reach[rows], 0.5 * _FIRST_STEP)
        self._reach[rows] = np.where(open_end, further, self._reach[rows])
        new = np.maximum(new, self._floor)
        none = (excess <= 0.0) & (at <= self._floor)
        done = ~none & (
            (usable & (np.abs(to_root) < self._tolerance)) | (high - low < self._tolerance)
        )
        # of two points too close to each other the slope is noise
        known = np.abs(at - before) > _SLOPE_DISTANCE
        self.slope[rows] = np.where(known, slope, self.slope[rows])
        self.root[rows[done]] = new[done]
        self._last[:, rows] = at, excess
        self.at[rows] = new
        return ~(done | none)
