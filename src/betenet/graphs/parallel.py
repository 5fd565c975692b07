"""Graphs of many structures: in order, by several processes where that pays, with a cache.

Processes, for threads wait for each other: two of them on two cores were 1.0 to 1.2 times as fast
as one, two processes 1.8 times. The processes return pairs, which the caller joins to graphs.
"""

from __future__ import annotations

import os
import time
import warnings
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing, suppress
from multiprocessing.connection import wait
from typing import NamedTuple

from ase import Atoms
from tqdm import tqdm

from betenet.errors import ConfigError, DataError, StructureError
from betenet.graphs.build import expected_edges
from betenet.graphs.cache import GraphCache, content_key
from betenet.graphs.graph import CrystalGraph
from betenet.graphs.pairs import Pairs, find_pairs, join
from betenet.graphs.worker import Worker

CHUNK = 256
"""Most structures handed to a process at once."""

CHUNK_EDGES = 200_000
"""Most expected edges of them, unless one structure has more."""

SECONDS_PER_STRUCTURE, SECONDS_PER_EDGE = 3.5e-5, 9e-8
"""What a graph costs on one core, roughly; `benchmarks/graphs.py` measures it."""

WORTH_SECONDS = 2.0
"""Work for which processes are started unasked; they take 0.15 s to start."""

MOST_WORKERS = 8
"""Started unasked. To join pairs to a graph costs the caller about a third of the search in a cell
of five atoms and an eighth in one of a hundred, so that it cannot keep more of them busy."""

STORE_SECONDS = 1.0
"""Least time between two transactions of the cache, which take some milliseconds each."""


class _Job(NamedTuple):
    """A structure whose pairs are to be found."""

    place: int
    key: bytes
    edges: float


def build_graphs(
    structures: Sequence[Atoms],
    cutoff: float,
    *,
    workers: int | None = None,
    cache: GraphCache | None = None,
    progress: bool = False,
) -> list[CrystalGraph | StructureError]:
    """Neighbour graphs of many crystals, each equal to that of `build_graph` to the last bit.

    Parameters
    ----------
    structures
        Periodic in three directions.
    cutoff
        Radius [Å]; a pair at exactly the cutoff does not count.
    workers
        Processes; 1 starts none. ``None`` starts some if there is work for more than two seconds,
        one a core and at most eight.
    cache
        Where to look first, and to keep what was built.
    progress
        Whether to show a bar.

    Returns
    -------
    list[CrystalGraph | StructureError]
        In the order of the structures; where there can be no graph, its error.

    Warns
    -----
    UserWarning
        If the cache can no longer be read or written; the graphs are then built without it.

    Raises
    ------
    ConfigError
        If there is to be less than one worker.

    Examples
    --------
    >>> from ase.build import bulk
    >>> graphs = build_graphs([bulk("Nb", "bcc", a=3.3), bulk("Al", "fcc", a=4.05)], cutoff=3.0)
    >>> [graph.neighbor_counts.tolist() for graph in graphs]
    [[8], [12]]
    """
    if workers is not None and workers < 1:
        raise ConfigError(
            f"There cannot be {workers} workers.",
            "At least one process builds the graphs.",
            "Give 1 or more, or leave it out.",
        )
    with tqdm(total=len(structures), disable=not progress, unit=" graphs") as bar:
        return _Batch(structures, float(cutoff), cache, bar).build(workers)


