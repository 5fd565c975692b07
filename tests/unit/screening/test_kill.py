"""A whole screening killed at random moments, again and again, until it is done."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.screening_stand_ins import FakeFunnel, FakeSource, FakeStage, crystals

from betenet.screening.run import ScreeningRun
from betenet.screening.store import RecordStore

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
PROGRAM = """
import json, os, sys, time
sys.path.insert(0, {root!r})
from pathlib import Path
import numpy as np
from betenet.screening import intake
from betenet.screening.store import RecordStore
from tests.unit.screening.test_kill import run_in
intake.BATCH = 8
folder, model = Path(sys.argv[1]), Path(sys.argv[2])
random, code, done, longest = np.random.default_rng(0), -9, [], 0.2
while code == -9:
    child = os.fork()
    if child == 0:
        run_in(folder, model).run()
        os._exit(0)
    time.sleep(random.uniform(0.0, longest))
    longest *= 1.1
    os.kill(child, 9)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    store = RecordStore(folder / "records.sqlite", create=True)
    done.append(sum(sum(of.values()) for of in store.counts().values()))
print(json.dumps([code, done]))
"""


def run_in(folder: Path, model: Path) -> ScreeningRun:
    stages = (
        FakeStage(name="first", kind="structure", model=str(model), budget=40),
        FakeStage(name="second", kind="structure", model=str(model), score="coupling", budget=20),
    )
    funnel, source = FakeFunnel(stages=stages), FakeSource(crystals(80))
    return ScreeningRun.prepare(folder, funnel, source, quiet=True, batch=4)


def _texts(store: RecordStore) -> list[str]:
    return [repr(replace(record, seconds=0.0)) for record in store.records()]


def test_killed_at_random_moments_it_ends_with_the_same_records(
    tiny_model: Path, tmp_path: Path
) -> None:
    expected = _texts(run_in(tmp_path / "whole", tiny_model).run())
    folder = tmp_path / "killed"
    program = [sys.executable, "-c", PROGRAM.format(root=str(ROOT)), str(folder), str(tiny_model)]
    folder.mkdir()
    finished = subprocess.run(program, stdout=subprocess.PIPE, check=True)
    code, done = json.loads(finished.stdout)
    assert code == 0
    assert len(done) >= 3
    assert done == sorted(done)
    assert len(set(done)) >= 3  # killed in the middle
    assert _texts(RecordStore(folder / "records.sqlite")) == expected
    shortlist = [path.name for path in sorted((folder / "shortlist").iterdir())]
    assert shortlist == [p.name for p in sorted((tmp_path / "whole" / "shortlist").iterdir())]
    assert len(shortlist) == 20
