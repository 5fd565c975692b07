from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from betenet.espresso.layout import ELECTRONIC_DOS_FILE
from betenet.espresso.phonon_inputs import fine_dos_step, phonon_step
from betenet.espresso.protocol import Protocol
from betenet.espresso.pw_inputs import dos_step
from betenet.espresso.stability import band_gap, imaginary_mode

FIXTURES = Path(__file__).parents[2] / "fixtures" / "espresso"
FAST = Protocol.named("fast")


def place(folder: Path, source: str, index: int) -> Path:
    home = folder / f"phonons/q{index}"
    home.mkdir(parents=True)
    shutil.copy(FIXTURES / source, home / f"crystal.dyn{index}")
    return folder


def test_bcc_aluminium_is_not_stable(tmp_path: Path) -> None:
    found = imaginary_mode(
        place(tmp_path, "bcc-aluminium/n.dyn", 2), phonon_step(FAST, 2, (2, 2, 2))
    )
    assert "-34.5 meV" in found
    assert "1 meV are allowed" in found


@pytest.mark.parametrize("index", [1, 2, 3])  # at Γ the translations do not count
def test_fcc_aluminium_is(tmp_path: Path, index: int) -> None:
    source = f"aluminium/phonons/q{index}/crystal.dyn{index}"
    step = phonon_step(FAST, index, (2, 2, 2))
    assert imaginary_mode(place(tmp_path, source, index), step) == ""


@pytest.mark.parametrize(("crystal", "says"), [("aluminium", ""), ("silicon", "no states within")])
def test_silicon_has_a_gap_and_aluminium_has_not(crystal: str, says: str, tmp_path: Path) -> None:
    (source,) = (FIXTURES / crystal).rglob(ELECTRONIC_DOS_FILE)
    (tmp_path / "dos").mkdir()
    shutil.copy(source, tmp_path / "dos")
    found = band_gap(tmp_path, dos_step(6.0))
    assert bool(found) == bool(says)
    assert says in found


def test_other_steps_and_broken_files_say_nothing(tmp_path: Path) -> None:
    assert imaginary_mode(tmp_path, fine_dos_step(FAST)) == ""
    assert imaginary_mode(tmp_path, phonon_step(FAST, 1, (2, 2, 2))) == ""
    assert band_gap(tmp_path, fine_dos_step(FAST)) == ""
    assert band_gap(tmp_path, dos_step(6.0)) == ""
