import itertools
from functools import cache

import numpy as np
import pytest
from tests.reference import dense_eliashberg as dense
from tests.reference.real_axis import broad_mode, solve_by_substitution

from betenet.superconductivity.eliashberg.gap_equations import solve_gap_equations
from betenet.superconductivity.eliashberg.kernel import PairingKernel
from betenet.superconductivity.eliashberg.status import Status
from betenet.superconductivity.eliashberg.transition import eliashberg_tc
from betenet.units import KELVIN_TO_MEV

SPECTRA = {
    "mode": dense.einstein_mode(1.0, 20.0),
    "weak": broad_mode(0.5),
    "strong": broad_mode(3.0),
    "acoustic": dense.SPECTRA["acoustic"],
}
COLD = np.array([0.1, 0.3, 0.5, 0.7, 0.9, 0.99])


@cache
def critical(name, mu_star=0.0):
    """Tc, and the cutoff and μ*_c that belong to it."""
    grid, a2f = SPECTRA[name]
    found = eliashberg_tc(grid, a2f, mu_star, check_cutoff=False)
    repulsion = found.coulomb
    return float(found.tc), float(repulsion.cutoff[0]), float(repulsion.mu_star_cutoff[0])


def solve(spectrum, cutoff, mu_star_cutoff, tc, temperatures):
    kernel = PairingKernel(spectrum[0], spectrum[1][None], 4.0 * cutoff)
    return kernel, solve_gap_equations(kernel, cutoff, mu_star_cutoff, tc, np.array(temperatures))


def solve_at(name, reduced, mu_star=0.0):
    tc, cutoff, mu_star_cutoff = critical(name, mu_star)
    return solve(SPECTRA[name], cutoff, mu_star_cutoff, tc, tc * np.atleast_1d(reduced))


# Relative to the gap at the lowest frequency. What is left of the eigenvalue's error, some 1e-5,
# grows with the slope of the gap towards Tc. At the cutoff itself the sum ends, in one way or
# another, and Δ there knows how; nothing else does.
ACCURACY, AT_CUTOFF = 8e-6, 2e-3


# dense matrices: the lowest temperature of the lowest Tc takes as long as all others together
COSTLY = [("weak", 0.2, 0.12)]
EVERY = itertools.product(SPECTRA, (0.2, 0.5, 0.8, 0.95), (0.0, 0.12))


@pytest.mark.parametrize(
    ("name", "reduced", "mu_star"),
    [pytest.param(*case, marks=[pytest.mark.slow] * (case in COSTLY)) for case in EVERY],
)
def test_substitution_over_every_frequency(name, reduced, mu_star):
    tc, cutoff, mu_star_cutoff = critical(name, mu_star)
    kt = reduced * tc * KELVIN_TO_MEV
    number = round(cutoff / (2.0 * np.pi * kt))
    cutoff = 2.0 * np.pi * kt * number
    plain = solve_by_substitution(dense.sampled_kernel(*SPECTRA[name]), kt, number, mu_star_cutoff)
    kernel, [solution] = solve(SPECTRA[name], cutoff, mu_star_cutoff, tc, [reduced * tc])
    assert solution.status is Status.CONVERGED
    omega, gap = solution.at_indices(kernel, np.arange(float(number)))
    np.testing.assert_allclose(omega, plain.omega, rtol=1e-12)
    error = np.abs(gap - plain.gap) / plain.gap[0]
    assert error[omega < 0.1 * cutoff].max() < ACCURACY / (1.0 - reduced)
    assert error.max() < AT_CUTOFF
    # the first nodes are whole frequencies
    np.testing.assert_allclose(solution.renormalisation[:8], plain.renormalisation[:8], rtol=2e-4)
    np.testing.assert_allclose(solution.gap[:8], gap[:8], rtol=1e-9)


