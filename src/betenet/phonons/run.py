"""Phonons of many structures: a stream, by several processes, with what is done kept on disk."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from ase import Atoms
from ase.calculators.calculator import Calculator
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from betenet.errors import BetenetError, ConfigError, StructureError, unexpected
from betenet.phonons.cache import PhononCache, phonon_key
from betenet.phonons.compute import phonons
from betenet.phonons.force_field import DEFAULT, ForceField, identity_of, make_force_field
from betenet.phonons.progress import Step, Told, tell_nobody
from betenet.phonons.result import PhononResult
from betenet.phonons.settings import PhononSettings
from betenet.runs import WorkerKilledError, WorkerPool

Outcome = tuple[int, PhononResult | BetenetError]


def compute_phonons(
    structures: Sequence[Atoms],
    settings: PhononSettings | None = None,
    force_field: str | Calculator | ForceField = DEFAULT,
    *,
    cache: PhononCache | None = None,
    workers: int = 1,
    progress: bool = False,
    told: Told = tell_nobody,
) -> Iterator[Outcome]:
    """Phonons of many crystals, one after the other as they are done.

    Parameters
    ----------
    structures
        Any cells; phonons are those of the primitive one.
    settings
        The default ones if absent.
    force_field
        A name that `make_force_field` knows, an ASE calculator, or what was made of one; with
        several workers one that can be pickled.
    cache
        Where to look first, and to keep each result as it is done: a second start, after the first
        was killed, goes on where that one stopped.
    workers
        Processes of one thread each; 1 starts none.
    progress
        Whether to show a bar, with the seconds that a structure takes.
    told
        Called with each step of each structure; by one worker only.

    Yields
    ------
    tuple[int, PhononResult | BetenetError]
        Place in ``structures`` and what became of it: first those that the cache has, then the
        others as they are done. Also an unstable crystal has a result; an error is that of a
        structure that cannot be computed, or whose process was killed.

    Raises
    ------
    ConfigError
        If there is to be less than one worker, the force field is unknown, or a package is
        missing.
    """
    if workers < 1:
        raise ConfigError(
            f"There cannot be {workers} workers.",
            "At least one process computes the phonons.",
            "Give 1 or more.",
        )
    settings = PhononSettings() if settings is None else settings
    digest = settings.digest(identity_of(force_field))
    with tqdm(total=len(structures), disable=not progress, unit=" structures") as bar:
        waiting: list[int] = []
        for place, atoms in enumerate(structures):
            known = None if cache is None else cache.load([phonon_key(atoms, digest)])[0]
            if known is None:
                waiting.append(place)
                continue
            bar.update()
            yield place, known
        bar.unpause()
        began = time.monotonic()
        answers = _answers(structures, waiting, settings, force_field, workers, told)
        for done, (place, answer) in enumerate(answers, 1):
            if cache is not None and isinstance(answer, bytes):
                cache.store([(phonon_key(structures[place], digest), answer)])
            bar.update()
            bar.set_postfix_str(f"{(time.monotonic() - began) / done:.1f} s each")
            # what is kept and what is not are the same to the last bit
            yield place, PhononResult.from_bytes(answer) if isinstance(answer, bytes) else answer


def _answers(
    structures: Sequence[Atoms],
    waiting: Sequence[int],
    settings: PhononSettings,
    force_field: str | Calculator | ForceField,
    workers: int,
    told: Told,
) -> Iterator[tuple[int, bytes | BetenetError]]:
    if not waiting:
        return
    if workers > 1:
        yield from _by_processes(structures, waiting, settings, force_field, workers)
        return
    with one_thread():
        told(Step(crystal="", stage="loading"))
        field = make_force_field(force_field)
        for place in waiting:
            tell = partial(_tell, told, place)
            yield place, _compute(structures[place], field, settings, tell)


def _tell(told: Told, place: int, step: Step) -> None:
    told(replace(step, place=place))


def _compute(
    atoms: Atoms, field: ForceField, settings: PhononSettings, told: Told = tell_nobody
) -> bytes | BetenetError:
    try:
        return phonons(atoms, field, settings, told).to_bytes()
    except ConfigError:
        raise
    except Exception as error:  # noqa: BLE001 - the other structures are to be done
        return unexpected(error, "The phonons")


def _by_processes(
    structures: Sequence[Atoms],
    waiting: Sequence[int],
    settings: PhononSettings,
    force_field: str | Calculator | ForceField,
    workers: int,
) -> Iterator[tuple[int, bytes | BetenetError]]:
    """Phonons by several processes; a structure is given up whose process is killed twice."""
    try:
        start = pickle.dumps((settings, force_field))
    except Exception as error:
        raise ConfigError(
            "The calculator cannot be sent to other processes.",
            f"Pickling it ends with: {error}.",
            "Use one worker.",
        ) from error
    jobs = ((place, structures[place]) for place in waiting)
    with WorkerPool(workers, _make_work, (start,), name=_name) as pool:
        for (place, _), answer in pool.work_through(jobs, try_alone=True):
            if isinstance(answer, WorkerKilledError):
                yield place, _killed(answer)
            elif isinstance(answer, BetenetError) and not isinstance(answer, ConfigError):
                yield place, answer
            elif isinstance(answer, Exception):
                raise answer
            else:
                yield place, answer


def _name(job: tuple[int, Atoms]) -> str:
    return f"the phonons of {job[1].symbols}"


def _killed(error: WorkerKilledError) -> StructureError:
    return StructureError(
        error.summary,
        error.reason,
        "Run it again with fewer workers, or with a smaller most_atoms.",
    )


def _make_work(data: bytes) -> Callable[[tuple[int, Atoms]], bytes | BetenetError]:
    """Make the force field in a process of its own; the function that computes phonons there."""
    threadpool_limits(1)
    try:
        settings, source = pickle.loads(data)  # noqa: S301 - the parent's
    except Exception as error:
        raise ConfigError(
            "The calculator cannot be made in another process.",
            f"Unpickling it ends with: {error}.",
            "Define its class in a module that can be imported, or use one worker.",
        ) from error
    if isinstance(source, str):
        import torch

        torch.set_num_threads(1)
    field = make_force_field(source)
    return lambda job: _compute(job[1], field, settings)


@contextmanager
def one_thread() -> Generator[None]:
    """One thread in this process too: more of them gain little on supercells of a hundred atoms."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)
