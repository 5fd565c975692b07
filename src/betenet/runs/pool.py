"""Jobs done by processes of which any may be killed: which one, by what and at which job is known.

``concurrent.futures`` gives up all that its processes have in hand when one of them is killed, and
does not say which. Here each process has a pipe of its own, so that the others go on and the one
that was killed is replaced.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

from betenet.errors import DataError, unexpected
from betenet.runs.child_processes import end_with

_Job = TypeVar("_Job")
_Answer = TypeVar("_Answer")

_CAUSES: dict[int, str] = {
    signal.SIGKILL: "Usually the machine ran out of memory.",
    signal.SIGTERM: "Somebody has ended it, or a batch system whose time limit had come.",
}
_LIBRARY = "A compiled library has failed, or the memory did not suffice."


class WorkerKilledError(DataError):
    """A process has ended while it did a job.

    Attributes
    ----------
    job
        Name of the job.
    """

    def __init__(self, number: int, process: int, code: int, job: str) -> None:
        self.job = job
        if code < 0:
            name = next((one.name for one in signal.Signals if one == -code), f"signal {-code}")
            how, reason = f"was killed by {name}", _CAUSES.get(-code, _LIBRARY)
        else:
            how = f"ended by itself with exit code {code}"
            reason = (
                "Either something in it has ended it, or it could not start: a script that starts "
                'processes begins its work below `if __name__ == "__main__":`.'
            )
        super().__init__(
            f"Worker {number} (process {process}) {how} while it did {job}.",
            reason,
            "Run it again with fewer workers; it goes on where it stopped.",
        )


class _Worker:
    """One process, seen from its parent."""

    def __init__(self, number: int, packed: bytes) -> None:
        context = multiprocessing.get_context("spawn")
        self.number = number
        self.connection, other = context.Pipe()
        self.process = context.Process(
            target=_serve, args=(os.getpid(), other, packed), name=f"worker {number}", daemon=True
        )
        self.process.start()
        other.close()

    def end(self) -> int:
        """End the process, whatever it does; its exit code."""
        self.connection.close()
        self.process.kill()
        self.process.join()
        return self.process.exitcode or 0


class WorkerPool(Generic[_Job, _Answer]):
    """Fresh Python processes, none of which outlives this one by more than a moment.

    Parameters
    ----------
    workers
        Processes; they are started as jobs come.
    make_work
        Called once in each process; gives the function that does a job. Both it and its arguments
        can be pickled. What it raises is the answer to every job of that process.
    arguments
        Arguments of `make_work`.
    name
        Name of a job for messages.
    told
        Called with a job and what its process tells of it while it works. The function of
        `make_work` then takes a second argument: a function that tells, of what can be pickled.

    Notes
    -----
    Ctrl-C reaches this process alone, which ends the others when the pool is closed.
    """

    def __init__(
        self,
        workers: int,
        make_work: Callable[..., Callable[..., _Answer]],
        arguments: tuple[Any, ...] = (),
        *,
        name: Callable[[_Job], str] = str,
        told: Callable[[_Job, Any], object] | None = None,
    ) -> None:
        self._packed = pickle.dumps((make_work, arguments, told is not None))
        self._told = told
        self._name = name
        self._unused = deque(range(1, workers + 1))
        self._idle: list[_Worker] = []
        self._busy: dict[Connection, tuple[_Worker, _Job]] = {}
        self._waiting = deque[tuple[_Job, bytes]]()
        self._workers = workers

    def __enter__(self) -> WorkerPool[_Job, _Answer]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def in_hand(self) -> int:
        """Jobs that were taken and are not finished."""
        return len(self._busy) + len(self._waiting)

    def capacity(self) -> int:
        """Jobs that it can do with at a time: one for each process, and one that waits."""
        return 2 * self._workers

    def submit(self, job: _Job) -> None:
        """Take a job, which can be pickled."""
        self._waiting.append((job, pickle.dumps(job)))
        self._hand_out()

    def finished(self) -> tuple[_Job, _Answer | Exception]:
        """Wait for one of the jobs that were taken.

        Returns
        -------
        tuple
            The job, and its answer or what it raised; a `WorkerKilledError` if its process was
            killed. The other jobs go on.
        """
        while True:
            connection = wait(list(self._busy))[0]
            assert isinstance(connection, Connection)
            worker, job = self._busy[connection]
            try:
                # (a process of ours has packed it)
                is_answer, answer = pickle.loads(connection.recv_bytes())  # noqa: S301
            except (EOFError, OSError):
                del self._busy[connection]
                answer = self._bury(worker, job)
                break
            if is_answer:
                del self._busy[connection]
                self._idle.append(worker)
                break
            assert self._told is not None
            self._told(job, answer)
        self._hand_out()  # before the answer is used: no process shall wait for that
        return job, answer

    def give_up(self, job: _Job) -> None:
        """End the process that does a job; `finished` then gives its `WorkerKilledError`.

        The one call that another thread may make while this one waits in `finished`. A job that no
        process has in hand is left alone.
        """
        for worker, own in tuple(self._busy.values()):
            if own is job:
                worker.process.kill()

    def work_through(
        self, jobs: Iterable[_Job], progress: Callable[[], object] = int, *, try_alone: bool = False
    ) -> Iterator[tuple[_Job, _Answer | Exception]]:
        """Have every job done.

        Parameters
        ----------
        jobs
            Taken as they can be handed out.
        progress
            Called for each job that is finished, such as the ``update`` of a bar.
        try_alone
            Try a job whose process was killed once more, while nothing else is done: the system
            may have killed it for the memory that another one took.

        Yields
        ------
        tuple
            As of `finished`, in the order in which they are.
        """
        left, suspects = iter(jobs), deque[_Job]()
        alone = False
        while True:
            while not alone and self.in_hand < self.capacity():
                if (job := next(left, None)) is None:
                    break
                self.submit(job)
            if not self.in_hand:
                if not suspects:
                    return
                alone = True
                self.submit(suspects.popleft())
            job, answer = self.finished()
            if try_alone and not alone and isinstance(answer, WorkerKilledError):
                suspects.append(job)
                continue
            progress()
            yield job, answer

    def forget_waiting(self) -> None:
        """Begin none of the jobs that were taken and wait for a process."""
        self._waiting.clear()

    def close(self) -> None:
        """End all processes, whatever they do."""
        for worker in (*self._idle, *(worker for worker, _ in self._busy.values())):
            worker.end()
        self._idle.clear()
        self._busy.clear()
        self._waiting.clear()

    def _hand_out(self) -> None:
        while self._waiting and (self._idle or self._unused):
            worker = self._idle.pop() if self._idle else self._start()
            if not worker.process.is_alive():  # killed while it had nothing to do
                self._bury(worker, None)
                continue
            job, packed = self._waiting.popleft()
            self._busy[worker.connection] = worker, job
            with suppress(BrokenPipeError, ConnectionResetError):  # met again by `finished`
                worker.connection.send_bytes(packed)

    def _start(self) -> _Worker:
        return _Worker(self._unused.popleft(), self._packed)

    def _bury(self, worker: _Worker, job: _Job | None) -> WorkerKilledError:
        worker.process.join(5.0)
        code = worker.end()
        self._unused.append(worker.number)
        name = "nothing" if job is None else self._name(job)
        return WorkerKilledError(worker.number, worker.process.pid or 0, code, name)


def _serve(parent: int, connection: Connection, packed: bytes) -> None:
    """Do jobs for the parent until it is gone."""
    end_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    work: Callable[[Any], Any] | None = None

    def tell(message: Any) -> None:
        connection.send_bytes(pickle.dumps((False, message)))

    while True:
        try:
            job = connection.recv_bytes()
        except EOFError:
            return
        try:
            work = work or _made(packed, tell)
            answer = pickle.dumps((True, work(pickle.loads(job))))  # noqa: S301 - from the parent
        except Exception as error:  # noqa: BLE001 - it is the answer
            answer = _packed_error(error)
        connection.send_bytes(answer)


def _made(packed: bytes, tell: Callable[[Any], None]) -> Callable[[Any], Any]:
    make_work, arguments, tells = pickle.loads(packed)  # noqa: S301 - from the parent
    work = make_work(*arguments)
    return (lambda job: work(job, tell)) if tells else work


def _packed_error(error: Exception) -> bytes:
    """An exception as bytes, with its traceback; another one where it cannot be unpacked again."""
    error.add_note(f"In a worker: {traceback.format_exc()}")
    try:
        packed = pickle.dumps((True, error))
        pickle.loads(packed)  # noqa: S301 - made a line above
    except Exception:  # noqa: BLE001 - whatever its class does
        return pickle.dumps((True, unexpected(error, "A job")))
    return packed