@pytest.mark.parametrize("coupling", [5.0, 10.0, 30.0, 100.0])
def test_cold_and_very_strong(coupling):
    grid, a2f = broad_mode(coupling)
    found = eliashberg_tc(grid, a2f, 0.0, check_cutoff=False)
    kt = 0.1 * float(found.tc) * KELVIN_TO_MEV
    number = round(float(found.coulomb.cutoff[0]) / (2.0 * np.pi * kt))
    plain = solve_by_substitution(dense.sampled_kernel(grid, a2f), kt, number, 0.0)
    kernel, [solution] = solve(
        (grid, a2f), 2.0 * np.pi * kt * number, 0.0, float(found.tc), [kt / KELVIN_TO_MEV]
    )
    _, gap = solution.at_indices(kernel, np.arange(float(number)))
    np.testing.assert_allclose(gap, plain.gap, atol=1e-3 * plain.gap[0])


@pytest.mark.parametrize("name", SPECTRA)
def test_opens_as_a_square_root_at_the_tc_of_the_linear_equations(name):
    distance = np.array([4e-4, 2e-4, 1e-4])
    _, solutions = solve_at(name, 1.0 - distance, 0.1)
    square = np.array([solution.gap[0] ** 2 for solution in solutions])
    np.testing.assert_allclose(square / square[-1], distance / distance[-1], rtol=2e-3)
    # straight lines through two pairs meet zero 8 and 2 units of the bend away from Tc
    far, near = distance[:-1] - square[:-1] * np.diff(distance) / np.diff(square)
    assert near + (near - far) / 3.0 == pytest.approx(0.0, abs=3e-7)


@pytest.mark.parametrize("name", SPECTRA)
def test_a_start_from_below_ends_where_a_cold_start_does(name):
    _, warm = solve_at(name, COLD)
    for solution, reduced in zip(warm, COLD, strict=True):
        _, [cold] = solve_at(name, reduced)
        assert cold.status is solution.status is Status.CONVERGED
        np.testing.assert_allclose(solution.gap, cold.gap, atol=1e-9 * cold.gap[0])


@pytest.mark.parametrize("name", SPECTRA)
def test_falls_with_temperature(name):
    _, solutions = solve_at(name, COLD, 0.1)
    assert np.all(np.diff([solution.gap[0] for solution in solutions]) < 0.0)
    # repulsion wins where the lattice is too slow to follow
    assert all(solution.gap[-1] < 0.0 < solution.gap[0] for solution in solutions)


@pytest.mark.parametrize("reduced", [1.0, 1.0 + 1e-9, 1.5])
def test_no_gap_at_and_above_tc(reduced):
    _, [cold, hot] = solve_at("acoustic", [0.5, reduced])
    assert cold.status is Status.CONVERGED
    assert hot.status is Status.ABOVE_TC
    assert np.all(hot.gap == 0.0)
    # Z of the normal metal at the lowest frequency: 1 + λ(0), for the others cancel
    coupling = dense.sampled_kernel(*SPECTRA["acoustic"])(np.array([0.0]))[0]
    assert hot.renormalisation[0] == pytest.approx(1.0 + coupling, rel=1e-5)


def test_a_gap_that_cannot_be_found_is_no_gap():
    # told of a Tc that is too high, it must not take the normal solution for a gap
    tc, cutoff, mu_star_cutoff = critical("weak")
    _, [solution] = solve(SPECTRA["weak"], cutoff, mu_star_cutoff, 2.0 * tc, [1.5 * tc])
    assert solution.status is Status.NOT_CONVERGED


@pytest.mark.parametrize("scale", [1e-2, 1e3])
def test_scale_of_the_frequencies(scale):
    grid, a2f = SPECTRA["acoustic"]
    tc, cutoff, mu_star_cutoff = critical("acoustic", 0.1)
    _, [here] = solve(SPECTRA["acoustic"], cutoff, mu_star_cutoff, tc, [0.4 * tc])
    stretched = np.stack([scale * grid, a2f])
    _, [there] = solve(stretched, scale * cutoff, mu_star_cutoff, scale * tc, [0.4 * scale * tc])
    np.testing.assert_allclose(there.gap, scale * here.gap, rtol=1e-9, atol=1e-9 * scale)
    np.testing.assert_allclose(there.renormalisation, here.renormalisation, rtol=1e-9)
    assert there.omega[0] == pytest.approx(np.pi * 0.4 * scale * tc * KELVIN_TO_MEV)
