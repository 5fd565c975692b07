"""What a correction of a force field sees of a crystal: its distances, smoothly, with derivatives.

For a crystal these are the shares of its elements; for every pair of elements the number of
neighbours near each of `CENTRES`; and for the surroundings of each atom the products of such
numbers, coarser, so that a bond may weigh differently among many neighbours than alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from math import pi

import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list
from jaxtyping import Float, Int

CUTOFF = 4.5
"""Distance from which neighbours are not seen [Å]."""
CENTRES: Float[np.ndarray, " k"] = np.linspace(0.7, 4.3, 10)
"""Distances near which neighbours are counted [Å]."""
_COARSE: Float[np.ndarray, " m"] = np.array([1.0, 2.0, 3.0])
SHARES, PAIRS, SURROUNDINGS = 0, 1, 2
"""Kinds of features."""


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """Features of a crystal and their derivatives.

    Attributes
    ----------
    values
        Features for each atom of the crystal (feature) [1].
    forces
        Negative derivatives of the features of the whole crystal with respect to the positions
        (atom, 3, feature) [1/Å].
    virial
        Derivatives of the same with respect to the strain (3, 3, feature) [1].
    """

    values: Float[np.ndarray, " feature"]
    forces: Float[np.ndarray, "atom 3 feature"]
    virial: Float[np.ndarray, "3 3 feature"]


def kinds_of(n_elements: int) -> Int[np.ndarray, " feature"]:
    """Kind of each feature, for a number of elements."""
    n_pairs = n_elements * (n_elements + 1) // 2 * len(CENTRES)
    width = n_elements * len(_COARSE)
    n_around = n_elements * width * (width + 1) // 2
    return np.repeat([SHARES, PAIRS, SURROUNDINGS], [n_elements, n_pairs, n_around])


def describe(atoms: Atoms, elements: Sequence[str]) -> Described:
    """Features of a crystal.

    Parameters
    ----------
    atoms
        The crystal.
    elements
        Elements of the system, in their order.
    """
    symbols: list[str] = atoms.get_chemical_symbols()
    kind = np.array([elements.index(one) for one in symbols])
    first, second, distance, vector = neighbor_list("ijdD", atoms, CUTOFF)
    near = _Neighbours(kind, len(elements), first, second, distance, vector)
    shares = np.zeros((len(atoms), 3, len(elements)))
    counts = np.bincount(kind, minlength=len(elements)).astype(float)
    parts = [(counts, shares, np.zeros((3, 3, len(elements)))), near.pairs(), near.surroundings()]
    values, forces, virial = (np.concatenate(one, axis=-1) for one in zip(*parts, strict=True))
    return Described(values / len(atoms), forces, virial)


_Part = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Features of a whole crystal, their forces and virials."""


@dataclass(frozen=True, slots=True)
class _Neighbours:
    """Ordered pairs of neighbours of a crystal."""

    kind: np.ndarray
    n_elements: int
    first: np.ndarray
    second: np.ndarray
    distance: np.ndarray
    vector: np.ndarray

    def pairs(self) -> _Part:
        """Numbers of neighbours of each pair of elements near each distance."""
        values, slopes = _bumps(self.distance, CENTRES)
        low = np.minimum(self.kind[self.first], self.kind[self.second])
        high = np.maximum(self.kind[self.first], self.kind[self.second])
        found: list[_Part] = []
        for one, other in combinations_with_replacement(range(self.n_elements), 2):
            here = ((low == one) & (high == other))[:, None] / 2.0
            found.append(((values * here).sum(axis=0), *self._derivatives(slopes * here)))
        return _joined(found)

    def surroundings(self) -> _Part:
        """Products of two coarse numbers of neighbours of an atom, summed over its element."""
        values, slopes = _bumps(self.distance, _COARSE)
        width = self.n_elements * len(_COARSE)
        columns = self.kind[self.second][:, None] * len(_COARSE) + np.arange(len(_COARSE))
        spread, steep = np.zeros((len(self.first), width)), np.zeros((len(self.first), width))
        np.put_along_axis(spread, columns, values, axis=1)
        np.put_along_axis(steep, columns, slopes, axis=1)
        around = np.zeros((len(self.kind), width))
        np.add.at(around, self.first, spread)
        left, right = np.triu_indices(width)
        found: list[_Part] = []
        for element in range(self.n_elements):
            mine = (self.kind == element)[:, None]
            total = (around[:, left] * around[:, right] * mine).sum(axis=0)
            at = around[self.first] * mine[self.first]
            slope = at[:, left] * steep[:, right] + at[:, right] * steep[:, left]
            found.append((total, *self._derivatives(slope)))
        return _joined(found)

    def _derivatives(self, slopes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Forces and virial of what depends so on the distance of each ordered pair."""
        unit = self.vector / self.distance[:, None]
        pull = unit[:, :, None] * slopes[:, None, :]
        forces = np.zeros((len(self.kind), 3, slopes.shape[1]))
        np.add.at(forces, self.first, pull)
        np.add.at(forces, self.second, -pull)
        return forces, np.einsum("pa,pbf->abf", self.vector, pull)


def _joined(parts: Sequence[_Part]) -> _Part:
    values, forces, virial = (np.concatenate(one, axis=-1) for one in zip(*parts, strict=True))
    return values, forces, virial


def _bumps(distance: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bells around distances that vanish smoothly at the cutoff, and their derivatives."""
    width = centres[1] - centres[0]
    r = distance[:, None]
    away = (r - centres) / width
    bell = np.exp(-0.5 * away**2)
    fade = 0.5 * (1.0 + np.cos(pi * r / CUTOFF))
    fading = -0.5 * pi / CUTOFF * np.sin(pi * r / CUTOFF)
    return bell * fade, bell * (fading - fade * away / width)
