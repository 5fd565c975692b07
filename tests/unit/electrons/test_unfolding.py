import gzip
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from tests.espresso_runs import FIXTURES

from betenet.electrons.qe_xml import read_qe_bands
from betenet.electrons.unfolding import images_on_mesh, mesh_of, unfold, with_reversal
from betenet.errors import DataError
from betenet.espresso.grids import irreducible_points, reciprocal_operations

KEPT = FIXTURES / "electrons"


def test_unfolded_bands_are_those_computed_without_symmetry() -> None:
    # a trigonal crystal without inversion: a transposed rotation would be no rotation of it
    folded = read_qe_bands(KEPT / "trigonal.xml.gz")
    plain = read_qe_bands(KEPT / "trigonal-nosym.xml.gz")
    assert folded.grid == plain.grid == (4, 4, 4)
    # the highest band of a self-consistent calculation has not converged
    apart = np.abs(folded.energies - plain.energies)[..., :-1]
    assert apart.max() < 1e-4
    moved = np.abs(np.roll(folded.energies, 1, axis=1) - plain.energies)[..., :-1]
    assert moved.max() > 1.0


@pytest.mark.parametrize("n", [4, 5])
def test_the_mesh_is_told_from_the_points(n: int) -> None:
    operations = reciprocal_operations(bulk("Al", "fcc", a=4.0))
    points = irreducible_points((n, n, n), operations).points
    assert mesh_of(points, operations) == ((n, n, n), (0.0, 0.0, 0.0))
    shifted = (np.stack(np.meshgrid(*[np.arange(n)] * 3), -1).reshape(-1, 3) + 0.5) / n
    assert mesh_of(shifted, np.eye(3, dtype=int)[None]) == ((n, n, n), (0.5, 0.5, 0.5))


def test_energies_that_should_be_equal_are_compared() -> None:
    operations = with_reversal(np.eye(3, dtype=int)[None])
    points = np.array([[0.0, 0.0, 0.0], [1 / 3, 0.0, 0.0], [-1 / 3, 0.0, 0.0]])
    places = images_on_mesh(points, operations, (3, 1, 1), (0.0, 0.0, 0.0))
    values = np.array([[[0.0], [1.0], [1.25]]])
    full, mismatch = unfold(values, places, (3, 1, 1), "it")
    assert mismatch == pytest.approx(0.25)
    assert full.shape == (1, 3, 1, 1, 1)


def test_points_that_do_not_fill_a_mesh(tmp_path: Path) -> None:
    text = gzip.decompress((KEPT / "trigonal.xml.gz").read_bytes()).decode()
    wider = text.replace('nk1="4" nk2="4" nk3="4"', 'nk1="8" nk2="8" nk3="4"')
    assert wider != text
    (tmp_path / "wide.xml").write_text(wider)
    with pytest.raises(DataError, match=r"lacks 192 of the 256 points of its 8 × 8 × 4 mesh"):
        read_qe_bands(tmp_path / "wide.xml")
