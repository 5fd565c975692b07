from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk

from betenet.errors import ConfigError
from betenet.espresso.grids import choose_grids, commensurate, grid_of_density


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
