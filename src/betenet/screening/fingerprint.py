"""How the neighbours of each kind of atom lie, whatever the cell that a crystal is written in."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from jaxtyping import Float
from vesin import NeighborList

FARTHEST = 2.6
"""Distance up to which neighbours count, in units of (V/N)^(1/3): about 75 neighbours. Stacking
orders differ first beyond 1.6."""
FADE = 0.04
"""Width over which they fade out there, in ln r: a shell on the border does not jump."""
NEAREST = 0.3
"""Start of the scale, in the same units; H₂ in a crystal has 0.33."""
SMEAR = 0.03
"""Width of a neighbour, in ln r: shells that part by less by strain or noise still overlap."""
STEP = 0.015
"""Step of the grid in ln r on which neighbours are counted; every second point is kept."""

_REACH = FARTHEST * np.exp(3 * FADE)
_POINTS = int(np.ceil(np.log(_REACH / NEAREST) / STEP)) + 2
_GRID = NEAREST * np.exp(STEP * np.arange(_POINTS))
_FADE = 0.5 * (1.0 - np.tanh(np.log(_GRID / FARTHEST) / FADE))
_OFFSETS = np.arange(0, _POINTS, 2)[:, None] - np.arange(_POINTS)[None, :]
_SMEAR = np.exp(-0.5 * (_OFFSETS * STEP / SMEAR) ** 2)
_WEIGHTS = _FADE[:, None] * (_SMEAR / _SMEAR.sum(axis=0)).T


def spacing(atoms: Atoms) -> float:
    """Mean distance of the atoms: the edge of the cube that one of them has [Å]."""
    return float((abs(np.linalg.det(atoms.cell.array)) / len(atoms)) ** (1 / 3))


def fingerprint(atoms: Atoms) -> Float[np.ndarray, "pair point"]:
    """Neighbours for each pair of elements, by the logarithm of their distance.

    For the elements A and B it is the number of pairs for each atom of the cell, smeared over
    ln r, with r in units of the atoms' spacing.

    Parameters
    ----------
    atoms
        A crystal with a volume.

    Returns
    -------
    Float[ndarray, "pair point"]
        Pairs A ≤ B by atomic number. The same for any cell, origin, orientation and order of
        atoms, for the mirror image, and for a crystal that is scaled as a whole.

    Examples
    --------
    >>> from ase.build import bulk
    >>> one = fingerprint(bulk("NaCl", "rocksalt", a=5.64))
    >>> other = fingerprint(bulk("NaCl", "rocksalt", a=5.64, cubic=True))
    >>> one.shape[0], bool(np.allclose(one, other))
    (3, True)
    """
    length = spacing(atoms)
    neighbours = NeighborList(cutoff=float(_REACH * length), full_list=False)
    first, second, distance = neighbours.compute(
        points=atoms.positions, box=atoms.cell.array, periodic=True, quantities="ijd"
    )
    elements, kind = np.unique(atoms.numbers, return_inverse=True)
    n_elements = len(elements)
    one, other = kind[first], kind[second]
    pair = np.minimum(one, other) * n_elements + np.maximum(one, other)
    place = np.log(distance / (length * NEAREST)) / STEP
    place = np.minimum(np.maximum(place, 0.0), _POINTS - 1.001)
    lower = place.astype(np.intp)
    part = place - lower
    index = pair * _POINTS + lower
    size = n_elements**2 * _POINTS
    counts = np.bincount(index, 1.0 - part, size) + np.bincount(index + 1, part, size)
    upper = np.flatnonzero(np.arange(n_elements)[:, None] <= np.arange(n_elements)[None, :])
    return counts.reshape(n_elements**2, _POINTS)[upper] @ _WEIGHTS / len(atoms)


def difference(
    one: Float[np.ndarray, "pair point"], other: Float[np.ndarray, "pair point"]
) -> float:
    """Share of the neighbours that do not overlap, from 0 to 1."""
    return float(abs(one - other).sum() / (one.sum() + other.sum()))
