from __future__ import annotations

import numpy as np
import pytest
import spglib
from ase import Atoms
from ase.build import bulk

from betenet.espresso.irreducible import (
    irreducible_pairs,
    irreducible_points,
    reciprocal_operations,
)

CRYSTALS = {
    "fcc": bulk("Al", "fcc", a=4.04),
    "bcc": bulk("Nb", "bcc", a=3.30),
    "hcp": bulk("Mg", "hcp", a=3.2, c=5.2),
    "zincblende": bulk("GaAs", "zincblende", a=5.65),  # no inversion
    "triclinic": Atoms("Al", cell=[[3, 0, 0], [0.3, 3.3, 0], [0.2, 0.5, 3.7]], pbc=True),
}


@pytest.mark.filterwarnings("ignore:Set OLD_ERROR_HANDLING:DeprecationWarning")
@pytest.mark.parametrize("name", CRYSTALS)
@pytest.mark.parametrize("grid", [(1, 1, 1), (4, 4, 4), (5, 5, 5), (6, 6, 6), (6, 6, 4)])
def test_as_many_points_as_spglib_finds(name: str, grid: tuple[int, int, int]) -> None:
    atoms = CRYSTALS[name]
    found = irreducible_points(grid, reciprocal_operations(atoms))
    cell = (atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers)
    mapping, _ = spglib.get_ir_reciprocal_mesh(grid, cell)
    assert len(found.points) == len(np.unique(mapping))
    assert found.weights.sum() == np.prod(grid)


def test_pairs_as_ph_x_counts_them() -> None:
    # ph.x 6.7, Al, k-grid 10 × 10 × 10, the three q-points of 2 × 2 × 2: it printed 47, 232 and 204
    # k-points, which are one for each pair at Γ and two for each pair elsewhere
    operations = reciprocal_operations(CRYSTALS["fcc"])
    q_points = irreducible_points((2, 2, 2), operations).points
    found = [irreducible_pairs((10, 10, 10), operations, q) for q in q_points]
    assert found[0] == 47
    assert sorted(2 * pairs for pairs in found[1:]) == [204, 232]


def test_without_symmetry_only_time_reversal_is_left() -> None:
    operations = reciprocal_operations(CRYSTALS["triclinic"])
    grid = (5, 5, 5)
    assert len(irreducible_points(grid, operations).points) == (5**3 + 1) // 2
    # inversion with the reversal of time leaves k where it is: all pairs of a general q
    assert irreducible_pairs(grid, operations, np.array([0.2, 0.4, 0.0])) == 5**3
