"""Static susceptibility Re χ0(q) of electrons without interaction, and their nesting function."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from betenet.electrons.bands import Bands
from betenet.electrons.fermi_level import dos_at, level_and_gap
from betenet.electrons.tetrahedra import Elements, double_delta, transitions
from betenet.errors import ConfigError, DataError
from betenet.runs import WorkerPool

_ON_MESH = 1e-6
"""Distance from a point of the mesh that rounding explains [steps of the mesh]."""
_LEAST_SHARE = 1e-6
"""Share of a state in all orbitals that is taken for none [1]."""
_ORDER = 3
"""Order of the splines that give energies between the points of the mesh."""

Waves = Float[np.ndarray, "q 3"]
_Job = tuple[int, tuple[float, float, float]]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Susceptibility:
    """Re χ0 and the nesting function at some wave vectors.

    Attributes
    ----------
    q
        Wave vectors in units of the reciprocal vectors.
    chi0
        Static susceptibility of the cell, both spins together; at Γ its limit for small q [1/eV].
    nesting
        Nesting function of one spin, summed over the spins if they are told apart; nan at Γ, where
        it diverges [1/eV²].
    fermi_dos
        N(E_F) of the cell, both spins together, on the same mesh [1/eV].
    null_nesting
        Nesting function of the same states at E_F if where they are said nothing: the mean over
        all q, which is N(E_F)² of a spin [1/eV²].
    on_mesh
        Whether each wave vector joins points of the mesh; for others energies are interpolated.
    fermi_energy
        Energy up to which states are filled [eV].
    grid
        Points of the mesh along each axis.
    """

    q: Waves
    chi0: Float[np.ndarray, " q"]
    nesting: Float[np.ndarray, " q"]
    fermi_dos: float
    null_nesting: float
    on_mesh: np.ndarray
    fermi_energy: float
    grid: tuple[int, int, int]

    @property
    def relative_chi0(self) -> Float[np.ndarray, " q"]:
        """χ0(q)/N(E_F): 1 for small q; above it, more than any free electrons have [1]."""
        return self.chi0 / self.fermi_dos

    @property
    def relative_nesting(self) -> Float[np.ndarray, " q"]:
        """Nesting function over that of states whose place says nothing [1]."""
        return self.nesting / self.null_nesting


def susceptibility(
    bands: Bands,
    waves: Waves,
    *,
    workers: int = 1,
    all_bands: bool = False,
    spin_polarised: bool = False,
    orbitals: bool = False,
    done: Callable[[], object] = int,
) -> Susceptibility:
    r"""Re χ0(q) with constant matrix elements, and the nesting function.

    .. math:: \chi_0(\mathbf q) = \frac{g}{N} \sum_{\mathbf k n m}
              \frac{f(e_{n\mathbf k}) - f(e_{m\mathbf k+\mathbf q})}
                   {e_{m\mathbf k+\mathbf q} - e_{n\mathbf k}},
              \qquad
              \xi(\mathbf q) = \frac1N \sum_{\mathbf k n m}
              \delta(e_{n\mathbf k})\,\delta(e_{m\mathbf k+\mathbf q})

    Parameters
    ----------
    bands
        Bands on a full mesh.
    waves
        Wave vectors in units of the reciprocal vectors.
    workers
        Processes that share the wave vectors.
    all_bands
        Whether transitions between all bands count; else those between bands that cross the Fermi
        level. With matrix elements of 1 the others add a background that hardly depends on q, and
        that is many times too large.
    spin_polarised
        Whether bands of two spins are meant: transitions that keep the spin are summed then.
    orbitals
        Whether orbitals tell matrix elements, see the notes; else they are 1.
    done
        Called for each wave vector that is done.

    Raises
    ------
    DataError
        If the bands are those of an insulator, of two spins where one was meant, or without
        orbitals where they are to tell matrix elements.
    ConfigError
        If a wave vector is not finite, or libtetrabz is not installed.

    Notes
    -----
    Matrix elements are taken as 1 for every pair of states: a peak says where energies would favour
    an instability, not that there is one. By time reversal both terms of χ0 are equal, and one is
    computed.

    With orbitals the square of a matrix element is :math:`(\\sum_o \\sqrt{w_o w'_o})^2`, with the
    shares :math:`w_o` of a state in the orbitals (site and angular momentum), which sum to 1: the
    most that states with these shares can have in common. It is 1 for states of one orbital, and 0
    for those of different ones; phases, and which of the orbitals of an angular momentum it is, are
    left out.

    References
    ----------
    Kawamura, Gohda and Tsuneyuki, Phys. Rev. B 89, 094515 (2014). Johannes and Mazin,
    Phys. Rev. B 77, 165135 (2008), on what nesting says.
    """
    waves = _checked(bands, waves, spin_polarised)
    level, gap = level_and_gap(bands)
    if gap > 0.0:
        raise DataError(
            f"{bands.source} has a gap of {gap:.3g} eV at the Fermi level.",
            "There is no Fermi surface, so nothing nests.",
            "Leave insulators out.",
        )
    taken = np.ones(bands.energies.shape[-1], dtype=bool)
    if not all_bands:
        taken = bands.crossing(level).any(axis=0)
    total = dos_at(bands, level)
    found = np.full((len(waves), 2), math.nan)
    weights = _roots_of_shares(bands)[..., taken, :] if orbitals else None
    energies = bands.energies[..., taken] - level
    arguments = (bands.reciprocal, energies, bands.degeneracy, total, weights)
    for index, pair in _all(arguments, waves, workers):
        found[index] = pair
        done()
    by_spin = total / (bands.degeneracy * bands.n_spins)
    steps = waves * np.asarray(bands.grid)
    return Susceptibility(
        q=waves,
        chi0=found[:, 0],
        nesting=found[:, 1],
        fermi_dos=total,
        null_nesting=bands.n_spins * by_spin**2,
        on_mesh=np.abs(steps - np.rint(steps)).max(axis=1) < _ON_MESH,
        fermi_energy=level,
        grid=bands.grid,
    )


def _checked(bands: Bands, waves: Waves, spin_polarised: bool) -> Waves:
    waves = np.atleast_2d(np.asarray(waves, dtype=np.float64))
    if waves.shape[1] != 3 or not np.isfinite(waves).all():
        raise ConfigError(
            "A wave vector is not three finite numbers.",
            "They count in units of the reciprocal vectors.",
            "Write it as in 0.5,0.5,0.5.",
        )
    if bands.n_spins > 1 and not spin_polarised:
        raise DataError(
            f"{bands.source} is spin-polarised.",
            "Nesting is asked of the state without moments, whose instabilities it shows.",
            "Compute the bands without spin; or say that two spins are meant (--spin-polarised).",
        )
    return waves


def _roots_of_shares(bands: Bands) -> Float[np.ndarray, "spin n_1 n_2 n_3 band orbital"]:
    """Roots of the shares of the orbitals in each state, whose squares sum to 1."""
    if bands.orbitals is None:
        raise DataError(
            f"{bands.source} has no orbitals beside it.",
            "They tell the matrix elements.",
            "Run `betenet electrons run --orbitals`, or projwfc.x with filproj; or leave the "
            "matrix elements at 1.",
        )
    weights = bands.orbitals.weights.clip(0.0)
    return np.sqrt(weights / np.maximum(weights.sum(axis=-1, keepdims=True), _LEAST_SHARE))


class _AtWave:
    """χ0 and nesting function of bands at one wave vector: what a worker does.

    Parameters
    ----------
    reciprocal
        Reciprocal vectors as rows [1/Å].
    energies
        Energies from the Fermi level (spin, n_1, n_2, n_3, band) [eV].
    degeneracy
        Electrons that one state holds [1].
    total
        N(E_F) of the cell, both spins together [1/eV].
    roots
        Roots of the shares of orbitals (spin, n_1, n_2, n_3, band, orbital); None for matrix
        elements of 1.
    """

    def __init__(
        self,
        reciprocal: np.ndarray,
        energies: np.ndarray,
        degeneracy: int,
        total: float,
        roots: np.ndarray | None = None,
    ) -> None:
        self._reciprocal, self._energies = reciprocal, energies
        self._degeneracy, self._fermi_dos, self._roots = degeneracy, total, roots

    def __call__(self, job: _Job) -> tuple[float, float]:
        """χ0 [1/eV] and nesting function [1/eV²]."""
        wave = np.array(job[1])
        chi0 = nesting = 0.0
        at_gamma = bool(np.all(np.abs(wave - np.rint(wave)) < _ON_MESH))
        for spin, here in enumerate(self._energies):
            there, elements = shifted(here, wave), self._elements(spin, wave)
            # each of the two terms of χ0 is half of it
            chi0 += 2.0 * transitions(self._reciprocal, here, there, elements)
            if not at_gamma:
                nesting += double_delta(self._reciprocal, here, there, elements)
        if at_gamma:  # `OFFSET` moves a shell of states through E_F: N(E_F) in each of the terms
            return self._degeneracy * chi0 - self._fermi_dos, math.nan
        return self._degeneracy * chi0, nesting

    def _elements(self, spin: int, wave: np.ndarray) -> Elements | None:
        """Squares of the matrix elements; None if they are 1."""
        if self._roots is None:
            return None
        here = self._roots[spin]
        flat = shifted(here.reshape(*here.shape[:3], -1), wave)
        there = flat.reshape(here.shape).clip(0.0)  # splines overshoot
        return np.einsum("xyzbo,xyzco->xyzbc", here, there).clip(0.0, 1.0) ** 2


def _all(
    arguments: tuple[np.ndarray, np.ndarray, int, float, np.ndarray | None],
    waves: Waves,
    workers: int,
) -> Iterator[tuple[int, tuple[float, float]]]:
    """Number of each wave vector with its χ0 and nesting function, as they are done."""
    jobs = [(index, (wave[0], wave[1], wave[2])) for index, wave in enumerate(waves.tolist())]
    if workers == 1 or len(jobs) == 1:
        work = _AtWave(*arguments)
        yield from ((job[0], work(job)) for job in jobs)
        return
    pool: WorkerPool[_Job, tuple[float, float]] = WorkerPool(
        min(workers, len(jobs)), _AtWave, arguments, name=lambda job: f"q = {job[1]}"
    )
    with pool:
        for job, answer in pool.work_through(jobs):
            if isinstance(answer, Exception):
                raise answer
            yield job[0], answer


def shifted(energies: np.ndarray, wave: np.ndarray) -> np.ndarray:
    """Energies at k + q, for k on the mesh.

    Parameters
    ----------
    energies
        Energies on a full mesh (n_1, n_2, n_3, band) [eV].
    wave
        Wave vector in units of the reciprocal vectors; where it does not join points of the mesh,
        periodic splines give the energies, band by band.
    """
    steps = wave * np.asarray(energies.shape[:3])
    nearest = np.rint(steps).astype(int)
    if np.all(np.abs(steps - nearest) < _ON_MESH):
        return np.roll(energies, tuple(-nearest), axis=(0, 1, 2))
    ndimage: Any = importlib.import_module("scipy.ndimage")  # untyped
    whole: list[np.ndarray] = [
        ndimage.shift(energies[..., band], -steps, order=_ORDER, mode="grid-wrap")
        for band in range(energies.shape[-1])
    ]
    return np.stack(whole, axis=-1)
