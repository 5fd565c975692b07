import numpy as np
import pytest
from tests.reference import dense_eliashberg as dense
from tests.reference.real_axis import broad_mode

from betenet.errors import SpectrumError
from betenet.superconductivity.eliashberg.response import tc_response
from betenet.superconductivity.eliashberg.status import Status
from betenet.superconductivity.eliashberg.transition import eliashberg_tc
from betenet.units import KELVIN_TO_MEV

CUTOFF = 800.0
GRID = np.linspace(0.2, 40.0, 400)


def two_peaks(heavy, light):
    """Two modes that do not overlap, one of each of two atoms, on a grid with both in it."""
    first, second = broad_mode(heavy, 10.0), broad_mode(light, 30.0)
    grid = np.concatenate([first[0], second[0]])
    sites = np.zeros((2, grid.size))
    sites[0, : first.shape[1]], sites[1, first.shape[1] :] = first[1], second[1]
    return grid, sites


def tc_of(grid, a2f, mu_star, cutoff=CUTOFF):
    found = eliashberg_tc(
        grid, a2f, mu_star, cutoff=cutoff, mu_star_frequency=cutoff, check_cutoff=False
    )
    return float(found.tc)


def on_grid(spectrum):
    return np.interp(GRID, *spectrum, left=0.0, right=0.0)


def at_fixed_cutoff(name, mu_star):
    """The response with μ* as it enters the equations."""
    return tc_response(GRID, SPECTRA[name], mu_star, cutoff=CUTOFF, mu_star_frequency=CUTOFF)


SPECTRA = {
    "acoustic": on_grid(dense.SPECTRA["acoustic"]),
    "weak": on_grid(broad_mode(0.5, 25.0, 0.4)),
    "strong": on_grid(broad_mode(3.0, 15.0, 0.4)),
}

# ------------------------------------------------------------------------- functional derivative


@pytest.mark.parametrize("mu_star", [0.0, 0.15])
@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("centre", [3.0, 12.0, 30.0])
def test_finite_differences_of_tc(name, centre, mu_star):
    response = at_fixed_cutoff(name, mu_star)
    bump = 1e-3 * np.exp(-(((GRID - centre) / 1.5) ** 2))
    difference = 0.5 * (
        tc_of(GRID, SPECTRA[name] + bump, mu_star) - tc_of(GRID, SPECTRA[name] - bump, mu_star)
    )
    predicted = np.trapezoid(response.derivative * bump, GRID)
    assert predicted == pytest.approx(difference, rel=1e-4)


@pytest.mark.parametrize("mu_star", [0.0, 0.15])
@pytest.mark.parametrize("name", SPECTRA)
def test_every_phonon_helps_and_those_at_seven_kt_most(name, mu_star):
    # Bergmann and Rainer: linear at first, a broad maximum a little above 2πk_B Tc
    response = at_fixed_cutoff(name, mu_star)
    derivative, kt = response.derivative, float(response.transition.tc) * KELVIN_TO_MEV
    assert response.transition.status[()] is Status.CONVERGED
    assert np.all(derivative > 0.0)
    assert 6.3 < GRID[derivative.argmax()] / kt < 9.5
    np.testing.assert_allclose(derivative[:3] / GRID[:3], derivative[0] / GRID[0], rtol=0.03)
    # one rise, one fall, and still more than half at three times the maximum's frequency
    assert np.sum(np.diff(np.sign(np.diff(derivative))) != 0) == 1
    if GRID[-1] > 3.0 * GRID[derivative.argmax()]:
        assert np.interp(3.0 * GRID[derivative.argmax()], GRID, derivative) > derivative.max() / 2


@pytest.mark.parametrize("scale", [1e-2, 1e3])
def test_scale_of_the_frequencies(scale):
    a2f = SPECTRA["acoustic"]
    here = tc_response(GRID, a2f, 0.1, site_a2f=a2f[None])
    there = tc_response(scale * GRID, a2f, 0.1, site_a2f=a2f[None])
    # Tc and ω scale alike, so that K/meV stays
    np.testing.assert_allclose(there.derivative, here.derivative, rtol=1e-6)
    assert there.isotope_coefficient == pytest.approx(here.isotope_coefficient, rel=1e-6)


