r"""Columns that are integrals of others: λ(ω) beside α²F.

.. math:: \lambda(\omega) = 2 \int_0^\omega \frac{\alpha^2F(\omega')}{\omega'}\,\mathrm{d}\omega'

Programs sum it by rectangles or trapezoids, and print it with few digits; it is found where a
column follows either sum within some per cent of its end.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

_TOLERANCE = 0.05
_FEW_ROWS = 5


def running_couplings(
    frequencies: Float[np.ndarray, " n_freq"], columns: Float[np.ndarray, "column n_freq"]
) -> dict[int, int]:
    """Columns that are λ(ω), and the columns whose integrals they are.

    Parameters
    ----------
    frequencies
        ω, increasing, in any unit: λ is the same in each.
    columns
        Columns beside the frequencies.

    Returns
    -------
    dict[int, int]
        Index of the α²F by that of its λ(ω).

    Examples
    --------
    >>> omega = np.linspace(0.1, 10.0, 100)
    >>> a2f = omega * (10.0 - omega)
    >>> running_couplings(omega, np.array([a2f, np.cumsum(2 * a2f / omega) * 0.1]))
    {1: 0}
    """
    found: dict[int, int] = {}
    rows = frequencies > 0.0
    if np.sum(rows) < _FEW_ROWS:
        return found
    growing = never_falls(columns)
    omega, values = frequencies[rows], columns[:, rows]
    falling = np.flatnonzero(~growing)
    for index in np.flatnonzero(growing):
        for source in falling:
            if _follows(omega, values[source], values[index]):
                found[int(index)] = int(source)
                break
    return found


def never_falls(columns: Float[np.ndarray, "column n_freq"]) -> Bool[np.ndarray, " column"]:
    """Mask of the columns that grow to their end, as integrals do and α²F does not."""
    values = np.where(np.isfinite(columns), columns, 0.0)
    size = np.abs(values).max(axis=1, keepdims=True)
    steps = np.diff(values, axis=1)
    if steps.shape[1] < _FEW_ROWS:
        return np.zeros(len(columns), dtype=bool)
    falls = np.where(steps < 0.0, -steps, 0.0).sum(axis=1)
    grows = (falls <= 0.02 * size[:, 0]) & (values[:, -1] > 0.5 * size[:, 0])
    # a flat end: the highest frequencies hold nothing; α²F that is cut off at its peak has none
    return grows & (steps[:, -1] < 0.01 * size[:, 0]) & (values[:, -1] > values[:, 0])


def _follows(omega: np.ndarray, a2f: np.ndarray, running: np.ndarray) -> bool:
    """Whether one column is the integral of the other, up to a constant from below the grid."""
    if not np.all(np.isfinite(a2f)):
        return False
    integrand = 2.0 * a2f / omega
    steps = np.diff(omega)
    trapezoids = np.append(0.0, np.cumsum(0.5 * (integrand[1:] + integrand[:-1]) * steps))
    rectangles = np.append(0.0, np.cumsum(integrand[1:] * steps))
    allowed = _TOLERANCE * abs(running[-1])
    return any(
        float(np.max(np.abs(total - (running - running[0])))) <= allowed
        for total in (trapezoids, rectangles)
    )
