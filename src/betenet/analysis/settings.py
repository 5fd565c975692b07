"""What an analysis of a spectrum is to compute."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from betenet.errors import ConfigError
from betenet.superconductivity.comparison import check_debye_temperature
from betenet.superconductivity.critical_temperature import ALL_METHODS, DEFAULT_MU_STAR
from betenet.superconductivity.eliashberg.conventions import DEFAULT_CONVENTION, convention
from betenet.superconductivity.full_bandwidth import ElectronDos, StaticKernel

if TYPE_CHECKING:
    from betenet.superconductivity.observables import BandNumbers

RESISTIVITY_TEMPERATURES = tuple(float(t) for t in range(5, 301, 5))
"""Temperatures of ρ where nothing else is asked for [K]."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AnalysisSettings:
    """What is to be computed, and with which repulsion.

    Parameters
    ----------
    mu_star
        μ* [1].
    methods
        Names out of ``critical_temperature.ALL_METHODS``.
    debye_temperature
        Θ_D; without it a formula that needs it has no Tc [K].
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
    with_hot_carriers
        Compute lifetimes of hot carriers.
    dos
        N(ε) of the metal, to solve the equations with full bandwidth as well.
    coulomb_kernel
        W(ε, ε′), to solve the equations with N(ε) and without μ* as well.
    experiments
        Numbers of the bands, to compute what experiments see from them.
    convention
        Meaning of μ* in the Eliashberg equations, a name of ``conventions.CONVENTIONS``.

    Raises
    ------
    ConfigError
        If a method or convention is unknown, no method is named, the Debye temperature is not
        positive, or there is W(ε, ε′) without N(ε).
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
    with_hot_carriers: bool = False
    dos: ElectronDos | None = None
    coulomb_kernel: StaticKernel | None = None
    experiments: BandNumbers | None = None
    convention: str = DEFAULT_CONVENTION

    def __post_init__(self) -> None:
        check_debye_temperature(self.debye_temperature)
        convention(self.convention)
        if self.coulomb_kernel is not None and self.dos is None:
            raise ConfigError(
                "W(ε, ε′) is given without N(ε).",
                reason="The repulsion counts all bands that it couples.",
                fix="Give the density of states too (--dos).",
            )
        if self.measured_tc is not None and self.convention != DEFAULT_CONVENTION:
            raise ConfigError(
                f"A measured Tc with the convention {self.convention} of μ*.",
                reason=f"The fit of μ* follows the convention {DEFAULT_CONVENTION}.",
                fix="Leave out one of the two.",
            )
        unknown = [method for method in self.methods if method not in ALL_METHODS]
        if unknown or not self.methods:
            raise ConfigError(
                f"Unknown methods of Tc: {', '.join(unknown)}."
                if unknown
                else "No method of Tc is named.",
                fix=f"Use some of {', '.join(ALL_METHODS)}.",
            )

    def only_tc(self) -> AnalysisSettings:
        """Settings without what takes more than the moments and Tc."""
        return replace(
            self,
            with_state=False,
            measured_tc=None,
            resistivity_temperatures=(),
            with_hot_carriers=False,
            dos=None,
            coulomb_kernel=None,
            experiments=None,
        )
