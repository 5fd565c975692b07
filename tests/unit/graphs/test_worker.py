from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing

import pytest
from ase import Atoms

from betenet.graphs import worker
from betenet.graphs.pairs import find_pairs
from betenet.graphs.worker import Worker


def test_worker_finds_the_same_pairs(crystals: list[Atoms]) -> None:
    flat = Atoms("Nb", cell=[3.0, 3.0, 0.0], pbc=True)
    with closing(Worker()) as process:
        process.send([*crystals[:5], flat, crystals[5]], 5.0)
        answer = process.receive()
        process.send(crystals[6:7], 4.0)
        second = process.receive()
    expected = [find_pairs(a.positions, a.cell.array, 5.0).to_bytes() for a in crystals[:6]]
    # nothing where it fails, and the rest is done
    assert answer == [*expected[:5], b"", expected[5]]
    assert second == [find_pairs(crystals[6].positions, crystals[6].cell.array, 4.0).to_bytes()]


def test_dead_worker_is_noticed(crystals: list[Atoms]) -> None:
    with closing(Worker()) as process:
        process._process.kill()
        process._process.wait()
        with pytest.raises(OSError, match=r"pipe|reset"):
            process.send(crystals, 5.0)
        with pytest.raises((EOFError, OSError)):
            process.receive()


def test_worker_starts_without_torch() -> None:
    program = (
        "import sys; from betenet.graphs import worker; worker.serve = lambda _: None;"
        "worker.Connection = int; worker.main(); import vesin; assert sys.modules['torch'] is None"
    )
    subprocess.run([sys.executable, "-c", program, "0", str(os.getpid())], check=True)
    assert "import main" in worker._PROGRAM
