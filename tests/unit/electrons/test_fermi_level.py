import json
import math
from dataclasses import replace

import numpy as np
import pytest
from tests.espresso_runs import FIXTURES
from tests.made_bands import bands_of, free_electrons, mesh, square_lattice

from betenet.electrons.fermi_level import (
    fermi_dos,
    fermi_level,
    level_and_gap,
    orbital_shares,
)
from betenet.electrons.orbitals import Orbital, OrbitalWeights
from betenet.electrons.qe_xml import read_qe_bands

KEPT = FIXTURES / "electrons"


def test_free_electrons_have_their_closed_form() -> None:
    radius = 0.25
    found = fermi_level(free_electrons(24, radius))
    # energies (2k)², volumes in units of the zone
    assert found.fermi_energy == pytest.approx(4.0 * radius**2, rel=1e-3)
    assert found.dos == pytest.approx(2.0 * 4.0 * math.pi * radius / 8.0, rel=5e-3)
    assert abs(found.dos - 0.25 * math.pi) < found.mesh_error
    assert found.is_metal
    assert found.bands == (1,)


def test_a_finer_mesh_has_a_smaller_error() -> None:
    errors = [fermi_level(free_electrons(n)).mesh_error for n in (8, 16, 24)]
    assert errors[0] > errors[1] > errors[2]


def test_the_singularity_of_a_square_lattice_is_told() -> None:
    found = fermi_level(square_lattice(24))
    assert found.fermi_energy == pytest.approx(0.0, abs=1e-6)
    # N(E) = (1/π²) K(√(1 - E²/16)) for each spin: 0.573 at E = 0.05, infinite at 0
    assert found.change > 0.1
    assert any("within 50 meV" in text for text in found.warnings)
    assert found.lowest == pytest.approx(2.0 * 0.2900, rel=0.03)


@pytest.mark.parametrize("electrons", [2.0, 3.999])
def test_insulators_are_told_by_counting(electrons: float) -> None:
    # two bands of 1 eV, 0.5 eV apart
    band = 0.25 * np.cos(2.0 * np.pi * mesh(6, 6, 6)).sum(axis=-1) / 1.5
    bands = bands_of(np.stack([band, band + 1.5], axis=-1), electrons)
    found = fermi_level(bands)
    assert found.is_metal is (electrons != 2.0)
    if electrons == 2.0:
        assert found.gap == pytest.approx(0.5)
        assert found.dos == found.mesh_error == 0.0
        assert found.bands == ()


def test_bands_that_overlap_at_different_points_are_a_metal() -> None:
    band = 0.25 * np.cos(2.0 * np.pi * mesh(8, 8, 8)).sum(axis=-1) / 1.5
    bands = bands_of(np.stack([band, band + 0.9], axis=-1), 2.0)
    assert level_and_gap(bands)[1] == 0.0
    assert fermi_dos(bands) > 0.0


def test_both_spins_of_equal_bands_are_as_one_without() -> None:
    bands = free_electrons(12)
    spins = replace(bands, energies=np.repeat(bands.energies, 2, axis=0), degeneracy=1)
    whole, parts = fermi_level(bands), fermi_level(spins)
    assert parts.dos == pytest.approx(whole.dos, rel=1e-6)
    assert parts.dos_by_spin == pytest.approx((0.5 * whole.dos,) * 2, rel=1e-6)
    assert parts.fermi_energy == pytest.approx(whole.fermi_energy, abs=1e-6)


def test_real_crystals_agree_with_pw() -> None:
    metal = fermi_level(read_qe_bands(KEPT / "aluminium.xml.gz"))
    assert metal.fermi_energy == pytest.approx(metal.stated_fermi_energy, abs=0.01)
    # free electrons of this density have 0.38 per eV; converged bands of aluminium 0.37 to 0.41
    assert 0.3 < metal.dos < 0.45
    gapped = fermi_level(read_qe_bands(KEPT / "silicon.xml.gz"))
    # PBEsol's gap of 0.47 eV lies between points of this mesh
    assert not gapped.is_metal
    assert 0.45 < gapped.gap < 0.7
    magnet = fermi_level(read_qe_bands(KEPT / "nickel.xml.gz"))
    assert magnet.dos_by_spin[1] > 5.0 * magnet.dos_by_spin[0]


def test_a_result_is_json() -> None:
    odd = square_lattice(9)
    table = fermi_level(odd).to_dict()
    assert table["mesh_error_per_ev"] is None
    assert table["dos_per_ev_per_atom"] == table["dos_per_ev"]
    json.dumps(table, allow_nan=False)


def test_shares_of_orbitals_add_up_to_the_whole() -> None:
    bands = read_qe_bands(KEPT / "projected")
    level = fermi_level(bands)
    shares = orbital_shares(bands, level.fermi_energy)
    assert sum(one.dos for one in shares) == pytest.approx(level.dos, rel=1e-9)
    assert [None if one.orbital is None else one.orbital.letter for one in shares] == [
        "s",
        "p",
        None,
    ]
    assert all(one.dos > 0.0 for one in shares)
    assert orbital_shares(free_electrons(8), 0.2) == ()


def test_orbitals_of_separate_bands_have_what_the_bands_have() -> None:
    one = free_electrons(12).energies[0]
    energies = np.concatenate([one, 2.0 * one], axis=-1)
    weights = np.zeros((1, *energies.shape, 2))
    weights[..., 0, 0] = weights[..., 1, 1] = 1.0
    orbitals = tuple(Orbital(site=k, element="Na", letter="s") for k in (1, 2))
    bands = bands_of(energies, 0.2)
    bands = replace(bands, orbitals=OrbitalWeights(orbitals=orbitals, weights=weights))
    first, second, rest = orbital_shares(bands, 0.25)
    # N(E) of energies (2k)² is half of π √E, both spins together; of twice as steep ones 2^-3/2
    assert first.dos == pytest.approx(0.5 * math.pi * 0.25**0.5, rel=0.02)
    assert second.dos == pytest.approx(first.dos / 2.0**1.5, rel=0.05)
    assert rest.dos == pytest.approx(0.0, abs=1e-12)
