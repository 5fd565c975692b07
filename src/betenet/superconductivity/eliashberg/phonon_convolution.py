r"""Integrals over phonons that join energies: ∫ w(ν) F(x - ν) dν on an uneven grid of x.

w is α²F or α²F times a Bose function, with kinks and narrow peaks; F is smooth, but on scales that
are far apart (gap, temperature, phonons). So the sum is not over samples of w: F is interpolated
between its points, and w is integrated exactly against the interpolation.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from betenet.superconductivity.integration import checked_kernel_weights

ONSET_STEPS = 40
"""Lines that stand for the ω² onset below the first sample."""
THERMAL_STEPS = 120
"""Additional samples of α²F on the scale of the temperature, where the Bose function varies."""

_NARROW = 1e-4  # of the highest phonon: for narrower cells the second difference would cancel
_HIGHEST_EXPONENT = 500.0


def phonon_curve(
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, " n_freq"],
    rule: str,
    temperature: float,
) -> tuple[Float[np.ndarray, " phonon"], Float[np.ndarray, " phonon"]]:
    r"""α²F as the lines between points, from ν = 0 to the last frequency with weight.

    Parameters
    ----------
    frequencies, a2f
        ω [meV] and α²F [1].
    rule
        Integration rule, see ``superconductivity.moments``. For another rule than ``"onset"``,
        whose α²F is a row of peaks without width, each peak is spread to its neighbours and scaled
        so that its share of λ is kept.
    temperature
        k_B T [meV].
    """
    grid, values = frequencies, a2f
    if rule != "onset":
        shares = checked_kernel_weights(grid, np.reciprocal, rule)
        values = values * shares / _shares_of_coupling(grid)
    elif grid[1] > 2.0 * grid[0]:  # as the moments have it
        grid, values = grid[1:], values[1:]
    last = int(np.flatnonzero(values)[-1]) + 2
    grid, values = grid[:last], values[:last]
    thermal = temperature * np.geomspace(0.02, 40.0, THERMAL_STEPS)
    onset = grid[0] * np.arange(ONSET_STEPS + 1) / ONSET_STEPS
    nodes = np.unique(np.concatenate([onset, grid, thermal[thermal < grid[-1]]]))
    quadratic = values[0] * (nodes / grid[0]) ** 2
    return nodes, np.where(nodes < grid[0], quadratic, np.interp(nodes, grid, values))


def thermal_curve(
    nodes: Float[np.ndarray, " phonon"], curve: Float[np.ndarray, " phonon"], temperature: float
) -> Float[np.ndarray, " phonon"]:
    """α²F times Bose's n(ν), at the points of α²F; T in meV."""
    thermal = np.zeros_like(curve)
    exponent = np.minimum(nodes[1:] / temperature, _HIGHEST_EXPONENT)
    thermal[1:] = curve[1:] / np.expm1(exponent)
    return thermal


def joining_matrices(
    nodes: Float[np.ndarray, " phonon"],
    curve: Float[np.ndarray, " phonon"],
    points: Float[np.ndarray, " point"],
    columns: Float[np.ndarray, " column"],
) -> tuple[Float[np.ndarray, "point column"], Float[np.ndarray, "point column"]]:
    r"""Matrices M with :math:`\sum_j M_{ij} F(x_j) = \int w(\nu) F(x_i \mp \nu)\,\mathrm{d}\nu`.

    Parameters
    ----------
    nodes, curve
        ν from 0 [meV] and w(ν), lines in between and nothing above.
    points, columns
        Energies of the result, and of F; the columns must reach as far beyond the points as w does,
        where F counts [meV].

    Returns
    -------
    tuple
        For x - ν (a phonon is emitted) and for x + ν (one is absorbed) [meV].

    Notes
    -----
    The integral of w against the hat function of a column is a second difference of the second
    antiderivative of w, which is a cubic between nodes. What hats leave of a curved F is its
    second derivative; with that taken off, the error is of fourth order in the spacing.

    Examples
    --------
    Two phonons' worth of weight at 1 meV take x² to 2 (x - 1)²:

    >>> x = np.linspace(-4.0, 4.0, 81)
    >>> peak = np.array([0.0, 0.95, 1.0, 1.05]), np.array([0.0, 0.0, 40.0, 0.0])
    >>> emitted, _ = joining_matrices(*peak, np.array([0.5]), x)
    >>> round(float((emitted @ x**2)[0]), 2)
    0.5
    """
    ends = np.array([2.0 * columns[0] - columns[1], 2.0 * columns[-1] - columns[-2]])
    around = np.concatenate([ends[:1], columns, ends[1:]])
    steps = np.diff(around)
    distance = points[:, None] - around
    reach = np.abs(distance)
    second = _second_antiderivative(nodes, curve, reach)
    emitted = _against_hats(np.where(distance > 0.0, second, 0.0), steps)
    absorbed = _against_hats(np.where(distance < 0.0, second, 0.0), steps)
    area = 0.5 * (steps[1:] + steps[:-1])
    narrow = np.flatnonzero(area < _NARROW * nodes[-1])
    if narrow.size:
        direct = area[narrow] * np.interp(reach[:, narrow + 1], nodes, curve, right=0.0)
        ahead = distance[:, narrow + 1] > 0.0
        emitted[:, narrow] = np.where(ahead, direct, 0.0)
        absorbed[:, narrow] = np.where(ahead, 0.0, direct)
    return _without_curvature(emitted, steps), _without_curvature(absorbed, steps)


def _shares_of_coupling(grid: np.ndarray) -> np.ndarray:
    """∫ of 1/ω times the hat function of each sample, with an ω² onset below the first."""
    lower, step = grid[:-1], np.diff(grid)
    logarithm = np.log(grid[1:] / lower)
    shares = np.zeros_like(grid)
    shares[0] = 0.5
    shares[:-1] += grid[1:] / step * logarithm - 1.0
    shares[1:] += 1.0 - lower / step * logarithm
    return shares


def _second_antiderivative(nodes: np.ndarray, curve: np.ndarray, at: np.ndarray) -> np.ndarray:
    step = np.diff(nodes)
    once = np.cumsum(0.5 * step * (curve[1:] + curve[:-1]))
    once = np.concatenate([[0.0], once])
    twice = np.cumsum(step * (once[:-1] + step * (curve[:-1] / 3.0 + curve[1:] / 6.0)))
    twice = np.concatenate([[0.0], twice])
    height, slope = np.append(curve[:-1], 0.0), np.append(np.diff(curve) / step, 0.0)
    entry = np.searchsorted(nodes, at.ravel(), side="right").reshape(at.shape) - 1
    cubics = np.stack([twice, once, 0.5 * height, slope / 6.0], axis=1).take(entry, axis=0)
    beyond = at - nodes[entry]
    value = cubics[..., 3] * beyond
    for power in (2, 1):
        value += cubics[..., power]
        value *= beyond
    value += cubics[..., 0]
    return value


def _against_hats(second: np.ndarray, steps: np.ndarray) -> np.ndarray:
    return np.diff(np.diff(second, axis=1) / steps, axis=1)


def _without_curvature(matrix: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Take from F what interpolation by lines adds to it, h²F''/12."""
    left, right = steps[:-1], steps[1:]
    share = matrix * ((left**2 - left * right + right**2) / (6.0 * (left + right)))
    corrected = matrix + share * (1.0 / left + 1.0 / right)
    corrected[:, 1:] -= (share / right)[:, :-1]
    corrected[:, :-1] -= (share / left)[:, 1:]
    return corrected
