from functools import cache

import numpy as np
import pytest
from scipy.interpolate import CubicSpline
from tests.reference import dense_eliashberg as dense
from tests.reference.real_axis import broad_mode, right_hand_sides, solve_by_substitution

from betenet.superconductivity.eliashberg import real_axis
from betenet.superconductivity.eliashberg.gap_equations import solve_gap_equations
from betenet.superconductivity.eliashberg.kernel import PairingKernel
from betenet.superconductivity.eliashberg.real_axis import continue_to_real_axis
from betenet.superconductivity.eliashberg.status import Status
from betenet.superconductivity.eliashberg.transition import eliashberg_tc
from betenet.units import KELVIN_TO_MEV

SPECTRA = {
    "weak": (broad_mode(0.2), 0.0),
    "middling": (broad_mode(1.0), 0.1),
    "strong": (broad_mode(3.0), 0.1),
    "very strong": (broad_mode(10.0), 0.1),
    "extreme": (broad_mode(30.0), 0.1),
    "acoustic": (dense.SPECTRA["acoustic"], 0.1),
    "soft and hard": (dense.SPECTRA["soft and hard"], 0.1),
    "Einstein": (dense.SPECTRA["Einstein"], 0.1),
}
"""With their μ*."""


@cache
def solved(name, reduced, rule="onset"):
    """On the imaginary axis, at a whole number of Matsubara frequencies below the cutoff."""
    (grid, a2f), mu_star = SPECTRA[name]
    found = eliashberg_tc(grid, a2f, mu_star, rule=rule, check_cutoff=False)
    tc, repulsion = float(found.tc), found.coulomb
    spacing = 2.0 * np.pi * reduced * tc * KELVIN_TO_MEV
    cutoff = np.array([spacing * round(float(repulsion.cutoff[0]) / spacing)])
    screened = float(repulsion.at_cutoff(cutoff).mu_star_cutoff[0])
    kernel = PairingKernel(grid, a2f[None], 4.0 * float(cutoff[0]), rule)
    [solution] = solve_gap_equations(
        kernel, float(cutoff[0]), screened, tc, np.array([reduced * tc])
    )
    return solution


@cache
def continued(name, reduced, **settings):
    return continue_to_real_axis(*SPECTRA[name][0], solved(name, reduced), **settings)


def flow(axis):
    """ω and G(ω + iη) for both signs of ω."""
    z = axis.energies + 1j * axis.height
    root = np.sqrt(z**2 - axis.gap**2)
    flows = z / np.where(np.imag(axis.renormalisation * root) < 0.0, -root, root)
    return (
        np.concatenate([-axis.energies[::-1], axis.energies]),
        np.concatenate([np.conj(flows[::-1]), flows]),
    )


# --------------------------------------------------------------------------------- the equations

EVERYWHERE = [
    ("middling", 0.3), ("strong", 0.4), ("strong", 0.9), ("very strong", 0.8), ("extreme", 0.95),
    ("acoustic", 0.8),
]  # fmt: skip


@pytest.mark.parametrize(("name", "reduced"), EVERYWHERE)
def test_solution_reproduces_itself_by_plain_integrals(name, reduced):
    solution, axis = solved(name, reduced), continued(name, reduced)
    assert axis.status is Status.CONVERGED
    spectrum, kt = SPECTRA[name][0], float(solution.sums.temperature[0])
    plain = solve_by_substitution(
        dense.sampled_kernel(*spectrum),
        kt,
        round(float(solution.sums.n_matsubara[0])),
        solution.mu_star_cutoff,
    )
    z = axis.energies + 1j * axis.height
    # in the gap, on both sides of the edge, and among the phonons
    chosen = np.searchsorted(axis.energies, np.array([0.2, 0.95, 1.05, 1.6, 4.0]) * plain.gap[0])
    normal, anomalous = right_hand_sides(
        spectrum, plain, solution.mu_star_cutoff, (z, axis.gap, axis.renormalisation), chosen
    )
    found = (z * axis.renormalisation)[chosen], (axis.gap * axis.renormalisation)[chosen]
    np.testing.assert_allclose(found[0], normal, rtol=2e-4)
    np.testing.assert_allclose(found[1], anomalous, atol=3e-5 * np.abs(found[1]).max())


@pytest.mark.parametrize("name", ["weak", "middling", "strong", "acoustic", "soft and hard"])
@pytest.mark.parametrize("reduced", [0.1, 0.5])
def test_cauchys_integral_leads_back_to_the_imaginary_axis(name, reduced):
    solution, axis = solved(name, reduced), continued(name, reduced)
    omega, flows = flow(axis)
    found, expected = [], []
    for frequency, gap in zip(solution.omega[:3], solution.gap[:3], strict=True):
        kernel = (flows - 1.0) / (omega + 1j * axis.height - 1j * frequency)
        integral = CubicSpline(omega, kernel).integrate(omega[0], omega[-1])
        found.append(complex(integral / (2j * np.pi)))
        expected.append(frequency / np.hypot(frequency, gap) - 1.0)
    np.testing.assert_allclose(found, expected, atol=2e-3 * abs(expected[0]))


FINER = {
    "height": {"HEIGHT": 0.004},
    "spacing": {"_EDGE_SPACING": 0.25, "_PER_FOLD": 8.0, "_PHONON_SPACING": 160.0},
    "reach": {"REACH": 8.0},
}


