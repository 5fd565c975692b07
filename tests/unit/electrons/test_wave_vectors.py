import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from betenet.electrons.wave_vectors import conventional, corners_of, parse_waves, wave_path
from betenet.errors import ConfigError


def test_the_path_of_a_body_centred_crystal_runs_through_the_mesh() -> None:
    atoms = bulk("Cr", "bcc", a=2.88)
    path = wave_path(atoms, "GHN", grid=(24, 24, 24))
    assert path.ends == (("G", "H"), ("H", "N"))
    steps = path.waves * 24
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-9)
    assert path.place(11) == "0.917 G–H"
    # Γ–H is 2π/a long
    assert path.distances[12] == pytest.approx(2.0 * np.pi / 2.88)
    at_h = conventional(atoms, path.waves[12:13])
    assert np.sort(np.abs(at_h[0])).tolist() == pytest.approx([0.0, 0.0, 1.0], abs=1e-9)


def test_lines_beside_the_mesh_have_points_of_their_own() -> None:
    atoms = bulk("Al", "fcc", a=4.0)
    assert len(wave_path(atoms, "GK", grid=(6, 6, 6), points=10).waves) == 11
    assert len(wave_path(atoms, "GX", points=7).waves) == 8
    assert len(wave_path(atoms).ends) > 5


def test_corners_that_are_none_are_told() -> None:
    with pytest.raises(ConfigError, match="Q is no corner") as caught:
        wave_path(bulk("Al", "fcc", a=4.0), "GQ")
    assert "Its usual path is" in caught.value.fix
    with pytest.raises(ConfigError, match="is no line"):
        wave_path(bulk("Al", "fcc", a=4.0), "G")
    with pytest.raises(ConfigError, match="is no wave vector"):
        parse_waves(["0.5,0.5"])


def test_a_conventional_cell_of_a_cubic_crystal_has_the_cubes_axes() -> None:
    cube = bulk("Al", "fcc", a=4.0, cubic=True)
    waves = np.array([[0.25, 0.0, 0.0]])
    np.testing.assert_allclose(np.abs(conventional(cube, waves)), waves, atol=1e-9)
    primitive = bulk("Al", "fcc", a=4.0)
    # the same Cartesian vector
    same = waves @ np.linalg.inv(cube.cell.array).T @ primitive.cell.array.T
    assert np.sort(np.abs(conventional(primitive, same)[0])).tolist() == pytest.approx(
        [0.0, 0.0, 0.25], abs=1e-9
    )


def test_every_lattice_has_corners() -> None:
    skewed = Atoms("H", cell=[[3.0, 0.1, 0.2], [0.3, 3.5, 0.1], [0.2, 0.5, 4.1]], pbc=True)
    path, corners = corners_of(skewed)
    assert "G" in path
    np.testing.assert_array_equal(corners["G"], np.zeros(3))
