import numpy as np
import pytest
from tests.made_bands import free_electrons, mesh, square_lattice

from betenet.electrons.nesting import chi0_peaks, nesting_peaks, null_nesting
from betenet.electrons.susceptibility import susceptibility
from betenet.electrons.wave_vectors import wave_path


def test_the_null_model_of_a_sphere_is_the_sphere_and_has_the_mean_one() -> None:
    radius = 0.25
    bands = free_electrons(16, radius)
    level = 4.0 * radius**2
    waves = np.array([[0.25, 0.0, 0.0], [0.45, 0.1, 0.0]])
    lengths = np.linalg.norm(waves, axis=1)
    found = null_nesting(bands, waves, level)
    np.testing.assert_allclose(found, 1.0 / (8 * np.pi * lengths * radius**2), rtol=5e-3)
    many = mesh(12, 12, 12).reshape(-1, 3) + 1 / 24
    assert null_nesting(bands, many, level).mean() == pytest.approx(1.0, abs=0.01)


def test_a_sphere_has_no_peak_and_a_nested_square_has_one_at_its_corner() -> None:
    sphere, square = free_electrons(16), square_lattice(16)
    path = wave_path(sphere.atoms, "GM", grid=(16, 16, 16))
    found = susceptibility(sphere, path.waves)
    assert not [one for one in nesting_peaks(sphere, path, found) if one.exceeds_null]
    assert not [one for one in chi0_peaks(sphere, path, found) if one.exceeds_null]

    flat = susceptibility(square, path.waves)
    best = chi0_peaks(square, path, flat)[0]
    assert best.place == "1.000 G–M"
    assert best.q == best.q_conventional == (0.5, 0.5, 0.0)
    assert best.exceeds_null
    assert best.width < 0.3 * path.distances[-1]
    assert best.to_dict()["q"] == [0.5, 0.5, 0.0]
