"""How λ moves along a row of smearings, and where it has settled."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

SETTLED = 0.05
"""Change of λ from one smearing to the next, as a share, up to which it counts as settled."""


def flattest(coupling: ArrayLike) -> tuple[int, float]:
    """Where λ changes least along a row of smearings, and by how much.

    Parameters
    ----------
    coupling
        λ at each smearing, in order; nan is passed over [1].

    Returns
    -------
    tuple[int, float]
        Index, and the larger change to a neighbour as a share of λ; the change is nan if there
        is only one.

    Notes
    -----
    A rule of thumb, not a proof of convergence: a smearing so wide that it washes the Fermi
    surface out also gives a flat λ. Of equal ones the narrowest (the first) is taken.

    Examples
    --------
    >>> flattest([2.0, 1.0, 1.0, 1.0, 0.7])
    (2, 0.0)
    """
    values = np.asarray(coupling, dtype=np.float64)
    known = np.flatnonzero(np.isfinite(values))
    if known.size < 2:
        return (int(known[0]) if known.size else 0), math.nan
    kept = values[known]
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.abs(np.diff(kept))
        change = np.maximum(np.append(steps, 0.0), np.append(0.0, steps)) / np.abs(kept)
    # an end has one neighbour only: it counts as flat as the worse of the two next to it
    if kept.size > 2:
        change[0], change[-1] = max(change[0], change[1]), max(change[-1], change[-2])
    change = np.where(np.isfinite(change), change, np.inf)
    best = int(np.argmin(change))
    return int(known[best]), float(change[best])
