import numpy as np
import pytest
from scipy.interpolate import CubicSpline
from tests.reference import dense_eliashberg as dense

from betenet.superconductivity.eliashberg.kernel import PairingKernel
from betenet.superconductivity.eliashberg.linearised import (
    largest_eigenvalue,
    matsubara_sums,
    pairing_matrix,
)


def close(expected, number):
    """As ρ should be: to 2e-5, and to 0.05/N² where few frequencies lie below the cutoff.

    The normal self-energy beyond the cutoff is an integral instead of a sum, which is least
    accurate for n = N - 1. With the default cutoff N is at least 9 (λ → ∞), and 20 to 2000 for
    λ from 2 to 0.3; where ρ is 1, ln T takes up this error times 1 to 2.
    """
    return pytest.approx(expected, abs=max(2e-5, 0.05 / number**2) * max(1.0, abs(expected)))


def table(spectrum, highest):
    return PairingKernel(spectrum[0], spectrum[1][None], highest)


def sums_at(kernel, temperature, number):
    """The sums of one spectrum with a (whole or other) number of frequencies."""
    cutoff = 2.0 * np.pi * temperature * number
    return matsubara_sums(kernel, np.array([temperature]), np.array([cutoff]))


def rho(kernel, temperature, number, mu_star):
    return float(largest_eigenvalue(sums_at(kernel, temperature, number), np.array([mu_star]))[0])


def two_sided(spectrum, temperature, number, mu_star):
    """The equations as they are printed: all 2N frequencies, and m' up to 4000."""
    values = dense.sampled_kernel(*spectrum)(2.0 * np.pi * temperature * np.arange(5_000))
    n, every = np.arange(-number, number), np.arange(-4_000, 4_000)
    signs = np.sign(2 * every + 1) * np.sign(2 * n + 1)[:, None]
    normal = np.sum(values[np.abs(n[:, None] - every)] * signs, axis=1)
    matrix = values[np.abs(n[:, None] - n)] - mu_star - np.diag(normal)
    eigenvalues, vectors = np.linalg.eig(matrix / np.abs(2 * n + 1))
    assert np.all(np.abs(np.imag(eigenvalues)) < 1e-9)
    best = int(np.argmax(np.real(eigenvalues)))
    gap = np.real(vectors[:, best])
    np.testing.assert_allclose(gap, gap[::-1], atol=1e-9)  # it is even, as the package assumes
    return float(np.real(eigenvalues[best]))


@pytest.mark.parametrize("mu_star", [0.0, 0.2])
@pytest.mark.parametrize("number", [1, 2, 5, 20, 60])
def test_the_equations_as_they_are_printed(number, mu_star):
    spectrum, temperature = dense.SPECTRA["acoustic"], 2.0
    cutoff = 2.0 * np.pi * temperature * number
    expected = two_sided(spectrum, temperature, number, mu_star)
    found = rho(table(spectrum, 2.0 * cutoff), temperature, number, mu_star)
    assert found == close(expected, number)
    oracle = dense.eigenvalue(dense.sampled_kernel(*spectrum), temperature, cutoff, mu_star)
    assert oracle == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("number", [9, 16, 47, 200, 700])
@pytest.mark.parametrize("reach", [2.0, 20.0])
@pytest.mark.parametrize("name", dense.SPECTRA)
def test_the_sum_over_every_frequency(name, reach, number):
    spectrum, mu_stars = dense.SPECTRA[name], (0.0, 0.15, 0.4)
    cutoff = reach * spectrum[0].max()
    temperature = cutoff / (2.0 * np.pi * number)
    kernel = dense.sampled_kernel(*spectrum)
    sums = sums_at(table(spectrum, 2.0 * cutoff), temperature, number)
    for mu_star in mu_stars:
        found = largest_eigenvalue(sums, np.array([mu_star]))[0]
        assert found == close(dense.eigenvalue(kernel, temperature, cutoff, mu_star), number)


def test_a_pair_of_frequencies_by_hand():
    # N = 1: ρ = λ(0) + λ(1) - 2μ* - λ(0)
    attraction = 1.3 * 400.0 / (400.0 + (2.0 * np.pi * 3.0) ** 2)
    kernel = table(dense.einstein_mode(1.3, 20.0), 100.0)
    assert rho(kernel, 3.0, 1, 0.1) == close(attraction - 0.2, 1)


