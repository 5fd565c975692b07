from pathlib import Path

import numpy as np
import pytest
from tests.espresso_runs import FIXTURES
from tests.made_bands import free_electrons

from betenet.electrons.fermi_surface import (
    fermi_surface,
    plot_fermi_surface,
    zone_corners,
    zone_edges,
)
from betenet.electrons.qe_xml import read_qe_bands
from betenet.errors import DataError


def test_the_surface_of_free_electrons_is_a_sphere() -> None:
    radius = 0.25
    bands = free_electrons(16, radius)
    (sheet,) = fermi_surface(bands, points=40)
    unit = 2.0 * np.pi / 3.0  # reciprocal vectors of a cube of 3 Å
    assert sheet.band == 1
    assert sheet.area == pytest.approx(4.0 * np.pi * (radius * unit) ** 2, rel=0.03)
    used = sheet.corners[np.unique(sheet.triangles)]
    np.testing.assert_allclose(np.linalg.norm(used, axis=1), radius * unit, rtol=0.03)


def test_the_zone_of_a_cube_is_a_cube_and_of_fcc_the_truncated_octahedron() -> None:
    cube = zone_edges(np.eye(3))
    assert len(cube) == 6
    np.testing.assert_allclose(np.abs(zone_corners(np.eye(3))), 0.5)
    reciprocal = np.array([[-1.0, 1.0, 1.0], [1.0, -1.0, 1.0], [1.0, 1.0, -1.0]])
    faces = zone_edges(reciprocal)
    assert sorted(len(face) - 1 for face in faces) == [4] * 6 + [6] * 8


def test_a_figure_of_real_bands(tmp_path: Path) -> None:
    bands = read_qe_bands(FIXTURES / "electrons" / "aluminium.xml.gz")
    plot_fermi_surface(bands, tmp_path / "al.png")
    assert (tmp_path / "al.png").stat().st_size > 20_000
    with pytest.raises(DataError, match="no Fermi surface"):
        fermi_surface(read_qe_bands(FIXTURES / "electrons" / "silicon.xml.gz"))
