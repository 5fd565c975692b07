from dataclasses import replace

import numpy as np
import pytest
from tests.espresso_runs import FIXTURES
from tests.made_bands import bands_of, free_electrons, mesh, square_lattice

from betenet.electrons.orbitals import Orbital, OrbitalWeights
from betenet.electrons.qe_xml import read_qe_bands
from betenet.electrons.susceptibility import shifted, susceptibility
from betenet.errors import ConfigError, DataError

KEPT = FIXTURES / "electrons"


def lindhard(x: np.ndarray) -> np.ndarray:
    """χ0(q)/N(E_F) of free electrons with x = q/2k_F."""
    return 0.5 + (1.0 - x**2) / (4.0 * x) * np.log(np.abs((1.0 + x) / (1.0 - x)))


def test_free_electrons_have_lindhards_function() -> None:
    radius = 0.25
    waves = np.array([[3, 0, 0], [4, 4, 0], [6, 0, 0]]) / 24.0  # k + q stays in the zone
    found = susceptibility(free_electrons(24, radius), waves)
    lengths = np.linalg.norm(waves, axis=1)
    exact = 0.25 * np.pi * lindhard(lengths / (2.0 * radius))
    np.testing.assert_allclose(found.chi0, exact, rtol=2e-3)
    assert found.on_mesh.all()
    # two spheres of N(E_F) per spin: N²/(8πqk²), in units of the zone
    spheres = 1.0 / (8.0 * np.pi * lengths * radius**2)
    np.testing.assert_allclose(found.relative_nesting, spheres, rtol=0.2)


def test_at_gamma_it_is_the_density_of_states() -> None:
    found = susceptibility(free_electrons(16), np.zeros((1, 3)))
    assert found.relative_chi0[0] == pytest.approx(1.0, abs=5e-3)
    assert np.isnan(found.nesting[0])


