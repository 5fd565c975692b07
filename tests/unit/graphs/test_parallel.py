from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from betenet.errors import ConfigError, DataError, StructureError
from betenet.graphs import CrystalGraph, GraphCache, build_graph, build_graphs, parallel
from betenet.graphs.worker import Worker

ARRAYS = ("numbers", "receivers", "senders", "vectors")


def assert_same(found: CrystalGraph | StructureError, expected: CrystalGraph) -> None:
    """Equal to the last bit."""
    assert isinstance(found, CrystalGraph)
    for name in ARRAYS:
        one, other = getattr(found, name), getattr(expected, name)
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        assert one.tobytes() == other.tobytes()
    assert (found.cutoff, found.volume) == (expected.cutoff, expected.volume)


@pytest.fixture
def no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing may be built: what comes, comes from the cache."""

    def refuse(*_: object) -> None:
        raise AssertionError("a search for neighbours")

    monkeypatch.setattr(parallel, "find_pairs", refuse)
    monkeypatch.setattr(Worker, "__init__", refuse)


@pytest.mark.parametrize("workers", [None, 1, 2])
def test_each_graph_is_that_of_build_graph(
    workers: int | None, crystals: list[Atoms], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "CHUNK", 4)
    found = build_graphs(crystals, 5.0, workers=workers)
    for graph, atoms in zip(found, crystals, strict=True):
        assert_same(graph, build_graph(atoms, 5.0))


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("cached", [False, True])
def test_broken_structures_have_their_error_in_place(
    workers: int,
    cached: bool,
    crystals: list[Atoms],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parallel, "CHUNK", 3)
    cache = GraphCache(tmp_path) if cached else None
    mixed = {
        1: (Atoms(), "no atoms"),
        4: (Atoms("Nb", positions=[[np.nan, 0, 0]], cell=[3, 3, 3], pbc=True), "not a number"),
        5: (Atoms("Nb", cell=[3, 3, 3]), "not a crystal"),
        9: (bulk("Nb", "sc", a=0.04), "too large"),
    }
    batch = list(crystals)
    for index, (atoms, _) in mixed.items():
        batch.insert(index, atoms)
    for _ in range(2):
        found = build_graphs(batch, 5.0, workers=workers, cache=cache)
        for index, atoms in enumerate(batch):
            if index in mixed:
                assert isinstance(found[index], StructureError)
                assert mixed[index][1] in str(found[index])
            else:
                assert_same(found[index], build_graph(atoms, 5.0))
    assert cache is None or len(cache) == len(crystals)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_failed_search_is_told_for_each(
    workers: int, crystals: list[Atoms], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "CHUNK", 4)
    cache = GraphCache(tmp_path)
    found = build_graphs(crystals, 1e-6, workers=workers, cache=cache)
    assert len(found) == len(crystals)
    for error in found:
        assert isinstance(error, StructureError)
        assert "cutoff is too small" in str(error)
    assert len(cache) == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_cache_gives_what_was_built(
    workers: int, crystals: list[Atoms], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    built = build_graphs(crystals, 5.0, workers=workers, cache=GraphCache(tmp_path))
    request.getfixturevalue("no_search")
    cache = GraphCache(tmp_path)
    backwards = [atoms.copy() for atoms in reversed(crystals)]
    for graph, expected in zip(
        build_graphs(backwards, 5.0, cache=cache), reversed(built), strict=True
    ):
        assert isinstance(expected, CrystalGraph)
        assert_same(graph, expected)
    with pytest.raises(AssertionError, match="a search"):
        build_graphs(crystals, 5.1, cache=cache)
    moved = crystals[3].copy()
    moved.positions[0, 0] += 1e-9
    with pytest.raises(AssertionError, match="a search"):
        build_graphs([moved], 5.0, cache=cache)


def test_damaged_cache_is_built_again(crystals: list[Atoms], tmp_path: Path) -> None:
    cache = GraphCache(tmp_path)
    built = build_graphs(crystals, 5.0, cache=cache)
    data = bytearray(cache.path.read_bytes())
    data[len(data) // 2 :: 50] = bytes(len(data[len(data) // 2 :: 50]))
    cache.path.write_bytes(data)
    again = build_graphs(crystals, 5.0, cache=cache)
    assert cache.damaged > 0
    for one, other in zip(again, built, strict=True):
        assert isinstance(other, CrystalGraph)
        assert_same(one, other)
    assert len(cache) == len(crystals)


def test_lost_cache_is_told_and_done_without(
    crystals: list[Atoms], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "CHUNK", 4)
    cache = GraphCache(tmp_path / "graphs")
    shutil.rmtree(tmp_path / "graphs")
    with pytest.warns(UserWarning, match="without the cache") as caught:
        found = build_graphs(crystals, 5.0, cache=cache)
    assert len(caught) == 1
    assert all(isinstance(graph, CrystalGraph) for graph in found)


def test_cache_that_cannot_be_written_is_done_without(
    crystals: list[Atoms], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise DataError("The disk is full.")

    monkeypatch.setattr(GraphCache, "store", full)
    with pytest.warns(UserWarning, match="disk is full"):
        found = build_graphs(crystals, 5.0, cache=GraphCache(tmp_path))
    assert all(isinstance(graph, CrystalGraph) for graph in found)


def test_nothing_gives_nothing(tmp_path: Path) -> None:
    assert build_graphs([], 5.0, workers=2, cache=GraphCache(tmp_path), progress=True) == []


def test_bar_counts_all(crystals: list[Atoms], capsys: pytest.CaptureFixture[str]) -> None:
    build_graphs([*crystals, Atoms()], 5.0, progress=True)
    assert f"{len(crystals) + 1}/{len(crystals) + 1}" in capsys.readouterr().err


def test_less_than_one_worker_is_refused(crystals: list[Atoms]) -> None:
    with pytest.raises(ConfigError, match="0 workers"):
        build_graphs(crystals, 5.0, workers=0)


def test_small_inputs_start_no_process(
    crystals: list[Atoms], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Worker) -> None:
        raise AssertionError("a process")

    monkeypatch.setattr(Worker, "__init__", refuse)
    build_graphs(crystals * 20, 5.0)
    build_graphs(crystals, 5.0, workers=8)  # fits into one chunk
    monkeypatch.setattr(parallel, "WORTH_SECONDS", 0.0)
    monkeypatch.setattr(parallel, "CHUNK", 4)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    with pytest.raises(AssertionError, match="a process"):
        build_graphs(crystals, 5.0)


def test_dead_processes_are_made_up_for(
    crystals: list[Atoms], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "CHUNK", 2)
    started: list[Worker] = []

    class Mortal(Worker):
        """Dies when it is given work for the second time."""

        def __init__(self) -> None:
            super().__init__()
            self.given = 0
            started.append(self)

        def send(self, structures: Sequence[Atoms], cutoff: float) -> None:
            self.given += 1
            if self.given == 2:
                self._process.kill()
                self._process.wait()
            super().send(structures, cutoff)

    monkeypatch.setattr(parallel, "Worker", Mortal)
    found = build_graphs(crystals, 5.0, workers=2)
    assert [worker.given for worker in started] == [2, 2]
    for graph, atoms in zip(found, crystals, strict=True):
        assert_same(graph, build_graph(atoms, 5.0))


def test_chunks_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = [parallel._Job(k, b"", edges) for k, edges in enumerate((5, 90, 3, 200, 1, 1, 1, 1, 98))]
    monkeypatch.setattr(parallel, "CHUNK", 3)
    monkeypatch.setattr(parallel, "CHUNK_EDGES", 100)
    places = [[job.place for job in chunk] for chunk in parallel._chunks(jobs)]
    assert places == [[0, 1, 2], [3], [4, 5, 6], [7, 8]]


STOPPED = """
    import sys
    from ase.build import bulk
    from betenet.graphs import GraphCache, build_graphs, parallel
    from betenet.graphs.worker import Worker

    class Loud(GraphCache):
        def store(self, entries):
            super().store(entries)
            print("kept", len(self), flush=True)

    class Known(Worker):
        def __init__(self):
            super().__init__()
            print("process", self._process.pid, flush=True)

    parallel.CHUNK, parallel.STORE_SECONDS, parallel.Worker = 2, 0.0, Known
    # far more than will be done
    structures = [bulk("Nb", a=3.3 + 1e-5 * k).repeat(4) for k in range(4000)]
    build_graphs(structures, 8.0, workers=2, cache=Loud(sys.argv[1]))
"""


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
def test_stopped_in_the_middle(number: signal.Signals, tmp_path: Path) -> None:
    processes: list[int] = []
    kept = 0
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(STOPPED), str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        while kept < 20:
            word, value = program.stdout.readline().split()
            if word == "process":
                processes.append(int(value))
            else:
                kept = int(value)
        assert len(processes) == 2
        assert all(map(is_running, processes))
        program.send_signal(number)
        _, complaint = program.communicate(timeout=30)
    assert program.returncode == -number
    assert ("KeyboardInterrupt" in complaint) == (number == signal.SIGINT)
    # nothing of the other processes, that is
    assert complaint.count("Traceback") <= 1
    end = time.monotonic() + 10
    while any(map(is_running, processes)) and time.monotonic() < end:
        time.sleep(0.02)
    assert not any(map(is_running, processes))
    cache = GraphCache(tmp_path)
    assert kept <= len(cache) < 4000
    structures = [bulk("Nb", a=3.3 + 1e-5 * k).repeat(4) for k in range(20)]
    for graph, atoms in zip(build_graphs(structures, 8.0, cache=cache), structures, strict=True):
        assert_same(graph, build_graph(atoms, 8.0))
    assert cache.damaged == 0
