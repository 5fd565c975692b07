"""Integrals over the Brillouin zone by the optimised tetrahedra of libtetrabz.

References
----------
Kawamura, Gohda and Tsuneyuki, Phys. Rev. B 89, 094515 (2014).
"""

from __future__ import annotations

import ctypes
import importlib
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from betenet.extras import load

Energies = Float[np.ndarray, "n_1 n_2 n_3 _"]
"""Energies of bands on a full mesh; two of them may have different numbers of bands."""
Elements = Float[np.ndarray, "n_1 n_2 n_3 before after"]
"""Squares of matrix elements between the bands at k and at k + q."""

SMOOTH = 1.0
"""Least energy of the transitions of a pair of bands that needs no tetrahedra [eV]."""
OFFSET = 1e-4
"""What is added to the energy of each transition that tetrahedra are used for [eV]."""
_STEP = 0.05
"""First distance of the bounds of the Fermi energy [eV]."""
_PRECISION = 1e-7
"""Precision of the Fermi energy [eV]."""
_NEVER = 1e6
"""Energy of a state that is never filled, or always if negative [eV]."""


def _library() -> Any:
    return load("electrons", "libtetrabz")


def density_of_states(
    reciprocal: Float[np.ndarray, "3 3"], energies: Energies, levels: Float[np.ndarray, " level"]
) -> Float[np.ndarray, "band level"]:
    """Density of states of each band at some energies, for one spin [1/eV].

    Parameters
    ----------
    reciprocal
        Reciprocal vectors as rows.
    energies
        Energies on a full mesh [eV].
    levels
        Energies at which it is wanted [eV].
    """
    found = np.zeros((energies.shape[-1], len(levels)))
    low, high = energies.min(axis=(0, 1, 2)), energies.max(axis=(0, 1, 2))
    some = np.flatnonzero((low <= levels.max()) & (high >= levels.min()))
    if some.size:
        weights = _library().dos(reciprocal, energies[..., some], np.asarray(levels, dtype=float))
        found[some] = weights.sum(axis=(0, 1, 2))
    return found


def states_at(reciprocal: Float[np.ndarray, "3 3"], energies: Energies, level: float) -> Energies:
    """What each state of the mesh adds to the density of states at an energy [eV] [1/eV]."""
    weights = _library().dos(reciprocal, energies, np.array([level], dtype=float))
    return np.asarray(weights[..., 0])


def fermi_energy(reciprocal: Float[np.ndarray, "3 3"], energies: Energies, filled: float) -> float:
    """Energy up to which as many states are filled as there are electrons for [eV].

    Parameters
    ----------
    reciprocal
        Reciprocal vectors as rows.
    energies
        Energies on a full mesh, growing along the bands [eV].
    filled
        States that are filled at each point on average; fewer than there are bands [1].

    Notes
    -----
    Bands that are full or empty for certain take no part in the search, which begins at the energy
    below which as large a share of the points lies.
    """
    low, high = energies.min(axis=(0, 1, 2)), energies.max(axis=(0, 1, 2))
    bottom, top = low[int(np.ceil(filled)) - 1], high[int(np.floor(filled))]
    some = (high > bottom) & (low < top)
    wanted = filled - int((high <= bottom).sum())
    taken = np.ascontiguousarray(energies[..., some])

    def excess(level: float) -> float:
        return float(_library().occ(reciprocal, taken - level).sum()) - wanted

    start = float(np.quantile(taken, wanted / taken.shape[-1]))
    step = _STEP
    while (first := max(bottom, start - step)) > bottom and excess(first) > 0.0:
        step *= 4.0
    step = _STEP
    while (last := min(top, start + step)) < top and excess(last) < 0.0:
        step *= 4.0
    optimize: Any = importlib.import_module("scipy.optimize")  # untyped
    return float(optimize.brentq(excess, first, last, xtol=_PRECISION))


