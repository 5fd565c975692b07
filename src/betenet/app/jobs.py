"""What takes long: jobs that wait, run in processes of their own, and tell how far they are."""

from __future__ import annotations

import asyncio
import hashlib
import pickle
import queue
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from betenet.app.settings import Limits
from betenet.errors import BetenetError, ConfigError, DataError, unexpected
from betenet.runs import WorkerKilledError, WorkerPool

if TYPE_CHECKING:
    from betenet.app.work import Phonons, Task

State = Literal["queued", "running", "done", "failed", "cancelled"]
ENDS = frozenset(("done", "failed", "cancelled"))
"""States after which nothing happens."""
PAUSE = 0.1
"""Time between two looks at a job that is listened to [s]."""
HEARTBEAT = 15.0
"""Time after which a listener hears that there is nothing new [s]."""


@dataclass(kw_only=True, eq=False)
class Job:
    """A task on its way.

    Attributes
    ----------
    id
        Hash of the task: the same task twice is one job.
    task
        What is to be done.
    finish
        Function that makes the last event of the answer.
    state
        How far it is.
    events
        All that it has told, for those who begin to listen later.
    answer
        What the process has answered, once it is done.
    timed_out
        Whether it was ended because it took too long.
    """

    id: str
    task: Task
    finish: Callable[[Phonons | None], dict[str, Any]]
    state: State = "queued"
    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    answer: Phonons | None = None
    timed_out: bool = False

    def to_dict(self) -> dict[str, Any]:
        """State for JSON."""
        return {"id": self.id, "name": str(self.task), "state": self.state}


class JobBoard:
    """Jobs of all who ask, and the processes that do them.

    Parameters
    ----------
    workers
        Processes; one is started when the first job comes.
    limits
        How many may wait, how long one may take, how many results are kept.

    Notes
    -----
    Each process is served by a thread of its own, which lives as long as this one: on Linux a
    process ends with the thread that has started it.
    """

    def __init__(self, workers: int, limits: Limits) -> None:
        self._limits = limits
        self._jobs: dict[str, Job] = {}
        self._waiting = queue.SimpleQueue[Job | None]()
        self._lock = threading.Lock()
        self._pools: list[WorkerPool[Task, Phonons | None]] = []
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(workers)]

    def start(self) -> None:
        """Begin to take jobs."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End all jobs and their processes."""
        with self._lock:
            running = [job for job in self._jobs.values() if job.state not in ENDS]
        for job in running:
            self.cancel(job.id)
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            if thread.is_alive():
                thread.join(5.0)

    def submit(self, task: Task, finish: Callable[[Phonons | None], dict[str, Any]]) -> Job:
        """Take a task; the job that there is already if it is under way or done.

        Raises
        ------
        ConfigError
            If too many jobs wait.
        """
        name = hashlib.blake2b(pickle.dumps(task), digest_size=12).hexdigest()
        with self._lock:
            known = self._jobs.get(name)
            if known is not None and known.state not in {"failed", "cancelled"}:
                return known
            if sum(job.state not in ENDS for job in self._jobs.values()) >= self._limits.jobs:
                raise ConfigError(
                    f"{self._limits.jobs} jobs are waiting.",
                    "One is done after the other.",
                    "Cancel one, or come back later.",
                )
            self._forget_old()
            self._jobs.pop(name, None)
            job = Job(id=name, task=task, finish=finish)
            self._jobs[name] = job
            self._tell(job, {"type": "queued"})
        self._waiting.put(job)
        return job

    def find(self, name: str) -> Job:
        """The job of a name.

        Raises
        ------
        DataError
            If there is none: the server was started again, or it was forgotten.
        """
        job = self._jobs.get(name)
        if job is None:
            raise DataError(
                "There is no such job.",
                "The server was started again since, or has forgotten an old one.",
                "Start it again.",
            )
        return job

    def cancel(self, name: str) -> Job:
        """End a job, whatever it does."""
        job = self.find(name)
        with self._lock:
            if job.state in ENDS:
                return job
            job.state = "cancelled"
            self._tell(job, {"type": "cancelled"})
        self._end_process_of(job)
        return job

    async def listen(
        self, job: Job, after: int, is_ending: Callable[[], bool] = bool
    ) -> AsyncIterator[dict[str, Any] | None]:
        """Events of a job behind a number of them, to its end; None where nothing is new for long.

        Parameters
        ----------
        job
            The job.
        after
            Number of events that were heard already.
        is_ending
            Whether the server ends: nobody is held up then.
        """
        heard, quiet = after, time.monotonic()
        while True:
            is_over = job.state in ENDS
            for event in job.events[heard:]:
                heard, quiet = heard + 1, time.monotonic()
                yield event
            if is_over or is_ending():
                return
            if time.monotonic() - quiet > HEARTBEAT:
                quiet = time.monotonic()
                yield None
            await asyncio.sleep(PAUSE)

    def _serve(self) -> None:
        """Do one job after the other by one process."""
        job = self._waiting.get()
        if job is None:
            return
        from betenet.app.work import make_work  # which loads torch

        with WorkerPool[Any, Any](1, make_work, told=self._told) as pool:
            self._pools.append(pool)
            while job is not None:
                self._run(pool, job)
                job = self._waiting.get()

    def _run(self, pool: WorkerPool[Task, Phonons | None], job: Job) -> None:
        with self._lock:
            if job.state != "queued":
                return
            job.state = "running"
            self._tell(job, {"type": "running"})
            pool.submit(job.task)
        timer = threading.Timer(self._limits.seconds, self._time_out, (job,))
        timer.daemon = True
        timer.start()
        _, answer = pool.finished()
        timer.cancel()
        try:
            last: dict[str, Any] = {"type": "done"}
            if isinstance(answer, Exception):
                raise answer
            last |= job.finish(answer)
            job.answer = answer
        except Exception as error:  # noqa: BLE001 - the next job is to be done
            last = {"type": "failed", "error": self._why(job, error).to_dict()}
        with self._lock:
            if job.state == "running":
                self._tell(job, last)
                job.state = "failed" if last["type"] == "failed" else "done"

    def _why(self, job: Job, error: Exception) -> BetenetError:
        if job.timed_out:
            return ConfigError(
                f"It took longer than {self._limits.seconds:g} s.",
                "That is all a job may take here.",
                "Use the command line, which takes any time.",
            )
        if isinstance(error, WorkerKilledError):
            return DataError(error.summary, error.reason, "Start it again.")
        return unexpected(error, str(job.task))

    def _time_out(self, job: Job) -> None:
        job.timed_out = True
        self._end_process_of(job)

    def _end_process_of(self, job: Job) -> None:
        for pool in self._pools:
            pool.give_up(job.task)

    def _told(self, task: Task, event: dict[str, Any]) -> None:
        for job in tuple(self._jobs.values()):
            if job.task is task and job.state == "running":
                self._tell(job, event)

    @staticmethod
    def _tell(job: Job, event: dict[str, Any]) -> None:
        job.events.append({"number": len(job.events) + 1, **event})

    def _forget_old(self) -> None:
        done = [name for name, job in self._jobs.items() if job.state in ENDS]
        for name in done[: max(0, len(done) - self._limits.kept + 1)]:
            del self._jobs[name]
