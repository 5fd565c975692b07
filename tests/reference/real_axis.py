"""The Eliashberg equations below Tc solved plainly, as the oracle of the engine.

On the imaginary axis by substitution, with every Matsubara frequency below the cutoff. From there
to the real axis not by a fit but by the equations of Marsiglio, Schossmann and Carbotte, Phys. Rev.
B 37, 4965 (1988), which are exact. Nothing here is shared with the package; energies, temperatures
and frequencies are all in one unit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import hankel, toeplitz
from scipy.signal import fftconvolve
from scipy.special import digamma
from tests.reference.dense_eliashberg import Kernel, sampled_kernel

_MAX_STEPS = 100_000


@dataclass(frozen=True, kw_only=True)
class ImaginaryAxis:
    """Δ_n and Z_n at ω_n = (2n+1)πT for n = 0 … N - 1, all below the cutoff 2πTN."""

    temperature: float
    omega: np.ndarray
    gap: np.ndarray
    renormalisation: np.ndarray


def solve_by_substitution(
    kernel: Kernel,
    temperature: float,
    number: int,
    mu_star_cutoff: float,
    tolerance: float = 1e-10,
) -> ImaginaryAxis:
    """Both equations by turns, from a gap of 4T that falls with ω, until Δ stays where it is.

    The sum of Z has no cutoff: above it Δ is zero, and the terms cancel but for 2n + 1 of them.
    """
    values = kernel(2.0 * np.pi * temperature * np.arange(2 * number))
    omega = np.pi * temperature * (2.0 * np.arange(number) + 1.0)
    minus = toeplitz(values[:number])
    plus = hankel(values[1 : number + 1], values[number:])
    normal = values[0] + 2.0 * np.concatenate([[0.0], np.cumsum(values[1:number])])
    gap = 4.0 * temperature / (1.0 + (omega / omega[number // 8]) ** 2)
    for _ in range(_MAX_STEPS):
        root = np.sqrt(omega**2 + gap**2)
        flow = normal - (minus - plus) @ (1.0 - omega / root)
        z = 1.0 + np.pi * temperature * flow / omega
        pairing = (minus + plus - 2.0 * mu_star_cutoff) @ (gap / root)
        new = np.pi * temperature * pairing / z
        settled = np.max(np.abs(new - gap)) < tolerance * np.max(np.abs(new))
        gap = new
        if settled:
            return ImaginaryAxis(temperature=temperature, omega=omega, gap=gap, renormalisation=z)
    raise RuntimeError(f"no solution after {_MAX_STEPS} substitutions")


def free_energy_difference(solution: ImaginaryAxis, kernel: Kernel) -> float:
    """Bardeen and Stephen's difference of the free energies, as printed, over N(0)."""
    values = kernel(2.0 * np.pi * solution.temperature * np.arange(solution.omega.size))
    sums = values[0] + 2.0 * np.concatenate([[0.0], np.cumsum(values[1:])])
    normal = 1.0 + np.pi * solution.temperature * sums / solution.omega
    root = np.sqrt(solution.omega**2 + solution.gap**2)
    change = solution.renormalisation - normal * solution.omega / root
    # both signs of ω
    return float(-2.0 * np.pi * solution.temperature * np.sum((root - solution.omega) * change))


@dataclass(frozen=True, kw_only=True)
class RealAxis:
    """Δ and Z at ω + iη, on an even grid of positive ω."""

    energies: np.ndarray
    height: float
    gap: np.ndarray
    renormalisation: np.ndarray

    @property
    def dos(self) -> np.ndarray:
        """N(ω)/N(0), a distance η above the real axis."""
        z = self.energies + 1j * self.height
        return np.real(z / _root(z, self.gap, self.renormalisation))

    @property
    def edge(self) -> float:
        """Lowest ω with Re Δ(ω) = ω, from a Taylor series of Δ down to the real axis."""
        step = self.energies[1] - self.energies[0]
        slope = np.gradient(self.gap, step)
        on_axis = self.gap - 1j * self.height * slope
        on_axis -= 0.5 * self.height**2 * np.gradient(slope, step)
        excess = np.real(on_axis) - self.energies
        at = int(np.flatnonzero((excess[:-1] > 0.0) & (excess[1:] <= 0.0))[0])
        return float(self.energies[at] + step * excess[at] / (excess[at] - excess[at + 1]))


