"""Bands with closed forms: free electrons and a square lattice with one orbital."""

import numpy as np
from ase import Atoms

from betenet.electrons.bands import Bands

HALF = 0.5


def mesh(*grid: int) -> np.ndarray:
    """Coordinates of the points of a mesh, in units of the reciprocal vectors."""
    axes = [np.arange(n) / n for n in grid]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)


def free_electrons(n: int = 16, radius: float = 0.25) -> Bands:
    """A sphere of a radius in a cubic zone; the energy is (2k)² with k in reciprocal vectors."""
    points = mesh(n, n, n)
    points -= np.rint(points)
    energies = 4.0 * (points**2).sum(axis=-1)
    electrons = 2.0 * 4.0 / 3.0 * np.pi * radius**3
    return bands_of(energies[..., None], electrons)


def square_lattice(n: int = 24, filled: float = HALF) -> Bands:
    """One orbital of a square lattice with hops of 1 eV, with a share of its states filled."""
    points = mesh(n, n, 1)
    energies = -2.0 * np.cos(2.0 * np.pi * points[..., :2]).sum(axis=-1)
    return bands_of(energies[..., None], 2.0 * filled)


def bands_of(energies: np.ndarray, electrons: float) -> Bands:
    """Bands of a cube of 3 Å without spin."""
    atoms = Atoms("Na", cell=3.0 * np.eye(3), pbc=True)
    return Bands(atoms=atoms, energies=energies[None], n_electrons=electrons, degeneracy=2)
