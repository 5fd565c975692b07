from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from tests.reference import dense_eliashberg as dense
from tests.reference.real_axis import broad_mode

from betenet.superconductivity.eliashberg.continuation import (
    SPREAD_TOLERANCE,
    PadeApproximant,
    _edge,
    gap_edge,
)
from betenet.superconductivity.eliashberg.gap_equations import solve_gap_equations
from betenet.superconductivity.eliashberg.kernel import PairingKernel
from betenet.superconductivity.eliashberg.real_axis import continue_to_real_axis
from betenet.superconductivity.eliashberg.status import Status
from betenet.superconductivity.eliashberg.transition import eliashberg_tc

# --------------------------------------------------------------------------------- approximants

AXIS = 1j * np.array([0.3, 0.9, 1.5, 2.1, 2.7, 3.3, 3.9, 4.5])
ELSEWHERE = np.array([0.2 + 0.1j, 1.0 + 0.1j, -2.0 + 1.0j, 10.0 + 0.5j, 30.0j])
RATIONAL = {
    "constant": lambda z: np.full_like(z, 2.0),
    "one pole": lambda z: 1.0 / (z - 5.0),
    "a line": lambda z: 3.0 - 0.5j * z,
    "two poles, even": lambda z: 1.0 + 4.0 / (4.0 - z**2),
    "three poles": lambda z: 1.0 / (z + 1.0) - 2.0 / (z + 2.0 + 1j) + 0.5 / (z - 3.0),
}


@pytest.mark.parametrize("name", RATIONAL)
def test_rational_functions_are_reproduced(name):
    function = RATIONAL[name]
    approximant = PadeApproximant.through(AXIS, function(AXIS))
    np.testing.assert_allclose(approximant(ELSEWHERE), function(ELSEWHERE), rtol=1e-7)


@pytest.mark.parametrize("n_points", [1, 2, 5, 8])
def test_goes_through_its_points(n_points):
    values = np.random.default_rng(n_points).normal(size=(n_points, 2)) @ np.array([1.0, 1j])
    approximant = PadeApproximant.through(AXIS[:n_points], values)
    np.testing.assert_allclose(approximant(AXIS[:n_points]), values, rtol=1e-9)


def test_shape_of_the_argument_is_kept():
    approximant = PadeApproximant.through(AXIS, RATIONAL["three poles"](AXIS))
    z = ELSEWHERE[:4].reshape(2, 1, 2)
    np.testing.assert_array_equal(approximant(z), approximant(ELSEWHERE[:4]).reshape(2, 1, 2))


# ------------------------------------------------------------------------------ on the real axis

SPECTRA = {
    "weak": (broad_mode(0.5), 0.0),
    "middling": (broad_mode(1.0), 0.1),
    "strong": (broad_mode(3.0), 0.1),
    "acoustic": (dense.SPECTRA["acoustic"], 0.1),
}
"""With their μ*."""


@cache
def both_ways(name, reduced):
    """A solution continued by exact equations, and by approximants."""
    (grid, a2f), mu_star = SPECTRA[name]
    found = eliashberg_tc(grid, a2f, mu_star, check_cutoff=False)
    tc, repulsion = float(found.tc), found.coulomb
    kernel = PairingKernel(grid, a2f[None], 4.0 * float(repulsion.cutoff[0]))
    [solution] = solve_gap_equations(
        kernel,
        float(repulsion.cutoff[0]),
        float(repulsion.mu_star_cutoff[0]),
        tc,
        np.array([reduced * tc]),
    )
    return continue_to_real_axis(grid, a2f, solution), gap_edge(kernel, solution), solution


# What the approximants leave at the strongest coupling. The colder, the more Matsubara frequencies
# lie as close to the origin as the edge does: three at 0.1 Tc, less than one at 0.4 Tc.
ACCURACY = {0.1: 1e-4, 0.2: 3e-4, 0.4: 5e-3}


@pytest.mark.parametrize(("reduced", "accuracy"), ACCURACY.items())
@pytest.mark.parametrize("name", SPECTRA)
def test_gap_edge_of_the_real_axis(name, reduced, accuracy):
    exact, edge, solution = both_ways(name, reduced)
    assert edge.status is Status.CONVERGED
    assert edge.gap == pytest.approx(exact.edge, rel=accuracy)
    assert edge.spread < SPREAD_TOLERANCE
    # which the gap on the imaginary axis is not
    assert 0.9 * exact.edge < solution.gap[0] < 0.998 * exact.edge


@pytest.mark.parametrize("reduced", [0.1, 0.2])
@pytest.mark.parametrize("name", SPECTRA)
def test_gap_below_the_edge_and_a_little_above(name, reduced):
    exact, edge, _ = both_ways(name, reduced)
    assert edge.continued is not None
    near = exact.energies < 1.5 * exact.edge
    continued = edge.continued(exact.energies[near] + 1j * exact.height)
    np.testing.assert_allclose(continued, exact.gap[near], atol=5e-3 * exact.edge)


def test_approximants_may_agree_on_a_wrong_edge():
    # why their agreement is not called exact: to 1 % on an edge that is some tenths of it off
    exact, edge, _ = both_ways("middling", 0.95)
    assert edge.status is Status.CONVERGED
    assert 2e-3 < abs(edge.gap / exact.edge - 1.0) < 5e-2


@pytest.mark.parametrize("reduced", [0.8, 0.95])
def test_approximants_that_disagree_are_named(reduced):
    _, edge, _ = both_ways("strong", reduced)
    assert edge.status is Status.CONTINUATION_UNSTABLE


def test_edge_is_that_of_the_real_part():
    # of a gap that falls with ω and has losses: Re Δ = 2 - ω/3 meets ω at 1.5
    lossy = PadeApproximant.through(AXIS, 2.0 + 0.7j - AXIS / 3.0)
    assert _edge(lossy, 1.6) == pytest.approx(1.5, rel=1e-6)
    assert _edge(lossy, 4.0) is None


# -------------------------------------------------------------------------------------- statuses


def test_no_approximant_has_an_edge():
    # a solution that is none: Δ by the equations is far below what it claims to be
    spectrum = SPECTRA["weak"][0]
    kernel = PairingKernel(spectrum[0], spectrum[1][None], 2000.0)
    [solution] = solve_gap_equations(kernel, 440.0, 0.0, 9.3, np.array([4.0]))
    claimed = replace(solution, gap=10.0 * solution.gap)
    edge = gap_edge(kernel, claimed)
    assert edge.status is Status.CONTINUATION_UNSTABLE
    assert edge.continued is None
    assert not edge.spread < SPREAD_TOLERANCE
    assert edge.gap == claimed.gap[0]


@pytest.mark.parametrize("status", [Status.ABOVE_TC, Status.NOT_CONVERGED])
def test_status_of_the_imaginary_axis_is_passed_on(status):
    grid, a2f = SPECTRA["weak"][0]
    tc = float(eliashberg_tc(grid, a2f, 0.0, check_cutoff=False).tc)
    kernel = PairingKernel(grid, a2f[None], 2000.0)
    # above the true Tc: told the truth, or told that it lies higher
    claimed = tc if status is Status.ABOVE_TC else 2.0 * tc
    [solution] = solve_gap_equations(kernel, 400.0, 0.0, claimed, np.array([1.5 * tc]))
    edge = gap_edge(kernel, solution)
    assert edge.status is solution.status is status
    assert edge.continued is None
    assert np.isnan(edge.spread)
    assert abs(edge.gap) < 1e-6