@pytest.mark.parametrize("what", FINER)
@pytest.mark.parametrize(
    ("name", "reduced"),
    [("weak", 0.8), ("middling", 0.1), ("strong", 0.9), ("extreme", 0.8), ("soft and hard", 0.5)],
)
def test_edge_does_not_depend_on_the_grid(name, reduced, what, monkeypatch):
    expected = continued(name, reduced).edge
    for setting, value in FINER[what].items():
        monkeypatch.setattr(real_axis, setting, value)
    finer = continue_to_real_axis(*SPECTRA[name][0], solved(name, reduced))
    assert not np.array_equal(finer.energies, continued(name, reduced).energies)
    assert finer.edge == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("reduced", [0.1, 0.8])
def test_edge_does_not_depend_on_what_is_expected(reduced):
    # a peak of 2 % of its energy, looked for 15 % away
    expected = continued("middling", reduced).edge
    for factor in (0.85, 1.15):
        found = continued("middling", reduced, near=factor * expected)
        assert found.edge == pytest.approx(expected, rel=1e-6)


def test_a_peak_without_width():
    found = [continued("Einstein", reduced).edge for reduced in (0.1, 0.5, 0.8)]
    # of a triangle a hundred times as wide with the same λ
    wide = broad_mode(1.3, 20.0, 0.1)
    tc = float(eliashberg_tc(*wide, 0.1).tc)
    kernel = PairingKernel(wide[0], wide[1][None], 4000.0)
    cutoff = solved("Einstein", 0.1)
    solutions = solve_gap_equations(
        kernel, 660.0, cutoff.mu_star_cutoff, tc, tc * np.array([0.1, 0.5, 0.8])
    )
    expected = [continue_to_real_axis(*wide, solution).edge for solution in solutions]
    np.testing.assert_allclose(found, expected, rtol=1e-2)


@pytest.mark.parametrize("rule", ["trapezoid", "published"])
def test_other_rules_of_integration(rule):
    solution = solved("acoustic", 0.5, rule)
    found = continue_to_real_axis(*SPECTRA["acoustic"][0], solution, rule=rule)
    # the rules differ by 0.1 % and less on this grid
    assert found.edge == pytest.approx(continued("acoustic", 0.5).edge, rel=1e-3)


# ------------------------------------------------------------------------------ what is known of it


@pytest.mark.parametrize("reduced", [0.1, 0.8])
def test_density_of_states_of_weak_coupling_is_that_of_bcs(reduced):
    axis = continued("weak", reduced)
    near = axis.energies < 20.0 * axis.edge
    z = axis.energies[near] + 1j * axis.height
    bcs = np.real(z / np.sqrt(z - axis.edge) / np.sqrt(z + axis.edge))
    np.testing.assert_allclose(axis.dos[near], bcs, atol=2e-3)


@pytest.mark.parametrize("name", ["middling", "strong", "acoustic"])
@pytest.mark.parametrize("reduced", [0.1, 0.8])
def test_states_are_moved_not_made(name, reduced):
    axis = continued(name, reduced)
    # beyond the grid Δ is a constant
    rest = 0.5 * float(np.real(axis.gap[-1] ** 2)) / axis.energies[-1]
    from_zero = np.concatenate([[0.0], axis.energies])
    moved = CubicSpline(from_zero, np.concatenate([axis.dos[:1], axis.dos]) - 1.0)
    total = float(moved.integrate(0.0, axis.energies[-1])) + rest
    assert total == pytest.approx(0.0, abs=3e-3 * axis.edge)


def test_phonons_fill_the_gap():
    # cold and with weak coupling it is empty, hot and with strong coupling a metal's
    assert continued("middling", 0.1).dos[0] < 0.02
    filled = [float(continued("very strong", reduced).dos[0]) for reduced in (0.5, 0.8, 0.9)]
    assert np.all(np.diff(filled) > 0.0)
    assert filled[-1] > 0.3


def test_no_edge_is_left_close_to_tc():
    assert continued("extreme", 0.1).edge > 1.25 * solved("extreme", 0.1).gap[0]
    axis = continued("extreme", 0.95)
    assert axis.status is Status.CONVERGED
    assert np.isnan(axis.edge)
    # on the line Δ is still 0.2 Δ(iπT) at ω = 0
    above = axis.energies > 2.0 * axis.height
    assert np.all(np.real(axis.gap[above]) < axis.energies[above])


# -------------------------------------------------------------------------------------- statuses


def test_status_of_the_imaginary_axis_is_passed_on():
    (grid, a2f), _ = SPECTRA["middling"]
    kernel = PairingKernel(grid, a2f[None], 4000.0)
    [solution] = solve_gap_equations(kernel, 660.0, 0.1, 10.0, np.array([12.0]))
    axis = continue_to_real_axis(grid, a2f, solution)
    assert axis.status is Status.ABOVE_TC
    assert axis.energies.size == axis.dos.size == 0
    assert np.isnan(axis.edge)


def test_what_does_not_settle_is_named(monkeypatch):
    monkeypatch.setattr(real_axis, "_MAX_STEPS", 3)
    axis = continue_to_real_axis(*SPECTRA["strong"][0], solved("strong", 0.5))
    assert axis.status is Status.NOT_CONVERGED
