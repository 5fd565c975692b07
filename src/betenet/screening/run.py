"""A screening: from a source through the stages of a funnel, in a folder that it can go on in."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from math import pi
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from betenet.enclosed import check_enclosed, follow_no_link
from betenet.ensemble.batching import batches
from betenet.errors import BetenetError, DataError
from betenet.phonons import PhononCache
from betenet.phonons.cache import phonon_key
from betenet.phonons.isotopes import with_isotopes
from betenet.screening.candidates import Entry
from betenet.screening.dispatch import Engine, Job, work_through
from betenet.screening.engines import SerialEngine
from betenet.screening.intake import FindingDuplicates, Refusing, take_source
from betenet.screening.manifest import agree_on
from betenet.screening.progress import Progress
from betenet.screening.records import RECORDS, SOURCE
from betenet.screening.run_settings import describe
from betenet.screening.shortlist import write_shortlist
from betenet.screening.stages import Item
from betenet.screening.store import RecordStore, Waiting
from betenet.screening.structure_bytes import structure_from_bytes
from betenet.screening.tasks import (
    JOB_EDGES,
    JOB_STRUCTURES,
    STABILITY,
    STRUCTURE,
    FunnelLike,
    StageTask,
    tasks_of,
)
from betenet.structures import standardise

LOCK = "run.lock"


@runtime_checkable
class SourceLike(Protocol):
    """Where candidates come from."""

    def identity(self) -> dict[str, Any]:
        """What tells it from other sources."""
        ...

    def __iter__(self) -> Iterator[Entry]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningRun:
    """A screening in its folder.

    Attributes
    ----------
    folder
        Receives everything.
    funnel
        What is asked for.
    source
        Read once, in its order; again from its start where a run was killed before its end.
    tasks
        Stages of the funnel.
    filters
        Of the funnel.
    duplicates
        Makes what finds them; None to let them pass.
    forecast
        Kept in the manifest.
    batch
        Structures in a job at most.
    quiet
        Show no progress.
    """

    folder: Path
    funnel: FunnelLike
    source: SourceLike
    tasks: tuple[StageTask, ...]
    filters: Refusing | None = None
    duplicates: Callable[[], FindingDuplicates] | None = None
    forecast: Mapping[str, Any] | None = None
    batch: int = JOB_STRUCTURES
    quiet: bool = False

    @classmethod
    def prepare(
        cls,
        folder: str | Path,
        funnel: FunnelLike,
        source: SourceLike,
        thresholds: Mapping[str, float] | None = None,
        **options: Any,
    ) -> ScreeningRun:
        """Check that everything is there that the run needs.

        Parameters
        ----------
        folder, funnel, source
            As for the class.
        thresholds
            By stage, for those that ask for a precision or a recall.
        options
            Other attributes of the class.

        Raises
        ------
        ConfigError, ModelError
            As for `tasks_of`.
        """
        tasks = tasks_of(funnel, thresholds)
        return cls(folder=Path(folder), funnel=funnel, source=source, tasks=tasks, **options)

    @property
    def store(self) -> RecordStore:
        """What has been found so far."""
        return RecordStore(self.folder / RECORDS)

    def run(
        self,
        engine: Engine | None = None,
        after: Callable[[StageTask, RecordStore], None] | None = None,
    ) -> RecordStore:
        """Do what is left to do.

        Parameters
        ----------
        engine
            This process if absent.
        after
            Called when a stage is done, also if it was done before.

        Returns
        -------
        RecordStore
            With everything.

        Raises
        ------
        ConfigError
            If the folder holds a screening with other settings.
        DataError
            If another process is at work in the folder, or the source ends with an error.

        Notes
        -----
        A run that was killed, at any moment and however often, is gone on with by calling this
        again: only what was being computed is computed again. Results do not depend on that, nor
        on the engine, the batches and the order of the source.
        """
        engine = SerialEngine() if engine is None else engine
        with _only_one(self.folder):
            wanted = describe(self.funnel, self.tasks, self.source.identity(), self.forecast)
            agree_on(self.folder, wanted)
            store = RecordStore(self.folder / RECORDS, create=True)
            found = None if self.duplicates is None else self.duplicates()
            take_source(store, self.source, self.filters, found, quiet=self.quiet)
            previous = SOURCE
            for task in self.tasks:
                self._do(store, task, previous, engine)
                if after is not None:
                    after(task, store)
                previous = task.name
            write_shortlist(self.folder, store, self.tasks)
        return store

    def _do(self, store: RecordStore, task: StageTask, previous: str, engine: Engine) -> None:
        """All of a stage."""
        if task.name in store.finished():
            return
        counts = store.counts()
        total, done = counts.get(previous, {}).get("passed", 0), counts.get(task.name, {})
        cache = None if task.kind == STRUCTURE else PhononCache(self.folder)
        with closing(Progress(task.name, total, sum(done.values()), quiet=self.quiet)) as progress:
            for answer in work_through(engine, self._jobs(store, task, previous, cache)):
                # phonons first: a record that says so shall find them
                if cache is not None and answer.phonons:
                    cache.store(answer.phonons)
                store.store(answer.records)
                progress.update(len(answer.records))
        if task.budget is None:
            store.finish(task.name)
        else:
            store.finish_with_budget(task.name, task.budget)

    def _jobs(
        self, store: RecordStore, task: StageTask, previous: str, cache: PhononCache | None
    ) -> Iterator[Job]:
        sphere = 4.0 / 3.0 * pi * task.cutoff**3
        # phonons take seconds for each structure
        most = 1 if task.kind == STABILITY else self.batch
        waiting = store.waiting(task.name, previous)
        sized = batches(waiting, lambda one: int(one.load * sphere), JOB_EDGES)
        for group in sized:
            rest = iter(group)
            while part := list(islice(rest, most)):
                yield Job(task, tuple(_item(one, task, cache) for one in part))


def _item(one: Waiting, task: StageTask, cache: PhononCache | None) -> Item:
    if cache is None:
        return Item(one.name, one.structure)
    try:
        given = structure_from_bytes(one.structure)
        atoms = with_isotopes(standardise(given), given)
    except BetenetError:  # the stage says why
        return Item(one.name, one.structure)
    (known,) = cache.load_bytes([phonon_key(atoms, task.phonon_digest)])
    return Item(one.name, one.structure, known)


@contextmanager
def _only_one(folder: Path) -> Generator[None]:
    """Make the folder, and keep others from working in it; a kill ends that too."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        check_enclosed(folder)
        lock = os.fdopen(follow_no_link(folder / LOCK, os.O_WRONLY | os.O_CREAT), "a")
    except OSError as error:
        raise DataError(
            f"Cannot write to {folder}.", f"{error}.", "Give a folder that can be written to."
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DataError(
                f"Another process is screening in {folder}.",
                "Two would do everything twice.",
                "Wait for it, or end it; `betenet screen status` shows how far it is.",
            ) from error
        yield