def test_a_half_filled_square_lattice_peaks_at_its_corner() -> None:
    n = 16
    waves = np.array([[h, h, 0] for h in range(1, n // 2 + 1)]) / n
    found = susceptibility(square_lattice(n), waves)
    assert found.chi0.argmax() == len(waves) - 1
    assert found.chi0[-1] > 2.0 * found.chi0[-2]
    # with fewer electrons no wave vector joins all of the Fermi surface
    fewer = susceptibility(square_lattice(n, 0.4), waves)
    assert fewer.chi0.max() < 0.3 * found.chi0.max()


def test_between_points_of_the_mesh_it_is_smooth() -> None:
    waves = np.array([[3.0, 0, 0], [3.5, 0, 0], [4.0, 0, 0]]) / 16.0
    found = susceptibility(free_electrons(16), waves)
    assert found.on_mesh.tolist() == [True, False, True]
    low, high = found.chi0[2], found.chi0[0]
    assert low < found.chi0[1] < high


def test_a_shift_by_a_whole_step_is_exact_and_others_are_splines() -> None:
    points = mesh(12, 1, 1)[..., 0]
    wave = np.cos(2.0 * np.pi * points)[..., None]
    np.testing.assert_array_equal(shifted(wave, np.array([0.25, 0, 0])), np.roll(wave, -3, axis=0))
    exact = np.cos(2.0 * np.pi * (points + 0.29))[..., None]
    np.testing.assert_allclose(shifted(wave, np.array([0.29, 0, 0])), exact, atol=2e-3)


def test_full_and_empty_bands_count_only_if_asked_for() -> None:
    one = free_electrons(8)
    flat = np.full((8, 8, 8, 1), 1.0)
    energies = np.concatenate([-4.0 * flat, one.energies[0], 5.0 * flat], axis=-1)
    three = bands_of(energies, one.n_electrons + 2.0)
    waves = np.array([[0.25, 0.0, 0.0]])
    alone = susceptibility(one, waves).chi0
    np.testing.assert_allclose(susceptibility(three, waves).chi0, alone, rtol=1e-6)
    everything = susceptibility(three, waves, all_bands=True).chi0
    assert everything > alone + 4.0 / 9.0  # full to empty: 9 eV


def test_workers_give_the_same() -> None:
    waves = np.array([[0.25, 0.0, 0.0], [0.25, 0.25, 0.0]])
    bands = free_electrons(8)
    told: list[int] = []
    alone = susceptibility(bands, waves)
    shared = susceptibility(bands, waves, workers=2, done=lambda: told.append(1))
    np.testing.assert_array_equal(shared.chi0, alone.chi0)
    assert len(told) == 2


def test_two_spins_must_be_meant() -> None:
    magnet = read_qe_bands(KEPT / "nickel.xml.gz")
    waves = np.array([[0.5, 0.0, 0.0]])
    with pytest.raises(DataError, match="is spin-polarised"):
        susceptibility(magnet, waves)
    assert susceptibility(magnet, waves, spin_polarised=True).chi0[0] > 0.0
    bands = free_electrons(8)
    spins = replace(bands, energies=np.repeat(bands.energies, 2, axis=0), degeneracy=1)
    twice = susceptibility(spins, waves, spin_polarised=True)
    once = susceptibility(bands, waves)
    np.testing.assert_allclose(twice.chi0, once.chi0, rtol=1e-6)
    np.testing.assert_allclose(twice.relative_nesting, once.relative_nesting, rtol=1e-6)


def test_what_has_no_fermi_surface_is_refused() -> None:
    with pytest.raises(DataError, match=r"has a gap of 0\.\d+ eV"):
        susceptibility(read_qe_bands(KEPT / "silicon.xml.gz"), np.zeros((1, 3)))
    with pytest.raises(ConfigError, match="three finite numbers"):
        susceptibility(free_electrons(4), np.array([[np.nan, 0.0, 0.0]]))


@pytest.mark.parametrize("whole_mesh", [True, False])
def test_bands_of_separate_orbitals_do_not_see_each_other(whole_mesh: bool) -> None:
    one = free_electrons(12, 0.25).energies[0]
    energies = np.concatenate([one, one + 0.05], axis=-1)
    bands = bands_of(energies, 0.12)
    letters = tuple(Orbital(site=1, element="Na", letter=letter) for letter in "sp")
    apart = np.zeros((1, *energies.shape, 2))
    apart[..., 0, 0], apart[..., 1, 1] = 0.8, 0.9  # the rest is in none
    waves = np.array([[2.0, 1.0, 0.0] if whole_mesh else [2.3, 1.0, 0.0]]) / 12.0
    found = susceptibility(
        replace(bands, orbitals=OrbitalWeights(orbitals=letters, weights=apart)),
        waves,
        orbitals=True,
    )
    level = found.fermi_energy
    each = [
        susceptibility(bands_of(energies[..., k : k + 1], filled(energies[..., k], level)), waves)
        for k in (0, 1)
    ]
    # the separate bands are filled by counting points, their levels are a little apart
    assert found.chi0[0] == pytest.approx(sum(alone.chi0[0] for alone in each), rel=0.03)
    same = OrbitalWeights(orbitals=letters, weights=np.full((1, *energies.shape, 2), 0.4))
    plain = susceptibility(bands, waves)
    alike = susceptibility(replace(bands, orbitals=same), waves, orbitals=True)
    np.testing.assert_allclose(alike.chi0, plain.chi0, rtol=1e-6)
    np.testing.assert_allclose(alike.nesting, plain.nesting, rtol=1e-6)
    assert found.chi0[0] < 0.8 * plain.chi0[0]


def filled(energies: np.ndarray, level: float) -> float:
    """Electrons of a band of free electrons below a level: the volume of its sphere."""
    bottom = float(energies.min())
    return 2.0 * 4.0 / 3.0 * np.pi * (0.5 * (level - bottom) ** 0.5) ** 3


def test_orbitals_that_are_not_known_are_asked_for() -> None:
    with pytest.raises(DataError, match="no orbitals beside it"):
        susceptibility(free_electrons(8), np.array([[0.25, 0.0, 0.0]]), orbitals=True)
