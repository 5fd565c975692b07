import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.espresso_runs import FIXTURES
from tests.fake_espresso import fake_step

from betenet.espresso.launcher import Launcher
from betenet.espresso.layout import (
    COARSE_DOS,
    COARSE_FORCE_CONSTANTS,
    ELECTRONIC_DOS_FILE,
    PHONON_DOS_FILE,
)
from betenet.espresso.manifest import CALCULATION
from betenet.espresso.phonon_inputs import coarse_dos_step, fine_dos_step, phonon_step
from betenet.espresso.programs import find_programs
from betenet.espresso.protocol import Protocol
from betenet.espresso.pw_inputs import dos_step
from betenet.espresso.run import Runner, run_material
from betenet.espresso.step_checks import band_gap, imaginary_mode, nan_in_phonon_dos
from betenet.espresso.steps import Step

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


LEAD = Path(__file__).parents[2] / "fixtures/espresso/lead/crystal.fc"
STEP = coarse_dos_step(Protocol.named("balanced"))


class OneStep:
    """The density of states alone."""

    def steps(self, folder: Path) -> tuple[Step, ...]:
        assert folder.is_dir()
        return (replace(STEP, after=()),)


def left(folder: Path, text: str) -> Path:
    (folder / STEP.key).mkdir()
    (folder / STEP.key / PHONON_DOS_FILE).write_text(text)
    return folder


def test_nan_is_counted(tmp_path: Path) -> None:
    text = " # Frequency[cm^-1] DOS PDOS\n 0.1 NaN NaN\n 0.2 0.3 0.3\n 0.3 NaN 0.1\n"
    assert nan_in_phonon_dos(left(tmp_path, text), STEP).startswith("2 rows")


@pytest.mark.parametrize("text", [" # Frequency[cm^-1] DOS PDOS\n 0.1 0.2 0.2\n", ""])
def test_numbers_are_not(tmp_path: Path, text: str) -> None:
    assert nan_in_phonon_dos(left(tmp_path, text), STEP) == ""


def test_other_steps_have_none(tmp_path: Path) -> None:
    assert nan_in_phonon_dos(tmp_path, STEP) == ""
    assert nan_in_phonon_dos(left(tmp_path, "NaN"), fake_step(STEP.key, "pw.x")) == ""


@pytest.mark.slow
@pytest.mark.espresso
@pytest.mark.skipif(shutil.which("matdyn.x") is None, reason="no Quantum ESPRESSO")
def test_the_other_sum_rule_makes_numbers_of_lead(tmp_path: Path) -> None:
    source = tmp_path / COARSE_FORCE_CONSTANTS
    source.mkdir()
    shutil.copy(LEAD, source)
    runner = Runner(launcher=Launcher(programs=find_programs(), mpi="none"))

    assert run_material(tmp_path, OneStep(), runner, {}).state == "done"

    failures = [one.failure for one in CALCULATION.read(tmp_path).of(STEP.key).attempts]
    assert failures in ([None], ["not_a_number", None])  # later versions may do well at once
    values = np.loadtxt(tmp_path / COARSE_DOS / PHONON_DOS_FILE)
    assert np.trapezoid(values[:, 1], values[:, 0]) == pytest.approx(3.0, abs=0.01)  # its modes
