"""A screening: from a source through the stages of a funnel, in a folder that it can go on in."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from math import pi
from pathlib import Path
from typing import Any, cast

from betenet import __version__
from betenet.addresses import masked
from betenet.enclosed import check_enclosed
from betenet.ensemble.batching import batches
from betenet.errors import BetenetError, DataError
from betenet.phonons import PhononCache
from betenet.phonons.cache import phonon_key
from betenet.phonons.isotopes import with_isotopes
from betenet.runs.lock import lock_folder
from betenet.runs.manifest import digest
from betenet.screening.dispatch import Engine, Job, work_through
from betenet.screening.duplicates import DuplicateFinder
from betenet.screening.engines import SerialEngine
from betenet.screening.filters import Filters
from betenet.screening.funnel import Funnel
from betenet.screening.intake import take_source
from betenet.screening.manifest import COMPARED, FORMAT, TC_LABELS, begin_screening, wishes
from betenet.screening.progress import Progress
from betenet.screening.records import RECORDS, SOURCE
from betenet.screening.results import write_shortlist
from betenet.screening.run_stage import RunStage
from betenet.screening.sources import Source
from betenet.screening.stages import Item, prepare_stages
from betenet.screening.store import RecordStore, Waiting
from betenet.screening.structure_bytes import structure_from_bytes
from betenet.structures import standardise

JOB_EDGES = 60_000
"""Edges of the graphs of one job: a second or so, which is what a kill can lose."""
JOB_STRUCTURES = 256
"""Structures in one job at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningRun:
    """A screening in its folder.

    Attributes
    ----------
    folder
        Folder that receives everything.
    funnel
        The funnel as it was asked for; its filters stand in front of the stages.
    source
        Source of the structures, read once, in its order; again from its start where a run was
        killed before its end.
    stages
        Stages of the funnel as they are carried out.
    batch
        Number of structures in a job at most.
    quiet
        Whether to show no progress.
    tc_labels
        Formula of the first-principles Tc that thresholds were chosen by; empty for none.
    """

    folder: Path
    funnel: Funnel
    source: Source
    stages: tuple[RunStage, ...]
    batch: int = JOB_STRUCTURES
    quiet: bool = False
    tc_labels: str = ""

    @classmethod
    def prepare(
        cls,
        folder: str | Path,
        funnel: Funnel,
        source: Source,
        thresholds: Mapping[str, float] | None = None,
        **options: Any,
    ) -> ScreeningRun:
        """Check that everything is there that the run needs.

        Parameters
        ----------
        folder, funnel, source
            Attributes of the class.
        thresholds
            Thresholds by stage, for those that ask for a precision or a recall.
        options
            Other attributes of the class.

        Raises
        ------
        ConfigError, ModelError
            As for `prepare_stages`, or if a filter is wrong.
        """
        Filters.from_dict(funnel.filters)
        stages = prepare_stages(funnel, thresholds)
        return cls(folder=Path(folder), funnel=funnel, source=source, stages=stages, **options)

    @property
    def store(self) -> RecordStore:
        """Records that were found so far."""
        return RecordStore(self.folder / RECORDS)

    def run(
        self,
        engine: Engine | None = None,
        after: Callable[[RunStage, RecordStore], None] | None = None,
    ) -> RecordStore:
        """Compute what is left to do.

        Parameters
        ----------
        engine
            Engine that computes; this process if absent.
        after
            Function that is called when a stage is done, also if it was done before.

        Returns
        -------
        RecordStore
            Records of all stages.

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
            settings = run_settings(self.funnel, self.stages, self.source.identity())
            if self.tc_labels and wishes(settings["stages"]):
                settings[TC_LABELS] = self.tc_labels
            begin_screening(self.folder, settings)
            store = RecordStore(self.folder / RECORDS, create=True)
            filters = Filters.from_dict(self.funnel.filters)
            duplicates = DuplicateFinder() if filters.duplicates else None
            take_source(store, self.source, filters, duplicates, quiet=self.quiet)
            previous = SOURCE
            for stage in self.stages:
                self._run_stage(store, stage, previous, engine)
                if after is not None:
                    after(stage, store)
                previous = stage.name
            write_shortlist(self.folder, store, self.stages)
        return store

    def _run_stage(
        self, store: RecordStore, stage: RunStage, previous: str, engine: Engine
    ) -> None:
        """Compute what is left of a stage."""
        if stage.name in store.finished():
            return
        counts = store.counts()
        total, done = counts.get(previous, {}).get("passed", 0), counts.get(stage.name, {})
        cache = PhononCache(self.folder) if stage.rules.phonons else None
        with closing(Progress(stage.name, total, sum(done.values()), quiet=self.quiet)) as progress:
            for answer in work_through(engine, self._jobs(store, stage, previous, cache)):
                # phonons first: a record that says so shall find them
                if cache is not None and answer.phonons:
                    cache.store(answer.phonons)
                store.store(answer.records, answer.structures)
                progress.update(len(answer.records))
        if stage.budget is None:
            store.finish(stage.name)
        else:
            store.finish_with_budget(stage.name, stage.budget)

    def _jobs(
        self, store: RecordStore, stage: RunStage, previous: str, cache: PhononCache | None
    ) -> Iterator[Job]:
        sphere = 4.0 / 3.0 * pi * stage.cutoff**3
        most = min(self.batch, stage.rules.largest_batch or self.batch)
        waiting = store.waiting(stage.name, previous)
        sized = batches(waiting, lambda one: int(one.load * sphere), JOB_EDGES)
        for group in sized:
            rest = iter(group)
            while part := list(islice(rest, most)):
                yield Job(stage, tuple(_item(one, stage, cache) for one in part))


def _item(one: Waiting, stage: RunStage, cache: PhononCache | None) -> Item:
    """A structure with its phonons, where the stage uses them and they are known."""
    if cache is None:
        return Item(one.name, one.structure)
    try:
        given = structure_from_bytes(one.structure)
        atoms = with_isotopes(standardise(given), given)
    except BetenetError:  # the stage says why
        return Item(one.name, one.structure)
    (known,) = cache.load_bytes([phonon_key(atoms, stage.phonon_digest)])
    return Item(one.name, one.structure, known)


def run_settings(
    funnel: Funnel, stages: Sequence[RunStage], source: Mapping[str, Any]
) -> dict[str, Any]:
    """Table for the manifest: everything that the result of a run depends on.

    Parameters
    ----------
    funnel
        The funnel as it was asked for.
    stages
        Stages of the run with their thresholds.
    source
        Identity of the source.
    """
    table: dict[str, Any] = {
        "format": FORMAT,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"betenet": __version__},
        "source": dict(source),
        "filters": dict(funnel.filters),
        "mu_star": funnel.mu_star,
        "stages": [stage.to_dict() for stage in stages],
        "funnel": _without_secrets(funnel.to_dict()),
        "funnel_digest": funnel.digest(),
    }
    # as it is read again: no tuples, no numbers as keys
    plain = cast("dict[str, Any]", json.loads(json.dumps(table, allow_nan=False, default=str)))
    return plain | {"digest": digest({key: plain.get(key) for key in COMPARED})}


def _without_secrets(table: Mapping[str, Any]) -> dict[str, Any]:
    """A funnel's table without the secrets of the address of its source."""
    source = table.get("source")
    return {**table, "source": masked(source)} if isinstance(source, str) else dict(table)


@contextmanager
def _only_one(folder: Path) -> Generator[None]:
    """Make the folder, and keep others from working in it; a kill ends that too."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        check_enclosed(folder)
    except OSError as error:
        raise DataError(
            f"Cannot write to {folder}.", f"{error}.", "Give a folder that can be written to."
        ) from error
    with lock_folder(folder):
        yield
