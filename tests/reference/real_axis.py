"""The Eliashberg equations below Tc solved plainly, as the oracle of the engine.

On the imaginary axis by substitution, with every Matsubara frequency below the cutoff. For the real
axis the right-hand sides of the equations of Marsiglio, Schossmann and Carbotte, Phys. Rev. B 37,
4965 (1988), as printed: a solution of the package must reproduce itself. Nothing here is shared
with the package; energies, temperatures and frequencies are all in one unit.
"""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.linalg import hankel, toeplitz
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
    kernel: Kernel, temperature: float, number: int, mu_star_cutoff: float, tolerance: float = 1e-10
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


def right_hand_sides(
    spectrum: np.ndarray,
    solution: ImaginaryAxis,
    mu_star_cutoff: float,
    line: tuple[np.ndarray, np.ndarray, np.ndarray],
    chosen: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """zZ and ZΔ by the equations of the real axis, integral by integral, at some of the energies.

    λ(z - iω_m) is an integral for each m, on both sides of zero, and the sums are sums over m. What
    joins energies is interpolated by splines between the points of the line.

    Parameters
    ----------
    spectrum
        Rows of ν and α²F(ν), linear between samples, ∝ ν² below the first.
    solution, mu_star_cutoff
        On the imaginary axis; μ*_c.
    line
        z = ω + iη for positive ω, and Δ and Z there.
    chosen
        Indices of energies, so that ω + ν is on the line.
    """
    z, gap, renormalisation = line
    height, kt = float(z[0].imag), solution.temperature
    below = np.linspace(0.0, spectrum[0, 0], 200)[1:-1]
    within = np.arange(spectrum[0, 0], spectrum[0, -1], height / 3.0)
    nu = np.unique(np.concatenate([below, spectrum[0], within]))
    a2f = np.interp(nu, *spectrum) * np.minimum(nu / spectrum[0, 0], 1.0) ** 2
    root = np.sqrt(z**2 - gap**2)
    # excitations decay; times Z, for Δ alone has not always the same half-plane
    root = np.where(np.imag(renormalisation * root) < 0.0, -root, root)
    # functions that are, but for a sign, conjugate at -ω + iη
    whole = np.concatenate([-z[::-1].real, z.real])
    flows = CubicSpline(whole, np.concatenate([np.conj(z / root)[::-1], z / root]))
    pairs = CubicSpline(whole, np.concatenate([-np.conj(gap / root)[::-1], gap / root]))
    # far above the cutoff, where Δ is zero, the flow still counts
    omega = np.pi * kt * (2.0 * np.arange(4 * solution.omega.size) + 1.0)
    share = np.zeros_like(omega)
    share[: solution.gap.size] = solution.gap / np.hypot(solution.omega, solution.gap)
    bose = 1.0 / np.expm1(np.minimum(nu / kt, 500.0))
    normal, anomalous = [], []
    for at in z[chosen]:
        ahead, behind = (
            np.array([np.trapezoid(2.0 * nu * a2f / (nu**2 - (at - s * 1j * w) ** 2), nu)
                      for w in omega]) for s in (1.0, -1.0)
        )  # fmt: skip
        flow = np.pi * kt * np.sum((ahead - behind) * np.sqrt(1.0 - share**2))
        pairing = np.pi * kt * np.sum((ahead + behind - 2.0 * mu_star_cutoff) * share)
        emitted = a2f * (bose + 0.5 + 0.5 * np.tanh((at - nu) / (2.0 * kt)))
        absorbed = a2f * (bose + 0.5 - 0.5 * np.tanh((at + nu) / (2.0 * kt)))
        down, up = np.real(at) - nu, np.real(at) + nu
        scattered = np.trapezoid(emitted * flows(down) + absorbed * flows(up), nu)
        paired = np.trapezoid(emitted * pairs(down) + absorbed * pairs(up), nu)
        normal.append(at + 1j * flow + 1j * np.pi * scattered)
        anomalous.append(pairing + 1j * np.pi * paired)
    return np.array(normal), np.array(anomalous)


def broad_mode(coupling: float, omega: float = 20.0, width: float = 0.1) -> np.ndarray:
    """Frequencies and α²F of a triangle around one frequency, wide enough for a grid to see."""
    grid = omega * np.linspace(1.0 - width, 1.0 + width, 41)
    peak = np.maximum(omega * width - np.abs(grid - omega), 0.0)
    strength = float(sampled_kernel(grid, peak)(np.array([0.0]))[0])
    return np.stack([grid, coupling / strength * peak])
