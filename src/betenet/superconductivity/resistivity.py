r"""Electrical resistivity from α²F(ω): the isotropic Ziman formula (lowest-order variation).

Scattering by phonons alone: no impurities (add a residual resistivity by Matthiessen's rule),
no scattering between electrons, no saturation where the mean free path comes down to the
distance of the atoms (ρ above about 100 µΩ cm is then too high).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from betenet.errors import ConfigError
from betenet.spectrum import Spectrum, check_spectrum
from betenet.superconductivity.integration import checked_kernel_weights
from betenet.superconductivity.moments import CheckedMoments
from betenet.units import (
    BOLTZMANN_EV_PER_KELVIN,
    ELEMENTARY_CHARGE,
    PLANCK_CONSTANT,
    VACUUM_PERMITTIVITY,
)

DEFAULT_PLASMA_ENERGY = 7.4
"""Drude plasma energy of copper and of lead [eV].

It lies in the middle of those that infrared optics finds in metals: Ti 2.5, Co 4.0, Pt and V 5.2,
Pb and Cu 7.4, Ag and Au 9.0, Al 14.8 eV (Ordal, Bell, Alexander, Long, Querry, Appl. Opt. 24,
4493 (1985)). As ρ goes with its inverse square, ρ may be wrong by a factor of 4 with the default;
the shape of ρ(T) does not depend on it.
"""

APPROXIMATION = "α²_tr F ≈ α²F: scattering by any angle counts the same"
"""What is assumed where α²F stands for the transport spectral function."""

_HBAR_EV_SECOND = PLANCK_CONSTANT / (2.0 * np.pi * ELEMENTARY_CHARGE)
_OHM_METRE_IN_MICROOHM_CM = 1e8

# In units of k_B T. (x/sinh x)² is below 1e-30 above 80; steps of 1 % follow an ω² onset to 2e-5.
_THERMAL_STEPS = np.geomspace(0.02, 80.0, 830)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Resistivity:
    """ρ(T) and what it rests on.

    Parameters
    ----------
    temperatures
        T [K].
    resistivity
        ρ(T), one curve per leading index [µΩ cm].
    scattering_rate
        ħ/τ(T) of the same shape [meV].
    coupling_tr
        λ_tr [1], the slope of ħ/τ = 2πλ_tr k_B T at high temperature.
    plasma_energy
        ħω_p of the Drude term [eV].
    plasma_energy_is_default
        Whether it was taken from :data:`DEFAULT_PLASMA_ENERGY` for want of a better one.
    approximation
        What was assumed about the spectrum; empty if α²_tr F itself was given.
    """

    temperatures: Float[np.ndarray, " n_temperature"]
    resistivity: Float[np.ndarray, "*batch n_temperature"]
    scattering_rate: Float[np.ndarray, "*batch n_temperature"]
    coupling_tr: Float[np.ndarray, "*batch"]
    plasma_energy: float
    plasma_energy_is_default: bool
    approximation: str

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of the numbers must know."""
        messages = [f"Approximation: {self.approximation}."] if self.approximation else []
        if self.plasma_energy_is_default:
            messages.append(
                f"The plasma energy of {self.plasma_energy:g} eV is a default, not one of this "
                "material; ρ goes with its inverse square."
            )
        return tuple(messages)

    def to_dict(self) -> dict[str, object]:
        """Plain lists and numbers, with keys that carry the unit."""
        return {
            "temperatures_kelvin": self.temperatures.tolist(),
            "resistivity_microohm_cm": self.resistivity.tolist(),
            "scattering_rate_mev": self.scattering_rate.tolist(),
            "coupling_tr": self.coupling_tr.tolist(),
            "plasma_energy_ev": self.plasma_energy,
            "plasma_energy_is_default": self.plasma_energy_is_default,
            "warnings": list(self.warnings),
        }


