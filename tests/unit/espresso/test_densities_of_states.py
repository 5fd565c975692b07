from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.fake_espresso import fake_step

from betenet.espresso.densities_of_states import not_numbers
from betenet.espresso.launcher import Launcher
from betenet.espresso.layout import COARSE_DOS, COARSE_FORCE_CONSTANTS, PHONON_DOS_FILE
from betenet.espresso.manifest import CALCULATION
from betenet.espresso.phonon_inputs import coarse_dos_step
from betenet.espresso.programs import find_programs
from betenet.espresso.protocol import Protocol
from betenet.espresso.run import Runner, run_material
from betenet.espresso.steps import Step

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
    assert not_numbers(left(tmp_path, text), STEP).startswith("2 rows")


@pytest.mark.parametrize("text", [" # Frequency[cm^-1] DOS PDOS\n 0.1 0.2 0.2\n", ""])
def test_numbers_are_not(tmp_path: Path, text: str) -> None:
    assert not_numbers(left(tmp_path, text), STEP) == ""


def test_other_steps_have_none(tmp_path: Path) -> None:
    assert not_numbers(tmp_path, STEP) == ""
    assert not_numbers(left(tmp_path, "NaN"), fake_step(STEP.key, "pw.x")) == ""


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
