"""Tc with an energy-dependent density of states, for many spectra of one metal."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from betenet.spectrum import check_spectrum
from betenet.superconductivity.critical_temperature import DEFAULT_MU_STAR
from betenet.superconductivity.eliashberg.coulomb import Coulomb, rescale
from betenet.superconductivity.eliashberg.kernel import PairingKernel
from betenet.superconductivity.eliashberg.linearised import largest_eigenvalue, matsubara_sums
from betenet.superconductivity.eliashberg.root import find_root
from betenet.superconductivity.eliashberg.threads import one_blas_thread
from betenet.superconductivity.eliashberg.transition import (
    LOWEST,
    checked_transition,
    root_status,
)
from betenet.superconductivity.full_bandwidth.electron_dos import ElectronDos
from betenet.superconductivity.full_bandwidth.normal_state import BandSums, NormalState
from betenet.superconductivity.moments import CheckedMoments
from betenet.units import KELVIN_TO_MEV

TOLERANCE = 1e-7
"""Relative accuracy of the root."""

_WEAKEST = 1e-2  # [K]: where a constant N(ε) gives no Tc, the search starts here


@dataclass(frozen=True, kw_only=True, slots=True)
class BandTransition:
    """Tc of each spectrum with N(ε), beside that with a constant density of states.

    Parameters
    ----------
    tc
        Tc; 0 where there is none above the lowest temperature searched [K].
    status
        How the search ended, an array of ``Status``.
    coulomb
        μ*, the frequency it belongs to, the cutoff and μ*_c; the arrays are flat.
    constant_tc
        Tc with N(0) at all energies and all else equal [K].
    chemical_potential
        μ - E_F at Tc, which conserves the number of electrons; nan without a Tc [meV].
    renormalisation
        Z(iπT) of the normal metal at Tc; nan without a Tc [1].
    cutoff_change
        Relative change of Tc that doubling the cutoff makes, μ*_c going with it [1].
    beyond_change
        Relative change of Tc if N(ε) were zero beyond its samples instead of flat, or the reverse:
        how much hangs on what the samples do not tell [1].
    """

    tc: Float[np.ndarray, "*batch"]
    status: np.ndarray
    coulomb: Coulomb
    constant_tc: Float[np.ndarray, "*batch"]
    chemical_potential: Float[np.ndarray, "*batch"]
    renormalisation: Float[np.ndarray, "*batch"]
    cutoff_change: Float[np.ndarray, "*batch"]
    beyond_change: Float[np.ndarray, "*batch"]


def band_tc(
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, "*batch n_freq"],
    dos: ElectronDos,
    mu_star: ArrayLike = DEFAULT_MU_STAR,
    *,
    cutoff: ArrayLike | None = None,
    mu_star_frequency: ArrayLike | None = None,
    rule: str = "onset",
    check: bool = True,
) -> BandTransition:
    r"""Tc of the isotropic Migdal-Eliashberg equations with full bandwidth.

    Parameters
    ----------
    frequencies, a2f, mu_star, cutoff, mu_star_frequency, rule
        As for ``eliashberg_tc``.
    dos
        N(ε) of the metal, one for all spectra.
    check
        Find what doubling the cutoff and what another N(ε) beyond the samples would change.

    Returns
    -------
    BandTransition
        Tc [K] and its status, with the batch shape of α²F.

    Raises
    ------
    SpectrumError
        If the spectrum or the rule is not valid, or N(ε) ends within 10 ω_max of E_F.
    ConfigError
        If a number is out of range.

    Notes
    -----
    α²F is taken to be that at E_F and to grow with N(ε) away from it: the coupling of two states
    does not depend on their energies. The normal state is solved at each temperature (see
    ``normal_state``); there the linearised equations are those of a constant density of states
    with other weights. μ is such that the electrons are as many as below E_F at T = 0 without

    References
    ----------
    Pickett, Phys. Rev. B 26, 1186 (1982); Lee et al., npj Comput. Mater. 9, 156 (2023),
    Eqs. (29)-(32).

    Examples
    --------
    A constant density of states gives what ``eliashberg_tc`` does:

    >>> omega = np.linspace(9.9, 10.1, 41)
    >>> a2f = np.maximum(0.1 - np.abs(omega - 10.0), 0.0) * 10.0 / 0.02
    >>> found = band_tc(omega, a2f, ElectronDos.constant(), 0.1, check=False)
    >>> bool(abs(found.tc / found.constant_tc - 1.0) < 1e-6)
    True
    """
    grid, values = check_spectrum(frequencies, a2f)
    shape, flat = values.shape[:-1], values.reshape(-1, grid.size)
    constant = checked_transition(
        grid, values, mu_star, cutoff=cutoff, mu_star_frequency=mu_star_frequency, rule=rule,
        check_cutoff=False,
    )  # fmt: skip
    known = CheckedMoments(grid, flat, rule)
    if dos.energies.size > 2 or dos.beyond == "nothing":
        dos.check_reach(float(np.max(np.nan_to_num(known.omega_max()), initial=0.0)))
    metals: list[_Metal] = [
        _Metal(PairingKernel.for_cutoff(grid, row[None], 4.0 * omega_c[None], rule),
               constant.coulomb.rows(np.array([i])), dos)
        for i, (row, omega_c) in enumerate(zip(flat, constant.coulomb.cutoff, strict=True))
    ]  # fmt: skip

    def eigenvalue(rows: np.ndarray, log_temperature: np.ndarray) -> np.ndarray:
        pairs = zip(map(int, rows), np.exp(log_temperature).tolist(), strict=True)
        return np.array([metals[row].pairing(kt) for row, kt in pairs])

    start = np.maximum(constant.tc.reshape(-1), _WEAKEST) * KELVIN_TO_MEV
    with one_blas_thread():
        root = find_root(eigenvalue, start, LOWEST * KELVIN_TO_MEV, known.coupling > 0.0, TOLERANCE)
        opposite = dos.with_beyond("nothing" if dos.beyond == "flat" else "flat") if check else None
        found = [
            _at_root(*each, opposite) for each in zip(metals, root.root, root.slope, strict=True)
        ]
    mu, z, change, beyond = np.array(found).reshape(-1, 4).T
    unsettled = ~root.settled | np.array([metal.unsettled for metal in metals], dtype=bool)
    status = root_status(known.coupling, root.root, unsettled, change)
    return BandTransition(
        tc=np.nan_to_num(np.exp(root.root) / KELVIN_TO_MEV).reshape(shape),
        status=status.reshape(shape),
        coulomb=with_bands(constant.coulomb, dos),
        constant_tc=constant.tc,
        chemical_potential=mu.reshape(shape),
        renormalisation=z.reshape(shape),
        cutoff_change=change.reshape(shape),
        beyond_change=beyond.reshape(shape),
    )


def with_bands(repulsion: Coulomb, dos: ElectronDos) -> Coulomb:
    """μ*_c where μ* runs with N(ε) from its frequency to the cutoff."""
    logarithms = [
        dos.logarithm(float(low), float(high))
        for low, high in zip(repulsion.mu_star_frequency, repulsion.cutoff, strict=True)
    ]
    as_constant = repulsion.mu_star_frequency * np.exp(np.array(logarithms))
    return replace(
        repulsion,
        mu_star_cutoff=rescale(repulsion.mu_star, repulsion.mu_star_frequency, as_constant),
    )


class _Metal:
    """One spectrum with its repulsion and N(ε); it remembers the last normal state."""

    def __init__(self, kernel: PairingKernel, repulsion: Coulomb, dos: ElectronDos) -> None:
        self._kernel, self.dos = kernel, dos
        self.repulsion = with_bands(repulsion, dos)
        self._warm: NormalState | None = None
        self.unsettled = False

    def normal(self, kt: float) -> NormalState:
        """The normal state at a temperature [meV]."""
        sums = matsubara_sums(self._kernel, np.array([kt]), self.repulsion.cutoff)
        self._warm = BandSums(self._kernel, sums, self.dos).solve(start=self._warm)
        self.unsettled = not self._warm.converged
        return self._warm

    def pairing(self, kt: float) -> float:
        """ρ at a temperature [meV]."""
        return float(largest_eigenvalue(self.normal(kt).sums, self.repulsion.mu_star_cutoff)[0])

    def other(self, *, dos: ElectronDos | None = None, factor: float = 1.0) -> _Metal:
        """The metal with another N(ε), or another cutoff."""
        repulsion = replace(self.repulsion, cutoff=factor * self.repulsion.cutoff)
        found = _Metal(self._kernel, repulsion, self.dos if dos is None else dos)
        found._warm = self._warm
        return found


def _at_root(
    metal: _Metal, log_tc: float, slope: float, opposite: ElectronDos | None
) -> tuple[float, float, float, float]:
    """μ and Z at Tc, and what a higher cutoff and another N(ε) beyond the samples would change."""
    if not np.isfinite(log_tc):
        return np.nan, np.nan, np.nan, np.nan
    kt = float(np.exp(log_tc))
    state = metal.normal(kt)
    z = float(state.renormalisation[0])
    if opposite is None:
        return state.mu, z, np.nan, np.nan
    strong = float(metal.repulsion.mu_star_cutoff[0]) >= 1.0  # it diverges soon: see `transition`
    factor, share = (0.5, -0.25) if strong else (2.0, 1.0)
    moved = metal.other(factor=factor).pairing(kt)
    change = float(np.expm1(-share * (moved - 1.0) / slope))
    beyond = metal.other(dos=opposite).pairing(kt)
    return state.mu, z, change, float(np.expm1(-(beyond - 1.0) / slope))
