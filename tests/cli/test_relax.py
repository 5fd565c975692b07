"""``betenet relax``, with ASE's effective medium theory as the force field."""

from pathlib import Path

import pytest
from ase.build import bulk
from ase.io import read, write
from tests.command_line import json_of, refusal, rows_of, stdout_of
from tests.fixture_types import Capture

EMT = ("--force-field", "ase.calculators.emt:EMT")


@pytest.fixture
def copper(tmp_path: Path) -> Path:
    path = tmp_path / "Cu.cif"
    write(path, bulk("Cu"))
    return path


def test_cells_are_written_and_volumes_told(copper: Path, tmp_path: Path, capsys: Capture) -> None:
    out, csv = tmp_path / "out", tmp_path / "relaxed.csv"
    words = ["relax", str(copper), "--pressure", "0", "50", "--out", str(out), "--csv", str(csv)]
    told = stdout_of([*words, *EMT], capsys)
    rows = rows_of(csv)
    assert [row["pressure_gpa"] for row in rows] == ["0.0", "50.0"]
    assert Path(rows[1]["file"]) == out / "Cu_50GPa.cif"
    volume = read(rows[1]["file"]).get_volume()
    assert volume == pytest.approx(float(rows[1]["volume_angstrom3"]))
    assert f"{volume:.2f}" in told


def test_a_bad_file_leaves_the_others(copper: Path, tmp_path: Path, capsys: Capture) -> None:
    bad = tmp_path / "bad.cif"
    bad.write_text("")
    words = ["relax", str(bad), str(copper), "--json", "--out", str(tmp_path / "out"), *EMT]
    first, second = json_of(words, capsys, code=1)
    assert "empty" in first["error"]["summary"]
    assert second["error"] is None
    assert second["converged"] is True


def test_a_force_field_that_is_none_is_refused(
    copper: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out"
    words = ["relax", str(copper), "--force-field", "nothing:here", "--out", str(out)]
    assert "MODULE:FUNCTION" in refusal(words, capsys)
