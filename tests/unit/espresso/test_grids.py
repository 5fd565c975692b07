import numpy as np
import pytest
import spglib
from ase import Atoms
from ase.build import bulk

from betenet.errors import ConfigError
from betenet.espresso.grids import (
    choose_grids,
    commensurate,
    fft_grid,
    grid_of_density,
    irreducible_pairs,
    irreducible_points,
    mixed_axes,
    reciprocal_operations,
    symmetric_fft_grid,
    symmetric_grid,
)
from betenet.structures.idealise import idealise


@pytest.mark.parametrize(
    ("k", "q", "expected"),
    [
        (12, 4, (12, 4)),  # fits as it is
        (17, 6, (18, 6)),  # k up by one
        (19, 6, (18, 6)),  # not up (20), but down
        (21, 9, (21, 7)),  # 20, 21, 22 by 9 and by 8: none; 21 by 7
        (10, 4, (9, 3)),  # 10, 11, 9 by 4: none; by 3: neither 10 nor 11, but 9
        (1, 1, (1, 1)),
        (1, 2, (2, 2)),
        (1, 3, (2, 2)),
        (14, 11, (14, 7)),  # 11, 10, 9, 8 divide none of 14, 15 and 13
    ],
)
def test_axes_made_commensurate_by_hand(k: int, q: int, expected: tuple[int, int]) -> None:
    assert commensurate(k, q) == expected


def test_every_axis_keeps_near_what_was_wanted_and_loses_no_q_without_need() -> None:
    for k in range(1, 60):
        for q in range(1, k + 1):
            near, fewer = commensurate(k, q)
            assert near % fewer == 0
            assert abs(near - k) <= 1
            assert 1 <= fewer <= q
            for more in range(fewer + 1, q + 1):
                assert all(n % more for n in (k, k + 1, k - 1) if n > 0)
            if k % fewer == 0:
                assert near == k
            elif (k + 1) % fewer == 0:
                assert near == k + 1


def test_density_counts_points_per_reciprocal_length_without_two_pi() -> None:
    cell = np.diag([2.0, 4.0, 8.0])  # 1/2, 1/4 and 1/8 per Å
    assert grid_of_density(cell, 40.0) == (20, 10, 5)
    assert grid_of_density(cell, 1.0) == (1, 1, 1)


def test_a_half_is_rounded_up_whatever_the_last_digit() -> None:
    for noise in (-1e-9, 0.0, 1e-9):
        cell = np.diag([4.0 + noise, 4.0, 4.0 - noise])
        assert grid_of_density(cell, 14.0) == (4, 4, 4)  # 3.5


def test_fcc_aluminium_by_hand() -> None:
    # the reciprocal vectors of fcc are √3/a long: 0.42873 per Å; 17.15 and 6.43 points
    found = choose_grids(
        bulk("Al", "fcc", a=4.04).cell.array, k_density=40.0, q_density=15.0, dense_factor=2
    )
    assert found.coarse == (18, 18, 18)
    assert found.dense == (36, 36, 36)
    assert found.q == (6, 6, 6)


def test_grids_do_not_depend_on_how_the_crystal_lies() -> None:
    atoms = bulk("Mg", "hcp", a=3.2, c=5.2)
    turned = atoms.copy()
    turned.rotate(37.0, (1.0, 2.0, 3.0), rotate_cell=True)
    settings = {"k_density": 33.0, "q_density": 11.0, "dense_factor": 3}
    assert choose_grids(atoms.cell.array, **settings) == choose_grids(turned.cell.array, **settings)


def test_gamma_alone_is_an_error_that_says_what_to_change() -> None:
    with pytest.raises(ConfigError, match="q-grid is 1 × 1 × 1") as caught:
        choose_grids(np.diag([20.0, 20.0, 20.0]), k_density=40.0, q_density=15.0, dense_factor=2)
    assert "q_density" in caught.value.fix


def test_one_axis_with_several_points_is_enough() -> None:
    found = choose_grids(np.diag([20.0, 20.0, 6.0]), k_density=40.0, q_density=15.0, dense_factor=2)
    # 40/6 = 6.67 and 15/6 = 2.5: seven by three; neither seven nor eight, but six
    assert (found.coarse, found.q) == ((2, 2, 6), (1, 1, 3))


