"""Operators of the genetic search keep what they should keep."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from betenet.phonons.space_group import find_space_group
from betenet.search.composition import counts_of
from betenet.search.variation import (
    composition_distance,
    counts_for,
    distorted,
    exchanged,
    permuted,
    spliced,
    strained,
)

SALT = bulk("NaCl", "rocksalt", a=5.6, cubic=True)
CESIUM = bulk("NaCl", "cesiumchloride", a=3.4)


def test_a_spliced_child_has_the_composition_and_parts_of_both(rng: np.random.Generator) -> None:
    for _ in range(20):
        child = spliced(SALT, CESIUM, rng, counts={"Na": 4, "Cl": 4}, most_atoms=8)
        assert counts_of(child.get_chemical_symbols()) == {"Cl": 4, "Na": 4}
        per_atom = [atoms.cell.volume / len(atoms) for atoms in (SALT, CESIUM, child)]
        assert min(per_atom[:2]) <= per_atom[2] <= max(per_atom[:2])


def test_both_parents_are_in_a_child(rng: np.random.Generator) -> None:
    """Slabs of gold and of copper, with as many atoms as their heights let through."""
    gold, copper = bulk("Au", cubic=True).repeat(2), bulk("Cu", cubic=True).repeat(2)
    made = [spliced(gold, copper, rng) for _ in range(20)]
    sizes = [len(one) for one in made]
    assert np.mean(sizes) == pytest.approx(len(gold), rel=0.15)
    shares = [one.get_chemical_symbols().count("Au") / len(one) for one in made]
    assert 0.1 < min(shares) < max(shares) < 0.9


def test_free_compositions_differ(rng: np.random.Generator) -> None:
    made = [spliced(SALT, bulk("Na", cubic=True), rng) for _ in range(30)]
    shares = {round(c.get_chemical_symbols().count("Cl") / max(1, len(c)), 3) for c in made}
    assert len(shares) > 3


def test_strain_keeps_the_volume_and_permutation_the_places(rng: np.random.Generator) -> None:
    child = strained(SALT, rng)
    assert child.cell.volume == pytest.approx(SALT.cell.volume)
    assert not np.allclose(child.cell.array, SALT.cell.array)
    other = permuted(SALT, rng)
    assert other is not None
    assert np.array_equal(other.positions, SALT.positions)
    assert counts_of(other.get_chemical_symbols()) == counts_of(SALT.get_chemical_symbols())
    assert (other.numbers != SALT.numbers).any()
    assert permuted(bulk("Nb"), rng) is None


def test_exchange_changes_the_composition_within_the_system(rng: np.random.Generator) -> None:
    made = [exchanged(SALT, ("Cl", "K", "Na"), rng) for _ in range(10)]
    assert all(
        one is not None and set(one.get_chemical_symbols()) <= {"Cl", "K", "Na"} for one in made
    )
    assert any(one is not None and composition_distance(one, SALT) > 0 for one in made)
    assert exchanged(SALT, ("Na",), rng) is None


def test_composition_distance_and_formula_units() -> None:
    assert composition_distance(SALT, CESIUM) == 0.0
    assert composition_distance(bulk("Na"), SALT) == pytest.approx(0.5)
    assert composition_distance(bulk("Na"), bulk("Cu")) == 1.0
    assert counts_for(SALT, {"Na": 1, "Cl": 1}, 6) == {"Na": 3, "Cl": 3}


def test_a_distorted_crystal_keeps_an_operation_and_the_volume(rng: np.random.Generator) -> None:
    made = [distorted(SALT, rng, most_atoms=16) for _ in range(12)]
    assert {len(one) for one in made} == {8, 16}
    for one in made:
        assert one.cell.volume / len(one) == pytest.approx(SALT.cell.volume / 8)
        assert not np.allclose(one.cell.lengths()[0], SALT.cell.lengths()[0], rtol=1e-4)
    orders = [len(spglib_operations(one)) for one in made]
    assert max(orders) > 1
    assert max(orders) < 192  # of the cubic cell


def spglib_operations(atoms: Atoms) -> np.ndarray:
    return find_space_group(atoms, 1e-4).rotations
