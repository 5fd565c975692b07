import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from betenet.electrons.magnetic_orders import (
    ANTIFERROMAGNETIC,
    FERROMAGNETIC,
    magnetic_orders,
    magnetic_sites,
)
from betenet.errors import ConfigError


def neighbours_of(cell: Atoms, signs: np.ndarray, distance: float) -> set[int]:
    """Signs of the neighbours at a distance of atoms that point up."""
    found: set[int] = set()
    for i in np.flatnonzero(signs > 0):
        for step in np.ndindex(5, 5, 5):
            shift = (np.array(step) - 2) @ cell.cell.array
            for j in range(len(cell)):
                if (
                    abs(np.linalg.norm(cell.positions[j] + shift - cell.positions[i]) - distance)
                    < 1e-6
                ):
                    found.add(int(signs[j]))
    return found


def test_iron_has_its_ferromagnet_and_antiferromagnets_of_doubled_cells() -> None:
    orders = magnetic_orders(bulk("Fe", "bcc", a=2.8))
    assert [one.name for one in orders] == [
        FERROMAGNETIC,
        *(f"{ANTIFERROMAGNETIC}-{n}" for n in range(1, len(orders))),
    ]
    assert len(orders) == 3  # q at H and at N
    for one in orders[1:]:
        assert len(one.atoms) == 2
        assert one.signs.sum() == 0
        assert one.atoms.cell.volume == pytest.approx(2.0 * orders[0].atoms.cell.volume)
    # along H all eight neighbours turn, along N half of them
    nearest = 2.8 * np.sqrt(3.0) / 2.0
    kinds = [neighbours_of(one.atoms, one.signs, nearest) for one in orders[1:]]
    assert {-1} in kinds
    assert {1, -1} in kinds


def test_two_sites_turn_in_the_cell_itself_and_other_elements_begin_without() -> None:
    atoms = Atoms(
        "FeFeO2",
        cell=[3.0, 3.0, 4.0],
        scaled_positions=[[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0, 0.2], [0, 0.5, 0.7]],
        pbc=True,
    )
    ferro, anti = magnetic_orders(atoms)
    assert ferro.signs.tolist() == [1, 1, 0, 0]
    assert anti.signs.tolist() == [1, -1, 0, 0]
    assert (ferro.n_moments, anti.n_moments) == (2, 2)


def test_patterns_that_symmetry_makes_equal_are_tried_once() -> None:
    cube = bulk("Fe", "fcc", a=3.6, cubic=True)
    (anti,) = magnetic_orders(cube, (ANTIFERROMAGNETIC,))
    assert sorted(anti.signs.tolist()) == [-1, -1, 1, 1]


def test_a_crystal_without_magnetic_elements_is_tried_as_a_whole() -> None:
    assert magnetic_sites(bulk("Al")).all()
    with pytest.raises(ConfigError, match="is no kind of order"):
        magnetic_orders(bulk("Fe"), ("spiral",))


def test_a_single_pattern_is_chosen_by_name() -> None:
    iron = bulk("Fe", "bcc", a=2.87)
    (found,) = magnetic_orders(iron, ("antiferromagnetic-1",))
    # q = (½, ½, ½) of the primitive cell is the corner H: the two atoms of the cube are opposite
    assert (found.name, found.signs.tolist()) == ("antiferromagnetic-1", [1, -1])
    with pytest.raises(ConfigError, match="no kind of order"):
        magnetic_orders(iron, ("antiferromagnetic-9",))
    with pytest.raises(ConfigError, match="has no pattern antiferromagnetic-3"):
        magnetic_orders(bulk("Fe", "hcp", a=2.46, c=3.9), ("antiferromagnetic-3",))