def centred(kind: str, a: float, b: float, c: float) -> Atoms:
    """One atom at each point of a lattice."""
    cells = {
        "P": [[a, 0, 0], [0, b, 0], [0, 0, c]],
        "C": [[a / 2, -b / 2, 0], [a / 2, b / 2, 0], [0, 0, c]],
        "I": [[-a / 2, b / 2, c / 2], [a / 2, -b / 2, c / 2], [a / 2, b / 2, -c / 2]],
        "F": [[0, b / 2, c / 2], [a / 2, 0, c / 2], [a / 2, b / 2, 0]],
    }
    return idealise(Atoms("Al", cell=cells[kind], scaled_positions=[[0, 0, 0]], pbc=True))


LATTICES = {
    "cubic, F": bulk("Al", "fcc", a=4.04),
    "cubic, I": bulk("Nb", "bcc", a=3.3),
    "hexagonal": bulk("Mg", "hcp", a=3.2, c=5.2),
    "trigonal, R": bulk("As", "rhombohedral", a=4.13, alpha=54.1, basis=[[0, 0, 0]]),
    "monoclinic": Atoms("Al", cell=[2.6, 3.1, 4.2, 90, 103, 90], pbc=True),
    "triclinic": Atoms("Al", cell=[2.6, 3.1, 4.2, 80, 103, 71], pbc=True),
    "tetragonal, P": centred("P", 3.0, 3.0, 6.7),
    "tetragonal, I, long": centred("I", 3.2, 3.2, 7.8),
    "tetragonal, I, short": centred("I", 5.8, 5.8, 3.2),
    "orthorhombic, P": centred("P", 2.6, 3.1, 7.9),
    "orthorhombic, C": centred("C", 2.8, 5.9, 7.9),
    "orthorhombic, I": centred("I", 2.6, 3.9, 7.9),
    "orthorhombic, F": centred("F", 3.7, 4.8, 8.3),
}


@pytest.mark.parametrize("name", LATTICES)
@pytest.mark.parametrize("densities", [(40.0, 15.0), (30.0, 10.0), (20.0, 5.0), (23.0, 7.7)])
def test_every_operation_maps_every_grid_on_itself(
    name: str, densities: tuple[float, float]
) -> None:
    atoms = LATTICES[name]
    operations = reciprocal_operations(atoms)
    k_density, q_density = densities
    lattice = atoms.cell.array
    grids = choose_grids(
        lattice, mixed_axes(operations), k_density=k_density, q_density=q_density, dense_factor=2
    )
    for grid in (grids.coarse, grids.dense, grids.q):
        # where the steps of each axis end, counted in steps of every other
        turned = operations / np.array(grid)[:, None] * np.array(grid)
        np.testing.assert_allclose(turned, np.round(turned), atol=1e-9)
    fft = symmetric_fft_grid(lattice, 240.0, mixed_axes(operations)) or fft_grid(lattice, 240.0)
    real = np.linalg.inv(operations).transpose(0, 2, 1)
    turned = real / np.array(fft)[:, None] * np.array(fft)
    np.testing.assert_allclose(turned, np.round(turned), atol=1e-9)


def test_mixed_axes_get_what_the_longest_wants_by_hand() -> None:
    # reciprocal vectors (0, 1/a, 1/c), (1/a, 0, 1/c), (1/a, 1/a, 0): 0.357 and 0.244 per Å
    atoms = centred("I", 5.8, 5.8, 3.2)
    apart = choose_grids(atoms.cell.array, k_density=30.0, q_density=10.0, dense_factor=2)
    assert (apart.coarse, apart.q) == ((12, 12, 8), (4, 4, 2))
    groups = mixed_axes(reciprocal_operations(atoms))
    assert groups == (0, 0, 0)
    joined = choose_grids(atoms.cell.array, groups, k_density=30.0, q_density=10.0, dense_factor=2)
    assert (joined.coarse, joined.q) == ((12, 12, 12), (4, 4, 4))


def test_axes_that_symmetry_leaves_apart_keep_their_numbers() -> None:
    assert mixed_axes(reciprocal_operations(LATTICES["orthorhombic, P"])) == (0, 1, 2)
    assert mixed_axes(reciprocal_operations(LATTICES["hexagonal"])) == (0, 0, 2)
    assert symmetric_grid((3, 5, 7), (0, 1, 2)) == (3, 5, 7)


def test_only_face_centred_orthorhombic_crystals_need_a_grid_of_their_own() -> None:
    told = {
        name
        for name, atoms in LATTICES.items()
        if symmetric_fft_grid(atoms.cell.array, 240.0, mixed_axes(reciprocal_operations(atoms)))
    }
    assert told == {"orthorhombic, F"}


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
