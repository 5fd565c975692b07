"""What a screening costs: structures per second, one worker against two, memory over time.

    python benchmarks/screening.py                      rate in this process
    python benchmarks/screening.py --workers 1 2        wall time with one worker and with two
    python benchmarks/screening.py --count 100000 --memory

Structures of at most eight atoms: those of BETE-NET where the data are there, else binary
prototypes, and as many substitutions of them as asked for. The first 16 members of the shipped
ensemble; everything counts: checking, standardising, graphs, networks, estimates and storing. Rates
are per second of processor time of one core, which other programs on the machine do not change
much, and beside it per second of the clock.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import psutil
import torch

sys.path.insert(0, str(Path(__file__).parent))
from prediction import structures

from betenet import Ensemble
from betenet.ensemble.checkpoint import write_checkpoint
from betenet.screening.candidates import Candidate
from betenet.screening.engines import DaskEngine, SerialEngine
from betenet.screening.funnel import Funnel, Stage
from betenet.screening.run import ScreeningRun
from betenet.screening.substitution import substituted

MOST_ATOMS = 8
MEMBERS = 16
BAR = 150.0
"""Structures per second and core: 300 on two."""


class Substitutions:
    """So many structures, those that are there first, as a stream."""

    def __init__(self, count: int) -> None:
        name, found = structures()
        self.name, self.count = name, count
        self.known = [atoms for atoms in found if len(atoms) <= MOST_ATOMS]

    def identity(self) -> dict[str, Any]:
        """What there is."""
        return {"name": self.name, "count": self.count}

    def __iter__(self) -> Iterator[Candidate]:
        parents = [
            Candidate(name=f"{number}", atoms=atoms) for number, atoms in enumerate(self.known)
        ]
        yield from islice(parents, self.count)
        yield from substituted(parents, self.count - len(parents), reach=12)


def write_model(folder: Path) -> Path:
    """The shipped ensemble with its first members only."""
    whole = Ensemble.load()
    parameters = {name: value[:MEMBERS] for name, value in whole.parameters.items()}
    card = {**whole.card, "members": MEMBERS}
    write_checkpoint(folder, card, parameters, whole.applicability.to_tensors())
    return folder


def prepared(folder: Path, model: Path, source: Substitutions) -> ScreeningRun:
    """A run in a folder."""
    stage = Stage(name="structure", kind="structure", model=str(model), threshold=5.8)
    everything = {"duplicates": False, "keep_insulators": True}
    funnel = Funnel(source="memory", stages=(stage,), filters=everything)
    return ScreeningRun.prepare(folder, funnel, source)


class Memory:
    """Resident memory of this process and its children, over time."""

    def __init__(self, every: float) -> None:
        self._every, self._stop = every, threading.Event()
        self.seen: list[tuple[float, float, float]] = []
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        own, began = psutil.Process(), time.monotonic()
        while not self._stop.wait(self._every):
            workers = 0.0
            for child in own.children(recursive=True):
                try:
                    workers = max(workers, child.memory_info().rss / 2**20)
                except psutil.NoSuchProcess:
                    continue
            self.seen.append((time.monotonic() - began, own.memory_info().rss / 2**20, workers))

    def close(self) -> None:
        """Print it, ten lines."""
        self._stop.set()
        self._thread.join()
        print("seconds  this process  largest other process [MiB]")
        for seconds, own, workers in self.seen[:: max(len(self.seen) // 10, 1)]:
            print(f"{seconds:7.0f}  {own:12.0f}  {workers:12.0f}")


def rate(model: Path, source: Substitutions) -> None:
    """Structures per second in this process."""
    torch.set_num_threads(1)
    list(Ensemble.load(model).to(precision="float64").stream(source.known[:32]))  # warm
    with tempfile.TemporaryDirectory() as folder:
        run = prepared(Path(folder), model, source)
        wall, own = time.perf_counter(), time.process_time()
        store = run.run(SerialEngine())
        wall, own = time.perf_counter() - wall, time.process_time() - own
        done = sum(store.counts()["structure"].values())
        size = store.path.stat().st_size / source.count
    print(
        f"{done} of {source.count} structures ({source.name}, substitutions), {MEMBERS} members: "
        f"{done / own:.0f} per second of one core (bar {BAR:.0f}, ratio {done / own / BAR:.2f}), "
        f"{done / wall:.0f} a second of the clock, {size:.0f} bytes each on disk"
    )


def scaling(model: Path, source: Substitutions, workers: list[int]) -> None:
    """Wall time by several workers."""
    times: dict[int, float] = {}
    for count in workers:
        with tempfile.TemporaryDirectory() as folder, closing(DaskEngine.local(count)) as engine:
            run = prepared(Path(folder), model, source)
            began = time.perf_counter()
            run.run(engine)
            times[count] = time.perf_counter() - began
        ratio = times[workers[0]] / times[count]
        print(
            f"{count} workers: {source.count / times[count]:.0f} structures a second of the clock, "
            f"{ratio:.2f} times those of {workers[0]} (load {os.getloadavg()[0]:.1f})"
        )


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--count", type=int, default=3_000)
    parser.add_argument("--workers", type=int, nargs="+")
    parser.add_argument("--memory", action="store_true")
    arguments = parser.parse_args()
    source = Substitutions(arguments.count)
    with tempfile.TemporaryDirectory() as folder:
        model = write_model(Path(folder) / "sixteen")
        memory = Memory(0.5) if arguments.memory else None
        if arguments.workers:
            scaling(model, source, arguments.workers)
        else:
            rate(model, source)
        if memory is not None:
            memory.close()


if __name__ == "__main__":
    main()
