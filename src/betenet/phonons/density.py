"""Density of states of a crystal with force constants, by site, and what is imaginary in it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from betenet.phonon_dos import PhononDos
from betenet.phonons.extra import load
from betenet.units import convert_frequency

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
    r"""Frequencies and eigenvectors of force constants on a mesh.

    Parameters
    ----------
    phonon
        An object of phonopy with force constants.
    q_length
        Number of points along a reciprocal vector, divided by the vector's length without 2π [Å].
    vacuum_axis
        Vector across the vacuum of a layer: there is one point along its reciprocal vector.

    Notes
    -----
    An operation S of the space group turns the mode at q into one at Sq, in which atom Sκ moves as
    κ did. So the sum over all points is the sum over the irreducible ones with the shares of
    equivalent atoms averaged:
    :math:`g_\kappa = \sum_q w_q \langle |e_{S\kappa}(q)|^2 \rangle_S`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        # body-centred and the like: phonopy takes a mesh of the conventional cell, as dense
        warnings.filterwarnings("ignore", "Mesh .* is incompatible", RuntimeWarning)
        dense: Any = q_length if vacuum_axis is None else _flat_mesh(phonon, q_length, vacuum_axis)
        centred = vacuum_axis is not None  # a length is centred by itself
        phonon.run_mesh(dense, with_eigenvectors=True, is_gamma_center=centred)
        orbits = np.asarray(phonon.primitive_symmetry.get_map_atoms())
    mesh = phonon.mesh
    vectors = np.abs(np.asarray(mesh.eigenvectors)) ** 2
    n_q, n_modes = mesh.frequencies.shape
    # components of a mode are rows: three for each atom
    shares = vectors.reshape(n_q, n_modes // 3, 3, n_modes).sum(axis=2)
    weights = np.asarray(mesh.weights, dtype=float)
    return Modes(
        frequencies=np.asarray(convert_frequency(mesh.frequencies, "THz", "meV")),
        weights=weights / weights.sum(),
        displacements=_averaged(shares, orbits).transpose(0, 2, 1),
        points=np.asarray(mesh.qpoints, dtype=float),
    )


def fitting_frequencies(phonon: Any) -> Float[np.ndarray, "q mode"]:
    """Frequencies at the q points that fit the supercell, negative for imaginary ones [meV].

    There frequencies come straight from the forces. Between them they are interpolated, and soft
    acoustic modes next to Γ can come out imaginary in a stable crystal.
    """
    points = commensurate_points(phonon)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        phonon.run_qpoints(points)
    return np.asarray(convert_frequency(phonon.qpoints.frequencies, "THz", "meV"))


def commensurate_points(phonon: Any) -> Float[np.ndarray, "q 3"]:
    """Points that fit the supercell of an object of phonopy, in its reciprocal vectors."""
    cells = np.linalg.solve(phonon.primitive_matrix, phonon.supercell_matrix)
    find = load("phonopy.harmonic.dynmat_to_fc").get_commensurate_points
    return np.asarray(find(np.rint(cells).astype(int)))


def is_imaginary_only_near_gamma(phonon: Any, modes: Modes, tolerance: float = _SEEN) -> bool:
    """Whether modes are imaginary, and only nearer to Γ than any other point of the supercell.

    Between these points frequencies are interpolated, and the flexural branch of a layer, which
    grows with q², or a soft acoustic branch of a bulk crystal is lost in the errors.

    Parameters
    ----------
    phonon
        An object of phonopy with force constants.
    modes
        On a mesh, with its points.
    tolerance
        Modes below minus this are imaginary [meV].
    """
    assert modes.points is not None
    reciprocal = np.linalg.inv(np.asarray(phonon.primitive.cell)).T

    def distance(points: np.ndarray) -> Float[np.ndarray, " q"]:
        inside = points - np.rint(points)
        images = inside[:, None] + _AROUND
        return np.linalg.norm(images @ reciprocal, axis=2).min(axis=1)

    imaginary = (modes.frequencies < -tolerance).any(axis=1)
    fitting = distance(commensurate_points(phonon))
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


def _averaged(
    shares: Float[np.ndarray, "q site mode"], orbits: Int[np.ndarray, " site"]
) -> Float[np.ndarray, "q site mode"]:
    averaged = np.empty_like(shares)
    for orbit in np.unique(orbits):
        same = orbits == orbit
        averaged[:, same] = shares[:, same].mean(axis=1, keepdims=True)
    return averaged


def _flat_mesh(phonon: Any, q_length: float, vacuum_axis: int) -> list[int]:
    """Points along each reciprocal vector, one across the vacuum."""
    lengths = np.linalg.norm(np.linalg.inv(np.asarray(phonon.primitive.cell)), axis=0)
    mesh = np.maximum(1, np.rint(q_length * lengths)).astype(int)
    mesh[vacuum_axis] = 1
    return mesh.tolist()
