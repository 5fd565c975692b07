r"""Relaxation of hot carriers by phonons, from α²F(ω): lifetimes, and cooling of hot electrons."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from betenet.errors import ConfigError
from betenet.json_output import finite_or_none
from betenet.spectrum import Spectrum, check_spectrum
from betenet.superconductivity.integration import checked_kernel_weights
from betenet.superconductivity.moments import CheckedMoments
from betenet.superconductivity.resistivity import onset_curve
from betenet.units import ELEMENTARY_CHARGE, KELVIN_TO_MEV, PLANCK_CONSTANT

APPROXIMATION = (
    "electrons and phonons alone, the same α²F and density of states at all energies of the "
    "carriers, phonons in equilibrium"
)
"""What lifetimes from α²F assume."""

ENERGIES = (0.0, 10.0, 20.0, 50.0, 100.0, 200.0)
"""Distances from the Fermi level that a table shows [meV]."""
TEMPERATURES = (0.0, 77.0, 300.0)
"""Temperatures that a table shows [K]."""

HBAR_MEV_FS = 1e18 * PLANCK_CONSTANT / (2.0 * math.pi * ELEMENTARY_CHARGE)
"""ħ [meV fs]."""

# In units of k_B T: the Fermi function is 0 or 1 to 1e-13 beyond 30.
_FERMI_STEPS = np.linspace(-30.0, 30.0, 241)
_BOSE_STEPS = np.geomspace(0.02, 40.0, 400)
# In units of the first frequency: the ω² onset below it, where a step may lie.
_ONSET_STEPS = np.geomspace(0.02, 1.0, 60)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HotCarriers:
    """Scattering rates of carriers above the Fermi level, and what they rest on.

    Parameters
    ----------
    energies
        Distance from the Fermi level [meV].
    temperatures
        T of electrons and phonons [K].
    scattering_rate
        ħ/τ [meV].
    cooling_time
        Time in which hot electrons that have a temperature among themselves give their energy to
        the phonons, of each temperature; 0 at T = 0 [fs].
    """

    energies: Float[np.ndarray, " n_energy"]
    temperatures: Float[np.ndarray, " n_temperature"]
    scattering_rate: Float[np.ndarray, "*batch n_temperature n_energy"]
    cooling_time: Float[np.ndarray, "*batch n_temperature"]

    @property
    def lifetime(self) -> Float[np.ndarray, "*batch n_temperature n_energy"]:
        """τ; infinite where nothing scatters [fs]."""
        with np.errstate(divide="ignore"):
            return HBAR_MEV_FS / self.scattering_rate

    def to_dict(self) -> dict[str, object]:
        """Plain lists and numbers, with keys that carry the unit."""
        lifetime = self.lifetime
        rows = [finite_or_none(value) for value in lifetime.reshape(-1).tolist()]
        nested = np.array(rows, dtype=object).reshape(lifetime.shape).tolist()
        return {
            "energies_mev": self.energies.tolist(),
            "temperatures_kelvin": self.temperatures.tolist(),
            "scattering_rate_mev": self.scattering_rate.tolist(),
            "lifetime_fs": nested,
            "cooling_time_fs": self.cooling_time.tolist(),
            "approximation": APPROXIMATION,
        }


def hot_carriers(
    energies: ArrayLike,
    temperatures: ArrayLike,
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, "*batch n_freq"],
) -> HotCarriers:
    r"""Lifetimes of electrons or holes at a distance ε from the Fermi level.

    .. math::
        \frac{\hbar}{\tau(\varepsilon, T)} = 2\pi \int \mathrm{d}\omega\,\alpha^2F(\omega)\,
        [2n(\omega) + f(\omega + \varepsilon) + f(\omega - \varepsilon)]

    Parameters
    ----------
    energies
        ε, zero or above; holes are scattered like electrons [meV].
    temperatures
        T, zero or positive [K].
    frequencies
        ω, strictly increasing and positive [meV].
    a2f
        α²F(ω), one spectrum per leading index [1].

    Returns
    -------
    HotCarriers
        ħ/τ and τ, and the time of cooling

        .. math:: \tau_E = \frac{\pi\hbar k_BT}{3\lambda\langle\omega^2\rangle}

    Raises
    ------
    SpectrumError
        If the spectrum is not valid.
    ConfigError
        If an energy or a temperature is negative or not finite.

    Notes
    -----
    At T = 0 it is 2π∫α²F up to ω = ε: emission alone, and 2π∫α²F above all phonons. At high T it is
    2πλk_BT. Left out are scattering between electrons, which shortens the life of carriers more
    than some tenths of an eV above the Fermi level, and whatever depends on the state: α²F is a
    mean over the Fermi surface. τ is the life of a state, not the time in which a carrier loses
    its energy, which takes many phonons.

    References
    ----------
    Grimvall, The Electron-Phonon Interaction in Metals (1981); Allen, Mitrović, Solid State Physics
    37, 1 (1982), for ħ/τ = −2 Im Σ. Allen, Phys. Rev. Lett. 59, 1460 (1987), for τ_E.

    Examples
    --------
    A mode of 10 meV with λ = 1: ∫α²F = λω/2, above which a cold carrier emits phonons.

    >>> omega = np.linspace(9.0, 11.0, 201)
    >>> peak = np.exp(-(((omega - 10.0) / 0.2) ** 2))
    >>> peak *= 5.0 / (peak.sum() * 0.01)
    >>> rate = hot_carriers([5.0, 20.0], [0.0], omega, peak).scattering_rate
    >>> [float(value) for value in (rate[0] / (2.0 * np.pi)).round(3)]
    [0.0, 5.0]
    """
    energy = _check_list("energies", energies, "meV")
    kelvin = _check_list("temperatures", temperatures, "K")
    grid, values = check_spectrum(frequencies, a2f)
    spectrum = onset_curve(grid, values)
    rates = [[_rate(spectrum, e, KELVIN_TO_MEV * t) for e in energy] for t in kelvin]
    moments = CheckedMoments(grid, values)
    # λ⟨ω²⟩ = 2∫α²F ω dω [meV²]
    strength = 2.0 * moments.integral(2)
    slope = math.pi * HBAR_MEV_FS * KELVIN_TO_MEV / 3.0
    cooling = np.multiply.outer(1.0 / strength, slope * kelvin)
    stacked = np.stack([np.stack(row, axis=-1) for row in rates], axis=-2)
    return HotCarriers(
        energies=energy, temperatures=kelvin, scattering_rate=stacked, cooling_time=cooling
    )


def _check_list(what: str, values: ArrayLike, unit: str) -> Float[np.ndarray, " value"]:
    found = np.atleast_1d(np.array(values, dtype=np.float64))
    if found.ndim != 1 or found.size == 0 or not np.all(np.isfinite(found) & (found >= 0.0)):
        raise ConfigError(
            f"The {what} of carriers are {found.tolist()}.",
            reason="They must be one list of numbers, zero or positive.",
            fix=f"Give {what} in {unit}.",
        )
    return found


def _rate(spectrum: Spectrum, energy: float, thermal: float) -> np.ndarray:
    """ħ/τ [meV] at one energy and k_B T [meV], on a grid that resolves α²F and both."""
    first, last = spectrum.frequencies[0], spectrum.frequencies[-1]
    if thermal < 1e-6 * first:
        thermal = 0.0
    added = [energy + thermal * _FERMI_STEPS, thermal * _BOSE_STEPS, first * _ONSET_STEPS]
    every = np.concatenate([[energy], *added])
    inside = every[(every >= first * _ONSET_STEPS[0]) & (every < last)]
    grid = np.union1d(spectrum.frequencies, inside)
    # neighbours that are equal up to rounding leave intervals without a width
    grid = grid[np.append(True, np.diff(grid) > 1e-12 * last)]
    fine = spectrum.resample(grid)

    def kernel(omega: np.ndarray) -> np.ndarray:
        if thermal == 0.0:
            return (omega < energy).astype(np.float64)
        bose = np.exp(-omega / thermal) / -np.expm1(-omega / thermal)
        fermi = _fermi((omega + energy) / thermal) + _fermi((omega - energy) / thermal)
        return 2.0 * bose + fermi

    weights = checked_kernel_weights(fine.frequencies, kernel)
    return np.asarray(2.0 * math.pi * (fine.a2f @ weights))


def _fermi(x: np.ndarray) -> np.ndarray:
    """1/(exp x + 1), by a function that cannot overflow."""
    return np.asarray(0.5 * (1.0 - np.tanh(0.5 * x)))