def resistivity(
    temperatures: ArrayLike,
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, "*batch n_freq"],
    *,
    plasma_energy: float | None = None,
    is_transport: bool = False,
) -> Resistivity:
    r"""Resistivity due to phonons.

    .. math::
        \rho(T) = \frac{1}{\varepsilon_0\omega_p^2}\,\frac{1}{\tau}, \quad
        \frac{\hbar}{\tau} = 4\pi k_BT \int \frac{\mathrm{d}\omega}{\omega}\,
        \alpha^2_\mathrm{tr}F(\omega)\,\frac{x^2}{\sinh^2 x}, \quad
        x = \frac{\hbar\omega}{2k_BT}

    Parameters
    ----------
    temperatures
        T, zero or positive [K].
    frequencies
        ω, strictly increasing and positive [meV].
    a2f
        α²F(ω), one spectrum per leading index [1].
    plasma_energy
        ħω_p of the Drude term, that is of the bare bands at the Fermi level [eV];
        :data:`DEFAULT_PLASMA_ENERGY` if not given.
    is_transport
        Whether ``a2f`` is already α²_tr F.

    Returns
    -------
    Resistivity
        With ρ = 0 at T = 0.

    Raises
    ------
    SpectrumError
        If the spectrum is not valid.
    ConfigError
        If a temperature is negative, or the plasma energy not positive.

    Notes
    -----
    α²F is taken linear between samples with an ω² onset, the ``"onset"`` curve of
    ``moments``, at all temperatures. For k_B T well below the first frequency ρ therefore
    falls with T³; that of a transport function, which falls with ω⁴, falls with T⁵.

    References
    ----------
    Allen, Phys. Rev. B 17, 3725 (1978); Grimvall, The Electron-Phonon Interaction in Metals
    (1981); Savrasov, Savrasov, Phys. Rev. B 54, 16487 (1996).

    Examples
    --------
    A mode of 10 meV with λ = 1 at high temperature has ħ/τ = 2π k_B T:

    >>> omega = np.linspace(9.0, 11.0, 201)
    >>> peak = np.exp(-(((omega - 10.0) / 0.2) ** 2))
    >>> peak *= 5.0 / (peak.sum() * 0.01)
    >>> result = resistivity([3000.0], omega, peak)
    >>> float((result.scattering_rate[0] / (2.0 * np.pi * 258.52)).round(3))
    1.0
    """
    kelvin = _check_temperatures(temperatures)
    energy = DEFAULT_PLASMA_ENERGY if plasma_energy is None else float(plasma_energy)
    if not (np.isfinite(energy) and energy > 0.0):
        raise ConfigError(
            f"The plasma energy is {energy:g} eV.",
            reason="The carriers of a metal have a positive Drude weight.",
            fix=f"Give ħω_p in eV, or leave it out for the default {DEFAULT_PLASMA_ENERGY} eV.",
        )
    grid, values = check_spectrum(frequencies, a2f)
    spectrum = onset_curve(grid, values)
    rate = np.stack([_scattering_rate(spectrum, float(t)) for t in kelvin], axis=-1)
    # ρ = (ħ/τ) ħ / [ε₀ (ħω_p)²]: with both energies in eV one ħ in eV s is left.
    factor = 1e-3 * _HBAR_EV_SECOND / (VACUUM_PERMITTIVITY * energy**2)
    return Resistivity(
        temperatures=kelvin,
        resistivity=_OHM_METRE_IN_MICROOHM_CM * factor * rate,
        scattering_rate=rate,
        coupling_tr=CheckedMoments(grid, values).coupling,
        plasma_energy=energy,
        plasma_energy_is_default=plasma_energy is None,
        approximation="" if is_transport else APPROXIMATION,
    )


def _check_temperatures(temperatures: ArrayLike) -> np.ndarray:
    kelvin = np.atleast_1d(np.array(temperatures, dtype=np.float64))
    if kelvin.ndim != 1 or kelvin.size == 0 or not np.all(np.isfinite(kelvin) & (kelvin >= 0.0)):
        raise ConfigError(
            f"Temperatures are {kelvin.tolist()}.",
            reason="They must be one list of numbers, zero or positive.",
            fix="Give temperatures in K.",
        )
    return kelvin


def onset_curve(grid: np.ndarray, values: np.ndarray) -> Spectrum:
    """The samples that the onset rule uses: not the first, where the grid cannot resolve it."""
    if grid.size > 2 and grid[1] > 2.0 * grid[0]:
        grid, values = grid[1:], values[..., 1:]
    return Spectrum(grid, values, allow_negative=True)


def _scattering_rate(spectrum: Spectrum, kelvin: float) -> np.ndarray:
    """ħ/τ [meV] at one temperature, on a grid that resolves both α²F and k_B T."""
    thermal = 1e3 * BOLTZMANN_EV_PER_KELVIN * kelvin
    if thermal < 1e-6 * spectrum.frequencies[0]:
        return np.zeros(spectrum.batch_shape)
    added = thermal * _THERMAL_STEPS
    added = added[added < spectrum.frequencies[-1]]
    fine = spectrum.resample(np.union1d(spectrum.frequencies, added))
    weights = checked_kernel_weights(fine.frequencies, _thermal_kernel(thermal))
    return np.asarray(4.0 * np.pi * thermal * (fine.a2f @ weights))


def _thermal_kernel(thermal: float) -> Callable[[np.ndarray], np.ndarray]:
    """(x/sinh x)²/ω with x = ω/(2 k_B T)."""

    def kernel(omega: np.ndarray) -> np.ndarray:
        x = omega / (2.0 * thermal)
        # 1/sinh x by exp(-x), which cannot overflow
        ratio = 2.0 * x * np.exp(-x) / -np.expm1(-2.0 * x)
        return ratio**2 / omega

    return kernel
