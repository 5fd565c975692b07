"""Interpolation on equidistant knots as a constant sparse matrix."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.sparse import csr_array

ORDER = 8
"""Knots that each value is made of."""


def interpolation_matrix(
    points: Float[np.ndarray, " point"], knots: Float[np.ndarray, " knot"]
) -> csr_array:
    """Lagrange interpolation from values at the knots to values at the points.

    Parameters
    ----------
    points
        Within the range of the knots.
    knots
        Equidistant, at least `ORDER`.

    Returns
    -------
    csr_array
        (point, knot); exact for polynomials of degree `ORDER` - 1.

    Examples
    --------
    >>> knots = np.linspace(0, 4, 20)
    >>> matrix = interpolation_matrix(np.array([0.1, 1.234]), knots)
    >>> bool(np.allclose(matrix @ knots**5, [0.1**5, 1.234**5]))
    True
    """
    step = knots[1] - knots[0]
    scaled = (points - knots[0]) / step
    first = np.clip(np.floor(scaled).astype(np.int64) - ORDER // 2 + 1, 0, len(knots) - ORDER)
    local = (scaled - first)[:, None, None]
    nodes = np.arange(ORDER)
    others = np.array([np.delete(nodes, node) for node in nodes])
    weights = ((local - others) / (nodes[:, None] - others)).prod(axis=2)
    columns = first[:, None] + nodes
    starts = np.arange(len(points) + 1) * ORDER
    return csr_array((weights.ravel(), columns.ravel(), starts), (len(points), len(knots)))
