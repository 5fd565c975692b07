import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.espresso_runs import FIXTURES

from betenet.electrons.line_bands import read_all_line_bands, read_line_bands
from betenet.errors import DataError

KEPT = FIXTURES / "electrons" / "projected"


def test_corners_and_the_jump_of_a_path_are_told() -> None:
    found = read_line_bands(KEPT)
    assert [name for _, name in found.corners] == ["G", "X|L", "G"]
    assert found.distances is not None
    # Γ–X is 2π/a, Γ–L √3/2 of it
    cube = 2.0 * np.pi / 4.05
    assert found.distances[-1] == pytest.approx(cube * (1.0 + 0.5 * 3.0**0.5), rel=1e-4)
    assert np.all(np.diff(found.distances) >= 0.0)


def test_aluminium_is_nearly_free_and_changes_from_s_to_p() -> None:
    found = read_line_bands(KEPT)
    assert found.energies is not None
    assert found.orbitals is not None
    # from Γ on the energy is ħ²k²/2m within a few per cent: 3.81 eV Å² k²
    lowest, half = found.energies[0, 0, 0], found.energies[0, 10, 0]
    assert half - lowest == pytest.approx(3.81 * (0.5 * 2.0 * np.pi / 4.05) ** 2, rel=0.06)
    assert lowest == pytest.approx(-11.1, abs=0.3)
    kinds, weights = found.orbitals.by_kind()
    assert kinds == ("Al s", "Al p")
    assert weights[0, 0, 0, 0] > 0.99
    assert weights[0, 20, 0, 1] > 0.9  # X: the lower state of the pair is p


def test_the_level_of_the_mesh_is_taken_and_without_it_that_of_the_file(tmp_path: Path) -> None:
    whole = read_line_bands(KEPT)
    shutil.copytree(KEPT / "lines", tmp_path / "lines")
    alone = read_line_bands(tmp_path / "lines")
    assert whole.energies is not None
    assert alone.energies is not None
    shifts = alone.energies - whole.energies
    assert np.ptp(shifts) == pytest.approx(0.0, abs=1e-9)
    assert 0.0 < abs(shifts[0, 0, 0]) < 0.5  # coarse meshes and a smearing of 0.27 eV
    (tmp_path / "lines" / "orbitals.projwfc_up.gz").unlink()
    bare = read_line_bands(tmp_path / "lines")
    assert bare.orbitals is None
    assert bare.to_dict()["weights"] is None
    assert len(list(bare.csv_rows())) == 42 * 8


def test_a_mesh_is_refused_and_the_rest_is_read() -> None:
    with pytest.raises(DataError, match="its calculation is nscf"):
        read_line_bands(KEPT / "data-file-schema.xml.gz")
    bad, good = read_all_line_bands([KEPT / "data-file-schema.xml.gz", KEPT])
    assert bad.lines() == []
    assert bad.error is not None
    assert good.crossing()[0] == 2
    assert any(line.startswith("    band 2 near E_F: Al ") for line in good.lines())
    rows = list(good.csv_rows())
    assert len(rows) == 42 * 8 * 2
    assert {row["corner"] for row in rows} == {"", "G", "X|L"}


def test_a_figure_has_a_panel_for_each_orbital(tmp_path: Path) -> None:
    figure = read_line_bands(KEPT).plot(tmp_path / "bands.png")
    assert {axes.get_title() for axes in figure.axes} == {"Al s", "Al p"}
    assert (tmp_path / "bands.png").stat().st_size > 5000
