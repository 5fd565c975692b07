import numpy as np
import pytest
from tests.reference.dense_eliashberg import SPECTRA, STRONG_COUPLING, einstein_mode

from betenet.errors import ConfigError
from betenet.superconductivity.eliashberg.coulomb import (
    CUTOFF_FACTOR,
    MOST_RESCALING,
    STRONG_CUTOFF_FACTOR,
    coulomb,
    rescale,
)
from betenet.superconductivity.moments import omega_max

GRID, A2F = SPECTRA["acoustic"]
TOP = float(omega_max(GRID, A2F))


def test_the_pseudopotential_obeys_its_differential_equation():
    # Morel and Anderson: 1/μ*(ω) falls by ln of what ω rises by, from μ at the bandwidth down
    cutoff = np.geomspace(10.0, 1000.0, 7)
    inverse = 1.0 / rescale(0.13, 50.0, cutoff)
    np.testing.assert_allclose(inverse + np.log(cutoff / 50.0), 1.0 / 0.13, rtol=1e-13)


@pytest.mark.parametrize("mu_star", [0.0, 0.05, 0.1, 0.2])
def test_two_steps_are_one(mu_star):
    once = rescale(mu_star, 30.0, 900.0)
    twice = rescale(rescale(mu_star, 30.0, 170.0), 170.0, 900.0)
    assert twice == pytest.approx(once, rel=1e-14)
    assert rescale(once, 900.0, 30.0) == pytest.approx(mu_star, rel=1e-14)
    assert rescale(mu_star, 30.0, 30.0) == mu_star


def test_another_cutoff_of_a_batch():
    first = coulomb(GRID, A2F[None].repeat(3, 0), np.array([0.0, 0.1, 0.2]))
    wider = first.at_cutoff(2.0 * first.cutoff)
    np.testing.assert_array_equal(wider.cutoff, 2.0 * first.cutoff)
    expected = rescale(first.mu_star, first.mu_star_frequency, wider.cutoff)
    np.testing.assert_allclose(wider.mu_star_cutoff, expected, rtol=1e-14)
    np.testing.assert_array_equal(wider.mu_star, first.mu_star)
    some = wider.rows(np.array([2, 0]))
    np.testing.assert_array_equal(some.mu_star, [0.2, 0.0])
    np.testing.assert_array_equal(some.mu_star_cutoff, wider.mu_star_cutoff[[2, 0]])


def test_defaults_follow_the_spectrum():
    found = coulomb(GRID, A2F[None], 0.1)
    assert found.cutoff[0] == pytest.approx(CUTOFF_FACTOR * TOP)
    assert found.mu_star_frequency[0] == TOP
    assert found.mu_star_cutoff[0] == pytest.approx(0.1 / (1.0 - 0.1 * np.log(CUTOFF_FACTOR)))


@pytest.mark.parametrize("coupling", [1.0, 100.0, 400.0])
def test_strong_coupling_raises_the_cutoff(coupling):
    omega, a2f = einstein_mode(coupling)
    found = coulomb(omega, a2f[None], 0.0)
    strong = STRONG_CUTOFF_FACTOR * np.sqrt(coupling)
    assert found.cutoff[0] == pytest.approx(max(CUTOFF_FACTOR, strong), rel=1e-6)
    # the sums must reach far beyond 2πTc, which is at most 1.15 √λ ω_2
    assert found.cutoff[0] > 5.0 * 2.0 * np.pi * STRONG_COUPLING * np.sqrt(coupling)


@pytest.mark.parametrize("mu_star", [0.3, 0.4, 1.0])
def test_a_strong_repulsion_lowers_the_default_cutoff(mu_star):
    found = coulomb(GRID, A2F[None], mu_star)
    assert TOP < found.cutoff[0] < CUTOFF_FACTOR * TOP
    assert found.mu_star_cutoff[0] == pytest.approx(MOST_RESCALING * mu_star)


def test_a_spectrum_without_weight_has_a_cutoff():
    found = coulomb(GRID, np.stack([0.0 * A2F, -A2F]), 0.1)
    assert np.all(np.isfinite(found.cutoff))
    assert np.all(found.cutoff > 0.0)
    assert np.all(found.mu_star_frequency == GRID[-1])


def test_given_numbers_are_kept():
    found = coulomb(GRID, A2F[None], 0.12, cutoff=280.0, mu_star_frequency=28.0)
    assert (found.cutoff[0], found.mu_star_frequency[0]) == (280.0, 28.0)
    # 1 + 0.12 ln 0.1 = 0.72370
    assert found.mu_star_cutoff[0] == pytest.approx(0.12 / 0.723690, rel=1e-6)


@pytest.mark.parametrize("mu_star", [-0.01, np.nan, np.inf, [0.1, -0.1]])
def test_mu_star_out_of_range(mu_star):
    with pytest.raises(ConfigError, match="mu_star is"):
        coulomb(GRID, A2F[None].repeat(2, 0), mu_star)


@pytest.mark.parametrize("name", ["cutoff", "mu_star_frequency"])
@pytest.mark.parametrize("value", [-5.0, 0.0, np.nan, np.inf])
def test_frequency_out_of_range(name, value):
    with pytest.raises(ConfigError, match=f"{name} is"):
        coulomb(GRID, A2F[None], 0.1, **{name: value})


def test_a_repulsion_that_diverges_below_the_cutoff():
    # μ* = 0.2 belongs to no repulsion at e⁵ = 148 times its frequency
    assert rescale(0.2, 1.0, 147.0) > 0.0
    with pytest.raises(ConfigError, match="diverges below the cutoff") as error:
        rescale(0.2, 1.0, 149.0)
    assert error.value.fix
    with pytest.raises(ConfigError, match="diverges"):
        coulomb(GRID, A2F[None], 0.4, cutoff=20.0 * TOP)
    with pytest.raises(ConfigError, match="diverges"):
        coulomb(GRID, A2F[None], 0.3).at_cutoff(30.0 * CUTOFF_FACTOR * TOP)
