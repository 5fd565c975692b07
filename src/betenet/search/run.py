"""The search itself: generations of candidates, relaxed and kept, until enough are done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from math import inf
from pathlib import Path

from ase import Atoms
from threadpoolctl import threadpool_limits

from betenet.errors import ConfigError, DataError
from betenet.phonons import ForceField, make_force_field
from betenet.phonons.run import one_thread
from betenet.runs import WorkerPool, lock_folder
from betenet.search.composition import SearchSpace, check_known, counts_of, reduced, search_space
from betenet.search.hull import HullEntry, hull_of
from betenet.search.phases import DistinctPhases
from betenet.search.proposals import Candidate, Proposer
from betenet.search.prototypes import substituted_prototypes, substituted_structures
from betenet.search.repeats import Tried
from betenet.search.rest import Outcome, relax_candidates
from betenet.search.settings import SearchSettings
from betenet.search.store import MANIFEST_KIND, SearchManifest, SearchStore

Job = tuple[int, list[Candidate], dict[int, float]]
"""Number of a batch, its candidates, and the enthalpies above which each is not followed [eV]."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SearchResult:
    """What a search has found, as far as it is.

    Attributes
    ----------
    settings
        Settings of the search.
    space
        What is searched.
    entries
        Distinct phases with their places above the hull, the lowest first.
    done
        Candidates that are relaxed or refused.
    found
        How often each phase was found, by its number.
    refused
        How many candidates have no phase, by the reason.
    warnings
        What a user should know of the force field.
    """

    settings: SearchSettings
    space: SearchSpace
    entries: Sequence[HullEntry]
    done: int
    found: Mapping[int, int]
    refused: Mapping[str, int]
    warnings: tuple[str, ...] = ()

    @property
    def stable(self) -> list[HullEntry]:
        """Phases on the hull."""
        return [one for one in self.entries if one.is_stable]

    def best_so_far(self) -> str:
        """The phases on the hull in one line."""
        return ", ".join(f"{one.phase.formula} {one.phase.space_group}" for one in self.stable)


class _Progress:
    """Distinct phases of the batches that are done, in the order of their numbers."""

    def __init__(self, space: SearchSpace, settings: SearchSettings) -> None:
        self.space, self.settings = space, settings
        self.phases = DistinctPhases()
        self.tried = Tried()
        self.refused: dict[str, int] = {}
        self.done = 0

    def add(self, outcomes: Sequence[Outcome]) -> None:
        self.done += len(outcomes)
        self.phases.add(one.phase for one in outcomes if one.phase is not None)
        self.tried.add(one.description for one in outcomes)
        for one in outcomes:
            if one.phase is None:
                self.refused[one.reason] = self.refused.get(one.reason, 0) + 1

    def result(self, warnings: tuple[str, ...] = ()) -> SearchResult:
        return SearchResult(
            settings=self.settings,
            space=self.space,
            entries=hull_of(self.phases.all(), self.space.elements),
            done=self.done,
            found=dict(self.phases.found),
            refused=dict(self.refused),
            warnings=warnings,
        )


def run_search(
    settings: SearchSettings,
    folder: Path,
    *,
    workers: int = 1,
    told: Callable[[SearchResult], object] = lambda _: None,
) -> SearchResult:
    """Search, or go on with a search that was interrupted.

    Parameters
    ----------
    settings
        Settings of the search.
    folder
        Folder of the search; it is made if it is missing.
    workers
        Processes of one thread each; 1 starts none.
    told
        Called with what is found after each batch, and at the beginning.

    Returns
    -------
    SearchResult
        Whatever the number of workers and of interrupts: that of the settings alone.

    Raises
    ------
    ConfigError
        If the settings cannot be used, the folder holds another search, or the extra ``search`` is
        not installed.
    DataError
        If the folder is damaged, in use, or cannot be written.
    """
    space = search_space(settings.target, settings.most_atoms)
    field = make_force_field(settings.force_field)
    check_known(space, field)
    _make_folder(folder)
    with ExitStack() as stack:
        stack.enter_context(lock_folder(folder))
        store = SearchStore(folder)
        store.begin(SearchManifest(settings, field.identity))
        relaxing = _Relaxing(settings, field, workers, stack)
        progress = _Progress(space, settings)
        proposer = Proposer(space, settings, _prototypes(space, settings))
        for generation in _generations(settings):
            entries = hull_of(progress.phases.all(), space.elements)
            known = {batch: store.read(batch) for batch in generation}
            missing = [batch for batch, outcomes in known.items() if outcomes is None]
            jobs = _jobs(generation, missing, proposer, entries, progress.tried)
            for batch, outcomes in relaxing.of(jobs):
                store.write(batch, outcomes)
                known[batch] = outcomes
                told(_seen(progress, known))
            for batch in generation:
                progress.add(known[batch] or [])
            if not missing:
                told(progress.result())
    return progress.result(_warnings(field, settings))