def transitions(
    reciprocal: Float[np.ndarray, "3 3"],
    here: Energies,
    there: Energies,
    elements: Elements | None = None,
) -> float:
    r"""Sum of :math:`\theta(-e_n)\,\theta(e'_m)/(e'_m - e_n)` over bands and the zone [1/eV].

    Parameters
    ----------
    reciprocal
        Reciprocal vectors as rows.
    here, there
        Energies from the Fermi level at k and at k + q [eV].
    elements
        Squares of the matrix elements; 1 if absent [1].

    Notes
    -----
    Where every transition of a pair of bands costs more than `SMOOTH`, the denominator is smooth
    and the weights of the filled states suffice; libtetrabz does the other pairs, which takes most
    of the time. `OFFSET` is added to their energies: where three corners of a tetrahedron have
    equal energies before and after, the closed form of libtetrabz is 0/0.
    """
    first, last = here.min(axis=(0, 1, 2)) < 0.0, there.max(axis=(0, 1, 2)) > 0.0
    here, there, elements = here[..., first], there[..., last], _some(elements, first, last)
    if not (here.shape[-1] and there.shape[-1]):
        return 0.0
    costs = there.min(axis=(0, 1, 2)) - here.max(axis=(0, 1, 2))[:, None]
    near, close = (costs < SMOOTH).any(axis=1), (costs < SMOOTH).any(axis=0)
    if near.all() and close.all():
        return _polarisation(reciprocal, here, there + OFFSET, elements)
    filled = occupations(reciprocal, here)
    vacant = 1.0 - occupations(reciprocal, there)
    total = 0.0
    for band in range(here.shape[-1]):
        others = ~close if near[band] else slice(None)
        gaps = there[..., others] - here[..., band, None]
        shares = filled[..., band, None] * vacant[..., others]
        if elements is not None:
            shares = shares * elements[..., band, others]
        total += float((shares / gaps).mean(axis=(0, 1, 2)).sum())
    if near.any():
        some = _some(elements, near, close)
        total += _polarisation(reciprocal, here[..., near], there[..., close] + OFFSET, some)
    return total


def double_delta(
    reciprocal: Float[np.ndarray, "3 3"],
    here: Energies,
    there: Energies,
    elements: Elements | None = None,
) -> float:
    r"""Sum of :math:`\delta(e_n)\,\delta(e'_m)` over bands and the zone [1/eV²].

    Parameters
    ----------
    reciprocal
        Reciprocal vectors as rows.
    here, there
        Energies from the Fermi level at k and at k + q [eV].
    elements
        Squares of the matrix elements; 1 if absent [1].

    Notes
    -----
    Where two sheets lie on each other it diverges; `OFFSET` leaves a large number.
    """
    first, last = _crossing(here), _crossing(there)
    here, there = here[..., first], there[..., last]
    if not (here.shape[-1] and there.shape[-1]):
        return 0.0
    pair = _same_number(here, there + OFFSET, _NEVER, _NEVER)
    with _silent():
        weights = _library().dbldelta(reciprocal, *pair)
    return _weighted(weights, _some(elements, first, last))


def _crossing(energies: Energies) -> Bool[np.ndarray, " band"]:
    """Whether each band is partly filled."""
    low, high = energies.min(axis=(0, 1, 2)), energies.max(axis=(0, 1, 2))
    return (low < 0.0) & (high > 0.0)


def _some(elements: Elements | None, here: np.ndarray, there: np.ndarray) -> Elements | None:
    """Matrix elements between some of the bands."""
    return None if elements is None else elements[..., here, :][..., there]


def _weighted(weights: np.ndarray, elements: Elements | None) -> float:
    """Sum of weights (n_1, n_2, n_3, band before, band after), times the matrix elements."""
    if elements is None:
        return float(weights.sum())
    before, after = elements.shape[-2:]  # the others are idle
    return float((weights[..., :before, :after] * elements).sum())


def occupations(reciprocal: np.ndarray, energies: Energies) -> Energies:
    """Share of each state of the mesh that is filled, by the weights of the tetrahedra [1]."""
    low, high = energies.min(axis=(0, 1, 2)), energies.max(axis=(0, 1, 2))
    found = np.where(high < 0.0, 1.0, 0.0) * np.ones_like(energies)
    partial = (low < 0.0) & (high > 0.0)
    if partial.any():
        weights = _library().occ(reciprocal, np.ascontiguousarray(energies[..., partial]))
        found[..., partial] = weights * np.prod(energies.shape[:3])
    return found


def _polarisation(
    reciprocal: np.ndarray, here: Energies, there: Energies, elements: Elements | None
) -> float:
    # a state that is never filled before, or always after, adds nothing
    pair = _same_number(here, there, _NEVER, -_NEVER)
    with _silent():
        weights = _library().polstat(reciprocal, *pair)
    return _weighted(weights, elements)


@contextmanager
def _silent() -> Generator[None]:
    """Keep what libtetrabz prints of rounding in its weights out of our output."""
    flush = ctypes.CDLL(None).fflush
    sys.stdout.flush()
    flush(None)
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        flush(None)  # what C has in its buffer would come later
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def _same_number(
    here: Energies, there: Energies, idle_here: float, idle_there: float
) -> tuple[Energies, Energies]:
    """Both with as many bands as the larger, which libtetrabz wants; what is added is idle."""
    n = max(here.shape[-1], there.shape[-1])
    return _filled_up(here, n, idle_here), _filled_up(there, n, idle_there)


def _filled_up(energies: Energies, n: int, idle: float) -> Energies:
    found = np.full((*energies.shape[:3], n), idle)
    found[..., : energies.shape[-1]] = energies
    return found
