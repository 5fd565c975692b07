"""Density of states of a crystal with force constants, by site, and what is imaginary in it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from betenet.phonon_dos import PhononDos
from betenet.phonons.extra import load
from betenet.units import convert_frequency


@dataclass(frozen=True, slots=True)
class Modes:
    """Modes of a crystal on the irreducible points of a q mesh.

    Attributes
    ----------
    frequencies
        Negative for imaginary ones (q, mode) [meV].
    weights
        Share of each point in the Brillouin zone; they add up to 1 (q,).
    displacements
        Share of each atom in a mode, equal on equivalent atoms (q, mode, site).
    """

    frequencies: Float[np.ndarray, "q mode"]
    weights: Float[np.ndarray, " q"]
    displacements: Float[np.ndarray, "q mode site"]

    def imaginary_fraction(self, tolerance: float) -> float:
        """Share of the modes below minus the tolerance [meV]."""
        below = (self.frequencies < -tolerance).mean(axis=1)
        return float(self.weights @ below)

    def imaginary_q_fraction(self, tolerance: float) -> float:
        """Share of the Brillouin zone with a mode below minus the tolerance [meV]."""
        return float(self.weights @ (self.frequencies < -tolerance).any(axis=1))


def modes_of(phonon: Any, q_length: float) -> Modes:
    r"""Frequencies and eigenvectors of force constants on a mesh.

    Parameters
    ----------
    phonon
        An object of phonopy with force constants.
    q_length
        Number of points along a reciprocal vector, divided by the vector's length without 2π [Å].

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
        phonon.run_mesh(q_length, with_eigenvectors=True)
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
    )


def commensurate_imaginary_fraction(phonon: Any, tolerance: float) -> float:
    """Share of the modes below minus the tolerance at the q points that fit the supercell.

    There frequencies come straight from the forces. Between them they are interpolated, and soft
    acoustic modes next to Γ can come out imaginary in a stable crystal.

    Parameters
    ----------
    phonon
        An object of phonopy with force constants.
    tolerance
        [meV].
    """
    cells = np.linalg.solve(phonon.primitive_matrix, phonon.supercell_matrix)
    points = load("phonopy.harmonic.dynmat_to_fc").get_commensurate_points(
        np.rint(cells).astype(int)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        phonon.run_qpoints(points)
    found = np.asarray(convert_frequency(phonon.qpoints.frequencies, "THz", "meV"))
    return float((found < -tolerance).mean())


def density_of_states(modes: Modes, step: float, symbols: tuple[str, ...]) -> PhononDos:
    """Site-projected density of states on multiples of a step.

    Parameters
    ----------
    modes
        On a mesh of the whole zone.
    step
        Of the grid [meV].
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
