"""All that experiments see of one spectrum, as far as the numbers of its bands are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypedDict

import numpy as np
from jaxtyping import Float

from betenet.errors import ConfigError
from betenet.spectrum import check_spectrum
from betenet.superconductivity.critical_temperature import DEFAULT_MU_STAR
from betenet.superconductivity.eliashberg.gap import FROZEN
from betenet.superconductivity.eliashberg.gap_equations import solve_gap_equations
from betenet.superconductivity.eliashberg.kernel import PairingKernel
from betenet.superconductivity.eliashberg.state import SuperconductingState, superconducting_state
from betenet.superconductivity.eliashberg.transition import Transition, checked_transition
from betenet.superconductivity.moments import CheckedMoments
from betenet.superconductivity.observables.electrodynamics import (
    clean_penetration_depth,
    dirty_penetration_depth,
    pippard_length,
    sommerfeld_constant,
)
from betenet.superconductivity.observables.tunnelling import conductance
from betenet.superconductivity.observables.upper_critical_field import (
    UpperCriticalField,
    diffusion_constant,
    upper_critical_field,
)

BOHR_MAGNETON = 5.7883818060e-2
"""μ_B [meV/T]."""
DEPTH_TEMPERATURES = (FROZEN, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
"""T/Tc of the penetration depth; at the first it is that of T = 0."""

_NEAR_EDGE, _BEYOND_PHONONS, _VOLTAGES = 3.0, 1.25, 300


_LARGEST = {  # several times what any metal has; slips of the unit are powers of ten
    "fermi_velocity": (10.0, "10⁶ m/s"),
    "residual_resistivity": (1e5, "µΩ cm"),
    "plasma_energy": (100.0, "eV"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class BandNumbers:
    """What α²F does not tell of a metal, as far as it is known, and what to compute of tunnelling.

    Parameters
    ----------
    fermi_dos
        N(E_F) of both spins, for the cell [1/eV].
    formula_units
        Formula units, or atoms, of the cell that a mole counts [1].
    fermi_velocity
        v_F of the bands, without the phonons' enhancement of the mass [10⁶ m/s].
    residual_resistivity
        ρ₀ [µΩ cm].
    volume
        Volume of the cell [Å³].
    plasma_energy
        ħω_p of the Drude term [eV].
    tunnelling_temperature
        Temperature of dI/dV; none is computed if absent [K].
    broadening
        Γ of Dynes in dI/dV [meV].

    Raises
    ------
    ConfigError
        If a number is not positive (the broadening: negative), or so large that it must be in
        another unit.
    """

    fermi_dos: float | None = None
    formula_units: float = 1.0
    fermi_velocity: float | None = None
    residual_resistivity: float | None = None
    volume: float | None = None
    plasma_energy: float | None = None
    tunnelling_temperature: float | None = None
    broadening: float = 0.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value: float | None = getattr(self, name)
            least = 0.0 if name == "broadening" else 1e-300
            if value is not None and not (np.isfinite(value) and value >= least):
                raise ConfigError(
                    f"{name} is {value}.",
                    reason="Numbers of the bands are positive.",
                    fix="Give it in the unit that is stated, or leave it out.",
                )
            largest, unit = _LARGEST.get(name, (np.inf, ""))
            if value is not None and value > largest:
                raise ConfigError(
                    f"{name} is {value:g} {unit}.",
                    reason=f"No metal has above {largest:g} {unit}: it may be of another unit.",
                    fix=f"Give it in {unit}.",
                )

    @property
    def needs_state(self) -> bool:
        """Whether more than γ is wanted, which needs the gap equations."""
        lengths = (self.fermi_velocity, self.residual_resistivity, self.plasma_energy)
        return any(value is not None for value in (*lengths, self.tunnelling_temperature))


@dataclass(frozen=True, kw_only=True, slots=True)
class Tunnelling:
    """Conductance of a junction with a normal metal.

    Parameters
    ----------
    temperature
        T [K].
    broadening
        Γ of Dynes [meV].
    voltages
        Bias [mV].
    conductance
        dI/dV over that of the normal metal [1].
    derivative
        d²I/dV² over dI/dV of the normal metal [1/mV].
    """

    temperature: float
    broadening: float
    voltages: Float[np.ndarray, " voltage"]
    conductance: Float[np.ndarray, " voltage"]
    derivative: Float[np.ndarray, " voltage"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """What experiments see; nan, empty or None where a number of the bands is missing.

    Parameters
    ----------
    bands
        Numbers that it was computed from.
    sommerfeld
        γ [mJ mol⁻¹ K⁻²].
    pauli_limit
        Field Δ₀/√2 μ_B at which spins break pairs, which is in none of the other fields [T].
    fields
        H_c2(T) in the clean and in the dirty limit, as far as there are numbers for them.
    coherence_length
        ξ₀ of the clean metal at T = 0 [nm].
    temperatures
        T of the penetration depths [K].
    clean_depths, dirty_depths
        Penetration depth at each of them, or none, in the clean and the dirty local limit
        [nm].
    tunnelling
        dI/dV and d²I/dV².
    notes
        What could not be computed, and what is missing for it.
    """

    bands: BandNumbers
    sommerfeld: float = np.nan
    pauli_limit: float = np.nan
    fields: tuple[UpperCriticalField, ...] = ()
    coherence_length: float = np.nan
    temperatures: Float[np.ndarray, " temperature"] = field(default_factory=lambda: np.empty(0))
    clean_depths: Float[np.ndarray, " clean"] = field(default_factory=lambda: np.empty(0))
    dirty_depths: Float[np.ndarray, " dirty"] = field(default_factory=lambda: np.empty(0))
    tunnelling: Tunnelling | None = None
    notes: tuple[str, ...] = ()

    def field_of(self, limit: str) -> UpperCriticalField | None:
        """H_c2(T) in the ``"clean"`` or ``"dirty"`` limit."""
        return next((found for found in self.fields if found.limit == limit), None)


def observe(
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, " n_freq"],
    mu_star: float = DEFAULT_MU_STAR,
    *,
    bands: BandNumbers,
    cutoff: float | None = None,
    mu_star_frequency: float | None = None,
    rule: str = "onset",
) -> Observed:
    """γ, H_c2(T), ξ₀, λ(T) and dI/dV of one spectrum, whatever the given numbers suffice for.

    Parameters
    ----------
    frequencies, a2f, mu_star, cutoff, mu_star_frequency, rule
        As for ``eliashberg_tc``, one spectrum.
    bands
        Numbers of the bands.

    Raises
    ------
    SpectrumError
        If the spectrum is not valid.
    ConfigError
        If a number is out of range.

    Notes
    -----
    γ and ξ₀ need N(E_F) and v_F; H_c2 needs v_F (clean) or ρ₀ with N(E_F) and the volume (dirty);
    λ(T) needs ħω_p (clean) or ρ₀ (dirty). All are isotropic; the phonons' renormalisation is in
    them, that by the electrons' repulsion is not.
    """
    grid, values = check_spectrum(frequencies, a2f)
    coupling = float(CheckedMoments(grid, values, rule).coupling)
    gamma = np.nan
    if bands.fermi_dos is not None:
        gamma = sommerfeld_constant(bands.fermi_dos, coupling, bands.formula_units)
    if not bands.needs_state:
        return Observed(bands=bands, sommerfeld=gamma)
    options: _Options = {"cutoff": cutoff, "mu_star_frequency": mu_star_frequency, "rule": rule}
    transition = checked_transition(grid, values, mu_star, **options, check_cutoff=False)
    tc, tunnelled = float(transition.tc), bands.tunnelling_temperature
    if tc <= 0.0:
        note = "there is no transition, and so no fields, lengths or gap to tunnel into"
        return Observed(bands=bands, sommerfeld=gamma, notes=(note,))
    notes = list(_missing(bands))
    reduced = (FROZEN,)
    if tunnelled is not None and tunnelled < tc:
        reduced = (FROZEN, tunnelled / tc)
    elif tunnelled is not None:
        notes.append(f"at {tunnelled:g} K the metal is normal: dI/dV has no gap")
    state = superconducting_state(grid, values, mu_star, **options, reduced_temperatures=reduced)
    length = np.nan
    if bands.fermi_velocity is not None:
        length = pippard_length(bands.fermi_velocity, state.gap, coupling)
    kernel = PairingKernel.for_cutoff(grid, values[None], transition.coulomb.cutoff, rule)
    clean, dirty = _depths(kernel, transition, bands)
    return Observed(
        bands=bands,
        sommerfeld=gamma,
        pauli_limit=float(state.gap / (np.sqrt(2.0) * BOHR_MAGNETON)),
        fields=tuple(
            upper_critical_field(grid, values, mu_star, **options, **limit)
            for limit in _limits(bands)
        ),
        coherence_length=length,
        temperatures=tc * np.array(DEPTH_TEMPERATURES) if clean.size or dirty.size else clean,
        clean_depths=clean,
        dirty_depths=dirty,
        tunnelling=_tunnelling(state, bands, float(grid[values > 0.0][-1])),
        notes=(*notes, *_not_dirty(clean, dirty)),
    )


class _Options(TypedDict):
    cutoff: float | None
    mu_star_frequency: float | None
    rule: str


def _not_dirty(clean: np.ndarray, dirty: np.ndarray) -> Iterator[str]:
    """Doubt in the dirty limit where impurities seem to shorten the penetration depth."""
    if clean.size and dirty.size and dirty[0] < clean[0]:
        yield (
            "the metal is not dirty: with this residual resistivity the depth would be below that "
            "of the clean metal. Take the numbers of the clean limit"
        )


def _missing(bands: BandNumbers) -> Iterator[str]:
    """What else would give a field in the dirty limit."""
    known = {
        "N(E_F) (--fermi-dos)": bands.fermi_dos, "the cell's volume (--cell-volume)": bands.volume
    }  # fmt: skip
    lacking = [name for name, value in known.items() if value is None]
    if bands.residual_resistivity is not None and lacking:
        yield f"H_c2 in the dirty limit needs {' and '.join(lacking)} too"


class _Limit(TypedDict, total=False):
    fermi_velocity: float
    diffusion: float


def _limits(bands: BandNumbers) -> Iterator[_Limit]:
    """Keyword of ``upper_critical_field`` for each limit that there are numbers for."""
    if bands.fermi_velocity is not None:
        yield {"fermi_velocity": bands.fermi_velocity}
    rho, dos, volume = bands.residual_resistivity, bands.fermi_dos, bands.volume
    if rho is not None and dos is not None and volume is not None:
        yield {"diffusion": diffusion_constant(rho, dos, volume)}


def _depths(
    kernel: PairingKernel, transition: Transition, bands: BandNumbers
) -> tuple[np.ndarray, np.ndarray]:
    """Penetration depths at each of ``DEPTH_TEMPERATURES``, clean and dirty; empty if unknown."""
    plasma, rho = bands.plasma_energy, bands.residual_resistivity
    none = np.empty(0)
    if plasma is None and rho is None:
        return none, none
    tc, repulsion = float(transition.tc), transition.coulomb
    found = solve_gap_equations(
        kernel, float(repulsion.cutoff[0]), float(repulsion.mu_star_cutoff[0]), tc,
        tc * np.array(DEPTH_TEMPERATURES),
    )  # fmt: skip
    clean = none if plasma is None else [clean_penetration_depth(one, plasma) for one in found]
    dirty = none if rho is None else [dirty_penetration_depth(one, rho) for one in found]
    return np.array(clean), np.array(dirty)


def _tunnelling(
    state: SuperconductingState, bands: BandNumbers, highest: float
) -> Tunnelling | None:
    """DI/dV from zero bias to beyond the phonons; None where the metal is normal."""
    if len(state.continued) < 2 or bands.tunnelling_temperature is None:
        return None
    edge = max(state.gap, 1e-3)
    ends = (_NEAR_EDGE * edge, max(edge + _BEYOND_PHONONS * highest, 2.0 * _NEAR_EDGE * edge))
    near = np.linspace(0.0, ends[0], _VOLTAGES)
    voltages = np.concatenate([near, np.linspace(*ends, _VOLTAGES)[1:]])
    first, second = conductance(
        state.continued[-1], voltages, bands.tunnelling_temperature, bands.broadening
    )
    return Tunnelling(
        temperature=bands.tunnelling_temperature, broadening=bands.broadening, voltages=voltages,
        conductance=first, derivative=second,
    )  # fmt: skip