def continue_to_real_axis(
    spectrum: np.ndarray,
    solution: ImaginaryAxis,
    mu_star_cutoff: float,
    *,
    reach: float,
    step: float,
    height: float,
    tolerance: float = 1e-8,
) -> RealAxis:
    r"""Δ(z) and Z(z) for z = ω + iη, ω up to the reach.

    .. math::
        z Z(z) = z + i\pi T\sum_m\lambda(z-i\omega_m)\frac{\omega_m}{E_m}
        + i\pi\int\alpha^2F(\nu)\{[n(\nu)+f(\nu-z)]\,G(z-\nu)+[n(\nu)+f(\nu+z)]\,G(z+\nu)\}
        \,\mathrm{d}\nu

    with :math:`G = z/\sqrt{z^2-\Delta^2}`. ZΔ is the same without the first z, with Δ in place of
    z and of ω above a root, and with μ* in the sum. Both are exact for 0 < η < πT, where every
    function is smooth on the scale of η, so that sums of a step below η do for integrals.

    Parameters
    ----------
    spectrum
        Rows of ν and α²F(ν), linear between samples.
    solution, mu_star_cutoff
        On the imaginary axis; μ*_c.
    reach, step, height
        Largest ω, spacing of ω and ν, and η.
    """
    kt = solution.temperature
    number = int(np.ceil(spectrum[0].max() / step))
    nu = step * np.arange(number + 1)
    a2f = np.interp(nu, *spectrum, right=0.0)
    first = nu < spectrum[0, 0]
    a2f[first] = spectrum[1, 0] * (nu[first] / spectrum[0, 0]) ** 2
    thermal = np.zeros_like(a2f)
    thermal[1:] = a2f[1:] / np.expm1(np.minimum(nu[1:] / kt, 500.0))
    inner = int(np.ceil(reach / step))
    # for every ω of the inner part the phonons join ω - ν and ω + ν
    z = step * np.arange(-inner - number, inner + number + 1) + 1j * height

    def joined(weight: np.ndarray, values: np.ndarray, sign: int) -> np.ndarray:
        """∫ of weight(ν) times the values at z + sign ν, for z of the inner part."""
        if sign > 0:
            return joined(weight, values[::-1], -1)[::-1]
        return step * fftconvolve(values, weight, mode="valid")[: values.size - 2 * number]

    def attraction(poles: np.ndarray) -> np.ndarray:
        """∫ of α²F times Σ_m g_m / (z - iω_m), the difference of z + ν and z - ν."""
        return joined(a2f, poles, 1) - joined(a2f, poles, -1)

    def scattering(function: np.ndarray) -> np.ndarray:
        occupied = 0.5 - 0.5 * np.tanh(z / (2.0 * kt))
        emitted = joined(a2f, (1.0 - occupied) * function, -1)
        absorbed = joined(a2f, occupied * function, 1)
        return emitted + absorbed + joined(thermal, function, -1) + joined(thermal, function, 1)

    poles, anomalous_poles = _poles(z, solution)
    normal = 1j * np.pi * kt * attraction(poles)
    shares = solution.gap / np.hypot(solution.omega, solution.gap)
    pairing = np.pi * kt * (attraction(anomalous_poles) - 2.0 * mu_star_cutoff * shares.sum())
    middle = z[number : z.size - number]
    gap = np.full(z.shape, solution.gap[0] + 0j)
    z_factor = np.ones_like(z)
    for _ in range(_MAX_STEPS):
        root = _root(z, gap, z_factor)
        renormalised = middle + normal + 1j * np.pi * scattering(z / root)
        new = middle * (pairing + 1j * np.pi * scattering(gap / root)) / renormalised
        # what lies beyond is reached by thermal phonons only
        new = np.pad(new, number, mode="edge")
        z_factor = np.pad(renormalised / middle, number, mode="edge")
        settled = np.max(np.abs(new - gap)) < tolerance * solution.gap[0]
        gap = new
        if settled:
            positive = np.real(middle) > 0.0
            return RealAxis(
                energies=np.real(middle)[positive],
                height=height,
                gap=gap[number : z.size - number][positive],
                renormalisation=z_factor[number : z.size - number][positive],
            )
    raise RuntimeError(f"no solution after {_MAX_STEPS} steps")


def _poles(z: np.ndarray, solution: ImaginaryAxis) -> tuple[np.ndarray, np.ndarray]:
    """Σ_m g_m / (z - iω_m) over both signs of ω, with g = ω/E and with g = Δ/E.

    Of the first, the part with g = sign ω up to infinity is known in closed form, but for a
    constant that does not matter.
    """
    scaled = 1j * z / (2.0 * np.pi * solution.temperature)
    normal = -1j * (digamma(0.5 + scaled) + digamma(0.5 - scaled))
    normal /= 2.0 * np.pi * solution.temperature
    anomalous = np.zeros_like(z)
    for omega, gap in zip(solution.omega, solution.gap, strict=True):
        energy = np.hypot(omega, gap)
        normal += 2j * omega * (omega / energy - 1.0) / (z**2 + omega**2)
        anomalous += 2.0 * z * (gap / energy) / (z**2 + omega**2)
    return normal, anomalous


def _root(z: np.ndarray, gap: np.ndarray, renormalisation: np.ndarray) -> np.ndarray:
    """The root of z² - Δ² that, times Z, has a positive imaginary part."""
    root = np.sqrt(z**2 - gap**2)
    return np.where(np.imag(renormalisation * root) < 0.0, -root, root)


def broad_mode(coupling: float, omega: float = 20.0, width: float = 0.1) -> np.ndarray:
    """Frequencies and α²F of a triangle around one frequency, wide enough for a grid to see."""
    grid = omega * np.linspace(1.0 - width, 1.0 + width, 41)
    peak = np.maximum(omega * width - np.abs(grid - omega), 0.0)
    strength = float(sampled_kernel(grid, peak)(np.array([0.0]))[0])
    return np.stack([grid, coupling / strength * peak])
