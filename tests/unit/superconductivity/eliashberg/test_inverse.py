import numpy as np
import pytest
from tests.reference import dense_eliashberg as dense
from tests.reference.real_axis import broad_mode

from betenet.errors import ConfigError, SpectrumError
from betenet.superconductivity.eliashberg.coulomb import rescale
from betenet.superconductivity.eliashberg.inverse import fit_mu_star
from betenet.superconductivity.eliashberg.status import Status
from betenet.superconductivity.eliashberg.transition import eliashberg_tc
from betenet.units import KELVIN_TO_MEV

GRID = np.linspace(0.2, 40.0, 400)


def on_grid(spectrum):
    return np.interp(GRID, *spectrum, left=0.0, right=0.0)


A2F = np.stack(
    [
        on_grid(dense.SPECTRA["acoustic"]),
        on_grid(broad_mode(0.6, 25.0, 0.4)),
        on_grid(broad_mode(1.5, 30.0, 0.4)),
        on_grid(broad_mode(4.0, 10.0, 0.4)),
    ]
)
MU_STAR = np.array([0.12, 0.02, 0.2, 0.15])


@pytest.mark.parametrize(
    "settings", [{}, {"cutoff": 500.0}, {"cutoff": 500.0, "mu_star_frequency": 40.0}]
)
def test_there_and_back(settings):
    forth = eliashberg_tc(GRID, A2F, MU_STAR, check_cutoff=False, **settings)
    assert np.all(forth.tc > 0.1)
    back = fit_mu_star(GRID, A2F, forth.tc, **settings)
    assert back.status.tolist() == [Status.CONVERGED] * 4
    np.testing.assert_allclose(back.mu_star, MU_STAR, atol=1e-6)
    np.testing.assert_allclose(back.mu_star_cutoff, forth.coulomb.mu_star_cutoff, atol=2e-6)
    # above μ* = 0.19 the default cutoff depends on μ* itself
    np.testing.assert_allclose(back.cutoff, forth.coulomb.cutoff, rtol=1e-4)
    np.testing.assert_array_equal(back.mu_star_frequency, forth.coulomb.mu_star_frequency)


def test_tc_of_the_dense_equations():
    # the measured Tc is that of full sums; the repulsion must be the one that was put in
    spectrum, mu_star_cutoff, cutoff = dense.SPECTRA["acoustic"], 0.17, 300.0
    kernel = dense.sampled_kernel(*spectrum)
    tc = dense.critical_temperature(kernel, cutoff, mu_star_cutoff, 0.8) / KELVIN_TO_MEV
    found = fit_mu_star(spectrum[0], spectrum[1], tc, cutoff=cutoff, mu_star_frequency=cutoff)
    assert float(found.mu_star) == pytest.approx(mu_star_cutoff, abs=1e-4)
    assert float(found.mu_star_cutoff) == float(found.mu_star)


def test_no_repulsion_at_all():
    tc = eliashberg_tc(GRID, A2F, 0.0, check_cutoff=False).tc
    found = fit_mu_star(GRID, A2F, tc)
    assert found.status.tolist() == [Status.CONVERGED] * 4
    np.testing.assert_allclose(found.mu_star, 0.0, atol=1e-6)


def test_a_higher_tc_needs_less_repulsion():
    highest = float(eliashberg_tc(GRID, A2F[1], 0.0, check_cutoff=False).tc)
    fractions = np.array([0.05, 0.2, 0.5, 0.9, 0.999])
    found = fit_mu_star(GRID, np.stack([A2F[1]] * 5), fractions * highest)
    assert np.all(np.diff(found.mu_star) < 0.0)
    assert np.all(found.mu_star > 0.0)


@pytest.mark.parametrize("factor", [1.001, 3.0, 100.0])
def test_more_than_the_spectrum_can_do(factor):
    highest = eliashberg_tc(GRID, A2F, 0.0, check_cutoff=False).tc
    found = fit_mu_star(GRID, A2F, factor * highest)
    assert found.status.tolist() == [Status.NEEDS_ATTRACTION] * 4
    assert np.all(np.isnan(found.mu_star))
    assert np.all(np.isnan(found.mu_star_cutoff))


