import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from ase.build import bulk
from tests.replayed_espresso import KEPT

from betenet.espresso.calculation import keep_plan, open_calculation
from betenet.espresso.calculations import plan_calculations
from betenet.espresso.collect import collect_all, progress_of
from betenet.espresso.manifest import CALCULATION, Attempt, StepRecord
from betenet.espresso.protocol import Protocol

PROTOCOL = Protocol.named("fast").with_changes(
    {"broadening_step": 0.005, "broadenings": 5, "broadening": 0.02}
)


@pytest.fixture
def folder(tmp_path: Path, pseudopotentials: Callable[..., Path]) -> Path:
    (plan,) = plan_calculations(bulk("Al"), PROTOCOL, pseudopotentials({"Al": 3.0}))
    keep_plan(tmp_path, plan)
    return tmp_path / plan.name


def mark(folder: Path, key: str, record: StepRecord) -> None:
    CALCULATION.write(folder, CALCULATION.read(folder).having(key, record))


def attempt(**more: object) -> Attempt:
    return Attempt(started="2026-11-29T00:00:00+00:00", processes=2, **more)  # type: ignore[arg-type]


def stage(folder: Path) -> str:
    return progress_of(open_calculation(folder)).stage


def test_each_stage_is_told(folder: Path) -> None:
    assert stage(folder) == "planned"
    mark(folder, "relax", StepRecord(state="running", attempts=(attempt(),)))
    assert stage(folder) == "running"
    waiting = StepRecord(state="waiting", attempts=(attempt(failure="interrupted", seconds=9.0),))
    mark(folder, "relax", waiting)
    assert stage(folder) == "stopped"
    mark(folder, "relax", StepRecord(state="failed", attempts=(attempt(failure="out_of_memory"),)))
    assert stage(folder) == "failed"


def test_time_is_that_of_all_attempts_and_processes(folder: Path) -> None:
    tries = (attempt(failure="interrupted", seconds=10.0), attempt(seconds=20.0))
    mark(folder, "relax", StepRecord(state="done", attempts=tries))
    assert progress_of(open_calculation(folder)).seconds == 2 * (10.0 + 20.0)


def test_time_is_that_of_the_processors_where_it_is_known(folder: Path) -> None:
    tries = (
        attempt(seconds=10.0),
        attempt(seconds=20.0, cpu_seconds=1.5),
        attempt(cpu_seconds=0.0),
    )
    mark(folder, "relax", StepRecord(state="done", attempts=tries))
    progress = progress_of(open_calculation(folder))
    assert progress.seconds == 2 * 10.0 + 1.5
    assert progress.to_dict()["core_hours"] == round(21.5 / 3600.0, 4)


def test_a_calculation_that_is_done_gives_its_record(folder: Path) -> None:
    shutil.copytree(KEPT, folder, dirs_exist_ok=True)
    for step in open_calculation(folder).workflow.steps(folder):
        mark(folder, step.key, StepRecord(state="done", attempts=(attempt(seconds=1.0),)))
    (found,) = collect_all([folder])
    assert found.error is None
    assert found.record is not None
    assert found.record["calculation"]["settings"]["protocol"]["broadenings"] == 5
    assert json.loads((folder / "record.json").read_text()) == found.record


def test_what_fails_says_so_and_the_rest_is_collected(folder: Path, tmp_path: Path) -> None:
    mark(folder, "relax", StepRecord(state="failed", attempts=(attempt(failure="out_of_memory"),)))
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "manifest.json").write_text("{")
    failed, damaged = collect_all([folder, broken])
    assert "failed in step relax (out_of_memory)" in str(failed.error)
    assert failed.error is not None
    assert failed.error.fix
    assert "damaged" in str(damaged.error)
