"""A whole screening killed at random moments, again and again, until it is done."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.screening_stand_ins import run_in

from betenet.screening.store import RecordStore

pytestmark = pytest.mark.slow

STAND_INS = Path(__file__).parents[2] / "screening_stand_ins.py"
PROGRAM = """
import json, os, runpy, sys, time
from pathlib import Path
import numpy as np
from betenet.screening import intake
from betenet.screening.store import RecordStore
run_in = runpy.run_path({stand_ins!r})["run_in"]
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


def _texts(store: RecordStore) -> list[str]:
    return [repr(replace(record, seconds=0.0)) for record in store.records()]


def test_killed_at_random_moments_it_ends_with_the_same_records(
    tiny_model: Path, tmp_path: Path
) -> None:
    expected = _texts(run_in(tmp_path / "whole", tiny_model).run())
    folder = tmp_path / "killed"
    program = [
        sys.executable,
        "-c",
        PROGRAM.format(stand_ins=str(STAND_INS)),
        str(folder),
        str(tiny_model),
    ]
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
