import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from tests.fixture_types import Patch
from tests.screening_stand_ins import MemorySource, crystals, funnel_of, known_or_not

from betenet.errors import ConfigError
from betenet.screening import engines, stages
from betenet.screening.dispatch import Job, work_through
from betenet.screening.engines import DaskEngine, SerialEngine, slurm_cluster
from betenet.screening.records import Record
from betenet.screening.run import ScreeningRun
from betenet.screening.run_stage import RunStage
from betenet.screening.stages import Answer, Item
from betenet.screening.structure_bytes import structure_to_bytes

pytest.importorskip("distributed", reason="Dask is in the extra screen")
pytestmark = [
    pytest.mark.slow,
    # of distributed's own, at its shutdown and about ports
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture
def two_workers() -> Iterator[DaskEngine]:
    with closing(DaskEngine.local(2)) as engine:
        yield engine


def _pids(engine: DaskEngine) -> list[int]:
    return list(engine._client.run(os.getpid).values())


def _texts(records: Any) -> list[str]:
    found = (replace(record, seconds=0.0) for record in records)
    return sorted(repr(record) for record in found)


def _slow() -> Callable[[RunStage, tuple[Item, ...]], Answer]:
    """Takes some time for each job, and dies of a structure called deadly.

    A function in a function goes to the workers as a whole: they cannot import the tests.
    """

    def compute(stage: RunStage, items: tuple[Item, ...]) -> Answer:
        time.sleep(0.3)
        if any(item.name.startswith("deadly") for item in items):
            os.kill(os.getpid(), signal.SIGKILL)
        return Answer(
            tuple(Record(name=i.name, stage=stage.name, outcome="passed", score=1.0) for i in items)
        )

    return compute


def _jobs(stage: RunStage, names: list[str], size: int) -> Iterator[Job]:
    for start in range(0, len(names), size):
        yield Job(stage, tuple(Item(name, b"") for name in names[start : start + size]))


def test_two_workers_give_what_one_process_gives(
    tiny_model: Path, tmp_path: Path, two_workers: DaskEngine
) -> None:
    funnel = funnel_of(known_or_not(model=str(tiny_model), budget=7))
    source = MemorySource(crystals(40))
    alone = ScreeningRun.prepare(tmp_path / "1", funnel, source, quiet=True).run()
    both = ScreeningRun.prepare(tmp_path / "2", funnel, source, quiet=True, batch=3)
    assert _texts(both.run(two_workers).records()) == _texts(alone.records())


def test_the_work_of_a_killed_worker_is_redone_and_counted_once(
    structure_stage: RunStage, two_workers: DaskEngine, monkeypatch: Patch
) -> None:
    monkeypatch.setattr("betenet.screening.engines.compute", _slow())
    names = [f"n{number}" for number in range(24)]
    found: list[str] = []
    for count, answer in enumerate(work_through(two_workers, _jobs(structure_stage, names, 2))):
        found += [record.name for record in answer.records]
        if count == 2:
            victim, *_ = _pids(two_workers)
            os.kill(victim, signal.SIGKILL)
    assert sorted(found) == sorted(names)
    assert victim not in _pids(two_workers)


def test_a_structure_that_kills_every_worker_fails_alone(
    structure_stage: RunStage, two_workers: DaskEngine, monkeypatch: Patch
) -> None:
    monkeypatch.setattr("betenet.screening.engines.compute", _slow())
    names = ["n0", "deadly", "n2", "n3"]
    answers = list(work_through(two_workers, _jobs(structure_stage, names, 2)))
    outcomes = {record.name: record.outcome for answer in answers for record in answer.records}
    assert outcomes == {name: "failed" if name == "deadly" else "passed" for name in names}
    (failure,) = [r for a in answers for r in a.records if r.outcome == "failed"]
    assert "killed" in failure.reason


def test_no_more_jobs_are_taken_than_fit(
    structure_stage: RunStage, two_workers: DaskEngine, monkeypatch: Patch
) -> None:
    monkeypatch.setattr("betenet.screening.engines.compute", _slow())
    taken: list[str] = []

    def counted() -> Iterator[Job]:
        for job in _jobs(structure_stage, [f"n{number}" for number in range(12)], 1):
            taken.append(job.items[0].name)
            yield job

    for done, _ in enumerate(work_through(two_workers, counted())):
        assert len(taken) - done <= 2 * 2 + 1


def test_a_scheduler_by_its_address(structure_stage: RunStage) -> None:
    from distributed import LocalCluster

    item = Item("Nb", structure_to_bytes(crystals(1)[0].atoms))
    expected = stages.compute(structure_stage, [item]).records
    with (
        LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster,
        closing(DaskEngine.at(cluster.scheduler_address)) as engine,
    ):
        (answer,) = work_through(engine, iter([Job(structure_stage, (item,))]))
    assert _texts(answer.records) == _texts(expected)


def test_a_scheduler_that_is_not_there_is_an_error(monkeypatch: Patch) -> None:
    monkeypatch.setattr("betenet.screening.engines.PATIENCE", "1s")
    with pytest.raises(ConfigError, match="No scheduler"):
        DaskEngine.at("tcp://127.0.0.1:9")


def test_workers_with_another_version_are_refused() -> None:
    class Client:
        def run(self, *_: object) -> dict[str, str]:
            return {"tcp://1": "0.0.1", "tcp://2": version("betenet")}

    with pytest.raises(ConfigError, match="cannot be used") as refused:
        engines._check_workers(Client())
    assert "0.0.1" in refused.value.reason


def test_the_job_that_slurm_is_given() -> None:
    pytest.importorskip("dask_jobqueue", reason="it is in the extra screen")
    options = {"cores": "8", "queue": "long", "memory": "32GB", "walltime": "1:00:00"}
    with closing(slurm_cluster(options)) as cluster:
        script = cluster.job_script()
    assert "#SBATCH -p long" in script
    assert "#SBATCH --cpus-per-task=8" in script
    assert "#SBATCH -t 1:00:00" in script
    assert "--nworkers 8" in script
    assert "--nthreads 1" in script


def test_an_unknown_option_for_slurm_is_an_error() -> None:
    pytest.importorskip("dask_jobqueue", reason="it is in the extra screen")
    with pytest.raises(ConfigError, match="options for Slurm"):
        slurm_cluster({"colour": "blue"})


def test_one_process_needs_no_dask(structure_stage: RunStage, monkeypatch: Patch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    item = Item("Nb", structure_to_bytes(crystals(1)[0].atoms))
    (answer,) = work_through(SerialEngine(), iter([Job(structure_stage, (item,))]))
    assert answer.records[0].outcome == "passed"
    with pytest.raises(ConfigError, match=r"betenet\[screen\]"):
        DaskEngine.local(2)
