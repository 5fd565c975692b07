import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from betenet.errors import ConfigError, StructureError
from betenet.runs.pool import WorkerKilledError, WorkerPool

WORKS = """
import os, pathlib, signal, sys, time
from betenet.errors import ConfigError, StructureError

class Odd(Exception):
    "Cannot be unpickled: it takes two arguments and keeps one."
    def __init__(self, one, two):
        super().__init__(one)

def make(folder):
    def work(job):
        kind, _, rest = job.partition(" ")
        if kind == "square":
            return os.getpid(), int(rest) ** 2
        if kind == "wait":
            time.sleep(float(rest))
        elif kind == "die":
            os.kill(os.getpid(), int(rest))
        elif kind == "once":  # killed at the first try
            mark = pathlib.Path(folder, rest)
            if not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        elif kind == "exit":
            os._exit(int(rest))
        elif kind == "raise":
            raise StructureError(rest, "why", "what to do")
        elif kind == "odd":
            raise Odd(rest, 1)
        elif kind == "local":
            return lambda: None
        return os.getpid(), job
    return work

def make_telling(folder):
    def work(job, tell):
        for number in range(3):
            tell((job, number))
        time.sleep(float(job))
        return "done"
    return work

def refuse(folder):
    raise ConfigError("There is no such force field.", folder, "")
"""


@pytest.fixture
def works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable]:
    """Functions in a module that other processes can import."""
    (tmp_path / "works_of_pool.py").write_text(WORKS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "works_of_pool", raising=False)
    import works_of_pool  # pyright: ignore[reportMissingImports]

    return vars(works_of_pool)


@pytest.fixture
def pool(works, tmp_path):
    with WorkerPool[str, tuple](2, works["make"], (str(tmp_path),)) as pool:
        yield pool


def test_every_job_is_answered_by_two_processes(pool):
    jobs = [f"square {n}" for n in range(20)]
    counted: list[None] = []
    found = dict(pool.work_through(jobs, lambda: counted.append(None)))
    assert {job: answer[1] for job, answer in found.items()} == {
        f"square {n}": n * n for n in range(20)
    }
    assert len({answer[0] for answer in found.values()} | {os.getpid()}) in {2, 3}
    assert len(counted) == 20
    assert pool.in_hand == 0


def test_what_a_job_raises_is_its_answer(pool):
    found = dict(pool.work_through(["raise NbN", "odd x", "local x", "square 3"]))
    assert isinstance(found["raise NbN"], StructureError)
    assert (found["raise NbN"].summary, found["raise NbN"].fix) == ("NbN", "what to do")
    assert "works_of_pool.py" in found["raise NbN"].__notes__[0]
    assert "Odd: x" in str(found["odd x"])
    assert "local" in str(found["local x"])
    assert found["square 3"][1] == 9


@pytest.mark.parametrize(
    ("death", "words"),
    [
        (f"die {signal.SIGKILL.value}", "was killed by SIGKILL"),
        (f"die {signal.SIGTERM.value}", "was killed by SIGTERM"),
        (f"die {signal.SIGSEGV.value}", "was killed by SIGSEGV"),
        ("exit 3", "ended by itself with exit code 3"),
    ],
)
def test_the_process_the_job_and_the_cause_are_named(pool, death, words):
    jobs = ["square 1", death, *(f"square {n}" for n in range(2, 8))]
    found = dict(pool.work_through(jobs))
    error = found.pop(death)
    assert isinstance(error, WorkerKilledError)
    assert error.job == death
    assert f"{words} while it did {death}." in error.summary
    assert ("memory" in error.reason) == ("SIGKILL" in words or "SIGSEGV" in words)
    assert sorted(answer[1] for answer in found.values()) == [n * n for n in range(1, 8)]


def test_a_job_that_was_killed_may_be_tried_alone(pool):
    deadly = f"die {signal.SIGKILL.value}"
    found = dict(pool.work_through(["once a", deadly, "once b", "square 5"], try_alone=True))
    assert [found[job][1] for job in ("once a", "once b", "square 5")] == ["once a", "once b", 25]
    assert isinstance(found[deadly], WorkerKilledError)


def test_an_idle_process_that_is_killed_is_replaced(pool):
    (first,) = (answer[0] for _, answer in pool.work_through(["square 1"]))
    os.kill(first, signal.SIGKILL)
    pool._idle[0].process.join(20.0)
    (second,) = (answer for _, answer in pool.work_through(["square 2"]))
    assert second[1] == 4
    assert second[0] != first


def test_work_that_cannot_be_made_is_told(works):
    with WorkerPool(1, works["refuse"], ("here",)) as pool:
        for _, answer in pool.work_through(["a", "b"]):
            assert isinstance(answer, ConfigError)
            assert answer.reason == "here"


def test_closing_ends_what_is_under_way(works, tmp_path):
    with WorkerPool(2, works["make"], (str(tmp_path),)) as pool:
        pool.submit("wait 600")
        pool.submit("wait 600")
        processes = [worker.process for worker, _ in pool._busy.values()]
        began = time.monotonic()
    assert time.monotonic() - began < 60.0
    assert [process.exitcode for process in processes] == [-signal.SIGKILL] * 2


def test_what_cannot_be_sent_is_told_at_once(works):
    with pytest.raises(Exception, match="local"):
        WorkerPool(1, works["make"], (lambda: None,))


def test_what_a_process_tells_is_heard_and_a_job_can_be_given_up(works, tmp_path):
    heard = []

    def hear(job: str, message: tuple[str, int]) -> None:
        heard.append(message)
        if job == "60" and message == ("60", 2):
            pool.give_up(job)

    with WorkerPool(1, works["make_telling"], (str(tmp_path),), told=hear) as pool:
        for job in ("0", "60", "0.01"):
            pool.submit(job)
        answers = dict(pool.finished() for _ in range(3))
    assert heard == [(job, number) for job in ("0", "60", "0.01") for number in range(3)]
    assert answers["0"] == answers["0.01"] == "done"
    assert isinstance(answers["60"], WorkerKilledError)
    assert answers["60"].job == "60"
