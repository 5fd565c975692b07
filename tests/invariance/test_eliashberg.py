"""Tc belongs to the spectrum: not to its unit, its grid, or the batch it comes in."""

import numpy as np
import pytest
from tests.reference.dense_eliashberg import SPECTRA

from betenet.spectrum import Spectrum
from betenet.superconductivity.eliashberg.transition import eliashberg_tc


def tc_at_fixed_cutoff(grid, a2f):
    """The default cutoff follows ω_max, which is one of the samples: other grids have others."""
    return float(eliashberg_tc(grid, a2f, 0.1, cutoff=600.0, mu_star_frequency=30.0).tc)


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("factor", [1e-3, 11.6, 200.0])
def test_scaled_frequencies_scale_tc(factor, name):
    grid, a2f = SPECTRA[name]
    spectra = np.array([0.3, 1.0, 7.0])[:, None] * a2f
    found = eliashberg_tc(grid, spectra, 0.1)
    scaled = eliashberg_tc(factor * grid, spectra, 0.1, lowest=factor * 1e-3)
    np.testing.assert_allclose(scaled.tc, factor * found.tc, rtol=1e-6)
    np.testing.assert_array_equal(scaled.status, found.status)
    np.testing.assert_allclose(scaled.coulomb.mu_star_cutoff, found.coulomb.mu_star_cutoff)


@pytest.mark.parametrize("name", SPECTRA)
def test_scaled_frequencies_with_a_cutoff_of_their_own(name):
    grid, a2f = SPECTRA[name]
    found = eliashberg_tc(grid, a2f, 0.1, cutoff=400.0, mu_star_frequency=50.0)
    scaled = eliashberg_tc(3.0 * grid, a2f, 0.1, cutoff=1200.0, mu_star_frequency=150.0)
    assert scaled.tc == pytest.approx(3.0 * float(found.tc), rel=1e-6)


@pytest.mark.parametrize("name", SPECTRA)
def test_a_spectrum_does_not_feel_its_batch(name):
    grid, a2f = SPECTRA[name]
    random = np.random.default_rng(0)
    spectra = a2f * random.uniform(0.0, 2.0, (20, 1)) * random.uniform(0.7, 1.3, (20, a2f.size))
    spectra[5] = 0.0
    spectra[6] *= 40.0  # with a cutoff that makes the table of all longer
    whole = eliashberg_tc(grid, spectra, 0.1)
    order = random.permutation(20)
    shuffled = eliashberg_tc(grid, spectra[order], 0.1)
    np.testing.assert_allclose(shuffled.tc, whole.tc[order], rtol=1e-10)
    np.testing.assert_array_equal(shuffled.status, whole.status[order])
    for row in range(0, 20, 3):
        single = eliashberg_tc(grid, spectra[row], 0.1)
        assert whole.tc[row] == pytest.approx(float(single.tc), rel=1e-10)
        assert whole.cutoff_change[row] == pytest.approx(
            float(single.cutoff_change), rel=0.01, nan_ok=True
        )


@pytest.mark.parametrize("name", SPECTRA)
def test_weak_and_strong_coupling_in_one_batch(name):
    # 9 to 2000 frequencies below the cutoff, and those with 15.5 and 31 next to each other
    grid, a2f = SPECTRA[name]
    spectra = np.geomspace(0.3, 60.0, 60)[:, None] * a2f
    single = [float(eliashberg_tc(grid, row, 0.1).tc) for row in spectra[::4]]
    forth, back = eliashberg_tc(grid, spectra, 0.1).tc, eliashberg_tc(grid, spectra[::-1], 0.1).tc
    np.testing.assert_allclose(forth[::4], single, rtol=1e-10)
    np.testing.assert_allclose(back[::-1], forth, rtol=1e-10)


@pytest.mark.parametrize("name", SPECTRA)
def test_samples_between_samples_say_nothing_new(name):
    grid, a2f = SPECTRA[name]
    if name == "coarse bins":  # whose first sample does not count
        grid, a2f = grid[1:], a2f[1:]
    between = 0.3 * grid[:-1] + 0.7 * grid[1:]
    finer = Spectrum(grid, a2f).resample(np.sort(np.concatenate([grid, between])))
    expected = tc_at_fixed_cutoff(grid, a2f)
    found = tc_at_fixed_cutoff(finer.frequencies, finer.a2f)
    assert found == pytest.approx(expected, rel=1e-6)


def test_zeros_above_and_the_onset_below_say_nothing_new():
    grid, a2f = SPECTRA["acoustic"]
    expected = tc_at_fixed_cutoff(grid, a2f)
    steps = np.array([0.5, 1.0, 20.0, 400.0])
    longer = np.concatenate([grid, grid[-1] + steps])
    above = tc_at_fixed_cutoff(longer, np.concatenate([a2f, 0.0 * steps]))
    # the line from the last sample down to the first zero is new, and all but empty
    assert above == pytest.approx(expected, rel=1e-4)
    below = np.linspace(0.001, 0.099, 99)
    wider = Spectrum(grid, a2f).resample(np.concatenate([below, grid]))
    found = tc_at_fixed_cutoff(wider.frequencies, wider.a2f)
    assert found == pytest.approx(expected, rel=1e-6)


def test_converges_with_the_square_of_the_step():
    fine = np.linspace(0.02, 30.0, 1500)
    expected = tc_at_fixed_cutoff(fine, _smooth(fine))
    errors = []
    for step in (1.6, 0.8, 0.4):
        coarse = np.arange(step, 30.01, step)
        found = tc_at_fixed_cutoff(coarse, _smooth(coarse))
        errors.append(abs(found / expected - 1.0))
    assert errors[0] < 0.02
    assert errors[1] < 0.35 * errors[0]
    assert errors[2] < 0.35 * errors[1]


def _smooth(omega):
    return 0.9 * (omega / 15.0) ** 2 * np.exp(-(((omega - 15.0) / 5.0) ** 2))