class _Batch:
    """The structures of one call, and what has become of them."""

    def __init__(
        self,
        structures: Sequence[Atoms],
        cutoff: float,
        cache: GraphCache | None,
        bar: tqdm,  # type: ignore[type-arg]
    ) -> None:
        self.structures = structures
        self.cutoff = cutoff
        self.cache = cache
        self.bar = bar
        self.found: dict[int, CrystalGraph | StructureError] = {}
        self.unstored: list[tuple[bytes, bytes]] = []
        self.stored = time.monotonic()

    def build(self, workers: int | None) -> list[CrystalGraph | StructureError]:
        """Take what the cache has, and build the rest."""
        jobs = self._look_up()
        chunks = _chunks(jobs)
        try:
            if (count := _count(workers, jobs, len(chunks))) > 1:
                self._build_there(chunks, count)
            else:
                for chunk in chunks:
                    self._build_here(chunk)
        finally:
            # also on Ctrl-C: what was built is kept
            self._store(0.0)
        return [self.found[index] for index in range(len(self.structures))]

    def _look_up(self) -> list[_Job]:
        jobs: list[_Job] = []
        for start in range(0, len(self.structures), CHUNK):
            block = range(start, min(start + CHUNK, len(self.structures)))
            keys, known = self._load(block)
            for index, key, pairs in zip(block, keys, known, strict=True):
                if pairs is not None:
                    self._keep(index, pairs)
                    continue
                try:
                    edges = expected_edges(self.structures[index], self.cutoff)
                    jobs.append(_Job(index, key, edges))
                except StructureError as error:
                    self._keep(index, error)
        return jobs

    def _load(self, block: range) -> tuple[list[bytes], list[Pairs | None]]:
        if self.cache is not None:
            keys = [content_key(self.structures[index], self.cutoff) for index in block]
            try:
                return keys, self.cache.load(keys)
            except DataError as error:
                self._do_without(error)
        return [b""] * len(block), [None] * len(block)

    def _build_here(self, chunk: Sequence[_Job]) -> None:
        for job in chunk:
            atoms = self.structures[job.place]
            try:
                pairs = find_pairs(atoms.positions, atoms.cell.array, self.cutoff)
            except StructureError as error:
                self._keep(job.place, error)
                continue
            self._keep(job.place, pairs)
            if self.cache is not None:
                self.unstored.append((job.key, pairs.to_bytes()))
        self._store(STORE_SECONDS)

    def _build_there(self, chunks: Sequence[list[_Job]], workers: int) -> None:
        # closed here, so that the processes are gone when an error leaves
        with closing(self._answers(chunks, workers)) as answers:
            for chunk, answer in answers:
                failed: list[_Job] = []
                for job, data in zip(chunk, answer, strict=True):
                    if not data:
                        failed.append(job)
                        continue
                    self._keep(job.place, Pairs.from_bytes(data))
                    if self.cache is not None:
                        self.unstored.append((job.key, data))
                self._build_here(failed)

    def _answers(
        self, chunks: Sequence[list[_Job]], workers: int
    ) -> Generator[tuple[list[_Job], list[bytes]], None, None]:
        """Pairs as bytes of each chunk, in any order; none from a process that has died."""
        waiting = deque(chunks)
        busy: dict[object, tuple[Worker, list[_Job]]] = {}

        def employ(worker: Worker) -> None:
            if waiting:
                chunk = waiting.popleft()
                busy[worker.connection] = worker, chunk
                # a dead one is met again when its answer is read
                with suppress(OSError):
                    worker.send([self.structures[job.place] for job in chunk], self.cutoff)

        with ExitStack() as stack:
            for _ in range(workers):
                employ(stack.enter_context(closing(Worker())))
            while busy:
                for connection in wait([worker.connection for worker, _ in busy.values()]):
                    worker, chunk = busy.pop(connection)
                    try:
                        answer = worker.receive()
                    except (EOFError, OSError):
                        answer = [b""] * len(chunk)
                    else:
                        # before the answer is used: the process shall not wait
                        employ(worker)
                    yield chunk, answer
        for chunk in waiting:
            yield chunk, [b""] * len(chunk)

    def _keep(self, index: int, result: Pairs | StructureError) -> None:
        if isinstance(result, Pairs):
            self.found[index] = join(result, self.structures[index], self.cutoff)
        else:
            self.found[index] = result
        self.bar.update()

    def _store(self, after: float) -> None:
        """Write what the cache lacks, if the last time is long enough ago [s]."""
        if self.cache is None or time.monotonic() - self.stored < after:
            return
        try:
            self.cache.store(self.unstored)
        except DataError as error:
            self._do_without(error)
        self.stored = time.monotonic()
        self.unstored = []

    def _do_without(self, error: DataError) -> None:
        warnings.warn(f"Going on without the cache. {error}", stacklevel=2)
        self.cache, self.unstored = None, []


def _chunks(jobs: Sequence[_Job]) -> list[list[_Job]]:
    chunks: list[list[_Job]] = []
    edges = 0.0
    for job in jobs:
        edges += job.edges
        if not chunks or len(chunks[-1]) == CHUNK or edges > CHUNK_EDGES:
            chunks.append([])
            edges = job.edges
        chunks[-1].append(job)
    return chunks


def _count(workers: int | None, jobs: Sequence[_Job], chunks: int) -> int:
    """Processes worth starting."""
    if workers is None:
        seconds = sum(SECONDS_PER_STRUCTURE + SECONDS_PER_EDGE * job.edges for job in jobs)
        cores = len(os.sched_getaffinity(0))
        workers = min(cores, MOST_WORKERS) if seconds > WORTH_SECONDS else 1
    return min(workers, chunks)