def _seen(progress: _Progress, known: Mapping[int, Sequence[Outcome] | None]) -> SearchResult:
    """What is found with the batches of a generation that are done."""
    seen = _Progress(progress.space, progress.settings)
    seen.phases, seen.done = progress.phases.copy(), progress.done
    seen.refused = dict(progress.refused)
    for outcomes in known.values():
        seen.add(outcomes or [])
    return seen.result()


def read_search(folder: Path) -> SearchResult:
    """What a search has found, finished or not.

    Parameters
    ----------
    folder
        Folder of the search.

    Raises
    ------
    DataError
        If there is no search, or it is damaged.
    ConfigError
        If the extra ``search`` is not installed.
    """
    manifest = MANIFEST_KIND.read(folder)
    settings = manifest.settings
    space = search_space(settings.target, settings.most_atoms)
    progress, store = _Progress(space, settings), SearchStore(folder)
    for generation in _generations(settings):
        for batch in generation:
            progress.add(store.read(batch) or [])
    if not progress.done:
        raise DataError(
            f"The search in {folder} has found nothing yet.",
            "No batch of candidates is done.",
            "Start the same search again to go on.",
        )
    return progress.result()


def _warnings(field: ForceField, settings: SearchSettings) -> tuple[str, ...]:
    said = field.warning_at(settings.pressure)
    return (said,) if said else ()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{folder} cannot be made.", f"{error}.", "Give a folder that can be written to."
        ) from error


def _prototypes(space: SearchSpace, settings: SearchSettings) -> list[tuple[str, Atoms]]:
    found = list(substituted_structures(space, settings.structures, settings.pressure))
    if settings.prototypes:
        found += substituted_prototypes(space, settings.pressure, settings.seed)
    return found


def _generations(settings: SearchSettings) -> Iterator[list[int]]:
    """Numbers of the batches of each generation."""
    of_one = settings.generation // settings.together
    batches = -(-settings.relaxations // settings.together)
    for begin in count(0, of_one):
        if begin >= batches:
            return
        yield list(range(begin, min(begin + of_one, batches)))


def _jobs(
    generation: Sequence[int],
    missing: Sequence[int],
    proposer: Proposer,
    entries: Sequence[HullEntry],
    tried: Tried,
) -> Iterator[Job]:
    """Missing batches of a generation; all are proposed, as none repeats those before it."""
    tried = tried.copy()
    for batch in generation if missing else ():
        candidates = proposer.batch(batch, entries, tried)
        limits = {one.number: _limit(one, entries) for one in candidates if one.atoms is not None}
        if batch in missing:
            yield batch, candidates, limits


def _limit(candidate: Candidate, entries: Sequence[HullEntry]) -> float:
    """Lowest enthalpy of the composition that is known, for each atom [eV]."""
    assert candidate.atoms is not None
    key = reduced(counts_of(candidate.atoms.get_chemical_symbols()))
    own = [one.phase.enthalpy - one.above for one in entries if reduced(one.phase.counts) == key]
    return min(own, default=inf)


class _Relaxing:
    """Relaxes batches, in this process or in others."""

    def __init__(
        self, settings: SearchSettings, field: ForceField, workers: int, stack: ExitStack
    ) -> None:
        self._settings, self._field = settings, field
        self._pool: WorkerPool[Job, list[Outcome]] | None = None
        if workers > 1:
            arguments = (settings.force_field, settings.pressure)
            pool = WorkerPool[Job, list[Outcome]](workers, _make_work, arguments, name=_name)
            self._pool = stack.enter_context(pool)

    def of(self, jobs: Iterator[Job]) -> Iterator[tuple[int, list[Outcome]]]:
        """Outcomes of batches as they are done.

        Raises
        ------
        WorkerKilledError
            If a process is killed twice at a batch.
        """
        if self._pool is None:
            for batch, candidates, limits in jobs:
                with one_thread():
                    pressure = self._settings.pressure
                    yield batch, relax_candidates(candidates, self._field, pressure, limits)
            return
        for (batch, _, _), answer in self._pool.work_through(jobs, try_alone=True):
            if isinstance(answer, Exception):
                raise answer
            yield batch, answer


def _name(job: Job) -> str:
    return f"batch {job[0]} of the search"


def _make_work(force_field: str, pressure: float) -> Callable[[Job], list[Outcome]]:
    """Make the force field in a process of its own."""
    import torch

    threadpool_limits(1)
    torch.set_num_threads(1)
    field = make_force_field(force_field)
    return lambda job: relax_candidates(job[1], field, pressure, job[2])
