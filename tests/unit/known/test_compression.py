"""Compression of a crystal, from its cell alone."""

import math

import pytest
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal

from betenet.known.compression import compression


@pytest.mark.parametrize(("symbol", "a"), [("Al", 4.05), ("Cu", 3.61), ("Nb", 3.30), ("Pb", 4.95)])
def test_elements_at_rest_have_a_ratio_of_one(symbol: str, a: float) -> None:
    found = compression(bulk(symbol, a=a))
    assert found.volume_ratio == pytest.approx(1.0, abs=0.03)
    assert found.hydrogen_share == 0.0
    assert math.isinf(found.hydrogen_distance)


def sulfur_hydride(a: float) -> Atoms:
    """H3S at about 200 GPa, where a is 2.98 Å."""
    return crystal("SH", [(0, 0, 0), (0, 0.5, 0.5)], spacegroup=229, cellpar=[a, a, a, 90, 90, 90])


def test_hydride_under_pressure() -> None:
    found = compression(sulfur_hydride(2.98))
    assert found.hydrogen_share == 0.75
    assert found.hydrogen_distance == pytest.approx(2.98 / 2)
    # 13.2 Å³ for SH3, of 25.7 Å³ for sulfur and 19 Å³ for each hydrogen atom
    assert found.volume_ratio == pytest.approx(13.23 / (25.7 + 3 * 19.0), rel=0.01)


def test_supercell_says_the_same() -> None:
    one, many = compression(sulfur_hydride(3.0)), compression(sulfur_hydride(3.0).repeat(2))
    assert many.volume_ratio == pytest.approx(one.volume_ratio)
    assert many.hydrogen_share == one.hydrogen_share
    assert many.hydrogen_distance == pytest.approx(one.hydrogen_distance)


def test_lone_hydrogen_atoms_have_no_neighbour() -> None:
    palladium = bulk("Pd", a=7.8, cubic=True) + Atoms("H", positions=[(3.9, 3.9, 3.9)])
    assert math.isinf(compression(palladium).hydrogen_distance)
