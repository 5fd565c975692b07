"""The shape of α²F without its scale: how λ is distributed over ln(ω/ω_log).

λ and ω_log are taken off, so that lead and a hydride can have one shape. A shape is a row of shares
of λ in bins of ln(ω/ω_log); they are not negative and sum to one, and their mean is 0.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from betenet.tc_equations.made_spectra import GRID, STEP, Drawn, coupling_weights
from betenet.tc_equations.model_spectra import ending_at_top, long_grid

WIDTH = 0.04
"""Width of a bin in ln ω [1]."""
PLACES: Float[np.ndarray, " n_bin"] = WIDTH * np.arange(-75, 66)
"""ln(ω/ω_log) of the bins: ω from 0.05 to 13 ω_log [1]."""
PLACES.setflags(write=False)
FAINT = 1e-3
"""α²F over its peak below which a decoded spectrum is taken to have ended [1]."""

SMOOTHING = 0.05
"""Standard deviation in ln ω under which shapes are learnt: finer is noise of q meshes [1]."""

Shapes = Float[np.ndarray, "spectrum n_bin"]


def shapes_of(a2f: Float[np.ndarray, "spectrum n_freq"]) -> Shapes:
    """Shapes of spectra on the grid of made spectra.

    Parameters
    ----------
    a2f
        α²F, not negative, each with some weight [1].

    Returns
    -------
    Float[ndarray, "spectrum n_bin"]
        Shares of λ [1]. What lies between two bins is divided so that ω_log stays exact; what lies
        outside of all is put into the last one.
    """
    shares = a2f * coupling_weights()
    shares = shares / shares.sum(axis=1, keepdims=True)
    omega_log = shares @ np.log(GRID)
    return binned(np.log(GRID) - omega_log[:, None], shares)


def binned(
    places: Float[np.ndarray, "spectrum point"], shares: Float[np.ndarray, "spectrum point"]
) -> Shapes:
    """Shares at any ln(ω/ω_log), brought to the bins."""
    at = np.clip((places - PLACES[0]) / WIDTH, 0.0, PLACES.size - 1.0)
    lower = np.minimum(at.astype(int), PLACES.size - 2)
    above = at - lower
    shapes = np.zeros((len(places), PLACES.size))
    rows = np.broadcast_to(np.arange(len(places))[:, None], lower.shape)
    np.add.at(shapes, (rows, lower), shares * (1.0 - above))
    np.add.at(shapes, (rows, lower + 1), shares * above)
    return shapes


def centred(shapes: Shapes) -> Shapes:
    """Shapes moved along ln ω until their mean, ω_log, is at 0."""
    return binned(PLACES - (shapes @ PLACES)[:, None], shapes)


def smoothed(shapes: Shapes, width: float = SMOOTHING) -> Shapes:
    """Shapes under a Gaussian of a standard deviation in ln ω [1]; sums and means are kept."""
    reach = np.arange(-int(4 * width / WIDTH) - 1, int(4 * width / WIDTH) + 2)
    kernel = np.exp(-0.5 * (reach * WIDTH / width) ** 2)
    kernel /= kernel.sum()
    places = PLACES[:, None] + WIDTH * reach
    parts = shapes[:, :, None] * kernel
    rows = len(shapes)
    return binned(np.broadcast_to(places.ravel(), (rows, places.size)), parts.reshape(rows, -1))


def second_moment(shapes: Shapes) -> Float[np.ndarray, " spectrum"]:
    """ω_2/ω_log of shapes whose mean is 0 [1]."""
    return np.sqrt(shapes @ np.exp(2.0 * PLACES))


def distances(
    shapes: Shapes, others: Float[np.ndarray, "other n_bin"]
) -> Float[np.ndarray, "spectrum other"]:
    """How far λ has to be moved in ln ω to make one shape of the other (W₁) [1]."""
    one, two = np.cumsum(shapes, axis=1), np.cumsum(others, axis=1)
    return np.stack([WIDTH * np.abs(two - row).sum(axis=1) for row in one])


def curves_of(
    shapes: Shapes, places: Float[np.ndarray, "*spectrum point"]
) -> Float[np.ndarray, "spectrum point"]:
    """α²F of shapes, up to a factor, at any ln(ω/ω_log).

    It is linear in ln ω between the bins, goes with ω² below the first, and ends where it is faint.
    """
    a2f = np.where(shapes < FAINT * shapes.max(axis=1, keepdims=True), 0.0, shapes)
    a2f[:, 0] = shapes[:, 0]  # the onset is no end
    points = np.broadcast_to(places, (len(a2f), np.shape(places)[-1]))
    rows = zip(points, a2f, strict=True)
    curves = np.stack([np.interp(point, PLACES, row, right=0.0) for point, row in rows])
    onset = np.exp(2.0 * np.minimum(points - PLACES[0], 0.0))
    return curves * onset


def drawn(shapes: Shapes, name: str) -> Drawn:
    """Shapes as spectra on the grid of made spectra, each with its ω_max at the top."""
    places = np.log(long_grid() / GRID[0]) + PLACES[0] - 2.0 * STEP
    return ending_at_top(curves_of(shapes, places), name)
