from __future__ import annotations

import numpy as np
import pytest

from betenet.errors import ConfigError
from betenet.superconductivity.hot_carriers import HBAR_MEV_FS, hot_carriers
from betenet.units import KELVIN_TO_MEV

OMEGA = np.linspace(0.05, 30.0, 600)
DEBYE = 0.9 * (OMEGA / 30.0) ** 2  # α²F up to 30 meV: ∫ = 9 meV, λ = 0.9


def einstein(omega_0: float, coupling: float) -> tuple[np.ndarray, np.ndarray]:
    grid = np.linspace(omega_0 - 1.0, omega_0 + 1.0, 401)
    peak = np.exp(-(((grid - omega_0) / 0.05) ** 2))
    return grid, peak * (0.5 * coupling * omega_0 / np.trapezoid(peak, grid))


def test_a_cold_carrier_emits_what_lies_below_its_energy() -> None:
    """α²F = 0.9 (ω/ω_D)²: ħ/τ = 2π · 0.9 ε³/(3 ω_D²) up to ω_D, constant above."""
    energies = np.array([0.0, 1.0, 7.3, 15.0, 30.0, 500.0])
    rate = hot_carriers(energies, [0.0], OMEGA, DEBYE).scattering_rate[0]
    expected = 2.0 * np.pi * 0.9 * np.minimum(energies, 30.0) ** 3 / (3.0 * 30.0**2)
    np.testing.assert_allclose(rate, expected, rtol=2e-3, atol=1e-9)


def test_a_hot_lattice_scatters_by_lambda_and_temperature() -> None:
    """2πλ k_B T far above the phonons, whatever the spectrum and the energy."""
    for grid, a2f, coupling in ((OMEGA, DEBYE, 0.9), (*einstein(12.0, 1.3), 1.3)):
        rate = hot_carriers([0.0, 5.0], [8000.0], grid, a2f).scattering_rate[0]
        limit = 2.0 * np.pi * coupling * 8000.0 * KELVIN_TO_MEV
        np.testing.assert_allclose(rate, limit, rtol=2e-3)


def test_an_einstein_mode_has_the_closed_form() -> None:
    """ħ/τ = π λ Ω [2n(Ω) + f(Ω + ε) + f(Ω − ε)]; 2/sinh(Ω/k_BT) in brackets at the Fermi level."""
    mode, coupling = 12.0, 0.8
    grid, a2f = einstein(mode, coupling)
    kelvin = np.array([20.0, 77.0, 300.0])
    energies = np.array([0.0, 4.0, 12.0, 40.0])
    thermal = KELVIN_TO_MEV * kelvin[:, None]

    def fermi(x: np.ndarray) -> np.ndarray:
        return 1.0 / (np.exp(x / thermal) + 1.0)

    bose = 1.0 / np.expm1(mode / thermal)
    expected = (
        np.pi * coupling * mode * (2 * bose + fermi(mode + energies) + fermi(mode - energies))
    )
    found = hot_carriers(energies, kelvin, grid, a2f).scattering_rate
    np.testing.assert_allclose(found, expected, rtol=2e-3)
    at_fermi = 2.0 * np.pi * coupling * mode / np.sinh(mode / thermal[:, 0])
    np.testing.assert_allclose(found[:, 0], at_fermi, rtol=2e-3)


def test_lifetimes_and_cooling_are_times() -> None:
    """Allen 1987: τ_E = πħk_BT/(3λ⟨ω²⟩), with λ⟨ω²⟩ = 0.9 · 30²/2 of the Debye spectrum."""
    found = hot_carriers([0.0, 50.0], [0.0, 300.0], OMEGA, np.stack([DEBYE, 2.0 * DEBYE]))
    assert found.scattering_rate.shape == (2, 2, 2)
    assert found.lifetime[0, 0, 0] == np.inf
    np.testing.assert_allclose(
        found.lifetime[0, 0, 1], 658.2119569 / (2.0 * np.pi * 9.0), rtol=1e-3
    )
    cooling = np.pi * HBAR_MEV_FS * 300.0 * KELVIN_TO_MEV / (3.0 * 0.9 * 450.0)
    np.testing.assert_allclose(found.cooling_time, [[0.0, cooling], [0.0, cooling / 2]], rtol=2e-3)
    plain = found.to_dict()
    assert plain["lifetime_fs"][0][0][0] is None  # type: ignore[index]


@pytest.mark.parametrize(("energies", "kelvin"), [([-1.0], [0.0]), ([1.0], [np.nan]), ([], [0.0])])
def test_what_is_no_energy_or_temperature_is_refused(
    energies: list[float], kelvin: list[float]
) -> None:
    with pytest.raises(ConfigError, match="of carriers"):
        hot_carriers(energies, kelvin, OMEGA, DEBYE)
