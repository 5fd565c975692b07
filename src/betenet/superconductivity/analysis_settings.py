"""What an analysis of a spectrum is to compute."""

from __future__ import annotations

from dataclasses import dataclass, replace

from betenet.errors import ConfigError
from betenet.superconductivity.comparison import check_debye_temperature
from betenet.superconductivity.critical_temperature import (
    DEFAULT_MU_STAR,
    METHODS,
    METHODS_OF_MOMENTS,
)

ELIASHBERG = "eliashberg"
"""Name of the method that solves the equations instead of a formula fitted to them."""

ALL_METHODS = (*METHODS, ELIASHBERG)
"""Every method of Tc, the closed formulas first."""

METHODS_OF_SPECTRA = (*METHODS_OF_MOMENTS, ELIASHBERG)
"""Methods of Tc that need nothing but α²F(ω) and μ*, as for a prediction."""

RESISTIVITY_TEMPERATURES = tuple(float(t) for t in range(5, 301, 5))
"""Where ρ is computed if nothing else is asked for [K]."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AnalysisSettings:
    """What is to be computed, and with which repulsion.

    Parameters
    ----------
    mu_star
        μ* [1].
    methods
        Names out of :data:`ALL_METHODS`.
    debye_temperature
        Θ_D of McMillan's formula; without it that formula has no Tc [K].
    cutoff, mu_star_frequency
        ω_c of the Matsubara sums and the frequency that μ* belongs to; see
        :func:`~betenet.superconductivity.eliashberg.transition.eliashberg_tc` for the defaults
        [meV].
    with_state
        Solve the equations below Tc as well.
    measured_tc
        A Tc from experiment, to find the μ* that reproduces it [K].
    resistivity_temperatures
        T of ρ(T); empty for none [K].
    plasma_energy
        ħω_p of the Drude term, for ρ(T) [eV].

    Raises
    ------
    ConfigError
        If a method is unknown, none is named, or the Debye temperature is not positive.
    """

    mu_star: float = DEFAULT_MU_STAR
    methods: tuple[str, ...] = ALL_METHODS
    debye_temperature: float | None = None
    cutoff: float | None = None
    mu_star_frequency: float | None = None
    with_state: bool = False
    measured_tc: float | None = None
    resistivity_temperatures: tuple[float, ...] = ()
    plasma_energy: float | None = None

    def __post_init__(self) -> None:
        check_debye_temperature(self.debye_temperature)
        unknown = [method for method in self.methods if method not in ALL_METHODS]
        if unknown or not self.methods:
            raise ConfigError(
                f"Unknown methods of Tc: {', '.join(unknown)}."
                if unknown
                else "No method of Tc is named.",
                fix=f"Use some of {', '.join(ALL_METHODS)}.",
            )

    def only_tc(self) -> AnalysisSettings:
        """The same without what takes more than the moments and Tc."""
        return replace(self, with_state=False, measured_tc=None, resistivity_temperatures=())
