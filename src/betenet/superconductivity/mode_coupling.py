"""λ by phonon mode, from files that split α²F into its modes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from betenet.quantities import QUANTITIES
from betenet.spectrum import check_spectrum
from betenet.superconductivity.moments import CheckedMoments, coupling_constant

SUM_TOLERANCE = 0.01
"""Difference between the sum over the modes and λ, as a share of λ, that rounding explains."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ModeCoupling:
    """λ of each mode and of the whole spectrum.

    Parameters
    ----------
    coupling
        λ of each mode [1].
    omega_log
        ω_log of each mode; nan where λ is not positive [meV].
    total
        λ of the whole spectrum [1].
    """

    coupling: Float[np.ndarray, " mode"]
    omega_log: Float[np.ndarray, " mode"]
    total: float

    @property
    def sum(self) -> float:
        """Sum of λ over the modes."""
        return float(self.coupling.sum())

    @property
    def is_complete(self) -> bool:
        """Whether the modes add up to λ of the spectrum."""
        return abs(self.sum - self.total) <= SUM_TOLERANCE * abs(self.total)

    def to_dict(self) -> dict[str, object]:
        """Plain values, with keys that carry the unit."""
        unit = QUANTITIES["omega_log"]
        return {
            "coupling": self.coupling.tolist(),
            unit.export_key: (self.omega_log * unit.export_factor).tolist(),
            "sum": self.sum,
            "total": self.total,
            "complete": self.is_complete,
        }


def mode_coupling(
    frequencies: Float[np.ndarray, " n_freq"],
    modes: Float[np.ndarray, "mode n_freq"],
    a2f: Float[np.ndarray, " n_freq"],
    rule: str = "onset",
) -> ModeCoupling:
    """λ of each phonon mode, beside λ of the spectrum that they add up to.

    Parameters
    ----------
    frequencies
        ω, strictly increasing and positive [meV].
    modes
        Share of each mode in α²F(ω) [1].
    a2f
        α²F(ω) of all modes [1].
    rule
        Integration rule, see ``superconductivity.moments``.

    Returns
    -------
    ModeCoupling
        λ is linear in α²F, so that the sum over complete modes is λ of the spectrum.

    Raises
    ------
    SpectrumError
        If a spectrum is not finite or does not fit the frequencies.

    Notes
    -----
    Programs number the modes at each q by their frequency, so that a number means one branch only
    where branches do not cross.

    Examples
    --------
    >>> omega = np.linspace(0.1, 10.0, 100)
    >>> found = mode_coupling(omega, np.outer([0.25, 0.75], omega**2), omega**2)
    >>> (found.coupling / found.total).round(3).tolist(), found.is_complete
    ([0.25, 0.75], True)
    """
    known = CheckedMoments(*check_spectrum(frequencies, modes), rule)
    coupling = known.coupling
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        logarithmic = known.omega_log
    return ModeCoupling(
        coupling=coupling,
        omega_log=np.where(coupling > 0.0, logarithmic, np.nan),
        total=float(coupling_constant(frequencies, a2f, rule)),
    )
