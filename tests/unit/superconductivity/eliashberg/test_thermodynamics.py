from functools import cache

import numpy as np
import pytest
from scipy import constants
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import zeta
from tests.reference import dense_eliashberg as dense
from tests.reference import real_axis
from tests.reference.real_axis import broad_mode, solve_by_substitution

from betenet.superconductivity.eliashberg.gap_equations import solve_gap_equations
from betenet.superconductivity.eliashberg.kernel import PairingKernel
from betenet.superconductivity.eliashberg.thermodynamics import (
    NEAR_TC,
    condensation_ratio,
    critical_field_ratio,
    critical_field_tesla,
    deviation_function,
    free_energy_difference,
    specific_heat_jump,
    zero_temperature_energy,
)
from betenet.superconductivity.eliashberg.transition import eliashberg_tc
from betenet.units import KELVIN_TO_MEV

COUPLING = {"BCS": 0.2, "weak": 0.5, "middling": 1.0, "strong": 3.0}
SPECTRA = {name: broad_mode(coupling) for name, coupling in COUPLING.items()}
NAMES = ["weak", "middling", "strong"]


@cache
def engine(name):
    """Tc, the cutoff, and a way to solve the equations without repulsion at t = T/Tc."""
    grid, a2f = SPECTRA[name]
    found = eliashberg_tc(grid, a2f, 0.0, check_cutoff=False)
    tc, cutoff = float(found.tc), float(found.coulomb.cutoff[0])
    kernel = PairingKernel(grid, a2f[None], 4.0 * cutoff)
    return tc, cutoff, lambda t: solve_gap_equations(kernel, cutoff, 0.0, tc, tc * np.asarray(t))


def energies(name, reduced):
    return np.array([free_energy_difference(solution) for solution in engine(name)[2](reduced)])


def sommerfeld(name):
    """γ/(k_B² N(0)), N(0) that of one spin."""
    return 2.0 * np.pi**2 / 3.0 * (1.0 + COUPLING[name])


# --------------------------------------------------------------------------------- free energy


