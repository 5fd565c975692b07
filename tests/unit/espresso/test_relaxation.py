import math
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from ase.build import bulk
from tests.fake_espresso import make_fake_espresso
from tests.made_pseudopotential import make_pseudopotential

from betenet.errors import DataError
from betenet.espresso.calculation import describe
from betenet.espresso.launcher import Launcher
from betenet.espresso.layout import RELAXATIONS
from betenet.espresso.plan import make_workflow
from betenet.espresso.programs import find_programs
from betenet.espresso.protocol import Protocol
from betenet.espresso.pw_inputs import relax_step
from betenet.espresso.pw_output import read_pw_output
from betenet.espresso.relaxation import (
    Start,
    not_relaxed,
    residual_bound,
    residual_pressure,
    space_group,
    volume_change,
)
from betenet.espresso.run import Runner, run_material
from betenet.espresso.settings import Settings
from betenet.espresso.steps import Step
from betenet.espresso.workflow import Workflow

KEPT = Path(__file__).parents[2] / "fixtures" / "espresso" / "aluminium" / "relax" / "pw.out"
FRESH = "Final scf calculation at the relaxed structure"
Maker = Callable[..., Settings]


def ended_at(folder: Path, key: str, pressure: float | None) -> Path:
    """The output of a real relaxation, with another pressure in its last calculation [GPa]."""
    before, mark, after = KEPT.read_text().partition(FRESH)
    if pressure is None:
        text = before
    else:
        text = before + mark + re.sub(r"P=\s+[-\d.]+", f"P= {10.0 * pressure:10.2f}", after)
    (folder / key).mkdir(parents=True)
    path = folder / key / "pw.out"
    path.write_text(text)
    return path


def test_the_pressure_counts_that_the_relaxed_cell_has_with_its_own_plane_waves(
    tmp_path: Path,
) -> None:
    # the last step of the search had 0.03 kbar, and the calculation after it 0.19
    assert read_pw_output(KEPT).fresh_pressure == pytest.approx(0.019)
    output = read_pw_output(ended_at(tmp_path, "wrong", -27.5))
    assert residual_pressure(output, 0.0) == pytest.approx(-27.5)
    assert residual_pressure(output, -27.4) == 0.0
    unknown = read_pw_output(ended_at(tmp_path, "cut", None))
    assert math.isnan(residual_pressure(unknown, 0.0))


def test_under_pressure_the_bound_is_a_share_of_it() -> None:
    assert residual_bound(0.0) == 0.2
    assert residual_bound(200.0) == pytest.approx(1.0)


def test_a_pressure_that_is_left_asks_for_another_round_from_there(
    aluminium: Workflow, tmp_path: Path
) -> None:
    ended_at(tmp_path, RELAXATIONS[0], -27.5)
    first, second = aluminium.steps(tmp_path)
    assert [first.key, second.key] == list(RELAXATIONS)
    assert aluminium.relaxed(tmp_path) is None
    reached = read_pw_output(tmp_path / RELAXATIONS[0] / "pw.out").atoms
    assert reached is not None
    assert f"{reached.cell.array[0, 1]:.9f}" in second.input_text()
    ended_at(tmp_path, RELAXATIONS[1], 0.1)
    assert aluminium.relaxed(tmp_path) is not None
    assert "coarse" in {step.key for step in aluminium.steps(tmp_path)}
    (tmp_path / "coarse").mkdir()
    (tmp_path / "coarse" / "pw.out").write_text("of no interest")
    assert "dense" in {step.key for step in aluminium.steps(tmp_path)}


def test_nothing_follows_a_relaxation_that_has_failed(aluminium: Workflow, tmp_path: Path) -> None:
    ended_at(tmp_path, RELAXATIONS[0], -27.5)
    ended_at(tmp_path, RELAXATIONS[1], -9.0)
    assert [step.key for step in aluminium.steps(tmp_path)] == list(RELAXATIONS)


def test_a_calculation_of_before_that_went_on_is_refused(
    aluminium: Workflow, tmp_path: Path
) -> None:
    ended_at(tmp_path, RELAXATIONS[0], -27.5)
    (tmp_path / "coarse").mkdir()
    (tmp_path / "coarse" / "pw.out").write_text("of no interest")
    with pytest.raises(DataError, match=r"not relaxed"):
        aluminium.steps(tmp_path)


