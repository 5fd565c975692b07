"""Density of states of a crystal with force constants, by site, and what is imaginary in it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from jaxtyping import Float

from betenet.phonon_dos import PhononDos
from betenet.phonons.dynamical_matrices import matrices_of
from betenet.phonons.q_mesh import irreducible_points, mesh_of_length, points_along

_SEEN = 0.05
"""Frequencies below minus this are imaginary beyond the rounding of forces [meV]."""
_AROUND = np.array(list(product((-1, 0, 1), repeat=3)))


@dataclass(frozen=True, slots=True)
class Modes:
    """Modes of a crystal on the irreducible points of a q mesh.

    Attributes
    ----------
    frequencies
        Frequencies, negative for imaginary ones (q, mode) [meV].
    weights
        Share of each point in the Brillouin zone; they add up to 1 (q,).
    displacements
        Share of each atom in a mode, equal on equivalent atoms (q, mode, site).
    points
        Points in units of the reciprocal vectors; None where they do not matter (q, 3).
    """

    frequencies: Float[np.ndarray, "q mode"]
    weights: Float[np.ndarray, " q"]
    displacements: Float[np.ndarray, "q mode site"]
    points: Float[np.ndarray, "q 3"] | None = None

    def imaginary_fraction(self, tolerance: float) -> float:
        """Share of the modes below minus the tolerance [meV]."""
        below = (self.frequencies < -tolerance).mean(axis=1)
        return float(self.weights @ below)

    def imaginary_q_fraction(self, tolerance: float) -> float:
        """Share of the Brillouin zone with a mode below minus the tolerance [meV]."""
        return float(self.weights @ (self.frequencies < -tolerance).any(axis=1))


def modes_of(phonon: Any, q_length: float, vacuum_axis: int | None = None) -> Modes:
    """Frequencies and shares of the atoms on a mesh.

    Parameters
    ----------
    phonon
        Dynamical matrices, or an object of phonopy with force constants.
    q_length
        Number of points along a reciprocal vector, divided by the vector's length without 2π [Å].
    vacuum_axis
        Vector across the vacuum of a layer: there is one point along its reciprocal vector.
    """
    matrices = matrices_of(phonon)
    if vacuum_axis is None:
        points, weights = mesh_of_length(
            matrices.lattice, matrices.rotations, matrices.conventional, q_length
        )
    else:
        flat = points_along(matrices.lattice, q_length)
        flat[vacuum_axis] = 1
        points, weights = irreducible_points(np.diag(flat), matrices.rotations)
    frequencies, shares = matrices.modes(points)
    return Modes(frequencies, weights, shares, points)


def fitting_frequencies(phonon: Any) -> Float[np.ndarray, "q mode"]:
    """Frequencies at the q points that fit the supercell, negative for imaginary ones [meV].

    There frequencies come straight from the forces. Between them they are interpolated, and soft
    acoustic modes next to Γ can come out imaginary in a stable crystal.

    Parameters
    ----------
    phonon
        Dynamical matrices, or an object of phonopy with force constants.
    """
    matrices = matrices_of(phonon)
    return matrices.frequencies(matrices.fitting)


def is_imaginary_only_near_gamma(phonon: Any, modes: Modes, tolerance: float = _SEEN) -> bool:
    """Whether modes are imaginary, and only nearer to Γ than any other point of the supercell.

    Between these points frequencies are interpolated, and the flexural branch of a layer, which
    grows with q², or a soft acoustic branch of a bulk crystal is lost in the errors.

    Parameters
    ----------
    phonon
        Dynamical matrices, or an object of phonopy with force constants.
    modes
        On a mesh, with its points.
    tolerance
        Modes below minus this are imaginary [meV].
    """
    assert modes.points is not None
    matrices = matrices_of(phonon)
    reciprocal = np.linalg.inv(matrices.lattice).T

    def distance(points: np.ndarray) -> Float[np.ndarray, " q"]:
        inside = points - np.rint(points)
        images = inside[:, None] + _AROUND
        return np.linalg.norm(images @ reciprocal, axis=2).min(axis=1)

    imaginary = (modes.frequencies < -tolerance).any(axis=1)
    fitting = distance(matrices.fitting)
    nearest = fitting[fitting > 1e-6].min(initial=np.inf)
    return bool(imaginary.any() and distance(modes.points[imaginary]).max() < nearest)


def density_of_states(modes: Modes, step: float, symbols: tuple[str, ...]) -> PhononDos:
    """Site-projected density of states on multiples of a step.

    Parameters
    ----------
    modes
        On a mesh of the whole zone.
    step
        Step of the grid [meV].
    symbols
        Element of each site.

    Returns
    -------
    PhononDos
        From just below the lowest frequency to just above the highest; ∫ = 3 for each site.

    Notes
    -----
    A mode counts at the two grid points beside it, in the inverse ratio of their distances. This
    keeps the number of states and their mean frequency exactly. There is no further smearing.

    Examples
    --------
    >>> one = Modes(np.array([[2.0, 2.0, 2.25]]), np.ones(1), np.ones((1, 3, 1)))
    >>> density_of_states(one, 0.5, ("Po",)).total.tolist()
    [0.0, 5.0, 1.0, 0.0]
    """
    place = modes.frequencies / step
    first = int(np.floor(place.min())) - 1
    n_bins = int(np.floor(place.max())) + 3 - first
    lower = np.floor(place).astype(int)
    above = place - lower
    sites = np.zeros((modes.displacements.shape[2], n_bins))
    for index in range(len(sites)):
        amount = modes.weights[:, None] * modes.displacements[:, :, index]
        for bins, share in ((lower, 1.0 - above), (lower + 1, above)):
            sites[index] += np.bincount(
                (bins - first).ravel(), (amount * share).ravel(), minlength=n_bins
            )
    sites /= step
    return PhononDos((first + np.arange(n_bins)) * step, sites.sum(axis=0), sites, symbols)