@pytest.mark.parametrize("reduced", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("name", NAMES)
def test_sum_over_every_frequency(name, reduced):
    tc, cutoff, _ = engine(name)
    kt = reduced * tc * KELVIN_TO_MEV
    number = round(cutoff / (2.0 * np.pi * kt))
    kernel = dense.sampled_kernel(*SPECTRA[name])
    plain = solve_by_substitution(kernel, kt, number, 0.0)
    expected = real_axis.free_energy_difference(plain, kernel)
    # the cutoff differs by less than one frequency, which the free energy does not see
    assert energies(name, [reduced])[0] == pytest.approx(expected, rel=2e-5)


@pytest.mark.parametrize("name", SPECTRA)
def test_negative_and_rising_to_nothing_at_tc(name):
    found = energies(name, [0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.999, 1.0])
    assert np.all(np.diff(found) > 0.0)
    assert found[-1] == 0.0
    # of second order: no latent heat
    assert found[-2] / found[-3] == pytest.approx(0.01, rel=0.02)


def test_entropy_of_free_quasiparticles():
    # weak coupling: quasiparticles of energy E = √(ξ² + Δ²) in a density of states of (1+λ)N(0)
    tc, _, solve = engine("BCS")
    t, step = 0.6, 1e-3
    kt = t * tc * KELVIN_TO_MEV
    gap = solve([t])[0].gap[0]

    def mixing(energy):
        occupied = 1.0 / (np.exp(energy / kt) + 1.0)
        return -occupied * np.log(occupied) - (1.0 - occupied) * np.log1p(-occupied)

    states = 1.0 + COUPLING["BCS"]
    # two spins, electrons and holes
    of_pairs = 4.0 * states * quad(lambda xi: mixing(np.hypot(xi, gap)), 0.0, 40.0 * kt)[0]
    of_metal = sommerfeld("BCS") * kt
    low, high = energies("BCS", [t - step, t + step])
    entropy = -(high - low) / (2.0 * step * tc * KELVIN_TO_MEV)
    # what λ = 0.2 adds to weak coupling is of the order of (Tc/Ω)²
    assert entropy == pytest.approx(of_pairs - of_metal, rel=5e-4)


# At strong coupling 0.1 Tc is no longer cold for the phonons: the next term is that of λT³/Ω².
@pytest.mark.parametrize(
    ("name", "accuracy"), [("BCS", 3e-4), ("weak", 3e-4), ("middling", 3e-4), ("strong", 2e-3)]
)
def test_only_the_metal_has_entropy_in_the_cold(name, accuracy):
    tc = engine(name)[0] * KELVIN_TO_MEV
    low, high = energies(name, [0.04, 0.06])
    entropy = -(high - low) / (0.02 * tc)
    assert entropy == pytest.approx(-sommerfeld(name) * 0.05 * tc, rel=accuracy)


@pytest.mark.parametrize("name", SPECTRA)
def test_energy_at_zero_is_the_same_from_any_low_temperature(name):
    colder, cold = (
        zero_temperature_energy(solution, COUPLING[name])
        for solution in engine(name)[2]([0.05, 0.1])
    )
    assert colder == pytest.approx(cold, rel=1e-4)
    assert cold < energies(name, [0.05])[0] < 0.0


# ------------------------------------------------------------------------- ratios without units


@pytest.mark.parametrize("name", SPECTRA)
def test_jump_is_the_curvature_of_the_free_energy(name):
    tc, _, solve = engine(name)
    jump = specific_heat_jump(solve(NEAR_TC), tc, COUPLING[name])
    step = 2e-3
    # ΔF at Tc less 1, 2, 3 and 4 steps: two second differences, and a line through them to Tc
    near, far = np.diff(energies(name, 1.0 - step * np.arange(1.0, 5.0)), 2) / step**2
    curvature = -(3.0 * near - 2.0 * far) / (tc * KELVIN_TO_MEV) ** 2
    assert jump == pytest.approx(curvature / sommerfeld(name), rel=1e-3)


def test_ratios_of_weak_coupling():
    tc, _, solve = engine("BCS")
    kt, coupling = tc * KELVIN_TO_MEV, COUPLING["BCS"]
    [cold] = solve([0.1])
    at_zero = zero_temperature_energy(cold, coupling)
    # what λ = 0.2 adds is of the order of (Tc/Ω)² ln(Ω/Tc)
    assert 2.0 * cold.gap[0] / kt == pytest.approx(2.0 * np.pi / np.exp(np.euler_gamma), rel=3e-4)
    jump = specific_heat_jump(solve(NEAR_TC), tc, coupling)
    assert jump == pytest.approx(12.0 / (7.0 * zeta(3)), rel=1e-3)
    condensation = condensation_ratio(tc, at_zero, coupling)
    assert condensation == pytest.approx(np.exp(2.0 * np.euler_gamma) / (6.0 * np.pi), rel=3e-4)


def bcs_field(reduced):
    """H_c(T)/H_c(0) of a constant gap, from the entropy of its quasiparticles."""

    def gap_at(t):
        def excess(gap):
            return quad(
                lambda xi: (
                    np.tanh(np.hypot(xi, gap) / (2.0 * t)) / np.hypot(xi, gap)
                    - np.tanh(xi / 2.0) / xi
                ),
                1e-12,
                400.0,
                limit=400,
            )[0]

        return float(np.asarray(brentq(excess, 1e-6, 2.0)))

    def energy(t):
        """Free energy over N(0), in units of Tc², with a metal's at T = 0 for zero."""
        gap = gap_at(t)
        thermal = quad(lambda xi: np.log1p(np.exp(-np.hypot(xi, gap) / t)), 0.0, 40.0)[0]
        # condensation: Σ(ξ - E) + Δ²/V, whose divergences cancel by the gap equation at T
        filled = quad(
            lambda xi: (
                np.tanh(np.hypot(xi, gap) / (2.0 * t)) * gap**2 / np.hypot(xi, gap)
                + 2.0 * (xi - np.hypot(xi, gap))
            ),
            0.0,
            400.0,
            limit=400,
        )[0]
        return filled - 4.0 * t * thermal + np.pi**2 / 3.0 * t**2

    at_zero = -0.5 * (np.pi / np.exp(np.euler_gamma)) ** 2
    return np.sqrt([energy(t) / at_zero for t in reduced])


def test_deviation_from_a_parabola():
    t = np.array([0.2, 0.4, 0.6, 0.7, 0.8, 0.9])
    [cold] = engine("BCS")[2]([0.1])
    field = critical_field_ratio(energies("BCS", t), zero_temperature_energy(cold, COUPLING["BCS"]))
    np.testing.assert_allclose(field, bcs_field(t), atol=2e-4)
    deviation = deviation_function(field, t)
    np.testing.assert_allclose(deviation, field - 1.0 + t**2, atol=1e-15)
    assert deviation.min() == pytest.approx(-0.037, abs=5e-4)


def test_no_field_where_there_is_no_gap():
    assert critical_field_ratio(np.array([0.0, 1e-9]), -1.0).tolist() == [0.0, 0.0]


def test_strong_coupling_changes_the_sign_of_the_deviation():
    lowest, highest = [], []
    t = np.array([0.3, 0.5, 0.7, 0.9])
    for name in SPECTRA:
        at_zero = zero_temperature_energy(engine(name)[2]([0.1])[0], COUPLING[name])
        deviation = deviation_function(critical_field_ratio(energies(name, t), at_zero), t)
        lowest.append(deviation.min())
        highest.append(deviation.max())
    assert lowest[0] < lowest[1] < lowest[2]
    assert highest[0] < 0.0 < highest[3]


@pytest.mark.parametrize("scale", [1e-2, 1e3])
def test_scale_of_the_frequencies(scale):
    grid, a2f = SPECTRA["middling"]
    tc, cutoff, solve = engine("middling")
    kernel = PairingKernel(scale * grid, a2f[None], 4.0 * scale * cutoff)
    there = solve_gap_equations(
        kernel, scale * cutoff, 0.0, scale * tc, scale * tc * np.array(NEAR_TC)
    )
    assert free_energy_difference(there[0]) == pytest.approx(
        scale**2 * energies("middling", NEAR_TC)[0], rel=1e-9
    )
    assert specific_heat_jump(there, scale * tc, 1.0) == pytest.approx(
        specific_heat_jump(solve(NEAR_TC), tc, 1.0), rel=1e-7
    )


# ---------------------------------------------------------------------------------------- tesla


def test_field_in_tesla_by_constants_of_another_table():
    # a metal with a gap of 1 meV: B²/2μ₀ = N(0)Δ²/2, with 0.8 states per eV in 18 Å³
    gap, states, volume = 1e-3 * constants.eV, 0.8 / constants.eV, 18.0 * constants.angstrom**3
    expected = gap * np.sqrt(constants.mu_0 * states / volume)
    found = critical_field_tesla(np.array([-0.5, 0.0]), 0.8, 18.0)
    assert found[0] == pytest.approx(expected, rel=1e-8)
    assert found[1] == 0.0


@pytest.mark.parametrize("name", SPECTRA)
def test_condensation_ratio_in_gaussian_units(name):
    tc, _, solve = engine(name)
    at_zero = zero_temperature_energy(solve([0.1])[0], COUPLING[name])
    states, volume = 0.8, 18.0
    tesla = float(critical_field_tesla(np.array(at_zero), states, volume))
    # 1 J/m³ is 10 erg/cm³, and 1 T is 10⁴ Oe
    per_joule = states / constants.eV / (volume * constants.angstrom**3)
    gamma = 2.0 * np.pi**2 / 3.0 * constants.k**2 * per_joule * (1.0 + COUPLING[name])
    expected = 10.0 * gamma * tc**2 / (1e4 * tesla) ** 2
    assert condensation_ratio(tc, at_zero, COUPLING[name]) == pytest.approx(expected, rel=1e-6)
