r"""Tunnelling into a normal metal: dI/dV and d²I/dV², with broadening.

.. math:: \frac{\mathrm{d}I}{\mathrm{d}V}(V) \Big/ \Big(\frac{\mathrm{d}I}{\mathrm{d}V}\Big)_N
    = \int\frac{N(\omega)}{N(0)}\left(-\frac{\partial f(\omega-eV)}{\partial\omega}\right)
    \mathrm{d}\omega,\qquad
    \frac{N(\omega)}{N(0)} = \mathrm{Re}\,
    \frac{\omega+i\Gamma}{\sqrt{(\omega+i\Gamma)^2-\Delta(\omega)^2}}

Γ is Dynes's broadening, a lifetime put in by hand; α²F shows as steps of dI/dV and dips of d²I/dV²
near Δ₀ + ω of its peaks.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from betenet.errors import ConfigError
from betenet.superconductivity.eliashberg.real_axis import RealAxis
from betenet.units import KELVIN_TO_MEV

_STEPS = 4001
_REACH = 40.0


def density_of_states(
    axis: RealAxis, energies: Float[np.ndarray, " energy"], broadening: float = 0.0
) -> Float[np.ndarray, " energy"]:
    """N(ω)/N(0) at energies of any sign, with Dynes's broadening [1].

    Parameters
    ----------
    axis
        Δ and Z on the real axis.
    energies
        ω [meV].
    broadening
        Γ [meV]; that of the solution, η, is the least.
    """
    at = np.abs(energies)
    gap, renormalisation = (
        np.interp(at, axis.energies, np.real(part))
        + 1j * np.interp(at, axis.energies, np.imag(part))
        for part in (axis.gap, axis.renormalisation)
    )
    z = at + 1j * max(broadening, axis.height)
    # excitations decay: the root of (zZ)² - (ZΔ)² is in the upper half-plane, not that of z² - Δ²
    root = renormalisation * z * np.sqrt((1.0 - gap / z) * (1.0 + gap / z))
    root = np.where(np.imag(root) < 0.0, -root, root)
    return np.asarray(np.real(renormalisation * z / root))


def conductance(
    axis: RealAxis,
    voltages: Float[np.ndarray, " voltage"],
    temperature: float,
    broadening: float = 0.0,
) -> tuple[Float[np.ndarray, " voltage"], Float[np.ndarray, " voltage"]]:
    """DI/dV over that of the normal metal, and its derivative d²I/dV².

    Parameters
    ----------
    axis
        Δ and Z on the real axis.
    voltages
        Bias [mV].
    temperature
        Temperature of the counter-electrode and its Fermi function [K].
    broadening
        Γ of Dynes [meV].

    Returns
    -------
    tuple
        Conductance [1] and its derivative [1/mV].

    Raises
    ------
    ConfigError
        If the temperature or the broadening is negative, or the solution has no real axis.
    """
    if not axis.energies.size:
        raise ConfigError(
            "dI/dV of a solution without a real axis.", fix="Choose a temperature below Tc."
        )
    if temperature <= 0.0 or broadening < 0.0:
        raise ConfigError(
            f"dI/dV at {temperature} K with a broadening of {broadening} meV.",
            fix="Give a temperature above zero and a broadening of zero or more.",
        )
    kt = temperature * KELVIN_TO_MEV
    # in u = f's complement, -f' dω is du: dense where the Fermi function falls
    x = np.linspace(-_REACH, _REACH, _STEPS)
    weight = (x[1] - x[0]) / (4.0 * np.cosh(0.5 * x) ** 2)
    slope = -weight * np.tanh(0.5 * x) / kt
    finest = max(broadening, axis.height)
    fine = np.arange(0.0, float(np.max(np.abs(voltages))) + _REACH * kt + finest, 0.2 * finest)
    if fine.size > 400_000:
        fine = np.linspace(0.0, float(fine[-1]), 400_000)
    dos = density_of_states(axis, fine, broadening)
    # each sample of N(ω) is the mean over a step of x, so that narrow peaks are not missed
    area = np.concatenate([[0.0], np.cumsum(0.5 * np.diff(fine) * (dos[1:] + dos[:-1]))])
    edges = kt * np.append(x - 0.5 * (x[1] - x[0]), x[-1] + 0.5 * (x[1] - x[0]))
    first, second = np.empty(voltages.size), np.empty(voltages.size)
    for place, bias in enumerate(map(float, voltages)):
        at = bias + edges
        inside: np.ndarray = np.sign(at) * np.interp(np.abs(at), fine, area)
        mean: np.ndarray = np.diff(inside) / np.diff(at)
        first[place], second[place] = weight @ mean, -(slope @ mean)
    return first, second
