"""A parent that is killed leaves no process behind, whatever these were doing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAMS = {
    "pool": """
from betenet.runs import WorkerPool
from functools import partial
pool = WorkerPool(2, partial, (exec,))
for program in ("while True: pass", "import time; time.sleep(600)", "", ""):
    pool.submit(program)
time.sleep(600)
""",
    "program": """
import subprocess
from betenet.runs.child_processes import end_with_parent
for _ in range(2):
    subprocess.Popen(["sleep", "600"], process_group=0, preexec_fn=end_with_parent())
time.sleep(600)
""",
}


def children(parent: int) -> set[int]:
    """Processes of a parent that compute or wait; the one that looks after semaphores is none."""
    found: set[int] = set()
    for place in Path("/proc").glob("[0-9]*"):
        try:
            state, its_parent = (place / "stat").read_text().rpartition(")")[2].split()[:2]
            command = (place / "cmdline").read_bytes()
        except OSError:  # it has ended meanwhile
            continue
        if int(its_parent) == parent and state != "Z" and b"resource_tracker" not in command:
            found.add(int(place.name))
    return found


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("name", PROGRAMS)
def test_nothing_is_left_behind(name: str, number: signal.Signals) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", "import time\n" + PROGRAMS[name]],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 60.0
        while (
            len(mine := children(parent.pid)) < 2
            and parent.poll() is None
            and time.monotonic() < until
        ):
            time.sleep(0.05)
        assert len(mine) == 2
        if name != "program":
            time.sleep(1.0)  # they have begun
        os.kill(parent.pid, number)
        parent.wait(10.0)
        until = time.monotonic() + 20.0
        while any(map(alive, mine)) and time.monotonic() < until:
            time.sleep(0.05)
        assert not [one for one in mine if alive(one)]
    finally:
        parent.kill()
        parent.wait()
        for one in filter(alive, mine):
            os.kill(one, signal.SIGKILL)
