from collections.abc import Callable

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from betenet.espresso.cost import count_bands, count_fft, count_work
from betenet.espresso.grids import Grids
from betenet.espresso.settings import Settings

Maker = Callable[..., Settings]
GRIDS = Grids(coarse=(10, 10, 10), dense=(20, 20, 20), q=(2, 2, 2))


def test_counts_are_those_that_ph_x_printed(settings: Maker) -> None:
    # Al with 40 Ry: 3 q-points, with 47, 232/2 and 204/2 pairs of k-points; 47 and 256 irreducible
    # k-points of the two grids
    found = count_work(bulk("Al", "fcc", a=4.04), settings(["Al"]), GRIDS)
    assert found.n_q == 3
    assert found.n_pairs == 47 + 116 + 102
    assert (found.n_coarse, found.n_dense) == (47, 256)
    assert found.n_modes == 3


@pytest.mark.parametrize(
    ("electrons", "bands"),
    # as pw.x 6.7 printed them for Al, Nb and MgB2
    [(11.0, 10), (13.0, 11), (16.0, 12)],
)
def test_bands_are_those_that_pw_x_chooses(electrons: float, bands: int) -> None:
    assert count_bands(electrons) == bands


def test_the_grid_of_wave_functions_is_that_of_pw_x() -> None:
    # Al, a = 4.04 Å: pw.x 6.7 printed 24 points along each axis at 40 Ry and 27 at 60 Ry
    atoms = bulk("Al", "fcc", a=4.04)
    assert count_fft(atoms, 40.0) == 24**3
    assert count_fft(atoms, 60.0) == 27**3


def test_more_work_costs_more(settings: Maker) -> None:
    atoms = bulk("Al", "fcc", a=4.04)
    base = count_work(atoms, settings(["Al"]), GRIDS).core_hours
    finer = Grids(coarse=(12, 12, 12), dense=(24, 24, 24), q=(4, 4, 4))
    assert count_work(atoms, settings(["Al"]), finer).core_hours > 2.0 * base
    assert (
        count_work(atoms, settings(["Al"], cutoff=60.0, density_cutoff=240.0), GRIDS).core_hours
        > base
    )
    assert count_work(atoms, settings(["Al"], relaxation="none"), GRIDS).core_hours < base


def test_a_broken_symmetry_costs_more(settings: Maker) -> None:
    cell = bulk("Al", "fcc", a=4.04)
    pulled = np.array([[0, 0, 0.05], [0, 0.1, 0], [0.02, 0, 0]])
    askew = Atoms("Al", cell=cell.cell.array + pulled, pbc=True)
    found = settings(["Al"])
    assert count_work(askew, found, GRIDS).n_pairs > 3 * count_work(cell, found, GRIDS).n_pairs