def test_the_last_round_fails_by_name(settings: Maker, tmp_path: Path) -> None:
    told = settings(["Al"], pressure=30.0)
    atoms = bulk("Al", "fcc", a=4.0)
    last = relax_step(told, atoms, (4, 4, 4), RELAXATIONS[1])
    ended_at(tmp_path, RELAXATIONS[1], 25.0)
    (tmp_path / RELAXATIONS[1] / "pw.out").rename(tmp_path / RELAXATIONS[1] / "pw.out.part")
    assert "25 GPa instead of 30 GPa" in not_relaxed(tmp_path, last)
    assert not_relaxed(tmp_path, relax_step(told, atoms, (4, 4, 4))) == ""
    near = settings(["Al"], pressure=25.1)
    assert not_relaxed(tmp_path, relax_step(near, atoms, (4, 4, 4), RELAXATIONS[1])) == ""


def test_the_runner_gives_up_by_name(aluminium: Workflow, tmp_path: Path) -> None:
    """A program that always ends at -27.5 GPa."""
    fake = make_fake_espresso(tmp_path / "programs")
    wrong = ended_at(tmp_path, "wrong", -27.5)
    (fake.folder / "pw.x").write_text(f"#!/bin/sh\ncat {wrong}\n")
    folder = tmp_path / "al"
    shutil.copytree(
        aluminium.settings.pseudopotentials["Al"].path.parent, folder / "pseudopotentials"
    )
    outcome = run_material(folder, aluminium, fake.runner(), describe(aluminium))
    assert outcome.state == "failed"
    assert list(outcome.errors) == [RELAXATIONS[1]]
    error = outcome.errors[RELAXATIONS[1]]
    assert "residual_pressure" in error.summary
    assert "-27.5 GPa instead of 0 GPa" in error.reason
    assert "epc cutoffs" in error.fix


def test_what_a_relaxation_did_is_told() -> None:
    before = bulk("NbC", "rocksalt", a=4.4)
    after = before.copy()
    after.set_cell(before.cell.array * 1.02, scale_atoms=True)
    assert volume_change(before, after) == pytest.approx(1.02**3 - 1.0)
    moved = after.copy()
    moved.positions[1] += [0.1, 0.0, 0.0]
    told = Start(atoms=before, pressure=0.0).to_dict(moved)
    assert told["space_group_before"] == "Fm-3m (225)" == space_group(before)
    assert told["space_group"] != told["space_group_before"]
    assert told["volume_change"] == pytest.approx(0.06121, abs=1e-5)
    # a larger cell of the same crystal has the same volume for each atom
    assert volume_change(before, before.repeat(2)) == pytest.approx(0.0, abs=1e-12)


class _RelaxationOnly:
    """Steps of the relaxation alone."""

    def __init__(self, workflow: Workflow) -> None:
        self._workflow = workflow

    def steps(self, folder: Path) -> tuple[Step, ...]:
        keys = set(RELAXATIONS)
        return tuple(step for step in self._workflow.steps(folder) if step.key in keys)


@pytest.mark.slow
@pytest.mark.espresso
def test_cells_from_far_apart_relax_to_the_same(tmp_path: Path) -> None:
    """With so few plane waves one round leaves 1.2 GPa, of one sign or the other."""
    potentials = make_pseudopotential(tmp_path / "upf")
    protocol = Protocol.named("fast").with_changes(
        {"cutoff": 8.0, "density_cutoff": 32.0, "k_density": 16.0}
    )
    volumes, rounds = [], []
    for a in (3.4, 4.6):
        workflow = make_workflow(bulk("Al", "fcc", a=a), protocol, potentials)
        folder = tmp_path / f"{a}"
        shutil.copytree(potentials, folder / "pseudopotentials")
        runner = Runner(launcher=Launcher(programs=find_programs(), mpi="none"))
        outcome = run_material(folder, _RelaxationOnly(workflow), runner, describe(workflow))
        assert outcome.state == "done"
        found = [read_pw_output(folder / key / "pw.out") for key in RELAXATIONS]
        rounds.append(abs(found[0].fresh_pressure))
        assert residual_pressure(found[1], 0.0) == 0.0
        volumes.append(found[1].volume)
    assert min(rounds) > 1.0
    assert volumes[0] == pytest.approx(volumes[1], rel=1e-3)


def test_a_plan_marks_a_guess_and_forgets_nothing(settings: Maker) -> None:
    sure = settings(["Al"])
    guess = replace(sure, starting_guess=True)
    # earlier versions did not have the key: a calculation of theirs is the same
    assert "starting_guess" not in sure.to_dict()
    assert guess.to_dict()["starting_guess"] is True