def test_a_tc_that_no_repulsion_brings_about():
    # with an infinite repulsion Δ has a node, but strong coupling still pairs at some temperature
    least = float(eliashberg_tc(GRID, A2F[3], 1e6, cutoff=500.0, mu_star_frequency=500.0).tc)
    assert least > 1.0
    fractions = np.array([0.2, 0.9, 1.1])
    found = fit_mu_star(
        GRID, np.stack([A2F[3]] * 3), fractions * least, cutoff=500.0, mu_star_frequency=500.0
    )
    assert found.status.tolist() == [Status.NO_REPULSION_SUFFICES] * 2 + [Status.CONVERGED]
    assert np.isnan(found.mu_star[:2]).all()
    assert found.mu_star[2] > 1.0


def test_a_second_gap_that_repulsion_leaves():
    # so strong a coupling that at 1.4 % of Tc two eigenvalues are above 1, and repulsion takes one
    grid, a2f = broad_mode(1e4)
    end = 4000.0
    tc = float(eliashberg_tc(grid, a2f, 0.0, cutoff=end, mu_star_frequency=end).tc)
    found = fit_mu_star(grid, a2f, 0.0138 * tc, cutoff=end, mu_star_frequency=end)
    assert found.status[()] is Status.NO_REPULSION_SUFFICES
    number = dense.count(0.0138 * tc * KELVIN_TO_MEV, end)
    kernel = dense.sampled_kernel(grid, a2f)
    values = kernel(2.0 * np.pi * 0.0138 * tc * KELVIN_TO_MEV * np.arange(2 * number))
    assert np.linalg.eigvalsh(dense.pairing_matrix(values, 1e6))[-1] > 1.0


def test_a_shape_for_each_answer():
    tc = eliashberg_tc(GRID, A2F, 0.1, check_cutoff=False).tc
    found = fit_mu_star(GRID, A2F.reshape(2, 2, -1), tc.reshape(2, 2))
    assert found.mu_star.shape == found.status.shape == found.cutoff.shape == (2, 2)
    np.testing.assert_allclose(found.mu_star, 0.1, atol=1e-6)
    single = fit_mu_star(GRID, A2F[1], float(tc[1]))
    assert single.mu_star.shape == single.status.shape == ()
    assert single.status[()] is Status.CONVERGED


def test_mu_star_belongs_to_its_frequency():
    tc = float(eliashberg_tc(GRID, A2F[0], 0.1, check_cutoff=False).tc)
    low, high = (fit_mu_star(GRID, A2F[0], tc, mu_star_frequency=f) for f in (30.0, 300.0))
    assert float(high.mu_star) == pytest.approx(float(rescale(low.mu_star, 30.0, 300.0)))
    assert float(high.mu_star_cutoff) == pytest.approx(float(low.mu_star_cutoff))


@pytest.mark.parametrize("scale", [1e-2, 1e3])
def test_scale_of_the_frequencies(scale):
    here = fit_mu_star(GRID, A2F[0], 5.0)
    there = fit_mu_star(scale * GRID, A2F[0], scale * 5.0)
    assert float(there.mu_star) == pytest.approx(float(here.mu_star), rel=1e-6)


@pytest.mark.parametrize("tc", [0.0, -1.0, np.nan, np.inf, [1.0, 2.0, 3.0, -4.0]])
def test_a_measured_tc_is_a_temperature(tc):
    with pytest.raises(ConfigError, match="positive temperature in K"):
        fit_mu_star(GRID, A2F, tc)


def test_errors_of_the_spectrum_and_the_cutoff():
    with pytest.raises(SpectrumError):
        fit_mu_star(GRID[::-1], A2F, 1.0)
    with pytest.raises(SpectrumError):
        fit_mu_star(GRID, A2F, 1.0, rule="simpson")
    with pytest.raises(ConfigError):
        fit_mu_star(GRID, A2F, 1.0, cutoff=-500.0)
