import numpy as np
import pytest
from tests.made_bands import bands_of, free_electrons, square_lattice

from betenet.electrons.bands import check_bands
from betenet.errors import DataError


def test_a_coarser_mesh_has_every_second_point() -> None:
    bands = free_electrons(8)
    coarse = bands.coarser()
    assert coarse is not None
    assert coarse.grid == (4, 4, 4)
    np.testing.assert_array_equal(coarse.energies, bands.energies[:, ::2, ::2, ::2])
    layer = square_lattice(8).coarser()
    assert layer is not None
    assert layer.grid == (4, 4, 1)
    assert square_lattice(9).coarser() is None


def test_reciprocal_vectors_and_points() -> None:
    bands = free_electrons(8)
    np.testing.assert_allclose(bands.reciprocal @ bands.atoms.cell.array.T, 2.0 * np.pi * np.eye(3))
    np.testing.assert_allclose(bands.fractional([2, 4, 6]), [0.25, 0.5, 0.75])


def test_bands_that_are_all_filled_say_nothing_of_the_fermi_level() -> None:
    full = bands_of(free_electrons(4).energies[0], 2.0)
    with pytest.raises(DataError, match="has 1 bands for 2 electrons"):
        check_bands(full)
    assert check_bands(free_electrons(4)).n_electrons > 0.0


def test_which_bands_cross_a_level() -> None:
    low = free_electrons(6).energies[0]
    bands = bands_of(np.concatenate([low - 9.0, low, low + 9.0], axis=-1), 3.0)
    assert bands.crossing(0.5).tolist() == [[False, True, False]]