# -------------------------------------------------------------------------------- isotope effect


@pytest.mark.parametrize("name", SPECTRA)
def test_one_half_without_repulsion(name):
    isotope = tc_response(GRID, SPECTRA[name], 0.0).isotope_coefficient
    # a cutoff that stays where it is takes a little of it
    assert isotope == pytest.approx(0.5, abs=1e-4)


@pytest.mark.parametrize("mu_star", [0.0, 0.1, 0.2])
def test_frequencies_that_are_stretched(mu_star):
    grid, sites = two_peaks(0.6, 0.5)
    a2f, step = sites.sum(axis=0), 1e-3
    response = tc_response(grid, a2f, mu_star, site_a2f=sites)
    repulsion = response.transition.coulomb
    fixed = float(repulsion.mu_star_cutoff[0]), float(repulsion.cutoff[0])
    parts = np.repeat([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], grid.size // 2, axis=1)

    def slope(part):
        """d ln Tc/d ln ω where the part's frequencies are stretched; ω goes as M^(-1/2)."""
        low, high = (
            np.log(tc_of(grid * (1.0 + sign * step * part), a2f, *fixed)) for sign in (-1, 1)
        )
        return (high - low) / (2.0 * step)

    heavy, light, both = (0.5 * slope(part) for part in parts)
    assert response.site_isotope_coefficients is not None
    np.testing.assert_allclose(response.site_isotope_coefficients, [heavy, light], atol=1e-5)
    assert response.isotope_coefficient == pytest.approx(both, abs=1e-5)
    assert response.site_isotope_coefficients.sum() == pytest.approx(both, abs=1e-5)


def test_repulsion_lowers_it():
    by_repulsion = [
        tc_response(GRID, SPECTRA["weak"], mu).isotope_coefficient for mu in (0.0, 0.1, 0.2)
    ]
    assert np.all(np.diff(by_repulsion) < 0.0)


def test_the_site_that_moves_has_all_of_it():
    a2f = SPECTRA["acoustic"]
    response = tc_response(GRID, a2f, site_a2f=np.stack([np.zeros_like(a2f), a2f, 0.0 * a2f]))
    assert response.site_isotope_coefficients is not None
    expected = [0.0, response.isotope_coefficient, 0.0]
    np.testing.assert_allclose(response.site_isotope_coefficients, expected, atol=1e-12)


# ---------------------------------------------------------------------------------- what is odd


@pytest.mark.parametrize("strength", [0.0, 0.02])
def test_nothing_to_respond(strength):
    a2f = strength * SPECTRA["weak"]
    response = tc_response(GRID, a2f, 0.2, site_a2f=np.stack([a2f, a2f]))
    assert float(response.transition.tc) == 0.0
    assert np.all(response.derivative == 0.0)
    assert np.isnan(response.isotope_coefficient)
    assert response.site_isotope_coefficients is not None
    assert np.all(np.isnan(response.site_isotope_coefficients))
    assert response.site_isotope_coefficients.shape == (2,)


def test_no_sites_were_given():
    assert tc_response(GRID, SPECTRA["weak"]).site_isotope_coefficients is None


@pytest.mark.parametrize(
    ("a2f", "sites"),
    [
        (np.stack([SPECTRA["weak"]] * 2), None),
        (SPECTRA["weak"], SPECTRA["weak"]),
        (SPECTRA["weak"], SPECTRA["weak"][None, None]),
        (SPECTRA["weak"], SPECTRA["weak"][None, :-1]),
    ],
)
def test_one_spectrum_and_its_sites_only(a2f, sites):
    # the checks of the tests would speak first
    unchecked = getattr(tc_response, "__wrapped__", tc_response)
    with pytest.raises(SpectrumError):
        unchecked(GRID, a2f, site_a2f=sites)
