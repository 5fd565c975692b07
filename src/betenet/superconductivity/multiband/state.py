"""Tc and the gaps of several bands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from betenet.errors import ConfigError
from betenet.superconductivity.critical_temperature import DEFAULT_MU_STAR
from betenet.superconductivity.eliashberg.continuation import approximant_edge, points_below
from betenet.superconductivity.eliashberg.coulomb import CUTOFF_FACTOR, STRONG_CUTOFF_FACTOR
from betenet.superconductivity.eliashberg.gap import FROZEN
from betenet.superconductivity.eliashberg.kernel import PairingKernel
from betenet.superconductivity.eliashberg.matsubara import SHORT
from betenet.superconductivity.eliashberg.root import find_root
from betenet.superconductivity.eliashberg.status import Status
from betenet.superconductivity.eliashberg.threads import one_blas_thread
from betenet.superconductivity.eliashberg.transition import LOWEST, checked_transition
from betenet.superconductivity.moments import CheckedMoments
from betenet.superconductivity.multiband.blocks import BandBlocks
from betenet.superconductivity.multiband.equations import (
    BandSums,
    find_gaps,
    gaps_at,
    linearised_matrix,
    sums_of_bands,
)
from betenet.units import KELVIN_TO_MEV

REDUCED_TEMPERATURES = (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98)
"""Default sweep of T/Tc."""

_BCS_RATIO, _SAFE = 1.764, 1.6
_COLD_SHORT = 160.0
_BELOW_TC = 0.999


@dataclass(frozen=True, kw_only=True, slots=True)
class MultibandState:
    """Tc and gaps of a metal with several bands.

    Parameters
    ----------
    blocks
        α²F_ij, N_i and the names of the bands.
    tc
        Tc; 0 where there is none [K].
    status
        How the search for Tc ended.
    isotropic_tc
        Tc of one band with the mean α²F and the mean μ*: what a single gap would give [K].
    cutoff
        ω_c of the sums [meV].
    mu_star_cutoff
        μ*_ij at the cutoff [1].
    gaps
        Δ_i at 0.1 Tc, the edges by Padé approximants [meV].
    gap_statuses
        How each continuation ended.
    temperatures
        T [K].
    lowest_gaps
        Δ_i(iπT), the gap functions at the lowest Matsubara frequency, at each temperature [meV].
    """

    blocks: BandBlocks
    tc: float
    status: Status
    isotropic_tc: float
    cutoff: float
    mu_star_cutoff: Float[np.ndarray, "band band"]
    gaps: Float[np.ndarray, " band"]
    gap_statuses: tuple[Status, ...]
    temperatures: Float[np.ndarray, " temperature"]
    lowest_gaps: Float[np.ndarray, "temperature band"]

    @property
    def gap_ratios(self) -> Float[np.ndarray, " band"]:
        """2Δ_i/k_B Tc [1]."""
        return 2.0 * self.gaps / (self.tc * KELVIN_TO_MEV) if self.tc > 0.0 else self.gaps * np.nan


def _usual_cutoff(blocks: BandBlocks, known: CheckedMoments, highest: float) -> float:
    """Cutoff of the sums by the highest frequency and the strongest coupling [meV]."""
    couplings = cast("np.ndarray", np.linalg.eigvals(blocks.couplings))
    strong = np.sqrt(float(np.max(np.real(couplings))))
    return max(CUTOFF_FACTOR * highest, STRONG_CUTOFF_FACTOR * strong * float(known.omega_n(2)))


def _normal_state(
    blocks: BandBlocks, status: Status, usual_tc: float, cutoff: float, at_cutoff: np.ndarray
) -> MultibandState:
    """Answer of a metal without a transition."""
    n = len(blocks.names)
    return MultibandState(
        blocks=blocks, tc=0.0, status=status, isotropic_tc=usual_tc, cutoff=cutoff,
        mu_star_cutoff=at_cutoff, gaps=np.zeros(n), gap_statuses=(status,) * n,
        temperatures=np.empty(0), lowest_gaps=np.empty((0, n)),
    )  # fmt: skip


def multiband_state(
    blocks: BandBlocks,
    mu_star: ArrayLike = DEFAULT_MU_STAR,
    *,
    cutoff: float | None = None,
    mu_star_frequency: float | None = None,
    reduced_temperatures: tuple[float, ...] = REDUCED_TEMPERATURES,
) -> MultibandState:
    r"""Tc and gaps of the Eliashberg equations of several bands.

    Parameters
    ----------
    blocks
        α²F_ij and N_i.
    mu_star
        μ*_ij, a matrix like λ_ij; one number is that of the metal as a whole, shared out as
        μ*_ij = μ* N_j/N [1].
    cutoff
        ω_c; 30 ω_max, or more, if absent [meV].
    mu_star_frequency
        Frequency that μ*_ij belongs to; ω_max if absent. Give the cutoff for μ* to enter as it is
        [meV].
    reduced_temperatures
        T/Tc at which Δ_i(iπT) is wanted.

    Raises
    ------
    ConfigError
        If μ* is out of range or N_i μ*_ij not symmetric, or it diverges below the cutoff.

    Notes
    -----
    :math:`\mu^*_c = \mu^*[1 + \mu^*\ln(\omega_{ph}/\omega_c)]^{-1}` as matrices. Each band is
    isotropic, without scattering by impurities between them (which would bring the gaps together).

    References
    ----------
    Suhl, Matthias, Walker, Phys. Rev. Lett. 3, 552 (1959); Golubov et al., J. Phys.: Condens.
    Matter 14, 1353 (2002).

    Examples
    --------
    Bands that are alike have the Tc and the gap of one:

    >>> ones = np.full((2, 2), 0.5)
    >>> pair = BandBlocks.from_couplings(ones, np.full((2, 2), 10.0), ("a", "b"))
    >>> found = multiband_state(pair, 0.0, reduced_temperatures=())
    >>> bool(abs(found.tc / found.isotropic_tc - 1.0) < 1e-6)
    True
    """
    grid, n = blocks.frequencies, len(blocks.names)
    known = CheckedMoments(grid, blocks.isotropic, "onset")
    highest = float(np.nan_to_num(known.omega_max(), nan=float(grid[-1])))
    omega_c = _usual_cutoff(blocks, known, highest) if cutoff is None else cutoff
    omega_ph = highest if mu_star_frequency is None else mu_star_frequency
    repulsion = _mu_star_matrix(mu_star, blocks)
    at_cutoff = _rescaled(repulsion, omega_ph, omega_c)
    mean = float(blocks.fermi_dos @ repulsion.sum(axis=1) / blocks.fermi_dos.sum())
    usual_tc = float(
        checked_transition(
            grid, blocks.isotropic, mean, cutoff=omega_c, mu_star_frequency=omega_ph,
            rule="onset", check_cutoff=False,
        ).tc
    )  # fmt: skip
    kernel = PairingKernel.for_cutoff(
        grid, blocks.a2f.reshape(n * n, grid.size), np.full(n * n, omega_c)
    )

    def matrix(kt: float) -> np.ndarray:
        return linearised_matrix(sums_of_bands(kernel, n, kt, omega_c), at_cutoff, blocks.fermi_dos)

    start = np.array([max(usual_tc, 1.0) * KELVIN_TO_MEV])
    with one_blas_thread():
        root = find_root(
            lambda _, at: np.array([np.linalg.eigvalsh(matrix(float(np.exp(at[0]))))[-1]]),
            start, LOWEST * KELVIN_TO_MEV, np.array([float(known.coupling) > 0.0]),
        )  # fmt: skip
        tc = float(np.nan_to_num(np.exp(root.root[0]) / KELVIN_TO_MEV))
        status = Status.CONVERGED if bool(root.settled[0]) else Status.NOT_CONVERGED
        if tc <= 0.0:
            none = Status.NOT_SUPERCONDUCTING if known.coupling > 0.0 else Status.NO_COUPLING
            return _normal_state(blocks, none, usual_tc, omega_c, at_cutoff)
        solver = _Solver(kernel, blocks, at_cutoff, omega_c, tc)
        found = {t: solver.solve(t) for t in sorted({FROZEN, *reduced_temperatures})}
        edges = solver.edges
    return MultibandState(
        blocks=blocks, tc=tc, status=status, isotropic_tc=usual_tc, cutoff=omega_c,
        mu_star_cutoff=at_cutoff, gaps=np.array([edge for edge, _ in edges]),
        gap_statuses=tuple(ended for _, ended in edges),
        temperatures=tc * np.array(reduced_temperatures, dtype=np.float64),
        lowest_gaps=np.array([found[t] for t in reduced_temperatures]).reshape(-1, n),
    )  # fmt: skip


class _Solver:
    """Gaps at growing temperatures, each started from the one before."""

    def __init__(
        self,
        kernel: PairingKernel,
        blocks: BandBlocks,
        mu_star_cutoff: np.ndarray,
        cutoff: float,
        tc: float,
    ) -> None:
        self._kernel, self._blocks, self._mu_star = kernel, blocks, mu_star_cutoff
        self._cutoff, self._tc = cutoff, tc
        self._warm: tuple[float, BandSums, np.ndarray] | None = None
        self.edges: list[tuple[float, Status]] = []

    def solve(self, reduced: float) -> np.ndarray:
        """Δ_i(iπT) at T/Tc [meV]; keeps the edges at the first temperature."""
        n = len(self._blocks.names)
        kt = reduced * self._tc * KELVIN_TO_MEV
        short = _COLD_SHORT if reduced < 0.5 else SHORT
        sums = sums_of_bands(self._kernel, n, kt, self._cutoff, short)
        if reduced > _BELOW_TC:
            return np.zeros(n)
        gap, status = find_gaps(sums, self._mu_star, self._start(sums, reduced))
        if status is not Status.CONVERGED:
            return np.full(n, np.nan)
        self._warm = (reduced, sums, gap)
        if not self.edges:
            whole = points_below(sums.indices, sums.n_matsubara)
            omega, at = gaps_at(self._kernel, sums, self._mu_star, gap, whole)
            for band in at:
                edge = approximant_edge(omega, band * np.sign(band[0]), abs(float(band[0])))
                self.edges.append((float(np.sign(band[0])) * edge.gap, edge.status))
        return gap[:, 0]

    def _start(self, sums: BandSums, reduced: float) -> np.ndarray:
        shrunk = float(np.tanh(1.74 * np.sqrt(max(1.0 / reduced - 1.0, 0.0))))
        if self._warm is not None:
            before, other, gap = self._warm
            past = float(np.tanh(1.74 * np.sqrt(max(1.0 / before - 1.0, 0.0))))
            carried = np.empty((len(gap), sums.omega.size))
            for band, row in enumerate(gap):
                carried[band] = np.interp(sums.omega, other.omega, row)
            return carried * (shrunk / past)
        # the shape of the gap that opens, as large as BCS has it and more
        matrix = linearised_matrix(sums, self._mu_star, self._blocks.fermi_dos)
        vector = np.linalg.eigh(matrix)[1][:, -1]
        odd = np.sqrt((2.0 * sums.indices + 1.0) / sums.weights)
        shape = vector.reshape(len(self._blocks.names), -1) * odd
        shape = shape / np.sqrt(self._blocks.fermi_dos)[:, None]
        largest = shape.ravel()[int(np.argmax(np.abs(shape[:, 0])) * shape.shape[1])]
        return shape / largest * (_SAFE * _BCS_RATIO * self._tc * KELVIN_TO_MEV * shrunk)


def _mu_star_matrix(mu_star: ArrayLike, blocks: BandBlocks) -> np.ndarray:
    given, n = np.asarray(mu_star, dtype=np.float64), len(blocks.names)
    share = blocks.fermi_dos / blocks.fermi_dos.sum()
    found = np.tile(given * share, (n, 1)) if given.ndim == 0 else given
    if found.shape != (n, n) or not np.all(np.isfinite(found)) or np.any(found < 0.0):
        raise ConfigError(
            f"μ* is {given.tolist()} for {n} bands.",
            reason="It is a repulsion, zero or positive, for each pair of bands.",
            fix=f"Give one number, or {n * n} in the order of λ_ij.",
        )
    weighted = blocks.fermi_dos[:, None] * found
    if np.any(np.abs(weighted - weighted.T) > 0.05 * (weighted + weighted.T)):
        raise ConfigError(
            "N_i μ*_ij is not symmetric.",
            reason="Two electrons repel each other alike, whichever comes first.",
            fix="Check the order of the numbers: by rows, i before j.",
        )
    return found


def _rescaled(mu_star: np.ndarray, frequency: float, cutoff: float) -> np.ndarray:
    screening = np.eye(len(mu_star)) + mu_star * np.log(frequency / cutoff)
    values = cast("np.ndarray", np.linalg.eigvals(screening))
    if np.min(np.real(values)) <= 0.0:
        raise ConfigError(
            "μ*_ij diverges below the cutoff.",
            reason="A repulsion so strong at ω_ph cannot come from ω_c.",
            fix="Lower the cutoff, or give μ* at the cutoff (mu_star_frequency).",
        )
    inverse = cast("np.ndarray", np.linalg.inv(screening))
    return np.asarray(mu_star @ inverse)
