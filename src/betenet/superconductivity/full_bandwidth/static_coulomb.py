r"""Tc with a static Coulomb interaction W(ε, ε′) instead of μ*.

.. math::
    \varphi_n(\varepsilon) = \varphi^{ph}_n + \varphi^C(\varepsilon), \qquad
    \varphi^C(\varepsilon) = -\int\mathrm{d}\varepsilon'\,N(\varepsilon')W(\varepsilon,\varepsilon')
    \,T\sum_m\frac{\varphi_m(\varepsilon')}{\Theta_m(\varepsilon')}

with Θ and the normal state of ``normal_state``. The sum over frequencies goes on to infinity: what
is beyond the cutoff is that of free electrons, in closed form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from jaxtyping import Float

from betenet.errors import SpectrumError
from betenet.spectrum import check_spectrum
from betenet.superconductivity.eliashberg.kernel import PairingKernel
from betenet.superconductivity.eliashberg.linearised import matsubara_sums
from betenet.superconductivity.eliashberg.root import find_root
from betenet.superconductivity.eliashberg.status import Status
from betenet.superconductivity.eliashberg.threads import one_blas_thread
from betenet.superconductivity.eliashberg.transition import LOWEST, checked_transition
from betenet.superconductivity.full_bandwidth.electron_dos import ElectronDos
from betenet.superconductivity.full_bandwidth.normal_state import BandSums, NormalState
from betenet.superconductivity.moments import CheckedMoments
from betenet.units import KELVIN_TO_MEV

TOLERANCE = 1e-6
"""Relative accuracy of the root."""
SYMMETRY_TOLERANCE = 1e-3
"""Difference of W(ε, ε′) and W(ε′, ε), as a share of the largest value, that is rounding."""
MOST_REPULSION = 5.0
"""Largest N(0)W(0, 0) that is no mistake of units."""

_SHORT = 160.0  # frequencies that are all taken one by one
_PER_FOLD = 12
_FINEST = 0.05  # spacing of energies at E_F over k_B T
_START_MU_STAR = 0.12


@dataclass(frozen=True, slots=True, eq=False)
class StaticKernel:
    """W(ε, ε′) between samples by lines in both energies.

    Parameters
    ----------
    energies
        ε - E_F, growing, with zero inside [meV].
    interaction
        W at each pair of energies [meV times the cell].

    Raises
    ------
    SpectrumError
        If it is no symmetric square on energies around E_F.
    """

    energies: Float[np.ndarray, " energy"]
    interaction: Float[np.ndarray, "energy energy"]

    def __post_init__(self) -> None:
        x, w = self.energies, self.interaction
        if not np.all(np.isfinite(w)):
            i, j = (int(place) for place in np.argwhere(~np.isfinite(w))[0])
            raise SpectrumError(
                f"W(ε, ε′) is {w[i, j]} for ε = {x[i] / 1e3:.4g} and ε′ = {x[j] / 1e3:.4g} eV.",
                reason="It is a number for each pair of energies.",
                fix="Compute it again, or leave this energy out of both grids.",
            )
        if not np.all(np.diff(x) > 0.0):
            raise SpectrumError(
                "The energies of W(ε, ε′) do not grow.",
                reason="What is between two samples is found by lines.",
                fix="Sort the rows by ε, then by ε′, and the file of the energies likewise.",
            )
        if not x[0] < 0.0 < x[-1]:
            raise SpectrumError(
                f"W(ε, ε′) reaches from {x[0] / 1e3:.4g} to {x[-1] / 1e3:.4g} eV from E_F.",
                reason="E_F must be inside, or there is no repulsion where electrons pair.",
                fix="Check the Fermi energy and the unit of its energies.",
            )
        if np.max(np.abs(w - w.T)) > SYMMETRY_TOLERANCE * np.max(np.abs(w)):
            raise SpectrumError(
                "W(ε, ε′) is not symmetric.",
                reason="Two electrons repel each other alike, whichever comes first.",
                fix="Check the order of the rows: for each ε all ε′.",
            )

    def at_fermi(self) -> float:
        """W(0, 0) [meV times the cell]."""
        return float(self.at(np.zeros(1))[0, 0])

    def at(self, energies: Float[np.ndarray, " point"]) -> Float[np.ndarray, "point point"]:
        """W at all pairs of some energies inside its own [meV times the cell]."""
        x = self.energies
        place = np.clip(np.searchsorted(x, energies, side="right") - 1, 0, x.size - 2)
        right = (energies - x[place]) / (x[place + 1] - x[place])
        rows = (1.0 - right)[:, None] * self.interaction[place]
        rows += right[:, None] * self.interaction[place + 1]
        return (1.0 - right) * rows[:, place] + right * rows[:, place + 1]


@dataclass(frozen=True, kw_only=True, slots=True)
class KernelTransition:
    """Tc of one spectrum with N(ε) and W(ε, ε′).

    Parameters
    ----------
    tc
        Tc; 0 where there is none [K].
    status
        How the search ended.
    mu
        N(0)W(0, 0), the bare repulsion at the Fermi level [1].
    """

    tc: float
    status: Status
    mu: float


def kernel_tc(
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, " n_freq"],
    dos: ElectronDos,
    interaction: StaticKernel,
    *,
    cutoff: float | None = None,
    rule: str = "onset",
) -> KernelTransition:
    """Tc with N(ε) and a static Coulomb interaction, without μ*.

    Parameters
    ----------
    frequencies, a2f, cutoff, rule
        As for ``band_tc``, one spectrum; the cutoff is that of the phonons only.
    dos
        N(ε), for the cell and both spins.
    interaction
        W(ε, ε′), which should reach as far as the bands do.

    Raises
    ------
    SpectrumError
        If the spectrum, N(ε) or W is not valid, or ends within 10 ω_max.

    References
    ----------
    Pellegrini et al., J. Phys. Mater. 5, 024007 (2022), Eqs. (14)-(18); Kogler et al., Comput.
    Phys. Commun. 315, 109720 (2025).
    """
    grid, values = check_spectrum(frequencies, a2f)
    usual = checked_transition(
        grid, values, _START_MU_STAR, cutoff=cutoff, mu_star_frequency=None, rule=rule,
        check_cutoff=False,
    )  # fmt: skip
    highest = float(np.nan_to_num(CheckedMoments(grid, values, rule).omega_max()))
    mu = _checked_repulsion(dos, interaction, highest)
    omega_c = usual.coulomb.cutoff
    solver = _Solver(
        PairingKernel.for_cutoff(grid, values[None], 4.0 * omega_c, rule), omega_c, dos, interaction
    )
    start = np.array([max(float(usual.tc), 10.0 * LOWEST) * KELVIN_TO_MEV])
    couples = np.array([float(CheckedMoments(grid, values, rule).coupling) > 0.0])
    with one_blas_thread():
        root = find_root(
            lambda _, at: np.array([solver.eigenvalue(float(np.exp(at[0])))]),
            start, LOWEST * KELVIN_TO_MEV, couples, TOLERANCE,
        )  # fmt: skip
    found = float(root.root[0])
    status = Status.CONVERGED if bool(root.settled[0]) else Status.NOT_CONVERGED
    if np.isnan(found):
        status = Status.NOT_SUPERCONDUCTING if couples[0] else Status.NO_COUPLING
    return KernelTransition(
        tc=float(np.nan_to_num(np.exp(found) / KELVIN_TO_MEV)),
        status=status,
        mu=mu,
    )


def _checked_repulsion(dos: ElectronDos, interaction: StaticKernel, highest: float) -> float:
    """μ of states that reach far beyond the highest phonon [meV], if it is one of a metal."""
    dos.check_reach(highest)
    if min(-interaction.energies[0], interaction.energies[-1]) < 10.0 * highest:
        raise SpectrumError(
            f"W(ε, ε′) reaches from {interaction.energies[0] / 1e3:.4g} to "
            f"{interaction.energies[-1] / 1e3:.4g} eV from E_F, and {highest / 100.0:.4g} eV are "
            "needed on both sides.",
            reason="Repulsion from states within ten times the phonons' range is what retardation "
            "is about.",
            fix="Compute it over a wider range; check the units of its energies.",
        )
    mu = 0.5e-3 * dos.at_fermi * interaction.at_fermi()
    if not 0.0 <= mu <= MOST_REPULSION:
        raise SpectrumError(
            f"N(0)W(0, 0) = μ is {mu:.4g}.",
            reason="A screened repulsion of electrons at E_F has a μ of some tenths.",
            fix="Check the units of W (energy times the cell, per pair of states) and of N(ε), and "
            "the sign of W.",
        )
    return mu


class _Solver:
    """The linearised equations at one temperature after another."""

    def __init__(
        self,
        kernel: PairingKernel,
        cutoff: np.ndarray,
        dos: ElectronDos,
        interaction: StaticKernel,
    ) -> None:
        self._kernel, self._cutoff, self._dos = kernel, cutoff, dos
        self._interaction = interaction
        self._warm: NormalState | None = None

    def eigenvalue(self, kt: float) -> float:
        """The largest eigenvalue at k_B T [meV]."""
        sums = matsubara_sums(self._kernel, np.array([kt]), self._cutoff, _SHORT)
        state = BandSums(self._kernel, sums, self._dos).solve(start=self._warm)
        self._warm = state
        energies, widths = self._energies(kt)
        share = np.interp(energies, self._dos.energies, self._dos.dos) * widths
        omega, w = sums.omega[0], sums.weights[0]
        scattered = omega * state.renormalisation
        away = energies - state.mu + state.shift[:, None]
        theta = scattered[:, None] ** 2 + away**2
        free = energies - state.mu
        bare = omega[:, None] ** 2 + free**2
        pairs = np.tanh(0.5 * free / kt) / np.where(free == 0.0, 1.0, 2.0 * free)
        pairs = np.where(free == 0.0, 0.25 / kt, pairs)
        pairs += 2.0 * kt * (w @ (1.0 / theta - 1.0 / bare))
        # both spins are in N(ε), and W acts between two electrons of opposite spin
        repulsion = self._interaction.at(energies) * (0.5e-3 * share)
        pulled = repulsion @ (2.0 * kt * w / theta.T)
        screening = np.eye(energies.size) + repulsion * pairs
        screened = cast("np.ndarray", np.linalg.solve(screening, pulled))
        by_band = (share / self._dos.at_fermi / theta) @ screened
        even = (sums.minus + sums.plus)[0] * w * kt
        matrix = -even @ by_band
        diagonal = np.imag(
            self._dos.transform(state.mu - state.shift + 1j * scattered)
        ) / scattered  # fmt: skip
        matrix += even * diagonal
        values = cast("np.ndarray", np.linalg.eigvals(matrix))
        return float(np.max(np.real(values)))

    def _energies(self, kt: float) -> tuple[np.ndarray, np.ndarray]:
        """Energies that are dense at E_F, and the widths that belong to them [meV]."""
        low = max(float(self._dos.energies[0]), float(self._interaction.energies[0]))
        high = min(float(self._dos.energies[-1]), float(self._interaction.energies[-1]))
        scale = _FINEST * _PER_FOLD * kt
        ends = np.arcsinh(np.array([low, high]) / scale)
        count = int(np.ceil(_PER_FOLD * (ends[1] - ends[0]))) + 1
        step = float(ends[1] - ends[0]) / (count - 1)
        s = float(ends[0]) + step * np.arange(count)
        widths = step * scale * np.cosh(s)
        widths[[0, -1]] *= 0.5
        return scale * np.sinh(s), widths