@pytest.mark.parametrize("number", [32, 64, 128, 300])
@pytest.mark.parametrize("name", dense.SPECTRA)
def test_smooth_in_the_number_of_frequencies(name, number):
    # at 32, 64 and 128 the number of nodes changes, but neither ρ nor its slope jumps
    spectrum = dense.SPECTRA[name]
    temperature = spectrum[0].max() / 50.0
    kernel = table(spectrum, 4.0 * np.pi * temperature * 301)
    far_below, below, above, far_above = (
        rho(kernel, temperature, number * factor, 0.2) for factor in (0.998, 0.999, 1.001, 1.002)
    )
    assert (far_below + far_above) / 2.0 == pytest.approx((below + above) / 2.0, abs=1e-6)
    assert above == pytest.approx(below, rel=2e-3)


@pytest.mark.parametrize("name", dense.SPECTRA)
def test_continuous_where_compression_begins(name):
    spectrum = dense.SPECTRA[name]
    kernel, temperature = table(spectrum, 1e4), spectrum[0].max() / 50.0
    below, above = (rho(kernel, temperature, number, 0.2) for number in (15.9999, 16.0))
    assert above == pytest.approx(below, rel=1e-4)


@pytest.mark.parametrize("name", dense.SPECTRA)
def test_cold_or_attractive_means_larger(name):
    spectrum = dense.SPECTRA[name]
    top = spectrum[0].max()
    kernel = table(spectrum, 40.0 * top)
    temperatures = np.geomspace(1e-3, 0.3, 12) * top
    by_temperature = [rho(kernel, t, 10.0 * top / (np.pi * t), 0.2) for t in temperatures]
    assert np.all(np.diff(by_temperature) < 0.0)
    by_repulsion = [rho(kernel, 0.03 * top, 100, mu_star) for mu_star in (0.0, 0.1, 0.2, 0.5, 1.0)]
    assert np.all(np.diff(by_repulsion) < 0.0)


def test_the_matrix_is_that_of_the_package_and_symmetric():
    sums = sums_at(table(dense.SPECTRA["acoustic"], 2e3), 1.0, 100)
    matrix, u = pairing_matrix(sums)
    np.testing.assert_allclose(matrix, matrix.transpose(0, 2, 1), atol=1e-15)
    whole = matrix - 0.2 * u[:, :, None] * u[:, None, :]
    expected = np.linalg.eigvalsh(whole[0])[-1]
    assert largest_eigenvalue(sums, np.array([0.1]))[0] == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(sums.omega, np.pi * (2.0 * sums.indices + 1.0))


def test_eigenvectors_are_the_gap():
    # Δ_n = v_n √(|2n+1|/w_n) is smooth in n, falls, and is that of the dense matrix at whole n
    spectrum, temperature, number = dense.SPECTRA["acoustic"], 1.0, 100
    sums = sums_at(table(spectrum, 2e3), temperature, number)
    matrix, _ = pairing_matrix(sums)
    vector = np.abs(np.linalg.eigh(matrix[0])[1][:, -1])
    gap = vector * np.sqrt((2.0 * sums.indices[0] + 1.0) / sums.weights[0])
    values = dense.sampled_kernel(*spectrum)(2.0 * np.pi * temperature * np.arange(2 * number))
    plain = np.abs(np.linalg.eigh(dense.pairing_matrix(values, 0.0))[1][:, -1])
    plain *= np.sqrt(2.0 * np.arange(number) + 1.0)
    x = sums.indices[0]
    expected = CubicSpline(np.arange(number), plain / plain[0])(x)
    np.testing.assert_allclose(gap / gap[0], expected, atol=5e-5)


def test_spectra_with_temperatures_and_cutoffs_of_their_own():
    grid = dense.SPECTRA["acoustic"][0]
    a2f = np.random.default_rng(0).uniform(0.0, 1.0, (3, grid.size))
    temperature, number = np.array([0.5, 1.0, 4.0]), np.array([80.0, 100.0, 65.0])
    cutoff = 2.0 * np.pi * temperature * number
    mu_star = np.array([0.0, 0.1, 0.3])
    sums = matsubara_sums(PairingKernel(grid, a2f, 1e4), temperature, cutoff)
    found = largest_eigenvalue(sums, mu_star)
    for row in range(3):
        spectrum = np.stack([grid, a2f[row]])
        expected = rho(table(spectrum, 1e4), temperature[row], number[row], mu_star[row])
        assert found[row] == pytest.approx(expected, rel=1e-7)
