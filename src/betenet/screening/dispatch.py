"""Jobs handed out to whoever computes them; what fails is cut until the one to blame is alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

from betenet.errors import BetenetError, ConfigError, ModelError, StructureError
from betenet.screening.run_stage import RunStage
from betenet.screening.stages import Answer, Item, failed

TRIES = 2
"""How often a structure is tried alone before it is blamed for a kill."""


@dataclass(frozen=True, slots=True)
class Job:
    """A batch of structures for a stage.

    Attributes
    ----------
    stage
        Stage that computes them.
    items
        Structures of the batch.
    alone
        Number of times that it was tried while nothing else was computed.
    """

    stage: RunStage
    items: tuple[Item, ...]
    alone: int = 0


class KilledError(Exception):
    """The process that computed a job was killed, and so were those that tried again."""


@runtime_checkable
class Engine(Protocol):
    """Who computes jobs."""

    def capacity(self) -> int:
        """Jobs that it can do with at a time; more would only fill the memory."""
        ...

    def submit(self, job: Job) -> None:
        """Take a job."""
        ...

    def finished(self) -> tuple[Job, Answer | Exception]:
        """Wait for one of the jobs that were taken."""
        ...

    def close(self) -> None:
        """End, whatever is being done."""
        ...


def work_through(engine: Engine, jobs: Iterator[Job]) -> Iterator[Answer]:
    """Have every job done.

    Parameters
    ----------
    engine
        Never has more jobs in hand than its capacity.
    jobs
        Taken as they can be handed out.

    Yields
    ------
    Answer
        As they come. A structure that raises an error of the program, or kills the process that
        computes it, is a failed record: its batch is halved until it is alone. A process may have
        been killed by another structure, so one like that is tried again while nothing else is
        computed.

    Raises
    ------
    ConfigError, ModelError
        If what a stage needs is not there.
    """
    return _Dispatch(engine, jobs).answers()


@dataclass(slots=True)
class _Dispatch:
    engine: Engine
    jobs: Iterator[Job]
    halves: deque[Job] = field(default_factory=deque[Job])
    suspects: deque[Job] = field(default_factory=deque[Job])
    in_hand: int = 0

    def answers(self) -> Iterator[Answer]:
        while True:
            self._hand_out()
            if not self.in_hand:
                return
            job, answer = self.engine.finished()
            self.in_hand -= 1
            if isinstance(answer, Answer):
                yield answer
            elif (blamed := self._after(job, answer)) is not None:
                yield blamed

    def _hand_out(self) -> None:
        limit = max(self.engine.capacity(), 1)
        while self.in_hand < limit:
            job = self.halves.popleft() if self.halves else next(self.jobs, None)
            if job is None:
                break
            self._submit(job)
        if not self.in_hand and self.suspects:
            self._submit(self.suspects.popleft())

    def _submit(self, job: Job) -> None:
        self.engine.submit(job)
        self.in_hand += 1

    def _after(self, job: Job, error: Exception) -> Answer | None:
        """Cut a job that failed; the answer if that is no longer possible."""
        if isinstance(error, ConfigError | ModelError):
            raise error
        if len(job.items) > 1:
            middle = len(job.items) // 2
            for items in (job.items[:middle], job.items[middle:]):
                self.halves.append(Job(job.stage, items))
            return None
        if isinstance(error, KilledError) and job.alone < TRIES:
            self.suspects.append(replace(job, alone=job.alone + 1))
            return None
        return Answer(
            tuple(failed(job.stage, item.name, _blame(item.name, error)) for item in job.items)
        )


def _blame(name: str, error: Exception) -> BetenetError:
    if isinstance(error, BetenetError):
        return error
    if isinstance(error, KilledError):
        return StructureError(
            f"{name}: the process that computed it was killed, again and again.",
            "Usually the memory does not suffice.",
            "Screen it with fewer workers, or on a machine with more memory.",
        )
    return StructureError(
        f"{name}: the computation fails.",
        f"{type(error).__name__}: {' '.join(str(error).split())}",
        "Check the structure; if it is sound, report this.",
    )
