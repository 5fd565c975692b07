"""Iterations that converge faster by mixing: the next point is what undoes the last residuals."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

MEMORY = 8
"""Earlier points that are kept."""


class AndersonMixing:
    """Anderson's mixing of the points of a fixed-point iteration.

    References
    ----------
    Anderson, J. ACM 12, 547 (1965).

    Examples
    --------
    The cosine of itself:

    >>> mixing, x = AndersonMixing(), np.array([1.0])
    >>> for _ in range(9):
    ...     x = mixing.next(x, np.cos(x) - x)
    >>> round(float(x[0]), 6)
    0.739085
    """

    def __init__(self) -> None:
        self._points: list[np.ndarray] = []
        self._residuals: list[np.ndarray] = []

    def next(
        self, point: Float[np.ndarray, " n"], residual: Float[np.ndarray, " n"]
    ) -> Float[np.ndarray, " n"]:
        """The next point, from the last one and what the iteration changes in it."""
        self._points = [*self._points[-MEMORY:], point]
        self._residuals = [*self._residuals[-MEMORY:], residual]
        newest = point + residual
        if len(self._points) == 1:
            return newest
        moved = np.stack([point - other for other in self._points[:-1]], axis=1)
        eased = np.stack([residual - other for other in self._residuals[:-1]], axis=1)
        shares = np.linalg.lstsq(eased, residual, rcond=1e-10)[0]
        return np.asarray(newest - (moved + eased) @ shares)
