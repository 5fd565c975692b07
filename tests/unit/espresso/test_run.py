import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.fake_espresso import FakeEspresso, FakeWorkflow, make_fake_espresso

from betenet.errors import ConfigError, DataError
from betenet.espresso import run
from betenet.espresso.manifest import CALCULATION, begin_calculation
from betenet.espresso.run import Outcome, run_material

TESTS = Path(__file__).resolve().parents[2]
SETTINGS = {"ecutwfc": 75.0}
Q = [f"phonons/q{index}" for index in (1, 2, 3)]
ANSWER = "fine-dos(" + ",".join(f"{key}(coarse())" for key in Q) + ")"
MAIN = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from betenet.espresso.run import run_material
from fake_espresso import FakeEspresso, FakeWorkflow
fake = FakeEspresso(Path(sys.argv[2]))
print(run_material(sys.argv[3], FakeWorkflow(), fake.runner(jobs=int(sys.argv[4])), {"a": 1}).state)
"""


@pytest.fixture
def fake(tmp_path: Path) -> FakeEspresso:
    return make_fake_espresso(tmp_path / "programs")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "al"


def go(folder: Path, fake: FakeEspresso, **options: Any) -> Outcome:
    return run_material(folder, FakeWorkflow(), fake.runner(**options), SETTINGS)


def start(folder: Path, fake: FakeEspresso, jobs: int = 1) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", MAIN, str(TESTS), str(fake.folder), str(folder), str(jobs)]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def until_started(fake: FakeEspresso, key: str) -> int:
    """Process of a step as soon as it works."""
    for _ in range(3000):
        for name, what, _, process in fake.log():
            if name == key and what.startswith("from"):
                return process
        time.sleep(0.01)
    raise AssertionError(f"{key} has not started")


def test_steps_run_once_each_in_an_order_that_their_needs_allow(
    folder: Path, fake: FakeEspresso
) -> None:
    outcome = go(folder, fake)

    assert (outcome.state, dict(outcome.errors), outcome.waiting) == ("done", {}, ())
    order = fake.did("starts")
    assert sorted(order) == sorted(["relax", "dense", "coarse", "states", "dos", *Q, "fine-dos"])
    needs = [
        ("relax", "dense"),
        ("dense", "coarse"),
        ("states", "dos"),
        *((k, "fine-dos") for k in Q),
    ]
    assert all(order.index(first) < order.index(second) for first, second in needs)
    assert (folder / "fine-dos/result").read_text() == ANSWER
    assert (folder / "dos/result").read_text() == "dos(states(dense()))"


def test_what_is_done_is_not_done_again(folder: Path, fake: FakeEspresso) -> None:
    go(folder, fake)
    before = fake.log()

    assert go(folder, fake).state == "done"
    assert fake.log() == before


def test_scratch_goes_when_it_is_of_no_more_use(folder: Path, fake: FakeEspresso) -> None:
    fake.behave({"dos": ["fail 1 odd"]})
    assert go(folder, fake).state == "failed"
    assert not list(folder.glob("phonons/*/scratch"))
    assert (folder / "states/scratch/density").exists()  # the failed step may want it

    manifest = CALCULATION.read(folder)
    CALCULATION.write(folder, manifest.having("dos", type(manifest.of("dos"))()))
    assert go(folder, fake).state == "done"
    assert not list(folder.rglob("scratch"))


def test_scratch_is_kept_if_asked_for(folder: Path, fake: FakeEspresso) -> None:
    go(folder, fake, keep_scratch=True)

    assert len(list(folder.rglob("scratch"))) == 9


def test_a_lost_result_is_computed_again_with_all_it_needs(
    folder: Path, fake: FakeEspresso
) -> None:
    go(folder, fake)
    (folder / "dos/result").unlink()
    seen = len(fake.did("starts"))

    assert go(folder, fake).state == "done"
    assert fake.did("starts")[seen:] == ["dense", "states", "dos"]
    assert (folder / "dos/result").read_text() == "dos(states(dense()))"


def test_an_empty_result_is_none(folder: Path, fake: FakeEspresso) -> None:
    go(folder, fake)
    (folder / "fine-dos/result").write_text("")

    go(folder, fake)

    assert (folder / "fine-dos/result").read_text() == ANSWER


def test_independent_steps_run_side_by_side(folder: Path, fake: FakeEspresso) -> None:
    fake.behave({key: ["sleep 0.4"] for key in Q[1:]})
    go(folder, fake, jobs=2)

    log = {(key, what): when for key, what, when, _ in fake.log()}
    assert log["phonons/q2", "starts"] < log["phonons/q3", "ends"]
    assert log["phonons/q3", "starts"] < log["phonons/q2", "ends"]
    assert log["phonons/q1", "ends"] < log["phonons/q2", "starts"]


def test_no_more_steps_run_side_by_side_than_asked_for(folder: Path, fake: FakeEspresso) -> None:
    fake.behave({}, pause=0.05)
    go(folder, fake, jobs=2)

    at_work = most = 0
    for _, what, _, _ in fake.log():
        at_work += {"starts": 1, "ends": -1}.get(what, 0)
        most = max(most, at_work)
    assert most == 2


def test_a_density_that_does_not_settle_is_mixed_more_carefully(
    folder: Path, fake: FakeEspresso
) -> None:
    says = "fail 2 convergence NOT achieved after 100 iterations: stopping"
    fake.behave({"dense": [says, says]})

    assert go(folder, fake).state == "done"
    attempts = CALCULATION.read(folder).of("dense").attempts
    betas = [attempt.changes.get("electrons", {}).get("mixing_beta") for attempt in attempts]
    assert betas == [None, 0.3, 0.1]
    assert [attempt.failure for attempt in attempts] == ["not_self_consistent"] * 2 + [None]
    text = (folder / "dense/pw.in").read_text()
    assert "mixing_beta = 0.1" in text
    assert "diagonalization = 'cg'" in text
    assert "NOT achieved" in (folder / "dense/pw.out.1").read_text()
    assert "NOT achieved" not in (folder / "dense/pw.out").read_text()


def test_a_step_that_fails_three_times_is_given_up_and_others_are_done(
    folder: Path, fake: FakeEspresso
) -> None:
    says = "fail 2 convergence NOT achieved after 100 iterations: stopping"
    fake.behave({"states": [says] * 9})

    outcome = go(folder, fake)

    assert outcome.state == "failed"
    assert list(outcome.errors) == ["states"]
    assert outcome.waiting == ("dos",)
    assert (folder / "fine-dos/result").read_text() == ANSWER
    error = outcome.errors["states"]
    assert "not_self_consistent" in error.summary
    assert "convergence NOT achieved after 100" in error.reason
    assert "mixing_beta" in error.fix
    assert fake.did("starts").count("states") == 3
    go(folder, fake)
    assert fake.did("starts").count("states") == 3  # a new start would fail again
    fake.behave({})
    assert go(folder, fake, retry_failed=True).state == "done"  # unless it is told to


def test_the_version_is_noted_of_a_calculation_that_was_planned_without(
    folder: Path, fake: FakeEspresso
) -> None:
    folder.mkdir()
    begin_calculation(folder, SETTINGS)
    go(folder, fake)
    assert CALCULATION.read(folder).version == "6.7MaX"


def test_a_cause_outside_of_the_calculation_is_tried_again_by_a_new_start(
    folder: Path, fake: FakeEspresso
) -> None:
    fake.behave({"relax": ["fail 1 Error in routine readpp (1):\n file Al.upf not found"]})
    outcome = go(folder, fake)
    assert "missing_pseudopotential" in outcome.errors["relax"].summary
    assert "folder that the settings name" in outcome.errors["relax"].fix

    assert go(folder, fake).state == "done"


def test_a_program_that_is_killed_goes_on_where_it_was(folder: Path, fake: FakeEspresso) -> None:
    fake.behave({"phonons/q2": ["signal 15"]})

    assert go(folder, fake).state == "done"
    begun = [what for key, what, _, _ in fake.log() if key == "phonons/q2" and "from" in what]
    assert begun == ["from 0", "from 3"]
    first, second = CALCULATION.read(folder).of("phonons/q2").attempts
    assert (first.failure, second.start) == ("killed", "recovery")


def test_a_killed_step_without_recovery_starts_from_an_empty_scratch_folder(
    folder: Path, fake: FakeEspresso
) -> None:
    fake.behave({"dense": ["signal 15"]})
    go(folder, fake)

    assert [w for k, w, _, _ in fake.log() if k == "dense" and "from" in w] == ["from 0"] * 2
    assert [a.start for a in CALCULATION.read(folder).of("dense").attempts] == ["scratch"] * 2


def test_damaged_files_of_an_interrupted_attempt_are_left_behind(
    folder: Path, fake: FakeEspresso
) -> None:
    damaged = "fail 2 end of file reached, tag ELECTRON_PHONON not found"
    fake.behave({"phonons/q1": ["signal 15", damaged]})
    assert go(folder, fake).state == "done"

    starts = [attempt.start for attempt in CALCULATION.read(folder).of("phonons/q1").attempts]
    assert starts == ["scratch", "recovery", "scratch"]


def test_processor_time_is_that_of_each_program_alone(folder: Path, fake: FakeEspresso) -> None:
    fake.behave({"relax": ["sleep 0.8"], "phonons/q1": ["compute 0.6"], "states": ["sleep 0.6"]})
    go(folder, fake, jobs=2)

    manifest = CALCULATION.read(folder)
    (slept,), (computed,), (beside,) = (
        manifest.of(key).attempts for key in ("relax", "phonons/q1", "states")
    )
    assert slept.seconds is not None
    assert slept.cpu_seconds is not None
    assert slept.seconds > 0.8
    assert 0.0 < slept.cpu_seconds < 0.4
    assert computed.cpu_seconds is not None
    assert computed.cpu_seconds > 0.6
    assert beside.cpu_seconds is not None  # it runs at the same time
    assert beside.cpu_seconds < 0.4


def test_processor_time_of_an_interrupted_program_is_kept(folder: Path, fake: FakeEspresso) -> None:
    fake.behave({"relax": ["sleep 60"]})
    process = start(folder, fake)
    until_started(fake, "relax")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)

    (attempt,) = CALCULATION.read(folder).of("relax").attempts
    assert attempt.failure == "interrupted"
    assert attempt.cpu_seconds is not None
    assert 0.0 < attempt.cpu_seconds < 0.4


def test_a_program_that_leaves_no_results_has_failed(folder: Path, fake: FakeEspresso) -> None:
    fake.behave({"dos": ["no results"] * 3})

    error = go(folder, fake).errors["dos"]

    assert "no_results" in error.summary
    assert "Missing or empty: result" in error.reason


def test_a_failure_without_a_name_quotes_the_program(folder: Path, fake: FakeEspresso) -> None:
    fake.behave({"dos": ["fail 7 something quite unheard of"]})

    error = go(folder, fake).errors["dos"]

    assert "unknown" in error.summary
    assert "something quite unheard of" in error.reason


def test_a_full_disk_is_noticed_although_the_program_does_not(
    folder: Path, fake: FakeEspresso, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "LEAST_SPACE", 2**80)
    outcome = go(folder, fake)
    assert "disk_full" in outcome.errors["relax"].summary

    monkeypatch.undo()
    assert go(folder, fake).state == "done"


def test_programs_are_told_how_much_time_is_left(
    folder: Path, fake: FakeEspresso, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "SHORTEST", 0.0)
    go(folder, fake, max_seconds=500.0)

    def limit(path: str) -> list[str]:
        return [line for line in (folder / path).read_text().splitlines() if "max_seconds" in line]

    assert 400.0 < float(limit("dense/pw.in")[0].split("=")[1]) <= 500.0
    assert len(limit("phonons/q1/ph.in")) == 1
    assert limit("dos/dos.in") == []  # dos.x does not know it


def test_a_run_stops_when_its_time_is_over_and_the_next_goes_on(
    folder: Path, fake: FakeEspresso, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "SHORTEST", 498.0)  # two seconds are all there is
    fake.behave({"phonons/q1": ["sleep 3"], "dos": ["sleep 3"]})

    outcome = go(folder, fake, max_seconds=500.0)

    assert outcome.state == "stopped"
    assert "fine-dos" not in fake.did("starts")
    monkeypatch.setattr(run, "SHORTEST", 0.0)
    fake.behave({})
    assert go(folder, fake, max_seconds=500.0).state == "done"
    assert (folder / "fine-dos/result").read_text() == ANSWER


def test_running_out_of_time_is_no_failure(folder: Path, fake: FakeEspresso) -> None:
    fake.behave({"phonons/q1": ["time"] * 4}, work=20)

    assert go(folder, fake).state == "done"
    begun = [w for k, w, _, _ in fake.log() if k == "phonons/q1" and "from" in w]
    assert begun == ["from 0", "from 11", "from 12", "from 13", "from 14"]


def test_other_settings_are_refused(folder: Path, fake: FakeEspresso) -> None:
    go(folder, fake)
    with pytest.raises(ConfigError, match=r"ecutwfc is 75.0 there and 80.0 here"):
        run_material(folder, FakeWorkflow(), fake.runner(), {"ecutwfc": 80.0})


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_and_termination_stop_the_programs(
    folder: Path, fake: FakeEspresso, jobs: int
) -> None:
    fake.behave({"phonons/q1": ["sleep 60"], "states": ["sleep 60"]})
    process = start(folder, fake, jobs)
    program = until_started(fake, "phonons/q1")
    process.send_signal(signal.SIGINT if jobs == 1 else signal.SIGTERM)
    _, errors = process.communicate(timeout=20)

    assert "KeyboardInterrupt" in errors
    assert not alive(program)
    record = CALCULATION.read(folder).of("phonons/q1")
    assert (record.state, record.attempts[0].failure) == ("waiting", "interrupted")
    fake.behave({})
    again = start(folder, fake)
    assert again.communicate(timeout=30)[0] == "done\n"


def test_programs_die_with_a_runner_that_is_killed(folder: Path, fake: FakeEspresso) -> None:
    fake.behave({"phonons/q1": ["sleep 60"]})
    process = start(folder, fake)
    program = until_started(fake, "phonons/q1")
    process.kill()
    process.wait()

    again = start(folder, fake)
    assert again.communicate(timeout=30)[0] == "done\n"
    assert not alive(program)
    assert [a.failure for a in CALCULATION.read(folder).of("phonons/q1").attempts] == [
        "interrupted",
        None,
    ]
    process.communicate()


def test_a_second_runner_is_refused(folder: Path, fake: FakeEspresso) -> None:
    fake.behave({"relax": ["sleep 60"]})
    process = start(folder, fake)
    until_started(fake, "relax")
    try:
        with pytest.raises(DataError, match=f"in use by process {process.pid}"):
            run_material(folder, FakeWorkflow(), fake.runner(), {"a": 1})
    finally:
        process.terminate()
        process.communicate()


def test_no_descriptor_or_signal_handler_is_left(folder: Path, fake: FakeEspresso) -> None:
    before = signal.getsignal(signal.SIGTERM), len(list(Path("/proc/self/fd").iterdir()))
    go(folder, fake)
    assert (signal.getsignal(signal.SIGTERM), len(list(Path("/proc/self/fd").iterdir()))) == before


def test_no_file_outside_of_the_folder_is_touched(folder: Path, fake: FakeEspresso) -> None:
    thesis = folder.parent / "thesis.tex"
    thesis.write_text("years of work")
    folder.mkdir(exist_ok=True)
    for name in ("run.lock", "manifest.json", "dense"):
        (folder / name).symlink_to(thesis)
        with pytest.raises(DataError, match="leads out of"):
            go(folder, fake)
        (folder / name).unlink()
    assert thesis.read_text() == "years of work"
    assert not any(folder.iterdir())
